/** What routes may use. `app.ts` fills it; routes know nothing else of the program. */
import type { CoreState } from "../engine/state.ts";
import type { BacktestJobs } from "../runtime/ports/backtest.ts";
import type { Operations } from "../runtime/operations.ts";
import type { Clock } from "../runtime/ports/clock.ts";
import type { Queries } from "../runtime/ports/store.ts";
import type { DomainLookup } from "../runtime/ports/domain_lookup.ts";
import type { Trading } from "../runtime/trading.ts";
import type { TradingFigures } from "../runtime/trading_figures.ts";
import type { Log } from "../telemetry/log.ts";
import type { Metrics } from "../telemetry/metrics.ts";
import type { JobSockets } from "./job_sockets.ts";
import type { Source } from "./wire.ts";

/** Facts about this build. */
export interface BuildInfo {
  readonly version: string;
  /** Commit that the program was built from; null where nobody said. */
  readonly commit: string | null;
  /** Hash of the wire schema that the build announces; null where nobody said. */
  readonly schemaHash: string | null;
}

/** Which feature engine was loaded. */
export interface FeatureEngineInfo {
  readonly kind: "wasm" | "typescript";
  /** Why it is not the WebAssembly module; null when it is. */
  readonly fallback: string | null;
}

/** Whether the program can serve what it promises. */
export interface Readiness {
  readonly ready: boolean;
  readonly waitingFor: readonly string[];
  /** Things that are wrong although it is ready. */
  readonly problems: readonly string[];
}

/** The services behind the routes. */
export interface Services {
  readonly build: BuildInfo;
  readonly featureEngine: FeatureEngineInfo;
  readonly state: () => CoreState;
  readonly queries: () => Queries;
  readonly source: () => Source;
  readonly readiness: () => Readiness;
  readonly metrics: Metrics;
  readonly log: Log;
  readonly clock: Clock;
  readonly domains: DomainLookup;
  readonly trading: Trading;
  readonly tradingFigures: () => TradingFigures;
  readonly operations: Operations;
  readonly startedMs: number;
  readonly backtests: () => BacktestJobs;
  readonly jobSockets: JobSockets;
}
