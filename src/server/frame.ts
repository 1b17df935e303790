/**
 * Encoded bodies. A topic is encoded once per change, whoever asks for it and however: a GET returns the same bytes
 * as a snapshot on the socket, and a patch is what differs from the body before.
 */
import { createHash } from "node:crypto";
import { gzipSync } from "node:zlib";
import type { CoreState } from "../engine/state.ts";
import type { ObservationKey, Slice } from "../engine/observation.ts";
import { isKnown } from "../engine/reason.ts";
import type { Topic } from "../engine/topic.ts";
import { plain } from "./body.ts";
import type { Ambient, View } from "./views/view.ts";
import type { Meta } from "./wire.ts";

/** Patches kept per topic for clients that come back. */
export const PATCHES_MAX = 256;

/** Bodies smaller than this are not worth compressing. */
const GZIP_MIN_BYTES = 1_024;

/** A body of which no part is alive counts as current for as long as the link stands. */
const IDLE_TTL_MS = 10_000;

/** JSON text that can be sent as it is. */
export class Encoded {
  readonly json: string;
  readonly etag: string;
  #gzip: Uint8Array<ArrayBuffer> | null | undefined;

  constructor(json: string) {
    this.json = json;
    this.etag = `"${createHash("sha256").update(json).digest("base64url").slice(0, 22)}"`;
  }

  /** The same compressed; null where that would not pay. */
  gzip(): Uint8Array<ArrayBuffer> | null {
    if (this.#gzip === undefined) {
      this.#gzip = this.json.length < GZIP_MIN_BYTES
        ? null
        : new Uint8Array(gzipSync(this.json, { level: 6 }));
    }
    return this.#gzip;
  }
}

/** One encoded version of a topic. */
export interface Frame {
  readonly topic: Topic;
  readonly seq: number;
  readonly encoded: Encoded;
  /** `data` of the patch from `seq − 1`; null on the first frame, and where no patch can lead here. */
  readonly patch: string | null;
  readonly asOfMs: number;
  /** When it turns stale. */
  readonly expiresMs: number;
  readonly stale: boolean;
}

interface TopicState {
  frame: Frame;
  /** JSON of each top-level member of the newest body. */
  members: ReadonlyMap<string, string>;
  /** The newest body, for list patches. */
  value: Readonly<Record<string, unknown>>;
  /** Patches by the sequence number that they lead to. */
  patches: { readonly seq: number; readonly data: string }[];
}

/** Encodes topics and keeps what clients may still ask for. */
export class Frames {
  readonly #views: Readonly<Record<Topic, View<unknown>>>;
  readonly #topics = new Map<Topic, TopicState>();

  readonly #firstSeq: number;

  /**
   * @param firstSeq Where sequence numbers begin. A later start of the program must begin above everything that an
   * earlier one can have reached, so that a client that comes back with an old number gets a snapshot.
   */
  constructor(views: Readonly<Record<Topic, View<unknown>>>, firstSeq = 1) {
    this.#views = views;
    this.#firstSeq = firstSeq;
  }

  /** The newest frame of a topic, if it was ever encoded. */
  current(topic: Topic): Frame | undefined {
    return this.#topics.get(topic)?.frame;
  }

  /** Encodes a topic anew. */
  encode(topic: Topic, state: CoreState, ambient: Ambient, nowMs: number): Frame {
    const view = this.#views[topic];
    const built = view.build(state, ambient);
    const { value, partial, estimated } = plain(built.draft as object);
    const { asOfMs, expiresMs } = freshness(state, built.slices, built.ttlMs, nowMs);
    const before = this.#topics.get(topic);
    const seq = before ? before.frame.seq + 1 : this.#firstSeq;
    const stale = nowMs > expiresMs;
    const meta: Meta = {
      source: state.node?.simulated ? "simulated" : built.source,
      as_of_ms: asOfMs,
      ttl_ms: expiresMs - asOfMs,
      stale,
      seq,
      units: built.units ?? view.units,
      partial,
      estimated,
    };
    const body: Record<string, unknown> = { ...value, timestamp: Math.floor(asOfMs / 1000), _meta: meta };
    const members = new Map(Object.entries(body).map(([key, member]) => [key, JSON.stringify(member)]));
    const json = `{${[...members].map(([key, text]) => `${JSON.stringify(key)}:${text}`).join(",")}}`;
    const patch = before ? patchOf(before, members, body) : null;
    const frame: Frame = { topic, seq, encoded: new Encoded(json), patch, asOfMs, expiresMs, stale };
    const patches = before?.patches ?? [];
    if (patch === null) patches.length = 0; // Nobody can get past this version by patches.
    else patches.push({ seq, data: patch });
    if (patches.length > PATCHES_MAX) patches.shift();
    this.#topics.set(topic, { frame, members, value: body, patches });
    return frame;
  }

