import type { ChainView } from "../chain_view.ts";
import { type AnswerContext, balanceOf, HEADERS_MAX, integerOf, mempoolStats } from "./common.ts";
import { type Method, type MethodTable, overlayStatus, RpcError, SIMULATOR_METHODS } from "./common.ts";
import { governorBody, governorDecisions } from "./governor.ts";
import { adBudget, adCampaigns, adInventory, adReadiness } from "./live_ad.ts";
import {
  computeStats,
  providerBalances,
  schedulerStats,
  settlementAudit,
  settlementStatus,
} from "./live_compute.ts";
import { slaHistory } from "./live_compute.ts";
import { liveCredits, liveDisputes, liveMarketState, liveReceipts } from "./live_energy.ts";
import { livePeers } from "./live_network.ts";
import { discoverProviders, storageAudit, storageManifests } from "./live_storage.ts";

/** Today's node reports no floor although it enforces one. */
const FEE_FLOOR = 0;

/** Methods that read the chain lock: they end the connection once it is poisoned. */
export const LIVE_LOCKED_METHODS: ReadonlySet<string> = new Set([
  "light.latest_header",
  "light.headers",
  "jurisdiction.status",
]);

/** The method that panics on an empty chain and poisons the chain lock. */
export const LIVE_FATAL_METHOD = "light.latest_header";

/** Every method of the dialect that imitates today's real node. */
export const LIVE_METHODS: MethodTable = new Map<string, Method>([
  ...SIMULATOR_METHODS,
  ["light.headers", (params, view) => headers(params, view)],
  ["light.latest_header", (_params, view) => latestHeader(view)],
  ["light_client.rebate_status", (_params, view) => rebateStatus(view)],
  ["light_client.rebate_history", () => ({ next: null, receipts: [] })],
  ["consensus.difficulty", (_params, view) => ({ difficulty: difficulty(view) })],
  ["mempool.stats", (params, view) => mempoolStats(params, view, FEE_FLOOR)],
  ["balance", (params, view) => balanceOf(params, view)],
  ["net.overlay_status", (_params, view) => overlayStatus(view)],
  ["net.peer_stats_all", (params, view) => livePeers(params, view)],
  ["compute_market.stats", (_params, view) => computeStats(view)],
  ["compute_market.scheduler_stats", (_params, view) => schedulerStats(view)],
  ["compute_market.sla_history", (params, view) => slaHistory(params, view)],
  ["compute_market.audit", (_params, view) => settlementAudit(view)],
  ["compute_market.provider_balances", (_params, view) => providerBalances(view)],
  ["settlement.audit", (_params, view) => settlementAudit(view)],
  ["settlement_status", (params, view) => settlementStatus(params, view)],
  ["storage.discover_providers", (params, view) => discoverProviders(params, view)],
  ["storage.audit", (params, view) => storageAudit(params, view)],
  ["storage.manifests", (params, view) => storageManifests(params, view)],
  ["energy.market_state", (params, view) => liveMarketState(params, view)],
  ["energy.receipts", (params, view) => liveReceipts(params, view)],
  ["energy.credits", (params, view) => liveCredits(params, view)],
  ["energy.disputes", (params, view) => liveDisputes(params, view)],
  ["ad_market.readiness", (_params, view) => adReadiness(view)],
  ["ad_market.budget", (_params, view) => adBudget(view)],
  ["ad_market.list_campaigns", (_params, view) => adCampaigns(view)],
  ["ad_market.inventory", (_params, view) => adInventory(view)],
  ["governor.status", (_params, view, context: AnswerContext) => governorBody(view, context, false)],
  ["governor.decisions", (params, view) => governorDecisions(params, view)],
  ["inflation.params", (_params, view) => inflationParams(view)],
  ["jurisdiction.status", () => ({ Summary: { jurisdiction: null } })],
  ["metrics", () => "telemetry disabled"],
]);

function difficulty(view: ChainView): number {
  return view.chain.difficultyAt(Math.max(0, view.tip));
}

function header(view: ChainView, height: number): Record<string, unknown> {
  const block = view.header(height);
  return { height, hash: block.hash, difficulty: block.difficulty };
}

function headers(params: unknown, view: ChainView): unknown[] {
  const start = integerOf(params, "start", 0);
  const end = Math.min(view.tip, start + Math.min(HEADERS_MAX, integerOf(params, "limit", 200)) - 1);
  const list: unknown[] = [];
  for (let height = start; height <= end; height++) list.push(header(view, height));
  return list;
}

/** The server ends the connection before it asks this about an empty chain. */
function latestHeader(view: ChainView): Record<string, unknown> {
  if (view.tip < 0) throw new RpcError(-32603, "empty chain");
  return header(view, view.tip);
}

function rebateStatus(view: ChainView): Record<string, unknown> {
  const proofs = Math.floor(Math.max(0, view.tip) / 50);
  return {
    pending_total: proofs % 20 * 10,
    relayers: [{
      id: view.chain.providers.compute[1]!.owner,
      pending: proofs % 20 * 10,
      total_proofs: proofs,
      total_claimed: Math.floor(proofs / 20) * 200,
      last_claim_height: proofs < 20 ? null : Math.floor(proofs / 20) * 1_000,
    }],
  };
}

function inflationParams(view: ChainView): Record<string, unknown> {
  const { industrial_backlog, industrial_utilization } = computeStats(view);
  return {
    beta_storage_sub: 50,
    gamma_read_sub: 20,
    kappa_cpu_sub: 10,
    lambda_bytes_out_sub: 5,
    industrial_backlog,
    industrial_utilization,
    industrial_multiplier: 100,
    rent_rate_per_byte: 0,
  };
}
