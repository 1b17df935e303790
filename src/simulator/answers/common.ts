import type { ChainView } from "../chain_view.ts";
import { settles } from "../ledger.ts";
import { mempoolAt, peersAt } from "../network.ts";
import { receiptItem } from "../receipt_item.ts";
import { CANONICAL } from "../reorg.ts";

/** What an answer may depend on besides its parameters and the chain. */
export interface AnswerContext {
  /** How many calls this node has answered; only the order of the governor's gates depends on it. */
  readonly callNumber: number;
}

/** Answers one method. Throws {@link RpcError} for an error of the protocol. */
export type Method = (params: unknown, view: ChainView, context: AnswerContext) => unknown;

/** Every method of a dialect. */
export type MethodTable = ReadonlyMap<string, Method>;

/** An answer with an `error` member. */
export class RpcError extends Error {
  readonly code: number;

  constructor(code: number, message: string) {
    super(message);
    this.name = "RpcError";
    this.code = code;
  }
}

/** Largest number of headers in one answer. */
export const HEADERS_MAX = 10_000;
/** Largest number of blocks in one `simulator.truth`. */
export const TRUTH_BLOCKS_MAX = 5_000;

/** Methods that only a simulated node has, in both dialects. */
export const SIMULATOR_METHODS: readonly (readonly [string, Method])[] = [
  ["simulator.info", (_params, view) => simulatorInfo(view)],
  ["simulator.truth", (params, view) => simulatorTruth(params, view)],
];

/** The parameters by name; anything but an object counts as none, as on the real node. */
export function named(params: unknown): Readonly<Record<string, unknown>> {
  return isObject(params) ? params : {};
}

/** Whether the parameters are an object. */
export function isObject(params: unknown): params is Readonly<Record<string, unknown>> {
  return typeof params === "object" && params !== null && !Array.isArray(params);
}

/** An integer ≥ 0 by name; a missing or wrongly typed one is the fallback, silently, as on the real node. */
export function integerOf(params: unknown, name: string, fallback: number): number {
  const value = named(params)[name];
  return typeof value === "number" && Number.isSafeInteger(value) && value >= 0 ? value : fallback;
}

/** A string by name, if there is one. */
export function textOf(params: unknown, name: string): string | undefined {
  const value = named(params)[name];
  return typeof value === "string" ? value : undefined;
}

/** The parts of `mempool.stats` that both dialects share. */
export function mempoolStats(params: unknown, view: ChainView, feeFloor: number): Record<string, number> {
  const lane = textOf(params, "lane") === "industrial" ? "industrial" : "consumer";
  const { size, ageP50Ms, ageP95Ms, feeP50, feeP90 } = mempoolAt(view, lane);
  return {
    size,
    age_p50: ageP50Ms,
    age_p95: ageP95Ms,
    fee_p50: feeP50,
    fee_p90: feeP90,
    fee_floor: feeFloor,
  };
}

/** `net.overlay_status` */
export function overlayStatus(view: ChainView): Record<string, unknown> {
  const peers = peersAt(view).length;
  return {
    backend: "inhouse",
    active_peers: peers,
    persisted_peers: peers + 6,
    database_path: "/var/lib/the-block/overlay/peers.json",
  };
}

/** `balance` */
export function balanceOf(params: unknown, view: ChainView): Record<string, unknown> {
  return { amount: view.balance(textOf(params, "address") ?? "") };
}

function simulatorInfo(view: ChainView): Record<string, unknown> {
  const { seed, scenarioName, dialect, identities } = view.chain;
  const { address, miner, compute, storage, energy, ad } = identities;
  return {
    seed,
    scenario: scenarioName,
    dialect,
    height: view.tip < 0 ? null : view.tip,
    account: { address, miner, identities: { compute, storage, energy, ad } },
  };
}

/**
 * The canonical receipts and hashes of the blocks from..to (both clipped to the tip). For heights that a
 * reorganization is still to replace it answers what they will hold afterwards. In dialect `live` only energy and
 * compute receipts exist; energy is counted in milliwatt-hours here in both dialects.
 */
function simulatorTruth(params: unknown, view: ChainView): Record<string, unknown> {
  const { chain, tip } = view;
  const from = integerOf(params, "from", 0);
  const to = Math.min(tip, integerOf(params, "to", tip));
  if (to - from >= TRUTH_BLOCKS_MAX) {
    throw new RpcError(-32602, `range too large: at most ${TRUTH_BLOCKS_MAX} blocks`);
  }
  const receipts: unknown[] = [];
  const heights: unknown[] = [];
  for (let height = from; height <= to; height++) {
    heights.push({ height, hash: chain.hashAt(height) });
    for (const receipt of chain.receiptsAt(height)) {
      if (settles(receipt, chain.dialect)) receipts.push(receiptItem(chain, height, CANONICAL, receipt));
    }
  }
  return { receipts, heights };
}
