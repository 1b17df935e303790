/** From the configuration to the rules of the paper account. */
import { type Config, ConfigError } from "../config.ts";
import { perToken } from "../engine/trading/instrument.ts";
import { marketOfToken } from "../engine/trading/instrument.ts";
import { DEFAULT_RULES, type Protection, ruleProblems, type TradingRules } from "../engine/trading/rules.ts";

const HOUR_MS = 3_600_000;

/**
 * The rules that a configuration asks for.
 *
 * @throws {ConfigError} If no account can be opened by them
 */
export function tradingRules(
  { trading, risk, enabled }: Pick<Config, "trading" | "risk" | "enabled">,
): TradingRules {
  const rules: TradingRules = {
    ...DEFAULT_RULES,
    enabled: perToken((token) => enabled[marketOfToken(token)]),
    fees: { ratio: trading.feeRatio },
    costs: {
      ...DEFAULT_RULES.costs,
      spreadRatio: trading.spreadRatio,
      participationMaxRatio: trading.participationRatio,
    },
    limits: {
      ...DEFAULT_RULES.limits,
      maxDrawdownRatio: risk.maxDrawdownRatio,
      maxPosition: risk.maxPosition,
      maxConcurrentTrades: risk.maxConcurrentTrades,
      maxExposureRatio: risk.maxExposureRatio,
      orderRate: { count: risk.ordersPerMinute, windowMs: 60_000 },
      staleAfterMs: risk.staleAfterMs,
    },
    protections: protections(risk),
    exits: { stopLossRatio: trading.stopLossRatio, takeProfitRatio: trading.takeProfitRatio },
  };
  const problems = ruleProblems(rules);
  if (problems.length > 0) throw new ConfigError(problems);
  return rules;
}

function protections(
  { stoplossGuard, cooldownMs, equityDrawdownRatio }: Config["risk"],
): readonly Protection[] {
  const found: Protection[] = [];
  if (stoplossGuard !== null) {
    const tradeLimit = stoplossGuard;
    found.push({ kind: "stoploss_guard", lookbackMs: HOUR_MS, tradeLimit, lockMs: HOUR_MS, perToken: true });
  }
  if (cooldownMs !== null) found.push({ kind: "cooldown", lockMs: cooldownMs });
  if (equityDrawdownRatio !== null) {
    const maxDrawdownRatio = equityDrawdownRatio;
    found.push({ kind: "equity_drawdown", lookbackMs: 24 * HOUR_MS, lockMs: HOUR_MS, maxDrawdownRatio });
  }
  return found;
}
