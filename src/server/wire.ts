/**
 * The JSON shapes that leave the program, typed once for the server and the page. `_meta` and `timestamp` are part
 * of every body. A field that can be unknown is `T | null`, and then `_meta.partial` says why.
 */

/** Where the values of a body come from. */
export type Source = "node" | "engine" | "simulated";

/** What every body says about itself. */
export interface Meta {
  readonly source: Source;
  /** Everything in the body was true at this time or later; Unix milliseconds. */
  readonly as_of_ms: number;
  /** From `as_of_ms` on, how long the body counts as current. */
  readonly ttl_ms: number;
  readonly stale: boolean;
  /** Counts per topic within an epoch; 0 for bodies that are no topic. */
  readonly seq: number;
  /** Unit of each field that has one. */
  readonly units: Readonly<Record<string, string>>;
  /** Dotted path of each null, and why it is null. */
  readonly partial: Readonly<Record<string, string>>;
  /** Dotted path of each value that is our estimate, and how it was made. */
  readonly estimated: Readonly<Record<string, string>>;
}

/** A finished body. */
export type Body<T> = T & { readonly timestamp: number; readonly _meta: Meta };

/** States of the followed chain. */
export type SyncStatus = "unreachable" | "halted" | "empty" | "stalled" | "syncing" | "standalone" | "synced";

/** `GET /theblock/health`. */
export interface Health {
  readonly block_height: number | null;
  readonly finalized_height: number | null;
  readonly settled_height: number | null;
  readonly sync_status: SyncStatus;
  readonly peer_count: number | null;
  readonly block_hash: string | null;
  readonly block_time: number | null;
  readonly node_up: boolean;
  readonly node_reason: string | null;
  readonly banned_until: number | null;
  readonly reorgs: number;
  readonly gaps: number;
  readonly last_gap: { readonly at: number; readonly source: string; readonly detail: string } | null;
}

/** States of a gate. */
export type GateWord = "open" | "throttled" | "closed" | "unknown";

/** One gate. */
export interface GateBody {
  readonly state: GateWord;
  readonly ready: boolean;
  readonly enabled: boolean;
  readonly node_state: string | null;
  readonly gate_name: string;
  readonly reason: string | null;
  readonly since_height: number | null;
  readonly enter_streak: number | null;
  readonly exit_streak: number | null;
  readonly streak_required: number | null;
}

/** `GET /theblock/gates`. */
export interface Gates {
  readonly compute: GateBody;
  readonly storage: GateBody;
  readonly energy: GateBody;
  readonly ad: GateBody;
}

/** One factor of the strength score. */
export interface StrengthFactorBody {
  readonly id: string;
  readonly group: string;
  readonly value: number | null;
  readonly unit: string;
  readonly good: number;
  readonly warn: number;
  readonly points: number | null;
  readonly max: number;
}

/** `GET /theblock/network/metrics`. */
export interface NetworkMetrics {
  readonly network_strength: number | null;
  readonly strength: {
    readonly score: number | null;
    readonly points: number;
    readonly max: number;
    readonly factors: readonly StrengthFactorBody[];
  };
  readonly block_height: number | null;
  readonly finalized_height: number | null;
  readonly finality_lag: number | null;
  readonly finality_time: number | null;
  readonly block_time_ms: number | null;
  readonly block_time_p50_ms: number | null;
  readonly block_time_p95_ms: number | null;
  readonly tps: number | null;
  readonly peer_count: number | null;
  readonly bandwidth_in: number | null;
  readonly bandwidth_out: number | null;
  readonly active_connections: number | null;
  readonly avg_latency_ms: number | null;
  readonly validator_count: number | null;
  readonly total_stake: number | null;
  readonly active_stake: number | null;
  readonly difficulty: number | null;
  readonly mempool_size: number | null;
  readonly reorgs_100: number | null;
  readonly rpc_p50_ms: number | null;
  readonly rpc_p95_ms: number | null;
}

/** States of a market. */
export type MarketStatus = "healthy" | "idle" | "closed" | "unavailable" | "disabled";

