/** Views of what the agents did: sums of attributed fills, and figures of closed trades with how far they carry. */
import type { CoreState } from "../../engine/state.ts";
import { absent, isKnown, type Known } from "../../engine/reason.ts";
import type { AgentCard } from "../../engine/trading/agents/agent.ts";
import { agentSettings, type DeskState } from "../../engine/trading/desk.ts";
import { type ClosedTrade, valueAt } from "../../engine/trading/state.ts";
import { FEW_TRADES, tradeStatistics } from "../../engine/trading/trade_statistics.ts";
import type { Queries } from "../../runtime/ports/store.ts";
import { TRADES_MAX } from "../../runtime/trading_figures.ts";
import type { Draft } from "../body.ts";
import type { Strategies, StrategyBody } from "../wire.ts";
import { deskFreshness } from "./trading.ts";
import type { View } from "./view.ts";

type DraftOf<T> = { readonly [K in keyof T]: Draft<T[K]> };

/** Periods that strategies are judged over, in days. */
export const PERIODS = { "24h": 1, "7d": 7, "30d": 30, all: null } as const;

/** A period of {@link PERIODS}. */
export type Period = keyof typeof PERIODS;

/** Name of the row of orders that no agent placed. */
export const OPERATOR = "operator";

/** Units of strategies. */
export const STRATEGY_UNITS = {
  "strategies.pnl": "base units",
  "strategies.realized": "base units",
  "strategies.unrealized": "base units",
  "strategies.fees": "base units",
  "strategies.turnover": "base units",
  "strategies.share": "ratio of equity",
  "strategies.win_rate": "ratio",
  "strategies.expectancy": "base units a trade",
};

/** `GET /strategy/performance` over the life of the account. */
export const strategiesView: View<Strategies> = {
  units: STRATEGY_UNITS,
  build: (state, { agents, closedTrades }) => ({
    draft: strategiesDraft(state, closedTrades(state), agents, "all"),
    ...deskFreshness(state.desk),
    source: "engine",
  }),
};

/** Every agent, and the operator where he traded, over a period. */
export function strategiesDraft(
  { desk }: CoreState,
  trades: readonly ClosedTrade[],
  agents: readonly AgentCard[],
  period: Period,
): DraftOf<Strategies> {
  const names = new Set<string | null>(agents.map(({ name }) => name));
  // What one that is not there any more has traded stays in the account.
  const gone = new Set(desk.attribution.map(({ agent }) => agent).filter((agent) => !names.has(agent)));
  const rows = [
    ...agents.map(({ name, title }) => strategyDraft(desk, trades, name, title)),
    ...[...gone].map((agent) =>
      strategyDraft(desk, trades, agent, agent === null ? "Orders placed by hand" : "Not loaded any more")
    ),
  ];
  return { period, epoch: desk.epoch, truncated: trades.length >= TRADES_MAX, strategies: rows };
}

/** Closed trades of the present account within a period, oldest first. */
export function periodTrades(desk: DeskState, queries: Queries, period: Period): readonly ClosedTrade[] {
  if (desk.epoch === 0) return [];
  const days = PERIODS[period];
  return queries.trades(desk.epoch, days === null ? 0 : desk.nowMs - days * 86_400_000, TRADES_MAX);
}

function strategyDraft(
  desk: DeskState,
  trades: readonly ClosedTrade[],
  agent: string | null,
  title: string,
): DraftOf<StrategyBody> {
  const sums = { realized: 0, unrealized: 0, fees: 0, turnover: 0, fills: 0 };
  for (const row of desk.attribution) {
    if (row.agent !== agent) continue;
    sums.realized += row.realized;
    sums.fees += row.fees;
    sums.turnover += row.turnover;
    sums.fills += row.fills;
  }
  for (const { agent: owner, token, qtyMicro, cost } of desk.account?.positions ?? []) {
    if (owner !== agent) continue;
    // Rounded as the account does it, so that the owners add up to it.
    sums.unrealized += valueAt(qtyMicro, desk.account!.instruments[token].price, desk.rules!.quantum) - cost;
  }
  const settings = agent === null ? null : agentSettings(desk, agent);
  const suspended = desk.account?.suspended.find((entry) => entry.agent === agent)?.reason;
  const own = trades.filter((trade) => trade.agent === agent);
  const figures = tradeStatistics(own);
  const few = absent(
    "NO_SAMPLES",
    `${own.length} closed trades are fewer than ${FEW_TRADES}: too few to judge`,
  );
  const enough = (known: Known<number>) => figures.fewTrades && isKnown(known) ? few : known;
  return {
    id: agent ?? OPERATOR,
    name: agent ?? OPERATOR,
    title,
    enabled: settings?.enabled ?? true,
    suspended: suspended ?? absent("UNDEFINED", "it is not suspended"),
    share: settings?.share ?? 1,
    pnl: sums.realized + sums.unrealized,
    ...sums,
    trades: figures.trades,
    few_trades: figures.fewTrades,
    win_rate: figures.winRate,
    win_rate_low: figures.winRateLow,
    win_rate_high: figures.winRateHigh,
    profit_factor: enough(figures.profitFactor),
    expectancy: figures.expectancy,
    expectancy_low: figures.expectancyLow,
    expectancy_high: figures.expectancyHigh,
  };
}
