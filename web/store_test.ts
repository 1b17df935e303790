/// <reference lib="deno.ns" />
// @ts-types="#types/std_assert.d.ts"
import { assert, assertEquals } from "@std/assert";
import { reasonOf, Store, type Topic } from "./store.ts";
import type { Meta } from "../src/server/wire.ts";

const META: Meta = {
  source: "node",
  as_of_ms: 0,
  ttl_ms: 1_000,
  stale: false,
  seq: 0,
  units: {},
  partial: {},
  estimated: {},
};

/** A store whose flushes the test runs. */
function makeStore(): { store: Store; flush: () => void; scheduled: () => boolean } {
  let waiting: (() => void) | null = null;
  const store = new Store((flush) => {
    assertEquals(waiting, null, "scheduled twice");
    waiting = flush;
  });
  return {
    store,
    scheduled: () => waiting !== null,
    flush: () => {
      const run = waiting;
      waiting = null;
      run?.();
    },
  };
}

const snap = (store: Store, topic: Topic, seq: number, data: Record<string, unknown>) =>
  store.apply({ topic, seq, kind: "snap", data: { _meta: META, ...data } });
const patch = (store: Store, topic: Topic, seq: number, data: Record<string, unknown>) =>
  store.apply({ topic, seq, kind: "patch", data });

Deno.test("Store.apply() takes a snapshot whole and drops what it no longer has", () => {
  const { store } = makeStore();
  snap(store, "health", 7, { block_height: 1, old: true });
  const changed = snap(store, "health", 8, { block_height: 1, peer_count: 3 });
  assertEquals(store.get("health") as unknown, { _meta: META, block_height: 1, peer_count: 3 });
  assertEquals(changed, new Set(["old", "peer_count"]));
});

Deno.test("Store.apply() merges a patch shallowly and names the changed keys", () => {
  const { store } = makeStore();
  snap(store, "health", 7, { block_height: 1, peer_count: 3 });
  assertEquals(patch(store, "health", 8, { block_height: 2 }), new Set(["block_height"]));
  assertEquals(store.get("health")?.block_height, 2);
  assertEquals(store.get("health")?.peer_count, 3);
});

Deno.test("Store.apply() never changes a body that was handed out", () => {
  const { store } = makeStore();
  snap(store, "health", 1, { block_height: 1 });
  const before = store.get("health");
  patch(store, "health", 2, { block_height: 2 });
  assertEquals(before?.block_height, 1);
});

Deno.test("Store.apply() skips a patch that it has, and refuses one that leaves a hole", () => {
  const { store } = makeStore();
  assertEquals(patch(store, "health", 1, { block_height: 1 }), null);
  snap(store, "health", 7, { block_height: 1 });
  assertEquals(patch(store, "health", 7, { block_height: 99 }), new Set());
  assertEquals(patch(store, "health", 9, { block_height: 99 }), null);
  assertEquals(store.get("health")?.block_height, 1);
});

Deno.test("Store.apply() upserts and removes rows of a list: new ones in front, known ones in place", () => {
  const { store } = makeStore();
  snap(store, "peers", 1, { peers: [{ id: "a", x: 1 }, { id: "b", x: 1 }, { id: "c", x: 1 }] });
  patch(store, "peers", 2, { peers: { upsert: [{ id: "n", x: 1 }, { id: "c", x: 2 }], remove: ["a"] } });
  assertEquals(store.get("peers")?.peers as unknown, [{ id: "n", x: 1 }, { id: "b", x: 1 }, {
    id: "c",
    x: 2,
  }]);
});

Deno.test("Store.apply() refuses a list patch where there is no list", () => {
  const { store } = makeStore();
  snap(store, "peers", 1, { peers: null });
  assertEquals(patch(store, "peers", 2, { peers: { upsert: [], remove: [] } }), null);
});

Deno.test("Store.apply() takes an object that only looks like half a list patch as a value", () => {
  const { store } = makeStore();
  snap(store, "peers", 1, { peers: [{ id: "a" }] });
  patch(store, "peers", 2, { peers: { upsert: 1, remove: [] } });
  assertEquals(store.get("peers")?.peers as unknown, { upsert: 1, remove: [] });
});

Deno.test("Store.since() tells sequence numbers only together with the epoch that they count in", () => {
  const { store } = makeStore();
  assertEquals(store.since(["health"]), { since: {} });
  store.enterEpoch("one");
  snap(store, "health", 7, {});
  assertEquals(store.since(["health", "gates"]), { since: { health: 7 }, epoch: "one" });
});

