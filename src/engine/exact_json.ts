/** Integers of JSON that a float cannot hold. */

/** Longer integers stay floats: nothing that is counted needs them, and reading them exactly is slow. */
const EXACT_INTEGER = /^-?\d{1,40}$/;

/**
 * A value as a reviver of `JSON.parse` should give it: an integer that a float cannot hold as `bigint`, anything else
 * as it is.
 *
 * @param source The text of the value, where the parser tells it
 */
export function exactInteger(value: unknown, source: string | undefined): unknown {
  if (typeof value !== "number" || Number.isSafeInteger(value) || source === undefined) return value;
  return EXACT_INTEGER.test(source) ? BigInt(source) : value;
}
