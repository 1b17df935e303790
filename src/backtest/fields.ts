/** Reads fields of untrusted JSON and collects everything that is wrong. */
import type { FieldError } from "../runtime/ports/backtest.ts";

/** Problems that one answer tells. */
const PROBLEMS_MAX = 50;

/** Reads one object. Fields that are not asked for are problems when {@link Fields.end} is called. */
export class Fields {
  readonly #object: Readonly<Record<string, unknown>>;
  readonly #path: string;
  readonly #problems: FieldError[];
  readonly #asked = new Set<string>();

  /** @param problems Collects; shared by all objects of one body */
  constructor(value: unknown, path: string, problems: FieldError[]) {
    this.#path = path;
    this.#problems = problems;
    const isObject = typeof value === "object" && value !== null && !Array.isArray(value);
    if (!isObject) this.complain("", "must be an object");
    this.#object = isObject ? value as Record<string, unknown> : {};
  }

  complain(name: string, message: string): void {
    if (this.#problems.length >= PROBLEMS_MAX) return;
    const field = name === "" ? this.#path : this.#path === "" ? name : `${this.#path}.${name}`;
    this.#problems.push({ field: field === "" ? "body" : field, message });
  }

  has(name: string): boolean {
    return Object.hasOwn(this.#object, name);
  }

  /** The value as it came; undefined where there is none. */
  raw(name: string): unknown {
    this.#asked.add(name);
    return this.has(name) ? this.#object[name] : undefined;
  }

  /** An object in this one; an empty one where there is none. */
  object(name: string): Fields {
    const value = this.raw(name);
    const path = this.#path === "" ? name : `${this.#path}.${name}`;
    return new Fields(value === undefined ? {} : value, path, this.#problems);
  }

  /** A number within a closed range; without `fallback` it is required. */
  number(name: string, low: number, high: number, fallback?: number): number {
    return this.#numberOf(name, this.raw(name), low, high, false, fallback);
  }

  integer(name: string, low: number, high: number, fallback?: number): number {
    return this.#numberOf(name, this.raw(name), low, high, true, fallback);
  }

  /** A number, or null where it says so. */
  numberOrNull(name: string, low: number, high: number, fallback: number | null = null): number | null {
    const value = this.raw(name);
    if (value === undefined) return fallback;
    return value === null ? null : this.#numberOf(name, value, low, high, false);
  }

  integerOrNull(name: string, low: number, high: number, fallback: number | null = null): number | null {
    const value = this.raw(name);
    if (value === undefined) return fallback;
    return value === null ? null : this.#numberOf(name, value, low, high, true);
  }

  /** One of some words. */
  word<W extends string>(name: string, words: readonly W[], fallback?: W): W {
    const value = this.raw(name);
    if (value === undefined && fallback !== undefined) return fallback;
    if ((words as readonly unknown[]).includes(value)) return value as W;
    this.complain(name, `${value === undefined ? "is missing; it " : ""}must be one of ${words.join(", ")}`);
    return fallback ?? words[0]!;
  }

  boolean(name: string, fallback: boolean): boolean {
    const value = this.raw(name);
    if (value === undefined || typeof value === "boolean") return value ?? fallback;
    this.complain(name, "must be true or false");
    return fallback;
  }

  text(name: string, lengthMax: number): string {
    const value = this.raw(name);
    if (typeof value === "string" && value.length > 0 && value.length <= lengthMax) return value;
    this.complain(
      name,
      `${value === undefined ? "is missing; it " : ""}must be a text of 1..${lengthMax} characters`,
    );
    return "";
  }

  list(name: string, min: number, max: number): readonly unknown[] {
    const value = this.raw(name);
    if (Array.isArray(value) && value.length >= min && value.length <= max) return value;
    this.complain(
      name,
      `${value === undefined ? "is missing; it " : ""}must be a list of ${min}..${max} items`,
    );
    return [];
  }

  /** Says which fields nobody knows. */
  end(): void {
    for (const name of Object.keys(this.#object)) {
      if (!this.#asked.has(name)) {
        this.complain(name.slice(0, 64), `is not known; there are ${[...this.#asked].join(", ")}`);
      }
    }
  }

  #numberOf(
    name: string,
    value: unknown,
    low: number,
    high: number,
    integer: boolean,
    fallback?: number,
  ): number {
    if (value === undefined && fallback !== undefined) return fallback;
    if (
      typeof value === "number" && value >= low && value <= high && (!integer || Number.isInteger(value))
    ) {
      return value;
    }
    const kind = integer ? "an integer" : "a number";
    this.complain(
      name,
      `${value === undefined ? "is missing; it " : ""}must be ${kind} within ${low}..${high}`,
    );
    return fallback ?? low;
  }
}