/** One market in `GET /theblock/markets/health`. */
export interface MarketHealth {
  readonly enabled: boolean;
  readonly status: MarketStatus;
  readonly utilization_ppm: number | null;
  readonly provider_margin_ppm: number | null;
  readonly active_providers: number | null;
  readonly pending_operations: number | null;
  readonly volume_24h: number | null;
  readonly unit_price_micro: number | null;
  readonly price_source: string | null;
  readonly price_unit: string;
  readonly gate: GateWord;
  readonly receipts_100: number;
  readonly disputes_100: number;
}

/** `GET /theblock/markets/health`. */
export interface MarketsHealth {
  readonly overall_status: "healthy" | "degraded" | "down" | "unknown";
  readonly healthy_markets: number;
  readonly total_markets: number;
  readonly markets: {
    readonly compute: MarketHealth;
    readonly storage: MarketHealth;
    readonly energy: MarketHealth;
    readonly ad: MarketHealth;
  };
}

/** A provider as one market sees it. */
export interface ProviderRow {
  /** `<market>:<provider>`; unique over the list. */
  readonly id: string;
  readonly provider: string;
  readonly market: string;
  readonly ours: boolean;
  readonly listed: boolean;
  readonly receipts_100: number;
  readonly volume_100: number | null;
  readonly share: number | null;
  readonly disputes_100: number;
  readonly last_height: number | null;
  readonly capacity: number | null;
  readonly available: number | null;
  readonly capacity_unit: string | null;
  readonly price: number | null;
  readonly region: string | null;
  readonly reputation: number | null;
  readonly stake: number | null;
}

/** `GET /theblock/providers`. */
export interface Providers {
  readonly providers: readonly ProviderRow[];
  readonly total: number;
  readonly window_blocks: number;
}

/** A value of a market's own answer. */
export type Scalar = number | string | boolean;

/** `GET /theblock/markets/{market}`. */
export interface MarketDetail extends MarketHealth {
  readonly market: string;
  readonly symbol: string;
  readonly receipt_unit: string;
  readonly volume_100: number | null;
  readonly units_100: number | null;
  readonly receipts_24h: number;
  readonly success_rate_ppm: number | null;
  readonly provider_concentration: number | null;
  readonly oldest_wait_ms: number | null;
  readonly gate_detail: GateBody;
  readonly figures: readonly { readonly id: string; readonly value: Scalar | null; readonly unit: string }[];
  readonly tables: Readonly<Record<string, readonly Readonly<Record<string, Scalar | null>>[]>>;
  readonly providers: readonly ProviderRow[];
  readonly prices: readonly {
    readonly height: number;
    readonly t: number;
    readonly price_micro: number | null;
  }[];
}

/** `GET /theblock/scheduler/stats`. */
export interface SchedulerStats {
  readonly queue_depth: number | null;
  readonly avg_wait_time_ms: number | null;
  readonly oldest_wait_ms: number | null;
  readonly processed_per_block: number | null;
  readonly throughput: number | null;
  readonly active_jobs: number | null;
  readonly queued_high: number | null;
  readonly queued_normal: number | null;
  readonly queued_low: number | null;
}

/** One peer. */
export interface PeerBody {
  readonly id: string;
  readonly address: string | null;
  readonly connected_at: number | null;
  readonly latency_ms: number | null;
  readonly version: string | null;
  readonly is_validator: boolean | null;
  readonly synced: boolean | null;
  readonly height: number | null;
  readonly reputation: number | null;
  readonly requests: number | null;
  readonly bytes_sent: number | null;
  readonly throttle_reason: string | null;
}

/** `GET /theblock/peers/list`. */
export interface Peers {
  readonly peers: readonly PeerBody[] | null;
  readonly total: number | null;
  readonly active_peers: number | null;
  readonly persisted_peers: number | null;
}

/** One lane of the mempool. */
export interface MempoolLaneBody {
  readonly id: string;
  readonly size: number;
  readonly age_p50_ms: number;
  readonly age_p95_ms: number;
  readonly fee_p50: number | null;
  readonly fee_p90: number | null;
  readonly fee_floor: number | null;
}

