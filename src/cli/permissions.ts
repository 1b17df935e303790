/** The exact Deno permissions that a configuration needs. */
import { type Config, ENVIRONMENT } from "../config.ts";

/** Where the program and its data are. */
export interface Folders {
  /** Folder of the page's files. */
  readonly web: string;
  /** Folder of the sources: workers of backtests and of users' agents are loaded from there while the program runs. */
  readonly sources: string;
  readonly dataDir: string;
  /** Further files that are read, such as the one given with `--config`. */
  readonly files: readonly string[];
}

/**
 * Permission flags for one configuration.
 *
 * A simulated chain listens on a free loopback port of its own, so loopback is allowed as a whole; every other host
 * stands there with its port.
 */
export function permissionFlags(config: Config, folders: Folders): readonly string[] {
  const { host, port } = config.server;
  const hosts = new Set(["127.0.0.1"]);
  if (host !== "127.0.0.1") hosts.add(hostWithPort(host, port));
  for (const url of [config.rpc.url, config.websocket.url]) {
    const { hostname, port: given, protocol } = new URL(url);
    const known = given !== "" ? Number(given) : protocol === "https:" || protocol === "wss:" ? 443 : 80;
    if (hostname !== "127.0.0.1") hosts.add(hostWithPort(hostname, known));
  }
  const { keyFile } = config.operations;
  const readable = [
    folders.web,
    folders.sources,
    folders.dataDir,
    ...folders.files,
    ...(keyFile === null ? [] : [keyFile]),
    ...config.trading.agents,
  ];
  return [
    "--no-prompt",
    `--allow-net=${[...hosts].join(",")}`,
    `--allow-read=${readable.join(",")}`,
    `--allow-write=${folders.dataDir}`,
    `--allow-env=${ENVIRONMENT.join(",")}`,
  ];
}

function hostWithPort(host: string, port: number): string {
  const name = host.includes(":") && !host.startsWith("[") ? `[${host}]` : host;
  return port === 0 ? name : `${name}:${port}`;
}
