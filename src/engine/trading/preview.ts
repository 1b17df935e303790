/** What an order would come to, before it is placed: a pure question that leaves the account as it is. */
import type { Denial } from "./denial.ts";
import { executionPrice, settle } from "./fills.ts";
import { MICRO, microOf, QTY_MAX, unitsOf } from "./money.ts";
import type { OrderIntent } from "./order.ts";
import { checkOrder } from "./risk.ts";
import type { TradingRules } from "./rules.ts";
import type { AccountState } from "./state.ts";

/** An order at the prices and volumes of the last tick. */
export interface OrderPreview {
  /** What the risk check would say; null when it would pass. */
  readonly denial: Denial | null;
  /** Last price, base units per unit; 0 before the first. */
  readonly quote: number;
  /** Price of a fill of all of it, costs included; 0 without a quote or a quantity. */
  readonly price: number;
  /** Whether the limit lets it be filled at that price. */
  readonly marketable: boolean;
  /** Money that changes hands, and the fee on top, base units. */
  readonly gross: number;
  readonly fee: number;
  /** Most that the check would let pass now, micro units, and what refuses more; null when nothing of it does. */
  readonly largestMicro: number;
  readonly beyond: Denial | null;
  /** Most that one tick of this volume fills, micro units; null when the volume is not known. */
  readonly tickMicro: number | null;
}

/**
 * Looks ahead at an order.
 *
 * @param nowMs Unix milliseconds, by the clock of the ticks
 */
export function previewOrder(
  account: AccountState,
  rules: TradingRules,
  intent: OrderIntent,
  nowMs: number,
): OrderPreview {
  const check = (qty: number): Denial | null => {
    // The check counts entries for the order rate; a question does not count.
    const copy = { ...account, entryTimes: [...account.entryTimes] };
    const verdict = checkOrder(copy, rules, { ...intent, qty }, nowMs);
    return verdict.ok ? null : verdict.denial;
  };
  const { price: quote, volume } = account.instruments[intent.token];
  const { side, limit } = intent;
  const qtyMicro = microOf(intent.qty) ?? 0;
  const known = quote > 0 && qtyMicro > 0;
  const market = known ? executionPrice(quote, side, qtyMicro, volume, rules.costs) : 0;
  const within = limit === null || (side === "buy" ? market <= limit : market >= limit);
  const price = within ? market : limit!;
  const { gross, fee } = known ? settle(side, qtyMicro, price, rules) : { gross: 0, fee: 0 };
  const largestMicro = largestAllowed(check);
  return {
    denial: check(intent.qty),
    quote,
    price,
    marketable: known && within,
    gross,
    fee,
    largestMicro,
    beyond: largestMicro >= QTY_MAX * MICRO ? null : check(unitsOf(largestMicro + 1)),
    tickMicro: volume < 0 ? null : Math.floor(volume * rules.costs.participationMaxRatio * MICRO),
  };
}

/** The largest quantity that passes: every limit that looks at the quantity refuses all that is above it. */
function largestAllowed(check: (qty: number) => Denial | null): number {
  let passes = 0;
  let refused = QTY_MAX * MICRO + 1;
  while (refused - passes > 1) {
    const middle = Math.floor((passes + refused) / 2);
    if (check(unitsOf(middle)) === null) passes = middle;
    else refused = middle;
  }
  return passes;
}