/** `GET /theblock/mempool`. */
export interface Mempool {
  readonly size: number | null;
  readonly lanes: readonly MempoolLaneBody[] | null;
}

/** One question of the capability matrix. */
export interface CapabilityBody {
  readonly id: string;
  readonly question: string;
  readonly status: string;
  readonly dialect: string | null;
  readonly methods: readonly string[];
  readonly detail: string | null;
}

/** `GET /theblock/capabilities`. */
export interface Capabilities {
  readonly dialect: string | null;
  readonly simulated: boolean | null;
  readonly simulation: { readonly seed: number; readonly scenario: string; readonly dialect: string } | null;
  readonly offered: number;
  readonly missing: number;
  readonly capabilities: readonly CapabilityBody[];
  readonly rpc_calls: number | null;
  readonly rpc_errors: number | null;
  readonly rpc_p50_ms: number | null;
  readonly rpc_p95_ms: number | null;
}

/** `GET /theblock/status`. */
export interface Status {
  readonly status: "ok" | "degraded" | "down";
  readonly uptime_seconds: number;
  readonly version: string;
  readonly mode: string;
  readonly epoch: string;
  readonly ingest: { readonly height: number | null; readonly lag_ms: number | null; readonly gaps: number };
  readonly node: {
    readonly host: string;
    readonly dialect: string | null;
    readonly up: boolean;
    readonly since_ms: number | null;
    readonly capabilities: number;
    readonly stream: string;
  };
  readonly streams: {
    readonly clients: number;
    readonly closing: number;
    readonly subscriptions: number;
    readonly frames_sent: number;
    readonly evicted: number;
  };
  readonly store: { readonly bytes: number | null; readonly schema: number; readonly error: string | null };
  readonly journal_seq: number;
  readonly process: {
    readonly rss_bytes: number;
    readonly heap_bytes: number;
    readonly event_loop_lag_ms: number;
  };
}

/** Profit and loss of one market. */
export interface MarketPnl {
  readonly revenue: number | null;
  readonly costs: number | null;
  readonly net: number | null;
  readonly subsidies: number | null;
  readonly own_receipts: number;
  readonly receipts: number;
}

/** `GET /theblock/pnl`. */
export interface Pnl {
  readonly window: "24h" | "7d" | "all";
  readonly since_height: number | null;
  readonly since: number | null;
  readonly total_revenue: number | null;
  readonly total_costs: number | null;
  readonly net_profit: number | null;
  readonly profit_margin: number | null;
  readonly pending_operations: number;
  readonly total_receipts: number;
  readonly own_receipts: number;
  readonly subsidies: number | null;
  readonly mining_rewards: number | null;
  readonly unclassified: number | null;
  readonly disputed_receipts: number;
  readonly disputed_amount: number | null;
  readonly by_market: {
    readonly compute: MarketPnl;
    readonly storage: MarketPnl;
    readonly energy: MarketPnl;
    readonly ad: MarketPnl;
  };
  readonly balances: readonly {
    readonly id: string;
    readonly role: "account" | "miner";
    readonly amount: number | null;
    readonly opening: number | null;
    readonly unclassified: number | null;
  }[];
}

/** One operation. */
export interface OperationBody {
  readonly id: string;
  readonly type: string;
  readonly timestamp: number;
  readonly block_height: number | null;
  readonly provider: string | null;
  readonly consumer: string | null;
  readonly amount: number | null;
  readonly status: string;
  readonly own: boolean;
  readonly details: Readonly<Record<string, unknown>>;
}

/** `GET /theblock/operations`. */
export interface Operations {
  readonly operations: readonly OperationBody[];
  readonly total: number;
  readonly limit: number;
  readonly offset: number;
  readonly next_cursor: string | null;
  readonly by_market: {
    readonly compute: number;
    readonly storage: number;
    readonly energy: number;
    readonly ad: number;
  };
}

/** `POST /operations`: what was sent. */
export interface SentOperation extends OperationBody {
  readonly client_operation_id: string;
  readonly dry_run: false;
}

