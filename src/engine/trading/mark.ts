/** Marks positions at the last prices: value, equity, drawdown, of each instrument and of the account. */
import { TOKENS } from "./instrument.ts";
import { MICRO, quantize } from "./money.ts";
import type { TradingRules } from "./rules.ts";
import type { AccountState } from "./state.ts";

/** Marks positions at the last prices. */
export function markPositions(state: AccountState, rules: TradingRules): void {
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
