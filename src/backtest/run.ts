/**
 * One run: bars go through the trading account that paper trading uses, bar after bar, and the agents decide after
 * each. Orders that are placed at a bar are filled at the next one, unless the request says otherwise.
 */
import {
  advance,
  openAccount,
  submitOrder,
  suspendAgent,
  type TradingSink,
} from "../engine/trading/account.ts";
import {
  type AgentView,
  INTENTS_MAX,
  NOTHING,
  type Parameters,
  type PosteriorView,
} from "../engine/trading/agents/agent.ts";
import type { AnyAgent } from "../engine/trading/agents/registry.ts";
import { createView, refreshView } from "../engine/trading/agents/view.ts";
import type { DenialCode } from "../engine/trading/denial.ts";
import type { GateState } from "../engine/gate.ts";
import type { Fill, Order, OrderIntent } from "../engine/trading/order.ts";
import type { TradingRules } from "../engine/trading/rules.ts";
import type { AccountState, ClosedTrade, RiskEvent } from "../engine/trading/state.ts";
import type { Quote, Tick } from "../engine/trading/tick.ts";
import { GATES, type Series } from "./series.ts";

/** Bars between two signs of life. */
export const BEAT_BARS = 4_096;

/** Risk events that a run keeps; the others are counted. */
export const RISK_EVENTS_MAX = 100;

/** An agent with the parameters that it runs with. */
export interface PreparedAgent {
  readonly agent: AnyAgent;
  readonly parameters: Parameters;
}

/** A decision, for the comparison of two runs. */
export interface Decision {
  readonly bar: number;
  readonly agent: string;
  readonly intent: OrderIntent;
}

/** Who hears of a run while it goes on. */
export interface RunHooks {
  /** Called every {@link BEAT_BARS} bars. @returns Whether to stop here */
  onBeat?(run: RunState): boolean;
  onTrade?(trade: ClosedTrade): void;
  onFill?(fill: Fill): void;
  /** Every order that an agent wants, before any check. */
  onDecision?(decision: Decision): void;
}

/** How to run. */
export interface RunOptions {
  readonly series: Series;
  readonly agents: readonly PreparedAgent[];
  readonly rules: TradingRules;
  readonly capital: number;
  /** First and last + 1 bar; default all. */
  readonly from?: number;
  readonly to?: number;
  /** Bars before `from` that agents see without trading, to warm up. */
  readonly warmup?: number;
  readonly hooks?: RunHooks;
}

/** A run that goes on, or has ended. */
export interface RunState {
  readonly account: AccountState;
  /** First bar, and the bar behind the last that was run. */
  readonly from: number;
  bar: number;
  /** Equity after each bar; the first is the capital. Length `to − from + 1`, filled up to `bar − from + 1`. */
  readonly equity: Float64Array;
  /** Bars at whose end a position was open. */
  exposedBars: number;
  wins: number;
  orders: number;
  fills: number;
  readonly denied: Map<DenialCode, number>;
  readonly riskEvents: RiskEvent[];
  riskEventCount: number;
  /** Bar at which the account halted. */
  haltedAt: number | null;
  /** First bar at which each code was denied. */
  readonly deniedAt: Map<DenialCode, number>;
  end: "data" | "halted" | "cancelled";
}

interface MutableQuote {
  price: number;
  open: number | null;
  volume: number | null;
  stale: boolean;
  gate: GateState;
}

/** An agent at work. */
interface Seat extends PreparedAgent {
  readonly memory: unknown;
  readonly view: AgentView;
  intents: readonly OrderIntent[];
  suspended: boolean;
}

/** Runs agents over bars. */
export function run(options: RunOptions): RunState {
  const { series, agents, rules, capital, hooks } = options;
  const from = options.from ?? 0;
  const to = options.to ?? series.length;
  const begin = Math.max(0, from - (options.warmup ?? 0));
  const account = openAccount(capital, rules, "backtest");
  const state = newState(account, from, to);
  const sink = sinkOf(state, hooks);
  const seats = agents.map(({ agent, parameters }): Seat => ({
    agent,
    parameters,
    memory: agent.memory(parameters),
    view: createView(series.instruments.map(({ token }) => token)),
    intents: NOTHING,
    suspended: false,
  }));
  const feed = new Feed(series);
  const { equity } = state;
  equity[0] = capital;
  for (let bar = begin; bar < to; bar++) {
    const tick = feed.tick(bar);
    advance(account, rules, tick, sink);
    const trading = bar >= from;
    const posterior = feed.posterior(bar);
    let wanted = false;
    for (let i = 0; i < seats.length; i++) {
      const seat = seats[i]!;
      if (seat.suspended) continue;
      refreshView(seat.view, account, rules, seat.agent.name, posterior);
      seat.intents = decisionOf(seat, account, tick.timeMs, sink);
      if (seat.intents.length > 0) wanted = true;
    }
    if (!trading) continue;
    // All agents decide on the same state; only then is anything placed.
    if (wanted) {
      for (const seat of seats) place(state, rules, seat, bar, tick.timeMs, sink, hooks);
    }
    state.bar = bar + 1;
    equity[bar - from + 1] = account.equity;
    if (account.positions.length > 0) state.exposedBars++;
    if (account.halt !== null && isOver(state, bar)) {
      state.end = "halted";
      break;
    }
    if ((bar - from) % BEAT_BARS === BEAT_BARS - 1 && hooks?.onBeat?.(state) === true) {
      state.end = "cancelled";
      break;
    }
  }
  return state;
}

