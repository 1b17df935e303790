/**
 * A cursor over an answer of the node. Every value is checked once, here; an error names the path of the field,
 * what was found and what was wanted.
 */
import { AMOUNT_MAX } from "../../engine/amount.ts";
import { absent, type Known } from "../../engine/reason.ts";
import { NodeError } from "../errors.ts";
import { canonicalJson, DEPTH_MAX } from "../json.ts";

/** Items of a list that are read; a longer list is refused rather than cut. */
export const LIST_MAX = 20_000;

/** Characters of a text that are read. */
export const TEXT_MAX = 512;

/** Characters of a name that the node chose. */
const NAME_MAX = 128;

/** Largest number that is read; what the node counts fits 64 bits, and sums of such numbers stay finite. */
const NUMBER_MAX = 2 ** 64;

/** One value of an answer, and where it stands. */
export class Field {
  readonly raw: unknown;
  readonly path: string;
  readonly method: string;

  constructor(raw: unknown, method: string, path = "result") {
    this.raw = raw;
    this.method = method;
    this.path = path;
  }

  /** A member that must be there. */
  get(name: string): Field {
    const member = this.optional(name);
    if (member) return member;
    const found = clean(Object.keys(this.object()).slice(0, 8).join(", "), NAME_MAX);
    throw this.#error(`must have a field "${name}"`, `only ${found || "no fields"}`);
  }

  /** The first of several spellings of a member that must be there. */
  any(...names: readonly [string, ...string[]]): Field {
    return this.first(...names) ?? this.get(names[0]);
  }

  /** A member, unless it is missing or null. */
  optional(name: string): Field | undefined {
    const object = this.object();
    if (!Object.hasOwn(object, name)) return undefined;
    const raw = object[name];
    return raw === undefined || raw === null
      ? undefined
      : new Field(raw, this.method, `${this.path}.${name}`);
  }

  /** The first of several spellings of a member that is there. */
  first(...names: readonly string[]): Field | undefined {
    for (const name of names) {
      const member = this.optional(name);
      if (member) return member;
    }
    return undefined;
  }

  /** Reads a member that a node may leave out; `NOT_OFFERED` when it does. */
  known<T>(names: string | readonly string[], read: (field: Field) => T): Known<T> {
    const spellings = typeof names === "string" ? [names] : names;
    const member = this.first(...spellings);
    return member
      ? read(member)
      : absent("NOT_OFFERED", `${this.method} has no field "${spellings[0]}" on this node`);
  }

  /** An object. */
  object(): Readonly<Record<string, unknown>> {
    if (typeof this.raw !== "object" || this.raw === null || Array.isArray(this.raw)) {
      throw this.#error("must be an object");
    }
    return this.raw as Record<string, unknown>;
  }

  /** The members of an object that are not null, as fields. */
  entries(): readonly (readonly [string, Field])[] {
    const members = Object.entries(this.object()).filter(([, raw]) => raw !== null && raw !== undefined);
    if (members.length > LIST_MAX) {
      throw this.#error(`must have at most ${LIST_MAX} fields`, `${members.length} fields`);
    }
    return members.map(([key, raw]) => {
      const name = clean(key, NAME_MAX);
      return [name, new Field(raw, this.method, `${this.path}.${name}`)] as const;
    });
  }

  /** Whether the value is a list. */
  isList(): boolean {
    return Array.isArray(this.raw);
  }

  /** The items of a list. */
  list(max = LIST_MAX): readonly Field[] {
    if (!Array.isArray(this.raw)) throw this.#error("must be a list");
    if (this.raw.length > max) {
      throw this.#error(`must have at most ${max} items`, `${this.raw.length} items`);
    }
    return this.raw.map((raw, index) => new Field(raw, this.method, `${this.path}[${index}]`));
  }

  /** A text without control characters, cut to {@link TEXT_MAX}. */
  text(max = TEXT_MAX): string {
    if (typeof this.raw !== "string") throw this.#error("must be a text");
    return clean(this.raw, max);
  }

  /** A text that identifies something: not empty, and never cut. */
  id(max = TEXT_MAX): string {
    if (typeof this.raw !== "string") throw this.#error("must be a text");
    if (this.raw.length === 0 || this.raw.length > max) throw this.#error(`must have 1 to ${max} characters`);
    return clean(this.raw, max);
  }

  /** An integer from 0 to 2^64 − 1, exact. */
  u64(): bigint {
    const value = this.#integer();
    if (value === undefined || value < 0n || value > AMOUNT_MAX) {
      throw this.#error("must be an integer 0..2^64−1");
    }
    return value;
  }

  /** An integer from −2^63 to 2^63 − 1, exact. */
  i64(): bigint {
    const value = this.#integer();
    if (value === undefined || value < -(2n ** 63n) || value >= 2n ** 63n) {
      throw this.#error("must be an integer −2^63..2^63−1");
    }
    return value;
  }

  /** A non-negative integer that a float holds exactly. */
  count(): number {
    const value = this.#integer();
    if (value === undefined || value < 0n || value > BigInt(Number.MAX_SAFE_INTEGER)) {
      throw this.#error("must be an integer 0..2^53−1");
    }
    return Number(value);
  }

  /** A number within ±{@link NUMBER_MAX}. */
  number(): number {
    const value = typeof this.raw === "bigint" ? Number(this.raw) : this.raw;
    if (typeof value !== "number" || !(Math.abs(value) <= NUMBER_MAX)) {
      throw this.#error("must be a number within ±2^64");
    }
    return value;
  }

  /** A number from 0 to {@link NUMBER_MAX}. */
  positive(): number {
    const value = this.number();
    if (value < 0) throw this.#error("must be a number ≥ 0");
    return value;
  }

  /** A ratio in parts per million; a plausible utilisation or margin lies within ±10. */
  ppm(): number {
    const value = this.number();
    if (Math.abs(value) > 10_000_000) throw this.#error("must be parts per million within ±10,000,000");
    return Math.round(value);
  }

  /** True or false. */
  boolean(): boolean {
    if (typeof this.raw !== "boolean") throw this.#error("must be true or false");
    return this.raw;
  }

  /** The value as canonical JSON, for display and for digests. */
  json(): string {
    try {
      return canonicalJson(this.raw);
    } catch (error) {
      if (!(error instanceof RangeError)) throw error;
      throw this.#error(`must nest at most ${DEPTH_MAX} levels deep`, "more");
    }
  }

  #integer(): bigint | undefined {
    if (typeof this.raw === "bigint") return this.raw;
    return typeof this.raw === "number" && Number.isSafeInteger(this.raw) ? BigInt(this.raw) : undefined;
  }

  #error(wanted: string, found = describe(this.raw)): NodeError {
    return new NodeError("decode", this.method, `${this.path} ${wanted}, found ${found}`);
  }
}

/** Starts reading the result of a method. */
export function fieldOf(method: string, result: unknown): Field {
  return new Field(result, method);
}

function clean(text: string, max: number): string {
  return text.slice(0, max).replace(/[\p{Cc}\u2028\u2029\u202a-\u202e\u2066-\u2069]/gu, "\ufffd");
}

function describe(raw: unknown): string {
  if (raw === null) return "null";
  if (Array.isArray(raw)) return `a list of ${raw.length}`;
  if (typeof raw === "object") return "an object";
  if (typeof raw === "string") return JSON.stringify(clean(raw, 40));
  return String(raw);
}
