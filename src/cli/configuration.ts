/** Loads the configuration for a verb: file, environment, flags. */
import { type Config, ConfigError, ENVIRONMENT, loadConfig } from "../config.ts";
import type { Arguments, Flag } from "./args.ts";

/** Flags that every verb with a configuration has. */
export const CONFIG_FLAGS: readonly Flag[] = [
  { name: "config", value: "FILE", meaning: "settings on top of config/default.toml" },
  { name: "data-dir", value: "DIR", meaning: "folder for everything that is kept" },
  { name: "host", value: "H", meaning: "address to listen on" },
  { name: "port", value: "P", meaning: "port to listen on; 0 = any free port" },
  { name: "log-level", value: "L", meaning: "debug, info, warn or error" },
];

/**
 * Loads the configuration.
 *
 * @throws {ConfigError} With everything that is wrong
 */
export async function configuration(args: Arguments): Promise<Config> {
  const path = args.flags.config;
  let file: { path: string; text: string } | undefined;
  if (path !== undefined) {
    try {
      file = { path, text: await Deno.readTextFile(path) };
    } catch (error) {
      throw new ConfigError([`${path} cannot be read (${error instanceof Error ? error.message : error})`]);
    }
  }
  const env = Object.fromEntries(ENVIRONMENT.map((name) => [name, Deno.env.get(name)]));
  return loadConfig({ ...(file ? { file } : {}), env, flags: args.flags });
}
