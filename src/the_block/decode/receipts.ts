/** Decoders of everything that settles: receipts, SLA outcomes, settlement entries. */
import { createHash } from "node:crypto";
import { type MarketId, MARKETS } from "../../engine/market.ts";
import type { Receipt, ReceiptDispute } from "../../engine/receipt.ts";
import { NodeError } from "../errors.ts";
import { canonicalJson } from "../json.ts";
import type { Field } from "./field.ts";

/** A page of `receipt.audit`. */
export interface ReceiptPage {
  readonly receipts: readonly Receipt[];
  /** Heights that the page covers; the last one may be cut when `truncated`. */
  readonly scannedTo: number | null;
  readonly truncated: boolean;
  readonly nextStartHeight: number | null;
  /** Items that could not be read, with their height where that could. */
  readonly rejected: readonly { readonly height: number | null; readonly detail: string }[];
  /** Items of kinds that we do not follow. */
  readonly ignored: number;
  /** Height of the last item of any kind. */
  readonly lastHeight: number | null;
}

const MARKET_OF_KIND = new Map(MARKETS.map(({ receiptKind, id }) => [receiptKind.toLowerCase(), id]));

/** Payload spellings per market: what was delivered. */
const UNITS: Readonly<Record<MarketId, readonly [string, ...string[]]>> = {
  compute: ["compute_units", "units"],
  storage: ["bytes_stored", "bytes"],
  energy: ["kwh_delivered", "mwh_delivered"],
  ad: ["impressions", "impressions_delivered"],
};

/** Characters of a payload that are kept for display; a longer one is not cut, because half of it would not parse. */
const PAYLOAD_MAX = 16_384;

/** Milliwatt-hours in a kilowatt-hour. */
const MWH_PER_KWH = 1_000_000n;

/** `receipt.audit`. One receipt that cannot be read is named and left out; it does not take the page with it. */
export function decodeReceiptAudit(field: Field): ReceiptPage {
  const receipts: Receipt[] = [];
  const rejected: { height: number | null; detail: string }[] = [];
  let ignored = 0;
  let lastHeight: number | null = null;
  for (const item of field.get("receipts").list()) {
    let height: number | null = null;
    try {
      height = item.get("block_height").count();
      lastHeight = Math.max(lastHeight ?? 0, height);
      const receipt = decodeReceipt(item);
      if (receipt) receipts.push(receipt);
      else ignored++;
    } catch (error) {
      if (!(error instanceof NodeError)) throw error;
      rejected.push({ height, detail: error.message });
    }
  }
  const range = field.optional("scanned_range");
  return {
    receipts,
    rejected,
    ignored,
    lastHeight,
    scannedTo: range?.optional("end")?.count() ?? null,
    truncated: field.optional("truncated")?.boolean() ?? false,
    nextStartHeight: field.optional("next_start_height")?.count() ?? null,
  };
}

/** One receipt; null when it belongs to none of our markets. */
export function decodeReceipt(item: Field): Receipt | null {
  const market = MARKET_OF_KIND.get(item.get("receipt_type").text(64).toLowerCase());
  if (!market) return null;
  const payload = item.get("receipt");
  const height = item.get("block_height").count();
  const index = item.get("receipt_index").count();
  const digest = item.get("digest_hex").id(128);
  return {
    id: `${height}-${index}-${digest}`,
    source: "receipt.audit",
    kind: "work",
    market,
    height,
    anchored: true,
    index,
    digest,
    amount: item.get("amount").u64(),
    deducted: 0n,
    units: payload.any(...UNITS[market]).u64(),
    provider:
      (item.optional("provider_identity") ?? payload.first("provider", "seller", "publisher"))?.id() ?? null,
    consumer: payload.first("consumer", "buyer", "advertiser")?.id() ?? null,
    verified: payload.optional("verified")?.boolean() ?? null,
    subsidies: decodeSubsidies(item.optional("subsidies")),
    disputes: (item.optional("disputes")?.list(64) ?? []).map(decodeDispute),
    payload: payloadOf(item, ["audit_queries", "causality", "invariants"], payload),
  };
}

function decodeSubsidies(field: Field | undefined): Readonly<Record<string, bigint>> {
  return Object.fromEntries((field?.entries() ?? []).map(([bucket, amount]) => [bucket, amount.u64()]));
}

function decodeDispute(field: Field): ReceiptDispute {
  if (typeof field.raw === "string") return { id: field.id(), reason: "", status: "open" };
  return {
    id: field.any("id", "dispute_id").id(),
    reason: field.optional("reason")?.text() ?? "",
    status: field.optional("status")?.text(64) ?? "open",
  };
}