/** `POST /operations` with `dry_run`: what would be sent. */
export interface OperationPreview {
  readonly dry_run: true;
  readonly type: string;
  readonly sendable: boolean;
  readonly checks: readonly {
    readonly check: string;
    readonly ok: boolean;
    readonly code: string | null;
    readonly detail: string;
  }[];
  readonly account: string | null;
  readonly cost: number | null;
  readonly fee: number | null;
  readonly request: { readonly method: string; readonly params: Readonly<Record<string, unknown>> };
  readonly details: Readonly<Record<string, unknown>>;
}

/** One receipt, in the README's names. */
export interface ReceiptBody {
  readonly id: string;
  readonly market: string;
  readonly source: string;
  readonly own: boolean;
  readonly timestamp: number;
  readonly block_height: number;
  readonly receipt_index: number;
  readonly receipt_type: string;
  readonly digest_hex: string;
  readonly amount: number | null;
  readonly deducted: number | null;
  readonly units: number | null;
  readonly unit: string;
  readonly provider_identity: string | null;
  readonly consumer: string | null;
  readonly verified: boolean | null;
  readonly subsidies: Readonly<Record<string, number | null>>;
  readonly disputes: readonly { readonly id: string; readonly reason: string; readonly status: string }[];
  readonly receipt: unknown;
  readonly audit_queries: unknown;
  readonly invariants: unknown;
  readonly causality: unknown;
}

/** `GET /theblock/receipts`. */
export interface Receipts {
  readonly receipts: readonly ReceiptBody[];
  readonly total: number;
  readonly limit: number;
  readonly offset: number;
  readonly next_cursor: string | null;
}

/** One alert. */
export interface AlertBody {
  readonly id: string;
  readonly rule: string;
  readonly severity: "info" | "warning" | "critical";
  readonly state: "open" | "resolved";
  readonly message: string;
  readonly raised_at: number;
  readonly resolved_at: number | null;
}

/** `GET /theblock/alerts`. */
export interface Alerts {
  readonly alerts: readonly AlertBody[];
  readonly open: number;
  readonly critical: number;
  readonly total: number;
  readonly limit: number;
  readonly offset: number;
  readonly next_cursor: string | null;
}

/** `GET /state`: what the operator set. */
export interface EngineState {
  readonly running: boolean;
  readonly emergency_stop: boolean;
  readonly mode: "monitor" | "paper" | "live";
  readonly paper_assets: readonly string[];
  readonly paper_capital: number;
  readonly settings: { readonly agents: Readonly<Record<string, AgentSettingsBody>> };
  readonly rev: number;
  /** Number of the paper account; 0 = none was opened yet. */
  readonly epoch: number;
  readonly epoch_since: number | null;
  readonly trading_state: "ACTIVE" | "REDUCING" | "HALTED";
  readonly halt_reason: string | null;
}

/** What the operator set for one agent. */
export interface AgentSettingsBody {
  readonly enabled: boolean;
  readonly share: number;
  readonly params: Readonly<Record<string, number>>;
}

/** One order. */
export interface OrderBody {
  readonly id: string;
  readonly client_order_id: string | null;
  readonly token: string;
  readonly quantity: number;
  readonly side: "buy" | "sell";
  /** Mean price of what is filled. */
  readonly price: number | null;
  readonly limit_price: number | null;
  readonly slippage: number | null;
  readonly fee: number;
  readonly amount: number;
  readonly filled: number;
  readonly remaining: number;
  readonly status: string;
  readonly time_in_force: string;
  readonly reduce_only: boolean;
  readonly agent: string | null;
  readonly cause: string;
  readonly timestamp: number;
  readonly updated_at: number;
  /** Of a denied order: why, and what was compared. */
  readonly code: string | null;
  readonly limit: number | null;
  readonly actual: number | null;
  readonly detail: string | null;
  readonly epoch: number;
}

/** One execution. */
export interface FillBody {
  readonly id: string;
  readonly order_id: string;
  readonly token: string;
  readonly side: "buy" | "sell";
  readonly quantity: number;
  readonly price: number;
  readonly slippage: number;
  readonly amount: number;
  readonly fee: number;
  readonly realized: number;
  readonly agent: string | null;
  readonly cause: string;
  readonly block_height: number;
  readonly timestamp: number;
}

