import { createHash } from "node:crypto";
import { gunzipSync } from "node:zlib";
// @ts-types="#types/std_assert.d.ts"
import { assert, assertEquals, assertNotEquals } from "@std/assert";
import { Core } from "../engine/core.ts";
import { type CoreState } from "../engine/state.ts";
import type { ObservationKey } from "../engine/observation.ts";
import { Random } from "../engine/random.ts";
import { absent } from "../engine/reason.ts";
import { type Topic, TOPIC_NAMES } from "../engine/topic.ts";
import { Encoded, type Frame, Frames, PATCHES_MAX } from "./frame.ts";
import type { Ambient, View } from "./views/view.ts";

const T0 = 1_767_225_600_000;
const AMBIENT = {} as Ambient;
type Json = Record<string, unknown>;

/** Frames whose every topic shows whatever `draft` holds. */
function framesOf(
  draft: () => object,
  slices: readonly ObservationKey[] = [],
  ttlMs: number | null = 10_000,
  firstSeq = 1,
): Frames {
  const view: View<unknown> = {
    units: { height: "block" },
    build: () => ({
      draft: draft() as never,
      slices,
      source: "node",
      ...(ttlMs === null ? {} : { ttlMs }),
    }),
  };
  return new Frames(
    Object.fromEntries(TOPIC_NAMES.map((topic) => [topic, view])) as Record<Topic, View<unknown>>,
    firstSeq,
  );
}

function newState(): CoreState {
  const enabled = { compute: true, storage: true, energy: true, ad: true };
  return new Core({ finalityDepth: 32, enabled }).state;
}

/** What a client does with a patch: a shallow merge, lists by id. */
function applyPatch(body: Json, patch: Json): Json {
  const next = { ...body };
  for (const [key, member] of Object.entries(patch)) {
    const old = next[key];
    const change = member as { upsert?: Json[]; remove?: unknown[] } | null;
    const isListPatch = Array.isArray(old) && typeof change === "object" && change !== null &&
      !Array.isArray(change) && Array.isArray(change.upsert) && Array.isArray(change.remove);
    next[key] = isListPatch ? mergeRows(old, change.upsert!, change.remove!) : member;
  }
  return next;
}

function mergeRows(rows: readonly Json[], upsert: readonly Json[], remove: readonly unknown[]): Json[] {
  const changed = new Map(upsert.map((row) => [row.id, row]));
  const known = new Set(rows.map(({ id }) => id));
  const kept = rows.filter(({ id }) => !remove.includes(id)).map((row) => changed.get(row.id) ?? row);
  return [...upsert.filter(({ id }) => !known.has(id)), ...kept];
}

/** A body with scalars, objects and lists of rows, of which a few change at a time. */
class RandomBody {
  readonly #random: Random;
  readonly #body: Json = {
    height: 1,
    label: "a",
    nested: { x: 1, y: [1, 2] },
    rows: [],
    plain: [],
    mixed: [],
  };
  #nextId = 0;

  constructor(random: Random) {
    this.#random = random;
  }

  next(): Json {
    const random = this.#random;
    if (random.chance(0.5)) this.#body.height = random.integer(0, 5);
    if (random.chance(0.2)) this.#body.label = random.pick(["a", 'quote " and \\', "ünï", "{}"]);
    if (random.chance(0.3)) this.#body.nested = { x: random.integer(0, 3), y: [random.integer(0, 9)] };
    if (random.chance(0.3)) this.#body.plain = [random.integer(0, 3), random.integer(0, 3)];
    if (random.chance(0.1)) this.#body.mixed = random.pick([[], [{ id: 1 }, 2], [{ id: 1 }], { upsert: [] }]);
    if (random.chance(0.7)) this.#body.rows = this.#rows(this.#body.rows as Json[]);
    if (random.chance(0.05)) this.#body.volume = random.pick([1n, 2n ** 60n]);
    return this.#body;
  }

  #rows(old: readonly Json[]): Json[] {
    const random = this.#random;
    let rows = old.filter(() => !random.chance(0.1))
      .map((row) => random.chance(0.2) ? { ...row, value: random.integer(0, 9) } : row);
    const added = random.integer(0, 2);
    for (let i = 0; i < added; i++) {
      const row = { id: random.chance(0.3) ? this.#nextId : `r${this.#nextId}`, value: random.integer(0, 9) };
      this.#nextId++;
      rows = random.chance(0.7) ? [row, ...rows] : [...rows, row];
    }
    if (random.chance(0.1)) rows = rows.reverse();
    if (random.chance(0.05) && rows.length > 0) rows = [...rows, { ...rows[0], value: -1 }];
    return rows;
  }
}

Deno.test("Encoded.etag is a strong hash of exactly the bytes", () => {
  const one = new Encoded('{"a":1}');
  assertEquals(one.etag, new Encoded('{"a":1}').etag);
  assertNotEquals(one.etag, new Encoded('{"a":2}').etag);
  assertEquals(one.etag, `"${createHash("sha256").update('{"a":1}').digest("base64url").slice(0, 22)}"`);
});

