/** What a view is: a pure function from state to the draft of one topic's body. */
import type { CoreState } from "../../engine/state.ts";
import type { ObservationKey } from "../../engine/observation.ts";
import type { AgentCard } from "../../engine/trading/agents/agent.ts";
import type { ClosedTrade } from "../../engine/trading/state.ts";
import type { Queries } from "../../runtime/ports/store.ts";
import type { TradingFigures } from "../../runtime/trading_figures.ts";
import type { LogLine } from "../../telemetry/log.ts";
import type { Known } from "../../engine/reason.ts";
import { mapKnown } from "../../engine/reason.ts";
import type { Measured } from "../../engine/network.ts";
import { type Draft, Estimated, estimated } from "../body.ts";
import type { Source } from "../wire.ts";

/** Facts about the process that some bodies show; they change without an event. */
export interface Ambient {
  readonly version: string;
  readonly mode: string;
  readonly epoch: string;
  readonly uptimeSeconds: number;
  readonly nodeHost: string;
  readonly nodeStream: string;
  readonly streams: {
    readonly clients: number;
    readonly closing: number;
    readonly subscriptions: number;
    readonly framesSent: number;
    readonly evicted: number;
  };
  /** The query tables. */
  readonly queries: Queries;
  /** Why nothing can be written at the moment, or null. */
  readonly storeError: string | null;
  readonly process: {
    readonly rssBytes: number;
    readonly heapBytes: number;
    readonly eventLoopLagMs: number;
  };
  /** Figures of the trading account that need its past. */
  readonly tradingFigures: (state: CoreState) => TradingFigures;
  /** Closed trades of the trading account, oldest first. */
  readonly closedTrades: (state: CoreState) => readonly ClosedTrade[];
  /** The agents that can be switched on. */
  readonly agents: readonly AgentCard[];
  /** The newest log lines, newest first. */
  readonly logTail: (limit: number) => readonly LogLine[];
  /** Identities that are ours, for marking rows. */
  readonly isOurs: (identity: string) => boolean;
}

/** A built body, before it becomes JSON. */
export interface Built<T> {
  readonly draft: { readonly [K in keyof T]: Draft<T[K]> };
  /** The slices that it shows; the body is as old as the oldest of them. */
  readonly slices: readonly ObservationKey[];
  /** Where the units depend on what is shown; otherwise the view's. */
  readonly units?: Readonly<Record<string, string>>;
  /** For bodies that show no slice: how long they count as current. */
  readonly ttlMs?: number;
  /** `engine` where we computed it, `node` where we pass on what the node says. */
  readonly source: Exclude<Source, "simulated">;
}

/** Builds the body of one topic. */
export interface View<T> {
  readonly units: Readonly<Record<string, string>>;
  build(state: CoreState, ambient: Ambient): Built<T>;
}

/** A measured value as a draft: the node's own, or marked as our estimate. */
export function measured(known: Known<Measured>): Known<number> | Estimated<number> {
  const draft = mapKnown<Measured, number | Estimated<number>>(
    known,
    ({ value, method }) => method === null ? value : estimated(value, method),
  );
  return draft as Known<number> | Estimated<number>;
}

/** Applies a function to a known measured value. */
export function measuredAs(
  known: Known<Measured>,
  fn: (value: number) => number,
): Known<number> | Estimated<number> {
  return measured(mapKnown(known, ({ value, method }) => ({ value: fn(value), method })));
}

/** Rounds to a number of decimals, so that bodies carry no noise digits. */
export function round(value: number, decimals: number): number {
  const scale = 10 ** decimals;
  return Math.round(value * scale) / scale;
}
