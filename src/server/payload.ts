/** JSON of the node's own making, kept as text, as part of a draft: exact integers, and nulls with a reason. */
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
  if (typeof value !== "number" || Number.isSafeInteger(value) || context?.source === undefined) return value;
  return /^-?\d+$/.test(context.source) ? BigInt(context.source) : value;
}
