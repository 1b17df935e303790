/** The check that every order passes before anything else happens to it. */
import { type Denial, deny } from "./denial.ts";
import { agentValue, costOf, executionPrice } from "./fills.ts";
import { isPrice, MICRO, microOf, PRICE_MAX, QTY_MAX, unitsOf } from "./money.ts";
import { type OrderIntent, remainingMicro } from "./order.ts";
import { shareOf, type TradingRules } from "./rules.ts";
import {
  type AccountState,
  exposureOf,
  instrumentOf,
  positionOf,
  sellableMicro,
  suspensionOf,
} from "./state.ts";

/** Exits that may work at the same time; only a client that never cancels gets there. */
export const WORKING_EXITS_MAX = 1000;

/** What the check found: an answer, never an exception. */
export type RiskVerdict =
  | { readonly ok: true; readonly qtyMicro: number; readonly reservePrice: number }
  | { readonly ok: false; readonly denial: Denial };

/**
 * Checks an order. A sell of what is held is an exit and passes whatever the state of the account; all other limits
 * are for entries.
 *
 * @param nowMs Unix milliseconds, by the clock of the ticks
 */
export function checkOrder(
  state: AccountState,
  rules: TradingRules,
  intent: OrderIntent,
  nowMs: number,
): RiskVerdict {
  const qtyMicro = microOf(intent.qty);
  const { limit } = intent;
  if (qtyMicro === undefined) return refuse(deny("INVALID_QUANTITY", QTY_MAX, finite(intent.qty)));
  if (limit !== null && !isPrice(limit)) {
    return refuse(deny("INVALID_LIMIT", PRICE_MAX, finite(limit)));
  }
  if (rules.mode !== "paper") return refuse(deny("MODE_FORBIDS"));
  if (!rules.enabled[intent.token]) return refuse(deny("MARKET_DISABLED"));
  if (intent.side === "sell") {
    const denial = checkExit(state, intent, qtyMicro);
    return denial ? refuse(denial) : { ok: true, qtyMicro, reservePrice: 0 };
  }
  const denial = checkPermission(state, rules, intent) ?? checkMarket(state, rules, intent, nowMs) ??
    checkRate(state, rules, nowMs);
  if (denial) return refuse(denial);
  const instrument = instrumentOf(state, intent.token);
  const worst = executionPrice(instrument.price, "buy", qtyMicro, instrument.volume, rules.costs);
  const reservePrice = limit === null ? worst : Math.min(limit, worst);
  const tooMuch = checkSize(state, rules, intent, qtyMicro, reservePrice);
  return tooMuch ? refuse(tooMuch) : { ok: true, qtyMicro, reservePrice };
}

function refuse(denial: Denial): RiskVerdict {
  return { ok: false, denial };
}

function finite(value: number): number | null {
  return Number.isFinite(value) ? value : null;
}

function checkExit(state: AccountState, intent: OrderIntent, qtyMicro: number): Denial | null {
  const sellable = sellableMicro(state, intent.token, intent.agent);
  if (qtyMicro > sellable) return deny("POSITION_TOO_SMALL", unitsOf(sellable), intent.qty);
  const working = countOrders(state, "sell");
  return working >= WORKING_EXITS_MAX ? deny("TOO_MANY_ORDERS", WORKING_EXITS_MAX, working) : null;
}

/** Whether the account may enter anything at all, and this instrument. */
function checkPermission(state: AccountState, rules: TradingRules, intent: OrderIntent): Denial | null {
  if (intent.reduceOnly) return deny("REDUCE_ONLY");
  if (state.halt !== null) {
    return state.halt.code === "DRAWDOWN_HALT"
      ? deny("DRAWDOWN_HALT", rules.limits.maxDrawdownRatio, state.drawdownRatio)
      : deny("EMERGENCY_STOP");
  }
  if (state.reducing !== null) return deny("REDUCING");
  for (const lock of state.locks) {
    if (lock.token === null || lock.token === intent.token) return deny("LOCKED", lock.untilMs, state.timeMs);
  }
  return suspensionOf(state, intent.agent);
}

