/**
 * The jobs: taken on only once they are kept, begun in order, ended in exactly one state. After a restart the ones
 * that were waiting wait again; one that was running is begun once more, and after that it counts as what brought
 * the program down.
 */
import { decode } from "../engine/codec.ts";
import { absent, type Known } from "../engine/reason.ts";
import type {
  BacktestJob,
  BacktestJobs,
  BacktestList,
  BacktestProgress,
  BacktestStatus,
  BacktestStore,
  Cancellation,
  Submission,
} from "../runtime/ports/backtest.ts";
import { hasEnded } from "../runtime/ports/backtest.ts";
import type { Clock } from "../runtime/ports/clock.ts";
import { type Page, type PageRequest, StoreError } from "../runtime/ports/store.ts";
import type { Log } from "../telemetry/log.ts";
import { CHUNK_BYTES, findDataFile, readPieces } from "./data_folder.ts";
import type { Run, RunEnd, WorkerPool } from "./pool.ts";
import type { ProgressReport, WorkerJob } from "./protocol.ts";
import { type BacktestRequest, readRequest } from "./request.ts";

/** Jobs that wait at once. */
export const QUEUED_MAX = 32;

/** Times that a job is begun. */
const ATTEMPTS_MAX = 2;

/** Most often that watchers hear of a job: ten times a second. */
const NOTIFY_EVERY_MS = 100;

/** How often a result that could not be kept is tried again. */
const SAVE_EVERY_MS = 1_000;

/** What is told to come back when the queue is full. */
const RETRY_AFTER_S = 5;

/** The recorded journal, as a worker gets it. */
export interface JournalSource {
  /** State of the core before the first event; null to begin with nothing. */
  readonly coreState: string | null;
  /** Encoded events, one a line. */
  readonly pieces: AsyncIterable<Uint8Array<ArrayBuffer>>;
}

/** What {@link BacktestQueue} needs. */
export interface BacktestQueueOptions {
  readonly store: () => BacktestStore;
  readonly pool: WorkerPool;
  readonly clock: Clock;
  readonly log: Log;
  readonly dataDir: string;
  readonly journal: () => JournalSource;
  /** Whether the journal was recorded beside a simulated chain. */
  readonly journalSimulated: () => boolean;
  /** What every job is told of the configuration. */
  readonly settings: Pick<WorkerJob, "core" | "rules">;
}

interface Live {
  readonly run: Run;
  readonly beganMs: number;
  report: ProgressReport | null;
  reportMs: number;
  readonly equity: [number, number][];
  readonly ended: Promise<void>;
}

/** The queue. */
export class BacktestQueue implements BacktestJobs {
  readonly #options: BacktestQueueOptions;
  readonly #waiting: string[] = [];
  readonly #live = new Map<string, Live>();
  readonly #watchers = new Map<string, Set<() => void>>();
  readonly #notifiedMs = new Map<string, number>();
  /** Jobs whose end could not be kept yet. */
  readonly #unsaved = new Map<string, BacktestJob>();
  readonly #stop = new AbortController();
  #saving: Promise<void> | null = null;

  constructor(options: BacktestQueueOptions) {
    this.#options = options;
  }

