/**
 * A trading account: one state machine for paper trading and backtests. It is told of ticks and orders and tells a sink
 * what happened; the same calls in the same order give the same state.
 *
 * A tick is worked off in this order: quotes are taken, locks and orders whose time is over end, working orders are
 * filled oldest first, positions are marked, then limits and protections are judged.
 */
import { fillOrder } from "./book.ts";
import type { Denial } from "./denial.ts";
import { fillableMicro, isFillable } from "./fills.ts";
import { TOKENS } from "./instrument.ts";
import { MICRO, microOf, PRICE_MAX, quantize, unitsOf } from "./money.ts";
import {
  moveOrder,
  type Order,
  type OrderCause,
  type OrderIntent,
  type OrderStatus,
  remainingMicro,
} from "./order.ts";
import { expireLocks, judgeEquity, judgeTrades } from "./protection.ts";
import { checkOrder } from "./risk.ts";
import type { TradingRules } from "./rules.ts";
import {
  type AccountState,
  type ClosedTrade,
  type Halt,
  type InstrumentState,
  maySell,
  NO_SINK,
  type Position,
  sellableMicro,
  type TradingSink,
  tradingState,
} from "./state.ts";
import type { Quote, Tick } from "./tick.ts";

export { deleteLock } from "./protection.ts";
export { type AccountState, NO_SINK, openAccount, type TradingSink, tradingState } from "./state.ts";

const DAY_MS = 86_400_000;

/**
 * Takes an order in. The risk check comes first; what it refuses is `denied` with the reason, and has no effect but
 * that it counts for the order rate.
 *
 * @param id Unique and the same in a replay
 * @param nowMs Unix milliseconds, by the clock of the ticks
 * @returns The order as it stands: `denied` or `working`, in a `same_bar` account also filled or expired
 */
export function submitOrder(
  state: AccountState,
  rules: TradingRules,
  intent: OrderIntent,
  id: string,
  nowMs: number,
  sink: TradingSink = NO_SINK,
): Order {
  const verdict = checkOrder(state, rules, intent, nowMs);
  if (!verdict.ok) {
    const order = received(state, intent, id, nowMs, microOf(intent.qty) ?? 0, 0, "intent");
    refuse(order, verdict.denial, nowMs);
    sink.onOrder(order);
    return order;
  }
  const order = received(state, intent, id, nowMs, verdict.qtyMicro, verdict.reservePrice, "intent");
  return start(state, rules, order, nowMs, sink);
}

function received(
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

function refuse(order: Order, denial: Denial, nowMs: number): void {
  moveOrder(order, "denied", nowMs);
  order.denial = denial;
}

function start(
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
    workOrder(state, rules, order, state.instruments[order.token].price, sink);
    mark(state, rules);
  }
  return order;
}

/**
 * Takes an order back. Cancels pass in every state.
 *
 * @returns The order, or null when no such order works
 */
export function cancelOrder(
  state: AccountState,
  id: string,
  nowMs: number,
  sink: TradingSink = NO_SINK,
  why = "cancelled by its owner",
): Order | null {
  const order = state.orders.find((working) => working.id === id);
  if (!order) return null;
  end(state, order, "cancelled", why, nowMs, sink);
  return order;
}

