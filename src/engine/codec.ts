/**
 * State and events as text and back, without a loss: JSON in which `bigint`, `Map`, absences and bytes have a tag.
 * Map entries are sorted by key, so equal states give equal texts whatever order they were built in.
 */
import { Absent, type ReasonCode } from "./reason.ts";

/** Code of the `$` that every tag begins with. */
const TAG = 36;

/** Encodes a value of plain objects, arrays, maps, numbers, bigints, texts, bytes and absences. */
export function encode(value: unknown): string {
  switch (typeof value) {
    case "string":
      return JSON.stringify(value);
    case "number":
      return Number.isFinite(value) && !Object.is(value, -0)
        ? String(value)
        : `{"$f":"${Object.is(value, -0) ? "-0" : value}"}`;
    case "bigint":
      return `{"$n":"${value}"}`;
    case "boolean":
      return value ? "true" : "false";
    case "undefined":
      return `{"$u":0}`;
    case "object":
      return value === null ? "null" : encodeObject(value);
    default:
      throw new TypeError(`Cannot encode a ${typeof value}`);
  }
}

function encodeObject(value: object): string {
  if (Array.isArray(value)) {
    let text = "[";
    for (let i = 0; i < value.length; i++) text += (i === 0 ? "" : ",") + encode(value[i]);
    return `${text}]`;
  }
  if (value instanceof Map) {
    const entries = [...value].sort(([a], [b]) => (a < b ? -1 : a > b ? 1 : 0));
    return `{"$m":[${entries.map(([key, item]) => `[${encode(key)},${encode(item)}]`).join(",")}]}`;
  }
  if (value instanceof Absent) {
    return `{"$a":[${JSON.stringify(value.code)},${JSON.stringify(value.because)}]}`;
  }
  if (value instanceof Uint8Array) return `{"$b":"${toBase64(value)}"}`;
  const keys = Object.keys(value);
  // A name that a node made up must never be taken for one of our tags.
  if (keys.some((key) => key.charCodeAt(0) === TAG)) {
    return `{"$o":${encodeObject(keys.map((key) => [key, (value as Record<string, unknown>)[key]]))}}`;
  }
  let text = "{";
  for (const key of keys) {
    const item = (value as Record<string, unknown>)[key];
    if (item === undefined) continue;
    text += (text.length === 1 ? "" : ",") + JSON.stringify(key) + ":" + encode(item);
  }
  return `${text}}`;
}

/**
 * Decodes what {@link encode} wrote.
 *
 * @throws {SyntaxError} If the text is not such a text
 */
export function decode(text: string): unknown {
  return text.includes(`{"$`) ? JSON.parse(text, revive) : JSON.parse(text);
}

function revive(_key: string, value: unknown): unknown {
  if (typeof value !== "object" || value === null || Array.isArray(value)) return value;
  for (const tag in value) {
    if (tag.charCodeAt(0) !== TAG) return value;
    const inner = (value as Record<string, unknown>)[tag];
    switch (tag) {
      case "$n":
        return BigInt(inner as string);
      case "$m":
        return new Map(inner as [unknown, unknown][]);
      case "$a": {
        const [code, because] = inner as [ReasonCode, string];
        return new Absent(code, because);
      }
      case "$b":
        return fromBase64(inner as string);
      case "$f":
        return Number(inner);
      case "$u":
        return undefined;
      case "$o":
        return Object.fromEntries(inner as [string, unknown][]);
      default:
        return value;
    }
  }
  return value;
}

function toBase64(bytes: Uint8Array): string {
  let binary = "";
  for (let i = 0; i < bytes.length; i += 0x8000) {
    binary += String.fromCharCode(...bytes.subarray(i, i + 0x8000));
  }
  return btoa(binary);
}

function fromBase64(text: string): Uint8Array {
  return Uint8Array.from(atob(text), (char) => char.charCodeAt(0));
}
