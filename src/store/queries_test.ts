// @ts-types="#types/std_assert.d.ts"
import { assertEquals, assertThrows } from "@std/assert";
import { T0 } from "../../tests/support/engine.ts";
import { fillReceipts, walkEveryFilter } from "../../tests/support/paging.ts";
import { applied } from "../../tests/support/store.ts";
import type { Candle } from "../engine/candle.ts";
import type { EquityPoint } from "../engine/change.ts";
import type { FeatureRow } from "../engine/features/feed.ts";
import { FEATURE_SCHEMA, FEATURES } from "../engine/features/spec.ts";
import type { LedgerEntry } from "../engine/ledger.ts";
import type { Fill } from "../engine/trading/order.ts";
import { EXPORT_KINDS, type ExportKind, type ExportRow } from "../runtime/ports/store.ts";
import { SqliteStore } from "./store.ts";

const SEED = 1;

function candle(t: number, given: Partial<Candle> = {}): Candle {
  return {
    t,
    open: 1n,
    high: 2n,
    low: 1n,
    close: 2n,
    amount: 3n,
    units: 1n,
    count: 1,
    source: "receipts",
    ...given,
  };
}

function entry(height: number, given: Partial<LedgerEntry> = {}): LedgerEntry {
  return {
    id: `${height}:revenue`,
    kind: "revenue",
    market: "compute",
    receiptId: `${height}-0-d`,
    height,
    anchored: true,
    timeMs: T0 + 1_000 * height,
    amount: 2n ** 70n,
    debit: "assets:acc",
    credit: "revenue:compute",
    ...given,
  };
}

Deno.test("SqliteStore.receipts() gives each receipt exactly once by cursor, for every filter, while others arrive", () => {
  for (const limit of [1_000, 97]) {
    const store = new SqliteStore(":memory:");
    walkEveryFilter(store, fillReceipts(store, 3_000, SEED), limit);
    store.close();
  }
});

Deno.test("SqliteStore.receipts() counts all that match on every page, and pages by offset too", () => {
  const store = new SqliteStore(":memory:");
  const made = fillReceipts(store, 500, SEED);
  const own = made.filter((row) => row.own).length;
  const first = store.receipts({ own: true }, { limit: 5 });
  const second = store.receipts({ own: true }, { limit: 5, cursor: first.nextCursor! });
  assertEquals([first.total, second.total], [own, own]);
  assertEquals(store.receipts({ own: true }, { limit: 5, offset: 5 }).items, second.items);
  assertEquals(store.receipts({ own: true }, { limit: 5, offset: own }).items, []);
  store.close();
});

Deno.test("SqliteStore.operations() gives each operation once by cursor, for every filter", () => {
  const store = new SqliteStore(":memory:");
  const made = fillReceipts(store, 1_000, SEED);
  for (
    const filter of [{}, { market: "ad" }, { status: "confirmed" }, { provider: "p1" }, {
      own: true,
    }] as const
  ) {
    const ids = new Set<string>();
    let cursor: string | undefined;
    let met = 0;
    do {
      const page = store.operations(filter, { limit: 61, cursor });
      met += page.items.length;
      for (const { id } of page.items) ids.add(id);
      cursor = page.nextCursor ?? undefined;
      if (cursor === undefined) {
        assertEquals([met, ids.size], [page.total, page.total], JSON.stringify(filter));
      }
    } while (cursor !== undefined);
  }
  const counts = store.operationCounts({ own: true });
  assertEquals(counts.ad, store.operations({ own: true, market: "ad" }, { limit: 1 }).total);
  // Two receipts of one block that share an index are one operation.
  assertEquals(store.operations({}, { limit: 1 }).total <= made.length, true);
  store.close();
});

Deno.test("SqliteStore refuses a cursor that it did not give, as the caller's mistake", () => {
  const store = new SqliteStore(":memory:");
  store.commit([applied(1), applied(2)]);
  const { nextCursor } = store.receipts({}, { limit: 1 });
  const foreign = [
    "",
    "x",
    "%%%",
    btoa("[]"),
    btoa("[1,2]"),
    btoa('["1","2","3"]'),
    btoa('[1.5,2,"a"]'),
    btoa("[1,2,3]"),
    btoa('{"0":1,"1":2,"2":"a","length":3}'),
    `${nextCursor}!`,
  ];
  for (const cursor of foreign) {
    assertThrows(() => store.receipts({}, { limit: 1, cursor }), RangeError, "cursor", cursor);
    assertThrows(() => store.operations({}, { limit: 1, cursor }), RangeError, "cursor", cursor);
  }
  assertThrows(() => store.alerts({ limit: 1, cursor: nextCursor! }, undefined), RangeError);
  store.close();
});

