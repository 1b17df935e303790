import type { MarketId } from "./market.ts";

/** Where a receipt was read from. */
export type ReceiptSource =
  | "receipt.audit"
  | "energy.receipts"
  | "compute_market.sla_history"
  | "settlement.audit";

/** A dispute attached to a receipt. */
export interface ReceiptDispute {
  readonly id: string;
  readonly reason: string;
  readonly status: string;
}

/**
 * One settled piece of work: somebody delivered `units` in a market and somebody paid `amount` for it.
 * Amounts are in the node's base unit, units in the market's receipt unit.
 */
export interface Receipt {
  /** Identity by which a receipt is counted once: `<height>-<index>-<digest>` where the node gives these. */
  readonly id: string;
  readonly source: ReceiptSource;
  /** A piece of work that was settled, or only a movement of money that belongs to one listed elsewhere. */
  readonly kind: "work" | "movement";
  readonly market: MarketId;
  /** Block that settled it; where the source does not say, the tip when we first saw it. */
  readonly height: number;
  /**
   * Whether a reorganisation of the block at `height` takes the receipt back. What a source gives without a height is
   * anchored by its reader to the block in which it was first seen.
   */
  readonly anchored: boolean;
  readonly index: number;
  readonly digest: string;
  /** What the consumer paid. */
  readonly amount: bigint;
  /** What was kept back from the provider (fees, slashes). */
  readonly deducted: bigint;
  readonly units: bigint;
  /** Who delivered; `null` where the source does not say. */
  readonly provider: string | null;
  /** Who paid; `null` where the source does not say. */
  readonly consumer: string | null;
  /** Whether the node verified the work; `null` where the source does not say. */
  readonly verified: boolean | null;
  /** Subsidy by bucket (storage, read, compute, ad, rebate), base units, on top of `amount`. */
  readonly subsidies: Readonly<Record<string, bigint>>;
  readonly disputes: readonly ReceiptDispute[];
  /** The source's own payload as compact JSON, for display and audit. */
  readonly payload: string;
}

/** Sum of all subsidy buckets of a receipt. */
export function subsidyTotal(receipt: Receipt): bigint {
  let total = 0n;
  for (const amount of Object.values(receipt.subsidies)) total += amount;
  return total;
}
