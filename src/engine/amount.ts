/**
 * Amounts are integers in the node's base unit and never pass through a float: `bigint` inside, a JSON number on
 * the wire where it fits, an exact decimal string beside it where it does not.
 */

/** The largest amount that the node can express (u64). */
export const AMOUNT_MAX = 18_446_744_073_709_551_615n;

const SAFE = BigInt(Number.MAX_SAFE_INTEGER);

/** Whether an amount survives as a JSON number without losing a digit. */
export function fitsNumber(amount: bigint): boolean {
  return amount <= SAFE && amount >= -SAFE;
}

/**
 * Parses a decimal integer, with an optional leading minus.
 *
 * @throws {SyntaxError} If the text is not a decimal integer of at most 40 digits
 */
export function parseAmount(text: string): bigint {
  if (!/^-?\d{1,40}$/.test(text)) {
    throw new SyntaxError(`Cannot parse amount "${text.slice(0, 60)}": expected a decimal integer`);
  }
  return BigInt(text);
}

/** Sums amounts exactly. */
export function sumAmounts(amounts: Iterable<bigint>): bigint {
  let total = 0n;
  for (const amount of amounts) total += amount;
  return total;
}

/** Integer division that rounds towards negative infinity, as a unit price needs. */
export function floorDiv(numerator: bigint, denominator: bigint): bigint {
  const quotient = numerator / denominator;
  return numerator % denominator !== 0n && (numerator < 0n) !== (denominator < 0n) ? quotient - 1n : quotient;
}

/** The quotient of two amounts as a float, right to the precision of float64 also far beyond 2^53. */
export function ratioOf(numerator: bigint, denominator: bigint): number {
  return Number(numerator) / Number(denominator);
}