/** `POST /orders/preview`: what an order would come to now, without placing it. */
export interface OrderPreviewBody {
  /** Whether the risk check would let it pass. */
  readonly allowed: boolean;
  readonly code: string | null;
  readonly detail: string | null;
  readonly limit: number | null;
  readonly actual: number | null;
  /** What `limit` and `actual` are. */
  readonly compared: string | null;
  /** Last price, and the one that all of it would be filled at, costs included. */
  readonly quote: number | null;
  readonly price: number | null;
  /** Whether the limit lets it be filled at that price now. */
  readonly marketable: boolean;
  readonly amount: number | null;
  readonly fee: number | null;
  /** What a buy costs, or a sell brings. */
  readonly total: number | null;
  /** Largest quantity that would pass, and what would refuse more. */
  readonly largest_quantity: number;
  readonly largest_code: string | null;
  /** Most that one block of this volume fills. */
  readonly quantity_per_block: number | null;
}

/** `GET /fills`, newest first. */
export interface Fills {
  readonly epoch: number;
  readonly fills: readonly FillBody[];
}

/** `GET /orders`. */
export interface Orders {
  readonly orders: readonly OrderBody[];
  readonly total: number;
  readonly next_cursor: string | null;
}

/** What is held of one instrument. */
export interface PositionBody {
  readonly token: string;
  readonly qty: number;
  /** Mean cost of a unit. */
  readonly cost: number | null;
  readonly price: number | null;
  readonly value: number;
  readonly unrealized: number;
  readonly realized: number;
  readonly fees: number;
  readonly drawdown: number;
  readonly max_drawdown: number;
  readonly stale: boolean;
}

/** One lock of a protection. */
export interface LockBody {
  readonly id: string;
  readonly token: string | null;
  readonly protection: string;
  readonly reason: string;
  readonly since: number;
  readonly until: number;
}

/** `GET /risk/portfolio`. */
export interface RiskPortfolio {
  readonly equity: number | null;
  readonly capital: number | null;
  readonly cash: number | null;
  readonly realized: number | null;
  readonly unrealized: number | null;
  readonly fees: number | null;
  readonly change: number | null;
  readonly change_pct: number | null;
  readonly exposure: number | null;
  readonly leverage: number | null;
  readonly position_size: number | null;
  readonly drawdown: number | null;
  readonly max_drawdown: number | null;
  readonly var_95: number | null;
  readonly es_95: number | null;
  readonly risk_samples: number;
  readonly sharpe: number | null;
  readonly sortino: number | null;
  readonly calmar: number | null;
  readonly volatility: number | null;
  readonly statistics_samples: number;
  readonly state: "ACTIVE" | "REDUCING" | "HALTED";
  readonly halt_reason: string | null;
  readonly locks: readonly LockBody[];
  readonly limits: {
    readonly max_drawdown: number | null;
    readonly max_position: number | null;
    readonly max_concurrent_trades: number | null;
    readonly max_exposure: number;
    readonly orders_per_minute: number;
    readonly stale_after: number;
  };
  readonly events: readonly {
    readonly id: string;
    readonly kind: string;
    readonly at: number;
    readonly detail: string;
  }[];
}

/** What one agent, or the operator, did. */
export interface StrategyBody {
  readonly id: string;
  readonly name: string;
  readonly title: string;
  readonly enabled: boolean;
  readonly suspended: string | null;
  readonly share: number;
  readonly pnl: number;
  readonly realized: number;
  readonly unrealized: number;
  readonly fees: number;
  readonly turnover: number;
  readonly fills: number;
  readonly trades: number;
  readonly few_trades: boolean;
  readonly win_rate: number | null;
  readonly win_rate_low: number | null;
  readonly win_rate_high: number | null;
  readonly profit_factor: number | null;
  readonly expectancy: number | null;
  readonly expectancy_low: number | null;
  readonly expectancy_high: number | null;
}

