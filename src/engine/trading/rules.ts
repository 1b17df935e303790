/** The rules that an account trades by: plain data, the same for paper and backtest. Configuration maps onto them. */
import type { Token } from "./instrument.ts";
import { perToken } from "./instrument.ts";
import { MONEY_MAX } from "./money.ts";

/** What the program may do. */
export type TradingMode = "monitor" | "paper" | "live";

/** What the venue takes of each fill. */
export interface FeeModel {
  /** Share of the fill's value. */
  readonly ratio: number;
}

/** By how much a fill is worse than the quoted price. */
export interface CostModel {
  /** Distance of best buy and best sell, as a ratio of the price; each side pays half. */
  readonly spreadRatio: number;
  /** Fixed part for latency and the like, ratio of the price. */
  readonly slippageRatio: number;
  /** Price moved by buying all that is on offer, as a ratio; proportional below. */
  readonly impactRatio: number;
  /** Most that our own quantity moves the price. */
  readonly impactMaxRatio: number;
  /** Share of the volume on offer that we can get within one tick. */
  readonly participationMaxRatio: number;
  /** With an unknown volume: `worst` takes the largest impact, `ignore` none (data that has no volume at all). */
  readonly unknownVolume: "worst" | "ignore";
}

/** Limits that are checked before an order is accepted and again at each fill; null = no limit. */
export interface RiskLimits {
  /** Fall of equity below its peak at which trading halts, ratio (`max_drawdown`). */
  readonly maxDrawdownRatio: number | null;
  /** The same for one instrument's profit, ratio of the capital; stops entries only. */
  readonly tokenMaxDrawdownRatio: number | null;
  /** Value of the position in one instrument, base units (`max_position`). */
  readonly maxPosition: number | null;
  /** Value of one order, base units. */
  readonly maxOrder: number | null;
  /** Value of all positions, ratio of equity. */
  readonly maxExposureRatio: number;
  /** Positions that are open or being opened (`max_concurrent_trades`). */
  readonly maxConcurrentTrades: number | null;
  /** Entry orders that work at the same time. */
  readonly workingOrdersMax: number;
  /** Entry orders within a sliding window. */
  readonly orderRate: { readonly count: number; readonly windowMs: number };
  /** Age of a price from which on it is stale. */
  readonly staleAfterMs: number;
}

/** A rule that locks an instrument, or all of them, for a while after things went wrong. */
export type Protection =
  | {
    /** After `tradeLimit` losing stop-loss exits within the window. */
    readonly kind: "stoploss_guard";
    readonly lookbackMs: number;
    readonly tradeLimit: number;
    readonly lockMs: number;
    /** Whether it counts and locks each instrument by itself. */
    readonly perToken: boolean;
  }
  | {
    /** After closed trades within the window drew their running profit down, ratio of the capital. */
    readonly kind: "max_drawdown";
    readonly lookbackMs: number;
    readonly tradeLimit: number;
    readonly lockMs: number;
    readonly maxDrawdownRatio: number;
  }
  | {
    /** After equity, open positions included, fell below its peak of the window. */
    readonly kind: "equity_drawdown";
    readonly lookbackMs: number;
    readonly lockMs: number;
    readonly maxDrawdownRatio: number;
  }
  | {
    /** After the trades of one instrument within the window made less than this together, sum of profit ratios. */
    readonly kind: "low_profit_tokens";
    readonly lookbackMs: number;
    readonly tradeLimit: number;
    readonly lockMs: number;
    readonly requiredProfitRatio: number;
  }
  | {
    /** After every closed trade of an instrument. */
    readonly kind: "cooldown";
    readonly lockMs: number;
  };

/** Everything that an account trades by. */
export interface TradingRules {
  readonly mode: TradingMode;
  /** Instruments that may be traded. */
  readonly enabled: Readonly<Record<Token, boolean>>;
  readonly fees: FeeModel;
  readonly costs: CostModel;
  readonly limits: RiskLimits;
  readonly protections: readonly Protection[];
  /** Loss below, or profit above, the average cost at which a position is closed by a market order. */
  readonly exits: { readonly stopLossRatio: number | null; readonly takeProfitRatio: number | null };
  /** Age at which a `gtc` order expires. */
  readonly orderMaxAgeMs: number;
  /** Smallest amount of money, base units: 1 in paper, 0 in backtests of plain price series. */
  readonly quantum: number;
  /** Whether an order is filled at the next tick, or at the price that it was decided on. */
  readonly fill: "next_bar" | "same_bar";
  /** Share of equity that each agent's positions may be worth; an agent that is not listed may use all. */
  readonly shares: Readonly<Record<string, number>>;
}

/** Every agent may use all of the account. */
const NO_SHARES: Readonly<Record<string, number>> = Object.freeze({});