function newState(account: AccountState, from: number, to: number): RunState {
  return {
    account,
    from,
    bar: from,
    equity: new Float64Array(to - from + 1),
    exposedBars: 0,
    wins: 0,
    orders: 0,
    fills: 0,
    denied: new Map(),
    deniedAt: new Map(),
    riskEvents: [],
    riskEventCount: 0,
    haltedAt: null,
    end: "data",
  };
}

/** After a halt only exits are left; the run is over once nothing is held and nothing works. */
function isOver(state: RunState, bar: number): boolean {
  state.haltedAt ??= bar;
  return state.account.positions.length === 0 && state.account.orders.length === 0;
}

function sinkOf(state: RunState, hooks: RunHooks | undefined): TradingSink {
  return {
    onOrder: (order: Order) => {
      if (order.status !== "denied" || !order.denial) return;
      const { code } = order.denial;
      if (!state.denied.has(code)) state.deniedAt.set(code, state.bar);
      state.denied.set(code, (state.denied.get(code) ?? 0) + 1);
    },
    onFill: (fill) => {
      state.fills++;
      hooks?.onFill?.(fill);
    },
    onTrade: (trade) => {
      if (trade.profit > 0) state.wins++;
      hooks?.onTrade?.(trade);
    },
    onRisk: (event) => {
      if (state.riskEventCount++ < RISK_EVENTS_MAX) state.riskEvents.push(event);
    },
  };
}

/** What an agent wants. One that fails, or wants too much at once, is suspended, as it would be in paper trading. */
function decisionOf(
  seat: Seat,
  account: AccountState,
  nowMs: number,
  sink: TradingSink,
): readonly OrderIntent[] {
  const { agent, view, parameters, memory } = seat;
  let reason: string;
  try {
    const intents = agent.decide(view, parameters, memory);
    if (intents.length <= INTENTS_MAX) return intents;
    reason = `it wants ${intents.length} orders at once, more than ${INTENTS_MAX}`;
  } catch (error) {
    reason = error instanceof Error ? error.message : String(error);
  }
  seat.suspended = true;
  suspendAgent(account, agent.name, reason, nowMs, sink);
  return NOTHING;
}

function place(
  state: RunState,
  rules: TradingRules,
  seat: Seat,
  bar: number,
  nowMs: number,
  sink: TradingSink,
  hooks: RunHooks | undefined,
): void {
  if (seat.suspended) return;
  state.bar = bar;
  for (const wanted of seat.intents) {
    const intent = { ...wanted, agent: seat.agent.name };
    hooks?.onDecision?.({ bar, agent: seat.agent.name, intent });
    submitOrder(state.account, rules, intent, String(++state.orders), nowMs, sink);
  }
}

/** Turns columns into ticks. One tick object is filled anew for each bar: the account keeps nothing of it. */
class Feed {
  readonly #series: Series;
  readonly #quotes: MutableQuote[];
  readonly #tick: { height: number; timeMs: number; readonly quotes: Partial<Record<string, Quote>> };
  readonly #posterior = { trend: 0, revert: 0, chop: 0, rug: 0 };

  constructor(series: Series) {
    this.#series = series;
    this.#quotes = series.instruments.map(() => ({
      price: 0,
      open: null,
      volume: null,
      stale: false,
      gate: "open",
    }));
    const quotes = Object.fromEntries(series.instruments.map(({ token }, i) => [token, this.#quotes[i]!]));
    this.#tick = { height: 0, timeMs: 0, quotes };
  }

  tick(bar: number): Tick {
    const { timesMs, heights, instruments } = this.#series;
    this.#tick.height = heights === null ? bar : heights[bar]!;
    this.#tick.timeMs = timesMs[bar]!;
    for (let i = 0; i < instruments.length; i++) {
      const { open, close, volume, gate, stale } = instruments[i]!;
      const quote = this.#quotes[i]!;
      quote.price = close[bar]!; // NaN is no price: the account keeps the last one and calls it stale.
      quote.open = open[bar]!;
      if (volume !== null) quote.volume = Number.isNaN(volume[bar]!) ? null : volume[bar]!;
      if (gate !== null) quote.gate = GATES[gate[bar]!]!;
      if (stale !== null) quote.stale = stale[bar] === 1;
    }
    return this.#tick as Tick;
  }

  posterior(bar: number): PosteriorView | null {
    const { posterior: columns, length } = this.#series;
    if (columns === null || Number.isNaN(columns[bar]!)) return null;
    const shown = this.#posterior;
    shown.trend = columns[bar]!;
    shown.revert = columns[length + bar]!;
    shown.chop = columns[2 * length + bar]!;
    shown.rug = columns[3 * length + bar]!;
    return shown;
  }
}
