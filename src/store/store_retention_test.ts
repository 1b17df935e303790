// @ts-types="#types/std_assert.d.ts"
import { assertEquals } from "@std/assert";
import { receiptAt, T0 } from "../../tests/support/engine.ts";
import { SqliteStore } from "./store.ts";

const DAY_MS = 86_400_000;

Deno.test("SqliteStore.retain() counts the age of receipts in the chain's time, however far it is from ours", () => {
  const store = new SqliteStore(":memory:", { days: 30, bytesMax: Number.MAX_SAFE_INTEGER });
  try {
    const kept = (height: number, timeMs: number) => ({
      event: { kind: "receipts", atMs: timeMs, receipts: [receiptAt(height)], through: height } as const,
      changes: [{ kind: "receipt", receipt: receiptAt(height), timeMs, own: false } as const],
    });
    store.commit([kept(1, T0), kept(2, T0 + 10 * DAY_MS), kept(3, T0 + 35 * DAY_MS)]);
    store.retain(T0 + 400 * DAY_MS);
    const { items, total } = store.receipts({}, { limit: 10 });
    assertEquals(items.map(({ receipt }) => receipt.height), [3, 2]);
    assertEquals(total, 2);
  } finally {
    store.close();
  }
});
