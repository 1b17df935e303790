/** The arithmetic of charts: domains, ticks, decimation. No drawing, no document. */

/** From and to. */
export type Domain = readonly [number, number];

/** Smallest and largest value that is not a gap, or null when all are. */
export function extent(lists: readonly ArrayLike<number>[]): Domain | null {
  let low = Infinity;
  let high = -Infinity;
  for (const list of lists) {
    for (let i = 0; i < list.length; i++) {
      const value = list[i]!;
      if (value < low) low = value;
      if (value > high) high = value;
    }
  }
  return low <= high ? [low, high] : null;
}

/** A step of 1, 2 or 5 times a power of ten, not below `least`, that divides a span into at most `count` parts. */
export function niceStep(span: number, count: number, least = 0): number {
  const rough = Math.max(span / count, least);
  const power = 10 ** Math.floor(Math.log10(rough));
  const factor = [1, 2, 5, 10].find((candidate) => candidate * power >= rough * 0.999_999)!;
  return factor * power;
}

/**
 * Widens a domain to round numbers, with some air; a flat one gets room around it.
 *
 * @param floor The domain never reaches below this
 * @param least The smallest step that makes sense; 1 for whole things
 */
export function niceDomain([low, high]: Domain, count: number, floor = -Infinity, least = 0): Domain {
  if (low === high) {
    const room = Math.max(Math.abs(low) * 0.02, 1);
    return niceDomain([Math.max(floor, low - room), high + room], count, floor, least);
  }
  const step = niceStep(high - low, count, least);
  return [Math.max(floor, Math.floor(low / step) * step), Math.ceil(high / step) * step];
}

/** Round values within a domain, at most `count + 1`. */
export function ticks([low, high]: Domain, count: number, least = 0): readonly number[] {
  const step = niceStep(high - low, count, least);
  const found: number[] = [];
  for (let i = Math.ceil(low / step - 1e-9); i * step <= high + step * 1e-9; i++) found.push(i * step);
  return found;
}

/** Decimals that tell values apart which are a step from each other. */
export function stepDecimals(step: number): number {
  return Math.max(0, -Math.floor(Math.log10(step) + 1e-9));
}

const TIME_STEPS_S = [
  1,
  2,
  5,
  10,
  15,
  30,
  60,
  120,
  300,
  600,
  900,
  1_800,
  3_600,
  7_200,
  21_600,
  43_200,
  86_400,
];

/** Clock-round times within a domain of milliseconds, at most `count`. */
export function timeTicks([fromMs, toMs]: Domain, count: number): readonly number[] {
  const step = 1_000 *
    (TIME_STEPS_S.find((seconds) => (toMs - fromMs) / (seconds * 1_000) <= count) ?? 86_400);
  const found: number[] = [];
  for (let at = Math.ceil(fromMs / step) * step; at <= toMs; at += step) found.push(at);
  return found;
}

/** Points of a line in drawing order; a gap is a NaN in `y`. */
export interface Line {
  readonly x: Float64Array;
  readonly y: Float64Array;
  readonly length: number;
}

/**
 * Thins a line to what its pixels can show: per column of one pixel the first, lowest, highest and last point, in
 * their order. Extremes and gaps survive.
 *
 * @param toPixel Maps a position to pixels
 */
export function decimate(
  x: ArrayLike<number>,
  y: ArrayLike<number>,
  toPixel: (x: number) => number,
): Line {
  const outX = new Float64Array(x.length);
  const outY = new Float64Array(x.length);
  let length = 0;
  const put = (i: number) => {
    outX[length] = x[i]!;
    outY[length++] = y[i]!;
  };
  for (let start = 0; start < x.length;) {
    if (Number.isNaN(y[start]!)) {
      if (length === 0 || !Number.isNaN(outY[length - 1]!)) put(start);
      start++;
      continue;
    }
    const column = Math.floor(toPixel(x[start]!));
    let end = start;
    let low = start;
    let high = start;
    while (end + 1 < x.length && !Number.isNaN(y[end + 1]!) && Math.floor(toPixel(x[end + 1]!)) === column) {
      end++;
      if (y[end]! < y[low]!) low = end;
      if (y[end]! > y[high]!) high = end;
    }
    let before = -1;
    for (const i of [start, Math.min(low, high), Math.max(low, high), end]) {
      if (i > before) put(i);
      before = Math.max(before, i);
    }
    start = end + 1;
  }
  return { x: outX, y: outY, length };
}

/** Index of the entry nearest to a value in a rising list; −1 in an empty one. */
export function nearest(list: ArrayLike<number>, value: number): number {
  let low = 0;
  let high = list.length - 1;
  while (low < high) {
    const middle = (low + high) >> 1;
    if (list[middle]! < value) low = middle + 1;
    else high = middle;
  }
  return low > 0 && value - list[low - 1]! <= list[low]! - value ? low - 1 : high < 0 ? -1 : low;
}

/** What a list of values comes to, for words instead of a picture; null when all are gaps. */
export function summarize(
  values: ArrayLike<number>,
): { first: number; last: number; min: number; max: number } | null {
  let first = NaN;
  let last = NaN;
  for (let i = 0; i < values.length; i++) {
    if (Number.isNaN(values[i]!)) continue;
    if (Number.isNaN(first)) first = values[i]!;
    last = values[i]!;
  }
  const range = extent([values]);
  return range ? { first, last, min: range[0], max: range[1] } : null;
}