  /** The patches after `seq`, oldest first, or null when they are no longer all kept. */
  patchesSince(topic: Topic, seq: number): readonly { readonly seq: number; readonly data: string }[] | null {
    const state = this.#topics.get(topic);
    if (!state || seq > state.frame.seq) return null;
    if (seq === state.frame.seq) return [];
    const first = state.patches[0];
    return first && first.seq <= seq + 1 ? state.patches.filter((patch) => patch.seq > seq) : null;
  }

  /** Topics that have turned stale since they were encoded. */
  expired(nowMs: number): readonly Topic[] {
    const topics: Topic[] = [];
    for (const { frame } of this.#topics.values()) {
      if (!frame.stale && nowMs > frame.expiresMs) topics.push(frame.topic);
    }
    return topics;
  }
}

/** A body is as old as the oldest slice that it shows, and current until the first of them expires. */
function freshness(
  state: CoreState,
  keys: readonly ObservationKey[],
  ttlMs: number | undefined,
  nowMs: number,
): { asOfMs: number; expiresMs: number } {
  if (ttlMs !== undefined) return { asOfMs: nowMs, expiresMs: nowMs + ttlMs };
  let asOfMs = Infinity;
  let expiresMs = Infinity;
  for (const key of keys) {
    const slice: Slice<unknown> | undefined = state.slices[key];
    if (!slice || !isKnown(slice.value)) continue;
    asOfMs = Math.min(asOfMs, slice.asOfMs);
    expiresMs = Math.min(expiresMs, slice.asOfMs + slice.ttlMs);
  }
  if (asOfMs !== Infinity) return { asOfMs, expiresMs };
  // Nothing alive: the body says what we know of the link.
  const sinceMs = state.nowMs || nowMs;
  return { asOfMs: sinceMs, expiresMs: state.link.up ? nowMs + IDLE_TTL_MS : sinceMs };
}

/** What changed, as a shallow merge; null when a member is gone, because a merge takes nothing away. */
function patchOf(
  before: TopicState,
  members: ReadonlyMap<string, string>,
  body: Readonly<Record<string, unknown>>,
): string | null {
  for (const key of before.members.keys()) if (!members.has(key)) return null;
  const changed: string[] = [];
  for (const [key, text] of members) {
    if (before.members.get(key) === text) continue;
    changed.push(`${JSON.stringify(key)}:${listPatch(before.value[key], body[key]) ?? text}`);
  }
  return `{${changed.join(",")}}`;
}

interface Row {
  readonly id: string | number;
}

/**
 * A list of rows with ids as `{upsert, remove}`: rows that are new go to the front in the given order, the others
 * stay where they are. Null when that would not give exactly the new list, or would not be shorter.
 */
function listPatch(before: unknown, after: unknown): string | null {
  if (!isRows(before) || !isRows(after) || before.length === 0 || after.length === 0) return null;
  const old = new Map(before.map((row) => [row.id, JSON.stringify(row)]));
  const now = new Set(after.map(({ id }) => id));
  if (old.size < before.length || now.size < after.length) return null; // Two rows of one id cannot be told apart.
  const upsert = after.filter((row) => old.get(row.id) !== JSON.stringify(row));
  const remove = before.filter(({ id }) => !now.has(id)).map(({ id }) => id);
  const merged = [
    ...upsert.filter(({ id }) => !old.has(id)).map(({ id }) => id),
    ...before.filter(({ id }) => now.has(id)).map(({ id }) => id),
  ];
  if (merged.length !== after.length || merged.some((id, i) => id !== after[i]!.id)) return null;
  const patch = JSON.stringify({ upsert, remove });
  return upsert.length < after.length ? patch : null;
}

function isRows(value: unknown): value is readonly Row[] {
  return Array.isArray(value) &&
    value.every((row) => typeof row === "object" && row !== null && Object.hasOwn(row, "id"));
}
