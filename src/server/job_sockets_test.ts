// @ts-types="#types/std_assert.d.ts"
import { assert, assertEquals } from "@std/assert";
import { ManualClock } from "../runtime/clock.ts";
import type { BacktestJob, BacktestJobs, BacktestProgress } from "../runtime/ports/backtest.ts";
import { absent } from "../engine/reason.ts";
import {
  BUFFERED_BYTES_MAX,
  MESSAGE_BYTES_MAX,
  MESSAGES_PER_MINUTE_MAX,
  type Socket,
  STALLED_MS_MAX,
} from "./hub.ts";
import { JOB_CLIENTS_MAX, JobSockets, UNKNOWN_JOB } from "./job_sockets.ts";

/** A socket whose buffer the test decides. */
class FakeSocket implements Socket {
  readyState: number = WebSocket.OPEN;
  bufferedAmount = 0;
  readonly sent: Record<string, unknown>[] = [];
  code: number | undefined;

  send(text: string): void {
    this.sent.push(JSON.parse(text));
  }

  close(code?: number): void {
    this.readyState = WebSocket.CLOSING;
    this.code ??= code;
  }
}

/** One job that the test moves on. */
class FakeJobs {
  readonly watchers = new Set<() => void>();
  status: BacktestJob["status"] = "running";
  readonly equity: [number, number][] = [[1, 100]];

  job(id: string): BacktestJob | null {
    if (id !== "a") return null;
    return {
      id,
      createdMs: 1_000,
      startedMs: 2_000,
      endedMs: this.status === "running" ? null : 3_000,
      status: this.status,
      attempts: 1,
      request: { guardrails: { max_drawdown: null } },
      simulated: true,
      reason: null,
      errors: [],
      result: this.status === "running" ? null : { pnl: 5, sharpe: absent("UNDEFINED", "flat"), trades: 1 },
    };
  }

  progress(): BacktestProgress {
    const unknown = absent("WARMING_UP", "not yet");
    return {
      progress: 0.5,
      phase: "running",
      bars: 10,
      barsPerS: 5,
      etaMs: unknown,
      trades: 0,
      winRate: unknown,
      drawdown: 0,
      sharpe: unknown,
      pnl: 0,
      equity: this.equity,
    };
  }

  watch(_id: string, onChange: () => void): () => void {
    this.watchers.add(onChange);
    return () => this.watchers.delete(onChange);
  }

  change(): void {
    for (const watcher of [...this.watchers]) watcher();
  }
}

function setUp() {
  const jobs = new FakeJobs();
  const clock = new ManualClock();
  const sockets = new JobSockets({
    jobs: () => jobs as unknown as BacktestJobs,
    clock,
    source: () => "engine",
  });
  return { jobs, clock, sockets };
}

Deno.test("JobSockets sends the state at once, then only the points that are new, then the result and 1000", () => {
  const { jobs, sockets } = setUp();
  const socket = new FakeSocket();
  sockets.connect(socket, "a");
  jobs.equity.push([2, 101], [3, 102]);
  jobs.change();
  jobs.status = "done";
  jobs.change();
  assertEquals(socket.sent.map(({ type, equity_from, equity_curve }) => [type, equity_from, equity_curve]), [
    ["progress", 0, [[1, 100]]],
    ["progress", 1, [[2, 101], [3, 102]]],
    ["result", undefined, undefined],
  ]);
  assertEquals([socket.code, jobs.watchers.size], [1000, 0]);
  const { partial, source } = socket.sent[2]!._meta as { partial: Record<string, string>; source: string };
  assertEquals([partial.sharpe, source], ["UNDEFINED: flat", "simulated"]);
  assert(partial["request.guardrails.max_drawdown"]!.startsWith("DISABLED"));
});

Deno.test("JobSockets closes with 4404 for a job that does not exist", () => {
  const { sockets, jobs } = setUp();
  const socket = new FakeSocket();
  sockets.connect(socket, "b");
  assertEquals([socket.code, socket.sent.length, jobs.watchers.size], [UNKNOWN_JOB, 0, 0]);
});

Deno.test("JobSockets lets a slow client catch up, and cuts off one that does not read", async () => {
  const { jobs, clock, sockets } = setUp();
  const socket = new FakeSocket();
  sockets.connect(socket, "a");
  socket.bufferedAmount = BUFFERED_BYTES_MAX + 1;
  jobs.equity.push([2, 101]);
  jobs.change();
  assertEquals(socket.sent.length, 1);
  socket.bufferedAmount = 0;
  jobs.change();
  assertEquals(socket.sent[1]!.equity_from, 1, "it gets what it missed");
  socket.bufferedAmount = BUFFERED_BYTES_MAX + 1;
  jobs.change();
  await clock.advance(STALLED_MS_MAX + 1);
  jobs.change();
  assertEquals([socket.code, jobs.watchers.size], [1013, 0]);
});

Deno.test("JobSockets bounds clients and what they say, and forgets the ones that leave", () => {
  const { jobs, sockets } = setUp();
  const open = Array.from({ length: JOB_CLIENTS_MAX }, () => new FakeSocket());
  const sessions = open.map((socket) => sockets.connect(socket, "a"));
  const late = new FakeSocket();
  sockets.connect(late, "a");
  assertEquals(late.code, 1013);
  sessions[0]!.onClose();
  sessions[0]!.onClose();
  assertEquals(jobs.watchers.size, JOB_CLIENTS_MAX - 1);
  for (let i = 0; i <= MESSAGES_PER_MINUTE_MAX; i++) sessions[1]!.onMessage("x");
  sessions[2]!.onMessage("x".repeat(MESSAGE_BYTES_MAX + 1));
  sessions[3]!.onMessage(new Uint8Array(1));
  assertEquals(open.slice(1, 4).map(({ code }) => code), [1008, 1009, 1003]);
  sockets.stop();
  assertEquals(open.at(-1)!.code, 1001);
});
