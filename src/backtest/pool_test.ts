// @ts-types="#types/std_assert.d.ts"
import { assert, assertEquals, assertMatch, assertThrows } from "@std/assert";
import { rowsOf, walkOf } from "../../tests/support/backtests.ts";
import { FAULT } from "../../tests/support/faults_of_workers.ts";
import { decode } from "../engine/codec.ts";
import { DEFAULT_RULES } from "../engine/trading/rules.ts";
import { systemClock } from "../runtime/clock.ts";
import type { BacktestPart } from "../runtime/ports/backtest.ts";
import { type RunEnd, WorkerPool } from "./pool.ts";
import type { ProgressReport } from "./protocol.ts";
import { readRequest } from "./request.ts";

const FAULTY = new URL("../../tests/support/faulty_backtest_worker.ts", import.meta.url);

const NO_LISTENER = { onProgress: () => {}, onPart: () => {} };

/** Runs a test with a pool that is ended afterwards. */
async function withPool(
  options: { readonly size?: number; readonly url?: URL },
  test: (pool: WorkerPool) => Promise<void>,
): Promise<void> {
  const pool = new WorkerPool({ clock: systemClock, url: FAULTY, size: 1, heapMiB: 48, ...options });
  try {
    await test(pool);
  } finally {
    await pool.stop();
  }
}

/** A job over inline prices; its seed tells the worker how to fail. */
function job(seed: number, prices: readonly number[] = [10, 11, 12, 11, 10], changes: object = {}) {
  const read = readRequest({
    data: { kind: "inline", rows: rowsOf(prices) },
    agents: [{ name: "momentum", params: { qty: 1 } }],
    capital: 1_000,
    seed,
    ...changes,
  });
  if ("problems" in read) throw new Error(JSON.stringify(read.problems));
  const core = { finalityDepth: 32, enabled: { compute: true, storage: true, energy: true, ad: true } };
  return {
    job: { request: read.request, dataName: "rows", coreState: null, core, rules: DEFAULT_RULES },
    pieces: piecesOf(read.rows!),
  };
}

async function* piecesOf(bytes: Uint8Array, size = 24 * 5_000): AsyncGenerator<Uint8Array<ArrayBuffer>> {
  for (let at = 0; at < bytes.length; at += size) yield await Promise.resolve(bytes.slice(at, at + size));
}

async function endOf(pool: WorkerPool, seed: number): Promise<RunEnd> {
  const { job: work, pieces } = job(seed);
  return await pool.begin(work, pieces, NO_LISTENER).ended;
}

Deno.test("WorkerPool runs jobs one after the other in the same worker", async () => {
  await withPool({}, async (pool) => {
    const parts: BacktestPart[] = [];
    for (let i = 0; i < 3; i++) {
      const { job: work, pieces } = job(1);
      const run = pool.begin(work, pieces, { onProgress: () => {}, onPart: (part) => parts.push(part) });
      assertEquals(pool.free, 0);
      assertThrows(() => pool.begin(work, null, NO_LISTENER), RangeError);
      const end = await run.ended;
      assert(end.kind === "end" && end.status === "done", JSON.stringify(end));
      assertEquals((decode(end.result) as { trades: number }).trades, 1);
    }
    assertEquals([pool.workers, parts.map(({ list }) => list)], [1, [
      "trades",
      "equity",
      "trades",
      "equity",
      "trades",
      "equity",
    ]]);
  });
});

Deno.test("WorkerPool says what became of a worker that loops, runs out of memory or ends", async () => {
  await withPool({}, async (pool) => {
    for (
      const [seed, reason] of [
        [FAULT.loop, /^the worker computed for \d\.\d s without getting on: it loops, or collects garbage/],
        [FAULT.memory, /its 48 MiB of memory$/],
        [FAULT.exit, /^the worker ended with code 7$/],
      ] as const
    ) {
      const end = await endOf(pool, seed);
      assert(end.kind === "failed");
      assertMatch(end.reason, reason);
      assertEquals(pool.free, 1);
      const after = await endOf(pool, 1);
      assertEquals(after.kind, "end", "the next job gets a new worker");
    }
  });
});

Deno.test("WorkerPool ends a run that is cancelled: by itself with its figures, or by force without", async () => {
  await withPool({}, async (pool) => {
    const prices = walkOf(60_000, 1);
    const analysis = { grid: { qty: Array.from({ length: 500 }, (_, i) => 1 + i / 1000) } };
    const { job: work, pieces } = job(1, prices, { analysis });
    const told = Promise.withResolvers<ProgressReport>();
    const run = pool.begin(work, pieces, { onProgress: told.resolve, onPart: () => {} });
    await told.promise;
    run.cancel();
    const end = await run.ended;
    assert(end.kind === "end" && end.status === "cancelled", end.kind);
    assert((decode(end.result) as { bars: number }).bars > 0);
    const stuck = job(FAULT.loop);
    const forced = pool.begin(stuck.job, stuck.pieces, NO_LISTENER);
    forced.cancel();
    assertEquals((await forced.ended).kind, "stopped");
  });
});

Deno.test("WorkerPool tells progress that only grows, with the points of the curve in order", async () => {
  await withPool({}, async (pool) => {
    const { job: work, pieces } = job(1, walkOf(40_000, 2), { analysis: { grid: { qty: [1, 2] } } });
    const reports: ProgressReport[] = [];
    const end = await pool.begin(work, pieces, {
      onProgress: (report) => reports.push(report),
      onPart: () => {},
    }).ended;
    assertEquals(end.kind, "end");
    assert(reports.length > 1);
    const values = reports.map(({ progress }) => progress);
    assertEquals(values, values.toSorted((a, b) => a - b));
    assert(values.every((value) => value >= 0 && value < 1));
    const times = reports.flatMap(({ equity }) => [...equity].filter((_, i) => i % 2 === 0));
    assertEquals(times, [...new Set(times)].sort((a, b) => a - b));
  });
});

Deno.test("WorkerPool ends a job whose data cannot be read, and goes on", async () => {
  await withPool({}, async (pool) => {
    // deno-lint-ignore require-yield
    async function* broken(): AsyncGenerator<Uint8Array<ArrayBuffer>> {
      await Promise.resolve();
      throw new Error("the disk is gone");
    }
    const end = await pool.begin(job(1).job, broken(), NO_LISTENER).ended;
    assertEquals(end.kind === "failed" ? end.reason : end.kind, "the data cannot be read: the disk is gone");
    assertEquals((await endOf(pool, 1)).kind, "end");
  });
});

Deno.test("WorkerPool.stop() ends what runs and what waits for data", async () => {
  const pool = new WorkerPool({ clock: systemClock, url: FAULTY, size: 2, heapMiB: 48 });
  const first = job(FAULT.loop);
  const runs = [
    pool.begin(first.job, first.pieces, NO_LISTENER),
    pool.begin(job(1).job, neverEnding(), NO_LISTENER),
  ];
  await pool.stop();
  assertEquals((await Promise.all(runs.map(({ ended }) => ended))).map(({ kind }) => kind), [
    "stopped",
    "stopped",
  ]);
  assertEquals(pool.workers, 0);
});

/** Rows without an end, as slow as the reader. */
async function* neverEnding(): AsyncGenerator<Uint8Array<ArrayBuffer>> {
  for (let i = 0;; i++) {
    yield await Promise.resolve(new Uint8Array(Float64Array.of(i, 1, NaN).buffer));
  }
}
