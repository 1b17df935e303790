/**
 * What can be made to go wrong: one row per fault. A row says at which layer it acts, and does nothing else; when,
 * how often and to which methods is the business of the port in `faults.ts`.
 */
import type { Random } from "../engine/random.ts";
import type { Clock } from "../runtime/ports/clock.ts";
import { writeJson } from "./json.ts";

/** Figures of one fault; each has a default that its row names. */
export interface FaultFigures {
  /** Milliseconds: latency, or the wait between two parts of a slow body. */
  readonly ms?: number;
  /** At most this much is added to `ms`, uniformly. */
  readonly jitterMs?: number;
  /** Length of a ban. */
  readonly banMs?: number;
  /** Whether a refusal says how long it lasts (`Retry-After`). */
  readonly retryAfter?: boolean;
  /** Shift of header timestamps, signed. */
  readonly offsetMs?: number;
  /** Blocks by which the tip falls. */
  readonly blocks?: number;
  /** Blocks that a reorganisation takes back. */
  readonly depth?: number;
  /** Size of an oversized body. */
  readonly bytes?: number;
}

/** A call that a fault acts on. */
export interface FaultCall {
  readonly method: string;
  readonly id: unknown;
}

/** What a fault may use while it acts. */
export interface FaultContext {
  readonly figures: FaultFigures;
  readonly clock: Clock;
  readonly random: Random;
  /** Aborted when the fault is healed or the node stops. */
  readonly healed: AbortSignal;
  /** How long the fault has been in force. */
  readonly sinceMs: number;
  /** Ends the connection of the call without an answer. */
  drop(): void;
}

/** One row. */
export type FaultEffect =
  & { readonly summary: string; readonly methods?: (method: string) => boolean }
  & (
    | {
      readonly layer: "instead";
      /** Answers in the node's place; undefined lets the node answer after all. */
      answer(call: FaultCall, context: FaultContext): Response | Promise<Response | undefined> | undefined;
    }
    | {
      readonly layer: "after";
      /** Changes what the node answered. */
      alter(text: string, call: FaultCall, context: FaultContext): string | BodyInit;
      readonly type?: string;
    }
    | { readonly layer: "tcp"; readonly mode: "half_open" | "reset" }
    | { readonly layer: "chain" }
  );

const JSON_TYPE = "application/json";
const ENERGY = (method: string) => method.startsWith("energy.");
const HEADERS = (method: string) => method === "light.headers" || method === "light.latest_header";
const SUBMIT_TX = (method: string) => method === "submit_tx";
const AMOUNTS = (method: string) =>
  method === "balance" || method === "receipt.audit" || method === "energy.receipts";

const U64_MAX = 18_446_744_073_709_551_615n;
const HANG_MS_MAX = 600_000;
const OVERSIZED_BYTES = 11 * 1_048_576;
const NESTING = 100_000;
const HOUR_MS = 3_600_000;

