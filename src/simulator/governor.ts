import { MARKET_IDS } from "../engine/market.ts";
import { keyOf, Random } from "../engine/random.ts";
import type { ChainView } from "./chain_view.ts";
import { HASH_TAG, hex256 } from "./hash.ts";
import { shuffle } from "./identity.ts";
import { COLUMN } from "./ledger.ts";
import type { MarketState } from "./model.ts";
import { type BlockWindow, isInside, lastEdge } from "./scenario.ts";

/** Blocks per epoch of the governor. */
export const EPOCH_BLOCKS = 120;
/** Evaluations in a row that a gate needs to change. */
export const STREAK_REQUIRED = 14;

const REHEARSAL_STEP_BLOCKS = 10;
const GATE_NAMES = [
  "operational",
  "naming",
  "economics",
  "storage",
  "compute",
  "energy",
  "ad_targeting_contextual",
  "ad_targeting_presence",
] as const;

/** Name of a gate, in the node's spelling. */
export type GateName = typeof GATE_NAMES[number];

/** One gate at a tip. */
export interface Gate {
  readonly name: GateName;
  readonly state: "active" | "trade" | "rehearsal" | "inactive";
  readonly enterStreak: number;
  readonly exitStreak: number;
  readonly reason: string;
  readonly metrics: Readonly<Record<string, number>>;
  readonly lastTransitionHeight: number;
}

/** What the governor says about one market. */
export interface MarketEconomics {
  readonly market: "storage" | "compute" | "energy" | "ad";
  readonly utilizationPpm: number;
  readonly marginPpm: number;
}

/** One decision of the governor. */
export interface Decision {
  readonly id: string;
  readonly gate: GateName;
  readonly action: "enter" | "exit";
  readonly epochApply: number;
  readonly reason: string;
  readonly snapshotHash: string;
  readonly height: number;
}

/** Utilization in parts per million. */
export function utilizationPpm(market: MarketState): number {
  return Math.round(market.utilization * 1_000_000);
}

/** What providers keep of a sale: rises with the price, as their costs do not move. Parts per million, 2..90 %. */
export function marginPpm(market: MarketState): number {
  return Math.round(Math.min(0.9, Math.max(0.02, 0.35 + 0.25 * market.logPrice)) * 1_000_000);
}

/** Utilization and margin per market, in the node's order. */
export function economicsAt(view: ChainView): readonly MarketEconomics[] {
  return (["storage", "compute", "energy", "ad"] as const).map((market) => ({
    market,
    utilizationPpm: utilizationPpm(view.market(market)),
    marginPpm: marginPpm(view.market(market)),
  }));
}

/** The epoch that the tip is in. */
export function epochAt(view: ChainView): number {
  return Math.floor(Math.max(0, view.tip) / EPOCH_BLOCKS);
}

/** Transactions and amount of the last whole epoch, zeros before the first one ended. */
export function lastEpoch(view: ChainView): { readonly transactions: bigint; readonly volume: bigint } {
  const epoch = epochAt(view);
  if (epoch === 0) return { transactions: 0n, volume: 0n };
  const end = view.totals(epoch * EPOCH_BLOCKS - 1);
  const start = view.totals((epoch - 1) * EPOCH_BLOCKS - 1);
  let volume = 0n;
  for (let m = 0; m < MARKET_IDS.length; m++) volume += end[COLUMN.revenue + m]! - start[COLUMN.revenue + m]!;
  return { transactions: end[COLUMN.transactions]! - start[COLUMN.transactions]!, volume };
}

/**
 * The eight gates, in an order that changes with every call, as the real node's does.
 *
 * @param callNumber Counts the calls of this node; the order is a pure function of it
 */
export function gatesAt(view: ChainView, callNumber: number): readonly Gate[] {
  const gates = GATE_NAMES.map((name) => gateAt(view, name));
  shuffle(gates, new Random("gate-order", view.chain.seed, callNumber));
  return gates;
}