/** The defaults: paper trading at a tenth of a percent fee, a tenth of what is on offer, no halt by itself. */
export const DEFAULT_RULES: TradingRules = {
  mode: "paper",
  enabled: perToken(() => true),
  fees: { ratio: 0.001 },
  costs: {
    spreadRatio: 0.001,
    slippageRatio: 0,
    impactRatio: 1,
    impactMaxRatio: 0.05,
    participationMaxRatio: 0.1,
    unknownVolume: "worst",
  },
  limits: {
    maxDrawdownRatio: 0.2,
    tokenMaxDrawdownRatio: null,
    maxPosition: null,
    maxOrder: null,
    maxExposureRatio: 1,
    maxConcurrentTrades: null,
    workingOrdersMax: 100,
    orderRate: { count: 60, windowMs: 60_000 },
    staleAfterMs: 60_000,
  },
  protections: [],
  exits: { stopLossRatio: null, takeProfitRatio: null },
  orderMaxAgeMs: 604_800_000,
  quantum: 1,
  fill: "next_bar",
  shares: NO_SHARES,
};

/** Everything that is wrong with rules, each as `field: what it must be, found …`; empty when they can be used. */
export function ruleProblems(rules: TradingRules): readonly string[] {
  const problems: string[] = [];
  const within = (field: string, value: number | null, low: number, high: number) => {
    if (value !== null && !(value >= low && value <= high)) {
      problems.push(`${field} must be within ${low}..${high}, found ${value}`);
    }
  };
  const whole = (field: string, value: number | null, low: number, high: number) => {
    within(field, value, low, high);
    if (value !== null && !Number.isInteger(value)) problems.push(`${field} must be whole, found ${value}`);
  };
  const { fees, costs, limits, exits } = rules;
  within("fees.ratio", fees.ratio, 0, 0.5);
  within("costs.spreadRatio", costs.spreadRatio, 0, 0.5);
  within("costs.slippageRatio", costs.slippageRatio, 0, 0.25);
  within("costs.impactRatio", costs.impactRatio, 0, 100);
  within("costs.impactMaxRatio", costs.impactMaxRatio, 0, 0.05);
  within("costs.participationMaxRatio", costs.participationMaxRatio, 0.000001, 1);
  within("limits.maxDrawdownRatio", limits.maxDrawdownRatio, 0, 1);
  within("limits.tokenMaxDrawdownRatio", limits.tokenMaxDrawdownRatio, 0, 1);
  within("limits.maxPosition", limits.maxPosition, 0, MONEY_MAX);
  within("limits.maxOrder", limits.maxOrder, 0, MONEY_MAX);
  within("limits.maxExposureRatio", limits.maxExposureRatio, 0, 1);
  whole("limits.maxConcurrentTrades", limits.maxConcurrentTrades, 0, 1000);
  whole("limits.workingOrdersMax", limits.workingOrdersMax, 1, 10_000);
  whole("limits.orderRate.count", limits.orderRate.count, 1, 10_000);
  within("limits.orderRate.windowMs", limits.orderRate.windowMs, 1, 86_400_000);
  within("limits.staleAfterMs", limits.staleAfterMs, 1, Number.MAX_SAFE_INTEGER);
  within("exits.stopLossRatio", exits.stopLossRatio, 0.000001, 1);
  within("exits.takeProfitRatio", exits.takeProfitRatio, 0.000001, 1000);
  within("orderMaxAgeMs", rules.orderMaxAgeMs, 1, Number.MAX_SAFE_INTEGER);
  within("quantum", rules.quantum, 0, 1_000_000);
  for (const [agent, share] of Object.entries(rules.shares)) within(`shares.${agent}`, share, 0, 1);
  rules.protections.forEach((protection, i) => {
    const at = `protections[${i}]`;
    within(`${at}.lockMs`, protection.lockMs, 1, 31_536_000_000);
    if ("lookbackMs" in protection) within(`${at}.lookbackMs`, protection.lookbackMs, 1, 31_536_000_000);
    if ("tradeLimit" in protection) whole(`${at}.tradeLimit`, protection.tradeLimit, 1, TRADES_KEPT);
    if ("maxDrawdownRatio" in protection) {
      within(`${at}.maxDrawdownRatio`, protection.maxDrawdownRatio, 0.000001, 1);
    }
  });
  if (rules.protections.filter(({ kind }) => kind === "equity_drawdown").length > 1) {
    problems.push("protections must hold at most one of kind equity_drawdown");
  }
  return problems;
}

/** Closed trades that protections can look back on. */
export const TRADES_KEPT = 1000;

/** Whether an instrument may be traded; by name, as it is asked at every tick. */
export function isEnabled({ enabled }: TradingRules, token: Token): boolean {
  switch (token) {
    case "COMPUTE":
      return enabled.COMPUTE;
    case "STORAGE":
      return enabled.STORAGE;
    case "ENERGY":
      return enabled.ENERGY;
    case "AD":
      return enabled.AD;
    default:
      return token satisfies never;
  }
}

/** The agent's share of equity. */
export function shareOf(rules: TradingRules, agent: string | null): number {
  if (rules.shares === NO_SHARES) return 1; // Asked for at every tick.
  return agent !== null && Object.hasOwn(rules.shares, agent) ? rules.shares[agent]! : 1;
}
