import { MARKET_IDS } from "../../engine/market.ts";
import type { ChainView } from "../chain_view.ts";
import { accountAddress, PROVIDER_COUNT, providerId } from "../identity.ts";
import { COLUMN } from "../ledger.ts";
import { isActive } from "../model.ts";
import type { SimulatedReceipt } from "../receipts.ts";
import { consumerOf, disputeReason, meterHash } from "../receipt_item.ts";

/** Milliwatt-hours per kilowatt-hour. */
export const MWH_PER_KWH = 1_000_000n;
/** Kilowatt-hours that a provider of capacity factor 1 can deliver. */
const CAPACITY_KWH = 50_000;
/** Blocks that the dispute log reaches back. */
const DISPUTE_BLOCKS = 2_000;
/** Blocks after which a meter reading is no longer pending. */
const CREDIT_BLOCKS = 50;

/** Column of the energy market's receipt count. */
const ENERGY_COUNT = COLUMN.count + MARKET_IDS.indexOf("energy");

/** A receipt and where it stands. */
export interface PlacedReceipt {
  readonly height: number;
  readonly receipt: SimulatedReceipt;
}

/** The providers that take part, as `energy.market_state` lists them in both dialects. */
export function energyProviders(view: ChainView): Record<string, unknown>[] {
  const market = view.market("energy");
  const totals = view.totals();
  return view.chain.providers.energy.flatMap((profile, index) => {
    if (!isActive(market, index)) return [];
    const capacity = CAPACITY_KWH * profile.capacityFactor;
    return [{
      provider_id: profile.id,
      owner: profile.owner,
      capacity_kwh: capacity,
      available_kwh: Math.round(capacity * (1 - market.utilization)),
      price_per_kwh: Math.round(market.price * profile.priceFactor),
      jurisdiction: profile.region,
      reputation_score: profile.reputation,
      meter_address: `meter-${profile.id}`,
      total_delivered_kwh: totals[COLUMN.energyUnits + index]! / MWH_PER_KWH,
      staked_balance: profile.stake,
    }];
  });
}

/** Rules of the market. */
export function energyGovernance(): Record<string, unknown> {
  return {
    mode: "real_time",
    min_stake: 1_000,
    expiry_blocks: CREDIT_BLOCKS,
    oracle_timeout_blocks: 0,
    quorum_threshold_ppm: 0,
  };
}

/** The disputes that were opened in the last 2,000 blocks, oldest first; identifiers count from genesis. */
export function energyDisputes(view: ChainView): Record<string, unknown>[] {
  const from = Math.max(1, view.tip - DISPUTE_BLOCKS + 1);
  let id = Number(view.totals(from - 1)[COLUMN.energyDisputes]!);
  const disputes: Record<string, unknown>[] = [];
  for (let height = from; height <= view.tip; height++) {
    for (const receipt of view.receipts(height)) {
      if (receipt.market !== "energy" || receipt.dispute === "none") continue;
      const resolved = receipt.dispute === "resolved";
      disputes.push({
        id: ++id,
        provider_id: providerId("energy", receipt.provider),
        meter_hash: meterHash(view.chain, height, view.variantOf(height), receipt.index),
        reporter: consumerOf(view.chain, receipt),
        reason: disputeReason("energy"),
        status: receipt.dispute,
        opened_at: height,
        resolved_at: resolved ? height : null,
        resolution_note: resolved ? "reading corrected" : null,
        resolver: resolved ? accountAddress(view.chain.seed, 1_999) : null,
      });
    }
  }
  return disputes;
}

/** Meter readings that wait for settlement, newest first: one per provider and five blocks, for 50 blocks. */
export function energyCredits(view: ChainView): Record<string, unknown>[] {
  const credits: Record<string, unknown>[] = [];
  for (let height = view.tip; height > Math.max(0, view.tip - CREDIT_BLOCKS); height--) {
    if (height % 5 !== 0) continue;
    const index = height / 5 % PROVIDER_COUNT.energy;
    if (!isActive(view.market("energy"), index)) continue;
    credits.push({
      provider: providerId("energy", index),
      amount_kwh: 1 + height * 7 % 40,
      timestamp: height,
      meter_hash: meterHash(view.chain, height, view.variantOf(height), -1),
    });
  }
  return credits;
}

/** How many energy receipts are visible, of one provider or of all. */
export function energyReceiptCount(view: ChainView, provider?: number): number {
  const totals = view.totals();
  if (provider !== undefined) return Number(totals[COLUMN.energyCount + provider]!);
  return Number(totals[ENERGY_COUNT]!);
}

/**
 * Energy receipts from newest block to oldest (within a block in block order), as today's node pages them.
 *
 * @param skip How many of the newest to leave out
 * @param limit How many to return at most
 * @param provider Only of this provider
 */
export function newestEnergyReceipts(
  view: ChainView,
  skip: number,
  limit: number,
  provider?: number,
): PlacedReceipt[] {
  const total = energyReceiptCount(view, provider);
  const placed: PlacedReceipt[] = [];
  if (skip >= total) return placed;
  const column = provider === undefined ? ENERGY_COUNT : COLUMN.energyCount + provider;
  let height = view.heightReaching(column, BigInt(total - skip));
  let leaveOut = skip - (total - Number(view.totals(height)[column]!));
  for (; height > 0 && placed.length < limit; height--) {
    for (const receipt of view.receipts(height)) {
      if (receipt.market !== "energy" || (provider !== undefined && receipt.provider !== provider)) continue;
      if (leaveOut-- > 0) continue;
      if (placed.length < limit) placed.push({ height, receipt });
    }
  }
  return placed;
}
