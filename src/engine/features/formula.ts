/** The formulas of the features that look back over prices and over the price index. */
import { MARKET_IDS, type MarketId } from "../market.ts";
import { efficiency, type IndexPoint, logReturn } from "../price_index.ts";
import { absent, type Known } from "../reason.ts";
import type { CoreState } from "../state.ts";

/** Returns that a volatility is taken over. */
const VOLATILITY_RETURNS = 32;

/** Points that an exponential average is taken over, and its weight. */
const EMA_POINTS = 96;
const EMA_ALPHA = 2 / 33;

/** Slots of the short and of the long volume. */
const SHORT_SLOTS = 20;
const LONG_SLOTS = 100;

/** Log return of the price index in this slot. */
export function indexReturn({ index }: CoreState): Known<number> {
  const now = index[index.length - 1];
  const before = index[index.length - 2];
  return now && before ? now.level - before.level : absent("WARMING_UP", "two slots are needed");
}

/** Price index less its exponential average. */
export function indexEmaGap({ index }: CoreState): Known<number> {
  const first = Math.max(0, index.length - EMA_POINTS);
  if (!moves(index)) return absent("NO_PRICE", "no price has moved yet");
  let ema = index[first]!.level;
  for (let i = first + 1; i < index.length; i++) ema += EMA_ALPHA * (index[i]!.level - ema);
  return index[index.length - 1]!.level - ema;
}

/** Signed efficiency of the price index over some slots. */
export function indexEfficiency({ index }: CoreState, slots: number): Known<number> {
  const now = index[index.length - 1];
  const then = index[index.length - 1 - slots];
  if (!now || !then) return absent("WARMING_UP", `${slots + 1} slots are needed`);
  return efficiency(then, now) ?? absent("UNDEFINED", "no price has moved in these slots");
}

/** Root mean square of the newest log returns of the price index. */
export function indexVolatility({ index }: CoreState): Known<number> {
  if (!moves(index) || index.length <= VOLATILITY_RETURNS) {
    return absent("WARMING_UP", `${VOLATILITY_RETURNS + 1} slots with prices are needed`);
  }
  let sum = 0;
  for (let i = index.length - VOLATILITY_RETURNS; i < index.length; i++) {
    sum += (index[i]!.level - index[i - 1]!.level) ** 2;
  }
  return Math.sqrt(sum / VOLATILITY_RETURNS);
}

/** How much livelier the last slots were than usual. */
export function volumeTrend({ index }: CoreState): Known<number> {
  if (index.length < LONG_SLOTS) return absent("WARMING_UP", `${LONG_SLOTS} slots are needed`);
  let short = 0;
  let long = 0;
  for (let i = index.length - LONG_SLOTS; i < index.length; i++) {
    long += index[i]!.receipts;
    if (i >= index.length - SHORT_SLOTS) short += index[i]!.receipts;
  }
  return Math.log((short + 1) / (long * SHORT_SLOTS / LONG_SLOTS + 1));
}

/** Log return of a market's unit price in this slot. */
export function priceReturn({ index }: CoreState, id: MarketId): Known<number> {
  const market = MARKET_IDS.indexOf(id);
  const now = index[index.length - 1]?.prices[market] ?? null;
  const before = index[index.length - 2]?.prices[market] ?? null;
  if (now === null || before === null) return absent("NO_PRICE", "two slots with a price are needed");
  return logReturn(before, now);
}

/** Root mean square of a market's newest log returns. */
export function priceVolatility({ index }: CoreState, id: MarketId): Known<number> {
  const market = MARKET_IDS.indexOf(id);
  const first = index.length - VOLATILITY_RETURNS;
  if (first < 1 || index[first - 1]!.prices[market] === null) {
    return absent("WARMING_UP", `${VOLATILITY_RETURNS + 1} slots with a price are needed`);
  }
  let sum = 0;
  for (let i = first; i < index.length; i++) {
    sum += logReturn(index[i - 1]!.prices[market], index[i]!.prices[market]) ** 2;
  }
  return Math.sqrt(sum / VOLATILITY_RETURNS);
}

/** Logarithm of a market's unit price over its exponential average. */
export function priceEmaGap({ index }: CoreState, id: MarketId): Known<number> {
  const market = MARKET_IDS.indexOf(id);
  const now = index[index.length - 1]?.prices[market] ?? null;
  if (now === null) return absent("NO_PRICE", "nothing has settled yet");
  let ema: number | null = null;
  for (let i = Math.max(0, index.length - EMA_POINTS); i < index.length; i++) {
    const price = index[i]!.prices[market]!;
    if (price !== null) ema = ema === null ? price : ema + EMA_ALPHA * (price - ema);
  }
  return Math.log(now / ema!);
}

/** Milliseconds between a block and the one before it, by event time. */
export function blockInterval({ chain: { blocks } }: CoreState): Known<number> {
  const now = blocks[blocks.length - 1];
  const before = blocks[blocks.length - 2];
  if (!now || !before) return absent("WARMING_UP", "two blocks are needed");
  const stamped = now.timestampMs !== null && before.timestampMs !== null;
  if (!stamped && (now.catchUp || before.catchUp)) {
    return absent("WARMING_UP", "the headers have no time, and these blocks were fetched later");
  }
  return now.timeMs - before.timeMs;
}

/** Whether any price has moved within the kept slots. */
function moves(index: readonly IndexPoint[]): boolean {
  const last = index[index.length - 1];
  return last !== undefined && last.path > index[0]!.path;
}
