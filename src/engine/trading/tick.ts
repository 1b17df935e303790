/** What an account learns once per block or bar. */
import type { GateState } from "../gate.ts";
import type { Token } from "./instrument.ts";

/** One instrument at one tick. */
export interface Quote {
  /** Price at the end of the tick, base units per unit; positions are marked at it. */
  readonly price: number;
  /** Price at the begin of the tick, at which orders of earlier ticks are filled; null = `price`. */
  readonly open: number | null;
  /** Units that were on offer during the tick; null = not known. */
  readonly volume: number | null;
  /** Whether the price is older than it may be; nothing is filled at a stale price. */
  readonly stale: boolean;
  /** The market's gate; closed on doubt. */
  readonly gate: GateState;
}

/**
 * One tick. Heights and times do not fall, apart from reorganisations, after which heights are seen again: an order is
 * only filled at a height above the one that it was placed at. An instrument without a quote keeps its last price and
 * is stale.
 */
export interface Tick {
  readonly height: number;
  /** Unix milliseconds, by the clock of the `nowMs` that orders are submitted with. */
  readonly timeMs: number;
  readonly quotes: Readonly<Partial<Record<Token, Quote>>>;
}
