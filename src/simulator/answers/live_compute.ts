import type { ChainView } from "../chain_view.ts";
import { CONSUMER_COUNT, providerId } from "../identity.ts";
import { COLUMN, SETTLEMENT_OPENING } from "../ledger.ts";
import { MARKET_IDS } from "../../engine/market.ts";
import { schedulerAt } from "../network.ts";
import { consumerOf, jobId } from "../receipt_item.ts";
import { integerOf, textOf } from "./common.ts";
import type { PlacedReceipt } from "./energy.ts";
import { accountAddress } from "../identity.ts";

/** Entries that the settlement log keeps; older ones are gone, as on the real node. */
const AUDIT_ENTRIES_MAX = 256;
const MATCHES_PER_LANE = 5;
const SLA_LIMIT_DEFAULT = 16;
const SLA_LIMIT_MAX = 256;
/** Blocks that a search for recent receipts goes back. */
const LOOK_BACK_BLOCKS = 2_000;
const COMPUTE = MARKET_IDS.indexOf("compute");

/** `compute_market.stats` */
export function computeStats(view: ChainView): Record<string, unknown> {
  const market = view.market("compute");
  const queue = schedulerAt(view);
  const price = Math.round(market.price);
  const industrial = Math.floor(queue.queued * 0.4);
  return {
    industrial_backlog: queue.queued,
    industrial_utilization: Math.round(market.utilization * 100),
    industrial_units_total: view.totals()[COLUMN.units + COMPUTE]!,
    industrial_price_per_unit: price,
    industrial_price_weighted: price,
    industrial_price_base: price,
    pending: pendingJobs(view, Math.min(5, queue.queued)),
    lanes: [
      lane("consumer", queue.queued - industrial, queue.activeJobs, queue.waitMs),
      lane("industrial", industrial, Math.ceil(queue.activeJobs / 2), queue.waitMs * 1.5),
    ],
    lane_starvation: [],
    recent_matches: recentMatches(view),
    settlement_engine: { engine: "inhouse", legacy_mode: false },
    blocktorch: null,
  };
}

/** `compute_market.scheduler_stats` */
export function schedulerStats(view: ChainView): Record<string, unknown> {
  const queue = schedulerAt(view);
  const high = Math.floor(queue.queued * 0.2);
  const low = Math.floor(queue.queued * 0.3);
  const utilization = Math.round(view.market("compute").utilization * 100);
  const done = view.totals()[COLUMN.count + COMPUTE]!;
  return {
    success: done,
    capability_mismatch: done / 90n,
    reputation_failure: done / 250n,
    preemptions: done / 120n,
    active_jobs: queue.activeJobs,
    utilization: { consumer: utilization, industrial: Math.max(0, utilization - 8) },
    effective_price: Math.round(view.market("compute").price),
    queued_high: high,
    queued_normal: queue.queued - high - low,
    queued_low: low,
    priority_miss: done / 400n,
    pending: pendingJobs(view, Math.min(5, queue.queued)),
  };
}

/** `compute_market.sla_history`: the newest resolutions, oldest of them first. */
export function slaHistory(params: unknown, view: ChainView): unknown[] {
  const limit = Math.min(SLA_LIMIT_MAX, integerOf(params, "limit", SLA_LIMIT_DEFAULT));
  return newestCompute(view, limit).reverse().map(({ height, receipt }) => {
    const resolvedAt = Math.floor(view.chain.stateAt(height).timestampMs / 1_000);
    return {
      job_id: jobId(view.chain, height, view.variantOf(height), receipt.index),
      provider: providerId("compute", receipt.provider),
      buyer: consumerOf(view.chain, receipt),
      outcome: receipt.verified ? "completed" : "violated",
      outcome_reason: receipt.verified ? undefined : "proof_rejected",
      burned: 0,
      refunded: 0,
      deadline: resolvedAt + 30,
      resolved_at: resolvedAt,
      proofs: [],
    };
  });
}

/**
 * `settlement.audit`: the last 256 entries, oldest first. Each compute receipt makes two: the buyer pays, then the
 * provider earns. `balance` is the entity's after the entry.
 */
