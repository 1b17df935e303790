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
    ...CHAIN_FLAGS,
  ],
  run: async (args) => {
    const log = new Log("info");
    const signal = untilSignal();
    const node = await startSimulator({
      ...chainFlags(args),
      clock: systemClock,
      port: numberFlag(args, "port", 8_332, { min: 0, max: 65_535, integer: true }),
      startBlocks: numberFlag(args, "blocks", 300, { min: 1, max: 10_000_000, integer: true }),
    });
    log.info("simulator.listening", { url: node.url, websocket: node.wsUrl });
    await signal.received;
    await node.stop();
    signal.ignore();
    return EXIT.ok;
  },
};