function end(
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

/** Works off one tick. */
export function advance(
  state: AccountState,
  rules: TradingRules,
  tick: Tick,
  sink: TradingSink = NO_SINK,
): void {
  takeQuotes(state, tick);
  if (state.locks.length > 0) expireLocks(state, state.timeMs, sink);
  if (state.orders.length > 0) workOrders(state, rules, sink);
  mark(state, rules);
  judge(state, rules, sink);
}

function takeQuotes(state: AccountState, tick: Tick): void {
  state.height = tick.height;
  state.timeMs = tick.timeMs;
  state.ticks++;
  for (let i = 0; i < TOKENS.length; i++) {
    const token = TOKENS[i]!;
    const quote = tick.quotes[token];
    const instrument = state.instruments[token];
    if (quote === undefined) instrument.stale = true;
    else takeQuote(instrument, quote, tick.timeMs);
  }
}

function takeQuote(instrument: InstrumentState, quote: Quote, timeMs: number): void {
  const { price, open, volume } = quote;
  instrument.gate = quote.gate;
  if (!(price > 0 && price <= PRICE_MAX)) {
    instrument.stale = true; // Not a price; the last one stays.
    return;
  }
  instrument.price = price;
  instrument.fillPrice = open !== null && open > 0 && open <= PRICE_MAX ? open : price;
  instrument.volume = volume !== null && volume >= 0 && volume <= Number.MAX_SAFE_INTEGER ? volume : -1;
  instrument.takenMicro = 0;
  instrument.stale = quote.stale;
  if (!quote.stale) instrument.timeMs = timeMs;
}

function workOrders(state: AccountState, rules: TradingRules, sink: TradingSink): void {
  for (const order of [...state.orders]) {
    if (state.height <= order.placedHeight) continue;
    if (order.status !== "working" && order.status !== "partially_filled") continue; // Cancelled by an earlier fill.
    if (isOver(order, rules, state.timeMs)) {
      end(state, order, "expired", "its time in force is over", state.timeMs, sink);
    } else workOrder(state, rules, order, state.instruments[order.token].fillPrice, sink);
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
  const instrument = state.instruments[order.token];
  const nowMs = state.timeMs;
  const atOnce = order.timeInForce === "ioc" || order.timeInForce === "fok";
  if (order.side === "sell" && !state.positions.some((held) => maySell(order.agent, held, order.token))) {
    return end(state, order, "cancelled", "nothing is left to sell", nowMs, sink);
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
    end(
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

/** Marks positions at the last prices. */
function mark(state: AccountState, rules: TradingRules): void {
  const { instruments, positions } = state;
  const { quantum } = rules;
  for (let i = 0; i < TOKENS.length; i++) {
    const instrument = instruments[TOKENS[i]!];
    instrument.value = 0;
    instrument.cost = 0;
  }
  let equity = state.cash;
  for (let i = 0; i < positions.length; i++) {
    const position = positions[i]!;
    const instrument = instruments[position.token];
    const { price } = instrument;
    if (price < position.lowPrice) position.lowPrice = price;
    if (price > position.highPrice) position.highPrice = price;
    const value = quantize(position.qtyMicro * price / MICRO, quantum);
    instrument.value += value;
    instrument.cost += position.cost;
    equity += value;
  }
  state.equity = equity;
  for (let i = 0; i < TOKENS.length; i++) {
    const instrument = instruments[TOKENS[i]!];
    const profit = instrument.realized + instrument.value - instrument.cost;
    if (profit > instrument.peakProfit) instrument.peakProfit = profit;
    const drawdown = (instrument.peakProfit - profit) / state.capital;
    instrument.drawdownRatio = drawdown;
    if (drawdown > instrument.maxDrawdownRatio) instrument.maxDrawdownRatio = drawdown;
  }
  if (equity > state.peakEquity) state.peakEquity = equity;
  const drawdown = (state.peakEquity - equity) / state.peakEquity;
  state.drawdownRatio = drawdown;
  if (drawdown > state.maxDrawdownRatio) state.maxDrawdownRatio = drawdown;
}

function judge(state: AccountState, rules: TradingRules, sink: TradingSink): void {
  const { limits, exits } = rules;
  if (
    limits.maxDrawdownRatio !== null && state.drawdownRatio >= limits.maxDrawdownRatio &&
    state.drawdownRatio > 0 && state.halt === null
  ) {
    const reason = `equity is ${(state.drawdownRatio * 100).toFixed(2)} % below its peak`;
    stop(state, { code: "DRAWDOWN_HALT", reason, atMs: state.timeMs }, sink);
  }
  if (rules.protections.length > 0) {
    judgeEquity(state, rules, sink);
    if (state.locks.length > 0) cancelEntries(state, "an instrument or the account is locked", sink);
  }
  if ((exits.stopLossRatio !== null || exits.takeProfitRatio !== null) && state.positions.length > 0) {
    closeByPrice(state, rules, sink);
  }
}

/** Sells what has lost or won enough, by a market order like any other: it pays its costs at the next tick. */
function closeByPrice(state: AccountState, rules: TradingRules, sink: TradingSink): void {
  const { stopLossRatio, takeProfitRatio } = rules.exits;
  for (const position of [...state.positions]) {
    const { price } = state.instruments[position.token];
    const change = price * position.qtyMicro / MICRO / position.cost - 1;
    if (stopLossRatio !== null && change <= -stopLossRatio) {
      exit(state, rules, position, "stop_loss", state.timeMs, sink);
    } else if (takeProfitRatio !== null && change >= takeProfitRatio) {
      exit(state, rules, position, "take_profit", state.timeMs, sink);
    }
  }
}

function exit(
  state: AccountState,
  rules: TradingRules,
  position: Position,
  cause: OrderCause,
  nowMs: number,
  sink: TradingSink,
): Order | null {
  const { token, agent } = position;
  for (const order of [...state.orders]) {
    // An exit of its owner that waits for a better price would hold this one back.
    if (order.side === "sell" && order.token === token && order.agent === agent && order.cause === "intent") {
      end(state, order, "cancelled", `${cause.replace("_", "-")} takes its place`, nowMs, sink);
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
  return start(state, rules, received(state, intent, id, nowMs, micro, 0, cause), nowMs, sink);
}

/** Halts trading: entries that work are cancelled, positions and exits stay. */
export function emergencyStop(
  state: AccountState,
  reason: string,
  nowMs: number,
  sink: TradingSink = NO_SINK,
): void {
  stop(state, { code: "EMERGENCY_STOP", reason, atMs: nowMs }, sink);
}

function stop(state: AccountState, halt: Halt, sink: TradingSink): void {
  state.halt = halt;
  sink.onRisk({ kind: "halted", atMs: halt.atMs, detail: halt.reason, lock: null, halt, agent: null });
  cancelEntries(state, "trading is halted", sink);
}

/** Allows reductions only, until {@link resume}. */
export function reduceOnly(
  state: AccountState,
  reason: string,
  nowMs: number,
  sink: TradingSink = NO_SINK,
): void {
  state.reducing = reason;
  sink.onRisk({ kind: "reducing", atMs: nowMs, detail: reason, lock: null, halt: null, agent: null });
  cancelEntries(state, "positions may only be reduced", sink);
}

/**
 * Ends a halt or a reduction. Locks stay: they end by themselves or one by one. After a drawdown halt the peak begins
 * anew at the present equity, or trading would halt again at once; `maxDrawdownRatio` keeps what was.
 */
export function resume(state: AccountState, nowMs: number, sink: TradingSink = NO_SINK): void {
  if (state.halt === null && state.reducing === null) return;
  if (state.halt?.code === "DRAWDOWN_HALT") {
    state.peakEquity = state.equity;
    state.drawdownRatio = 0;
  }
  const halt = state.halt;
  state.halt = null;
  state.reducing = null;
  sink.onRisk({ kind: "resumed", atMs: nowMs, detail: "by the operator", lock: null, halt, agent: null });
}

/** Sells every position by market orders, which take the place of exits that wait for a better price. */
export function flatten(
  state: AccountState,
  rules: TradingRules,
  nowMs: number,
  sink: TradingSink = NO_SINK,
): readonly Order[] {
  return [...state.positions].flatMap((position) =>
    exit(state, rules, position, "flatten", nowMs, sink) ?? []
  );
}

/** The kill switch of one agent: its entries are cancelled and refused, its positions and exits stay. */
export function suspendAgent(
  state: AccountState,
  agent: string,
  reason: string,
  nowMs: number,
  sink: TradingSink = NO_SINK,
): void {
  if (state.suspended.some((entry) => entry.agent === agent)) return;
  state.suspended.push({ agent, reason, atMs: nowMs });
  sink.onRisk({ kind: "agent_suspended", atMs: nowMs, detail: reason, lock: null, halt: null, agent });
  for (const order of [...state.orders]) {
    if (order.agent === agent && order.side === "buy") {
      end(state, order, "cancelled", "its agent is suspended", nowMs, sink);
    }
  }
}

/**
 * Lets an agent trade again.
 *
 * @returns False when it was not suspended
 */
export function resumeAgent(
  state: AccountState,
  agent: string,
  nowMs: number,
  sink: TradingSink = NO_SINK,
): boolean {
  const index = state.suspended.findIndex((entry) => entry.agent === agent);
  if (index < 0) return false;
  state.suspended.splice(index, 1);
  sink.onRisk({
    kind: "agent_resumed",
    atMs: nowMs,
    detail: "by the operator",
    lock: null,
    halt: null,
    agent,
  });
  return true;
}

/** Cancels the entries that would not be accepted now. */
function cancelEntries(state: AccountState, why: string, sink: TradingSink): void {
  const all = tradingState(state) !== "ACTIVE";
  for (const order of [...state.orders]) {
    if (order.side !== "buy") continue;
    if (all || state.locks.some(({ token }) => token === order.token)) {
      end(state, order, "cancelled", why, state.timeMs, sink);
    }
  }
}
