/**
 * Follows the posterior's trend when the volume confirms it.
 *
 * With v the exponentially weighted z-score of the volume on offer (λ = 0.98 per tick, clipped to ±3) and w its weight:
 * enters iff trend + w·v − rug − fee > threshold, leaves iff rug − trend − w·v > threshold. A higher fee speaks
 * against entering.
 */
import type { OrderIntent } from "../order.ts";
import { type Agent, buyIntent, NOTHING, sellIntent } from "./agent.ts";
import { entryUnits, SIZING_PARAMETERS } from "./sizing.ts";

const DECAY = 0.98;
const Z_MAX = 3;
const WARMUP_TICKS = 50;

/** Exponentially weighted mean and variance of the volume, per instrument of the view. */
export interface VolumeAwareMemory {
  readonly seen: number[];
  readonly mean: number[];
  readonly variance: number[];
}

/** Trend confirmed by volume. */
export const volumeAware: Agent<VolumeAwareMemory> = {
  name: "volume_aware",
  title: "Trend confirmed by volume",
  hypothesis:
    "A predicted trend is worth more when unusually much is traded, because then many have decided the same. It does " +
    "nothing without a posterior, and is late where volume comes after the move.",
  parameters: [
    {
      name: "threshold",
      type: "number",
      min: 0,
      max: 2,
      default: 0.5,
      unit: "probability",
      meaning: "how sure it has to be",
    },
    {
      name: "volume_weight",
      type: "number",
      min: 0,
      max: 1,
      default: 0.1,
      unit: "probability per standard deviation",
      meaning: "weight of the volume's z-score",
    },
    ...SIZING_PARAMETERS,
  ],
  warmup: () => WARMUP_TICKS,
  memory: () => ({ seen: [], mean: [], variance: [] }),
  decide(view, parameters, memory) {
    let intents: OrderIntent[] | null = null;
    for (let i = 0; i < view.instruments.length; i++) {
      const instrument = view.instruments[i]!;
      if (!instrument.tradable) continue;
      const z = observe(memory, i, instrument.volume);
      const { posterior } = view;
      if (posterior === null || (memory.seen[i] ?? 0) < WARMUP_TICKS || instrument.working) continue;
      const signal = posterior.trend + parameters.volume_weight! * z - posterior.rug;
      if (signal - view.feeRatio > parameters.threshold! && instrument.qty === 0) {
        const qty = entryUnits(view, instrument, parameters.stake_ratio!, parameters.qty!);
        if (qty > 0) (intents ??= []).push(buyIntent(instrument.token, qty));
      } else if (-signal > parameters.threshold! && instrument.qty > 0) {
        (intents ??= []).push(sellIntent(instrument.token, instrument.qty));
      }
    }
    return intents ?? NOTHING;
  },
};

/** Takes a volume in and returns its z-score against what came before; 0 for an unknown volume. */
function observe(memory: VolumeAwareMemory, i: number, volume: number): number {
  if (volume < 0) return 0;
  const seen = memory.seen[i] ?? 0;
  const mean = memory.mean[i] ?? volume;
  const variance = memory.variance[i] ?? 0;
  const delta = volume - mean;
  memory.seen[i] = seen + 1;
  memory.mean[i] = mean + (1 - DECAY) * delta;
  memory.variance[i] = DECAY * (variance + (1 - DECAY) * delta * delta);
  if (variance <= 0) return 0;
  return Math.max(-Z_MAX, Math.min(Z_MAX, delta / Math.sqrt(variance)));
}
