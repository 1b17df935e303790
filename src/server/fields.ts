/** Reads the fields of a JSON body: what is unknown or wrong is collected and refused all at once. */
import { type FieldProblem, Problem } from "./problem.ts";

/** The fields of one object of a request. */
export class Fields {
  readonly #values: Readonly<Record<string, unknown>>;
  readonly #errors: FieldProblem[];
  readonly #prefix: string;

  /** @param known Every field that the object may have */
  constructor(value: unknown, known: readonly string[], errors: FieldProblem[] = [], prefix = "") {
    this.#errors = errors;
    this.#prefix = prefix;
    const isObject = typeof value === "object" && value !== null && !Array.isArray(value);
    if (!isObject) errors.push({ field: prefix.slice(0, -1) || "body", message: "must be an object" });
    this.#values = isObject ? value as Record<string, unknown> : {};
    for (const key of Object.keys(this.#values)) {
      if (!known.includes(key)) {
        this.refuse(key.slice(0, 64), `is not a field of this request; it has ${known.join(", ")}`);
      }
    }
  }

  /** Whether a field was given. */
  has(name: string): boolean {
    return this.#values[name] !== undefined;
  }

  /** Notes what is wrong with a field. */
  refuse(name: string, message: string): void {
    this.#errors.push({ field: `${this.#prefix}${name}`, message });
  }

  /** A finite number within bounds; undefined when it was not given or is wrong. */
  number(name: string, min: number, max: number, required = false): number | undefined {
    const value = this.#given(name, required);
    if (value === undefined) return undefined;
    if (typeof value === "number" && value >= min && value <= max) return value;
    this.refuse(name, `must be a number within ${min}..${max}`);
    return undefined;
  }

  /** A whole number within bounds. */
  integer(name: string, min: number, max: number, required = false): number | undefined {
    const value = this.#given(name, required);
    if (value === undefined) return undefined;
    if (Number.isSafeInteger(value) && (value as number) >= min && (value as number) <= max) {
      return value as number;
    }
    this.refuse(name, `must be an integer within ${min}..${max}`);
    return undefined;
  }

  /** A text of a form. */
  text(name: string, form: RegExp, meaning: string, required = false): string | undefined {
    const value = this.#given(name, required);
    if (value === undefined) return undefined;
    if (typeof value === "string" && form.test(value)) return value;
    this.refuse(name, `must be ${meaning}`);
    return undefined;
  }

  /** One of some words. */
  choice<T extends string>(name: string, words: readonly T[], required = false): T | undefined {
    const value = this.#given(name, required);
    if (value === undefined) return undefined;
    if ((words as readonly unknown[]).includes(value)) return value as T;
    this.refuse(name, `must be one of ${words.join(", ")}`);
    return undefined;
  }

  /** True or false. */
  flag(name: string): boolean | undefined {
    const value = this.#given(name, false);
    if (value === undefined || typeof value === "boolean") return value;
    this.refuse(name, "must be true or false");
    return undefined;
  }

  /** A list of words without repetition. */
  choices<T extends string>(name: string, words: readonly T[]): readonly T[] | undefined {
    const value = this.#given(name, false);
    if (value === undefined) return undefined;
    const fits = Array.isArray(value) && new Set(value).size === value.length &&
      value.every((item) => (words as readonly unknown[]).includes(item));
    if (fits) return value;
    this.refuse(name, `must be a list of ${words.join(", ")}, each at most once`);
    return undefined;
  }

  /** An object inside this one. */
  object(name: string, known: readonly string[]): Fields | undefined {
    const value = this.#given(name, false);
    return value === undefined
      ? undefined
      : new Fields(value, known, this.#errors, `${this.#prefix}${name}.`);
  }

  /** An object whose place in the request is known by its path alone. */
  inside(path: string, value: unknown, known: readonly string[]): Fields {
    return new Fields(value, known, this.#errors, `${this.#prefix}${path}.`);
  }

  /** The names of an object inside this one whose names are free. */
  entries(name: string): readonly (readonly [string, unknown])[] | undefined {
    const value = this.#given(name, false);
    if (value === undefined) return undefined;
    if (typeof value === "object" && value !== null && !Array.isArray(value)) return Object.entries(value);
    this.refuse(name, "must be an object");
    return undefined;
  }

  /** @throws {Problem} 422 with everything that was refused */
  check(): void {
    if (this.#errors.length === 0) return;
    const detail = this.#errors.map(({ field, message }) => `${field} ${message}`).join("; ");
    throw new Problem(422, detail, { errors: this.#errors });
  }

  #given(name: string, required: boolean): unknown {
    const value = Object.hasOwn(this.#values, name) ? this.#values[name] : undefined;
    if (value === undefined && required) this.refuse(name, "is missing");
    return value === null && !required ? undefined : value;
  }
}
