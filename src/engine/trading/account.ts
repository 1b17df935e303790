/**
 * A trading account: one state machine for paper trading and backtests. It is told of ticks and orders and tells a sink
 * what happened; the same calls in the same order give the same state.
 *
 * A tick is worked off in this order: quotes are taken, locks and orders whose time is over end, working orders are
 * filled oldest first, positions are marked, then limits and protections are judged.
 */
import { haltTrading } from "./controls.ts";
import { markPositions } from "./mark.ts";
import { isPrice, MICRO, microOf } from "./money.ts";
import { moveOrder, type Order, type OrderIntent } from "./order.ts";
import { expireLocks, judgeEquity } from "./protection.ts";
import { checkOrder } from "./risk.ts";
import type { TradingRules } from "./rules.ts";
import { type AccountState, instrumentOf, type InstrumentState, NO_SINK, type TradingSink } from "./state.ts";
import type { Quote, Tick } from "./tick.ts";
import { cancelEntries, endOrder, exitPosition, receiveOrder, startOrder, workOrders } from "./working.ts";

export {
  cancelEntriesOf,
  emergencyStop,
  flatten,
  reduceOnly,
  resume,
  resumeAgent,
  suspendAgent,
} from "./controls.ts";
export { deleteLock } from "./protection.ts";
export { type AccountState, NO_SINK, openAccount, type TradingSink, tradingState } from "./state.ts";

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
    const order = receiveOrder(state, intent, id, nowMs, microOf(intent.qty) ?? 0, 0, "intent");
    moveOrder(order, "denied", nowMs);
    order.denial = verdict.denial;
    sink.onOrder(order);
    return order;
  }
  if (intent.side === "sell" && intent.agent !== null) cancelOwnEntries(state, intent, nowMs, sink);
  const order = receiveOrder(state, intent, id, nowMs, verdict.qtyMicro, verdict.reservePrice, "intent");
  return startOrder(state, rules, order, nowMs, sink);
}

/** An agent that sells has changed its mind about what it was still buying. */
function cancelOwnEntries(
  state: AccountState,
  { token, agent }: OrderIntent,
  nowMs: number,
  sink: TradingSink,
): void {
  for (const order of [...state.orders]) {
    if (order.side === "buy" && order.token === token && order.agent === agent) {
      endOrder(state, order, "cancelled", "its agent sells", nowMs, sink);
    }
  }
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
  endOrder(state, order, "cancelled", why, nowMs, sink);
  return order;
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
  // Without positions and orders nothing of what is marked can have changed.
  const idle = state.positions.length === 0 && state.orders.length === 0;
  if (state.orders.length > 0) workOrders(state, rules, sink);
  if (!idle) markPositions(state, rules);
  if (state.positions.length > 0) state.exposedTicks++;
  judge(state, rules, sink);
}

function takeQuotes(state: AccountState, tick: Tick): void {
  state.height = tick.height;
  state.timeMs = tick.timeMs;
  state.ticks++;
  const { instruments } = state;
  const { quotes, timeMs } = tick;
  takeQuote(instruments.COMPUTE, quotes.COMPUTE, timeMs);
  takeQuote(instruments.STORAGE, quotes.STORAGE, timeMs);
  takeQuote(instruments.ENERGY, quotes.ENERGY, timeMs);
  takeQuote(instruments.AD, quotes.AD, timeMs);
}

function takeQuote(instrument: InstrumentState, quote: Quote | undefined, timeMs: number): void {
  if (quote === undefined) {
    instrument.stale = true;
    return;
  }
  const { price, open, volume } = quote;
  instrument.gate = quote.gate;
  if (!isPrice(price)) {
    instrument.stale = true; // Not a price; the last one stays.
    return;
  }
  instrument.price = price;
  instrument.fillPrice = open !== null && isPrice(open) ? open : price;
  instrument.volume = volume !== null && volume >= 0 && volume <= Number.MAX_SAFE_INTEGER ? volume : -1;
  instrument.takenMicro = 0;
  instrument.stale = quote.stale;
  if (!quote.stale) instrument.timeMs = timeMs;
}

function judge(state: AccountState, rules: TradingRules, sink: TradingSink): void {
  const { limits, exits } = rules;
  if (
    limits.maxDrawdownRatio !== null && state.drawdownRatio >= limits.maxDrawdownRatio &&
    state.drawdownRatio > 0 && state.halt === null
  ) {
    const reason = `equity is ${(state.drawdownRatio * 100).toFixed(2)} % below its peak`;
    haltTrading(state, { code: "DRAWDOWN_HALT", reason, atMs: state.timeMs }, sink);
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
    const { price } = instrumentOf(state, position.token);
    const change = price * position.qtyMicro / MICRO / position.cost - 1;
    if (stopLossRatio !== null && change <= -stopLossRatio) {
      exitPosition(state, rules, position, "stop_loss", state.timeMs, sink);
    } else if (takeProfitRatio !== null && change >= takeProfitRatio) {
      exitPosition(state, rules, position, "take_profit", state.timeMs, sink);
    }
  }
}
