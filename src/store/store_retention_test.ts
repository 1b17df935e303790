// @ts-types="#types/std_assert.d.ts"
import { assertEquals } from "@std/assert";
import type { Order } from "../engine/trading/order.ts";
import { receiptAt, T0 } from "../../tests/support/engine.ts";
import { SqliteStore } from "./store.ts";

const DAY_MS = 86_400_000;

const ORDER: Order = {
  id: "o-0",
  clientOrderId: null,
  agent: null,
  token: "COMPUTE",
  side: "buy",
  qtyMicro: 1_000_000,
  limit: null,
  timeInForce: "ioc",
  reduceOnly: false,
  cause: "intent",
  placedMs: T0,
  placedHeight: 1,
  reservePrice: 0,
  status: "rejected",
  updatedMs: T0,
  filledMicro: 0,
  fills: 0,
  gross: 0,
  fee: 0,
  slippageCost: 0,
  denial: null,
  detail: null,
};

Deno.test("SqliteStore.retain() keeps the newest orders of a desk that has no account, whatever the chain's time", () => {
  const store = new SqliteStore(":memory:", { days: 30, bytesMax: Number.MAX_SAFE_INTEGER });
  try {
    const rejected = (id: string, placedMs: number) => ({
      event: { kind: "receipts", atMs: placedMs, receipts: [], through: 1 } as const,
      changes: [
        {
          kind: "order",
          epoch: 0,
          order: { ...ORDER, id, placedMs, updatedMs: placedMs },
        } as const,
      ],
    });
    store.commit([rejected("o-1", T0), rejected("o-2", T0 + 35 * DAY_MS), rejected("o-3", T0 + 36 * DAY_MS)]);
    store.retain(T0 + 400 * DAY_MS);
    assertEquals(store.orders({}, { limit: 10 }).items.map(({ order }) => order.id), ["o-3", "o-2"]);
  } finally {
    store.close();
  }
});

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
