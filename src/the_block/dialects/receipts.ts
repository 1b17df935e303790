/** Questions about what settled. */
import type { Receipt } from "../../engine/receipt.ts";
import {
  decodeEnergyReceipts,
  decodeReceiptAudit,
  decodeSettlementAudit,
  decodeSlaHistory,
  type ReceiptPage,
  type SettlementPage,
} from "../decode/receipts.ts";
import type { Question } from "../question.ts";

/** Receipts asked for at once; the most that a node gives. */
export const RECEIPTS_PAGE = 512;

/** Receipts of all markets, or of one, from a height on. */
export const receipts: Question<
  { readonly start: number; readonly end?: number; readonly market?: string },
  ReceiptPage
> = {
  id: "receipts",
  meaning: "What settled, in every market?",
  spellings: [{
    dialect: "readme",
    methods: ["receipt.audit"],
    ask: async (ask, { start, end, market }) =>
      decodeReceiptAudit(
        await ask("receipt.audit", {
          start_height: start,
          limit: RECEIPTS_PAGE,
          ...(end === undefined ? {} : { end_height: end }),
          ...(market === undefined ? {} : { market }),
        }),
      ),
  }],
};

/** Energy receipts, by page, newest first. */
export const energyReceipts: Question<
  { readonly page: number; readonly pageSize: number },
  { readonly total: number; readonly receipts: readonly Receipt[] }
> = {
  id: "energyReceipts",
  meaning: "What settled in the energy market?",
  spellings: [{
    dialect: "live",
    methods: ["energy.receipts"],
    ask: async (ask, { page, pageSize }) =>
      decodeEnergyReceipts(await ask("energy.receipts", { page, page_size: pageSize })),
  }],
};

/** How compute jobs ended. */
export const slaHistory: Question<{ readonly tip: number; readonly limit: number }, readonly Receipt[]> = {
  id: "slaHistory",
  meaning: "How did compute jobs end?",
  spellings: [{
    dialect: "live",
    methods: ["compute_market.sla_history"],
    ask: async (ask, { tip, limit }) =>
      decodeSlaHistory(await ask("compute_market.sla_history", { limit }), tip),
  }],
};

/** Credits and debits of the compute settlement. */
export const settlementAudit: Question<{ readonly tip: number }, SettlementPage> = {
  id: "settlementAudit",
  meaning: "What was credited and debited for compute work?",
  spellings: [{
    dialect: "live",
    methods: ["settlement.audit"],
    ask: async (ask, { tip }) => decodeSettlementAudit(await ask("settlement.audit"), tip),
  }],
};
