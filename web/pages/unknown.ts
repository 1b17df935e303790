import { NONE } from "../format.ts";
import { reasonOf } from "../store.ts";
import type { Meta } from "../../src/server/wire.ts";

/** A dash and why there is no value, wherever in its body the row stands. */
export function unknown(meta: Meta, field: string): string {
  const lists = ["", "operations[].", "receipts[].", "alerts[].", "providers[].", "orders[]."];
  for (const list of lists) {
    const reason = reasonOf(meta, `${list}${field}`);
    if (reason) return `${NONE} ${reason.because} (${reason.code})`;
  }
  return NONE;
}
