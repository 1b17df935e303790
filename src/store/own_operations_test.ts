// @ts-types="#types/std_assert.d.ts"
import { assertEquals, assertThrows } from "@std/assert";
// @ts-types="#types/std_path.d.ts"
import { join } from "@std/path";
import { DatabaseSync } from "node:sqlite";
import { receiptAt, T0 } from "../../tests/support/engine.ts";
import type { OperationStatus } from "../engine/operation.ts";
import { type OwnOperation, StoreError } from "../runtime/ports/store.ts";
import { SqliteStore } from "./store.ts";

const DAY_MS = 86_400_000;

function operation(n: number, status: OperationStatus, given: Partial<OwnOperation> = {}): OwnOperation {
  return {
    id: `op-${n}`,
    clientOperationId: `key-${n}`,
    type: "transfer",
    request: `transfer {"amount":${n}}`,
    status,
    createdMs: T0 + n,
    updatedMs: T0 + n,
    height: null,
    provider: null,
    consumer: null,
    amount: 2n ** 63n + BigInt(n),
    details: `{"nonce":${n}}`,
    proof: `{"nonce":${n}}`,
    ...given,
  };
}

function withStore(test: (store: SqliteStore) => void): void {
  const store = new SqliteStore(":memory:");
  try {
    test(store);
  } finally {
    store.close();
  }
}

Deno.test("SqliteStore.saveOperation() keeps an operation exactly, once, and changes it in place", () => {
  withStore((store) => {
    const first = operation(1, "pending");
    store.saveOperation(first);
    assertEquals(store.ownOperation("key-1"), first);
    const later = { ...first, status: "confirmed" as const, height: 7, updatedMs: T0 + 9, details: "{}" };
    store.saveOperation(later);
    store.saveOperation(later);
    assertEquals(store.ownOperation("key-1"), later);
    assertEquals(store.ownOperation("key-2"), null);
    assertEquals(store.operations({}, { limit: 10 }).total, 1);
    assertEquals(store.operation("op-1")?.amount, first.amount);
  });
});

Deno.test("SqliteStore.saveOperation() does not let one key stand for two operations", () => {
  withStore((store) => {
    store.saveOperation(operation(1, "pending"));
    assertThrows(
      () => store.saveOperation(operation(2, "pending", { clientOperationId: "key-1" })),
      StoreError,
    );
    assertEquals(store.operations({}, { limit: 10 }).total, 1);
  });
});

Deno.test("SqliteStore counts and pages our operations together with those that settled", () => {
  withStore((store) => {
    store.saveOperation(operation(1, "pending"));
    store.saveOperation(operation(2, "submitted", { type: "storage_upload" }));
    store.saveOperation(operation(3, "confirmed"));
    store.commit([{
      event: { kind: "receipts", atMs: T0, receipts: [], through: 1 },
      changes: [{ kind: "receipt", receipt: receiptAt(1), timeMs: T0, own: false }],
    }]);
    assertEquals(store.pendingOperations(), 2);
    const page = store.operations({}, { limit: 10 });
    assertEquals([page.total, page.items.map(({ id }) => id)], [4, ["op-3", "op-2", "op-1", "compute-1-0"]]);
    assertEquals(store.operationCounts({}), { compute: 1, storage: 0, energy: 0, ad: 0 });
    assertEquals(store.operations({ status: "pending" }, { limit: 10 }).items.map(({ id }) => id), ["op-1"]);
    assertEquals(store.operations({ own: true }, { limit: 10 }).total, 3);
  });
});

Deno.test("SqliteStore.recentOperations() gives what waits, and what ended since, oldest first", () => {
  withStore((store) => {
    const all: readonly OperationStatus[] = [
      "pending",
      "submitted",
      "confirmed",
      "reversed",
      "failed",
      "expired",
      "rejected",
    ];
    all.forEach((status, n) => store.saveOperation(operation(n, status)));
    assertEquals(store.recentOperations(T0, 10).map(({ status }) => status), all.slice(0, 4));
    assertEquals(store.recentOperations(T0 + 1_000, 10).map(({ status }) => status), all.slice(0, 2));
    assertEquals(store.recentOperations(T0, 1).length, 1);
  });
});

Deno.test("SqliteStore.retain() never drops an operation whose outcome is not known", () => {
  withStore((store) => {
    store.saveOperation(operation(1, "submitted"));
    store.saveOperation(operation(2, "confirmed"));
    store.saveOperation(operation(3, "confirmed", { updatedMs: T0 + 31 * DAY_MS }));
    store.retain(T0 + 32 * DAY_MS);
    assertEquals(store.operations({}, { limit: 10 }).items.map(({ id }) => id), ["op-3", "op-1"]);
    assertEquals(store.operations({}, { limit: 10 }).total, 2);
  });
});

Deno.test("SqliteStore.retain() does not measure what settled by the time of what we sent", () => {
  withStore((store) => {
    const settled = T0 - 300 * DAY_MS; // A simulated chain lives in another time.
    store.commit([{
      event: { kind: "receipts", atMs: T0, receipts: [], through: 1 },
      changes: [{ kind: "receipt", receipt: receiptAt(1), timeMs: settled, own: false }],
    }]);
    store.saveOperation(operation(1, "confirmed"));
    store.retain(T0 + DAY_MS);
    assertEquals(store.operations({}, { limit: 10 }).total, 2);
  });
});

Deno.test("SqliteStore keeps our operations when it cuts off a damaged journal, and when blocks are taken back", async () => {
  const folder = await Deno.makeTempDir();
  const path = join(folder, "a.db");
  try {
    const store = new SqliteStore(path);
    for (let height = 1; height <= 3; height++) {
      store.commit([{
        event: { kind: "slot", atMs: T0, height },
        changes: [{ kind: "receipt", receipt: receiptAt(height), timeMs: T0, own: false }],
      }]);
    }
    store.saveOperation(operation(1, "submitted", { height: 3 }));
    store.commit([{
      event: { kind: "reorg", atMs: T0, toHeight: 2 },
      changes: [{ kind: "revert", toHeight: 2 }],
    }]);
    assertEquals(store.operations({}, { limit: 10 }).total, 3);
    store.close();
    const db = new DatabaseSync(path);
    db.exec("UPDATE journal SET event = '{}' WHERE seq = 2");
    db.close();
    const again = new SqliteStore(path);
    assertEquals(again.recover(() => {}, () => {}).cutAt, 2);
    assertEquals(again.operations({}, { limit: 10 }).items.map(({ id }) => id), ["op-1", "compute-1-0"]);
    assertEquals(again.operations({}, { limit: 10 }).total, 2);
    again.close();
  } finally {
    await Deno.remove(folder, { recursive: true });
  }
});

Deno.test("SqliteStore does not believe a row of ours that has been changed", async () => {
  const folder = await Deno.makeTempDir();
  const path = join(folder, "a.db");
  try {
    const store = new SqliteStore(path);
    store.saveOperation(operation(1, "submitted"));
    store.close();
    const db = new DatabaseSync(path);
    db.exec("UPDATE operations SET request = 'transfer {}'");
    db.close();
    const again = new SqliteStore(path);
    for (const read of [() => again.ownOperation("key-1"), () => again.recentOperations(0, 10)]) {
      assertEquals(assertThrows(read, StoreError).kind, "corrupt");
    }
    again.close();
  } finally {
    await Deno.remove(folder, { recursive: true });
  }
});
