import { marketOf } from "../engine/market.ts";
import type { SimulatedChain } from "./chain.ts";
import { HASH_TAG, hex256 } from "./hash.ts";
import { accountAddress, advertiserId, providerId } from "./identity.ts";
import type { SimulatedReceipt } from "./receipts.ts";
import type { Variant } from "./reorg.ts";

const DISPUTE_REASONS: Readonly<Record<SimulatedReceipt["market"], string>> = {
  compute: "proof does not match the job",
  storage: "chunk could not be retrieved",
  energy: "meter reading out of range",
  ad: "impressions below the reported count",
};

/** A receipt in the shape of the items of `receipt.audit`. */
export function receiptItem(
  chain: SimulatedChain,
  height: number,
  variant: Variant,
  receipt: SimulatedReceipt,
): Record<string, unknown> {
  const digest = chain.digestOf(height, variant, receipt.index);
  const { market, provider } = receipt;
  return {
    block_height: height,
    receipt_index: receipt.index,
    receipt_type: marketOf(market).receiptKind,
    receipt: payloadOf(chain, height, variant, receipt),
    digest_hex: digest,
    amount: receipt.amount,
    audit_queries: [`receipt.audit start_height=${height} end_height=${height} market=${market}`],
    invariants: ["amount == floor(unit_price * units)", "units > 0"],
    causality: [`block:${chain.hashAt(height, variant)}`, `${market}:${digest.slice(0, 16)}`],
    provider_identity: providerId(market, provider),
    subsidies: subsidiesOf(receipt),
    disputes: disputesOf(height, receipt),
  };
}

/** The identifier of a compute job. */
export function jobId(chain: SimulatedChain, height: number, variant: Variant, index: number): string {
  return `job-${height}-${index}-${chain.digestOf(height, variant, index).slice(0, 8)}`;
}

/** The meter reading that an energy receipt settles, 64 hexadecimal digits. */
export function meterHash(chain: SimulatedChain, height: number, variant: Variant, index: number): string {
  return hex256(chain.key, HASH_TAG.meter, height, variant, index);
}

/** Who paid, as receipts name them: an address, or an advertiser in the ad market. */
export function consumerOf(chain: SimulatedChain, receipt: SimulatedReceipt): string {
  return receipt.market === "ad"
    ? advertiserId(receipt.consumer)
    : accountAddress(chain.seed, receipt.consumer);
}

/** The reason that a dispute of a market gives. */
export function disputeReason(market: SimulatedReceipt["market"]): string {
  return DISPUTE_REASONS[market];
}

function payloadOf(
  chain: SimulatedChain,
  height: number,
  variant: Variant,
  receipt: SimulatedReceipt,
): Record<string, unknown> {
  const provider = providerId(receipt.market, receipt.provider);
  const consumer = consumerOf(chain, receipt);
  const { index, units, amount } = receipt;
  switch (receipt.market) {
    case "compute": {
      const job = jobId(chain, height, variant, index);
      const { verified } = receipt;
      return { job_id: job, provider, consumer, compute_units: units, payment: amount, verified };
    }
    case "storage":
      return {
        contract_id: `contract-${height}-${index}`,
        provider,
        consumer,
        bytes_stored: units,
        cost: amount,
      };
    case "energy": {
      const meter = meterHash(chain, height, variant, index);
      return { seller: provider, buyer: consumer, kwh_delivered: units, cost: amount, meter_hash: meter };
    }
    case "ad":
      return {
        campaign_id: campaignId(receipt.consumer),
        publisher: provider,
        advertiser: consumer,
        impressions: units,
        spend: amount,
      };
    default:
      return receipt.market satisfies never;
  }
}

/** The campaign of an advertiser; each has one. */
export function campaignId(advertiser: number): string {
  return `cmp-${advertiser.toString().padStart(2, "0")}`;
}

function subsidiesOf(receipt: SimulatedReceipt): Record<string, number> {
  const none = { storage: 0, read: 0, compute: 0, ad: 0, rebate: 0 };
  switch (receipt.market) {
    case "compute":
      return { ...none, compute: receipt.subsidy };
    case "storage":
      return { ...none, storage: receipt.subsidy };
    case "energy":
      return { ...none, rebate: receipt.subsidy };
    case "ad":
      return { ...none, ad: receipt.subsidy };
    default:
      return receipt.market satisfies never;
  }
}

/** Disputes never change after the block, so that a receipt reads the same at every later tip. */
function disputesOf(height: number, receipt: SimulatedReceipt): Record<string, unknown>[] {
  if (receipt.dispute === "none") return [];
  return [{
    id: `dispute-${height}-${receipt.index}`,
    reason: disputeReason(receipt.market),
    status: receipt.dispute,
    opened_height: height,
  }];
}
