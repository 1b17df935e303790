/**
 * Why a value is unknown. A value that nobody measured or derived is never a number: it is {@link Absent}, and
 * reaches the wire as `null` with a `CODE: sentence` beside it.
 */

/** Every reason code with its meaning; the documentation table is generated from this. */
export const REASON_CODES = {
  NOT_OFFERED: "This node does not offer the question that would answer it.",
  NODE_DOWN: "The node has not answered since the program started.",
  WARMING_UP: "The engine has not yet seen enough data.",
  NO_ACCOUNT: "No account of ours is configured for it.",
  NO_SAMPLES: "Nothing happened in the window that it is computed over.",
  NO_PRICE: "The market has neither receipts nor a quote.",
  DISABLED: "The market or feature is switched off in the configuration or on the node.",
  UNDEFINED: "The formula has no value for these inputs (for example a division by zero).",
  OUT_OF_RANGE: "The exact value does not fit a JSON number; the exact decimal stands beside it.",
  AUTH: "The node asks for a credential that is not configured or not accepted.",
} as const;

/** A reason code of {@link REASON_CODES}. */
export type ReasonCode = keyof typeof REASON_CODES;

/** A value that is not known, and why. */
export class Absent {
  readonly code: ReasonCode;
  readonly because: string;

  constructor(code: ReasonCode, because: string) {
    this.code = code;
    this.because = because;
  }
}

/** A value, or the reason why there is none. */
export type Known<T> = T | Absent;

/** Makes an {@link Absent}. */
export function absent(code: ReasonCode, because: string): Absent {
  return new Absent(code, because);
}

/** Whether a value is known. */
export function isKnown<T>(value: Known<T>): value is Exclude<T, Absent> {
  return !(value instanceof Absent);
}

/** Applies a function to a known value; an unknown one stays unknown for the same reason. */
export function mapKnown<T, U>(value: Known<T>, fn: (value: T) => Known<U>): Known<U> {
  return value instanceof Absent ? value : fn(value as T);
}

/** The value, or `fallback` when it is not known. */
export function knownOr<T, F>(value: Known<T>, fallback: F): T | F {
  return value instanceof Absent ? fallback : value as T;
}
