/** Accounts, ticks and orders for tests of the trading engine. */
import { encode } from "../../src/engine/codec.ts";
import { hashText } from "../../src/engine/hash.ts";
import { type AccountState, advance, submitOrder } from "../../src/engine/trading/account.ts";
import type { Token } from "../../src/engine/trading/instrument.ts";
import type { Fill, Order, OrderIntent } from "../../src/engine/trading/order.ts";
import { DEFAULT_RULES, type TradingRules } from "../../src/engine/trading/rules.ts";
import type { ClosedTrade, RiskEvent, TradingSink } from "../../src/engine/trading/state.ts";
import type { Quote, Tick } from "../../src/engine/trading/tick.ts";

/** Time between two ticks. */
export const TICK_MS = 1000;

/** What a test changes of the rules, group by group. */
export interface RuleChanges extends Omit<Partial<TradingRules>, "costs" | "limits" | "exits"> {
  readonly costs?: Partial<TradingRules["costs"]>;
  readonly limits?: Partial<TradingRules["limits"]>;
  readonly exits?: Partial<TradingRules["exits"]>;
}

/** Rules without costs and limits, and without rounding, but for what is given. */
export function rulesWith({ costs, limits, exits, ...rest }: RuleChanges = {}): TradingRules {
  return {
    ...DEFAULT_RULES,
    fees: { ratio: 0 },
    quantum: 0,
    ...rest,
    costs: {
      spreadRatio: 0,
      slippageRatio: 0,
      impactRatio: 0,
      impactMaxRatio: 0.05,
      participationMaxRatio: 1,
      unknownVolume: "ignore",
      ...costs,
    },
    limits: {
      ...DEFAULT_RULES.limits,
      maxDrawdownRatio: null,
      orderRate: { count: 1000, windowMs: 60_000 },
      ...limits,
    },
    exits: { stopLossRatio: null, takeProfitRatio: null, ...exits },
  };
}

/** A fresh quote at an open gate with an unknown volume, but for what is given. */
export function quoteAt(price: number, changes: Partial<Quote> = {}): Quote {
  return { price, open: null, volume: null, stale: false, gate: "open", ...changes };
}

/** A tick; a number stands for the quote at that price. */
export function tickAt(height: number, quotes: Partial<Record<Token, number | Quote>>): Tick {
  return {
    height,
    timeMs: height * TICK_MS,
    quotes: Object.fromEntries(
      Object.entries(quotes).map((
        [token, quote],
      ) => [token, typeof quote === "number" ? quoteAt(quote) : quote]),
    ),
  };
}

/** A market order of the operator for one unit of COMPUTE, but for what is given. */
export function intentOf(changes: Partial<OrderIntent> = {}): OrderIntent {
  return {
    token: "COMPUTE",
    side: "buy",
    qty: 1,
    limit: null,
    timeInForce: "gtc",
    reduceOnly: false,
    clientOrderId: null,
    agent: null,
    ...changes,
  };
}

/** Keeps a copy of everything that happens. */
export class Recorder implements TradingSink {
  readonly orders: Order[] = [];
  readonly fills: Fill[] = [];
  readonly trades: ClosedTrade[] = [];
  readonly risks: RiskEvent[] = [];

  onOrder(order: Order): void {
    this.orders.push({ ...order });
  }

  onFill(fill: Fill): void {
    this.fills.push(fill);
  }

  onTrade(trade: ClosedTrade): void {
    this.trades.push(trade);
  }

  onRisk(event: RiskEvent): void {
    this.risks.push({ ...event });
  }
}

/** An account with its rules and what happened to it, one tick per call. */
export class Desk {
  readonly account: AccountState;
  readonly rules: TradingRules;
  readonly seen = new Recorder();
  #orders = 0;

  constructor(account: AccountState, rules: TradingRules) {
    this.account = account;
    this.rules = rules;
  }

  /** Works off the next tick. */
  tick(quotes: Partial<Record<Token, number | Quote>>): this {
    advance(this.account, this.rules, tickAt(this.account.height + 1, quotes), this.seen);
    return this;
  }

  /** Submits an order now. */
  order(changes: Partial<OrderIntent> = {}): Order {
    const id = `o${++this.#orders}`;
    return submitOrder(this.account, this.rules, intentOf(changes), id, this.account.timeMs, this.seen);
  }
}

/** Hash of an account. */
export function hashOf(account: AccountState): string {
  return hashText(encode(account));
}
