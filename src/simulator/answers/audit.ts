import { isMarketId } from "../../engine/market.ts";
import type { ChainView } from "../chain_view.ts";
import { providerId } from "../identity.ts";
import { receiptItem } from "../receipt_item.ts";
import { integerOf, RpcError, textOf } from "./common.ts";

const LIMIT_DEFAULT = 128;
const LIMIT_MAX = 512;
/** Blocks that one answer looks at; a filter that matches little ends here and says where to go on. */
const SCAN_BLOCKS_MAX = 5_000;

/**
 * `receipt.audit`: the visible receipts from `start_height` on, ordered by (height, index).
 *
 * `truncated` says that blocks up to `end_height` are left; `next_start_height` is where to go on. When the limit
 * cuts a block, that is the same block again (its first receipts then come twice); a limit below the number of
 * receipts of one block can therefore not get past it. Without truncation it is the height after the last one
 * scanned.
 */
export function receiptAudit(params: unknown, view: ChainView): Record<string, unknown> {
  const start = integerOf(params, "start_height", 0);
  const end = Math.min(view.tip, integerOf(params, "end_height", view.tip));
  const limit = Math.min(LIMIT_MAX, Math.max(1, integerOf(params, "limit", LIMIT_DEFAULT)));
  const market = textOf(params, "market");
  if (market !== undefined && !isMarketId(market)) throw new RpcError(-32602, `unknown market '${market}'`);
  const provider = textOf(params, "provider_id");
  const last = Math.min(end, start + SCAN_BLOCKS_MAX - 1);
  const receipts: unknown[] = [];
  let next = start;
  scan: for (; next <= last; next++) {
    for (const receipt of view.receipts(next)) {
      if (market !== undefined && receipt.market !== market) continue;
      if (provider !== undefined && providerId(receipt.market, receipt.provider) !== provider) continue;
      if (receipts.length === limit) break scan;
      receipts.push(receiptItem(view.chain, next, view.variantOf(next), receipt));
    }
  }
  return {
    schema_version: 1,
    receipts,
    scanned_range: { start, end: Math.max(start, Math.min(next, last)) },
    truncated: next <= end,
    next_start_height: next,
  };
}
