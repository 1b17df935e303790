// @ts-types="#types/std_assert.d.ts"
import { assert, assertEquals, assertMatch, assertStringIncludes } from "@std/assert";
// @ts-types="#types/std_path.d.ts"
import { join } from "@std/path";
import { rowsOf, walkOf } from "../../tests/support/backtests.ts";
import { FAULT } from "../../tests/support/faults_of_workers.ts";
import { systemClock } from "../runtime/clock.ts";
import { type BacktestJob, type BacktestStore, hasEnded } from "../runtime/ports/backtest.ts";
import { StoreError } from "../runtime/ports/store.ts";
import { SqliteStore } from "../store/store.ts";
import { DEFAULT_RULES } from "../engine/trading/rules.ts";
import { Log } from "../telemetry/log.ts";
import { journalSource } from "./journal_source.ts";
import { WorkerPool } from "./pool.ts";
import { BacktestQueue, QUEUED_MAX } from "./queue.ts";

const FAULTY = new URL("../../tests/support/faulty_backtest_worker.ts", import.meta.url);

/** A queue over a store, as the program puts it together. */
function queueOver(
  store: SqliteStore,
  options: { readonly size?: number; readonly dataDir?: string; readonly table?: BacktestStore } = {},
): BacktestQueue {
  return new BacktestQueue({
    store: () => options.table ?? store.backtests,
    pool: new WorkerPool({ clock: systemClock, url: FAULTY, size: options.size ?? 1, heapMiB: 48 }),
    clock: systemClock,
    log: new Log("error", () => {}),
    dataDir: options.dataDir ?? "/nowhere",
    journal: () => journalSource(store),
    journalSimulated: () => false,
    settings: {
      rules: DEFAULT_RULES,
      core: { finalityDepth: 32, enabled: { compute: true, storage: true, energy: true, ad: true } },
    },
  });
}

async function withStore(test: (store: SqliteStore) => Promise<void>): Promise<void> {
  const store = new SqliteStore(":memory:");
  try {
    await test(store);
  } finally {
    store.close();
  }
}

const SHORT = [10, 11, 12, 11, 10];

/** Enough work for a job to be caught running: a grid over many bars. */
const LONG = {
  rows: walkOf(40_000, 1),
  analysis: { grid: { qty: Array.from({ length: 900 }, (_, i) => 1 + i) } },
};

function body(seed: number, prices: readonly number[] = SHORT, changes: object = {}) {
  return {
    data: { kind: "inline", rows: rowsOf(prices) },
    agents: [{ name: "momentum", params: { qty: 1 } }],
    capital: 1_000,
    seed,
    ...changes,
  };
}

async function submit(queue: BacktestQueue, request: unknown): Promise<string> {
  const answer = await queue.submit(request);
  assert(answer.kind === "queued", JSON.stringify(answer));
  return answer.id;
}

/** Waits until a job is as it should be. */
async function untilJob(
  queue: BacktestQueue,
  id: string,
  holds: (job: BacktestJob) => boolean,
): Promise<BacktestJob> {
  const { promise, resolve } = Promise.withResolvers<BacktestJob>();
  const look = () => {
    const job = queue.job(id);
    if (job && holds(job)) resolve(job);
  };
  const unwatch = queue.watch(id, look);
  look();
  const job = await promise;
  unwatch();
  return job;
}

function ended(queue: BacktestQueue, id: string): Promise<BacktestJob> {
  return untilJob(queue, id, ({ status }) => hasEnded(status));
}

function running(queue: BacktestQueue, id: string): Promise<BacktestJob> {
  return untilJob(queue, id, ({ status }) => status === "running");
}

Deno.test("BacktestQueue keeps a job before it answers, runs it and keeps its result and lists", async () => {
  await withStore(async (store) => {
    const queue = queueOver(store);
    const id = await submit(queue, body(1, SHORT, { fill: "same_bar" }));
    assert(store.backtests.job(id) !== null);
    const job = await ended(queue, id);
    assertEquals([job.status, job.attempts, job.simulated], ["done", 1, false]);
    assertEquals((job.request.data as { rows: number }).rows, 5);
    assertEquals(Math.round((job.result!.pnl as number) * 1e9), Math.round(-0.033 * 1e9));
    assertMatch(job.result!.trades_sha256 as string, /^[0-9a-f]{64}$/);
    assertEquals([queue.rows(id, "trades", 0, 9).count, queue.rows(id, "equity", 0, 9).count], [1, 6]);
    assertEquals([store.backtests.input(id), queue.progress(id)], [null, null]);
    const again = await ended(queue, await submit(queue, body(1, SHORT, { fill: "same_bar" })));
    assertEquals(again.result, job.result, "the same request gives the same result");
    await queue.stop();
  });
});

