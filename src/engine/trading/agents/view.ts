/** Fills an agent's view from the account, without making anything new: it runs once per agent and tick. */
import { agentValue, slippageMax } from "../fills.ts";
import { type Token, TOKENS } from "../instrument.ts";
import { MICRO } from "../money.ts";
import { isEnabled, shareOf, type TradingRules } from "../rules.ts";
import { type AccountState, instrumentOf, positionOf } from "../state.ts";
import type { AgentView, InstrumentView, PosteriorView } from "./agent.ts";

/** A view on these instruments, empty until it is refreshed. */
export function createView(tokens: readonly Token[] = TOKENS): AgentView {
  return {
    height: -1,
    timeMs: 0,
    equity: 0,
    available: 0,
    feeRatio: 0,
    slippageRatio: 0,
    posterior: null,
    instruments: tokens.map((token) => ({
      token,
      price: 0,
      volume: -1,
      tradable: false,
      qty: 0,
      averageCost: 0,
      working: false,
      exiting: false,
    })),
  };
}

/** Fills a view with what this agent sees after a tick. */
export function refreshView(
  view: AgentView,
  state: AccountState,
  rules: TradingRules,
  agent: string | null,
  posterior: PosteriorView | null,
): void {
  view.height = state.height;
  view.timeMs = state.timeMs;
  view.equity = state.equity * shareOf(rules, agent);
  const left = view.equity - (state.positions.length === 0 ? 0 : agentValue(state, agent));
  // Rounding can add up to three quanta to what an order costs.
  view.available = Math.max(0, Math.min(state.cash, left) - 3 * rules.quantum);
  view.feeRatio = rules.fees.ratio;
  view.slippageRatio = slippageMax(rules.costs);
  view.posterior = posterior;
  for (let i = 0; i < view.instruments.length; i++) {
    const shown = view.instruments[i]!;
    const instrument = instrumentOf(state, shown.token);
    shown.price = instrument.price;
    shown.volume = instrument.volume;
    shown.tradable = instrument.price > 0 && !instrument.stale && instrument.gate === "open" &&
      isEnabled(rules, shown.token);
    const position = state.positions.length === 0 ? undefined : positionOf(state, shown.token, agent);
    shown.qty = position === undefined ? 0 : position.qtyMicro / MICRO;
    shown.averageCost = position === undefined ? 0 : position.cost / position.qtyMicro * MICRO;
    shown.working = false;
    shown.exiting = false;
    if (state.orders.length > 0) showOrders(shown, state, agent);
  }
}

function showOrders(shown: InstrumentView, state: AccountState, agent: string | null): void {
  for (const order of state.orders) {
    if (order.token !== shown.token || order.agent !== agent) continue;
    shown.working = true;
    if (order.side === "sell") shown.exiting = true;
  }
}
