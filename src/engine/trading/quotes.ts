/** From the markets to the desk: what each instrument costs when a block has settled. */
import { lastPrice } from "../activity.ts";
import { tipOf } from "../chain.ts";
import { marketOf } from "../market.ts";
import { isKnown } from "../reason.ts";
import { type CoreState, gateOf, marketValue } from "../state.ts";
import { INSTRUMENTS, marketOfToken, type Token } from "./instrument.ts";
import type { Quote, Tick } from "./tick.ts";

/** Blocks without a settlement after which the last settled price is stale. */
export const PRICE_STALE_BLOCKS = 100;

/** What the desk is told of a block. */
export function deskTick(state: CoreState, height: number, timeMs: number): Tick {
  const quotes: Partial<Record<Token, Quote>> = {};
  for (const { token } of INSTRUMENTS) {
    const quote = quoteOf(state, token, height);
    if (quote) quotes[token] = quote;
  }
  return { height, timeMs, quotes };
}

/**
 * The price of an instrument, base units per unit: what was paid last, else what the node quotes. On offer counts what
 * settled in the block; a quote alone says nothing about volume.
 */
export function quoteOf(state: CoreState, token: Token, height: number): Quote | null {
  const market = marketOfToken(token);
  if (!state.options.enabled[market]) return null;
  const gate = gateOf(state, market).state;
  const last = lastPrice(state.activity[market]);
  if (last) {
    return {
      price: Number(last.priceMicro) / 1e6,
      open: null,
      volume: last.height === height
        ? Number(last.units) / Number(marketOf(market).receiptUnitsPerPriceUnit)
        : 0,
      stale: !state.link.up || height - last.height > PRICE_STALE_BLOCKS,
      gate,
    };
  }
  const own = marketValue(state, market);
  if (!isKnown(own) || !isKnown(own.quote)) return null;
  return { price: Number(own.quote.priceMicro) / 1e6, open: null, volume: null, stale: !state.link.up, gate };
}

/**
 * Our clock as event time: the tip's time and what has passed since it arrived. On a chain that runs faster than ours,
 * as a simulated one may, that is the chain's time. 0 before the first block: nothing is known of the chain's time.
 */
export function eventTimeOfNow(state: CoreState, atMs: number): number {
  const tip = tipOf(state.chain);
  return tip ? tip.timeMs + Math.max(0, atMs - tip.atMs) : 0;
}
