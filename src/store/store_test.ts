// @ts-types="#types/std_assert.d.ts"
import { assert, assertEquals, assertThrows } from "@std/assert";
// @ts-types="#types/std_path.d.ts"
import { join } from "@std/path";
import { DatabaseSync } from "node:sqlite";
import { receiptAt, T0 } from "../../tests/support/engine.ts";
import { applied, inFolder } from "../../tests/support/store.ts";
import type { Alert } from "../engine/alert.ts";
import type { Change } from "../engine/change.ts";
import { type Applied, StoreError } from "../runtime/ports/store.ts";
import { SqliteStore } from "./store.ts";

const DAY_MS = 86_400_000;

function alert(count: number, given: Partial<Alert> = {}): Alert {
  return {
    id: `store_error-${count}`,
    rule: "store_error",
    severity: "critical",
    message: "full",
    raisedMs: T0 + count,
    resolvedMs: null,
    ...given,
  };
}

/** What recovery finds. */
function recovered(store: SqliteStore) {
  const found = { state: null as string | null, seqs: [] as number[] };
  const recovery = store.recover((state) => found.state = state, (_event, seq) => found.seqs.push(seq));
  return { ...found, ...recovery };
}

function revert(toHeight: number): Applied {
  return {
    event: { kind: "reorg", atMs: T0, toHeight },
    changes: [{ kind: "revert", toHeight } satisfies Change],
  };
}

Deno.test("SqliteStore.commit() writes events and rows together or not at all", () => {
  const store = new SqliteStore(":memory:");
  store.commit([applied(1), applied(2)]);
  const broken = {
    kind: "receipt",
    receipt: receiptAt(3, { market: null as never }),
    timeMs: T0,
    own: false,
  } as const;
  assertThrows(() => store.commit([applied(3), { event: applied(3).event, changes: [broken] }]), StoreError);
  assertEquals([store.journalSeq(), store.receipts({}, { limit: 9 }).total], [2, 2]);
  store.commit([applied(3)]);
  assertEquals(recovered(store).seqs, [1, 2, 3], "the chain of checksums goes on where it was");
  store.close();
});

Deno.test("SqliteStore.commit() takes a receipt once, however often it comes", () => {
  const store = new SqliteStore(":memory:");
  store.commit([applied(1), applied(1), applied(1, { amount: 9n })]);
  const { items, total } = store.receipts({}, { limit: 9 });
  assertEquals([items.length, total, items[0]?.receipt.amount], [1, 1, 1_000n]);
  assertEquals(store.operations({}, { limit: 9 }).total, 1);
  assertEquals([store.hasReceipt("1-0-d"), store.hasReceipt("2-0-d")], [true, false]);
  store.close();
});

Deno.test("SqliteStore.commit() reverts rows and their counts above a height", () => {
  const store = new SqliteStore(":memory:");
  store.commit([
    applied(1),
    applied(2),
    applied(3, { market: "energy" }),
    revert(1),
    applied(2, { index: 5 }),
  ]);
  const { items, total } = store.receipts({}, { limit: 9 });
  assertEquals([items.map(({ receipt }) => receipt.id), total], [["2-5-d", "1-0-d"], 2]);
  assertEquals(store.operationCounts({}), { compute: 2, storage: 0, energy: 0, ad: 0 });
  store.close();
});

Deno.test("SqliteStore.recover() begins at the newest whole snapshot and replays what came after it", async () => {
  await inFolder((folder) => {
    const path = join(folder, "x.db");
    const store = new SqliteStore(path);
    store.commit([applied(1), applied(2)]);
    store.saveSnapshot("state at 2", T0);
    store.commit([applied(3)]);
    store.saveSnapshot("state at 3", T0);
    store.commit([applied(4)]);
    store.close();
    const again = new SqliteStore(path);
    const first = recovered(again);
    assertEquals([first.state, first.seqs, first.cutAt], ["state at 3", [4], null]);
    again.close();
    const db = new DatabaseSync(path);
    db.exec("UPDATE snapshots SET state = x'00' WHERE seq = 3");
    db.close();
    const damaged = new SqliteStore(path);
    const second = recovered(damaged);
    assertEquals([second.state, second.seqs, second.damagedSnapshots], ["state at 2", [3, 4], 1]);
    damaged.close();
  });
});