Deno.test("BacktestQueue brings every job to a true end: done, cancelled, killed, out of memory, over a restart", async () => {
  await withStore(async (store) => {
    let queue = queueOver(store, { size: 2 });
    const good: string[] = [];
    const long = await submit(queue, body(1, LONG.rows, { analysis: LONG.analysis }));
    const killed = await submit(queue, body(FAULT.exit));
    for (let i = 0; i < 4; i++) good.push(await submit(queue, body(i + 1)));
    const hungry = await submit(queue, body(FAULT.memory));
    const waiting = [await submit(queue, body(1)), await submit(queue, body(1))];
    const interrupted = await submit(
      queue,
      body(7, LONG.rows.slice(0, 20_000), { analysis: { grid: { qty: [1, 2, 3] } } }),
    );
    assertEquals(queue.history({}, { limit: 50 }).total, 10);
    await running(queue, long);
    assertEquals(await Promise.all([...waiting, long].map((id) => queue.cancel(id))), [
      "cancelled",
      "cancelled",
      "cancelled",
    ]);
    await ended(queue, killed);
    await running(queue, interrupted);
    await queue.stop();
    const left = store.backtests.unfinished();
    assert(left.length > 0 && left.every(({ status }) => status === "queued"), "nothing says running");
    queue = queueOver(store, { size: 2 });
    queue.recover();
    const all = [long, killed, ...good, hungry, ...waiting, interrupted];
    const jobs = new Map<string, BacktestJob>();
    for (const id of all) jobs.set(id, await ended(queue, id));
    assertEquals(all.map((id) => jobs.get(id)!.status), [
      "cancelled",
      "failed",
      ...good.map(() => "done" as const),
      "failed",
      "cancelled",
      "cancelled",
      "done",
    ]);
    assertEquals(jobs.get(killed)!.reason, "the worker ended with code 7");
    assertStringIncludes(jobs.get(hungry)!.reason!, "48 MiB of memory");
    assertStringIncludes(jobs.get(long)!.reason!, "cancelled");
    assert(jobs.get(long)!.result !== null, "what a cancelled run found is kept");
    assertEquals([store.backtests.unfinished(), queue.figures().running], [[], 0]);
    await queue.stop();
  });
});

Deno.test("BacktestQueue.recover() begins a job once more that its program did not survive, and not a third time", async () => {
  await withStore(async (store) => {
    const row = (id: string, attempts: number): BacktestJob => ({
      id,
      createdMs: 1,
      startedMs: 2,
      endedMs: null,
      status: "running",
      attempts,
      request: {
        data: { kind: "simulator", seed: 1, scenario: "calm", slots: 5 },
        agents: [{ name: "momentum", params: { stake_ratio: 0.2, qty: 0 } }],
        capital: 1_000,
        fees: { rate: 0 },
        slippage: { rate: 0 },
        guardrails: { max_drawdown: null, max_position: null, max_concurrent_trades: null },
        fill: "next_bar",
        seed: 1,
        analysis: { lookahead: null, walk_forward: null, monte_carlo: null, grid: null },
      },
      simulated: true,
      reason: null,
      errors: [],
      result: null,
    });
    store.backtests.saveJob(row("once", 1));
    store.backtests.saveJob(row("twice", 2));
    const queue = queueOver(store);
    queue.recover();
    queue.recover();
    assertEquals([(await ended(queue, "once")).status, queue.job("once")!.attempts], ["done", 2]);
    assertEquals(queue.job("twice")!.status, "failed");
    assertStringIncludes(queue.job("twice")!.reason!, "ended 2 times");
    await queue.stop();
  });
});

