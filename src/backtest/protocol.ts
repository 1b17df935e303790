/** What the program and a backtest worker say to each other. */
import type { BacktestPart, FieldError } from "../runtime/ports/backtest.ts";
import type { TradingRules } from "../engine/trading/rules.ts";
import type { BacktestRequest } from "./request.ts";

/** Slots of the shared control block. */
export const CONTROL = {
  /** The worker counts up while it works; a count that stands still is a worker that hangs. */
  beat: 0,
  /** Set to 1 to end the run; the worker looks at it with every beat. */
  cancel: 1,
} as const;

/** Size of the control block. */
export const CONTROL_BYTES = 8;

/** What a worker needs to know of a job. The data follow in pieces where it cannot make them itself. */
export interface WorkerJob {
  readonly request: BacktestRequest;
  /** Name of the data, for errors. */
  readonly dataName: string;
  readonly control: SharedArrayBuffer;
  /** State of the core before the first event of the journal, encoded; null to begin with nothing. */
  readonly coreState: string | null;
  /** The rules of paper trading. */
  readonly rules: TradingRules;
  /** What the core has to know of the configuration. */
  readonly core: { readonly finalityDepth: number; readonly enabled: Readonly<Record<string, boolean>> };
}

/** To the worker. */
export type ToWorker =
  | { readonly kind: "run"; readonly job: WorkerJob }
  /** A piece of the data: bytes of a CSV, columns of inline rows, or encoded events of the journal. Acknowledged. */
  | { readonly kind: "data"; readonly bytes: ArrayBuffer }
  | { readonly kind: "data-end" };

/** Figures of a run that goes on. */
export interface ProgressReport {
  readonly progress: number;
  readonly phase: string;
  readonly bars: number;
  readonly trades: number;
  readonly wins: number;
  /** Null while there is none: the data are being read, or there are too few days. */
  readonly drawdown: number | null;
  readonly pnl: number | null;
  readonly sharpe: number | null;
  /** New points of the thinned-out curve: Unix seconds, equity, … */
  readonly equity: Float64Array;
}

/** From the worker. */
export type FromWorker =
  | { readonly kind: "ready" }
  | { readonly kind: "ack" }
  | { readonly kind: "progress"; readonly report: ProgressReport }
  | { readonly kind: "part"; readonly part: BacktestPart }
  | {
    readonly kind: "end";
    readonly status: "done" | "limit" | "cancelled";
    readonly reason: string | null;
    /** Encoded by the codec of the engine. */
    readonly result: string;
  }
  /** Cancelled before there was anything to report. */
  | { readonly kind: "stopped" }
  | { readonly kind: "failed"; readonly reason: string; readonly errors: readonly FieldError[] };
