/**
 * A third feature engine, written for reading and not for speed, so that the two that are used can be compared with
 * something that shares no line with them.
 */
import {
  type Aggregation,
  AGGREGATIONS,
  FEATURE_COUNT,
  type FeatureStats,
  WARM_SLOTS,
} from "../../src/engine/features/engine.ts";

const NAMES = Object.keys(AGGREGATIONS) as Aggregation[];
const LARGEST_F32 = 2 ** 128 - 2 ** 104;

/** What is remembered of one feature. */
interface One {
  readonly aggregation: Aggregation;
  events: number[];
  sumBefore: number;
  mean: number;
  variance: number;
  seen: number;
  /** Raw values and z-scores, newest first. */
  raw: number[];
  z: number[];
}

/** The engine. */
export class PlainFeatureEngine {
  readonly kind = "plain";
  slot = -1;
  readonly #features: One[];
  readonly #refused = { notFinite: 0, outOfRange: 0, badIndex: 0, clamped: 0 };

  constructor(modes: Uint8Array) {
    this.#features = Array.from(modes, (code) => ({
      aggregation: NAMES[code]!,
      events: [],
      sumBefore: 0,
      mean: 0,
      variance: 0,
      seen: 0,
      raw: [0, 0, 0],
      z: [0, 0, 0],
    }));
  }

  pushEvent(index: number, value: number): void {
    const feature = Number.isInteger(index) ? this.#features[index] : undefined;
    if (!feature) this.#refused.badIndex++;
    else if (Number.isNaN(value) || value === Infinity || value === -Infinity) this.#refused.notFinite++;
    else if (value > LARGEST_F32 || value < -LARGEST_F32) this.#refused.outOfRange++;
    else feature.events.push(value);
  }

  onSlotEnd(slot: number): Float32Array {
    this.slot = slot;
    for (const feature of this.#features) {
      const value = this.#aggregate(feature);
      const x = value ?? feature.raw[0]!;
      if (value !== null) {
        const delta = x - feature.mean;
        feature.mean = feature.mean + (1 - 0.995) * delta;
        feature.variance = 0.995 * (feature.variance + (1 - 0.995) * (delta * delta));
        feature.seen++;
      }
      const z = (x - feature.mean) / Math.sqrt(feature.variance + 1e-8);
      feature.raw = [x, feature.raw[0]!, feature.raw[1]!];
      feature.z = [feature.seen < WARM_SLOTS ? 0 : Math.fround(z), feature.z[0]!, feature.z[1]!];
      feature.events = [];
    }
    return Float32Array.from([0, 1, 2].flatMap((lag) => this.#features.map(({ z }) => z[lag]!)));
  }

  raw(place: number): number {
    return this.#features[place % FEATURE_COUNT]!.raw[Math.floor(place / FEATURE_COUNT)]!;
  }

  stats(index: number): FeatureStats {
    const { mean, variance, seen } = this.#features[index]!;
    return { mean, variance, seen };
  }

  counters() {
    return this.#refused;
  }

  free(): void {}

  #aggregate(feature: One): number | null {
    const { events, aggregation } = feature;
    const sum = events.reduce((total, value) => total + value, 0);
    switch (aggregation) {
      case "last":
        return events.length === 0 ? null : this.#inRange(events[events.length - 1]!);
      case "mean":
        return events.length === 0 ? null : this.#inRange(sum / events.length);
      case "sum":
        return this.#inRange(sum);
      case "count":
        return events.length;
      case "delta": {
        const delta = sum - feature.sumBefore;
        feature.sumBefore = sum;
        return this.#inRange(delta);
      }
    }
  }

  #inRange(value: number): number {
    if (value >= -LARGEST_F32 && value <= LARGEST_F32) return value;
    this.#refused.clamped++;
    return value > 0 ? LARGEST_F32 : value < 0 ? -LARGEST_F32 : 0;
  }
}