/** `GET /strategy/performance` and `GET /strategy/breakdown`. */
export interface Strategies {
  readonly period: string;
  readonly epoch: number;
  /** Whether there are more closed trades in the period than the newest ones that the figures rest on. */
  readonly truncated: boolean;
  readonly strategies: readonly StrategyBody[];
}

/** `GET /dashboard`: the account in one body. */
export interface Dashboard {
  readonly mode: string;
  readonly risk: {
    readonly equity: number | null;
    readonly realized: number | null;
    readonly unrealized: number | null;
    readonly sharpe: number | null;
    readonly drawdown: number | null;
    readonly position_size: number | null;
    readonly leverage: number | null;
    readonly exposure: number | null;
  };
  readonly positions: Readonly<Record<string, PositionBody>>;
  readonly orders: readonly OrderBody[];
}

/** `GET /theblock/logs`. */
export interface Logs {
  readonly lines: readonly {
    readonly id: number;
    readonly at: number;
    readonly level: string;
    readonly event: string;
    readonly fields: Readonly<Record<string, unknown>>;
  }[];
}

/** One feature in `GET /features`. */
export interface FeatureValue {
  readonly index: number;
  readonly name: string;
  /** Raw value of the slot, or the last one before it. */
  readonly value: number | null;
  readonly z: number | null;
  /** Whether it has been seen in enough slots for its z-score to count. */
  readonly warm: boolean;
  /** Whether this node offers what it is computed from. */
  readonly available: boolean;
  /** `OK`, or the code of the reason why the newest slot brought no value. */
  readonly status: string;
}

/** `GET /features`. */
export interface Features {
  /** 256 z-scores of the slot, of the slot before, of the one before that; 0 while not warm or without a feature. */
  readonly features: readonly number[];
  readonly slot: number | null;
  /** How many features are warm, and how many this node offers. */
  readonly warm: number;
  readonly available: number;
  readonly total: number;
  /** Hash of the table of features. */
  readonly hash: string;
  readonly engine: "wasm" | "typescript";
  /** What the engine has refused or cut to its range. */
  readonly refused: {
    readonly not_finite: number;
    readonly out_of_range: number;
    readonly bad_index: number;
    readonly clamped: number;
  };
  readonly values: readonly FeatureValue[];
}

/** `GET /features/schema`. */
export interface FeatureSchema {
  readonly version: number;
  readonly hash: string;
  readonly lambda: number;
  readonly epsilon: number;
  readonly warm_slots: number;
  readonly feature_count: number;
  readonly lags: number;
  readonly features: readonly {
    readonly index: number;
    readonly name: string;
    readonly market: string;
    readonly source: string;
    readonly unit: string;
    readonly aggregation: string;
    readonly normalization: string;
    readonly since: number;
    readonly meaning: string;
  }[];
}

/** `GET /features/history`. */
export interface FeatureHistory {
  readonly features: readonly string[];
  readonly every: number;
  readonly height: readonly number[];
  readonly t: readonly number[];
  /** Per slot one value per feature. */
  readonly raw: readonly (readonly (number | null)[])[];
  readonly z: readonly (readonly (number | null)[])[];
}

/** Probabilities of what the markets do next. */
export interface PosteriorProbabilities {
  readonly trend: number | null;
  readonly revert: number | null;
  readonly chop: number | null;
  readonly rug: number | null;
}

/** How one model has done lately against the base rate; log losses in nats. */
export interface PosteriorSkill {
  readonly status: "prior" | "learned";
  readonly samples: number;
  readonly log_loss: number | null;
  readonly base_log_loss: number | null;
  /** Mean gain in log loss with its 95 % interval. */
  readonly gain: number | null;
  readonly gain_low: number | null;
  readonly gain_high: number | null;
  readonly brier: number | null;
  readonly base_brier: number | null;
}

