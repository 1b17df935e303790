import { systemClock } from "../runtime/clock.ts";
import { startSimulator } from "../simulator/rpc_server.ts";
import { Log } from "../telemetry/log.ts";
import { numberFlag } from "./args.ts";
import { untilSignal } from "./signals.ts";
import { CHAIN_FLAGS, chainFlags } from "./simulate_flags.ts";
import { EXIT, type Verb } from "./verb.ts";

/** `simulator`: a simulated node on a port of its own. */
export const simulator: Verb = {
  name: "simulator",
  summary: "run only the simulated node, for a server or script to connect to",
  flags: [
    { name: "port", value: "P", meaning: "port to listen on; 0 = any free port (default 8332)" },
    { name: "blocks", value: "N", meaning: "blocks mined before the first answer (default 300)" },
    {
      name: "faults",
      meaning:
        "let anybody who reaches the port make the node fail: POST /faults, names at GET /faults (default off)",
    },
    ...CHAIN_FLAGS,
  ],
  run: async (args) => {
    const log = new Log("info");
    const options = {
      ...chainFlags(args),
      clock: systemClock,
      port: numberFlag(args, "port", 8_332, { min: 0, max: 65_535, integer: true }),
      faults: args.switches.has("faults"),
      startBlocks: numberFlag(args, "blocks", 300, { min: 1, max: 10_000_000, integer: true }),
    };
    const signal = untilSignal();
    try {
      const node = await startSimulator(options);
      log.info("simulator.listening", { url: node.url, websocket: node.wsUrl });
      await signal.received;
      await node.stop();
      return EXIT.ok;
    } catch (error) {
      if (!(error instanceof Deno.errors.AddrInUse)) throw error;
      log.error("simulator.port_taken", { port: options.port });
      return EXIT.failed;
    } finally {
      signal.ignore();
    }
  },
};
