/** JSON as the node writes it: integers up to 2^64 − 1 without a loss. */
import { exactInteger } from "../engine/exact_json.ts";

/** A text without so long a run of digits holds no integer above 2^53. */
const LONG_INTEGER = /\d{16}/;

/**
 * Parses JSON; integers that a float cannot hold become `bigint`. The exact path costs about seven times the plain
 * one, so it is only taken for texts that need it.
 *
 * @throws {SyntaxError} If the text is not JSON
 */
export function parseExact(text: string): unknown {
  if (!LONG_INTEGER.test(text)) return JSON.parse(text);
  return JSON.parse(text, exactReviver);
}

function exactReviver(_key: string, value: unknown, context?: { source?: string }): unknown {
  return exactInteger(value, context?.source);
}

/** Levels of nesting that are written. */
export const DEPTH_MAX = 64;

/**
 * Writes JSON whose keys are sorted, so that equal values give equal texts; `bigint` becomes an integer.
 *
 * @throws {RangeError} If the value nests deeper than {@link DEPTH_MAX}
 */
export function canonicalJson(value: unknown, depth = DEPTH_MAX): string {
  if (depth < 0) throw new RangeError(`Cannot write JSON that nests deeper than ${DEPTH_MAX} levels`);
  switch (typeof value) {
    case "bigint":
      return value.toString();
    case "object":
      if (value === null) return "null";
      if (Array.isArray(value)) return `[${value.map((item) => canonicalJson(item, depth - 1)).join(",")}]`;
      return `{${
        Object.entries(value).filter(([, item]) => item !== undefined).sort(([a], [b]) => (a < b ? -1 : 1))
          .map(([key, item]) => `${JSON.stringify(key)}:${canonicalJson(item, depth - 1)}`).join(",")
      }}`;
    default:
      return JSON.stringify(value) ?? "null";
  }
}
