import { CONFIG_FLAGS, configuration } from "./configuration.ts";
import { EXIT, print, type Verb } from "./verb.ts";

/** `check-config`: says whether the configuration is right, and what it comes to. */
export const checkConfig: Verb = {
  name: "check-config",
  summary: "check the configuration and show what it comes to, secrets hidden",
  flags: CONFIG_FLAGS,
  run: async (args) => {
    const config = await configuration(args);
    const shown = {
      ...config,
      rpc: { ...config.rpc, authToken: config.rpc.authToken === null ? null : "•••" },
      auth: {
        ...config.auth,
        apiKey: config.auth.apiKey === null ? null : "•••",
        keys: config.auth.keys.map(({ name, scopes }) => ({ name, scopes })),
      },
    };
    print(JSON.stringify(shown, null, 2));
    return EXIT.ok;
  },
};