  /** Takes over the jobs that the store holds and that have not ended. */
  recover(): void {
    const store = this.#options.store();
    for (const job of store.unfinished()) {
      if (this.#live.has(job.id) || this.#waiting.includes(job.id)) continue;
      if (job.status === "running" && job.attempts >= ATTEMPTS_MAX) {
        const reason = `the program ended ${job.attempts} times while it ran`;
        this.#finish({ ...job, status: "failed", reason, endedMs: this.#options.clock.nowMs() });
        continue;
      }
      if (job.status === "running") store.saveJob({ ...job, status: "queued" });
      this.#waiting.push(job.id);
    }
    this.#pump();
  }

  async submit(body: unknown): Promise<Submission> {
    const read = readRequest(body, this.#options.settings.rules);
    const problems = "problems" in read ? [...read.problems] : [];
    const path = csvPathOf(body);
    const found = path === null ? null : await findDataFile(this.#options.dataDir, path);
    if (found && "problem" in found) problems.push({ field: "data.path", message: found.problem });
    if ("problems" in read || problems.length > 0) return { kind: "invalid", problems };
    const { request, rows } = read;
    const queued = this.#waiting.length;
    if (queued >= QUEUED_MAX || this.#stop.signal.aborted) {
      return { kind: "full", retryAfterS: RETRY_AFTER_S, queued };
    }
    const { kind } = request.data;
    const job: BacktestJob = {
      id: crypto.randomUUID(),
      createdMs: this.#options.clock.nowMs(),
      startedMs: null,
      endedMs: null,
      status: "queued",
      attempts: 0,
      request: request as unknown as Readonly<Record<string, unknown>>,
      simulated: kind === "simulator" || kind === "journal" && this.#options.journalSimulated(),
      reason: null,
      errors: [],
      result: null,
    };
    this.#options.store().saveJob(job, rows ?? undefined);
    this.#waiting.push(job.id);
    this.#pump();
    return { kind: "queued", id: job.id };
  }

  job(id: string): BacktestJob | null {
    return this.#unsaved.get(id) ?? this.#options.store().job(id);
  }

  progress(id: string): BacktestProgress | null {
    const live = this.#live.get(id);
    return live ? progressOf(live, this.#options.clock.monotonicMs()) : null;
  }

  history(
    filter: { readonly status?: BacktestStatus | undefined },
    page: PageRequest,
  ): Page<BacktestJob> {
    const kept = this.#options.store().jobs(filter, page);
    return { ...kept, items: kept.items.map((job) => this.#unsaved.get(job.id) ?? job) };
  }

  rows(id: string, list: BacktestList, first: number, limit: number): {
    readonly rows: readonly unknown[];
    readonly count: number;
  } {
    return this.#options.store().rows(id, list, first, limit);
  }

  async cancel(id: string): Promise<Cancellation> {
    const live = this.#live.get(id);
    if (live) {
      live.run.cancel();
      await live.ended;
      return "cancelled";
    }
    const job = this.job(id);
    if (!job) return "unknown";
    if (hasEnded(job.status)) return "ended";
    const place = this.#waiting.indexOf(id);
    if (place >= 0) this.#waiting.splice(place, 1);
    this.#finish({
      ...job,
      status: "cancelled",
      reason: "cancelled before it began",
      endedMs: this.#options.clock.nowMs(),
    });
    return "cancelled";
  }

  watch(id: string, onChange: () => void): () => void {
    const watchers = this.#watchers.get(id) ?? new Set();
    watchers.add(onChange);
    this.#watchers.set(id, watchers);
    return () => {
      watchers.delete(onChange);
      if (watchers.size === 0) this.#watchers.delete(id);
    };
  }

  /** Figures for metrics. */
  figures(): { readonly queued: number; readonly running: number; readonly workers: number } {
    return { queued: this.#waiting.length, running: this.#live.size, workers: this.#options.pool.workers };
  }

  /** Ends the workers. Jobs that run wait again in the store; the next start begins them. */
  async stop(): Promise<void> {
    this.#stop.abort();
    const running = [...this.#live.values()].map(({ ended }) => ended);
    await this.#options.pool.stop();
    await Promise.all(running);
    await this.#saving;
    this.#saveUnsaved();
  }

  #pump(): void {
    while (!this.#stop.signal.aborted && this.#options.pool.free > 0 && this.#waiting.length > 0) {
      const id = this.#waiting.shift()!;
      const job = this.job(id);
      if (job?.status === "queued") this.#begin(job);
    }
  }

  #begin(queued: BacktestJob): void {
    const { clock, pool, settings } = this.#options;
    const request = queued.request as unknown as BacktestRequest;
    const job: BacktestJob = {
      ...queued,
      status: "running",
      startedMs: clock.nowMs(),
      attempts: queued.attempts + 1,
    };
    let source: Source;
    try {
      const store = this.#options.store();
      store.dropParts(job.id);
      store.saveJob(job);
      source = this.#source(job.id, request);
    } catch (error) {
      if (!(error instanceof StoreError)) throw error;
      const reason = `the store could not be used: ${error.message}`;
      this.#finish({ ...job, status: "failed", reason, endedMs: clock.nowMs() });
      return;
    }
    const run = pool.begin(
      { request, dataName: source.name, coreState: source.coreState, ...settings },
      source.pieces,
      {
        onProgress: (report) => this.#onProgress(job.id, report),
        onPart: (part) => {
          try {
            this.#options.store().addPart(job.id, part);
          } catch (error) {
            if (!(error instanceof StoreError)) throw error;
            keepError ??= error;
            run.cancel();
          }
        },
      },
    );
    let keepError: StoreError | null = null;
    const ended = run.ended.then((end) => {
      this.#live.delete(job.id);
      this.#notifiedMs.delete(job.id);
      if (end.kind === "stopped" && this.#stop.signal.aborted) return this.#putBack(queued);
      this.#finish(
        keepError
          ? {
            ...endedJob(job, end, clock.nowMs()),
            status: "failed",
            reason: keepError.message,
            result: null,
          }
          : endedJob(job, end, clock.nowMs()),
      );
      this.#pump();
    });
    const beganMs = clock.monotonicMs();
    this.#live.set(job.id, { run, beganMs, report: null, reportMs: beganMs, equity: [], ended });
    this.#notify(job.id, true);
  }

  /** A run that the end of the program cut short was not the job's fault. */
  #putBack(job: BacktestJob): void {
    try {
      this.#options.store().saveJob(job);
    } catch (error) {
      if (!(error instanceof StoreError)) throw error; // Then it says running, and counts as begun once.
    }
  }

  /** Where the worker gets its data from. */
  #source(id: string, request: BacktestRequest): Source {
    const { data } = request;
    switch (data.kind) {
      case "csv":
        return { name: data.path, coreState: null, pieces: this.#csv(data.path) };
      case "inline": {
        const rows = this.#options.store().input(id);
        if (rows === null) throw new StoreError("corrupt", `the rows of backtest ${id} are not there`);
        return { name: "data.rows", coreState: null, pieces: inPieces(rows) };
      }
      case "simulator":
        return { name: `simulator ${data.scenario}-${data.seed}`, coreState: null, pieces: null };
      case "journal":
        return { name: "journal", ...this.#options.journal() };
      default:
        return data satisfies never;
    }
  }

  /** The file again, as it is now: what was checked when the job was taken on may have been replaced. */
  async *#csv(path: string): AsyncGenerator<Uint8Array<ArrayBuffer>> {
    const found = await findDataFile(this.#options.dataDir, path);
    if ("problem" in found) throw new RangeError(`${path} ${found.problem}`);
    yield* readPieces(found.path);
  }

  #onProgress(id: string, report: ProgressReport): void {
    const live = this.#live.get(id);
    if (!live) return;
    live.report = report;
    live.reportMs = this.#options.clock.monotonicMs();
    for (let i = 0; i + 1 < report.equity.length; i += 2) {
      live.equity.push([report.equity[i]!, report.equity[i + 1]!]);
    }
    this.#notify(id, false);
  }

  #finish(job: BacktestJob): void {
    const { log } = this.#options;
    try {
      this.#options.store().finish(job);
      this.#unsaved.delete(job.id);
    } catch (error) {
      if (!(error instanceof StoreError)) throw error;
      this.#unsaved.set(job.id, job);
      this.#saving ??= this.#keepTrying();
    }
    log.info("backtest.ended", { id: job.id, status: job.status, reason: job.reason });
    this.#notify(job.id, true);
  }

  async #keepTrying(): Promise<void> {
    while (this.#unsaved.size > 0 && !this.#stop.signal.aborted) {
      await this.#options.clock.sleep(SAVE_EVERY_MS, this.#stop.signal);
      this.#saveUnsaved();
    }
    this.#saving = null;
  }

  #saveUnsaved(): void {
    for (const job of this.#unsaved.values()) {
      try {
        this.#options.store().finish(job);
        this.#unsaved.delete(job.id);
      } catch (error) {
        if (!(error instanceof StoreError)) throw error;
      }
    }
  }

