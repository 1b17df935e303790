// @ts-types="#types/std_assert.d.ts"
import { assertEquals, assertThrows } from "@std/assert";
import { blockEvents, blocksUpTo, coreWith, headerAt, observed, T0 } from "../../tests/support/engine.ts";
import { HEADER_WINDOW } from "../engine/chain.ts";
import type { EngineEvent } from "../engine/event.ts";
import type { Topic } from "../engine/topic.ts";
import { ManualClock } from "./clock.ts";
import { silentLog } from "../telemetry/log.ts";
import { EngineLoop, FLUSH_EVERY_MS } from "./engine_loop.ts";
import { type Applied, type EngineStore, StoreError } from "./ports/store.ts";

/** A store that only remembers what was committed. */
function memory() {
  const committed: Applied[] = [];
  const state = {
    failing: null as StoreError | null,
    failingSnapshot: null as StoreError | null,
    snapshots: 0,
    retained: 0,
    deleted: 0,
    closed: false,
  };
  const store = {
    commit: (applied: readonly Applied[]) => {
      if (state.failing) throw state.failing;
      committed.push(...applied);
    },
    addHistory: () => {},
    retain: () => {
      state.retained++;
      return state.deleted;
    },
    saveSnapshot: () => {
      state.snapshots++;
      if (state.failingSnapshot) throw state.failingSnapshot;
    },
    hasReceipt: () => false,
    close: () => (state.closed = true),
  } as unknown as EngineStore;
  return { store, committed, state };
}

function start() {
  const clock = new ManualClock();
  const kept = memory();
  const published: { atMs: number; topics: readonly Topic[] }[] = [];
  const loop = new EngineLoop({
    core: coreWith([]),
    clock,
    log: silentLog(),
    store: kept.store,
    publisher: {
      publish: (topics) => published.push({ atMs: clock.monotonicMs(), topics: [...topics].sort() }),
    },
  });
  return { clock, loop, published, ...kept };
}

function difficulty(bits: number): EngineEvent {
  return observed("difficulty", { bits });
}

Deno.test("EngineLoop applies events at once and publishes them later, together", async () => {
  const { clock, loop, published } = start();
  loop.submit([difficulty(1)]);
  loop.submit([difficulty(2), observed("mempool", { lanes: [] })]);
  assertEquals(loop.state.slices.difficulty?.value, { bits: 2 });
  assertEquals(published.length, 0);
  await clock.advance(FLUSH_EVERY_MS);
  assertEquals(published.map(({ topics }) => topics), [["mempool", "network"]]);
  loop.stop();
});

Deno.test("EngineLoop publishes at most every 100 ms, however many events there are", async () => {
  const { clock, loop, published } = start();
  for (let i = 0; i < 500; i++) {
    loop.submit([difficulty(i)]);
    await clock.advance(3);
  }
  const gaps = published.slice(1).map(({ atMs }, i) => atMs - published[i]!.atMs);
  assertEquals(gaps.filter((gap) => gap < FLUSH_EVERY_MS || gap > FLUSH_EVERY_MS + 3), []);
  assertEquals(gaps.length >= 13, true, `${gaps.length} publications in 1.5 s`);
  loop.stop();
});

Deno.test("EngineLoop publishes the first change after a quiet time without delay", async () => {
  const { clock, loop, published } = start();
  await clock.advance(5_000);
  loop.submit([difficulty(1)]);
  await clock.advance(0);
  assertEquals(published.map(({ atMs }) => atMs), [5_000]);
  loop.stop();
});

Deno.test("EngineLoop publishes nothing while nothing changes", async () => {
  const { clock, loop, published } = start();
  loop.flush();
  loop.submit([]);
  await clock.advance(1_000);
  assertEquals([published.length, clock.sleeping], [0, 0]);
});

Deno.test("EngineLoop.touch() publishes topics that no event changed", async () => {
  const { clock, loop, published } = start();
  loop.touch(["status"]);
  await clock.advance(FLUSH_EVERY_MS);
  assertEquals(published.map(({ topics }) => topics), [["status"]]);
});

Deno.test("EngineLoop.stop() publishes what is due and leaves no timer behind", async () => {
  const { clock, loop, published } = start();
  loop.submit([difficulty(1)]);
  loop.stop();
  assertEquals(published.length, 1);
  assertEquals(clock.sleeping, 0);
  loop.submit([difficulty(2)]);
  await clock.advance(1_000);
  assertEquals([published.length, clock.sleeping], [1, 0]);
});

Deno.test("EngineLoop keeps the topics of the events before one that cannot be applied", async () => {
  const { clock, loop, published } = start();
  loop.submit(blocksUpTo(0));
  await clock.advance(FLUSH_EVERY_MS);
  assertThrows(
    () => loop.submit([observed("mempool", { lanes: [] }), ...blockEvents(headerAt(9), T0)]),
    RangeError,
  );
  await clock.advance(FLUSH_EVERY_MS);
  assertEquals(published[1]?.topics.includes("mempool"), true);
  loop.stop();
});

