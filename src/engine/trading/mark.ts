/** Marks positions at the last prices: value, equity, drawdown, of each instrument and of the account. */
import { MICRO, quantize } from "./money.ts";
import type { TradingRules } from "./rules.ts";
import { type AccountState, instrumentOf, type InstrumentState } from "./state.ts";

/** Marks positions at the last prices. Runs at every tick that anything is held at, so instruments are named. */
export function markPositions(state: AccountState, rules: TradingRules): void {
  const { positions } = state;
  const { quantum } = rules;
  const { COMPUTE, STORAGE, ENERGY, AD } = state.instruments;
  COMPUTE.value = COMPUTE.cost = 0;
  STORAGE.value = STORAGE.cost = 0;
  ENERGY.value = ENERGY.cost = 0;
  AD.value = AD.cost = 0;
  let equity = state.cash;
  for (let i = 0; i < positions.length; i++) {
    const position = positions[i]!;
    const instrument = instrumentOf(state, position.token);
    const { price } = instrument;
    if (price < position.lowPrice) position.lowPrice = price;
    if (price > position.highPrice) position.highPrice = price;
    const value = quantize(position.qtyMicro * price / MICRO, quantum);
    instrument.value += value;
    instrument.cost += position.cost;
    equity += value;
  }
  state.equity = equity;
  markInstrument(COMPUTE, state.capital);
  markInstrument(STORAGE, state.capital);
  markInstrument(ENERGY, state.capital);
  markInstrument(AD, state.capital);
  if (equity > state.peakEquity) state.peakEquity = equity;
  const drawdown = (state.peakEquity - equity) / state.peakEquity;
  state.drawdownRatio = drawdown;
  if (drawdown > state.maxDrawdownRatio) state.maxDrawdownRatio = drawdown;
}

function markInstrument(instrument: InstrumentState, capital: number): void {
  if (
    instrument.cost === 0 && instrument.realized === 0 && instrument.peakProfit === 0 &&
    instrument.drawdownRatio === 0
  ) return; // Never traded.
  const profit = instrument.realized + instrument.value - instrument.cost;
  if (profit > instrument.peakProfit) instrument.peakProfit = profit;
  const drawdown = (instrument.peakProfit - profit) / capital;
  instrument.drawdownRatio = drawdown;
  if (drawdown > instrument.maxDrawdownRatio) instrument.maxDrawdownRatio = drawdown;
}
