/** How much to buy. */
import { floorUnits } from "../money.ts";
import type { AgentView, InstrumentView, Parameter } from "./agent.ts";

/** The parameters that {@link entryUnits} reads. */
export const SIZING_PARAMETERS: readonly Parameter[] = [
  {
    name: "stake_ratio",
    type: "number",
    min: 0.0001,
    max: 1,
    default: 0.2,
    unit: "ratio of the agent's equity",
    meaning: "value of an entry",
  },
  {
    name: "qty",
    type: "number",
    min: 0,
    max: 1_000_000_000,
    default: 0,
    unit: "units",
    meaning: "fixed quantity of an entry; 0 takes it from stake_ratio",
  },
];

/** Units to enter with: a fixed quantity, or a share of the agent's equity that leaves room for costs. */
export function entryUnits(
  view: AgentView,
  instrument: InstrumentView,
  stakeRatio: number,
  fixedUnits: number,
): number {
  if (fixedUnits > 0) return floorUnits(fixedUnits);
  return unitsFor(view, instrument, view.equity * stakeRatio);
}

/** Units worth this money, no more than the agent can pay with costs. */
export function unitsFor(view: AgentView, instrument: InstrumentView, money: number): number {
  // The price at the next tick is not known; twice the known costs and 5 % impact are left free.
  const costs = 1 + 2 * (view.feeRatio + view.slippageRatio) + 0.05;
  return floorUnits(Math.min(money, view.available / costs) / instrument.price);
}

/** What {@link kellyUnits} needs. */
export interface KellyInput {
  /** Expected advantage, ratio. */
  readonly edge: number;
  readonly equity: number;
  /** Standard deviation of returns, ratio. */
  readonly volatility: number;
  /** Units on offer; Infinity = not bounded. */
  readonly liquidity: number;
  readonly price: number;
  /** Part of the full Kelly bet. */
  readonly fraction: number;
  /** Part of the liquidity that may be taken. */
  readonly liquidityRatio: number;
  /** Money that one standard deviation may lose. */
  readonly riskBudget: number;
}

/**
 * Size of a fractional Kelly bet: `fraction · clamp(edge / σ², 0, 1)` of equity, at most a part of what is on offer,
 * and so small that one σ loses no more than the risk budget.
 *
 * The bet of J. L. Kelly, "A New Interpretation of Information Rate" (1956), for a small edge with variance σ².
 */
export function kellyUnits(input: KellyInput): number {
  const { edge, equity, liquidity, price, fraction, liquidityRatio, riskBudget } = input;
  if (!(edge > 0) || !(price > 0)) return 0;
  const volatility = Math.max(input.volatility, 1e-6);
  const bet = fraction * Math.min(1, edge / (volatility * volatility));
  const units = Math.min(equity * bet / price, liquidityRatio * liquidity, riskBudget / (volatility * price));
  return Math.max(0, units);
}
