/** A program beside a node that can be made to fail; both in this process, on real sockets. */
import { systemClock } from "../../src/runtime/clock.ts";
import type { FaultPort, FaultSpec } from "../../src/simulator/faults.ts";
import type { ForkableChain } from "../../src/simulator/forkable_chain.ts";
import { type RunningSimulator, startSimulator } from "../../src/simulator/rpc_server.ts";
import type { Dialect } from "../../src/simulator/scenario.ts";
import { type Program, until, withProgram } from "../contract/harness.ts";
import { bodyOf } from "../support/program_truth.ts";

/** Whether the long set runs, and times are asserted. */
export const SOAK = Deno.env.get("BB_SOAK") === "1";

/** A program and its node. */
export interface Lane {
  readonly program: Program;
  readonly node: RunningSimulator;
  readonly faults: FaultPort;
  readonly chain: ForkableChain;
}

/** What the node is, where it matters. */
export interface LaneOptions {
  readonly dialect?: Dialect;
  readonly seed?: number;
  /** TOML on top of the configuration of a lane. */
  readonly config?: string;
}

/** Short waits, so that the short set stays short. The long set runs with the program's defaults. */
const QUICK = SOAK ? "" : "[websocket]\nreconnect_interval = 0.2\n[rpc]\ntimeout = 1\n";

/** Runs a test against a lane. Blocks come only when it says so. */
export async function withLane(options: LaneOptions, test: (lane: Lane) => Promise<void>): Promise<void> {
  const node = await startSimulator({
    seed: options.seed ?? 1,
    scenario: "calm",
    dialect: options.dialect ?? "readme",
    speed: 1,
    clock: systemClock,
    mining: false,
    startBlocks: 30,
    faults: true,
  });
  try {
    await withProgram({
      dialect: null,
      config: `${QUICK}[ingest]\nstart = "genesis"\n${options.config ?? ""}`,
      env: { TB_RPC_URL: node.url, TB_WS_URL: node.wsUrl },
    }, async (program) => {
      const lane = { program, node, faults: node.faults!, chain: node.chain as ForkableChain };
      await caughtUp(lane);
      await test(lane);
    });
  } finally {
    await node.stop();
  }
}

/** What health says. */
export async function health({ program }: Lane): Promise<Record<string, unknown>> {
  return await bodyOf(program.url, "/theblock/health");
}

/** Whether a body admits that it may be old. */
export function isStale(body: Readonly<Record<string, unknown>>): boolean {
  return (body._meta as { stale: boolean }).stale || body.sync_status === "unreachable";
}

/** Waits until the program shows the node's newest block, receipts included. */
export async function caughtUp(lane: Lane): Promise<void> {
  const { chain, node, program } = lane;
  let seen = "nothing";
  await until(`the program shows block ${node.tip()}`, async () => {
    const body = await health(lane);
    const hash = chain.hashAt(node.tip(), chain.viewAt(node.tip()).variantOf(node.tip()));
    seen = `block ${body.block_height} (${body.sync_status}, ${body.gaps} gaps)`;
    if (body.block_hash !== hash) return false;
    if (chain.dialect === "live") return true;
    const [wanted, total] = [
      receiptsOnView(lane),
      (await bodyOf(program.url, "/theblock/receipts?limit=1")).total,
    ];
    seen += ` with ${total} of ${wanted} receipts`;
    return total === wanted;
  }).catch((error: Error) => {
    throw new Error(`${error.message}; it shows ${seen}`);
  });
}

/** Receipts that the node shows at present, orphans in place of what will replace them. */
function receiptsOnView({ chain, node }: Lane): number {
  const view = chain.viewAt(node.tip());
  let count = 0;
  for (let height = 0; height <= node.tip(); height++) count += view.receipts(height).length;
  return count;
}

/** How a program took a fault. */
export interface Figures {
  readonly fault: string;
  /** Until health said that it may be old; null when it never had to. */
  readonly staleMs: number | null;
  /** From healing until the newest block was shown. */
  readonly recoveryMs: number;
  /** Requests per second while it lasted, against the steady state. */
  readonly amplification: number;
}

/** Requests per second that a program makes when nothing is wrong. */
export async function steadyRate({ faults }: Lane, ms: number): Promise<number> {
  const before = faults.askedTotal;
  await systemClock.sleep(ms);
  return (faults.askedTotal - before) * 1_000 / ms;
}

/** Sets faults for a while, mining on; heals them; waits until the program has caught up. */
export async function endure(
  lane: Lane,
  specs: readonly FaultSpec[],
  holdMs: number,
  steady: number,
  during: () => Promise<void> = async () => {},
): Promise<Figures> {
  const { faults, node } = lane;
  const asked = faults.askedTotal;
  const startMs = systemClock.monotonicMs();
  specs.forEach((spec) => faults.set(spec));
  let staleMs: number | null = null;
  for (let mined = 0; systemClock.monotonicMs() - startMs < holdMs;) {
    const elapsedMs = systemClock.monotonicMs() - startMs;
    if (elapsedMs > mined * holdMs / 3) {
      node.mine(1);
      mined++;
    }
    const body = await health(lane); // Must be served whatever the node does.
    if (isStale(body)) staleMs ??= elapsedMs;
    await systemClock.sleep(50);
  }
  await during();
  const heldMs = systemClock.monotonicMs() - startMs;
  const amplification = (faults.askedTotal - asked) * 1_000 / heldMs / steady;
  faults.heal();
  const healedMs = systemClock.monotonicMs();
  node.mine(1);
  const fault = specs.map(({ fault, methods }) => (methods ? `${fault} of ${methods.join(", ")}` : fault))
    .join(
      " and ",
    );
  await caughtUp(lane).catch((error: Error) => {
    const said = lane.program.log.tail(12).map((line) => JSON.stringify(line)).join("\n");
    throw new Error(`${error.message} after ${fault}; the program said, newest first:\n${said}`);
  });
  return { fault, staleMs, recoveryMs: systemClock.monotonicMs() - healedMs, amplification };
}