/** `energy.receipts`: newest first; no index and no digest, so identity is made from the content. */
export function decodeEnergyReceipts(
  field: Field,
): { readonly total: number; readonly receipts: readonly Receipt[] } {
  const items = field.get("receipts").list();
  return {
    total: field.optional("total")?.count() ?? items.length,
    receipts: withIdentity(items, (item, digest, index) => {
      const paid = item.get("price_paid").u64();
      const fee = item.optional("treasury_fee")?.u64() ?? 0n;
      const slash = item.optional("slash_applied")?.u64() ?? 0n;
      return {
        id: `energy-${digest}-${index}`,
        source: "energy.receipts",
        kind: "work",
        market: "energy",
        height: item.get("block_settled").count(),
        anchored: true,
        index,
        digest,
        amount: paid,
        deducted: fee + slash > paid ? paid : fee + slash,
        units: item.get("kwh_delivered").u64() * MWH_PER_KWH,
        provider: item.get("seller").id(),
        consumer: item.optional("buyer")?.id() ?? null,
        verified: null,
        subsidies: {},
        disputes: [],
        payload: payloadOf(item),
      };
    }),
  };
}

/**
 * `compute_market.sla_history`: how jobs ended. It carries no payment, so amounts are 0; what was paid is in the
 * settlement audit.
 *
 * @param tip Height at which an outcome that was not seen before is counted
 */
export function decodeSlaHistory(field: Field, tip: number): readonly Receipt[] {
  return withIdentity(field.list(), (item, digest, index) => {
    const outcome = item.get("outcome").text(64).toLowerCase();
    return {
      id: `sla-${digest}-${index}`,
      source: "compute_market.sla_history",
      kind: "work",
      market: "compute",
      height: tip,
      anchored: false,
      index,
      digest,
      amount: 0n,
      deducted: 0n,
      units: 0n,
      provider: item.get("provider").id(),
      consumer: item.optional("buyer")?.id() ?? null,
      verified: outcome === "completed",
      subsidies: {},
      disputes: outcome === "violated"
        ? [{
          id: item.get("job_id").id(),
          reason: item.optional("outcome_reason")?.text() ?? "",
          status: "violated",
        }]
        : [],
      payload: payloadOf(item),
    };
  });
}

/** A page of the settlement audit, with the sequence numbers that show whether something was missed. */
export interface SettlementPage {
  readonly receipts: readonly Receipt[];
  readonly sequences: readonly number[];
}

/** `settlement.audit`: credits and debits of the compute settlement, oldest first, with a running sequence. */
export function decodeSettlementAudit(field: Field, tip: number): SettlementPage {
  const sequences: number[] = [];
  const receipts = field.list().map((item): Receipt => {
    const sequence = item.get("sequence").count();
    const entity = item.get("entity").id();
    const delta = item.get("delta").i64();
    sequences.push(sequence);
    return {
      id: `settlement-${sequence}`,
      source: "settlement.audit",
      kind: "movement",
      market: "compute",
      height: tip,
      anchored: false,
      index: sequence,
      digest: item.optional("anchor")?.text(128) ?? "",
      amount: delta < 0n ? -delta : delta,
      deducted: 0n,
      units: 0n,
      provider: delta >= 0n ? entity : null,
      consumer: delta < 0n ? entity : null,
      verified: null,
      subsidies: {},
      disputes: [],
      payload: payloadOf(item),
    };
  });
  return { receipts, sequences };
}

/** Gives items without an identity one: the digest of their content, and how often the same content came before. */
function withIdentity(
  items: readonly Field[],
  build: (item: Field, digest: string, occurrence: number) => Receipt,
): readonly Receipt[] {
  const seen = new Map<string, number>();
  return items.map((item) => {
    const digest = createHash("sha256").update(item.json()).digest("hex");
    const occurrence = seen.get(digest) ?? 0;
    seen.set(digest, occurrence + 1);
    return build(item, digest, occurrence);
  });
}

/** The receipt as the source gave it, with lists of the item beside it, as compact JSON. */
function payloadOf(item: Field, lists: readonly string[] = [], receipt = item): string {
  const beside = lists.map((name) => `"${name}":${item.optional(name)?.json() ?? "[]"},`).join("");
  const text = `{${beside}"receipt":${receipt.json()}}`;
  return text.length <= PAYLOAD_MAX ? text : canonicalJson({ omitted: "too long", characters: text.length });
}
