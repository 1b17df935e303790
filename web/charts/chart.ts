/**
 * Charts over the page's history: a canvas, a legend that reads values out, a crosshair that all charts share, keys
 * for those without a mouse and a table for those without the picture.
 */
import { el, setAttr, setHidden, setText, svg, text } from "../dom.ts";
import { formatTime, NONE } from "../format.ts";
import { HISTORY_SECONDS, type MetricId, type Stretch } from "../history.ts";
import { icon } from "../icons.ts";
import type { View } from "../router.ts";
import { paint, type Painted, type Painter, type Picture } from "./paint.ts";
import { type Domain, nearest, summarize } from "./scale.ts";

/** The shortest stretch of time that fills a chart. */
const SPAN_MIN_MS = 60_000;

/** What is shown where nobody chooses. */
const RANGE_MS = 300_000;

/** The server's history is asked for when the page has had the time to appear. */
const KEPT_AFTER_MS = 4_000;

/** The description for screen readers is written anew at most so often. */
const DESCRIBE_MS = 10_000;

/** A line, strip or set of bars. */
export interface SeriesSpec {
  readonly label: string;
  /** What it shows of the page's own history, or of what the server keeps where that is longer. */
  readonly metric?: MetricId;
  /** What it shows of what the server keeps, however short the stretch; the page's own history until that is there. */
  readonly server?: string;
  readonly token: string;
  readonly dash?: readonly number[];
}

/** What a chart is made from. */
export interface ChartSpec {
  readonly kind: Picture["kind"];
  readonly label: string;
  readonly series: readonly SeriesSpec[];
  readonly format: (value: number) => string;
  /** The axis never reaches below this. */
  readonly floor?: number;
  /** Smallest step of the axis; 1 for whole things. */
  readonly least?: number;
  readonly axis?: Picture["axis"];
  readonly thresholds?: Picture["thresholds"];
  /** Length of the visible time. */
  readonly rangeMs?: () => number;
  /** Tokens of the levels of a heat strip. */
  readonly levels?: readonly string[];
  /** Where the data comes from when it is not the page's own history; null before it is there. */
  readonly source?: () => ChartSource | null;
  /** What the axis counts, where that is not time. */
  readonly x?: { readonly label: string; readonly format: (at: number) => string };
  /** The bars, newest. */
  readonly bars?: () => { readonly labels: readonly string[]; readonly values: Float64Array };
}

interface Before {
  readonly rangeMs: number;
  join: ((seen: Stretch) => Stretch) | null;
}

/** Data that a chart is given. */
export interface ChartSource {
  /** Rising, Unix ms. */
  readonly times: Float64Array;
  /** As many values per series; NaN is a gap. */
  readonly values: readonly Float64Array[];
  readonly domain: Domain;
  /** What the axis counts in. */
  readonly note: string;
}

/** A chart's data at one moment, as the table shows it too. */
export interface ChartData {
  readonly times: Float64Array;
  readonly values: readonly Float64Array[];
  readonly labels: readonly string[];
  readonly domain: Domain;
}

const NOTHING: Omit<ChartSource, "note"> = { times: new Float64Array(), values: [], domain: [0, 1] };

/** The instant that every chart on the page points at. */
const crosshair: { atMs: number | null; readonly charts: Set<() => void> } = {
  atMs: null,
  charts: new Set(),
};

const colors = new Map<string, string>();
const probe = document.body.appendChild(el("span", { hidden: true }));

/** The colour of a token in the current theme. */
function colorOf(token: string): string {
  let color = colors.get(token);
  if (color === undefined) {
    probe.style.setProperty("color", `var(${token})`);
    colors.set(token, color = getComputedStyle(probe).color);
  }
  return color;
}

function drawAll(): void {
  for (const draw of crosshair.charts) draw();
}

function forgetColors(): void {
  colors.clear();
  drawAll();
}
addEventListener("bb-theme", forgetColors);
for (
  const query of [
    "(prefers-color-scheme: light)",
    "(prefers-contrast: more)",
    "(forced-colors: active)",
    "print",
  ]
) {
  matchMedia(query).addEventListener("change", forgetColors);
}

/** Builds a chart into its figure and keeps it current until the view ends. */
export async function mountChart(view: View, figure: HTMLElement, spec: ChartSpec): Promise<void> {
  const painter = spec.bars
    ? (await import("./bars.ts")).paintBars
    : spec.kind === "candles"
    ? (await import("./candles.ts")).paintCandles
    : paint;
  if (!view.signal.aborted) new Chart(view, figure, spec, painter);
}

