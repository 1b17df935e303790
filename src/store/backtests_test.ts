// @ts-types="#types/std_assert.d.ts"
import { assertEquals, assertThrows } from "@std/assert";
import { gzipSync } from "node:zlib";
import { absent } from "../engine/reason.ts";
import type { BacktestJob, BacktestList } from "../runtime/ports/backtest.ts";
import { JOBS_MAX } from "./backtests.ts";
import { SqliteStore } from "./store.ts";

function job(id: string, createdMs: number, status: BacktestJob["status"] = "queued"): BacktestJob {
  return {
    id,
    createdMs,
    startedMs: null,
    endedMs: null,
    status,
    attempts: 0,
    request: { capital: 5 },
    simulated: false,
    reason: null,
    errors: [],
    result: null,
  };
}

function withTable(test: (table: SqliteStore["backtests"]) => void): void {
  const store = new SqliteStore(":memory:");
  try {
    test(store.backtests);
  } finally {
    store.close();
  }
}

function part(list: BacktestList, first: number, rows: readonly unknown[]) {
  return { list, first, count: rows.length, body: gzipSync(JSON.stringify(rows)) };
}

Deno.test("BacktestTable keeps a job as it is, unknown values with their reasons", () => {
  withTable((table) => {
    const kept = {
      ...job("a", 1),
      result: { pnl: 1.5, sharpe: absent("UNDEFINED", "flat"), nested: [{ x: null }] },
    };
    table.saveJob(job("a", 1), Uint8Array.of(1, 2, 3));
    table.saveJob(kept);
    assertEquals(table.job("a"), kept);
    assertEquals([table.job("b"), table.input("b")], [null, null]);
    assertEquals(table.input("a"), Uint8Array.of(1, 2, 3), "saving it again keeps its rows");
    table.finish({ ...kept, status: "done" });
    assertEquals([table.job("a")?.status, table.input("a")], ["done", null]);
  });
});

Deno.test("BacktestTable.unfinished() gives what is queued or running, oldest first", () => {
  withTable((table) => {
    for (
      const [i, status] of (["done", "running", "queued", "failed", "limit", "cancelled"] as const).entries()
    ) {
      table.saveJob(job(`j${i}`, 100 - i, status));
    }
    assertEquals(table.unfinished().map(({ id }) => id), ["j2", "j1"]);
  });
});

Deno.test("BacktestTable.jobs() pages newest first, by status too, and refuses other cursors", () => {
  withTable((table) => {
    for (let i = 0; i < 7; i++) {
      table.saveJob(job(`j${i}`, Math.floor(i / 2), i % 2 === 0 ? "done" : "failed"));
    }
    const seen: string[] = [];
    let cursor: string | undefined;
    do {
      const { items, total, nextCursor } = table.jobs({}, { limit: 3, cursor });
      assertEquals(total, 7);
      seen.push(...items.map(({ id }) => id));
      cursor = nextCursor ?? undefined;
    } while (cursor !== undefined);
    assertEquals(seen, ["j6", "j5", "j4", "j3", "j2", "j1", "j0"]);
    assertEquals(table.jobs({ status: "failed" }, { limit: 2, offset: 1 }).items.map(({ id }) => id), [
      "j3",
      "j1",
    ]);
    assertEquals(table.jobs({ status: "failed" }, { limit: 2 }).total, 3);
    for (const wrong of ["", "x", "1", "'; DROP TABLE backtests"]) {
      assertThrows(() => table.jobs({}, { limit: 3, cursor: wrong }), RangeError);
    }
  });
});

Deno.test("BacktestTable.rows() reads across parts", () => {
  withTable((table) => {
    table.saveJob(job("a", 1, "running"));
    table.addPart("a", part("trades", 0, [0, 1, 2]));
    table.addPart("a", part("trades", 3, [3, 4, 5]));
    table.addPart("a", part("trades", 6, [6]));
    table.addPart("a", part("equity", 0, [[1, 2]]));
    assertEquals(table.rows("a", "trades", 2, 3), { rows: [2, 3, 4], count: 7 });
    assertEquals(table.rows("a", "trades", 0, 0), { rows: [], count: 7 });
    assertEquals(table.rows("a", "trades", 6, 100), { rows: [6], count: 7 });
    assertEquals(table.rows("a", "equity", 0, 9), { rows: [[1, 2]], count: 1 });
    assertEquals(table.rows("b", "equity", 0, 9), { rows: [], count: 0 });
    table.dropParts("a");
    assertEquals(table.rows("a", "trades", 0, 9), { rows: [], count: 0 });
  });
});

Deno.test("BacktestTable.finish() drops the oldest ended jobs with their lists, and none that has not ended", () => {
  withTable((table) => {
    table.saveJob(job("waits", 0));
    for (let i = 1; i <= JOBS_MAX + 5; i++) {
      table.saveJob(job(`j${i}`, i, "running"));
      table.addPart(`j${i}`, part("trades", 0, [i]));
      table.finish(job(`j${i}`, i, "done"));
    }
    assertEquals(table.jobs({}, { limit: 1 }).total, JOBS_MAX + 1);
    assertEquals([table.job("j5"), table.job("waits")?.status], [null, "queued"]);
    assertEquals([table.rows("j5", "trades", 0, 9).count, table.rows("j6", "trades", 0, 9).count], [0, 1]);
  });
});