/** `GET /posterior`. */
export interface PosteriorBody extends PosteriorProbabilities {
  readonly slot: number | null;
  readonly horizon_blocks: number;
  /** What it has learned from: skill on simulated data says nothing about a real market. */
  readonly learned_from: "simulated data" | "node data";
  readonly samples: number;
  readonly model: PosteriorProbabilities;
  readonly base: PosteriorProbabilities;
  readonly skill: { readonly regime: PosteriorSkill; readonly rug: PosteriorSkill };
  readonly reliability: readonly {
    readonly class: string;
    readonly from: number;
    readonly to: number;
    readonly n: number;
    readonly predicted: number | null;
    readonly happened: number | null;
  }[];
}

/** States of a backtest. */
export type BacktestStatus = "queued" | "running" | "done" | "cancelled" | "failed" | "limit";

/** `POST /backtest`. */
export interface BacktestId {
  readonly id: string;
  readonly status: BacktestStatus;
}

/** What a backtest, its frames and its row in the history share. */
export interface BacktestHead {
  readonly id: string;
  readonly status: BacktestStatus;
  readonly reason: string | null;
  readonly created: number;
  readonly started: number | null;
  readonly ended: number | null;
  readonly duration_ms: number | null;
  readonly progress: number;
  readonly pnl: number | null;
  readonly drawdown: number | null;
  readonly sharpe: number | null;
  readonly win_rate: number | null;
  readonly trades: number | null;
}

/** `GET /backtest/{id}`, and the `result` frame. What stands behind `errors` is there once there is a result. */
export interface Backtest extends BacktestHead {
  readonly request: unknown;
  /** Unix seconds and equity, at most 1,000 points. */
  readonly equity_curve: readonly (readonly [t: number, equity: number])[];
  readonly errors: readonly { readonly field: string; readonly message: string }[];
  readonly bars?: number;
  readonly pnl_ratio?: number;
  readonly final_equity?: number;
  readonly open_trades?: number;
  /** The first guardrail that had to do something. */
  readonly limit_breach?: "max_drawdown" | "max_position" | "max_concurrent_trades" | null;
  readonly trades_sha256?: string;
  readonly metrics?: unknown;
  readonly guardrails?: unknown;
  readonly final_mark?: unknown;
  readonly by_agent?: unknown;
  readonly data?: unknown;
  readonly rules?: unknown;
  readonly analysis?: unknown;
}

/** A frame of `/backtest/ws/{id}` while the backtest goes on. */
export interface BacktestProgressFrame {
  readonly type: "progress";
  readonly id: string;
  readonly status: BacktestStatus;
  readonly progress: number;
  /** `waiting`, `starting`, `running`, or the analysis that runs. */
  readonly phase: string;
  readonly eta_ms: number | null;
  readonly bars: number;
  readonly bars_per_s: number;
  readonly pnl: number | null;
  readonly drawdown: number | null;
  readonly sharpe: number | null;
  readonly win_rate: number | null;
  readonly trades: number | null;
  /** Index of the first point in `equity_curve`; these follow the ones that the client has. */
  readonly equity_from: number;
  readonly equity_curve: readonly (readonly [t: number, equity: number])[];
}

/** `GET /backtest/history`. */
export interface BacktestHistory {
  readonly backtests:
    readonly (BacktestHead & { readonly data: string; readonly agents: readonly string[] })[];
  readonly total: number;
  readonly next_cursor: string | null;
}

/** One trade of a backtest. */
export interface BacktestTrade {
  readonly id: number;
  readonly token: string;
  readonly agent: string;
  readonly qty: number;
  readonly opened: number;
  readonly closed: number | null;
  readonly entry_price: number;
  readonly exit_price: number | null;
  readonly pnl: number;
  readonly pnl_ratio: number;
  readonly fees: number;
  readonly adverse_ratio: number;
  readonly favourable_ratio: number;
  readonly cause: string;
}

/** `GET /backtest/{id}/trades`. */
export interface BacktestTrades {
  readonly trades: readonly BacktestTrade[];
  readonly total: number;
  readonly next_cursor: string | null;
}

/** `GET /backtest/{id}/equity`. */
export interface BacktestEquity {
  readonly status: BacktestStatus;
  /** Whether the backtest has ended. */
  readonly complete: boolean;
  readonly equity: readonly (readonly [t: number, equity: number])[];
}