Deno.test("SqliteStore.recover() cuts off what follows a damaged row, with the rows that came of it", async () => {
  await inFolder((folder) => {
    const path = join(folder, "x.db");
    const store = new SqliteStore(path);
    store.commit([1, 2, 3, 4].map((height) => applied(height)));
    store.close();
    const db = new DatabaseSync(path);
    db.exec("UPDATE journal SET checksum = 0 WHERE seq = 3");
    db.close();
    const again = new SqliteStore(path);
    const found = recovered(again);
    assertEquals([found.seqs, found.cutAt, again.journalSeq()], [[1, 2], 3, 2]);
    assertEquals([again.receipts({}, { limit: 9 }).total, again.operations({}, { limit: 9 }).total], [2, 2]);
    again.commit([applied(3)]);
    again.close();
    const third = new SqliteStore(path);
    assertEquals([recovered(third).cutAt, third.receipts({}, { limit: 9 }).total], [null, 3]);
    third.close();
  });
});

Deno.test("SqliteStore.recover() refuses a journal to which nothing leads", async () => {
  for (const withSnapshot of [true, false]) {
    await inFolder((folder) => {
      const path = join(folder, "x.db");
      const store = new SqliteStore(path);
      store.commit([applied(1), applied(2)]);
      if (withSnapshot) store.saveSnapshot("state", T0);
      store.close();
      const db = new DatabaseSync(path);
      db.exec("DELETE FROM journal WHERE seq = 1; UPDATE snapshots SET sha256 = ''");
      db.close();
      const again = new SqliteStore(path);
      assertEquals(assertThrows(() => recovered(again), StoreError, "Cannot recover").kind, "corrupt");
      again.close();
    });
  }
});

Deno.test("SqliteStore never shows a damaged row of money", async () => {
  await inFolder((folder) => {
    const path = join(folder, "x.db");
    const store = new SqliteStore(path);
    store.commit([applied(1), applied(2)]);
    store.close();
    const db = new DatabaseSync(path);
    db.exec("UPDATE receipts SET amount = '9000' WHERE height = 2");
    db.close();
    const again = new SqliteStore(path);
    assertEquals(
      assertThrows(() => again.receipts({}, { limit: 9 }), StoreError, "2-0-d is damaged").kind,
      "corrupt",
    );
    assertEquals(again.receipts({ toHeight: 1 }, { limit: 9 }).items.length, 1);
    assertThrows(() => again.exportPart("receipts", 0, 1e10, null, 9), StoreError);
    again.close();
  });
});

Deno.test("SqliteStore.retain() cuts the journal behind the oldest whole snapshot, and recovery still works", () => {
  const store = new SqliteStore(":memory:", { days: 1, bytesMax: Number.MAX_SAFE_INTEGER });
  store.commit([applied(1), applied(2)]);
  store.saveSnapshot("state at 2", T0);
  store.commit([applied(3)]);
  store.retain(T0 + 2 * DAY_MS);
  assertEquals(recovered(store), {
    state: "state at 2",
    seqs: [3],
    snapshotSeq: 2,
    replayed: 1,
    cutAt: null,
    damagedSnapshots: 0,
  });
  store.close();
});

Deno.test("SqliteStore.retain() keeps the journal while there is no snapshot behind which it could go", () => {
  const store = new SqliteStore(":memory:", { days: 1, bytesMax: Number.MAX_SAFE_INTEGER });
  store.commit([applied(1), applied(2)]);
  store.retain(T0 + 20 * DAY_MS);
  assertEquals(recovered(store).seqs, [1, 2]);
  store.close();
});

Deno.test("SqliteStore.retain() drops old rows until the store fits its limit, gives the space back, and then stops", async () => {
  await inFolder((folder) => {
    const path = join(folder, "x.db");
    const bytesMax = 5_000_000;
    const store = new SqliteStore(path, { days: 30, bytesMax });
    const payload = JSON.stringify({ receipt: { pad: "x".repeat(1_000) } });
    for (let height = 0; height < 6_000; height += 500) {
      store.commit(Array.from({ length: 500 }, (_, i) => applied(height + i, { payload })));
      store.saveSnapshot(`state at ${height}`, T0);
    }
    assert(store.bytes()! > bytesMax, `${store.bytes()} bytes are too few for this test`);
    let rounds = 0;
    while (store.bytes()! > bytesMax && rounds < 10) {
      store.retain(T0 + 6_000_000);
      rounds++;
    }
    const { total, items } = store.receipts({}, { limit: 1 });
    assert(store.bytes()! <= bytesMax, `${store.bytes()} bytes after ${rounds} rounds`);
    assertEquals(items[0]?.receipt.height, 5_999, "the newest stays");
    assertEquals(store.retain(T0 + 6_000_000), 0);
    assertEquals(store.receipts({}, { limit: 1 }).total, total, "nothing goes from a store that fits");
    store.close();
  });
});

