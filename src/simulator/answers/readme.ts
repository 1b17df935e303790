import type { MarketId } from "../../engine/market.ts";
import { marketIndex, minerOf } from "../chain.ts";
import { type ChainView, DAY_BLOCKS } from "../chain_view.ts";
import { marginPpm, utilizationPpm } from "../governor.ts";
import { COLUMN } from "../ledger.ts";
import { activeProviders } from "../model.ts";
import { peersAt, schedulerAt, trafficAt } from "../network.ts";
import { receiptAudit } from "./audit.ts";
import { type AnswerContext, balanceOf, HEADERS_MAX, integerOf, mempoolStats } from "./common.ts";
import { type Method, type MethodTable, overlayStatus, RpcError, SIMULATOR_METHODS } from "./common.ts";
import { governorBody } from "./governor.ts";
import { energyDisputes, energyGovernance, energyProviders, MWH_PER_KWH } from "./energy.ts";

const FEE_FLOOR = 1;
const VALIDATOR_COUNT = 21;
const TOTAL_STAKE = 84_000_000_000;
const STORAGE_CAPACITY_BYTES = 40_000_000_000_000;
const TRADER_BLOCKS = 100;
const CAMPAIGN_BLOCKS = 200;
const MICRO = 1_000_000;

/** Every method of the dialect in which the node offers what its documentation promises. */
export const README_METHODS: MethodTable = new Map<string, Method>([
  ...SIMULATOR_METHODS,
  ["consensus.block_height", (_params, view) => ({ height: tipOf(view) })],
  ["consensus.finality_status", (_params, view) => finalityStatus(view)],
  ["consensus.stats", (_params, view) => consensusStats(view)],
  [
    "consensus.difficulty",
    (_params, view) => ({ difficulty: view.chain.difficultyAt(Math.max(0, view.tip)) }),
  ],
  ["light.headers", (params, view) => headers(params, view)],
  ["light.latest_header", (_params, view) => latestHeader(view)],
  ["net.peers", (_params, view) => peers(view)],
  ["net.stats", (_params, view) => netStats(view)],
  ["net.overlay_status", (_params, view) => overlayStatus(view)],
  ["mempool.stats", (params, view) => mempoolStats(params, view, FEE_FLOOR)],
  ["balance", (params, view) => balanceOf(params, view)],
  ["governor.status", (_params, view, context) => governorStatus(view, context)],
  ["scheduler.stats", (_params, view) => schedulerStats(view)],
  ["compute_market.stats", (_params, view) => computeStats(view)],
  ["storage.stats", (_params, view) => storageStats(view)],
  ["energy.market_state", (_params, view) => energyState(view)],
  ["ad_market.stats", (_params, view) => adStats(view)],
  ["receipt.audit", (params, view) => receiptAudit(params, view)],
]);

function tipOf(view: ChainView): number {
  if (view.tip < 0) throw new RpcError(-32603, "empty chain");
  return view.tip;
}

function finalityStatus(view: ChainView): Record<string, unknown> {
  const tip = tipOf(view);
  const finalized = view.finalizedHeight;
  return {
    finalized_height: finalized,
    finalized_hash: view.chain.hashAt(finalized),
    current_height: tip,
    blocks_until_finality: tip - finalized,
    syncing: false,
  };
}

function consensusStats(view: ChainView): Record<string, unknown> {
  return {
    avg_block_time_ms: round(view.blockIntervalMs, 1),
    tps: round(view.transactionsPerSecond, 2),
    validator_count: VALIDATOR_COUNT,
    total_stake: TOTAL_STAKE,
    active_stake: Math.round(TOTAL_STAKE * (0.9 + 0.05 * view.market("compute").utilization)),
  };
}

function header(view: ChainView, height: number): Record<string, unknown> {
  const block = view.header(height);
  return {
    height,
    hash: block.hash,
    parent_hash: block.parentHash,
    difficulty: block.difficulty,
    timestamp_ms: block.timestampMs,
    tx_count: block.transactions,
    miner: minerOf(block),
    reward: block.reward,
  };
}

function headers(params: unknown, view: ChainView): unknown[] {
  const start = integerOf(params, "start", 0);
  const end = Math.min(view.tip, start + Math.min(HEADERS_MAX, integerOf(params, "limit", 200)) - 1);
  const list: unknown[] = [];
  for (let height = start; height <= end; height++) list.push(header(view, height));
  return list;
}

function latestHeader(view: ChainView): Record<string, unknown> {
  const tip = tipOf(view);
  const seconds = (tip - view.finalizedHeight) * view.blockIntervalMs / 1_000;
  return { ...header(view, tip), number: tip, finality_time: round(seconds, 3) };
}

