/** Counters, gauges and histograms, shown as Prometheus text. */

/** Label values by label name. */
export type Labels = Readonly<Record<string, string>>;

/** Label sets per metric; a label from outside must not grow memory without a bound. */
const SERIES_MAX = 2_000;

/** Upper bounds in seconds for latencies, from a cached answer to a hung one. */
export const LATENCY_BUCKETS_S = [
  0.0005,
  0.001,
  0.0025,
  0.005,
  0.01,
  0.025,
  0.05,
  0.1,
  0.25,
  0.5,
  1,
  2.5,
  5,
  10,
];

abstract class Metric<Series> {
  readonly name: string;
  readonly help: string;
  protected readonly series = new Map<string, Series>();

  constructor(name: string, help: string) {
    this.name = name;
    this.help = help;
  }

  abstract readonly type: string;
  abstract lines(): string[];

  protected at(labels: Labels, make: () => Series): Series {
    const key = labelText(labels);
    let series = this.series.get(key);
    if (series === undefined) {
      if (this.series.size >= SERIES_MAX) return make();
      series = make();
      this.series.set(key, series);
    }
    return series;
  }
}

/** A number that only grows. */
export class Counter extends Metric<{ value: number }> {
  readonly type = "counter";

  add(amount = 1, labels: Labels = {}): void {
    this.at(labels, () => ({ value: 0 })).value += amount;
  }

  /** The current value of one label set. */
  value(labels: Labels = {}): number {
    return this.series.get(labelText(labels))?.value ?? 0;
  }

  /** Makes a label set visible at 0. */
  declare(labels: Labels): void {
    this.at(labels, () => ({ value: 0 }));
  }

  lines(): string[] {
    return [...this.series].map(([labels, { value }]) => `${this.name}${labels} ${value}`);
  }
}

/** A number that goes up and down; set, or read when the metrics are asked for. */
export class Gauge extends Metric<{ value: number }> {
  readonly type = "gauge";
  readonly #read: (() => number | null) | undefined;

  constructor(name: string, help: string, read?: () => number | null) {
    super(name, help);
    this.#read = read;
  }

  set(value: number, labels: Labels = {}): void {
    this.at(labels, () => ({ value: 0 })).value = value;
  }

  lines(): string[] {
    if (this.#read) {
      const value = this.#read();
      return value === null ? [] : [`${this.name} ${value}`];
    }
    return [...this.series].map(([labels, { value }]) => `${this.name}${labels} ${value}`);
  }
}

/** A distribution over fixed buckets. */
export class Histogram extends Metric<{ counts: number[]; sum: number; count: number }> {
  readonly type = "histogram";
  readonly #bounds: readonly number[];

  constructor(name: string, help: string, bounds: readonly number[] = LATENCY_BUCKETS_S) {
    super(name, help);
    this.#bounds = bounds;
  }

  observe(value: number, labels: Labels = {}): void {
    const series = this.at(labels, () => ({ counts: this.#bounds.map(() => 0), sum: 0, count: 0 }));
    const bucket = this.#bounds.findIndex((bound) => value <= bound);
    if (bucket >= 0) series.counts[bucket]!++;
    series.sum += value;
    series.count++;
  }

  lines(): string[] {
    return [...this.series].flatMap(([labels, { counts, sum, count }]) => {
      let cumulative = 0;
      const buckets = this.#bounds.map((bound, i) => {
        cumulative += counts[i]!;
        return `${this.name}_bucket${withLabel(labels, "le", String(bound))} ${cumulative}`;
      });
      return [
        ...buckets,
        `${this.name}_bucket${withLabel(labels, "le", "+Inf")} ${count}`,
        `${this.name}_sum${labels} ${sum}`,
        `${this.name}_count${labels} ${count}`,
      ];
    });
  }
}

/** All metrics of the process. */
export class Metrics {
  readonly #metrics = new Map<string, Counter | Gauge | Histogram>();

  counter(name: string, help: string): Counter {
    return this.#add(new Counter(name, help));
  }

  gauge(name: string, help: string, read?: () => number | null): Gauge {
    return this.#add(new Gauge(name, help, read));
  }

  histogram(name: string, help: string, bounds?: readonly number[]): Histogram {
    return this.#add(new Histogram(name, help, bounds));
  }

  /** The Prometheus text exposition, format 0.0.4. */
  text(): string {
    const blocks = [...this.#metrics.values()].map((metric) =>
      [`# HELP ${metric.name} ${metric.help}`, `# TYPE ${metric.name} ${metric.type}`, ...metric.lines()]
        .join("\n")
    );
    return `${blocks.join("\n")}\n`;
  }

  #add<M extends Counter | Gauge | Histogram>(metric: M): M {
    if (this.#metrics.has(metric.name)) throw new TypeError(`Cannot register metric "${metric.name}" twice`);
    this.#metrics.set(metric.name, metric);
    return metric;
  }
}

function labelText(labels: Labels): string {
  const names = Object.keys(labels);
  return names.length === 0 ? "" : `{${names.map((name) => `${name}="${escape(labels[name]!)}"`).join(",")}}`;
}

function withLabel(labels: string, name: string, value: string): string {
  const added = `${name}="${escape(value)}"`;
  return labels === "" ? `{${added}}` : `${labels.slice(0, -1)},${added}}`;
}

function escape(value: string): string {
  return value.replaceAll("\\", "\\\\").replaceAll('"', '\\"').replaceAll("\n", "\\n");
}