/** One instrument in `GET /assets`. */
export interface AssetBody {
  readonly id: string;
  readonly symbol: string;
  readonly market: string;
  readonly unit: string;
  readonly enabled: boolean;
  readonly price: number | null;
  readonly stale: boolean;
  readonly gate: string;
}

/** `GET /assets`. */
export interface Assets {
  readonly assets: readonly string[];
  readonly instruments: readonly AssetBody[];
}

/** `GET /chart/{symbol}`, oldest first. */
export interface PriceChart {
  readonly symbol: string;
  readonly tf: string;
  readonly unit: string;
  readonly candles: readonly {
    readonly t: number;
    readonly open: number;
    readonly high: number;
    readonly low: number;
    readonly close: number;
    readonly volume: number;
    readonly amount: number | null;
    readonly count: number;
    readonly price_source: string;
  }[];
  readonly next_cursor: string | null;
}

/** `GET /chart/portfolio`: milliseconds and equity. */
export interface EquityChart {
  readonly epoch: number;
  readonly series: readonly (readonly [timestampMs: number, equity: number])[];
}

/** `GET /market/active`. */
export interface ActiveMarkets {
  readonly markets: readonly {
    readonly id: string;
    readonly symbol: string;
    readonly market: string;
    readonly unit: string;
    readonly gate: string;
    readonly receipts: number;
    readonly volume: number | null;
    readonly volatility: number | null;
    readonly liquidity: number;
    readonly spread: number | null;
  }[];
  readonly overview: { readonly total_markets: number; readonly active: number };
}

/** `GET /strategy/risk`. */
export interface StrategyRisk {
  readonly epoch: number;
  readonly sharpe: number | null;
  readonly sharpe_low: number | null;
  readonly sharpe_high: number | null;
  readonly sortino: number | null;
  readonly calmar: number | null;
  readonly volatility: number | null;
  readonly cagr: number | null;
  readonly max_drawdown: number | null;
  readonly drawdown: number | null;
  readonly samples: number;
  readonly few_samples: boolean;
  readonly convention: string;
}

/** `GET /strategy/agents`: the agents that there are, with what can be set. */
export interface Agents {
  readonly agents: readonly {
    readonly id: string;
    readonly title: string;
    /** Why it should make money, and when it will not. */
    readonly hypothesis: string;
    readonly parameters: readonly {
      readonly id: string;
      readonly type: "integer" | "number";
      readonly min: number;
      readonly max: number;
      readonly default: number;
      readonly unit: string;
      readonly meaning: string;
    }[];
  }[];
}

/** `GET /strategy/matrix`. */
export interface StrategyMatrix {
  readonly period: string;
  readonly epoch: number;
  /** Whether there are more closed trades in the period than the newest ones that are shown. */
  readonly truncated: boolean;
  readonly matrix: readonly {
    readonly id: string;
    readonly date: string;
    readonly strategies: Readonly<Record<string, { readonly pnl: number; readonly trades: number }>>;
  }[];
}

/** `GET /pnl/realized`. */
export interface RealizedPnl {
  readonly epoch: number;
  readonly total: number | null;
  readonly change: number | null;
  readonly change_pct: number | null;
  readonly as_of: number | null;
}

/** `GET /pnl/daily`. */
export interface DailyPnl {
  readonly epoch: number;
  readonly days: readonly {
    readonly id: string;
    readonly date: string;
    /** Null where what was before the day is not kept. */
    readonly pnl: number | null;
    readonly total: number;
    readonly equity_change: number | null;
    readonly equity: number;
  }[];
}

/** `GET /pnl/markets`. */
export interface MarketsPnl {
  readonly epoch: number;
  readonly markets: readonly string[];
  readonly totals: Readonly<Record<string, number>>;
  readonly series: readonly {
    readonly timestamp: number;
    readonly markets: Readonly<Record<string, number>>;
  }[];
}

/** `GET /risk/locks`. */
export interface Locks {
  readonly locks: readonly LockBody[];
}

/** `GET /license`. */
export interface License {
  readonly mode: string;
  readonly wallet: string | null;
  readonly issued_at: number | null;
  readonly expires_at: number | null;
}
