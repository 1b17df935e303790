/**
 * Bets on the posterior by half-Kelly: edge = trend − revert − fee.
 *
 * σ is the exponentially weighted standard deviation of the log returns of the price per tick, scaled to the horizon
 * of the posterior by its square root, and at least `volatility_min`. The size needs no record of earlier success, so
 * there is no cold start that could never end.
 */
import type { OrderIntent } from "../order.ts";
import { floorUnits } from "../money.ts";
import { type Agent, buyIntent, NOTHING, sellIntent } from "./agent.ts";
import { kellyUnits, unitsFor } from "./sizing.ts";

const DECAY = 0.97;
const WARMUP_TICKS = 32;

/** Last price and exponentially weighted variance of its log returns, per instrument of the view. */
export interface PosteriorKellyMemory {
  readonly seen: number[];
  readonly last: number[];
  readonly variance: number[];
}

/** Half-Kelly on the posterior's edge. */
export const posteriorKelly: Agent<PosteriorKellyMemory> = {
  name: "posterior_kelly",
  title: "Half-Kelly on the posterior",
  hypothesis:
    "When the posterior has learned to tell trends from turns, the difference of the two is an advantage, and half of " +
    "the Kelly bet takes most of its growth at half of its swings. Without a learned posterior it enters nothing. It " +
    "loses when the posterior is sure and wrong.",
  parameters: [
    {
      name: "kelly_fraction",
      type: "number",
      min: 0.01,
      max: 1,
      default: 0.5,
      unit: "ratio",
      meaning: "part of the full Kelly bet",
    },
    {
      name: "edge_min",
      type: "number",
      min: 0,
      max: 1,
      default: 0.05,
      unit: "probability",
      meaning: "least edge that is entered on",
    },
    {
      name: "liquidity_ratio",
      type: "number",
      min: 0.001,
      max: 1,
      default: 0.1,
      unit: "ratio of the volume on offer",
      meaning: "most that an entry takes; with an unknown volume it enters nothing",
    },
    {
      name: "risk_ratio",
      type: "number",
      min: 0.0001,
      max: 1,
      default: 0.1,
      unit: "ratio of the agent's equity",
      meaning: "most that one standard deviation may lose",
    },
    {
      name: "volatility_min",
      type: "number",
      min: 0.000001,
      max: 1,
      default: 0.01,
      unit: "ratio over the horizon",
      meaning: "least volatility that is believed",
    },
    {
      name: "horizon",
      type: "integer",
      min: 1,
      max: 1000,
      default: 20,
      unit: "ticks",
      meaning: "how far the posterior looks ahead",
    },
  ],
  warmup: () => WARMUP_TICKS,
  memory: () => ({ seen: [], last: [], variance: [] }),
  decide(view, parameters, memory) {
    let intents: OrderIntent[] | null = null;
    for (let i = 0; i < view.instruments.length; i++) {
      const instrument = view.instruments[i]!;
      if (!instrument.tradable) continue;
      observe(memory, i, instrument.price);
      const { posterior } = view;
      if (posterior === null || memory.seen[i]! < WARMUP_TICKS || instrument.working) continue;
      const edge = posterior.trend - posterior.revert - view.feeRatio;
      if (instrument.qty > 0) {
        if (posterior.revert > posterior.trend) {
          (intents ??= []).push(sellIntent(instrument.token, instrument.qty));
        }
        continue;
      }
      if (edge <= parameters.edge_min! || instrument.volume < 0) continue;
      const units = kellyUnits({
        edge,
        equity: view.equity,
        volatility: Math.max(
          parameters.volatility_min!,
          Math.sqrt(memory.variance[i]! * parameters.horizon!),
        ),
        liquidity: instrument.volume,
        price: instrument.price,
        fraction: parameters.kelly_fraction!,
        liquidityRatio: parameters.liquidity_ratio!,
        riskBudget: view.equity * parameters.risk_ratio!,
      });
      const qty = Math.min(floorUnits(units), unitsFor(view, instrument, Infinity));
      if (qty > 0) (intents ??= []).push(buyIntent(instrument.token, qty));
    }
    return intents ?? NOTHING;
  },
};

function observe(memory: PosteriorKellyMemory, i: number, price: number): void {
  const seen = memory.seen[i] ?? 0;
  memory.seen[i] = seen + 1;
  if (seen === 0) memory.variance[i] = 0;
  else {
    const change = Math.log(price / memory.last[i]!);
    memory.variance[i] = seen === 1
      ? change * change
      : DECAY * memory.variance[i]! + (1 - DECAY) * change * change;
  }
  memory.last[i] = price;
}