Deno.test("Encoded.gzip() gives the same text back, once, and only where it pays", () => {
  assertEquals(new Encoded("x".repeat(1_023)).gzip(), null);
  const large = new Encoded(JSON.stringify({ text: "é".repeat(2_000) }));
  const bytes = large.gzip()!;
  assertEquals(new TextDecoder().decode(gunzipSync(bytes)), large.json);
  assert(large.gzip() === bytes, "compressed only once");
});

Deno.test("Frames.encode() writes the draft's members, timestamp and _meta, in this order", () => {
  const frames = framesOf(() => ({ height: 7, tps: absent("NOT_OFFERED", "none") }), [], 10_000, 42);
  const frame = frames.encode("health", newState(), AMBIENT, T0 + 999);
  assertEquals(
    frame.encoded.json,
    `{"height":7,"tps":null,"timestamp":${T0 / 1000},"_meta":{"source":"node","as_of_ms":${T0 + 999},` +
      `"ttl_ms":10000,"stale":false,"seq":42,"units":{"height":"block"},` +
      `"partial":{"tps":"NOT_OFFERED: none"},"estimated":{}}}`,
  );
  assertEquals([frame.seq, frame.patch], [42, null]);
  assert(frames.current("health") === frame);
  assertEquals(frames.current("gates"), undefined);
});

Deno.test("Frames.encode() gives the same bytes for the same state", () => {
  const body = new RandomBody(new Random("frame", "stable")).next();
  const [one, two] = [1, 2].map(() => framesOf(() => body).encode("health", newState(), AMBIENT, T0));
  assertEquals(one!.encoded.json, two!.encoded.json);
  assertEquals(one!.encoded.etag, two!.encoded.etag);
});

Deno.test("Frames.encode() marks a body of a simulated node whatever the view says", () => {
  const state = newState();
  const frames = framesOf(() => ({}));
  const source = () =>
    JSON.parse(frames.encode("health", state, AMBIENT, T0).encoded.json)._meta.source as string;
  assertEquals(source(), "node");
  state.node = {
    dialect: "readme",
    simulated: { seed: 1, scenario: "calm", dialect: "readme" },
    capabilities: [],
    atMs: T0,
  };
  assertEquals(source(), "simulated");
});

Deno.test("Frames.encode() makes patches that lead from every body to the next", () => {
  let listPatches = 0;
  for (let seed = 1; seed <= 40; seed++) {
    const random = new RandomBody(new Random("patch", seed));
    let draft = random.next();
    const frames = framesOf(() => draft);
    let frame = frames.encode("health", newState(), AMBIENT, T0);
    let held = JSON.parse(frame.encoded.json) as Json;
    for (let step = 1; step <= 60; step++) {
      draft = random.next();
      frame = frames.encode("health", newState(), AMBIENT, T0 + step * 700);
      const body = JSON.parse(frame.encoded.json) as Json;
      if (frame.patch === null) held = body;
      else {
        const patch = JSON.parse(frame.patch) as Json;
        if (Array.isArray(body.rows) && patch.rows && !Array.isArray(patch.rows)) listPatches++;
        held = applyPatch(held, patch);
      }
      assertEquals(held, body, `seed ${seed}, step ${step}, patch ${frame.patch}`);
    }
  }
  assert(listPatches > 100, `only ${listPatches} list patches were seen`);
});

Deno.test("Frames.encode() sends rows by id instead of the whole list", () => {
  let rows = [{ id: "a", v: 1 }, { id: "b", v: 1 }, { id: "c", v: 1 }];
  const frames = framesOf(() => ({ rows }));
  frames.encode("peers", newState(), AMBIENT, T0);
  rows = [{ id: "d", v: 1 }, { id: "a", v: 1 }, { id: "c", v: 2 }];
  const { patch } = frames.encode("peers", newState(), AMBIENT, T0);
  assertEquals(JSON.parse(patch!).rows, { upsert: [{ id: "d", v: 1 }, { id: "c", v: 2 }], remove: ["b"] });
});

Deno.test("Frames.encode() sends the whole list where two rows share an id", () => {
  let rows = [{ id: "a", v: 1 }, { id: "a", v: 2 }, { id: "b", v: 1 }];
  const frames = framesOf(() => ({ rows }));
  frames.encode("peers", newState(), AMBIENT, T0);
  rows = [{ id: "a", v: 1 }, { id: "a", v: 3 }, { id: "b", v: 1 }];
  const { patch } = frames.encode("peers", newState(), AMBIENT, T0);
  assertEquals(JSON.parse(patch!).rows, rows);
});