function peers(view: ChainView): Record<string, unknown> {
  return {
    peers: peersAt(view).map((peer) => ({
      id: peer.id,
      address: peer.address,
      connected_at: peer.connectedAtSeconds,
      latency_ms: peer.latencyMs,
      version: peer.version,
      is_validator: peer.isValidator,
      reputation: peer.reputation,
      height: peer.height,
    })),
  };
}

function netStats(view: ChainView): Record<string, unknown> {
  const traffic = trafficAt(view);
  return {
    tps: round(view.transactionsPerSecond, 2),
    avg_latency_ms: traffic.averageLatencyMs,
    bandwidth_in: traffic.bandwidthIn,
    bandwidth_out: traffic.bandwidthOut,
    active_connections: traffic.activeConnections,
  };
}

function governorStatus(view: ChainView, context: AnswerContext): Record<string, unknown> {
  return { ...governorBody(view, context, true), block_height: Math.max(0, view.tip) };
}

function schedulerStats(view: ChainView): Record<string, unknown> {
  const queue = schedulerAt(view);
  const perSecond = view.blockIntervalMs === 0 ? 0 : queue.perBlock * 1_000 / view.blockIntervalMs;
  return {
    pending_operations: queue.queued,
    avg_wait_time_ms: queue.waitMs,
    ops_per_block: queue.perBlock,
    ops_per_second: round(perSecond, 2),
    active_jobs: queue.activeJobs,
  };
}

/** What every market's statistics share. */
function marketBody(view: ChainView, id: MarketId): Record<string, unknown> {
  const market = view.market(id);
  const queued = schedulerAt(view).queued;
  return {
    status: "ok",
    utilization_ppm: utilizationPpm(market),
    provider_margin_ppm: marginPpm(market),
    pending_operations: Math.round(queued * QUEUE_SHARE[marketIndex(id)]!),
  };
}

/** How the scheduler's queue spreads over the markets, in the order of `MARKETS`. */
const QUEUE_SHARE: readonly number[] = [0.5, 0.25, 0.1, 0.15];

function total(view: ChainView, column: number, id: MarketId): bigint {
  return view.totals()[column + marketIndex(id)]!;
}

function computeStats(view: ChainView): Record<string, unknown> {
  const market = view.market("compute");
  return {
    ...marketBody(view, "compute"),
    active_jobs: schedulerAt(view).activeJobs,
    providers: activeProviders(market),
    avg_utilization: round(market.utilization, 6),
    total_revenue: total(view, COLUMN.revenue, "compute"),
    price_micro: Math.floor(market.price * MICRO),
  };
}

function storageStats(view: ChainView): Record<string, unknown> {
  const market = view.market("storage");
  return {
    ...marketBody(view, "storage"),
    total_stored: Math.floor(STORAGE_CAPACITY_BYTES * market.utilization),
    providers: activeProviders(market),
    avg_price: Math.round(market.price),
    capacity_used: round(market.utilization, 6),
  };
}

function energyState(view: ChainView): Record<string, unknown> {
  const buyers = new Set<number>();
  for (let height = Math.max(0, view.tip - TRADER_BLOCKS + 1); height <= view.tip; height++) {
    for (const receipt of view.receipts(height)) {
      if (receipt.market === "energy") buyers.add(receipt.consumer);
    }
  }
  const market = view.market("energy");
  return {
    ...marketBody(view, "energy"),
    total_credits: total(view, COLUMN.units, "energy") / MWH_PER_KWH,
    avg_price: Math.round(market.price),
    active_traders: buyers.size + activeProviders(market),
    volume_24h: view.since(view.tip - DAY_BLOCKS, COLUMN.revenue + marketIndex("energy")),
    providers: energyProviders(view),
    receipts: [],
    credits: [],
    disputes: energyDisputes(view),
    governance: energyGovernance(),
  };
}

function adStats(view: ChainView): Record<string, unknown> {
  const campaigns = new Set<number>();
  for (let height = Math.max(0, view.tip - CAMPAIGN_BLOCKS + 1); height <= view.tip; height++) {
    for (const receipt of view.receipts(height)) if (receipt.market === "ad") campaigns.add(receipt.consumer);
  }
  const market = view.market("ad");
  return {
    ...marketBody(view, "ad"),
    active_campaigns: campaigns.size,
    total_impressions: total(view, COLUMN.units, "ad"),
    total_revenue: total(view, COLUMN.revenue, "ad"),
    avg_cpm: Math.round(market.price),
    providers: activeProviders(market),
  };
}

function round(value: number, digits: number): number {
  const scale = 10 ** digits;
  return Math.round(value * scale) / scale;
}
