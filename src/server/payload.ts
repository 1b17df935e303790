/** JSON of the node's own making, kept as text, as part of a draft: exact integers, and nulls with a reason. */
import { exactInteger } from "../engine/exact_json.ts";
import { absent } from "../engine/reason.ts";

/** Reads a kept payload. */
export function payloadDraft(text: string): Readonly<Record<string, unknown>> {
  const value: unknown = JSON.parse(text, revive);
  return typeof value === "object" && value !== null && !Array.isArray(value)
    ? value as Record<string, unknown>
    : { value };
}

function revive(_key: string, value: unknown, context?: { source?: string }): unknown {
  if (value === null) return absent("NOT_OFFERED", "the node's own record holds null here");
  return exactInteger(value, context?.source);
}
