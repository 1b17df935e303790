import type { ChartSource } from "../charts/chart.ts";
import type { MarketDetail } from "../../src/server/wire.ts";

/** Blocks of one candle. */
export const CANDLE_BLOCKS = 5;

/** The prices of single blocks as candles of {@link CANDLE_BLOCKS} blocks, over heights; null without any price. */
export function candlesOf(prices: MarketDetail["prices"]): ChartSource | null {
  const groups = new Map<number, number[]>();
  for (const { height, price_micro: price } of prices) {
    if (price === null) continue;
    const from = Math.floor(height / CANDLE_BLOCKS) * CANDLE_BLOCKS;
    const group = groups.get(from);
    if (group) group.push(price);
    else groups.set(from, [price]);
  }
  const sorted = [...groups].sort(([a], [b]) => a - b);
  const first = sorted[0];
  const last = sorted.at(-1);
  if (!first || !last) return null;
  const column = (of: (group: readonly number[]) => number) =>
    Float64Array.from(sorted, ([, group]) => of(group));
  return {
    times: Float64Array.from(sorted, ([from]) => from),
    values: [
      column((group) => group[0]!),
      column((group) => Math.max(...group)),
      column((group) => Math.min(...group)),
      column((group) => group.at(-1)!),
    ],
    domain: [first[0] - CANDLE_BLOCKS / 2, last[0] + CANDLE_BLOCKS / 2],
    note: `${CANDLE_BLOCKS} blocks a candle`,
  };
}
