/**
 * What is asked, how often. In the steady state this is at most eight requests a second, the headers included; the
 * node counts requests over all clients of this machine, so the rest of its hundred belongs to others.
 */
import type { ObservationKey, Observations } from "../engine/observation.ts";
import type { MarketId } from "../engine/market.ts";
import type { Question } from "./question.ts";
import { chainStats, difficulty, finality, mempool } from "./dialects/chain.ts";
import { ad, compute, energy, storage } from "./dialects/market.ts";
import { governor, overlay, peers, scheduler, traffic } from "./dialects/network.ts";

/** How often headers are asked for. */
export const HEAD_EVERY_MS = 1_000;

/** How often the balances of our accounts are asked for. */
export const BALANCE_EVERY_MS = 2_000;

/** How often the lists are swept that stand in for `receipt.audit`. */
export const SETTLEMENTS_EVERY_MS = 10_000;

/** One row: a question whose answer is a slice of state. */
export interface PollRow<K extends ObservationKey = ObservationKey> {
  readonly key: K;
  readonly question: Question<void, Observations[K]>;
  readonly everyMs: number;
  /** The market that the row belongs to; not polled when it is switched off. */
  readonly market: MarketId | null;
}

function row<K extends ObservationKey>(
  key: K,
  question: Question<void, Observations[K]>,
  everyMs: number,
  market: MarketId | null = null,
): PollRow {
  return { key, question, everyMs, market } as PollRow<K> as unknown as PollRow;
}

/** The plan, most urgent first. */
export const POLL_PLAN: readonly PollRow[] = [
  row("finality", finality, 1_000),
  row("governor", governor, 5_000),
  row("mempool", mempool, 2_000),
  row("scheduler", scheduler, 2_000),
  row("compute", compute, 2_000, "compute"),
  row("peers", peers, 5_000),
  row("overlay", overlay, 5_000),
  row("traffic", traffic, 5_000),
  row("chainStats", chainStats, 5_000),
  row("storage", storage, 10_000, "storage"),
  row("energy", energy, 10_000, "energy"),
  row("ad", ad, 10_000, "ad"),
  row("difficulty", difficulty, 10_000),
];

/** How long an answer that is asked for every `everyMs` may be shown as current: two polls. */
export function ttlOf(everyMs: number): number {
  return Math.max(2 * everyMs, 2_500);
}
