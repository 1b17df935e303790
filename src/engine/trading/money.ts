/**
 * Money and quantities of trading. Money is base units in a float64, and a whole number of them wherever `quantum` is
 * 1: exact up to {@link MONEY_MAX}. Quantities are whole micro units.
 */

/** Micro units in one unit. */
export const MICRO = 1_000_000;

/** Largest amount of money that an account handles, base units; sums of two are still exact. */
export const MONEY_MAX = 2 ** 52;

/** Largest quantity of one order, units. */
export const QTY_MAX = 1_000_000_000;

/** Largest price, base units per unit. */
export const PRICE_MAX = 1_000_000_000_000;

/** How far, relative to itself, a result may be beside a whole number because of the arithmetic: 4 ulp. */
const NOISE = 2 ** -50;

/**
 * Rounds a cash flow to whole quanta, always against us: what we pay (negative) grows, what we get (positive) shrinks.
 * A flow that is a whole number but for the noise of float64 counts as that number: 10 units at 1.1 cost 11, not 12.
 *
 * @param flow Base units, positive when they come to us
 * @param quantum Smallest amount that exists, base units; 0 leaves the flow as it is
 */
export function quantize(flow: number, quantum: number): number {
  if (quantum === 0) return flow;
  const quanta = flow / quantum;
  const nearest = Math.round(quanta);
  const whole = Math.abs(quanta - nearest) <= Math.abs(quanta) * NOISE ? nearest : Math.floor(quanta);
  return whole === 0 ? 0 : whole * quantum; // Never −0.
}

/** Rounds what we have to pay up to whole quanta; the mirror of {@link quantize}. */
export function quantizeCost(cost: number, quantum: number): number {
  return quantum === 0 ? cost : 0 - quantize(-cost, quantum);
}

/**
 * A quantity in micro units.
 *
 * @returns Undefined unless it is positive, at most {@link QTY_MAX} and has at most 6 decimals
 */
export function microOf(units: number): number | undefined {
  if (!(units > 0 && units <= QTY_MAX)) return undefined;
  const micro = Math.round(units * MICRO);
  return micro / MICRO === units ? micro : undefined;
}

/** Micro units as units. */
export function unitsOf(micro: number): number {
  return micro / MICRO;
}

/** The largest tradable quantity of at most this many units; 0 for none. */
export function floorUnits(units: number): number {
  if (!(units > 0)) return 0;
  const micro = Math.floor(Math.min(units, QTY_MAX) * MICRO);
  return micro / MICRO <= units ? micro / MICRO : (micro - 1) / MICRO; // The product may have been rounded up.
}
