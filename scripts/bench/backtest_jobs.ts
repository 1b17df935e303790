/**
 * Watches jobs in a program that runs beside a simulated chain: from POST to the last frame, and how late the program's
 * timers are meanwhile. Prints JSON.
 *
 *     deno run -A scripts/bench/backtest_jobs.ts csv|inline
 */
import { Stream, withProgram } from "../../tests/contract/harness.ts";
import { walkOf } from "../../tests/support/backtests.ts";

const BARS = 100_000;
const JOBS = 5;

/** Time that a program gets to catch up with its chain, and then to be watched without a job. */
const SETTLE_MS = 4_000;

/** What was seen of some jobs. */
export interface Jobs {
  /** How late timers were before any job ran. */
  readonly idleLagMs: number[];
  readonly ms: number[];
  /** Time that the program's own thread computed between two of its timers: what lateness is without other programs. */
  readonly ranMs: number[];
  readonly lagMs: number[];
  readonly rssBytes: number[];
}

/** Jobs in a program that runs: from POST to the last frame, and how late its timers were meanwhile. */
async function jobs(kind: "csv" | "inline", count: number): Promise<Jobs> {
  const found: Jobs = { idleLagMs: [], ms: [], ranMs: [], lagMs: [], rssBytes: [] };
  const key = crypto.randomUUID();
  const dataDir = await Deno.makeTempDir();
  const rows = walkOf(BARS, 1, 0.001).map((price, i) => [1_767_225_600 + 60 * i, price]);
  await Deno.writeTextFile(
    `${dataDir}/p.csv`,
    `timestamp,price\n${rows.map((row) => row.join(",")).join("\n")}\n`,
  );
  await withProgram({ env: { BB_API_KEY: key }, flags: { "data-dir": dataDir } }, async (program) => {
    const headers = { "x-api-key": key };
    const body = JSON.stringify({
      data: kind === "csv" ? { kind, path: "p.csv" } : { kind, rows },
      agents: [{ name: "ema_cross", params: { fast: 12, slow: 26 } }],
      capital: 1e6,
      guardrails: { max_drawdown: 0.99, max_position: 1e6, max_concurrent_trades: 3 },
    });
    await new Promise((resolve) => setTimeout(resolve, SETTLE_MS));
    const idle = watchLag(found.idleLagMs, []);
    await new Promise((resolve) => setTimeout(resolve, SETTLE_MS));
    idle();
    for (let i = -1; i < count; i++) {
      const lags: number[] = [];
      const ran: number[] = [];
      const stopWatching = watchLag(lags, ran);
      const began = performance.now();
      const { id } = await (await program.post("/backtest", body, headers)).json();
      const stream = new Stream(`${program.url.replace("http", "ws")}/backtest/ws/${id}`, { headers });
      const { status, reason } = await stream.next(({ type }) => type === "result");
      const elapsed = performance.now() - began;
      stopWatching();
      await stream.closed;
      if (status !== "done") throw new Error(`the job ended as ${status}: ${reason}`);
      found.rssBytes.push(Deno.memoryUsage().rss);
      if (i < 0) continue; // The first job starts the worker.
      found.ms.push(elapsed);
      found.lagMs.push(...lags);
      found.ranMs.push(...ran);
    }
  });
  await Deno.remove(dataDir, { recursive: true });
  return found;
}

/** Processor time of this thread so far, ms, by the scheduler of Linux. */
function computedMs(): number {
  return Number(Deno.readTextFileSync(`/proc/self/task/${Deno.pid}/schedstat`).split(" ")[0]) / 1e6;
}

/** Notes every 5 ms how late a timer is and how long the thread computed, until the returned function is called. */
function watchLag(lags: number[], ran: number[]): () => void {
  let beganMs = computedMs();
  let due = performance.now() + 5;
  const timer = setInterval(() => {
    const now = performance.now();
    lags.push(Math.max(0, now - due));
    ran.push(computedMs() - beganMs);
    beganMs = computedMs();
    due = now + 5;
  }, 5);
  return () => clearInterval(timer);
}

if (import.meta.main) {
  const kind = Deno.args[0] === "inline" ? "inline" : "csv";
  // deno-lint-ignore no-console
  console.log(JSON.stringify(await jobs(kind, JOBS)));
}