Deno.test("Frames.encode() makes no patch when a member disappears", () => {
  let volume = 2n ** 64n;
  const frames = framesOf(() => ({ volume }));
  const first = frames.encode("markets", newState(), AMBIENT, T0);
  assertEquals(JSON.parse(first.encoded.json).volume_exact, "18446744073709551616");
  frames.encode("markets", newState(), AMBIENT, T0);
  volume = 5n;
  const gone = frames.encode("markets", newState(), AMBIENT, T0);
  assertEquals(gone.patch, null);
  assertEquals(frames.patchesSince("markets", first.seq), null, "a client before it needs a snapshot");
  const next = frames.encode("markets", newState(), AMBIENT, T0 + 1);
  assertEquals(frames.patchesSince("markets", gone.seq)?.map(({ seq }) => seq), [next.seq]);
});

Deno.test("Frames.patchesSince() gives every patch of the last 256 and nothing older", () => {
  let height = 0;
  const frames = framesOf(() => ({ height }), [], 10_000, 1_000);
  const encoded: Frame[] = [];
  for (; height <= PATCHES_MAX + 5; height++) {
    encoded.push(frames.encode("health", newState(), AMBIENT, T0 + height));
  }
  const last = encoded[encoded.length - 1]!;
  assertEquals(frames.patchesSince("health", last.seq), []);
  assertEquals(frames.patchesSince("health", last.seq + 1), null, "a number of the future");
  assertEquals(frames.patchesSince("gates", 1_000), null, "a topic that was never encoded");
  assertEquals(frames.patchesSince("health", last.seq - PATCHES_MAX - 1), null, "one too old");
  const oldest = encoded[encoded.length - 1 - PATCHES_MAX]!;
  const patches = frames.patchesSince("health", oldest.seq)!;
  assertEquals(patches.length, PATCHES_MAX);
  const seqs = patches.map(({ seq }) => seq);
  assertEquals(seqs, Array.from({ length: PATCHES_MAX }, (_, i) => oldest.seq + 1 + i));
  const body = patches.reduce(
    (held, { data }) => applyPatch(held, JSON.parse(data)),
    JSON.parse(oldest.encoded.json) as Json,
  );
  assertEquals(body, JSON.parse(last.encoded.json));
});

Deno.test("Frames.expired() names a topic once it is past its time, until it is encoded again", () => {
  const frames = framesOf(() => ({ height: 1 }), ["difficulty"], null);
  const core = new Core({ finalityDepth: 32, enabled: newState().options.enabled });
  core.apply({ kind: "link", atMs: T0, up: true, reason: null });
  core.apply({ kind: "observed", of: "difficulty", atMs: T0, ttlMs: 2_500, value: { bits: 9 } });
  const fresh = frames.encode("health", core.state, AMBIENT, T0 + 100);
  assertEquals([fresh.asOfMs, fresh.expiresMs, fresh.stale], [T0, T0 + 2_500, false]);
  assertEquals(frames.expired(T0 + 2_500), []);
  assertEquals(frames.expired(T0 + 2_501), ["health"]);
  const stale = frames.encode("health", core.state, AMBIENT, T0 + 2_501);
  const meta = JSON.parse(stale.encoded.json)._meta;
  assertEquals([meta.stale, meta.as_of_ms, stale.seq], [true, T0, fresh.seq + 1]);
  assertEquals(Object.keys(JSON.parse(stale.patch!)), ["_meta"]);
  assertNotEquals(stale.encoded.etag, fresh.encoded.etag);
  assertEquals(frames.expired(T0 + 60_000), [], "it is said only once");
});

Deno.test("Frames.encode() is as old as the oldest living slice and expires with the first", () => {
  const frames = framesOf(() => ({}), ["difficulty", "overlay", "traffic"], null);
  const core = new Core({ finalityDepth: 32, enabled: newState().options.enabled });
  core.apply({ kind: "link", atMs: T0, up: true, reason: null });
  core.apply({ kind: "observed", of: "difficulty", atMs: T0 + 50, ttlMs: 20_000, value: { bits: 9 } });
  core.apply({
    kind: "observed",
    of: "overlay",
    atMs: T0 + 900,
    ttlMs: 5_000,
    value: { activePeers: 3, persistedPeers: 3, backend: "tcp" },
  });
  core.apply({ kind: "unavailable", of: "traffic", atMs: T0, code: "NOT_OFFERED", because: "no" });
  const frame = frames.encode("network", core.state, AMBIENT, T0 + 1_000);
  const meta = JSON.parse(frame.encoded.json)._meta;
  assertEquals([meta.as_of_ms, meta.ttl_ms, meta.stale], [T0 + 50, 5_850, false]);
});

Deno.test("Frames.encode() calls a body without a living slice stale as soon as the link is down", () => {
  const frames = framesOf(() => ({}), ["difficulty"], null);
  const core = new Core({ finalityDepth: 32, enabled: newState().options.enabled });
  core.apply({ kind: "link", atMs: T0, up: true, reason: null });
  assertEquals(frames.encode("network", core.state, AMBIENT, T0 + 1).stale, false);
  core.apply({ kind: "link", atMs: T0 + 5, up: false, reason: "gone" });
  const down = frames.encode("network", core.state, AMBIENT, T0 + 6);
  assertEquals([down.stale, down.asOfMs], [true, T0 + 5]);
});
