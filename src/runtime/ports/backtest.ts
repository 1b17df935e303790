/** Backtests as jobs: what the server asks of the queue, and what the queue asks of the store. */
import type { Known } from "../../engine/reason.ts";
import type { Page, PageRequest } from "./store.ts";

/** States of a job. `limit`: the drawdown guardrail ended the run. */
export const BACKTEST_STATUSES = ["queued", "running", "done", "cancelled", "failed", "limit"] as const;

/** State of a job. */
export type BacktestStatus = (typeof BACKTEST_STATUSES)[number];

/** Whether a job has come to its end. */
export function hasEnded(status: BacktestStatus): boolean {
  return status !== "queued" && status !== "running";
}

/** Lists that a result has besides its summary. */
export const BACKTEST_LISTS = ["trades", "equity"] as const;

/** A list of a result. */
export type BacktestList = (typeof BACKTEST_LISTS)[number];

/** A bad row of the data, or a field of the request that is wrong. */
export interface FieldError {
  readonly field: string;
  readonly message: string;
}

/** A job as it is kept. Times are Unix milliseconds. */
export interface BacktestJob {
  readonly id: string;
  readonly createdMs: number;
  readonly startedMs: number | null;
  readonly endedMs: number | null;
  readonly status: BacktestStatus;
  /** How often it was begun; a job that twice did not survive its program is not begun again. */
  readonly attempts: number;
  /** The request with every default filled in, without inline rows. */
  readonly request: Readonly<Record<string, unknown>>;
  /** Whether its data are simulated. */
  readonly simulated: boolean;
  /** Why it failed, or what ended it. */
  readonly reason: string | null;
  readonly errors: readonly FieldError[];
  /** The result without its lists; values that are not known say why. Null until there is one. */
  readonly result: Readonly<Record<string, unknown>> | null;
}

/** How far a running job is. */
export interface BacktestProgress {
  /** 0..1. */
  readonly progress: number;
  /** What is being done: reading, running, or the name of an analysis. */
  readonly phase: string;
  /** Bars that were run, all analyses included. */
  readonly bars: number;
  readonly barsPerS: number;
  readonly etaMs: Known<number>;
  readonly trades: number;
  readonly winRate: Known<number>;
  readonly drawdown: Known<number>;
  readonly sharpe: Known<number>;
  readonly pnl: Known<number>;
  /** Unix seconds and equity, thinned out, from the beginning. */
  readonly equity: readonly (readonly [t: number, equity: number])[];
}

/** Answer to a request. */
export type Submission =
  | { readonly kind: "queued"; readonly id: string }
  | { readonly kind: "invalid"; readonly problems: readonly FieldError[] }
  | { readonly kind: "full"; readonly retryAfterS: number; readonly queued: number };

/** Answer to a wish to cancel. */
export type Cancellation = "cancelled" | "ended" | "unknown";

/** The queue, as the server sees it. */
export interface BacktestJobs {
  /** @throws {StoreError} If the job could not be kept, and so was not taken on */
  submit(body: unknown): Promise<Submission>;
  job(id: string): BacktestJob | null;
  /** Null unless the job is running. */
  progress(id: string): BacktestProgress | null;
  history(filter: { readonly status?: BacktestStatus | undefined }, page: PageRequest): Page<BacktestJob>;
  /** Rows of a list, oldest first; `count` is how many there are in all. */
  rows(
    id: string,
    list: BacktestList,
    first: number,
    limit: number,
  ): { readonly rows: readonly unknown[]; readonly count: number };
  /** Resolves when the job has ended. */
  cancel(id: string): Promise<Cancellation>;
  /** Calls back on every change of a job, at most ten times a second, until the returned function is called. */
  watch(id: string, onChange: () => void): () => void;
}

/** A part of a list, as the worker made it. */
export interface BacktestPart {
  readonly list: BacktestList;
  /** Index of its first row. */
  readonly first: number;
  readonly count: number;
  /** Gzip of a JSON array. */
  readonly body: Uint8Array;
}

/** What the queue keeps. */
export interface BacktestStore {
  /** Inserts or replaces a job; with `input`, also the rows that came with the request. */
  saveJob(job: BacktestJob, input?: Uint8Array): void;
  job(id: string): BacktestJob | null;
  jobs(filter: { readonly status?: BacktestStatus | undefined }, page: PageRequest): Page<BacktestJob>;
  /** Jobs that are queued or running, oldest first. */
  unfinished(): readonly BacktestJob[];
  input(id: string): Uint8Array | null;
  addPart(id: string, part: BacktestPart): void;
  /** Forgets the lists of a job, before it is begun again. */
  dropParts(id: string): void;
  /** The job as it ended; its input is forgotten, and of all jobs the oldest beyond the keep. */
  finish(job: BacktestJob): void;
  rows(
    id: string,
    list: BacktestList,
    first: number,
    limit: number,
  ): { readonly rows: readonly unknown[]; readonly count: number };
}
