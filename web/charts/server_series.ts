/** Series that the server keeps, in the chain's time: an hour by the second, a day by the minute, 30 days by 15 min. */
import type { View } from "../router.ts";
import type { App } from "../context.ts";
import { GAP_MS, type Stretch } from "../history.ts";
import type { ChartSource } from "./chart.ts";

/** Points that one question may ask for, of which the server gives 10,000, and those of one line. */
const POINTS_MAX = 8_000;
const LINE_MAX = 1_500;

/** What is shown is asked for anew after so long, or after a step where that is longer. */
const REFRESH_MS = 5_000;

/** Between two blocks there may be seconds without a sample; they are no gap. */
const JOIN_S = 5;

const STEPS_S = [1, 60, 900] as const;

/** Longest time that is kept at each step. */
const KEPT_S: Readonly<Record<(typeof STEPS_S)[number], number>> = { 1: 3_600, 60: 86_400, 900: 2_592_000 };

interface Answer {
  readonly step: number;
  readonly t: readonly number[];
  readonly v: readonly (readonly (number | null)[])[];
}

/** The finest step that the server keeps for so long, and that fits into one answer. */
export function stepFor(rangeS: number, metrics: number): number {
  const fits = (step: 1 | 60 | 900) => rangeS / step <= Math.min(LINE_MAX, POINTS_MAX / metrics);
  return STEPS_S.find((step) => rangeS <= KEPT_S[step] && fits(step)) ?? 900;
}

/** Reads some metrics of the server's history, and keeps what it read current while it is asked for. */
export class ServerSeries {
  readonly #view: View;
  readonly #metrics: readonly string[];
  #source: ChartSource | null = null;
  #rangeMs = 0;
  #dueMs = 0;
  #asking = false;

  /** @param metrics Names as in `GET /theblock/history` */
  constructor(view: View, metrics: readonly string[]) {
    this.#view = view;
    this.#metrics = metrics;
  }

  /** The newest series of a length; null before the first answer. */
  read(rangeMs: number): ChartSource | null {
    const { store } = this.#view.app;
    if (rangeMs !== this.#rangeMs) [this.#rangeMs, this.#dueMs, this.#source] = [rangeMs, 0, null];
    if (!this.#asking && !store.paused && Date.now() >= this.#dueMs) void this.#ask(rangeMs);
    return this.#source;
  }

  async #ask(rangeMs: number): Promise<void> {
    const { api, store } = this.#view.app;
    const health = store.get("health");
    if (!health) return;
    // Where blocks carry no time, the chain's time is that of their arrival.
    const tipS = health.block_time ?? Math.floor(store.nowMs() / 1_000);
    const step = stepFor(rangeMs / 1_000, this.#metrics.length);
    this.#asking = true;
    try {
      const answer = await ask(api, this.#metrics, tipS - rangeMs / 1_000, tipS, step);
      if (rangeMs === this.#rangeMs) this.#source = sourceOf(answer, this.#metrics.length, rangeMs);
    } catch {
      // What was read stays; the panel's own state says that the server is away.
    } finally {
      this.#asking = false;
      this.#dueMs = Date.now() + Math.max(REFRESH_MS, step * 250);
    }
  }
}

function ask(api: App["api"], metrics: readonly string[], fromS: number, toS: number, step: number) {
  const names = metrics.map(encodeURIComponent).join(",");
  const path = `/theblock/history?metric=${names}&from=${Math.max(0, fromS)}&to=${toS}&step=${step}`;
  return api.get(path) as Promise<Answer>;
}

/** The chain's time is the clock's where its tip is no further from it. */
const CLOCK_MS = 60_000;

/**
 * Reads what the server saw before the page was there.
 *
 * @returns What puts it in front of what the page has seen; where the chain has a time of its own, that changes nothing
 */
export async function earlier(
  { api, store }: App,
  metrics: readonly string[],
  rangeMs: number,
): Promise<(seen: Stretch) => Stretch> {
  const tipS = store.get("health")?.block_time ?? Math.floor(store.nowMs() / 1_000);
  if (Math.abs(1_000 * tipS - store.nowMs()) > CLOCK_MS) return (seen) => seen;
  const step = stepFor(rangeMs / 1_000, metrics.length);
  const answer = await ask(api, metrics, tipS - rangeMs / 1_000, tipS, step);
  const before = sourceOf(answer, metrics.length, rangeMs);
  return (seen) => joined(before, seen, Math.max(GAP_MS, 2_000 * step));
}

/** One stretch after another, with a gap between them where more than so much time is. */
export function joined(before: Stretch, seen: Stretch, gapMs: number): Stretch {
  const beginMs = seen.times[0] ?? Infinity;
  const kept = before.times.findIndex((time) => time >= beginMs);
  const count = kept < 0 ? before.times.length : kept;
  if (count === 0) return seen;
  const lastMs = before.times[count - 1]!;
  const gap = beginMs - lastMs > gapMs ? [NaN] : [];
  const join = (head: Float64Array, tail: Float64Array, between: readonly number[]) =>
    Float64Array.from([...head.subarray(0, count), ...between, ...tail]);
  return {
    times: join(before.times, seen.times, gap.map(() => lastMs + 1_000)),
    values: seen.values.map((value, i) => join(before.values[i]!, value, gap)),
  };
}

/** An answer as a chart takes it. Single missing seconds are left out, longer ones are a gap. */
export function sourceOf({ step, t, v }: Answer, metrics: number, rangeMs: number): ChartSource {
  const times: number[] = [];
  const columns: number[][] = Array.from({ length: metrics }, () => []);
  let lastKnown = -Infinity;
  let first = Infinity;
  t.forEach((at, i) => {
    const row = v[i]!;
    if (row.every((value) => value === null)) return;
    first = Math.min(first, at);
    if (at - lastKnown > Math.max(JOIN_S, 2 * step) && lastKnown > -Infinity) {
      times.push((lastKnown + step) * 1_000);
      for (const column of columns) column.push(NaN);
    }
    lastKnown = at;
    times.push(at * 1_000);
    columns.forEach((column, k) => column.push(row[k] ?? NaN));
  });
  const to = (t.at(-1) ?? 0) * 1_000;
  // A chain that is younger than the range fills the chart all the same.
  const from = Math.max(to - rangeMs, Math.min(first * 1_000, to - 60_000));
  return {
    times: Float64Array.from(times),
    values: columns.map((column) => Float64Array.from(column)),
    domain: [from, to],
    note: "chain time",
  };
}
