/** JSON as the node writes it: integers up to 2^64 − 1 without a loss. */

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
  if (typeof value !== "number" || Number.isSafeInteger(value) || context?.source === undefined) return value;
  return /^-?\d+$/.test(context.source) ? BigInt(context.source) : value;
}

/** Writes JSON whose keys are sorted, so that equal values give equal texts; `bigint` becomes an integer. */
export function canonicalJson(value: unknown): string {
  switch (typeof value) {
    case "bigint":
      return value.toString();
    case "object":
      if (value === null) return "null";
      if (Array.isArray(value)) return `[${value.map(canonicalJson).join(",")}]`;
      return `{${
        Object.entries(value).filter(([, item]) => item !== undefined).sort(([a], [b]) => (a < b ? -1 : 1))
          .map(([key, item]) => `${JSON.stringify(key)}:${canonicalJson(item)}`).join(",")
      }}`;
    default:
      return JSON.stringify(value) ?? "null";
  }
}
