/**
 * What the page has seen since it was loaded: a fixed set of metrics, one sample a second for an hour. A sample is
 * what was known and current at that second; where nothing was, there is a gap.
 */
import type { Bodies, Store, Topic } from "./store.ts";
import type { GateWord } from "../src/server/wire.ts";

/** Seconds that are kept. */
export const HISTORY_SECONDS = 3_600;

/** Samples further apart are not joined. */
export const GAP_MS = 5_000;

/** A message may be so late before its topic counts as stale here. */
const GRACE_MS = 2_000;

/** Gates as heights of a strip: worse is higher. */
export const GATE_LEVELS = ["open", "throttled", "unknown", "closed"] as const satisfies readonly GateWord[];

interface Metric<T extends Topic = Topic> {
  readonly topic: T;
  read(body: Bodies[T]): number | null;
}

function metric<T extends Topic>(topic: T, read: (body: Bodies[T]) => number | null): Metric {
  return { topic, read } as unknown as Metric;
}

const gate = (id: MarketId) => metric("gates", (gates) => GATE_LEVELS.indexOf(gates[id].state));

/** The markets, in the order in which they are always shown, with the dashes of their lines. */
export const MARKETS = [
  { id: "compute", label: "Compute", dash: [] },
  { id: "storage", label: "Storage", dash: [6, 2] },
  { id: "energy", label: "Energy", dash: [2, 2] },
  { id: "ad", label: "Ad", dash: [8, 2, 2, 2] },
] as const;

/** The name of a market. */
export type MarketId = (typeof MARKETS)[number]["id"];

/** One field of each market. */
function markets<F extends "utilization_ppm" | "provider_margin_ppm" | "receipts_100">(field: F) {
  return Object.fromEntries(
    MARKETS.map(({ id }) => [`${field}.${id}`, metric("markets", ({ markets }) => markets[id][field])]),
  ) as Record<`${F}.${MarketId}`, Metric>;
}

/** Every recorded metric; those that the server records too have its names. */
export const METRICS = {
  net_profit: metric("pnl", (pnl) => pnl.net_profit),
  finality_lag: metric("network", (network) => network.finality_lag),
  block_time_ms: metric("network", (network) => network.block_time_ms),
  tps: metric("network", (network) => network.tps),
  peer_count: metric("network", (network) => network.peer_count),
  bandwidth_in: metric("network", (network) => network.bandwidth_in),
  bandwidth_out: metric("network", (network) => network.bandwidth_out),
  queue_depth: metric("scheduler", (scheduler) => scheduler.queue_depth),
  mempool_size: metric("mempool", (mempool) => mempool.size),
  ...markets("utilization_ppm"),
  ...markets("provider_margin_ppm"),
  ...markets("receipts_100"),
  "gate.compute": gate("compute"),
  "gate.storage": gate("storage"),
  "gate.energy": gate("energy"),
  "gate.ad": gate("ad"),
} satisfies Record<string, Metric>;

/** The name of a recorded metric. */
export type MetricId = keyof typeof METRICS;

const METRIC_ENTRIES = Object.entries(METRICS) as [MetricId, Metric][];

/** The topics that the history lives on. */
export const HISTORY_TOPICS: readonly Topic[] = [...new Set(METRIC_ENTRIES.map(([, { topic }]) => topic))];

/** A stretch of history: times in ms, and as many values per metric; NaN is a gap. */
export interface Stretch {
  readonly times: Float64Array;
  readonly values: readonly Float64Array[];
}

/** Records the metrics. */
export class History {
  readonly #times = new Float64Array(HISTORY_SECONDS);
  readonly #values = new Map<MetricId, Float64Array>();
  #next = 0;
  #count = 0;
  #lastMs = -Infinity;

  constructor() {
    for (const [id] of METRIC_ENTRIES) this.#values.set(id, new Float64Array(HISTORY_SECONDS).fill(NaN));
  }

  /** Time of the first sample that is kept; NaN before there is one. */
  get firstMs(): number {
    return this.#count === 0
      ? NaN
      : this.#times[(this.#next - this.#count + HISTORY_SECONDS) % HISTORY_SECONDS]!;
  }

  /** Time of the last sample; −∞ before there is one. */
  get lastMs(): number {
    return this.#lastMs;
  }

  /** Takes a sample, unless this second has one already or nothing at all is known. */
  sample(store: Pick<Store, "live">, nowMs: number): void {
    if (Math.floor(nowMs / 1000) <= Math.floor(this.#lastMs / 1000)) return;
    const sample = METRIC_ENTRIES.map(([, { topic, read }]) => {
      const body = store.live(topic);
      if (!body || nowMs > body._meta.as_of_ms + body._meta.ttl_ms + GRACE_MS) return NaN;
      return read(body as never) ?? NaN;
    });
    if (this.#count === 0 && sample.every(Number.isNaN)) return;
    // A pause without samples (a sleeping tab) is a gap of its own.
    if (nowMs - this.#lastMs > GAP_MS && this.#count > 0) this.#push(this.#lastMs + 1_000, null);
    this.#push(nowMs, sample);
  }

  /** The samples within a range of times, copied. */
  stretch(ids: readonly MetricId[], fromMs: number, toMs: number): Stretch {
    const start = (this.#next - this.#count + HISTORY_SECONDS) % HISTORY_SECONDS;
    const at = (i: number) => (start + i) % HISTORY_SECONDS;
    let low = 0;
    while (low < this.#count && this.#times[at(low)]! < fromMs) low++;
    let high = this.#count;
    while (high > low && this.#times[at(high - 1)]! > toMs) high--;
    const copy = (ring: Float64Array) =>
      Float64Array.from({ length: high - low }, (_, i) => ring[at(low + i)]!);
    return { times: copy(this.#times), values: ids.map((id) => copy(this.#values.get(id)!)) };
  }

  #push(timeMs: number, sample: readonly number[] | null): void {
    this.#times[this.#next] = timeMs;
    METRIC_ENTRIES.forEach(([id], i) => this.#values.get(id)![this.#next] = sample?.[i] ?? NaN);
    this.#next = (this.#next + 1) % HISTORY_SECONDS;
    this.#count = Math.min(HISTORY_SECONDS, this.#count + 1);
    this.#lastMs = timeMs;
  }
}
