/** Moments, quantiles of the normal and of Student's t: what the trading statistics are made of. */

/** Two-sided 95 % quantile of the standard normal distribution. */
export const Z_95 = 1.959963984540054;

/** Degrees of freedom from which on the expansion around the normal quantile is exact to 1e-11. */
const EXPANSION_FROM = 200;

/** Moments of a sample. */
export interface Moments {
  readonly count: number;
  readonly mean: number;
  /** Standard deviation of the sample (n − 1); NaN below two values. */
  readonly deviation: number;
  /** Third and fourth standardised moments of the population; NaN when nothing varies. */
  readonly skewness: number;
  readonly kurtosis: number;
}

/**
 * Moments of a sample, in two passes.
 *
 * @param length Values that count, from the begin of the array
 */
export function momentsOf(values: ArrayLike<number>, length = values.length): Moments {
  let sum = 0;
  for (let i = 0; i < length; i++) sum += values[i]!;
  const mean = sum / length;
  let second = 0, third = 0, fourth = 0, rest = 0;
  for (let i = 0; i < length; i++) {
    const delta = values[i]! - mean;
    const square = delta * delta;
    rest += delta;
    second += square;
    third += square * delta;
    fourth += square * square;
  }
  second -= rest * rest / length; // What rounding of the mean left over.
  // Values that differ by nothing but rounding do not vary.
  const varies = second > length * (Math.abs(mean) * 1e-15) ** 2;
  const variance = varies ? second / length : 0;
  return {
    count: length,
    mean,
    deviation: length > 1 ? Math.sqrt(variance * length / (length - 1)) : NaN,
    skewness: varies ? third / length / variance ** 1.5 : NaN,
    kurtosis: varies ? fourth / length / (variance * variance) : NaN,
  };
}

/**
 * Two-sided 95 % quantile of Student's t.
 *
 * Abramowitz and Stegun, "Handbook of Mathematical Functions" (1964): 26.7.3 and 26.7.4 inverted by bisection, and the
 * expansion 26.7.5 for many degrees.
 *
 * @param degrees Of freedom, whole and positive
 */
export function studentQuantile(degrees: number): number {
  if (degrees >= EXPANSION_FROM) {
    const z = Z_95;
    return z + (z ** 3 + z) / 4 / degrees + (5 * z ** 5 + 16 * z ** 3 + 3 * z) / 96 / degrees ** 2 +
      (3 * z ** 7 + 19 * z ** 5 + 17 * z ** 3 - 15 * z) / 384 / degrees ** 3 +
      (79 * z ** 9 + 776 * z ** 7 + 1482 * z ** 5 - 1920 * z ** 3 - 945 * z) / 92160 / degrees ** 4;
  }
  let low = 0;
  let high = Math.PI / 2;
  for (let i = 0; i < 60; i++) {
    const middle = (low + high) / 2;
    if (studentShare(middle, degrees) < 0.95) low = middle;
    else high = middle;
  }
  return Math.tan(low) * Math.sqrt(degrees);
}

/** Share of Student's t within ±√ν·tan θ. */
function studentShare(theta: number, degrees: number): number {
  const cos = Math.cos(theta);
  const odd = degrees % 2 === 1;
  let term = odd ? cos : 1;
  let sum = degrees === 1 ? 0 : term;
  for (let k = odd ? 3 : 2; k <= degrees - 2; k += 2) {
    term *= (k - 1) / k * cos * cos;
    sum += term;
  }
  const share = Math.sin(theta) * sum;
  return odd ? 2 / Math.PI * (theta + share) : share;
}

/** Cumulative distribution of the standard normal, right to 1e-15 near 0 and to 1e-12 of itself in the tails. */
export function normalCdf(x: number): number {
  const t = Math.abs(x) / Math.SQRT2;
  const upper = erfc(t) / 2;
  return x > 0 ? 1 - upper : upper;
}

/** Complementary error function for t ≥ 0: Taylor series below 2.5, continued fraction above. */
function erfc(t: number): number {
  if (t < 2.5) {
    let term = t;
    let sum = t;
    for (let n = 1; Math.abs(term) > 1e-18 * sum; n++) {
      term *= -t * t / n;
      sum += term / (2 * n + 1);
      if (n > 200) break;
    }
    return 1 - 2 / Math.sqrt(Math.PI) * sum;
  }
  let fraction = t;
  for (let n = 60; n >= 1; n--) fraction = t + n / 2 / fraction;
  return Math.exp(-t * t) / fraction / Math.sqrt(Math.PI);
}
