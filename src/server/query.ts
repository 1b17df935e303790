/** Query parameters by specification: what is not named is refused, and nothing is clamped silently. */
import { type FieldProblem, Problem } from "./problem.ts";

/** One query parameter. */
export type QueryParameter =
  | {
    readonly type: "integer";
    readonly min: number;
    readonly max: number;
    readonly default?: number;
    readonly meaning: string;
  }
  | { readonly type: "text"; readonly maxLength: number; readonly pattern?: RegExp; readonly meaning: string }
  | {
    readonly type: "choice";
    readonly words: readonly string[];
    readonly default?: string;
    readonly meaning: string;
  };

/** Query parameters by name. */
export type QuerySpec = Readonly<Record<string, QueryParameter>>;

/** Parsed query values; a parameter that was not given and has no default is absent. */
export type QueryValues = Readonly<Record<string, string | number | undefined>>;

/** The parameters that every paged route has. */
export const PAGING: QuerySpec = {
  limit: { type: "integer", min: 1, max: 500, default: 50, meaning: "Items on a page" },
  offset: {
    type: "integer",
    min: 0,
    max: Number.MAX_SAFE_INTEGER,
    meaning: "Items to skip; not with cursor",
  },
  cursor: { type: "text", maxLength: 256, meaning: "next_cursor of the page before" },
};

/**
 * Reads the query of a URL.
 *
 * @throws {Problem} 400 with every parameter that is unknown, repeated or out of range
 */
export function parseQuery(url: URL, spec: QuerySpec): QueryValues {
  const values: Record<string, string | number | undefined> = {};
  const errors: FieldProblem[] = [];
  for (const [name, parameter] of Object.entries(spec)) {
    if ("default" in parameter) values[name] = parameter.default;
  }
  for (const name of new Set(url.searchParams.keys())) {
    const parameter = Object.hasOwn(spec, name) ? spec[name] : undefined;
    const given = url.searchParams.getAll(name);
    const message = !parameter
      ? `is not a parameter of this route; it has ${Object.keys(spec).join(", ") || "none"}`
      : given.length > 1
      ? "is given more than once"
      : problemWith(parameter, given[0]!);
    if (message !== null) errors.push({ field: name.slice(0, 64), message });
    else values[name] = parameter!.type === "integer" ? Number(given[0]) : given[0]!;
  }
  if (values.offset !== undefined && values.cursor !== undefined) {
    errors.push({ field: "offset", message: "cannot be used together with cursor" });
  }
  if (errors.length > 0) {
    const detail = errors.map(({ field, message }) => `query parameter "${field}" ${message}`).join("; ");
    throw new Problem(400, detail, { errors });
  }
  return values;
}

function problemWith(parameter: QueryParameter, text: string): string | null {
  switch (parameter.type) {
    case "integer": {
      const value = Number(text);
      const fits = /^-?\d+$/.test(text) && value >= parameter.min && value <= parameter.max;
      return fits ? null : `must be an integer within ${parameter.min}..${parameter.max}`;
    }
    case "choice":
      return parameter.words.includes(text) ? null : `must be one of ${parameter.words.join(", ")}`;
    case "text":
      if (text.length > parameter.maxLength) return `must have at most ${parameter.maxLength} characters`;
      return !parameter.pattern || parameter.pattern.test(text)
        ? null
        : `must match ${parameter.pattern.source}`;
  }
}
