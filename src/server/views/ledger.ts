/** Views of what settled and what it came to: profit and loss, operations, receipts. */
import type { CoreState } from "../../engine/state.ts";
import { noSums, pnlOf, type PnlSums, pnlTotal, type PnlWindow } from "../../engine/ledger.ts";
import { marketOf, perMarket } from "../../engine/market.ts";
import { type Absent, absent } from "../../engine/reason.ts";
import { tipOf } from "../../engine/chain.ts";
import { ratioOf } from "../../engine/amount.ts";
import type {
  OperationFilter,
  OperationRow,
  PageRequest,
  Queries,
  ReceiptFilter,
  ReceiptRow,
} from "../../runtime/ports/store.ts";
import { type Draft, estimated } from "../body.ts";
import { payloadDraft } from "../payload.ts";
import type { OperationBody, Operations, Pnl, ReceiptBody, Receipts } from "../wire.ts";
import { round, type View } from "./view.ts";

/** Rows of the first page, which is the topic's body. */
export const DEFAULT_LIMIT = 50;

/** Units of profit and loss. */
export const PNL_UNITS = {
  total_revenue: "base units",
  total_costs: "base units",
  net_profit: "base units",
  profit_margin: "%",
  subsidies: "base units",
  mining_rewards: "base units",
  unclassified: "base units",
  disputed_amount: "base units",
  "balances.amount": "base units",
  since: "Unix s",
};

/** `GET /theblock/pnl`, over everything since ingest began. */
export const pnlView: View<Pnl> = {
  units: PNL_UNITS,
  build: (state, { queries }) => ({
    draft: pnlDraft(state, "all", queries),
    slices: ["head"],
    source: "engine",
  }),
};

/** `GET /theblock/operations`, the newest ones. */
export const operationsView: View<Operations> = {
  units: { "operations.amount": "base units", "operations.timestamp": "Unix s" },
  build: (_state, { queries }) => ({
    draft: operationsDraft(queries, {}, { limit: DEFAULT_LIMIT }),
    slices: ["head"],
    source: "engine",
  }),
};

/** Units of a page of receipts. */
export const RECEIPT_UNITS = {
  "receipts.amount": "base units",
  "receipts.deducted": "base units",
  "receipts.subsidies": "base units",
  "receipts.timestamp": "Unix s",
};

/** `GET /theblock/receipts`, the newest ones. */
export const receiptsView: View<Receipts> = {
  units: RECEIPT_UNITS,
  build: (_state, { queries }) => ({
    draft: receiptsDraft(queries, {}, { limit: DEFAULT_LIMIT }),
    slices: ["head"],
    source: "node",
  }),
};

/** Profit and loss over a window. */
export function pnlDraft(
  state: CoreState,
  window: PnlWindow,
  queries: Queries,
): { readonly [K in keyof Pnl]: Draft<Pnl[K]> } {
  const { ledger, sinceHeight, sinceMs } = state;
  const parts = pnlOf(ledger, window, tipOf(state.chain)?.timeMs ?? state.nowMs);
  const total = pnlTotal(parts);
  const { account, miner } = ledger.identities;
  const nobody = account === null && miner === null && !namesAnyone(state)
    ? absent("NO_ACCOUNT", "no identity of ours is configured ([account] address, miner, identities)")
    : null;
  const started = absent(state.link.everUp ? "WARMING_UP" : "NODE_DOWN", "ingest has not begun yet");
  const net = total.revenue - total.costs;
  const balances = [...ledger.balances];
  return {
    window,
    since_height: sinceHeight ?? started,
    since: sinceMs === null ? started : Math.floor(sinceMs / 1000),
    total_revenue: nobody ?? total.revenue,
    total_costs: nobody ?? total.costs,
    net_profit: nobody ?? net,
    profit_margin: nobody ??
      (total.revenue === 0n
        ? absent("UNDEFINED", "there is no revenue to take a share of")
        : round(100 * ratioOf(net, total.revenue), 4)),
    pending_operations: queries.pendingOperations(),
    total_receipts: total.receipts,
    own_receipts: total.own,
    subsidies: nobody ?? total.subsidies,
    mining_rewards: nobody ?? (parts.get("mining") ?? noSums()).revenue,
    unclassified: nobody ??
      (balances.length === 0 ? absent("WARMING_UP", "no balance has been read yet") : estimated(
        balances.reduce((sum, [, balance]) => sum + balance.unclassified, 0n),
        "balance of the accounts less everything that receipts explain, since it was first in step with them",
      )),
    disputed_receipts: ledger.disputes.count,
    disputed_amount: nobody ?? ledger.disputes.amount,
    by_market: perMarket(({ id }) => marketPnl(parts.get(id) ?? noSums(), nobody)),
    balances: balances.map(([id, balance]) => ({
      id,
      role: id === account ? "account" as const : "miner" as const,
      amount: balance.actual,
      opening: balance.opening ??
        absent("WARMING_UP", "books and balance have not been in step long enough yet"),
      unclassified: balance.unclassified,
    })),
  };
}

