/** From a request to the rules that the account trades by. */
import { DEFAULT_RULES, type TradingRules } from "../engine/trading/rules.ts";
import type { BacktestRequest } from "./request.ts";

/**
 * The rules of a run. The guardrails are the account's own limits.
 *
 * On a recorded or simulated chain everything else is as in paper trading, so that the same journal gives the same
 * fills. Plain prices know neither spread nor gates nor other people's volume: there the request's slippage is the
 * whole cost, a bar's volume is all on offer, and money is not rounded.
 */
export function rulesOf(request: BacktestRequest, live: TradingRules = DEFAULT_RULES): TradingRules {
  const { data, fees, slippage, guardrails, fill } = request;
  const plainPrices = data.kind === "csv" || data.kind === "inline";
  const limits = {
    ...live.limits,
    maxDrawdownRatio: guardrails.max_drawdown,
    maxPosition: guardrails.max_position,
    maxConcurrentTrades: guardrails.max_concurrent_trades,
  };
  if (!plainPrices) {
    return {
      ...live,
      mode: "paper",
      fees: { ratio: fees.rate },
      costs: { ...live.costs, slippageRatio: slippage.rate },
      limits,
      fill,
    };
  }
  return {
    ...DEFAULT_RULES,
    fees: { ratio: fees.rate },
    costs: {
      spreadRatio: 0,
      slippageRatio: slippage.rate,
      impactRatio: 0,
      impactMaxRatio: 0,
      participationMaxRatio: 1,
      unknownVolume: "ignore",
    },
    limits: {
      ...limits,
      tokenMaxDrawdownRatio: null,
      maxOrder: null,
      maxExposureRatio: 1,
      orderRate: { count: 10_000, windowMs: 1 },
      staleAfterMs: Number.MAX_SAFE_INTEGER,
    },
    orderMaxAgeMs: Number.MAX_SAFE_INTEGER,
    quantum: 0,
    fill,
  };
}
