/** The drawing of charts on a canvas, in CSS pixels; the caller has scaled the context to the device. */
import { formatDateTime, formatNumber, formatTime } from "../format.ts";
import {
  decimate,
  type Domain,
  extent,
  type Line,
  niceDomain,
  stepDecimals,
  ticks,
  timeTicks,
} from "./scale.ts";

/** Room below a plot for the labels of its axis. */
export const AXIS_HEIGHT = 18;
const END_LABEL_WIDTH = 74;
/** Wide enough for labels at the ends of the lines. */
const WIDE = 480;
/** Share of the width that stays free after the newest point. */
const LIVE_EDGE = 0.02;
/** Lines of fewer points show each of them. */
const DOTS_MAX = 30;

/** A line of a chart. */
export interface PaintSeries {
  readonly label: string;
  readonly token: string;
  readonly dash: readonly number[];
  readonly values: Float64Array;
}

/** Labels of an axis: values are divided by `per` and followed by `unit`; "auto" takes thousands, millions and so on. */
export type Axis = { readonly per: number; readonly unit: string } | "auto";

/** What is drawn. */
export interface Picture {
  readonly kind: "line" | "step" | "area" | "spark" | "heat" | "bars" | "candles";
  readonly width: number;
  readonly height: number;
  readonly times: Float64Array;
  readonly domain: Domain;
  readonly series: readonly PaintSeries[];
  readonly format: (value: number) => string;
  readonly floor: number;
  /** Smallest step of the axis. */
  readonly least: number;
  readonly axis: Axis;
  readonly thresholds: readonly { readonly value: number; readonly label: string }[];
  /** What the axis counts, where that is not time. */
  readonly x: { readonly format: (at: number) => string } | null;
  /** Names of the bars. */
  readonly labels: readonly string[];
  /** Position of the crosshair; an index for bars. */
  readonly cursor: number | null;
  /** Number of the series that the keyboard is on. */
  readonly active: number;
  readonly color: (token: string) => string;
  /** Tokens of the levels of a heat strip. */
  readonly levels: readonly string[];
}

/** What the drawing tells about itself. */
export interface Painted {
  /** Pixel of a position, and back. */
  readonly toX: (x: number) => number;
  readonly fromX: (pixel: number) => number;
  /** Whether fewer points were drawn than there are. */
  readonly thinned: boolean;
}

/** Draws a picture. */
export type Painter = (ctx: CanvasRenderingContext2D, picture: Picture) => Painted;

/** Draws anything over time. */
export const paint: Painter = (ctx, picture) =>
  picture.kind === "heat" ? paintHeat(ctx, picture) : paintLines(ctx, picture);

/** Positions over the width, but for the live edge. */
export function horizontal(left: number, right: number, [from, to]: Domain): Pick<Painted, "toX" | "fromX"> {
  const width = (right - left) * (1 - LIVE_EDGE);
  const scale = width / (to - from || 1);
  return { toX: (x) => left + (x - from) * scale, fromX: (pixel) => from + (pixel - left) / scale };
}

