/** Positions: what a fill does to them, and the trade that ends when one is sold out. */
import type { Token } from "./instrument.ts";
import { MICRO, quantizeCost } from "./money.ts";
import type { Fill, Order } from "./order.ts";
import type { TradingRules } from "./rules.ts";
import {
  type AccountState,
  type ClosedTrade,
  instrumentOf,
  maySell,
  type Position,
  positionOf,
  type TradingSink,
} from "./state.ts";
import { executionPrice, settle } from "./fills.ts";

/**
 * Fills a part of an order: a buy into its owner's position, a sell out of its owner's, or, when the operator sells,
 * out of the operator's first and then out of the agents' as they were opened. Each position gives its own fill.
 *
 * @param micro At most what `fillableMicro` allows
 * @param mid The unmoved price
 * @param closed Is given the trades that ended
 */
export function fillOrder(
  state: AccountState,
  rules: TradingRules,
  order: Order,
  micro: number,
  mid: number,
  sink: TradingSink,
  closed: ClosedTrade[],
): void {
  const instrument = instrumentOf(state, order.token);
  instrument.takenMicro += micro;
  const exact = executionPrice(mid, order.side, instrument.takenMicro, instrument.volume, rules.costs);
  const price = order.limit === null ? exact : order.side === "buy"
    ? Math.min(exact, order.limit) // The quantity was chosen for this; only noise is cut off.
    : Math.max(exact, order.limit);
  if (order.side === "buy") {
    buy(state, rules, order, micro, price, mid, sink);
    return;
  }
  let left = micro;
  for (const position of sources(state, order)) {
    if (left <= 0) break;
    const part = Math.min(left, position.qtyMicro);
    left -= part;
    sell(state, rules, order, position, part, price, mid, sink, closed);
  }
}

function sources(state: AccountState, order: Order): readonly Position[] {
  const own = positionOf(state, order.token, order.agent);
  if (order.agent !== null) return own ? [own] : [];
  const others = state.positions.filter((position) =>
    position !== own && maySell(null, position, order.token)
  );
  return own ? [own, ...others] : others;
}

function buy(
  state: AccountState,
  rules: TradingRules,
  order: Order,
  micro: number,
  price: number,
  mid: number,
  sink: TradingSink,
): void {
  const { gross, fee } = settle("buy", micro, price, rules);
  const instrument = instrumentOf(state, order.token);
  let position = positionOf(state, order.token, order.agent);
  if (!position) {
    position = emptyPosition(order.token, order.agent, state.timeMs, state.height, mid);
    state.positions.push(position);
  }
  position.qtyMicro += micro;
  position.cost += gross;
  position.realized -= fee;
  position.fees += fee;
  position.boughtMicro += micro;
  position.boughtGross += gross;
  state.cash -= gross + fee;
  book(state, instrument.token, gross, fee, -fee);
  report(state, order, order.agent, micro, price, mid, gross, fee, -fee, sink);
}

function sell(
  state: AccountState,
  rules: TradingRules,
  order: Order,
  position: Position,
  micro: number,
  price: number,
  mid: number,
  sink: TradingSink,
  closed: ClosedTrade[],
): void {
  const { gross, fee } = settle("sell", micro, price, rules);
  const last = micro === position.qtyMicro;
  // Rounding the released cost up lowers the profit now and never invents money: the rest keeps what is left.
  const released = last
    ? position.cost
    : Math.min(position.cost, quantizeCost(position.cost * (micro / position.qtyMicro), rules.quantum));
  const realized = gross - released - fee;
  position.qtyMicro -= micro;
  position.cost -= released;
  position.realized += realized;
  position.fees += fee;
  position.soldMicro += micro;
  position.soldGross += gross;
  state.cash += gross - fee;
  book(state, order.token, gross, fee, realized);
  const fill = report(state, order, position.agent, micro, price, mid, gross, fee, realized, sink);
  if (!last) return;
  state.positions.splice(state.positions.indexOf(position), 1);
  state.closedTrades++;
  const trade = closedTrade(position, fill);
  closed.push(trade);
  sink.onTrade(trade);
}

function book(state: AccountState, token: Token, gross: number, fee: number, realized: number): void {
  const instrument = instrumentOf(state, token);
  instrument.realized += realized;
  instrument.fees += fee;
  state.realized += realized;
  state.fees += fee;
  state.turnover += gross;
}

function report(
  state: AccountState,
  order: Order,
  agent: string | null,
  qtyMicro: number,
  price: number,
  mid: number,
  gross: number,
  fee: number,
  realized: number,
  sink: TradingSink,
): Fill {
  order.fills++;
  order.filledMicro += qtyMicro;
  order.gross += gross;
  order.fee += fee;
  const slippage = Math.abs(price - mid);
  order.slippageCost += slippage * qtyMicro / MICRO;
  const fill: Fill = {
    id: `${order.id}-${order.fills}`,
    orderId: order.id,
    token: order.token,
    side: order.side,
    agent,
    qtyMicro,
    price,
    slippage,
    gross,
    fee,
    realized,
    cause: order.cause,
    height: state.height,
    timeMs: state.timeMs,
  };
  sink.onFill(fill);
  return fill;
}

function emptyPosition(
  token: Token,
  agent: string | null,
  openedMs: number,
  openedHeight: number,
  price: number,
): Position {
  return {
    token,
    agent,
    openedMs,
    openedHeight,
    qtyMicro: 0,
    cost: 0,
    realized: 0,
    fees: 0,
    boughtMicro: 0,
    boughtGross: 0,
    soldMicro: 0,
    soldGross: 0,
    lowPrice: price,
    highPrice: price,
  };
}

function closedTrade(position: Position, fill: Fill): ClosedTrade {
  const entryPrice = position.boughtGross / position.boughtMicro * MICRO;
  const paid = position.boughtGross + position.fees;
  return {
    id: fill.id,
    token: position.token,
    agent: position.agent,
    openedMs: position.openedMs,
    closedMs: fill.timeMs,
    openedHeight: position.openedHeight,
    closedHeight: fill.height,
    qtyMicro: position.boughtMicro,
    entryPrice,
    exitPrice: position.soldGross / position.soldMicro * MICRO,
    profit: position.realized,
    profitRatio: position.realized / paid,
    fees: position.fees,
    adverseRatio: Math.min(0, position.lowPrice / entryPrice - 1),
    favourableRatio: Math.max(0, position.highPrice / entryPrice - 1),
    cause: fill.cause,
  };
}