Deno.test("Store.enterEpoch() forgets the numbers of another run and keeps its values on show", () => {
  const { store } = makeStore();
  store.enterEpoch("one");
  snap(store, "health", 7, { block_height: 5 });
  store.enterEpoch("one");
  assertEquals(store.since(["health"]).since, { health: 7 });
  store.enterEpoch("two");
  assertEquals(store.since(["health"]), { since: {}, epoch: "two" });
  assertEquals(store.get("health")?.block_height, 5);
  assertEquals(patch(store, "health", 8, { block_height: 6 }), null);
});

Deno.test("Store calls a watcher once per flush, with what changed in all its topics, and others not at all", () => {
  const { store, flush } = makeStore();
  const seen: unknown[] = [];
  store.watch(
    ["health", "gates"],
    (changed) => seen.push([...changed].map(([topic, keys]) => [topic, [...keys]])),
  );
  store.watch(["peers"], () => seen.push("peers"));
  snap(store, "health", 1, { block_height: 1 });
  patch(store, "health", 2, { block_height: 2 });
  snap(store, "gates", 1, {});
  flush();
  assertEquals(seen, [[["health", ["_meta", "block_height"]], ["gates", ["_meta"]]]]);
  assertEquals(store.flushes, 1);
});

Deno.test("Store.watch() stops with its result", () => {
  const { store, flush } = makeStore();
  let calls = 0;
  const stop = store.watch(["health"], () => calls++);
  snap(store, "health", 1, {});
  flush();
  stop();
  snap(store, "health", 2, {});
  flush();
  assertEquals(calls, 1);
});

Deno.test("Store.pause() holds what is shown, counts what comes, and resume() shows it in one flush", () => {
  const { store, flush, scheduled } = makeStore();
  let calls = 0;
  store.watch(["health"], () => calls++);
  snap(store, "health", 1, { block_height: 1 });
  flush();
  store.pause();
  patch(store, "health", 2, { block_height: 2 });
  patch(store, "health", 3, { block_height: 3 });
  assert(!scheduled());
  assertEquals(store.paused?.updates, 2);
  assertEquals(store.get("health")?.block_height, 1);
  assertEquals(store.live("health")?.block_height, 3);
  store.resume();
  flush();
  assertEquals([calls, store.paused, store.get("health")?.block_height], [2, null, 3]);
});

Deno.test("Store.fail() keeps the last value beside the problem; news of the topic clears it", () => {
  const { store, flush } = makeStore();
  let calls = 0;
  store.watch(["health"], () => calls++);
  snap(store, "health", 1, { block_height: 1 });
  flush();
  store.fail("health", { code: "503", detail: "full" });
  store.fail("health", { code: "503", detail: "full" });
  flush();
  assertEquals([calls, store.problem("health")?.code, store.get("health")?.block_height], [2, "503", 1]);
  store.recover(["health"]);
  assertEquals(store.problem("health"), undefined);
  store.fail("health", { code: "503", detail: "full" });
  patch(store, "health", 2, {});
  assertEquals(store.problem("health"), undefined);
});

Deno.test("Store.nowMs() follows the server's clock by its least delayed message", () => {
  const { store } = makeStore();
  store.hearTime(Date.now() + 60_000);
  store.hearTime(Date.now() + 59_000);
  const skewMs = store.nowMs() - Date.now();
  assert(skewMs > 59_990 && skewMs <= 60_001, `skew ${skewMs}`);
});

Deno.test("reasonOf() finds the reason of a value, of what holds it, and of a list", () => {
  const meta: Meta = {
    ...META,
    partial: {
      a: "NODE_DOWN: gone",
      "peers[].latency_ms": "NOT_OFFERED: no: latency",
      lanes: "WARMING_UP: soon",
    },
  };
  assertEquals(reasonOf(meta, "a"), { code: "NODE_DOWN", because: "gone" });
  assertEquals(reasonOf(meta, "a.b.c"), { code: "NODE_DOWN", because: "gone" });
  assertEquals(reasonOf(meta, "peers[].latency_ms"), { code: "NOT_OFFERED", because: "no: latency" });
  assertEquals(reasonOf(meta, "lanes[].size"), { code: "WARMING_UP", because: "soon" });
  assertEquals(reasonOf(meta, "other"), null);
});