/** Every fault by name. */
export const FAULTS = {
  latency: {
    summary: "answers `ms` (default 300) plus up to `jitterMs` later",
    layer: "instead",
    answer: async (_call, { figures, clock, random, healed }) => {
      await clock.sleep((figures.ms ?? 300) + random.next() * (figures.jitterMs ?? 0), healed);
      return undefined;
    },
  },
  hang: {
    summary: "takes the request and answers only once healed",
    layer: "instead",
    answer: async (_call, { clock, healed }) => {
      await clock.sleep(HANG_MS_MAX, healed);
      return undefined;
    },
  },
  half_open: {
    summary: "the whole node accepts connections and neither reads nor answers, like a stopped process",
    layer: "tcp",
    mode: "half_open",
  },
  reset: {
    summary: "closes the connection before the answer; without `methods`, every connection at its first byte",
    layer: "instead",
    answer: (_call, { drop }) => {
      drop();
      return new Response(null, { status: 500 });
    },
  },
  lost_answer: {
    summary: "does what is asked and closes the connection before the answer",
    layer: "after",
    alter: (_text, _call, { drop }) => {
      drop();
      return "";
    },
  },
  tx_rejected: {
    summary: "refuses every transaction, as one whose fee is too low",
    layer: "instead",
    methods: SUBMIT_TX,
    answer: (call) => answered(call, `{"error":"FeeTooLow"}`),
  },
  refuse: {
    summary: "the whole node closes every connection at once",
    layer: "tcp",
    mode: "reset",
  },
  slow_body: {
    summary: "sends the answer in eight parts, `ms` (default 1,500) apart",
    layer: "after",
    alter: (text, _call, { figures, clock, healed }) => inParts(text, figures.ms ?? 1_500, clock, healed),
  },
  http_500: { summary: "HTTP 500, empty", layer: "instead", answer: () => status(500) },
  http_502: { summary: "HTTP 502, empty", layer: "instead", answer: () => status(502) },
  http_503: { summary: "HTTP 503, empty", layer: "instead", answer: () => status(503) },
  http_504: { summary: "HTTP 504, empty", layer: "instead", answer: () => status(504) },
  http_403: { summary: "HTTP 403, empty", layer: "instead", answer: () => status(403) },
  html_body: {
    summary: "HTTP 200 with a page of a proxy",
    layer: "instead",
    answer: () =>
      new Response("<!doctype html><title>Bad gateway</title><h1>Bad gateway</h1>", {
        headers: { "content-type": "text/html" },
      }),
  },
  truncated_json: {
    summary: "the first part of the answer, with a length that fits it",
    layer: "after",
    alter: (text, _call, { random }) => text.slice(0, random.integer(1, text.length - 1)),
  },
  wrong_id: {
    summary: "the answer to a request with another id",
    layer: "after",
    alter: (text, { id }) => withId(text, typeof id === "number" ? id + 1_000_000 : "another"),
  },
  null_id: { summary: "`id` null", layer: "after", alter: (text) => withId(text, null) },
  duplicate_id: {
    summary: "the key `id` twice, with another value the second time",
    layer: "after",
    alter: (text) => text.replace(/\}$/, `,"id":0}`),
  },
  result_null: {
    summary: "`result` null",
    layer: "instead",
    answer: (call) => answered(call, "null"),
  },
  method_not_found: {
    summary: "−32601, as from a node that does not have the method",
    layer: "instead",
    answer: (call) => failed(call, -32601, "method not found"),
  },
  oversized_body: {
    summary: "streams `bytes` (default 11 MiB) of valid JSON",
    layer: "instead",
    answer: (call, { figures, healed }) => oversized(call, figures.bytes ?? OVERSIZED_BYTES, healed),
  },
  nan: {
    summary: "one number is the literal NaN",
    layer: "after",
    alter: (text, _call, { random }) => withNumber(text, "NaN", random),
  },
  infinity: {
    summary: "one number is 1e400",
    layer: "after",
    alter: (text, _call, { random }) => withNumber(text, "1e400", random),
  },
  huge_u64: {
    summary: "the amount of a balance, and of the first receipt of a page, is 2^64 − 1",
    layer: "after",
    methods: AMOUNTS,
    alter: (text) => withAmount(text, U64_MAX),
  },
  negative_amount: {
    summary: "the amount of a balance, and of the first receipt of a page, is negative",
    layer: "after",
    methods: AMOUNTS,
    alter: (text) => withAmount(text, -1n),
  },
  wrong_types: {
    summary: "one value of the answer has another type",
    layer: "after",
    alter: (text, _call, { random }) => withWrongType(text, random),
  },
  deep_nesting: {
    summary: "a result of 100,000 nested lists",
    layer: "instead",
    answer: (call) => answered(call, "[".repeat(NESTING) + "]".repeat(NESTING)),
  },
  rate_limited: {
    summary: "HTTP 429, `rate limited` once and then `banned`, for `banMs` (default 60,000)",
    layer: "instead",
    answer: (call, context) => refusal(call, context, 429, context.sinceMs > 0 ? "banned" : "rate limited"),
  },
  banned: {
    summary: "HTTP 429 with `banned`, for `banMs` (default 60,000)",
    layer: "instead",
    answer: (call, context) => refusal(call, context, 429, "banned"),
  },
  banned_in_200: {
    summary: "HTTP 200 with the error `banned`, for `banMs` (default 60,000)",
    layer: "instead",
    answer: (call, context) => refusal(call, context, 200, "banned"),
  },
  unauthorized: {
    summary: "−33009 for the energy methods",
    layer: "instead",
    methods: ENERGY,
    answer: (call) => failed(call, -33009, "unauthorized"),
  },
  clock_skew: {
    summary: "header timestamps are `offsetMs` (default one hour) off",
    layer: "after",
    methods: HEADERS,
    alter: (text, _call, { figures }) =>
      text.replace(
        /"timestamp_ms":(\d+)/g,
        (_all, ms: string) => `"timestamp_ms":${Number(ms) + (figures.offsetMs ?? HOUR_MS)}`,
      ),
  },
  wrong_chain: { summary: "everything but `simulator.*` is of another chain", layer: "chain" },
  behind: { summary: "the tip is `blocks` (default 5) lower, on the same chain", layer: "chain" },
  reorg: {
    summary: "the next `depth` (default 1) blocks are taken back by the one after them",
    layer: "chain",
  },
  stuck_mempool: { summary: "blocks come without the transactions that were submitted", layer: "chain" },
  uncle: {
    summary: "the next block is replaced by another one of its height when this is healed",
    layer: "chain",
  },
} as const satisfies Readonly<Record<string, FaultEffect>>;

/** The name of a fault. */
export type FaultName = keyof typeof FAULTS;