function namesAnyone(state: CoreState): boolean {
  return Object.values(state.ledger.identities.byMarket).some((names) => names.length > 0);
}

function marketPnl(sums: PnlSums, nobody: Absent | null) {
  return {
    revenue: nobody ?? sums.revenue,
    costs: nobody ?? sums.costs,
    net: nobody ?? sums.revenue - sums.costs,
    subsidies: nobody ?? sums.subsidies,
    own_receipts: sums.own,
    receipts: sums.receipts,
  };
}

/** A page of operations. */
export function operationsDraft(
  queries: Queries,
  filter: OperationFilter,
  page: PageRequest,
): { readonly [K in keyof Operations]: Draft<Operations[K]> } {
  const { items, total, nextCursor } = queries.operations(filter, page);
  return {
    operations: items.map(operationDraft),
    total,
    limit: page.limit,
    offset: page.offset ?? 0,
    next_cursor: nextCursor ?? NO_NEXT_PAGE,
    by_market: queries.operationCounts(filter),
  };
}

/** Why there is no `next_cursor`. */
export const NO_NEXT_PAGE = absent("UNDEFINED", "this is the last page");

/** One operation. */
export function operationDraft(
  row: OperationRow,
): { readonly [K in keyof OperationBody]: Draft<OperationBody[K]> } {
  return {
    id: row.id,
    type: row.type,
    timestamp: Math.floor(row.timeMs / 1000),
    block_height: row.height ?? absent(
      "UNDEFINED",
      row.status === "confirmed" ? "the node names no block for it" : "no block is known to hold it",
    ),
    provider: row.provider ?? absent("NOT_OFFERED", "the source does not name a provider"),
    consumer: row.consumer ?? absent("NOT_OFFERED", "the source does not name a consumer"),
    amount: row.amount,
    status: row.status,
    own: row.own,
    details: payloadDraft(row.details) as Draft<OperationBody["details"]>,
  };
}

/** A page of receipts. */
export function receiptsDraft(
  queries: Queries,
  filter: ReceiptFilter,
  page: PageRequest,
): { readonly [K in keyof Receipts]: Draft<Receipts[K]> } {
  const { items, total, nextCursor } = queries.receipts(filter, page);
  return {
    receipts: items.map(receiptDraft),
    total,
    limit: page.limit,
    offset: page.offset ?? 0,
    next_cursor: nextCursor ?? NO_NEXT_PAGE,
  };
}

function receiptDraft(
  { receipt, timeMs, own }: ReceiptRow,
): { readonly [K in keyof ReceiptBody]: Draft<ReceiptBody[K]> } {
  const market = marketOf(receipt.market);
  const payload = payloadDraft(receipt.payload);
  const part = (name: string) => payload[name] ?? [];
  return {
    id: receipt.id,
    market: receipt.market,
    source: receipt.source,
    own,
    timestamp: Math.floor(timeMs / 1000),
    block_height: receipt.height,
    receipt_index: receipt.index,
    receipt_type: market.receiptKind,
    digest_hex: receipt.digest,
    amount: receipt.amount,
    deducted: receipt.deducted,
    units: receipt.units,
    unit: market.receiptUnit,
    provider_identity: receipt.provider ?? absent("NOT_OFFERED", "the source does not name a provider"),
    consumer: receipt.consumer ?? absent("NOT_OFFERED", "the source does not name a consumer"),
    verified: receipt.verified ??
      absent("NOT_OFFERED", "the source does not say whether the work was verified"),
    subsidies: receipt.subsidies,
    disputes: receipt.disputes,
    receipt: part("receipt") as never,
    audit_queries: part("audit_queries") as never,
    invariants: part("invariants") as never,
    causality: part("causality") as never,
  };
}
