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
