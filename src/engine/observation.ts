/**
 * What one poll of the node says about one thing, already decoded. Fields that the answering node does not offer
 * are `Absent` with the reason, so nothing downstream has to guess.
 */
import type { MarketId } from "./market.ts";
import type { Known } from "./reason.ts";

/** The newest block that the node names; `height` is null on a chain that has no block yet. */
export interface HeadObservation {
  readonly height: number | null;
}

/** What the node says about finality. */
export interface FinalityObservation {
  readonly finalizedHeight: Known<number>;
  /** True when the node says that it is behind its network. */
  readonly syncing: Known<boolean>;
  /** Seconds from a block to its finality, when the node reports it. */
  readonly finalityTimeS: Known<number>;
}

/** Chain statistics that the node itself computes. */
export interface ChainStatsObservation {
  readonly tps: Known<number>;
  readonly blockTimeMs: Known<number>;
  readonly validatorCount: Known<number>;
  readonly totalStake: Known<bigint>;
  readonly activeStake: Known<bigint>;
}

/** Leading zero bits that the next block hash needs. */
export interface DifficultyObservation {
  readonly bits: number;
}

/** Pending transactions of one admission lane. */
export interface MempoolLane {
  readonly lane: string;
  readonly size: number;
  readonly ageP50Ms: number;
  readonly ageP95Ms: number;
  readonly feeP50: bigint;
  readonly feeP90: bigint;
  readonly feeFloor: bigint;
}

/** Pending transactions, by lane. */
export interface MempoolObservation {
  readonly lanes: readonly MempoolLane[];
}

/** One peer of the node. */
export interface Peer {
  readonly id: string;
  readonly address: Known<string>;
  readonly connectedAtS: Known<number>;
  readonly latencyMs: Known<number>;
  readonly version: Known<string>;
  readonly isValidator: Known<boolean>;
  readonly height: Known<number>;
  readonly reputation: Known<number>;
  readonly requests: Known<number>;
  readonly bytesSent: Known<number>;
  readonly throttleReason: Known<string>;
}

/** The node's peers. */
export interface PeersObservation {
  readonly peers: readonly Peer[];
}

/** Counts of the peer-to-peer overlay. */
export interface OverlayObservation {
  readonly activePeers: number;
  readonly persistedPeers: Known<number>;
  readonly backend: Known<string>;
}

/** Traffic counters of the node's network layer. */
export interface TrafficObservation {
  /** Bytes per second. */
  readonly bandwidthIn: Known<number>;
  /** Bytes per second. */
  readonly bandwidthOut: Known<number>;
  readonly activeConnections: Known<number>;
  readonly averageLatencyMs: Known<number>;
}

/** One gate as the governor reports it. */
export interface GovernorGate {
  readonly name: string;
  readonly state: string;
  readonly reason: Known<string>;
  readonly enterStreak: Known<number>;
  readonly exitStreak: Known<number>;
  readonly streakRequired: Known<number>;
  readonly lastTransitionHeight: Known<number>;
}

/** Utilisation and margin of a market, as the governor samples them. */
export interface GovernorEconomics {
  readonly utilizationPpm: number;
  readonly providerMarginPpm: number;
}

/** The governor: which gates exist and what they say. */
export interface GovernorObservation {
  readonly enabled: boolean;
  readonly epoch: Known<number>;
  readonly shadowOnly: Known<boolean>;
  readonly gates: readonly GovernorGate[];
  readonly economics: Readonly<Partial<Record<MarketId, GovernorEconomics>>>;
  /** Transactions of the last sampled epoch. */
  readonly epochTxCount: Known<number>;
  readonly pendingDecisions: number;
}

/** Work waiting for and running in the scheduler. */
export interface SchedulerObservation {
  readonly queueDepth: number;
  readonly activeJobs: Known<number>;
  readonly queuedHigh: Known<number>;
  readonly queuedNormal: Known<number>;
  readonly queuedLow: Known<number>;
  readonly averageWaitMs: Known<number>;
  readonly processedPerBlock: Known<number>;
  /** Operations per second. */
  readonly throughput: Known<number>;
  /** Jobs completed since the node started; rates are derived from it when the node reports none. */
  readonly completedTotal: Known<number>;
}

/** One provider that a market answer lists. */
export interface ProviderListing {
  readonly id: string;
  readonly capacity: Known<number>;
  readonly available: Known<number>;
  /** Unit of `capacity` and `available`. */
  readonly capacityUnit: string;
  /** Asking price per market unit of the source, base units. */
  readonly price: Known<bigint>;
  readonly region: Known<string>;
  readonly reputation: Known<number>;
  readonly stake: Known<bigint>;
}

/** A price that a market quotes when nothing has settled yet. */
export interface Quote {
  readonly priceMicro: bigint;
  /** The node's field that it was read from. */
  readonly source: string;
}

/** One labelled figure of a market's own answer, shown on its page. */
export interface MarketFigure {
  readonly label: string;
  readonly value: Known<number | string | boolean>;
  readonly unit: string;
}

/** One row of a market's own table (campaigns, lanes, disputes, …). */
export type MarketRow = Readonly<Record<string, Known<number | string | boolean>>>;

/** What a market's own questions say. */
export interface MarketObservation {
  readonly utilizationPpm: Known<number>;
  readonly providerMarginPpm: Known<number>;
  readonly activeProviders: Known<number>;
  readonly pendingOperations: Known<number>;
  readonly quote: Known<Quote>;
  readonly providers: Known<readonly ProviderListing[]>;
  /** Longest time that anything has waited in the market's queues. */
  readonly oldestWaitMs: Known<number>;
  /** Second opinion on the gate (`ad_market.readiness`); `NOT_OFFERED` where the governor alone decides. */
  readonly ready: Known<boolean>;
  readonly readyReason: Known<string>;
  readonly figures: readonly MarketFigure[];
  readonly tables: Readonly<Record<string, readonly MarketRow[]>>;
}

/** Balances of our configured accounts, base units. */
export interface BalanceObservation {
  readonly accounts: readonly { readonly address: string; readonly amount: bigint }[];
}

/** How the node answered us lately, over a sliding minute. */
export interface RpcObservation {
  readonly p50Ms: Known<number>;
  readonly p95Ms: Known<number>;
  readonly calls: number;
  readonly errors: number;
}

/** Everything that is polled, by the name of its slice of state. */
export interface Observations {
  readonly head: HeadObservation;
  readonly finality: FinalityObservation;
  readonly chainStats: ChainStatsObservation;
  readonly difficulty: DifficultyObservation;
  readonly mempool: MempoolObservation;
  readonly peers: PeersObservation;
  readonly overlay: OverlayObservation;
  readonly traffic: TrafficObservation;
  readonly governor: GovernorObservation;
  readonly scheduler: SchedulerObservation;
  readonly compute: MarketObservation;
  readonly storage: MarketObservation;
  readonly energy: MarketObservation;
  readonly ad: MarketObservation;
  readonly balance: BalanceObservation;
  readonly rpc: RpcObservation;
}

/** Name of a slice of {@link Observations}. */
export type ObservationKey = keyof Observations;

/** The latest answer to one poll, with its age. */
export interface Slice<T> {
  /** When the value was true, by our clock. */
  readonly asOfMs: number;
  /** How long it may be shown as current. */
  readonly ttlMs: number;
  readonly value: Known<T>;
}