Deno.test("SqliteStore.retain() never forgets what a list of the node may still show", () => {
  const store = new SqliteStore(":memory:", { days: 1, bytesMax: Number.MAX_SAFE_INTEGER });
  const sources = ["energy.receipts", "compute_market.sla_history", "settlement.audit"] as const;
  for (const source of sources) {
    const market = source === "energy.receipts" ? "energy" : "compute";
    store.commit(
      Array.from({ length: 1_100 }, (_, i) => applied(i, { source, market, id: `${source}-${i}` })),
    );
  }
  store.commit([applied(0), applied(1_100_000)]);
  while (store.retain(T0 + 40 * DAY_MS) > 0);
  for (const source of sources) {
    assertEquals([store.hasReceipt(`${source}-75`), store.hasReceipt(`${source}-76`)], [false, true], source);
  }
  assertEquals([store.hasReceipt("0-0-d"), store.hasReceipt("1100000-0-d")], [false, true]);
  assertEquals(store.receipts({}, { limit: 1 }).total, 3 * 1_024 + 1);
  assertEquals(store.receipts({ market: "energy" }, { limit: 1 }).total, 1_024);
  store.close();
});

Deno.test("SqliteStore numbers alerts and messages on after all old ones were deleted", () => {
  const store = new SqliteStore(":memory:", { days: 1, bytesMax: Number.MAX_SAFE_INTEGER });
  store.saveAlerts([alert(1), alert(2)].map((one) => ({ ...one, resolvedMs: T0 + 9 })), ["a", "b"], T0);
  const [first, second] = store.dueMessages(T0, 9);
  for (const { id } of [first!, second!]) store.settleMessage(id, { delivered: true, nextMs: T0 });
  store.retain(T0 + 30 * DAY_MS);
  assertEquals([store.alertState().count, store.alerts({ limit: 9 }, undefined).total], [2, 1]);
  store.saveAlerts([], ["c"], T0);
  assertEquals(store.dueMessages(T0, 9)[0]!.id, second!.id + 1);
  store.close();
});

Deno.test("SqliteStore.saveAlerts() shows alerts that it could not keep, first and once", async () => {
  await inFolder((folder) => {
    const path = join(folder, "x.db");
    new SqliteStore(path).close();
    const store = new SqliteStore(path, undefined, true);
    assertThrows(() => store.saveAlerts([alert(1)], [], T0), StoreError);
    const page = store.alerts({ limit: 9 }, true);
    assertEquals([page.items, page.total], [[alert(1)], 1]);
    assertEquals(store.alerts({ limit: 9 }, false).total, 0);
    store.close();
  });
});

Deno.test("SqliteStore.dueMessages() keeps their order, and holds back those behind one that waits", () => {
  const store = new SqliteStore(":memory:");
  store.saveAlerts([], ["a", "b", "c"], T0);
  const [a, b] = store.dueMessages(T0, 2);
  assertEquals([a!.body, b!.body, a!.attempts, a!.createdMs], ["a", "b", 0, T0]);
  store.settleMessage(a!.id, { delivered: true, nextMs: T0 });
  store.settleMessage(b!.id, { delivered: false, nextMs: T0 + 2_000 });
  assertEquals(store.dueMessages(T0 + 1_999, 9), []);
  assertEquals(store.dueMessages(T0 + 2_000, 9).map(({ body, attempts }) => [body, attempts]), [["b", 1], [
    "c",
    0,
  ]]);
  store.close();
});

Deno.test("SqliteStore.setChainIdentity() is kept", async () => {
  await inFolder((folder) => {
    const path = join(folder, "x.db");
    const store = new SqliteStore(path);
    assertEquals(store.chainIdentity(), null);
    store.setChainIdentity("abc");
    store.close();
    const again = new SqliteStore(path);
    assertEquals(again.chainIdentity(), "abc");
    again.close();
  });
});