/** A chart on the page. */
export class Chart {
  readonly spec: ChartSpec;
  readonly #view: View;
  readonly #painter: Painter;
  readonly #figure: HTMLElement;
  readonly #canvas: HTMLCanvasElement;
  readonly #readouts: Text[];
  readonly #caption = text();
  readonly #said = el("span", { class: "sr", role: "status" });
  readonly #toggle: HTMLButtonElement;
  readonly #table = el("div", { class: "chart-table", role: "region", tabindex: 0, hidden: true });
  #keys: ((event: KeyboardEvent, chart: Chart) => void) | null = null;
  #painted: Painted | null = null;
  /** What a given axis counts in; null for the page's own history. */
  #note: string | null = null;
  #serverDueMs = 0;
  #server: { read(rangeMs: number): ChartSource | null } | null = null;
  /** What puts the time before the page was loaded in front of what it has seen, for one length of time. */
  #before: Before | null = null;
  #bar: number | null = null;
  #frame = 0;
  #visible = true;
  #describedMs = -Infinity;
  /** What is drawn. */
  data: ChartData;
  /** Number of the series that the keys are on. */
  active = 0;

  constructor(view: View, figure: HTMLElement, spec: ChartSpec, painter: Painter) {
    this.#view = view;
    this.#figure = figure;
    this.spec = spec;
    this.#painter = painter;
    this.#canvas = el("canvas", {
      tabindex: 0,
      role: "application",
      "aria-roledescription": "chart",
      "aria-label": spec.label,
      focus: async () => this.#keys ??= (await import("./keys.ts")).onChartKey,
      // Keys that come before that has happened wait for it, in their order.
      keydown: async (event: KeyboardEvent) =>
        (this.#keys ??= (await import("./keys.ts")).onChartKey)(event, this),
      pointermove: ({ offsetX }: PointerEvent) =>
        this.#painted && this.point(nearest(this.data.times, this.#painted.fromX(offsetX))),
      pointerleave: () => this.point(null),
      blur: () => this.point(null),
    });
    this.#toggle = el("button", {
      class: "icon-button",
      "aria-pressed": "false",
      "aria-label": `View ${spec.label} as table`,
      title: "View as table",
      click: () => void this.#toggleTable(),
    }, icon("table"));
    this.#readouts = spec.series.map(() => text());
    const legend = el("ul", { class: "legend" });
    if (!spec.bars) {
      spec.series.forEach((series, i) =>
        legend.append(
          el(
            "li",
            {},
            spec.kind === "candles" ? null : swatch(series),
            series.label,
            el("b", {}, this.#readouts[i]),
          ),
        )
      );
    }
    const where = el("span", { class: "caption" }, this.#caption);
    if (!spec.bars && !spec.source) {
      where.title = "One value a second; what is older than this page is from the server";
    }
    this.data = this.#read();
    figure.replaceChildren(
      this.#canvas,
      this.#table,
      el("figcaption", {}, legend, where, this.#toggle),
      this.#said,
    );
    this.#live();
  }

  #live(): void {
    const { signal } = this.#view;
    const draw = () => this.#drawSoon();
    const resized = new ResizeObserver(draw);
    resized.observe(this.#canvas);
    const seen = new IntersectionObserver(([entry]) => {
      this.#visible = entry!.isIntersecting;
      draw();
    }, { rootMargin: "200px" });
    seen.observe(this.#figure);
    crosshair.charts.add(draw);
    this.#view.everySecond(draw);
    this.#view.onQuery(draw);
    signal.addEventListener("abort", () => {
      crosshair.charts.delete(draw);
      crosshair.atMs = null;
      resized.disconnect();
      seen.disconnect();
      cancelAnimationFrame(this.#frame);
    }, { once: true });
  }

  /** What the server keeps. */
  readonly #kept = (): ChartSource | null => {
    const names = this.spec.series.map(({ metric, server }) => server ?? metric ?? "")
      .filter((name) => !name.startsWith("gate."));
    if (names.length < this.spec.series.length) return { ...NOTHING, note: "not kept for so long" };
    if (!this.#server && Date.now() >= this.#serverDueMs) {
      this.#serverDueMs = Date.now() + KEPT_AFTER_MS;
      import("./server_series.ts").then(
        ({ ServerSeries }) => this.#server ??= new ServerSeries(this.#view, names),
        // The server is away; it is asked again after a while.
        () => {},
      );
    }
    return this.#server?.read(this.spec.rangeMs!()) ?? null;
  };

  #drawSoon(): void {
    if (this.#frame !== 0 || !this.#visible) return;
    this.#frame = requestAnimationFrame(() => {
      this.#frame = 0;
      this.#draw();
    });
  }

  /** The newest data, or that of the moment of the pause. */
  #read(): ChartData {
    const { series, bars, rangeMs } = this.spec;
    if (bars) {
      const { labels, values } = bars();
      return { times: values.map((_, i) => i), values: [values], labels, domain: [0, 1] };
    }
    const { history, store } = this.#view.app;
    const kept = series[0]?.server !== undefined && (!series[0].metric || performance.now() > KEPT_AFTER_MS);
    const long = kept || (rangeMs?.() ?? 0) > HISTORY_SECONDS * 1_000;
    const given = this.spec.source ?? (long ? this.#kept : null);
    if (given) {
      const found = given();
      this.#note = found?.note ?? "waiting for the server's history";
      const { times, values, domain } = found ?? NOTHING;
      return { times, values: series.map((_, i) => values[i] ?? times), labels: [], domain };
    }
    this.#note = null;
    const toMs = store.paused || history.lastMs < 0 ? store.shownMs() : history.lastMs;
    const fromMs = Math.min(
      Math.max(history.firstMs || toMs, toMs - (rangeMs?.() ?? RANGE_MS)),
      toMs - SPAN_MIN_MS,
    );
    const seen = history.stretch(series.map(({ metric }) => metric!), fromMs, toMs);
    const range = rangeMs?.() ?? RANGE_MS;
    if (!(history.firstMs > toMs - range)) return { ...seen, labels: [], domain: [fromMs, toMs] };
    const { times, values } = this.#earlier(range)?.(seen) ?? seen;
    const from = Math.max(Math.min(times[0] ?? fromMs, fromMs), toMs - range);
    return { times, values, labels: [], domain: [from, toMs] };
  }

  /** What the server saw before the page was there; null where it keeps none of it, or has not answered yet. */
  #earlier(rangeMs: number): ((seen: Stretch) => Stretch) | null {
    const names = this.spec.series.map(({ metric }) => metric!);
    const known = performance.now() > KEPT_AFTER_MS && !names.some((name) => name.startsWith("gate."));
    if (known && this.#before?.rangeMs !== rangeMs && this.#view.app.store.get("health")) {
      const before: Before = this.#before = { rangeMs, join: null };
      import("./server_series.ts").then(async ({ earlier }) => {
        before.join = await earlier(this.#view.app, names, rangeMs);
        this.#drawSoon();
      }).catch(() => {
        // It is a nicety: without it the chart begins where the page did.
      });
    }
    return this.#before?.join ?? null;
  }

  #draw(): void {
    const now = performance.now();
    const described = now - this.#describedMs < DESCRIBE_MS;
    if (!described) this.#describedMs = now;
    this.data = this.#read();
    if (!this.#table.hidden && !described) void this.#tabulate();
    this.#paint();
    this.#readOut();
    if (!described) setAttr(this.#canvas, "aria-label", this.summary());
  }

  #paint(): void {
    const { clientWidth: width, clientHeight: height } = this.#canvas;
    if (width === 0 || height === 0) return;
    const canvas = this.#canvas;
    const size = [Math.round(width * devicePixelRatio), Math.round(height * devicePixelRatio)] as const;
    if (canvas.width !== size[0] || canvas.height !== size[1]) [canvas.width, canvas.height] = size;
    const ctx = canvas.getContext("2d")!;
    ctx.setTransform(devicePixelRatio, 0, 0, devicePixelRatio, 0, 0);
    ctx.clearRect(0, 0, width, height);
    ctx.font = "11px system-ui, sans-serif";
    this.#painted = null;
    if (this.data.domain[1] <= NOTHING.domain[1] && !this.spec.bars) return;
    const { series, ...spec } = this.spec;
    const index = this.index;
    const { data } = this;
    this.#painted = this.#painter(ctx, {
      floor: -Infinity,
      least: 0,
      x: null,
      axis: { per: 1, unit: "" },
      thresholds: [],
      levels: [],
      ...spec,
      ...data,
      width,
      height,
      series: series.map((one, i) => ({ dash: [], ...one, values: data.values[i]! })),
      cursor: index === null ? null : data.times[index]!,
      active: this.active,
      color: colorOf,
    });
  }

  /** Number of the point under the crosshair, or null. */
  get index(): number | null {
    if (this.spec.bars) return this.#bar;
    const { times, domain } = this.data;
    const { atMs } = crosshair;
    return atMs === null || times.length === 0 || atMs < domain[0] || atMs > domain[1]
      ? null
      : nearest(times, atMs);
  }

  /** Moves the crosshair to a point, on every chart. */
  point(index: number | null): void {
    if (this.spec.bars) this.#bar = index;
    else crosshair.atMs = index === null ? null : this.data.times[index] ?? null;
    drawAll();
  }

  /** What a point is called. */
  nameOf(index: number): string {
    if (this.spec.bars) return this.data.labels[index]!;
    return (this.spec.x?.format ?? formatTime)(this.data.times[index]!);
  }

  /** The value of a point in words. */
  valueOf(series: number, index: number): string {
    const value = this.data.values[series]?.[index] ?? NaN;
    return Number.isNaN(value) ? NONE : this.spec.format(value);
  }

  /** Says something to screen readers. */
  say(sentence: string): void {
    this.#said.textContent = sentence;
  }

  /** The chart in words. */
  summary(): string {
    const { label, series, format } = this.spec;
    const parts = series.map((one, i) => {
      const found = summarize(this.data.values[i]!);
      const name = series.length > 1 ? `${one.label}: ` : "";
      if (!found) return `${name}no values`;
      const [first, last, min, max] = [found.first, found.last, found.min, found.max].map(format);
      return `${name}from ${first} to ${last}, lowest ${min}, highest ${max}`;
    });
    return `${label}. ${parts.join("; ")}.`;
  }

  #readOut(): void {
    const { index } = this;
    const at = index ?? this.data.times.length - 1;
    this.#readouts.forEach((readout, i) => setText(readout, this.valueOf(i, at)));
    setAttr(this.#figure, "data-pointed", index === null ? null : "");
    const where = index === null ? this.#extent() : `at ${this.nameOf(index)}`;
    setText(
      this.#caption,
      this.spec.bars && index !== null ? `${this.nameOf(index)}: ${this.valueOf(0, index)}` : where,
    );
  }

  /** What stretch of time is shown, and where it is from. */
  #extent(): string {
    const { kind, label, format } = this.spec;
    const { domain: [fromMs, toMs], values } = this.data;
    if (kind === "bars") return label;
    if (this.#note !== null) return this.#note;
    const { firstMs } = this.#view.app.history;
    if (Number.isNaN(firstMs)) return "nothing seen yet";
    const summary = kind === "spark" ? summarize(values[0]!) : null;
    const first = Math.min(firstMs, this.data.times[0] ?? firstMs);
    const span = fromMs <= first && toMs - first < (this.spec.rangeMs?.() ?? RANGE_MS) - SPAN_MIN_MS
      ? `since ${kind === "spark" || first < firstMs ? "" : "load "}${formatTime(first).slice(0, 5)}`
      : `last ${Math.round((toMs - fromMs) / 60_000)} min`;
    return `${summary ? `max ${format(summary.max)} · ` : ""}${span}${
      this.#painted?.thinned ? " · thinned" : ""
    }`;
  }

  async #toggleTable(): Promise<void> {
    const show = this.#table.hidden !== false;
    setHidden(this.#table, !show);
    setHidden(this.#canvas, show);
    setAttr(this.#toggle, "aria-pressed", String(show));
    if (show) {
      await this.#tabulate();
      this.#table.focus();
    }
    this.#drawSoon();
  }

  async #tabulate(): Promise<void> {
    const { chartTable } = await import("./table_twin.ts");
    this.#table.replaceChildren(chartTable(this));
    setAttr(this.#table, "aria-label", `${this.spec.label}, table`);
  }
}

/** A short piece of the line, for the legend. */
function swatch({ token, dash = [] }: SeriesSpec): SVGSVGElement {
  const line = svg("line", { x1: 0, y1: 4, x2: 18, y2: 4, "stroke-dasharray": dash.join(" ") || null });
  line.style.setProperty("stroke", `var(${token})`);
  return svg("svg", { class: "swatch", width: 18, height: 8, "aria-hidden": "true" }, line);
}
