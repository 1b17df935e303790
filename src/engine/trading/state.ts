/** The state of an account: plain data that the codec can write, and the questions that everybody asks of it. */
import type { GateState } from "../gate.ts";
import { type Token, TOKENS } from "./instrument.ts";
import { MICRO, MONEY_MAX, quantize } from "./money.ts";
import type { Fill, Order, OrderCause } from "./order.ts";
import { remainingMicro } from "./order.ts";
import { ruleProblems, type TradingRules } from "./rules.ts";
import type { Denial } from "./denial.ts";

/** One instrument as the account sees it. */
export interface InstrumentState {
  readonly token: Token;
  /** Last price, base units per unit; 0 before the first. */
  price: number;
  /** Price that orders are filled at during this tick. */
  fillPrice: number;
  /** Units on offer at this tick; −1 = not known. */
  volume: number;
  /** What our own fills took of it already. */
  takenMicro: number;
  stale: boolean;
  gate: GateState;
  /** When the price was seen. */
  timeMs: number;
  /** Profit realised in this instrument since the account was opened, after fees. */
  realized: number;
  fees: number;
  /** Value of what is held, and what it cost without fees. */
  value: number;
  cost: number;
  /** Best profit, open positions included, and how far it is below that, ratio of the capital. */
  peakProfit: number;
  drawdownRatio: number;
  maxDrawdownRatio: number;
}

/** What one owner holds of one instrument. Never short; a position of 0 does not exist. */
export interface Position {
  readonly token: Token;
  readonly agent: string | null;
  readonly openedMs: number;
  readonly openedHeight: number;
  qtyMicro: number;
  /** What the held quantity cost, without fees. */
  cost: number;
  /** Realised since it was opened, after fees. */
  realized: number;
  fees: number;
  /** Sums over its life. */
  boughtMicro: number;
  boughtGross: number;
  soldMicro: number;
  soldGross: number;
  /** Lowest and highest price while it was held. */
  lowPrice: number;
  highPrice: number;
}

/** A position from its first buy to its last sell. */
export interface ClosedTrade {
  /** Id of the fill that closed it. */
  readonly id: string;
  readonly token: Token;
  readonly agent: string | null;
  readonly openedMs: number;
  readonly closedMs: number;
  readonly openedHeight: number;
  readonly closedHeight: number;
  readonly qtyMicro: number;
  /** Mean prices, base units per unit. */
  readonly entryPrice: number;
  readonly exitPrice: number;
  /** After all fees, base units. */
  readonly profit: number;
  /** Profit over what was paid, all fees included. */
  readonly profitRatio: number;
  readonly fees: number;
  /** Worst and best price against the entry, as ratios (≤ 0 and ≥ 0). */
  readonly adverseRatio: number;
  readonly favourableRatio: number;
  readonly cause: OrderCause;
}

/** A time during which nothing may be bought. */
export interface Lock {
  readonly id: string;
  /** Null = every instrument. */
  readonly token: Token | null;
  /** Kind of the protection that made it. */
  readonly protection: string;
  readonly reason: string;
  readonly sinceMs: number;
  untilMs: number;
}

/** Why trading stands still. */
export interface Halt {
  readonly code: "EMERGENCY_STOP" | "DRAWDOWN_HALT";
  readonly reason: string;
  readonly atMs: number;
}

/** What an account may do. */
export type TradingState = "ACTIVE" | "REDUCING" | "HALTED";

/** What each state admits. */
export const TRADING_STATES: Readonly<Record<TradingState, string>> = {
  ACTIVE: "everything that the limits allow",
  REDUCING:
    "cancels and exits; entries that worked are cancelled; it ends with the lock of the whole account that brought it, or when the operator resumes",
  HALTED:
    "cancels and exits; entries that worked are cancelled; only the operator ends it. Positions are kept: a stop does not sell",
};

/** An account. Only the functions of `account.ts` write to it. */
export interface AccountState {
  /** Name of the account's epoch; ids of orders that the account makes itself begin with it. */
  readonly id: string;
  readonly capital: number;
  cash: number;
  /** Profit realised, after fees. `cash + Σ cost = capital + realized`. */
  realized: number;
  fees: number;
  /** Money that changed hands, without fees. */
  turnover: number;
  /** Cash and the value of all positions at their last prices. */
  equity: number;
  /** Highest equity since the account was opened or resumed after a drawdown halt. */
  peakEquity: number;
  drawdownRatio: number;
  /** Largest drawdown ever. */
  maxDrawdownRatio: number;
  height: number;
  timeMs: number;
  ticks: number;
  /** Ticks at whose end something was held. */
  exposedTicks: number;
  instruments: Record<Token, InstrumentState>;
  positions: Position[];
  /** Orders that work, oldest first. */
  orders: Order[];
  halt: Halt | null;
  /** Why the operator allows reductions only. */
  reducing: string | null;
  locks: Lock[];
  suspended: { readonly agent: string; readonly reason: string; readonly atMs: number }[];
  /** Times of entry orders within the rate window. */
  entryTimes: number[];
  /** Trades that protections look back on. */
  recentTrades: ClosedTrade[];
  /** Peaks of equity, one per part of the window that the equity protection looks back on. */
  equityPeaks: { readonly sinceMs: number; peak: number }[];
  closedTrades: number;
  ownOrders: number;
  lockCount: number;
}