Deno.test("SqliteStore.candles() gives a market's candles of one width, oldest first, within the limit", () => {
  const store = new SqliteStore(":memory:");
  const changes = [120, 60, 180].map((t) =>
    ({ kind: "candle", market: "ad", step: 60, candle: candle(t) }) as const
  );
  store.commit([{ event: { kind: "slot", atMs: T0, height: 1 }, changes }]);
  assertEquals(store.candles("ad", 60, 0, 1e9, 9).map(({ t }) => t), [60, 120, 180]);
  assertEquals(store.candles("ad", 60, 61, 179, 9).map(({ t }) => t), [120]);
  assertEquals(store.candles("ad", 60, 0, 1e9, 2).map(({ t }) => t), [60, 120]);
  assertEquals([store.candles("ad", 1, 0, 1e9, 9), store.candles("energy", 60, 0, 1e9, 9)], [[], []]);
  store.close();
});

Deno.test("SqliteStore.addHistory() keeps the last sample of each interval, NaN included", () => {
  const store = new SqliteStore(":memory:");
  for (const t of [120, 121, 179, 180]) store.addHistory({ t, values: Float64Array.of(t, NaN) });
  assertEquals(store.history(1, 0, 1e9).map(({ t }) => t), [120, 121, 179, 180]);
  assertEquals(store.history(60, 0, 1e9).map(({ t, values }) => [t, values[0]]), [[120, 179], [180, 180]]);
  assertEquals(Number.isNaN(store.history(900, 0, 1e9)[0]!.values[1]), true);
  store.close();
});

/** A store in which every table has rows, some of them at the same time. */
function features(height: number): FeatureRow {
  const raw = new Float64Array(FEATURES.length).fill(height);
  return {
    height,
    timeMs: T0 + 1_000 * height,
    schema: FEATURE_SCHEMA,
    raw,
    z: new Float32Array(FEATURES.length),
  };
}

function fill(i: number): Fill {
  return {
    id: `o-${i}-1`,
    orderId: `o-${i}`,
    token: "AD",
    side: "buy",
    agent: null,
    qtyMicro: 1_000_000,
    price: 5,
    slippage: 0,
    gross: 5,
    fee: 1,
    realized: -1,
    cause: "intent",
    height: i,
    timeMs: T0 + 1_000 * Math.floor(i / 3),
  };
}

function point(minute: number): EquityPoint {
  return { timeMs: T0 + 60_000 * minute, equity: 1_000 + minute, cash: 900, realized: minute };
}

function exportable(): SqliteStore {
  const store = new SqliteStore(":memory:");
  fillReceipts(store, 700, SEED);
  store.commit([{
    event: { kind: "slot", atMs: T0, height: 1 },
    changes: [
      ...Array.from({ length: 300 }, (_, i) => ({ kind: "entry", entry: entry(i) }) as const),
      ...Array.from(
        { length: 300 },
        (_, i) => ({ kind: "candle", market: "ad", step: 60, candle: candle(T0 / 1000 + 60 * i) }) as const,
      ),
      ...Array.from({ length: 300 }, (_, i) => ({ kind: "features", row: features(i) }) as const),
      ...Array.from({ length: 300 }, (_, i) => ({ kind: "fill", epoch: 1, fill: fill(i) }) as const),
      ...Array.from(
        { length: 300 },
        (_, i) => ({ kind: "equity", epoch: 1 + i % 2, point: point(Math.floor(i / 2)) }) as const,
      ),
    ],
  }]);
  return store;
}

function exported(
  store: SqliteStore,
  kind: ExportKind,
  fromS: number,
  toS: number,
  limit: number,
): ExportRow[] {
  const rows: ExportRow[] = [];
  let after: string | null = null;
  do {
    const part = store.exportPart(kind, fromS, toS, after, limit);
    rows.push(...part.rows);
    after = part.next;
  } while (after !== null);
  return rows;
}

Deno.test("SqliteStore.exportPart() gives every row of the time once, oldest first, whatever the size of a part", () => {
  const store = exportable();
  for (const kind of EXPORT_KINDS) {
    const whole = exported(store, kind, 0, 1e10, 1_000_000);
    assertEquals(exported(store, kind, 0, 1e10, 7), whole, kind);
    const times = whole.map(({ time }) => time as number);
    assertEquals(times, [...times].sort((a, b) => a - b), kind);
    const [from, to] = [T0 / 1000 + 10, T0 / 1000 + 50];
    assertEquals(
      exported(store, kind, from, to, 7),
      whole.filter(({ time }) => (time as number) >= from && (time as number) <= to),
      kind,
    );
    assertEquals(whole.length > 200, true, kind);
  }
  store.close();
});

Deno.test("SqliteStore.exportPart() writes amounts as exact decimals", () => {
  const store = exportable();
  assertEquals(exported(store, "pnl", 0, 1e10, 100)[0]!.amount, "1180591620717411303424");
  store.close();
});