/** The row of a fault; undefined for an unknown name. */
export function faultOf(name: string): FaultEffect | undefined {
  return Object.hasOwn(FAULTS, name) ? FAULTS[name as FaultName] : undefined;
}

/** How long a fault lasts by itself; undefined for until it is healed. */
export function ownLengthMs(name: FaultName, figures: FaultFigures): number | undefined {
  return name === "rate_limited" || name === "banned" || name === "banned_in_200"
    ? figures.banMs ?? 60_000
    : undefined;
}

function status(code: number): Response {
  return new Response(null, { status: code });
}

function answered({ id }: FaultCall, result: string): Response {
  return new Response(`{"id":${writeJson(id)},"jsonrpc":"2.0","result":${result}}`, {
    headers: { "content-type": JSON_TYPE },
  });
}

function failed({ id }: FaultCall, code: number, message: string, http = 200, headers = {}): Response {
  return new Response(writeJson({ error: { code, message }, id, jsonrpc: "2.0" }), {
    status: http,
    headers: { "content-type": JSON_TYPE, ...headers },
  });
}

function refusal(
  call: FaultCall,
  { figures, sinceMs }: FaultContext,
  http: number,
  message: "rate limited" | "banned",
): Response {
  const restMs = Math.max(0, (figures.banMs ?? 60_000) - sinceMs);
  const headers = figures.retryAfter ? { "retry-after": String(Math.ceil(restMs / 1_000)) } : {};
  const asked = http === 429 ? { ...call, id: null } : call;
  return failed(asked, message === "banned" ? -32002 : -32001, message, http, headers);
}

function withId(text: string, id: unknown): string {
  return writeJson({ ...(JSON.parse(text) as object), id });
}

/** A place in an answer where a value can be exchanged. */
interface Place {
  readonly holder: Record<string, unknown>;
  readonly key: string;
}

/** Every place below `result` that holds a value of this kind. */
function placesIn(answer: unknown, fits: (value: unknown) => boolean): Place[] {
  const places: Place[] = [];
  const visit = (holder: unknown, key: string) => {
    const value = (holder as Record<string, unknown>)[key];
    if (fits(value)) places.push({ holder: holder as Record<string, unknown>, key });
    if (typeof value === "object" && value !== null) {
      for (const inner of Object.keys(value)) visit(value, inner);
    }
  };
  visit(answer, "result");
  return places;
}

function withNumber(text: string, literal: string, random: Random): string {
  const answer: unknown = JSON.parse(text);
  const places = placesIn(answer, (value) => typeof value === "number");
  if (places.length === 0) return text;
  const { holder, key } = random.pick(places);
  const mark = "\u0001number\u0001";
  holder[key] = mark;
  return writeJson(answer).replace(JSON.stringify(mark), literal);
}

function withWrongType(text: string, random: Random): string {
  const answer: unknown = JSON.parse(text);
  const places = placesIn(answer, () => true);
  const { holder, key } = random.pick(places);
  const value = holder[key];
  holder[key] = typeof value === "number"
    ? "many"
    : typeof value === "string"
    ? { value }
    : Array.isArray(value)
    ? {}
    : typeof value === "boolean"
    ? 17
    : [value];
  return writeJson(answer);
}

function withAmount(text: string, amount: bigint): string {
  const answer = JSON.parse(text) as { result?: Record<string, unknown> };
  const { result } = answer;
  if (result === undefined) return text;
  if ("amount" in result) result.amount = amount;
  const first = Array.isArray(result.receipts) ? result.receipts[0] as Record<string, unknown> : undefined;
  if (first && "price_paid" in first) first.price_paid = amount;
  else if (first) first.amount = amount;
  return writeJson(answer);
}

const PARTS = 8;

function inParts(text: string, ms: number, clock: Clock, healed: AbortSignal): ReadableStream<Uint8Array> {
  const bytes = new TextEncoder().encode(text);
  const size = Math.max(1, Math.ceil(bytes.length / PARTS));
  let sent = 0;
  return new ReadableStream({
    async pull(controller) {
      if (sent > 0) await clock.sleep(ms, healed);
      controller.enqueue(bytes.subarray(sent, sent + size));
      sent += size;
      if (sent >= bytes.length) controller.close();
    },
  });
}

function oversized({ id }: FaultCall, bytes: number, healed: AbortSignal): Response {
  const part = new Uint8Array(65_536).fill(120);
  const encoder = new TextEncoder();
  let left = bytes;
  let begun = false;
  const body = new ReadableStream<Uint8Array>({
    pull(controller) {
      if (!begun) controller.enqueue(encoder.encode(`{"id":${writeJson(id)},"jsonrpc":"2.0","result":"`));
      begun = true;
      if (left > 0 && !healed.aborted) {
        left -= part.length;
        return controller.enqueue(part);
      }
      controller.enqueue(encoder.encode(`"}`));
      controller.close();
    },
  });
  return new Response(body, { headers: { "content-type": JSON_TYPE } });
}
