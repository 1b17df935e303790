import { startApp } from "../app.ts";
import { systemClock } from "../runtime/clock.ts";
import { Log } from "../telemetry/log.ts";
import { type Arguments, UsageError } from "./args.ts";
import { CONFIG_FLAGS, configuration } from "./configuration.ts";
import { untilSignal } from "./signals.ts";
import { CHAIN_FLAGS, chainFlags } from "./simulate_flags.ts";
import { EXIT, type Verb } from "./verb.ts";

/** `start`: runs until a signal. */
export const start: Verb = {
  name: "start",
  summary: "serve the API and the dashboard beside a node (the default)",
  flags: [
    {
      name: "simulate",
      meaning: "use a simulated chain instead of a node; everything is marked as simulated",
    },
    ...CHAIN_FLAGS,
    ...CONFIG_FLAGS,
  ],
  run: async (args) => {
    const config = await configuration(args);
    const log = new Log(config.log.level);
    const simulate = simulateFlags(args);
    const signal = untilSignal();
    try {
      const app = await startApp({ config, simulate, clock: systemClock, log });
      const name = await Promise.race([signal.received, app.failed.catch((error) => error as Error)]);
      if (name instanceof Error) {
        await app.stop();
        throw name;
      }
      log.info("server.stopping", { signal: name });
      await app.stop();
      log.info("server.stopped");
      return EXIT.ok;
    } catch (error) {
      if (!(error instanceof Deno.errors.AddrInUse)) throw error;
      log.error("server.port_taken", { host: config.server.host, port: config.server.port });
      return EXIT.failed;
    } finally {
      signal.ignore();
    }
  },
};

function simulateFlags(args: Arguments): ReturnType<typeof chainFlags> | null {
  if (args.switches.has("simulate")) return chainFlags(args);
  const stray = CHAIN_FLAGS.find(({ name }) => args.flags[name] !== undefined);
  if (stray) throw new UsageError(`--${stray.name} only means something together with --simulate`);
  return null;
}
