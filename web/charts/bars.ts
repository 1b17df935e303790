import { AXIS_HEIGHT, horizontalLine, type Painter } from "./paint.ts";
import { extent, niceDomain } from "./scale.ts";

/** Draws bars from zero, one per class, with their values above them. */
export const paintBars: Painter = (ctx, { width, height, series, labels, color, cursor, format }) => {
  const { values, token } = series[0]!;
  const bottom = height - AXIS_HEIGHT;
  const slot = width / Math.max(1, values.length);
  const toX = (i: number) => (i + 0.5) * slot;
  const fromX = (pixel: number) => pixel / slot - 0.5;
  const [, high] = niceDomain([0, Math.max(1, extent([values])?.[1] ?? 1)], 3, 0);
  const toY = (value: number) => bottom - value / high * (bottom - 14);
  ctx.lineWidth = 1;
  ctx.strokeStyle = color("--control");
  horizontalLine(ctx, bottom, width);
  ctx.textAlign = "center";
  const every = Math.ceil(44 / slot);
  for (let i = 0; i < values.length; i++) {
    ctx.fillStyle = color(token);
    ctx.globalAlpha = cursor === null || cursor === i ? 1 : 0.55;
    const y = toY(values[i]!);
    ctx.fillRect(toX(i) - slot * 0.4, y, slot * 0.8, bottom - y);
    ctx.globalAlpha = 1;
    ctx.textBaseline = "bottom";
    ctx.fillStyle = color("--text-2");
    if (values[i]! > 0 && slot >= 18) ctx.fillText(format(values[i]!), toX(i), y - 1);
    ctx.textBaseline = "top";
    ctx.fillStyle = color("--text-3");
    if (i % every === 0) ctx.fillText(labels[i] ?? "", toX(i), bottom + 5);
  }
  return { toX, fromX, thinned: false };
};