/** One gate by name. */
export function gateAt(view: ChainView, name: GateName): Gate {
  const { scenario } = view.chain;
  const tip = Math.max(0, view.tip);
  const open = { enterStreak: STREAK_REQUIRED, exitStreak: 0, metrics: metricsOf(view, name), name };
  switch (name) {
    case "operational":
    case "naming":
    case "economics":
      return { ...open, state: "active", reason: "streak met", lastTransitionHeight: 0 };
    case "energy":
      return { ...open, state: "trade", reason: "utilization and margin in range", lastTransitionHeight: 0 };
    case "compute":
    case "storage": {
      const lastTransitionHeight = lastEdge(scenario.outage, tip);
      if (!isInside(scenario.outage, tip)) {
        return { ...open, state: "trade", reason: "utilization and margin in range", lastTransitionHeight };
      }
      const reason = "peer liveness below floor";
      return {
        ...open,
        state: "inactive",
        enterStreak: 0,
        exitStreak: STREAK_REQUIRED,
        reason,
        lastTransitionHeight,
      };
    }
    case "ad_targeting_contextual":
    case "ad_targeting_presence": {
      if (scenario.adDemand >= 1) {
        return { ...open, state: "trade", reason: "readiness thresholds met", lastTransitionHeight: 0 };
      }
      const enterStreak = Math.floor(tip / REHEARSAL_STEP_BLOCKS) % STREAK_REQUIRED;
      const reason = enterStreak === 0
        ? "insufficient_unique_viewers: streak reset"
        : "readiness streak building";
      return { ...open, state: "rehearsal", enterStreak, reason, lastTransitionHeight: 0 };
    }
    default:
      return name satisfies never;
  }
}

/** The newest decisions of the governor, newest first. */
export function decisionsAt(view: ChainView, limit: number): readonly Decision[] {
  const decisions: Decision[] = [];
  const { outage, adDemand } = view.chain.scenario;
  let edge = outage === undefined ? 0 : lastEdge(outage, Math.max(0, view.tip));
  while (outage !== undefined && edge > 0 && decisions.length < limit) {
    const action = isInside(outage, edge) ? "exit" : "enter";
    for (const gate of ["storage", "compute"] as const) decisions.push(decision(view, gate, action, edge));
    edge = previousEdge(outage, edge);
  }
  for (const gate of [...GATE_NAMES].reverse()) {
    const rehearses = adDemand < 1 && gate.startsWith("ad_targeting");
    if (!rehearses && view.tip >= 0) decisions.push(decision(view, gate, "enter", 0));
  }
  return decisions.slice(0, limit);
}

function decision(view: ChainView, gate: GateName, action: Decision["action"], height: number): Decision {
  const epoch = Math.floor(height / EPOCH_BLOCKS);
  return {
    id: `${gate}-${epoch}-${height}`,
    gate,
    action,
    epochApply: epoch,
    reason: `epoch ${epoch}: ${gate} ${action} streak met`,
    snapshotHash: hex256(view.chain.key, HASH_TAG.snapshot, keyOf(gate), height),
    height,
  };
}

function previousEdge(window: BlockWindow, edge: number): number {
  const start = edge - edge % window.period;
  return edge % window.period === window.to
    ? start + window.from
    : Math.max(0, start - window.period + window.to);
}

function metricsOf(view: ChainView, name: GateName): Readonly<Record<string, number>> {
  switch (name) {
    case "operational":
    case "naming":
    case "economics":
      return { block_smoothness_ratio: 0.97, difficulty_slope: 0, peer_liveness: 1, replay_success_ratio: 1 };
    case "storage":
    case "compute":
    case "energy":
      return marketMetrics(view.market(name));
    case "ad_targeting_contextual":
    case "ad_targeting_presence":
      return marketMetrics(view.market("ad"));
    default:
      return name satisfies never;
  }
}

function marketMetrics(market: MarketState): Readonly<Record<string, number>> {
  return { provider_margin_ppm: marginPpm(market), utilization_ppm: utilizationPpm(market) };
}
