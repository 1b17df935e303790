import {
  AXIS_HEIGHT,
  horizontal,
  paintCursor,
  type Painter,
  paintGrid,
  paintTimeAxis,
  valueLabels,
} from "./paint.ts";
import { extent, niceDomain } from "./scale.ts";

/** Draws candles. The four series are open, high, low and close; hollow ones have risen, so colour is not alone. */
export const paintCandles: Painter = (ctx, picture) => {
  const { width, height, times, series, domain, color, cursor, floor, least } = picture;
  const [open, high, low, close] = series.map(({ values }) => values) as [
    Float64Array,
    Float64Array,
    Float64Array,
    Float64Array,
  ];
  const [top, bottom] = [14, height - AXIS_HEIGHT];
  const range = extent([high, low]);
  if (!range) {
    const { toX, fromX } = horizontal(0, width, domain);
    paintTimeAxis(ctx, picture, toX, width, bottom);
    return { toX, fromX, thinned: false };
  }
  const vertical = niceDomain(range, 4, floor, least);
  const labels = valueLabels(picture, vertical);
  const column = Math.max(0, ...labels.map(({ label }) => ctx.measureText(label).width + 8));
  const { toX, fromX } = horizontal(0, width - column, domain);
  const toY = (value: number) =>
    bottom - ((value - vertical[0]) / (vertical[1] - vertical[0])) * (bottom - top);
  paintGrid(ctx, picture, vertical, toY, width);
  paintTimeAxis(ctx, picture, toX, width, bottom);
  const slot = times.length > 1 ? (toX(times.at(-1)!) - toX(times[0]!)) / (times.length - 1) : 12;
  const body = Math.max(1, Math.min(14, Math.floor(slot * 0.6)));
  for (let i = 0; i < times.length; i++) {
    const x = Math.round(toX(times[i]!)) + 0.5;
    const rises = close[i]! >= open[i]!;
    ctx.strokeStyle = ctx.fillStyle = color(rises ? "--gain" : "--loss");
    ctx.lineWidth = 1;
    const [upper, lower] = [toY(Math.max(open[i]!, close[i]!)), toY(Math.min(open[i]!, close[i]!))];
    ctx.beginPath();
    ctx.moveTo(x, toY(high[i]!));
    ctx.lineTo(x, upper);
    ctx.moveTo(x, lower);
    ctx.lineTo(x, toY(low[i]!));
    ctx.stroke();
    const box = [x - body / 2, upper, body, Math.max(1, lower - upper)] as const;
    if (rises) ctx.strokeRect(...box);
    else ctx.fillRect(...box);
  }
  ctx.fillStyle = color("--text-3");
  ctx.textAlign = "right";
  ctx.textBaseline = "bottom";
  for (const { value, label } of labels) if (toY(value) >= 12) ctx.fillText(label, width - 2, toY(value) - 1);
  if (cursor !== null) paintCursor(ctx, picture, toX(cursor), top, bottom, null);
  return { toX, fromX, thinned: false };
};
