// @ts-types="#types/std_path.d.ts"
import { join } from "@std/path";
import type { Config } from "../config.ts";
import { systemClock } from "../runtime/clock.ts";
import { NodeClient } from "../the_block/client.ts";
import { NodeError } from "../the_block/errors.ts";
import { survey } from "../the_block/survey.ts";
import { Transport } from "../the_block/transport.ts";
import { CONFIG_FLAGS, configuration } from "./configuration.ts";
import { permissionFlags } from "./permissions.ts";
import { EXIT, print, type Verb } from "./verb.ts";

/** Where a node of The Block itself listens by default. */
const NODE_DEFAULT_URL = "http://127.0.0.1:3030";

/** `doctor`: says what works here and what to do about the rest. */
export const doctor: Verb = {
  name: "doctor",
  summary: "check the node, the port and the data folder, and list what the node offers",
  flags: [
    { name: "flags", meaning: "only print the exact permission flags for this configuration" },
    ...CONFIG_FLAGS,
  ],
  run: async (args) => {
    const config = await configuration(args);
    const files = args.flags.config === undefined ? [] : [args.flags.config];
    const flags = permissionFlags(config, {
      web: "./web",
      sources: "./src",
      dataDir: config.store.dataDir,
      files,
    }).join(" ");
    if (args.switches.has("flags")) {
      print(flags);
      return EXIT.ok;
    }
    const checks = [await checkFolder(config), checkPort(config), await checkNode(config)];
    print(`permissions  ${flags}`);
    return checks.every(Boolean) ? EXIT.ok : EXIT.failed;
  },
};

async function checkFolder(config: Config): Promise<boolean> {
  const { dataDir } = config.store;
  try {
    await Deno.mkdir(dataDir, { recursive: true });
    const probe = join(dataDir, ".doctor");
    await Deno.writeTextFile(probe, "");
    await Deno.remove(probe);
    print(`data folder  ok: ${dataDir} can be written`);
    return true;
  } catch (error) {
    print(`data folder  PROBLEM: ${dataDir} cannot be written (${messageOf(error)})`);
    return false;
  }
}

function checkPort(config: Config): boolean {
  const { host, port } = config.server;
  try {
    Deno.listen({ hostname: host, port }).close();
    print(`port         ok: ${host}:${port} is free`);
    return true;
  } catch (error) {
    print(
      `port         PROBLEM: cannot listen on ${host}:${port} (${
        messageOf(error)
      }); set SERVER_PORT or --port`,
    );
    return false;
  }
}

async function checkNode(config: Config): Promise<boolean> {
  const found = await lookAt(config, config.rpc.url);
  if (found) return true;
  if (config.rpc.url.replace(/\/$/, "") === NODE_DEFAULT_URL) return false;
  print(`             trying ${NODE_DEFAULT_URL}, where a node of The Block listens by default`);
  if (await lookAt(config, NODE_DEFAULT_URL)) {
    print(
      `             a node answers there. Start with:\n\n  TB_RPC_URL=${NODE_DEFAULT_URL} deno task start\n`,
    );
  } else {
    print(`             nothing answers there either. Without a node: deno task start --simulate`);
  }
  return false;
}

/** Lists what a node offers; false when it does not answer. */
async function lookAt(config: Config, url: string): Promise<boolean> {
  const transport = new Transport({
    url,
    timeoutMs: config.rpc.timeoutMs,
    token: config.rpc.authToken,
    budget: {
      requestsPerSecond: config.rpc.requestsPerSecond,
      energyPerSecond: config.rpc.energyRequestsPerSecond,
      banMs: config.rpc.banMs,
    },
    clock: systemClock,
  });
  try {
    const found = await survey(new NodeClient(transport, systemClock), () => systemClock.monotonicMs());
    const chain = found.height === null ? "no block yet" : `height ${found.height}`;
    print(
      `node         ok: ${url} answers (dialect ${found.dialect}${
        found.simulated ? ", SIMULATED" : ""
      }, ${chain})`,
    );
    for (const row of found.rows) {
      const mark = row.result === "offered" ? "✓" : row.result === "failed" ? "✗" : "–";
      print(
        `  ${mark} ${row.id.padEnd(16)}${
          `${row.ms.toFixed(1)} ms`.padStart(9)
        }  ${row.meaning}  ${row.detail}`,
      );
    }
    return true;
  } catch (error) {
    if (!(error instanceof NodeError)) throw error;
    print(`node         PROBLEM: ${url} does not answer (${error.message})`);
    return false;
  } finally {
    transport.close();
  }
}

function messageOf(error: unknown): string {
  return error instanceof Error ? error.message : String(error);
}
