/**
 * What an order gets at a tick. Where there is a choice, the worse one for us:
 *
 * 1. An order is filled at a height above the one it was placed at, never at the price it was decided on (unless
 *    `fill` is `same_bar`, which backtests have to ask for).
 * 2. It pays half the spread, the fixed slippage, and impact, proportional to the share of the volume on offer that
 *    we take in this tick up to and with this fill, at most 5 %. An unknown volume costs the largest impact.
 * 3. All orders of a tick together get at most `participationMaxRatio` of the volume on offer, oldest first.
 * 4. A limit is never crossed, costs included: only as much is filled as stays within it.
 * 5. Nothing is filled at a stale price or without one. Entries need an open gate; exits one that is not closed or
 *    unknown.
 * 6. Cash never becomes negative, and no limit is passed by a fill: what does not fit is not filled.
 * 7. Money is rounded against us. A fee is at most half of what changes hands, so a sell never costs money.
 */
import { MICRO, MONEY_MAX, QTY_MAX, quantize, quantizeCost } from "./money.ts";
import type { Order, Side } from "./order.ts";
import { remainingMicro } from "./order.ts";
import { type CostModel, shareOf, type TradingRules } from "./rules.ts";
import {
  type AccountState,
  exposureOf,
  instrumentOf,
  type InstrumentState,
  maySell,
  positionOf,
} from "./state.ts";

/**
 * Price of a fill, base units per unit.
 *
 * @param mid The unmoved price
 * @param takenMicro What we take of the tick's volume with this fill and those before it, micro units
 * @param volume Units on offer; −1 = not known
 */
export function executionPrice(
  mid: number,
  side: Side,
  takenMicro: number,
  volume: number,
  costs: CostModel,
): number {
  const ratio = costs.spreadRatio / 2 + costs.slippageRatio + impactOf(takenMicro, volume, costs);
  return side === "buy" ? mid * (1 + ratio) : mid * (1 - ratio);
}

/** Most that a fill can be worse than the unmoved price, as a ratio of it. */
export function slippageMax(costs: CostModel): number {
  return costs.spreadRatio / 2 + costs.slippageRatio + (costs.impactRatio > 0 ? costs.impactMaxRatio : 0);
}

function impactOf(takenMicro: number, volume: number, costs: CostModel): number {
  if (costs.impactRatio === 0) return 0;
  if (volume < 0) return costs.unknownVolume === "worst" ? costs.impactMaxRatio : 0;
  if (volume === 0) return costs.impactMaxRatio;
  return Math.min(costs.impactMaxRatio, costs.impactRatio * takenMicro / MICRO / volume);
}

/** What a buy of this size costs, fee included. */
export function costOf(qtyMicro: number, price: number, rules: TradingRules): number {
  const { gross, fee } = settle("buy", qtyMicro, price, rules);
  return gross + fee;
}

/** Whether the market lets an order be filled at this tick. */
export function isFillable(
  side: Side,
  instrument: InstrumentState,
  nowMs: number,
  staleAfterMs: number,
): boolean {
  if (instrument.price <= 0 || instrument.stale || nowMs - instrument.timeMs > staleAfterMs) return false;
  return instrument.gate === "open" || side === "sell" && instrument.gate === "throttled";
}

/**
 * How much of an order is filled at this tick, micro units.
 *
 * @param mid The unmoved price that it is filled at
 */
export function fillableMicro(state: AccountState, rules: TradingRules, order: Order, mid: number): number {
  const instrument = instrumentOf(state, order.token);
  const { costs } = rules;
  let micro = remainingMicro(order);
  const { volume, takenMicro } = instrument;
  if (volume >= 0) {
    micro = Math.min(micro, Math.floor(volume * costs.participationMaxRatio * MICRO) - takenMicro);
  }
  if (order.limit !== null) {
    micro = Math.min(micro, withinLimit(order.side, order.limit, mid, volume, costs) - takenMicro);
  }
  if (micro <= 0) return 0;
  return order.side === "buy"
    ? affordableMicro(state, rules, order, micro, mid, instrument)
    : sellMicro(state, order, micro, mid);
}

/** What may be taken in this tick for the price to stay within the limit, micro units. */
function withinLimit(side: Side, limit: number, mid: number, volume: number, costs: CostModel): number {
  const room = (side === "buy" ? limit / mid - 1 : 1 - limit / mid) - costs.spreadRatio / 2 -
    costs.slippageRatio;
  const impactMax = volume < 0 && costs.unknownVolume === "ignore" || costs.impactRatio === 0
    ? 0
    : costs.impactMaxRatio;
  if (room >= impactMax) return Infinity;
  if (room <= 0 || volume <= 0) return 0;
  return Math.floor(room / costs.impactRatio * volume * MICRO);
}

function affordableMicro(
  state: AccountState,
  rules: TradingRules,
  order: Order,
  wanted: number,
  mid: number,
  instrument: InstrumentState,
): number {
  const { limits } = rules;
  const held = positionOf(state, order.token, order.agent)?.qtyMicro ?? 0;
  let micro = Math.min(wanted, QTY_MAX * MICRO - held);
  const bound = (room: number) => {
    if (room < micro * mid / MICRO) micro = Math.max(0, Math.floor(room / mid * MICRO));
  };
  bound(limits.maxExposureRatio * state.equity - exposureOf(state));
  if (limits.maxPosition !== null) bound(limits.maxPosition - instrument.value);
  if (order.agent !== null) {
    bound(shareOf(rules, order.agent) * state.equity - agentValue(state, order.agent));
  }
  if (micro <= 0) return 0;
  const price = executionPrice(mid, "buy", instrument.takenMicro + micro, instrument.volume, rules.costs);
  if (costOf(micro, price, rules) <= state.cash) return micro;
  // The price falls with the quantity, so what is affordable at this price is affordable.
  // Rounding adds less than three quanta: one to the value, its share and one to the fee.
  const spendable = state.cash - 3 * rules.quantum;
  return Math.max(0, Math.floor(spendable / (price * (1 + rules.fees.ratio)) * MICRO * (1 - 1e-12)));
}

/** Value of what an agent holds, at last prices. */
export function agentValue(state: AccountState, agent: string | null): number {
  let sum = 0;
  const { positions } = state;
  for (let i = 0; i < positions.length; i++) { // Runs at every tick: an iterator would cost more than the sum.
    const position = positions[i]!;
    if (position.agent === agent) {
      sum += position.qtyMicro * instrumentOf(state, position.token).price / MICRO;
    }
  }
  return sum;
}

function sellMicro(state: AccountState, order: Order, wanted: number, mid: number): number {
  let held = 0;
  for (const position of state.positions) {
    if (maySell(order.agent, position, order.token)) held += position.qtyMicro;
  }
  const room = (MONEY_MAX - state.cash) / mid * MICRO;
  return Math.min(wanted, held, Math.max(0, Math.floor(room)));
}

/** Money of a fill: what changes hands and what the venue takes, both rounded against us. */
export function settle(
  side: Side,
  qtyMicro: number,
  price: number,
  rules: TradingRules,
): { readonly gross: number; readonly fee: number } {
  const exact = qtyMicro * price / MICRO;
  const gross = side === "buy" ? quantizeCost(exact, rules.quantum) : quantize(exact, rules.quantum);
  return { gross, fee: quantizeCost(gross * rules.fees.ratio, rules.quantum) };
}
