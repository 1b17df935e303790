import type { ChainView } from "../chain_view.ts";
import { PROVIDER_COUNT, providerId } from "../identity.ts";
import { consumerOf, meterHash } from "../receipt_item.ts";
import { integerOf, isObject, RpcError, textOf } from "./common.ts";
import {
  energyCredits,
  energyDisputes,
  energyGovernance,
  energyProviders,
  energyReceiptCount,
  MWH_PER_KWH,
  newestEnergyReceipts,
  type PlacedReceipt,
} from "./energy.ts";

const PAGE_SIZE_DEFAULT = 25;
const PAGE_SIZE_MAX = 250;
/** Receipts that `energy.market_state` carries: those of about the last 50 blocks. */
const STATE_RECEIPTS_MAX = 50;

/** `energy.market_state` */
export function liveMarketState(params: unknown, view: ChainView): Record<string, unknown> {
  const provider = textOf(params, "provider_id");
  const index = provider === undefined ? undefined : providerIndex(provider);
  const receipts = index === -1 ? [] : newestEnergyReceipts(view, 0, STATE_RECEIPTS_MAX, index);
  const keep = (rows: Record<string, unknown>[], key: string) =>
    provider === undefined ? rows : rows.filter((row) => row[key] === provider);
  return {
    status: "ok",
    providers: keep(energyProviders(view), "provider_id"),
    receipts: receipts.reverse().map((placed) => receiptBody(view, placed)),
    credits: keep(energyCredits(view), "provider"),
    disputes: keep(energyDisputes(view), "provider_id"),
    governance: energyGovernance(),
  };
}

/** `energy.receipts`: newest block first, so a page moves when a block is mined. */
export function liveReceipts(params: unknown, view: ChainView): Record<string, unknown> {
  const { page, size } = pageOf(params);
  const provider = textOf(params, "provider_id");
  const index = provider === undefined ? undefined : providerIndex(provider);
  const total = index === -1 ? 0 : energyReceiptCount(view, index);
  const placed = index === -1 ? [] : newestEnergyReceipts(view, page * size, size, index);
  return {
    status: "ok",
    page,
    page_size: size,
    total,
    receipts: placed.map((receipt) => receiptBody(view, receipt)),
  };
}

/** `energy.credits` */
export function liveCredits(params: unknown, view: ChainView): Record<string, unknown> {
  const { page, size } = pageOf(params);
  const provider = textOf(params, "provider_id");
  const rows = energyCredits(view).filter((row) => provider === undefined || row.provider === provider);
  const credits = rows.slice(page * size, (page + 1) * size);
  return { status: "ok", page, page_size: size, total: rows.length, credits };
}

/** `energy.disputes` */
export function liveDisputes(params: unknown, view: ChainView): Record<string, unknown> {
  const { page, size } = pageOf(params);
  const status = textOf(params, "status");
  if (status !== undefined && status !== "open" && status !== "resolved") {
    throw new RpcError(-32602, "invalid dispute status (expected 'open' or 'resolved')");
  }
  const meter = textOf(params, "meter_hash");
  if (meter !== undefined && !/^[0-9a-fA-F]{64}$/.test(meter)) {
    throw new RpcError(-32602, "meter hash must be 32 bytes");
  }
  const provider = textOf(params, "provider_id");
  const rows = energyDisputes(view).filter((row) =>
    (status === undefined || row.status === status) &&
    (provider === undefined || row.provider_id === provider) &&
    (meter === undefined || row.meter_hash === meter.toLowerCase())
  );
  const disputes = rows.slice(page * size, (page + 1) * size);
  return { status: "ok", page, page_size: size, total: rows.length, disputes };
}

/** These methods, unlike others, insist on an object. */
function pageOf(params: unknown): { readonly page: number; readonly size: number } {
  if (!isObject(params)) throw new RpcError(-32602, "parameters must be an object");
  const size = Math.min(PAGE_SIZE_MAX, Math.max(1, integerOf(params, "page_size", PAGE_SIZE_DEFAULT)));
  return { page: Math.min(integerOf(params, "page", 0), 1_000_000_000), size };
}

function providerIndex(id: string): number {
  for (let index = 0; index < PROVIDER_COUNT.energy; index++) {
    if (providerId("energy", index) === id) return index;
  }
  return -1;
}

/** Counts whole kilowatt-hours, as today's node does. */
function receiptBody(view: ChainView, { height, receipt }: PlacedReceipt): Record<string, unknown> {
  return {
    buyer: consumerOf(view.chain, receipt),
    seller: providerId("energy", receipt.provider),
    kwh_delivered: BigInt(receipt.units) / MWH_PER_KWH,
    price_paid: receipt.amount,
    block_settled: height,
    treasury_fee: receipt.treasuryFee,
    slash_applied: receipt.slashApplied,
    meter_hash: meterHash(view.chain, height, view.variantOf(height), receipt.index),
  };
}