  #notify(id: string, always: boolean): void {
    const watchers = this.#watchers.get(id);
    if (!watchers) return;
    const nowMs = this.#options.clock.monotonicMs();
    if (!always && nowMs - (this.#notifiedMs.get(id) ?? -Infinity) < NOTIFY_EVERY_MS) return;
    this.#notifiedMs.set(id, nowMs);
    for (const watcher of [...watchers]) watcher();
  }
}

/** The file that a body names, however wrong the rest of it may be. */
function csvPathOf(body: unknown): string | null {
  const data = (body as { data?: { kind?: unknown; path?: unknown } } | null)?.data;
  return data?.kind === "csv" && typeof data.path === "string" && data.path !== "" ? data.path : null;
}

interface Source {
  readonly name: string;
  readonly coreState: string | null;
  readonly pieces: AsyncIterable<Uint8Array<ArrayBuffer>> | null;
}

function endedJob(job: BacktestJob, end: RunEnd, nowMs: number): BacktestJob {
  const ended = { ...job, endedMs: nowMs };
  switch (end.kind) {
    case "end":
      return {
        ...ended,
        status: end.status,
        reason: end.reason,
        result: decode(end.result) as BacktestJob["result"],
      };
    case "failed":
      return { ...ended, status: "failed", reason: end.reason, errors: end.errors };
    case "stopped":
      return {
        ...ended,
        status: "cancelled",
        reason: "cancelled before it had a result",
      };
    default:
      return end satisfies never;
  }
}

const READING = absent("WARMING_UP", "the data are being read");
const NOTHING_YET = absent("WARMING_UP", "the run has not told yet");

function progressOf({ report, equity, beganMs, reportMs }: Live, nowMs: number): BacktestProgress {
  if (report === null) {
    return {
      progress: 0,
      phase: "starting",
      bars: 0,
      barsPerS: 0,
      etaMs: NOTHING_YET,
      trades: 0,
      winRate: NOTHING_YET,
      drawdown: NOTHING_YET,
      sharpe: NOTHING_YET,
      pnl: NOTHING_YET,
      equity,
    };
  }
  const elapsedMs = Math.max(1, reportMs - beganMs);
  const { progress } = report;
  const etaMs: Known<number> = progress > 0.01
    ? Math.max(0, Math.round(elapsedMs / progress * (1 - progress) - (nowMs - reportMs)))
    : absent("WARMING_UP", "less than a hundredth is done");
  return {
    progress,
    phase: report.phase,
    bars: report.bars,
    barsPerS: Math.round(report.bars / elapsedMs * 1000),
    etaMs,
    trades: report.trades,
    winRate: report.trades > 0
      ? report.wins / report.trades
      : absent("NO_SAMPLES", "no trade has been closed"),
    drawdown: report.drawdown ?? READING,
    sharpe: report.sharpe ?? absent("UNDEFINED", "fewer than two days, or equity has not moved"),
    pnl: report.pnl ?? READING,
    equity,
  };
}

/** Bytes that are at hand, in pieces of their own. */
async function* inPieces(bytes: Uint8Array): AsyncGenerator<Uint8Array<ArrayBuffer>> {
  const step = CHUNK_BYTES - CHUNK_BYTES % 24;
  for (let at = 0; at < bytes.length; at += step) yield await Promise.resolve(bytes.slice(at, at + step));
}