export function settlementAudit(view: ChainView): unknown[] {
  const { chain } = view;
  const totals = view.totals();
  const earned = totals.slice(COLUMN.computeEarned, COLUMN.computePaid);
  const paid = totals.slice(COLUMN.computePaid, COLUMN.adSpend);
  let sequence = 2n * totals[COLUMN.count + COMPUTE]!;
  const entries: unknown[] = [];
  for (const { height, receipt } of newestCompute(view, AUDIT_ENTRIES_MAX / 2)) {
    const timestamp = Math.floor(chain.stateAt(height).timestampMs / 1_000);
    const memo = jobId(chain, height, view.variantOf(height), receipt.index);
    entries.push({
      sequence: --sequence,
      timestamp,
      entity: providerId("compute", receipt.provider),
      memo: `accrue:${memo}`,
      delta: receipt.amount,
      balance: earned[receipt.provider]!,
    }, {
      sequence: --sequence,
      timestamp,
      entity: consumerOf(chain, receipt),
      memo: `spend:${memo}`,
      delta: -receipt.amount,
      balance: SETTLEMENT_OPENING - paid[receipt.consumer]!,
    });
    earned[receipt.provider]! -= BigInt(receipt.amount);
    paid[receipt.consumer]! -= BigInt(receipt.amount);
  }
  return entries.reverse();
}

/** `compute_market.provider_balances` */
export function providerBalances(view: ChainView): Record<string, unknown> {
  const totals = view.totals();
  return {
    providers: view.chain.providers.compute.map((profile, index) => ({
      provider: profile.id,
      balance: totals[COLUMN.computeEarned + index]!,
    })),
  };
}

/** `settlement_status`: with a provider or account, its settlement balance too. */
export function settlementStatus(params: unknown, view: ChainView): Record<string, unknown> {
  const entity = textOf(params, "provider");
  if (entity === undefined) return { mode: "real" };
  const totals = view.totals();
  const provider = view.chain.providers.compute.findIndex((profile) => profile.id === entity);
  if (provider >= 0) return { mode: "real", balance: totals[COLUMN.computeEarned + provider]! };
  for (let account = 0; account <= CONSUMER_COUNT; account++) {
    if (accountAddress(view.chain.seed, account) === entity) {
      return { mode: "real", balance: SETTLEMENT_OPENING - totals[COLUMN.computePaid + account]! };
    }
  }
  return { mode: "real", balance: 0 };
}

/** The newest compute receipts, newest first; at most those of the last 2,000 blocks. */
function newestCompute(view: ChainView, limit: number): PlacedReceipt[] {
  const placed: PlacedReceipt[] = [];
  const from = Math.max(0, view.tip - LOOK_BACK_BLOCKS);
  for (let height = view.tip; height > from && placed.length < limit; height--) {
    const receipts = view.receipts(height).filter((receipt) => receipt.market === "compute");
    for (const receipt of receipts.reverse()) if (placed.length < limit) placed.push({ height, receipt });
  }
  return placed;
}

function recentMatches(view: ChainView): Record<string, unknown[]> {
  const matches = newestCompute(view, 2 * MATCHES_PER_LANE).map(({ height, receipt }, position) => ({
    job_id: jobId(view.chain, height, view.variantOf(height), receipt.index),
    provider: providerId("compute", receipt.provider),
    buyer: consumerOf(view.chain, receipt),
    price: Math.floor(receipt.amount / receipt.units),
    issued_at: Math.floor(view.chain.stateAt(height).timestampMs / 1_000),
    lane: position % 2 === 0 ? "consumer" : "industrial",
  }));
  const of = (lane: string) => matches.filter((match) => match.lane === lane);
  return { consumer: of("consumer"), industrial: of("industrial") };
}

function pendingJobs(view: ChainView, count: number): unknown[] {
  const priorities = ["High", "Normal", "Low"];
  return Array.from({ length: count }, (_, index) => ({
    job_id: `job-pending-${Math.max(0, view.tip) - index}`,
    priority: priorities[index % 3]!,
    effective_priority: Math.round((1 - index * 0.1) * 100) / 100,
  }));
}

function lane(name: string, bids: number, asks: number, waitMs: number): Record<string, unknown> {
  return {
    lane: name,
    bids,
    asks,
    oldest_bid_wait_ms: bids === 0 ? null : Math.round(waitMs * 3),
    oldest_ask_wait_ms: asks === 0 ? null : Math.round(waitMs * 2),
  };
}
