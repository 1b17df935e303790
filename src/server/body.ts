/**
 * From a draft to a body. A draft never holds `null`: it holds values, amounts, estimates and absences, and this
 * file turns them into JSON and collects what `_meta` has to say about them.
 */
import { fitsNumber } from "../engine/amount.ts";
import { Absent, type Known } from "../engine/reason.ts";

/** A value that we computed because the node does not report it. */
export class Estimated<T> {
  readonly value: T;
  readonly method: string;

  constructor(value: T, method: string) {
    this.value = value;
    this.method = method;
  }
}

/** Marks a value as our estimate. */
export function estimated<T>(value: T, method: string): Estimated<T> {
  return new Estimated(value, method);
}

/**
 * What a view builds for a wire type: wherever the wire says `null`, the draft says why; where it says `number`, an
 * exact amount may stand.
 */
export type Draft<T> = null extends T ? Known<DraftOf<NonNullable<T>>> | Estimated<DraftOf<NonNullable<T>>>
  : DraftOf<T> | (T extends number | string | boolean ? Estimated<T> : never);

type DraftOf<T> = T extends number ? T | bigint
  : T extends string | boolean ? T
  : T extends readonly (infer U)[] ? readonly Draft<U>[]
  : T extends object ? { readonly [K in keyof T]: Draft<T[K]> }
  : never;

/** A draft in plain values, with what has to be said about them. */
export interface Plain {
  readonly value: Readonly<Record<string, unknown>>;
  readonly partial: Readonly<Record<string, string>>;
  readonly estimated: Readonly<Record<string, string>>;
}

/** Turns a draft into plain JSON values. */
export function plain(draft: object): Plain {
  const partial: Record<string, string> = {};
  const estimates: Record<string, string> = {};
  const value = plainObject(draft, "", partial, estimates);
  return { value, partial, estimated: estimates };
}

function plainObject(
  draft: object,
  path: string,
  partial: Record<string, string>,
  estimates: Record<string, string>,
): Record<string, unknown> {
  const object: Record<string, unknown> = {};
  for (const [key, value] of Object.entries(draft)) {
    const at = path === "" ? key : `${path}.${key}`;
    object[key] = plainValue(value, at, partial, estimates);
    const amount = value instanceof Estimated ? value.value : value;
    if (typeof amount === "bigint" && !fitsNumber(amount)) object[`${key}_exact`] = amount.toString();
  }
  return object;
}

function plainValue(
  value: unknown,
  path: string,
  partial: Record<string, string>,
  estimates: Record<string, string>,
): unknown {
  if (value instanceof Absent) {
    partial[path] ??= `${value.code}: ${value.because}`;
    return null;
  }
  if (value === null) { // Only what comes from outside, such as the fields of a log line, can hold one.
    partial[path] ??= "UNDEFINED: the source says null";
    return null;
  }
  if (value instanceof Estimated) {
    estimates[path] ??= value.method;
    return plainValue(value.value, path, partial, estimates);
  }
  if (typeof value === "bigint") {
    if (fitsNumber(value)) return Number(value);
    partial[path] ??= `OUT_OF_RANGE: the exact amount is in ${path}_exact`;
    return null;
  }
  if (typeof value === "number" && !Number.isFinite(value)) {
    partial[path] ??= "UNDEFINED: the formula has no finite value here";
    return null;
  }
  if (Array.isArray(value)) return value.map((item) => plainValue(item, `${path}[]`, partial, estimates));
  if (typeof value === "object") return plainObject(value, path, partial, estimates);
  return value;
}