Deno.test("BacktestQueue is bounded and says when it is full", async () => {
  await withStore(async (store) => {
    const queue = queueOver(store);
    const first = await submit(queue, body(FAULT.loop));
    const ids: string[] = [];
    for (let i = 0; i < QUEUED_MAX; i++) ids.push(await submit(queue, body(1)));
    const answer = await queue.submit(body(1));
    assertEquals(answer, { kind: "full", retryAfterS: 5, queued: QUEUED_MAX });
    assertEquals(queue.history({ status: "queued" }, { limit: 1 }).total, QUEUED_MAX);
    await queue.cancel(ids[0]!);
    assertEquals((await queue.submit(body(1))).kind, "queued");
    await queue.stop();
    assertEquals(store.backtests.job(first)!.status, "queued");
    assertEquals((await queue.submit(body(1))).kind, "full", "a queue that has stopped takes nothing on");
  });
});

Deno.test("BacktestQueue refuses requests with all their problems, the file's among them, and keeps nothing", async () => {
  await withStore(async (store) => {
    const queue = queueOver(store);
    const answer = await queue.submit({ data: { kind: "csv", path: "../x.csv" }, agents: [], capital: 0 });
    assert(answer.kind === "invalid");
    assertEquals(answer.problems.map(({ field }) => field), ["agents", "capital", "data.path"]);
    for (const wrong of [null, 5, [], "x"]) assertEquals((await queue.submit(wrong)).kind, "invalid");
    assertEquals(queue.history({}, { limit: 1 }).total, 0);
    assertEquals([await queue.cancel("nobody"), queue.job("nobody"), queue.progress("nobody")], [
      "unknown",
      null,
      null,
    ]);
    await queue.stop();
  });
});

Deno.test("BacktestQueue reads CSV files of the data folder and fails with file, line and column of bad rows", async () => {
  const dataDir = await Deno.makeTempDir({ prefix: "bb queue " });
  try {
    await withStore(async (store) => {
      const queue = queueOver(store, { dataDir });
      const csv = (text: string) => Deno.writeTextFile(join(dataDir, "p.csv"), text);
      const data = { kind: "csv", path: "p.csv" };
      await csv(`timestamp,price\n${SHORT.map((price, i) => `${60 * i},${price}`).join("\n")}\n`);
      const fine = await ended(queue, await submit(queue, body(1, SHORT, { data, fill: "same_bar" })));
      assertEquals([fine.status, Math.round((fine.result!.pnl as number) * 1e9)], ["done", -33_000_000]);
      await csv("timestamp,price\n1,10\n2,x\n0,10\n");
      const bad = await ended(queue, await submit(queue, body(1, SHORT, { data })));
      assertEquals([bad.status, bad.reason, bad.result], ["failed", "p.csv: 2 rows are wrong", null]);
      assertEquals(bad.errors.map(({ field }) => field), ["p.csv:3:price", "p.csv:4:timestamp"]);
      const blocker = await submit(queue, body(1, LONG.rows, { analysis: LONG.analysis }));
      const later = await submit(queue, body(1, SHORT, { data }));
      await Deno.remove(join(dataDir, "p.csv"));
      await queue.cancel(blocker);
      const gone = await ended(queue, later);
      assertEquals(gone.status, "failed");
      assertStringIncludes(gone.reason!, "there is no such file");
      await queue.stop();
    });
  } finally {
    await Deno.remove(dataDir, { recursive: true });
  }
});

Deno.test("BacktestQueue takes nothing on that it cannot keep, and keeps ends as soon as it can again", async () => {
  await withStore(async (store) => {
    let broken = false;
    const table = new Proxy(store.backtests, {
      get: (target, name) => {
        const value = target[name as keyof BacktestStore] as unknown;
        if (typeof value !== "function") return value;
        return (...args: unknown[]) => {
          if (broken && ["saveJob", "finish", "addPart"].includes(String(name))) {
            throw new StoreError("full", "no space");
          }
          return value.apply(target, args);
        };
      },
    });
    const queue = queueOver(store, { table });
    const id = await submit(queue, body(FAULT.loop));
    broken = true;
    let refused: unknown;
    await queue.submit(body(1)).catch((error) => refused = error);
    assert(refused instanceof StoreError);
    assertEquals(await queue.cancel(id), "cancelled");
    assertEquals([queue.job(id)!.status, store.backtests.job(id)!.status], ["cancelled", "running"]);
    broken = false;
    await queue.stop();
    assertEquals(store.backtests.job(id)!.status, "cancelled");
  });
});