function checkMarket(
  state: AccountState,
  { limits }: TradingRules,
  intent: OrderIntent,
  nowMs: number,
): Denial | null {
  const instrument = instrumentOf(state, intent.token);
  if (instrument.price <= 0) return deny("NO_PRICE");
  const ageMs = nowMs - instrument.timeMs;
  if (instrument.stale || ageMs > limits.staleAfterMs) return deny("STALE_DATA", limits.staleAfterMs, ageMs);
  if (instrument.gate !== "open") return deny("GATE_CLOSED");
  const { tokenMaxDrawdownRatio } = limits;
  return tokenMaxDrawdownRatio !== null && instrument.drawdownRatio >= tokenMaxDrawdownRatio
    ? deny("TOKEN_DRAWDOWN", tokenMaxDrawdownRatio, instrument.drawdownRatio)
    : null;
}

/** Counts the attempt: whoever asks again and again for what is refused is limited too. */
function checkRate(state: AccountState, { limits }: TradingRules, nowMs: number): Denial | null {
  const { count, windowMs } = limits.orderRate;
  const times = state.entryTimes;
  let old = 0;
  while (old < times.length && times[old]! <= nowMs - windowMs) old++;
  if (old > 0) times.splice(0, old);
  if (times.length >= count) return deny("RATE_LIMIT", count, times.length + 1);
  times.push(nowMs);
  const working = countOrders(state, "buy");
  return working >= limits.workingOrdersMax
    ? deny("TOO_MANY_ORDERS", limits.workingOrdersMax, working)
    : null;
}

function countOrders(state: AccountState, side: "buy" | "sell"): number {
  let count = 0;
  for (const order of state.orders) if (order.side === side) count++;
  return count;
}

/** Limits of value and cash; what works counts as if it were filled. */
function checkSize(
  state: AccountState,
  rules: TradingRules,
  intent: OrderIntent,
  qtyMicro: number,
  reservePrice: number,
): Denial | null {
  const { limits } = rules;
  const { token, agent } = intent;
  const instrument = instrumentOf(state, token);
  const value = qtyMicro * instrument.price / MICRO;
  let inToken = instrument.value + value;
  let inAll = exposureOf(state) + value;
  let ofAgent = agentValue(state, agent) + value;
  let available = state.cash;
  for (const order of state.orders) {
    if (order.side !== "buy") continue;
    const rest = remainingMicro(order);
    const working = rest * instrumentOf(state, order.token).price / MICRO;
    inAll += working;
    if (order.token === token) inToken += working;
    if (order.agent === agent) ofAgent += working;
    available -= costOf(rest, order.reservePrice, rules);
  }
  const { maxConcurrentTrades, maxOrder, maxPosition, maxExposureRatio } = limits;
  if (maxConcurrentTrades !== null && !isEntered(state, intent)) {
    const entered = enteredCount(state) + 1;
    if (entered > maxConcurrentTrades) return deny("MAX_CONCURRENT", maxConcurrentTrades, entered);
  }
  if (maxOrder !== null && value > maxOrder) return deny("MAX_ORDER", maxOrder, value);
  if (maxPosition !== null && inToken > maxPosition) return deny("MAX_POSITION", maxPosition, inToken);
  const cost = costOf(qtyMicro, reservePrice, rules);
  if (cost > available) return deny("INSUFFICIENT_CASH", Math.max(0, available), cost);
  const exposureMax = maxExposureRatio * state.equity;
  if (inAll > exposureMax) return deny("MAX_EXPOSURE", exposureMax, inAll);
  const shareMax = shareOf(rules, agent) * state.equity;
  return agent !== null && ofAgent > shareMax ? deny("CAPITAL_SHARE", shareMax, ofAgent) : null;
}

/** Positions that are open or being opened, each counted once. */
function enteredCount(state: AccountState): number {
  const { positions, orders } = state;
  let count = positions.length;
  for (let i = 0; i < orders.length; i++) {
    const { side, token, agent } = orders[i]!;
    if (side !== "buy" || positionOf(state, token, agent) !== undefined) continue;
    const first = orders.findIndex((order) =>
      order.side === "buy" && order.token === token && order.agent === agent
    );
    if (first === i) count++;
  }
  return count;
}

/** Whether the position is open or being opened already. */
function isEntered(state: AccountState, { token, agent }: OrderIntent): boolean {
  return positionOf(state, token, agent) !== undefined ||
    state.orders.some((order) => order.side === "buy" && order.token === token && order.agent === agent);
}