Deno.test("EngineLoop commits every event in the order in which it was applied, and closes the store", async () => {
  const { clock, loop, committed, state } = start();
  loop.submit([difficulty(1), difficulty(2)]);
  assertEquals(committed.length, 0);
  await clock.advance(FLUSH_EVERY_MS);
  loop.submit([difficulty(3)]);
  loop.stop();
  assertEquals(committed.map(({ event }) => event), [difficulty(1), difficulty(2), difficulty(3)]);
  assertEquals(state.closed, true);
});

Deno.test("EngineLoop goes on showing the node while the store fails, and commits everything once it works", async () => {
  const { clock, loop, committed, state, published } = start();
  state.failing = new StoreError("full", "no space");
  loop.submit([difficulty(1)]);
  await clock.advance(FLUSH_EVERY_MS);
  assertEquals([loop.storeError, published.length], ["no space", 1]);
  loop.submit([...blocksUpTo(0), difficulty(2)]);
  assertEquals([loop.state.slices.difficulty?.value, loop.tip()], [{ bits: 2 }, null]);
  state.failing = null;
  await clock.advance(5_000);
  assertEquals([loop.storeError, committed.map(({ event }) => event)], [null, [difficulty(1)]]);
  loop.submit(blocksUpTo(0));
  assertEquals(loop.tip()?.height, 0);
  loop.stop();
});

Deno.test("EngineLoop keeps who we are while the store fails, and drops what would move the books unseen", async () => {
  const { clock, loop, committed, state } = start();
  loop.submit(blocksUpTo(0));
  await clock.advance(FLUSH_EVERY_MS);
  state.failing = new StoreError("full", "no space");
  loop.submit([difficulty(1)]);
  await clock.advance(FLUSH_EVERY_MS);
  const identities = {
    account: "acc",
    miner: null,
    byMarket: { compute: [], storage: [], energy: [], ad: [] },
  };
  const who: EngineEvent = { kind: "identities", atMs: T0, identities };
  loop.submit([who]);
  for (let i = 0; i < 5; i++) {
    loop.submit([observed("balance", { accounts: [{ address: "acc", amount: 5n }] }, T0 + i)]);
  }
  assertEquals([loop.state.ledger.identities.account, loop.state.ledger.balances.size], ["acc", 0]);
  state.failing = null;
  await clock.advance(5_000);
  assertEquals(committed.slice(-2).map(({ event }) => event), [difficulty(1), who]);
  loop.stop();
});

Deno.test("EngineLoop does not try a snapshot again with every commit when it cannot be kept", async () => {
  const { clock, loop, state } = start();
  state.failingSnapshot = new StoreError("full", "no space for that much");
  for (let s = 0; s < 30; s++) {
    loop.submit(Array.from({ length: 400 }, (_, i) => difficulty(i)));
    await clock.advance(1_000);
  }
  // 5,000 events are there after 13 s; from then on every 10 s.
  assertEquals(state.snapshots, 2);
  state.failingSnapshot = null;
  await clock.advance(10_000);
  loop.submit([difficulty(1)]);
  await clock.advance(1_000);
  assertEquals(state.snapshots, 3);
  loop.stop();
});

Deno.test("EngineLoop deletes old rows once a minute, and every second while there are many", async () => {
  const { clock, loop, state } = start();
  const calls = async (seconds: number) => {
    const before = state.retained;
    for (let s = 0; s < seconds; s++) {
      loop.submit([difficulty(s)]);
      await clock.advance(1_000);
    }
    return state.retained - before;
  };
  assertEquals(await calls(185), 3);
  state.deleted = 5_000;
  await calls(60);
  assertEquals((await calls(20)) >= 18, true);
  loop.stop();
});

Deno.test("EngineLoop answers ingest from the state: tip, hashes inside the window, horizon, halt", () => {
  const { loop } = start();
  assertEquals([loop.tip(), loop.windowStart(), loop.receiptsThrough(), loop.halted()], [
    null,
    null,
    null,
    null,
  ]);
  loop.submit(blocksUpTo(HEADER_WINDOW));
  assertEquals(loop.tip(), { height: HEADER_WINDOW, hash: `h${HEADER_WINDOW}` });
  assertEquals([loop.windowStart(), loop.receiptsThrough()], [1, HEADER_WINDOW]);
  assertEquals([loop.hashAt(0), loop.hashAt(1), loop.hashAt(HEADER_WINDOW + 1)], [
    undefined,
    "h1",
    undefined,
  ]);
  loop.submit([{ kind: "halt", atMs: T0, reason: "too deep" }]);
  assertEquals(loop.halted(), "too deep");
  loop.stop();
});

Deno.test("EngineLoop.hashAt() is null for a block whose hash the node does not tell", () => {
  const { loop } = start();
  loop.submit(blockEvents(headerAt(5, { hash: null }), T0));
  assertEquals([loop.tip(), loop.hashAt(5)], [{ height: 5, hash: null }, null]);
  loop.stop();
});
