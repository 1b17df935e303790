/**
 * The tick of a block: what the core knows of the markets after it, as an account needs it.
 *
 * A price comes from the newest receipts; where nothing has settled yet, the node's own quote stands in, with an unknown
 * volume. The volume on offer is what settled in this very block: nobody can buy more than was traded.
 */
import { lastPrice } from "../activity.ts";
import { blockAt, tipOf } from "../chain.ts";
import { marketOf } from "../market.ts";
import { readPosterior } from "../posterior.ts";
import { isKnown } from "../reason.ts";
import { type CoreState, gateOf, marketValue } from "../state.ts";
import type { PosteriorView } from "./agents/agent.ts";
import { INSTRUMENTS, type Token } from "./instrument.ts";
import type { Quote, Tick } from "./tick.ts";

/**
 * The tick of a block that everything is known of.
 *
 * @param staleAfterMs Age from which on a price is stale, against the block's time or, for a quote, our clock
 */
export function marketTick(state: CoreState, height: number, staleAfterMs: number): Tick {
  const timeMs = blockAt(state.chain, height)?.timeMs ?? state.nowMs;
  const quotes: Partial<Record<Token, Quote>> = {};
  for (const { token, market } of INSTRUMENTS) {
    if (!state.options.enabled[market]) continue;
    const gate = gateOf(state, market).state;
    const last = lastPrice(state.activity[market]);
    if (last) {
      const { receiptUnitsPerPriceUnit } = marketOf(market);
      quotes[token] = {
        price: Number(last.priceMicro) / 1e6,
        open: null,
        volume: last.height === height ? Number(last.units) / Number(receiptUnitsPerPriceUnit) : 0,
        stale: timeMs - last.timeMs > staleAfterMs,
        gate,
      };
      continue;
    }
    const own = marketValue(state, market);
    if (!isKnown(own) || !isKnown(own.quote)) continue;
    const asOfMs = state.slices[market]?.asOfMs ?? 0;
    quotes[token] = {
      price: Number(own.quote.priceMicro) / 1e6,
      open: null,
      volume: null,
      stale: state.nowMs - asOfMs > staleAfterMs,
      gate,
    };
  }
  return { height, timeMs, quotes };
}

/** What agents may go by: the posterior after a block, once its regimes are learned; null before. */
export function learnedPosterior({ posterior }: CoreState, height: number): PosteriorView | null {
  const read = readPosterior(posterior, height);
  return read?.regime.status === "learned" ? read.probabilities : null;
}

/** Time by the chain's clock of something that happened at a time of ours; the `nowMs` that orders need. */
export function chainTimeMs(state: CoreState, atMs: number): number {
  const tip = tipOf(state.chain);
  return tip ? tip.timeMs + Math.max(0, atMs - tip.atMs) : atMs;
}