/** Something that an operator has to hear of. */
export interface RiskEvent {
  readonly kind:
    | "halted"
    | "resumed"
    | "reducing"
    | "locked"
    | "unlocked"
    | "agent_suspended"
    | "agent_resumed";
  readonly atMs: number;
  readonly detail: string;
  readonly lock: Lock | null;
  readonly halt: Halt | null;
  readonly agent: string | null;
}

/** Who is told what happens. Orders are handed over as they are at this moment and change later: copy what is kept. */
export interface TradingSink {
  onOrder(order: Order): void;
  onFill(fill: Fill): void;
  onTrade(trade: ClosedTrade): void;
  onRisk(event: RiskEvent): void;
}

/** Nobody is told. */
export const NO_SINK: TradingSink = { onOrder() {}, onFill() {}, onTrade() {}, onRisk() {} };

/**
 * Opens an account.
 *
 * @param capital Base units
 * @param id Name of its epoch
 * @throws {RangeError} If the capital or the rules cannot be used; all problems at once
 */
export function openAccount(capital: number, rules: TradingRules, id = "account"): AccountState {
  const problems = [...ruleProblems(rules)];
  if (!(capital > 0 && capital <= MONEY_MAX)) {
    problems.push(`capital must be within 0..${MONEY_MAX} and not 0, found ${capital}`);
  } else if (quantize(capital, rules.quantum) !== capital) {
    problems.push(`capital must be a multiple of ${rules.quantum}, found ${capital}`);
  }
  if (problems.length > 0) throw new RangeError(`Cannot open account "${id}": ${problems.join("; ")}`);
  return {
    id,
    capital,
    cash: capital,
    realized: 0,
    fees: 0,
    turnover: 0,
    equity: capital,
    peakEquity: capital,
    drawdownRatio: 0,
    maxDrawdownRatio: 0,
    height: -1,
    timeMs: 0,
    ticks: 0,
    exposedTicks: 0,
    instruments: Object.fromEntries(TOKENS.map((token) => [token, unquoted(token)])) as Record<
      Token,
      InstrumentState
    >,
    positions: [],
    orders: [],
    halt: null,
    reducing: null,
    locks: [],
    suspended: [],
    entryTimes: [],
    recentTrades: [],
    equityPeaks: [],
    closedTrades: 0,
    ownOrders: 0,
    lockCount: 0,
  };
}

function unquoted(token: Token): InstrumentState {
  return {
    token,
    price: 0,
    fillPrice: 0,
    volume: -1,
    takenMicro: 0,
    stale: true,
    gate: "unknown",
    timeMs: 0,
    realized: 0,
    fees: 0,
    value: 0,
    cost: 0,
    peakProfit: 0,
    drawdownRatio: 0,
    maxDrawdownRatio: 0,
  };
}

/** The instrument of an account. By name, because this runs several times per tick and a computed key costs ten times that. */
export function instrumentOf({ instruments }: AccountState, token: Token): InstrumentState {
  switch (token) {
    case "COMPUTE":
      return instruments.COMPUTE;
    case "STORAGE":
      return instruments.STORAGE;
    case "ENERGY":
      return instruments.ENERGY;
    case "AD":
      return instruments.AD;
    default:
      return token satisfies never;
  }
}

/** What the account may do now. */
export function tradingState(state: AccountState): TradingState {
  if (state.halt !== null) return "HALTED";
  return state.reducing !== null || state.locks.some(({ token }) => token === null) ? "REDUCING" : "ACTIVE";
}

/** The position of an owner, if it exists. */
export function positionOf(state: AccountState, token: Token, agent: string | null): Position | undefined {
  const { positions } = state;
  for (let i = 0; i < positions.length; i++) {
    const position = positions[i]!;
    if (position.token === token && position.agent === agent) return position;
  }
  return undefined;
}

/** Whether an owner's sell may come out of a position: its own, or any when the operator sells. */
export function maySell(agent: string | null, position: Position, token: Token): boolean {
  return position.token === token && (agent === null || position.agent === agent);
}

/** Micro units that can be sold: held, and not already being sold. */
export function sellableMicro(state: AccountState, token: Token, agent: string | null): number {
  let held = 0;
  let all = 0;
  for (const position of state.positions) {
    if (position.token !== token) continue;
    all += position.qtyMicro;
    if (maySell(agent, position, token)) held += position.qtyMicro;
  }
  for (const order of state.orders) {
    if (order.token !== token || order.side !== "sell") continue;
    all -= remainingMicro(order);
    if (order.agent === agent) held -= remainingMicro(order);
  }
  // Sells of agents and of the operator come out of the same positions in the end.
  return Math.max(0, Math.min(held, all));
}

/** Value of quantity at a price, rounded against us. */
export function valueAt(qtyMicro: number, price: number, quantum: number): number {
  return quantize(qtyMicro * price / MICRO, quantum);
}

/** Value of all positions at their last prices. */
export function exposureOf(state: AccountState): number {
  const { COMPUTE, STORAGE, ENERGY, AD } = state.instruments;
  return COMPUTE.value + STORAGE.value + ENERGY.value + AD.value;
}

/** The refusal of an agent that is suspended. */
export function suspensionOf(state: AccountState, agent: string | null): Denial | null {
  if (agent === null || !state.suspended.some((entry) => entry.agent === agent)) return null;
  return { code: "AGENT_SUSPENDED", limit: null, actual: null };
}
