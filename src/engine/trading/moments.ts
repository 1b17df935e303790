/** Moments, quantiles of the normal and of Student's t: what the trading statistics are made of. */

/** Two-sided 95 % quantile of the standard normal distribution. */
export const Z_95 = 1.959963984540054;

/** Two-sided 95 % quantiles of Student's t for 1 to 30 degrees of freedom. */
const T_95 = [
  12.706204736432095,
  4.302652729749462,
  3.182446305283708,
  2.7764451051977987,
  2.570581835636314,
  2.446911851144969,
  2.364624251592785,
  2.306004135204166,
  2.262157162798205,
  2.2281388519649385,
  2.200985160082949,
  2.1788128296634177,
  2.1603686564610127,
  2.1447866879169273,
  2.131449545559323,
  2.1199052992210112,
  2.1098155778331806,
  2.10092204024096,
  2.093024054408263,
  2.0859634472658364,
  2.079613844727662,
  2.0738730679040147,
  2.0686576104190406,
  2.0638985616280205,
  2.059538552753294,
  2.055529438642871,
  2.0518305164802833,
  2.048407141795244,
  2.045229642132703,
  2.0422724563012373,
];

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

/** Two-sided 95 % quantile of Student's t, from 31 degrees of freedom by the expansion of Cornish and Fisher. */
export function studentQuantile(degrees: number): number {
  if (degrees <= T_95.length) return T_95[Math.max(1, Math.floor(degrees)) - 1]!;
  const z = Z_95;
  const g1 = (z ** 3 + z) / 4;
  const g2 = (5 * z ** 5 + 16 * z ** 3 + 3 * z) / 96;
  const g3 = (3 * z ** 7 + 19 * z ** 5 + 17 * z ** 3 - 15 * z) / 384;
  return z + g1 / degrees + g2 / degrees ** 2 + g3 / degrees ** 3;
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
