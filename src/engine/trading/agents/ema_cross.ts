/**
 * Buys when a fast exponential mean of the price crosses above a slow one, sells when it crosses below.
 *
 * Each mean is m ← m + α(x − m) with α = 2 / (n + 1), begun at the first price.
 */
import { type Agent, buyIntent, NOTHING, sellIntent } from "./agent.ts";
import { entryUnits, SIZING_PARAMETERS } from "./sizing.ts";
import type { OrderIntent } from "../order.ts";

/** Per instrument of the view. */
export interface EmaCrossMemory {
  readonly fast: number[];
  readonly slow: number[];
  /** Prices seen. */
  readonly seen: number[];
  /** Whether fast was above slow: 1, 0, or −1 before it is known. */
  readonly above: number[];
}

/** Exponential moving average cross. */
export const emaCross: Agent<EmaCrossMemory> = {
  name: "ema_cross",
  title: "Moving average cross",
  hypothesis:
    "Demand for a service moves in swings that last longer than the slow mean, so a price that has begun to rise goes " +
    "on rising for longer than the costs of a round trip. It loses in a market without direction, a little at each cross.",
  parameters: [
    {
      name: "fast",
      type: "integer",
      min: 1,
      max: 10_000,
      default: 12,
      unit: "ticks",
      meaning: "length of the fast mean",
    },
    {
      name: "slow",
      type: "integer",
      min: 2,
      max: 100_000,
      default: 26,
      unit: "ticks",
      meaning: "length of the slow mean",
    },
    ...SIZING_PARAMETERS,
  ],
  problem: ({ fast, slow }) => fast! < slow! ? null : "fast must be shorter than slow",
  warmup: ({ slow }) => slow!,
  memory: () => ({ fast: [], slow: [], seen: [], above: [] }),
  decide(view, parameters, memory) {
    const fastAlpha = 2 / (parameters.fast! + 1);
    const slowAlpha = 2 / (parameters.slow! + 1);
    let intents: OrderIntent[] | null = null;
    for (let i = 0; i < view.instruments.length; i++) {
      const instrument = view.instruments[i]!;
      if (!instrument.tradable) continue;
      const { price } = instrument;
      const seen = (memory.seen[i] ?? 0) + 1;
      memory.seen[i] = seen;
      const fast = seen === 1 ? price : memory.fast[i]! + fastAlpha * (price - memory.fast[i]!);
      const slow = seen === 1 ? price : memory.slow[i]! + slowAlpha * (price - memory.slow[i]!);
      memory.fast[i] = fast;
      memory.slow[i] = slow;
      if (seen < parameters.slow!) continue;
      const above = fast > slow ? 1 : 0;
      const before = memory.above[i] ?? -1;
      memory.above[i] = above;
      if (before < 0 || above === before || instrument.working) continue;
      if (above === 1 && instrument.qty === 0) {
        const qty = entryUnits(view, instrument, parameters.stake_ratio!, parameters.qty!);
        if (qty > 0) (intents ??= []).push(buyIntent(instrument.token, qty));
      } else if (above === 0 && instrument.qty > 0) {
        (intents ??= []).push(sellIntent(instrument.token, instrument.qty));
      }
    }
    return intents ?? NOTHING;
  },
};
