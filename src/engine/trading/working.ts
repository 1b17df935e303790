/** Working orders: how they begin, what a tick does to them, how they end. Only the account's own files call these. */
import { fillOrder } from "./book.ts";
import { fillableMicro, isFillable } from "./fills.ts";
import { markPositions } from "./mark.ts";
import { MICRO, unitsOf } from "./money.ts";
import {
  moveOrder,
  type Order,
  type OrderCause,
  type OrderIntent,
  type OrderStatus,
  remainingMicro,
} from "./order.ts";
import { judgeTrades } from "./protection.ts";
import type { TradingRules } from "./rules.ts";
import {
  type AccountState,
  type ClosedTrade,
  instrumentOf,
  maySell,
  type Position,
  sellableMicro,
  type TradingSink,
  tradingState,
} from "./state.ts";

const DAY_MS = 86_400_000;

/** An order as it arrives. */
export function receiveOrder(
  state: AccountState,
  intent: OrderIntent,
  id: string,
  nowMs: number,
  qtyMicro: number,
  reservePrice: number,
  cause: OrderCause,
): Order {
  return {
    id,
    clientOrderId: intent.clientOrderId,
    agent: intent.agent,
    token: intent.token,
    side: intent.side,
    qtyMicro,
    limit: intent.limit,
    timeInForce: intent.timeInForce,
    reduceOnly: intent.reduceOnly,
    cause,
    placedMs: nowMs,
    placedHeight: state.height,
    reservePrice,
    status: "received",
    updatedMs: nowMs,
    filledMicro: 0,
    fills: 0,
    gross: 0,
    fee: 0,
    slippageCost: 0,
    denial: null,
    detail: null,
  };
}

/** Lets an accepted order work; in a `same_bar` account it is filled at once. */
export function startOrder(
  state: AccountState,
  rules: TradingRules,
  order: Order,
  nowMs: number,
  sink: TradingSink,
): Order {
  moveOrder(order, "accepted", nowMs);
  moveOrder(order, "working", nowMs);
  state.orders.push(order);
  sink.onOrder(order);
  if (rules.fill === "same_bar") {
    workOrder(state, rules, order, instrumentOf(state, order.token).price, sink);
    markPositions(state, rules);
  }
  return order;
}

/** Ends a working order. */
export function endOrder(
  state: AccountState,
  order: Order,
  to: OrderStatus,
  why: string,
  nowMs: number,
  sink: TradingSink,
): void {
  state.orders.splice(state.orders.indexOf(order), 1);
  moveOrder(order, to, nowMs);
  order.detail = why;
  sink.onOrder(order);
}

/** Fills what works at this tick, oldest first. */
export function workOrders(state: AccountState, rules: TradingRules, sink: TradingSink): void {
  for (const order of [...state.orders]) {
    if (state.height <= order.placedHeight) continue;
    if (order.status !== "working" && order.status !== "partially_filled") continue; // Cancelled by an earlier fill.
    if (isOver(order, rules, state.timeMs)) {
      endOrder(state, order, "expired", "its time in force is over", state.timeMs, sink);
    } else workOrder(state, rules, order, instrumentOf(state, order.token).fillPrice, sink);
  }
}

function isOver(order: Order, rules: TradingRules, nowMs: number): boolean {
  if (order.timeInForce === "day") return Math.floor(nowMs / DAY_MS) > Math.floor(order.placedMs / DAY_MS);
  return order.timeInForce === "gtc" && nowMs - order.placedMs >= rules.orderMaxAgeMs;
}

function workOrder(
  state: AccountState,
  rules: TradingRules,
  order: Order,
  mid: number,
  sink: TradingSink,
): void {
  const instrument = instrumentOf(state, order.token);
  const nowMs = state.timeMs;
  const atOnce = order.timeInForce === "ioc" || order.timeInForce === "fok";
  if (order.side === "sell" && !state.positions.some((held) => maySell(order.agent, held, order.token))) {
    return endOrder(state, order, "cancelled", "nothing is left to sell", nowMs, sink);
  }
  let micro = isFillable(order.side, instrument, nowMs, rules.limits.staleAfterMs)
    ? fillableMicro(state, rules, order, mid)
    : 0;
  if (order.timeInForce === "fok" && micro < remainingMicro(order)) micro = 0;
  if (micro > 0) {
    const closed: ClosedTrade[] = [];
    fillOrder(state, rules, order, micro, mid, sink, closed);
    instrument.value = heldValue(state, order, mid); // Later orders of this tick see what is left of the limits.
    const rest = remainingMicro(order);
    if (rest === 0) state.orders.splice(state.orders.indexOf(order), 1);
    moveOrder(order, rest === 0 ? "filled" : "partially_filled", nowMs);
    sink.onOrder(order);
    if (closed.length > 0) closeTrades(state, rules, closed, sink);
  }
  if (atOnce && remainingMicro(order) > 0) {
    endOrder(
      state,
      order,
      "expired",
      `what an ${order.timeInForce} order does not get at once expires`,
      nowMs,
      sink,
    );
  }
}

function heldValue(state: AccountState, order: Order, mid: number): number {
  let micro = 0;
  for (const position of state.positions) if (position.token === order.token) micro += position.qtyMicro;
  return micro * mid / MICRO;
}

function closeTrades(
  state: AccountState,
  rules: TradingRules,
  closed: readonly ClosedTrade[],
  sink: TradingSink,
): void {
  judgeTrades(state, rules, closed, sink);
  if (state.locks.length > 0) cancelEntries(state, "an instrument or the account is locked", sink);
}

/** Cancels the entries that would not be accepted now. */
export function cancelEntries(state: AccountState, why: string, sink: TradingSink): void {
  const all = tradingState(state) !== "ACTIVE";
  for (const order of [...state.orders]) {
    if (order.side !== "buy") continue;
    if (all || state.locks.some(({ token }) => token === order.token)) {
      endOrder(state, order, "cancelled", why, state.timeMs, sink);
    }
  }
}

/** Sells a position by a market order; null when all of it is being sold already. */
export function exitPosition(
  state: AccountState,
  rules: TradingRules,
  position: Position,
  cause: OrderCause,
  nowMs: number,
  sink: TradingSink,
): Order | null {
  const { token, agent } = position;
  for (const order of [...state.orders]) {
    if (order.token !== token || order.agent !== agent) continue;
    const name = cause.replace("_", "-");
    if (order.side === "buy") {
      // What its owner still buys would only have to be sold again.
      endOrder(state, order, "cancelled", `${name} closes the position`, nowMs, sink);
    } else if (order.cause === "intent") {
      // An exit of its owner that waits for a better price would hold this one back.
      endOrder(state, order, "cancelled", `${name} takes its place`, nowMs, sink);
    }
  }
  const micro = Math.min(position.qtyMicro, sellableMicro(state, token, agent));
  if (micro === 0) return null;
  const intent: OrderIntent = {
    token,
    side: "sell",
    qty: unitsOf(micro),
    limit: null,
    timeInForce: "gtc",
    reduceOnly: true,
    clientOrderId: null,
    agent,
  };
  const id = `${state.id}-${cause.replace("_", "-")}-${++state.ownOrders}`;
  return startOrder(state, rules, receiveOrder(state, intent, id, nowMs, micro, 0, cause), nowMs, sink);
}
