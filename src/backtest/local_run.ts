/** One backtest without a server: for the command line. The same pool and the same worker, no queue and no store. */
import { decode } from "../engine/codec.ts";
import { MARKET_IDS } from "../engine/market.ts";
import { DEFAULT_RULES } from "../engine/trading/rules.ts";
import type { Clock } from "../runtime/ports/clock.ts";
import { readPieces } from "./data_folder.ts";
import { type RunEnd, WorkerPool } from "./pool.ts";
import type { ProgressReport } from "./protocol.ts";
import type { BacktestRequest } from "./request.ts";

/** How a local run ended. */
export type LocalEnd =
  | {
    readonly status: "done" | "limit" | "cancelled";
    readonly reason: string | null;
    readonly result: Readonly<Record<string, unknown>> | null;
  }
  | {
    readonly status: "failed";
    readonly reason: string;
    readonly errors: readonly { readonly field: string; readonly message: string }[];
  };

/** What {@link runLocally} needs. */
export interface LocalRunOptions {
  readonly request: BacktestRequest;
  /** File of prices, anywhere; null for data that the worker makes itself. */
  readonly file: string | null;
  readonly clock: Clock;
  readonly workerUrl: URL;
  readonly onProgress: (report: ProgressReport) => void;
  /** Cancels the run. */
  readonly signal: AbortSignal;
}

/** Runs one job to its end. */
export async function runLocally(options: LocalRunOptions): Promise<LocalEnd> {
  const { request, file, clock, workerUrl, onProgress, signal } = options;
  const pool = new WorkerPool({ clock, url: workerUrl, size: 1 });
  try {
    const run = pool.begin(
      {
        request,
        dataName: file ?? request.data.kind,
        coreState: null,
        rules: DEFAULT_RULES,
        core: { finalityDepth: 32, enabled: Object.fromEntries(MARKET_IDS.map((id) => [id, true])) },
      },
      file === null ? null : readPieces(file),
      { onProgress, onPart: () => {} },
    );
    const cancel = () => run.cancel();
    signal.addEventListener("abort", cancel, { once: true });
    const end = await run.ended;
    signal.removeEventListener("abort", cancel);
    return ended(end);
  } finally {
    await pool.stop();
  }
}

function ended(end: RunEnd): LocalEnd {
  switch (end.kind) {
    case "end":
      return {
        status: end.status,
        reason: end.reason,
        result: decode(end.result) as Readonly<Record<string, unknown>>,
      };
    case "failed":
      return { status: "failed", reason: end.reason, errors: end.errors };
    case "stopped":
      return { status: "cancelled", reason: "it did not end by itself", result: null };
    default:
      return end satisfies never;
  }
}