function paintLines(ctx: CanvasRenderingContext2D, picture: Picture): Painted {
  const { kind, width, height, series, domain, color, floor, least, thresholds, cursor } = picture;
  const spark = kind === "spark";
  const labelled = !spark && series.length > 1 && width >= WIDE;
  const right = labelled ? width - END_LABEL_WIDTH : width;
  const top = spark ? 3 : 14;
  const bottom = spark ? height - 3 : height - AXIS_HEIGHT;
  // A filled area is read by its size, so it stands on zero.
  const shown = [...thresholds.map(({ value }) => value), ...(kind === "area" ? [0] : [])];
  const range = extent([...series.map(({ values }) => values), shown]);
  const vertical = range && niceDomain(range, spark ? 2 : 4, floor, least);
  // The labels of the values stand inside, in a column of their own that no line reaches.
  const labels = vertical && !spark ? valueLabels(picture, vertical) : [];
  const column = Math.max(0, ...labels.map(({ label }) => ctx.measureText(label).width + 8));
  const { toX, fromX } = horizontal(0, right - column, domain);
  if (!vertical) {
    if (!spark) paintTimeAxis(ctx, picture, toX, right, bottom);
    return { toX, fromX, thinned: false };
  }
  const [low, high] = vertical;
  const toY = (value: number) => bottom - ((value - low) / (high - low)) * (bottom - top);
  if (!spark) {
    paintGrid(ctx, picture, [low, high], toY, right);
    paintTimeAxis(ctx, picture, toX, right, bottom);
  }
  for (const { value, label } of thresholds) paintThreshold(ctx, picture, label, toY(value), right);
  let thinned = false;
  const ends: { y: number; label: string; token: string }[] = [];
  series.forEach((one, i) => {
    const line = decimate(picture.times, one.values, toX);
    thinned ||= line.length < one.values.length && width < one.values.length;
    ctx.strokeStyle = ctx.fillStyle = color(one.token);
    ctx.lineWidth = i === picture.active && cursor !== null ? 2.25 : 1.5;
    for (const points of stretchesOf(line, toX, toY)) {
      trace(ctx, points, kind === "step");
      ctx.setLineDash(one.dash as number[]);
      ctx.stroke();
      ctx.setLineDash([]);
      const [first, last] = [points[0]!, points.at(-1)!];
      if (kind === "area") {
        const zero = Math.max(toY(high), Math.min(toY(low), toY(0)));
        ctx.lineTo(last[0], zero);
        ctx.lineTo(first[0], zero);
        ctx.globalAlpha = 0.12;
        ctx.fill();
        ctx.globalAlpha = 1;
      }
      if (line.length < DOTS_MAX && !spark) { for (const [x, y] of points) dot(ctx, x, y, 1.75); }
    }
    const last = line.y[line.length - 1];
    if (last === undefined || Number.isNaN(last)) return;
    ends.push({ y: toY(last), label: one.label, token: one.token });
    if (spark) dot(ctx, toX(line.x[line.length - 1]!), toY(last), 2);
  });
  if (labelled) paintEndLabels(ctx, picture, ends, right + 8, top, bottom);
  ctx.fillStyle = color("--text-3");
  ctx.textAlign = "right";
  ctx.textBaseline = "bottom";
  for (const { value, label } of labels) if (toY(value) >= 12) ctx.fillText(label, right - 2, toY(value) - 1);
  if (cursor !== null) paintCursor(ctx, picture, toX(cursor), top, bottom, toY);
  return { toX, fromX, thinned };
}

type Point = readonly [x: number, y: number];

/** The unbroken stretches of a line, in pixels. */
function stretchesOf(line: Line, toX: (x: number) => number, toY: (y: number) => number): Point[][] {
  const found: Point[][] = [[]];
  for (let i = 0; i < line.length; i++) {
    if (Number.isNaN(line.y[i]!)) found.push([]);
    else found.at(-1)!.push([toX(line.x[i]!), toY(line.y[i]!)]);
  }
  return found.filter((points) => points.length > 0);
}

function trace(ctx: CanvasRenderingContext2D, points: readonly Point[], step: boolean): void {
  ctx.beginPath();
  points.forEach(([x, y], i) => {
    if (step && i > 0) ctx.lineTo(x, points[i - 1]![1]);
    ctx.lineTo(x, y);
  });
}

function dot(ctx: CanvasRenderingContext2D, x: number, y: number, radius: number): void {
  ctx.beginPath();
  ctx.arc(x, y, radius, 0, 2 * Math.PI);
  ctx.fill();
}

/** Crisp one-pixel lines. */
const half = (pixel: number) => Math.round(pixel) + 0.5;

/** A horizontal line of one pixel. */
export function horizontalLine(ctx: CanvasRenderingContext2D, y: number, right: number): void {
  ctx.beginPath();
  ctx.moveTo(0, half(y));
  ctx.lineTo(right, half(y));
  ctx.stroke();
}

/** Lines at round values. */
export function paintGrid(
  ctx: CanvasRenderingContext2D,
  { color, least }: Picture,
  domain: Domain,
  toY: (y: number) => number,
  right: number,
): void {
  ctx.lineWidth = 1;
  for (const value of ticks(domain, 4, least)) {
    ctx.strokeStyle = color(value === 0 ? "--control" : "--grid");
    horizontalLine(ctx, toY(value), right);
  }
}

/** Labels that tell their values apart, however narrow the domain is. */
export function valueLabels({ axis, least }: Picture, domain: Domain): { value: number; label: string }[] {
  const values = ticks(domain, 4, least);
  const { per, unit } = axis === "auto" ? thousands(domain) : axis;
  const decimals = values.length > 1 ? stepDecimals((values[1]! - values[0]!) / per) : 0;
  return values.map((value) => ({ value, label: formatNumber(value / per, decimals) + unit }));
}

/** The power of a thousand that suits a domain. */
function thousands([low, high]: Domain): { readonly per: number; readonly unit: string } {
  const size = Math.max(Math.abs(low), Math.abs(high));
  const step = Math.max(0, Math.min(4, Math.floor(Math.log10(Math.max(1, size)) / 3)));
  return { per: 1_000 ** step, unit: ["", "K", "M", "B", "T"][step]! };
}

/** Clock-round times along the bottom; days where the stretch is long. */
export function paintTimeAxis(
  ctx: CanvasRenderingContext2D,
  { domain, color, width, x: counted }: Picture,
  toX: (x: number) => number,
  right: number,
  bottom: number,
): void {
  ctx.fillStyle = color("--text-3");
  ctx.strokeStyle = color("--grid");
  ctx.lineWidth = 1;
  ctx.textBaseline = "top";
  ctx.textAlign = "center";
  const span = domain[1] - domain[0];
  const count = Math.max(2, Math.floor(width / 90));
  for (const at of counted ? ticks(domain, count, 1) : timeTicks(domain, count)) {
    const x = toX(at);
    const label = counted
      ? counted.format(at)
      : span > 172_800_000
      ? formatDateTime(at).slice(5, 10)
      : formatTime(at).slice(0, span > 600_000 ? 5 : 8);
    const room = ctx.measureText(label).width / 2;
    ctx.beginPath();
    ctx.moveTo(half(x), bottom);
    ctx.lineTo(half(x), bottom + 3);
    ctx.stroke();
    if (x - room >= 0 && x + room <= right) ctx.fillText(label, x, bottom + 5);
  }
}

function paintThreshold(
  ctx: CanvasRenderingContext2D,
  { color }: Picture,
  label: string,
  y: number,
  right: number,
): void {
  ctx.strokeStyle = color("--text-3");
  ctx.lineWidth = 1;
  ctx.setLineDash([5, 4]);
  horizontalLine(ctx, y, right);
  ctx.setLineDash([]);
  ctx.fillStyle = color("--text-2");
  ctx.textAlign = "left";
  const above = y >= 20;
  ctx.textBaseline = above ? "bottom" : "top";
  ctx.fillText(label, 2, above ? y - 2 : y + 4);
}

function paintEndLabels(
  ctx: CanvasRenderingContext2D,
  { color }: Picture,
  ends: { y: number; label: string; token: string }[],
  x: number,
  top: number,
  bottom: number,
): void {
  const lineHeight = 13;
  ends.sort((a, b) => a.y - b.y);
  let floor = top + lineHeight / 2;
  for (const end of ends) {
    end.y = Math.max(end.y, floor);
    floor = end.y + lineHeight;
  }
  let ceiling = bottom - lineHeight / 2;
  for (const end of ends.toReversed()) {
    end.y = Math.min(end.y, ceiling);
    ceiling = end.y - lineHeight;
  }
  ctx.textAlign = "left";
  ctx.textBaseline = "middle";
  for (const { y, label, token } of ends) {
    ctx.fillStyle = color(token);
    ctx.fillRect(x, y - 4, 3, 8);
    ctx.fillStyle = color("--text-2");
    ctx.fillText(label, x + 7, y);
  }
}

/** The crosshair, with a dot on each line where there are lines. */
export function paintCursor(
  ctx: CanvasRenderingContext2D,
  { color, times, series, cursor }: Picture,
  x: number,
  top: number,
  bottom: number,
  toY: ((value: number) => number) | null,
): void {
  ctx.strokeStyle = color("--text-2");
  ctx.lineWidth = 1;
  ctx.beginPath();
  ctx.moveTo(half(x), top);
  ctx.lineTo(half(x), bottom);
  ctx.stroke();
  if (!toY) return;
  const i = times.indexOf(cursor!);
  for (const { values, token } of series) {
    if (i < 0 || Number.isNaN(values[i]!)) continue;
    ctx.fillStyle = color(token);
    dot(ctx, x, toY(values[i]!), 3);
  }
}

/** One row per series; a level has a colour and a height, so that colour is not alone. */
function paintHeat(ctx: CanvasRenderingContext2D, picture: Picture): Painted {
  const { width, height, series, times, domain, color, levels, cursor } = picture;
  const { toX, fromX } = horizontal(0, width, domain);
  const rowHeight = height / series.length;
  series.forEach(({ values }, row) => {
    const bottom = (row + 1) * rowHeight - 1;
    for (let start = 0; start < values.length;) {
      let end = start + 1;
      while (end < values.length && values[end] === values[start]) end++;
      const level = values[start]!;
      if (!Number.isNaN(level)) {
        const from = toX(times[start]!);
        const to = end < values.length ? toX(times[end]!) : toX(times[end - 1]!) + 2;
        const bar = (rowHeight - 2) * (level + 1) / levels.length;
        ctx.fillStyle = color(levels[level]!);
        ctx.fillRect(from, bottom - bar, Math.max(1, to - from), bar);
      }
      start = end;
    }
  });
  if (cursor !== null) paintCursor(ctx, picture, toX(cursor), 0, height, null);
  return { toX, fromX, thinned: false };
}
