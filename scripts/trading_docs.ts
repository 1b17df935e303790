/** docs/TRADING.md: the words are here, the tables come from the engine. */
import { AGENTS, type AnyAgent } from "../src/engine/trading/agents/registry.ts";
import { INTENTS_MAX } from "../src/engine/trading/agents/agent.ts";
import { DENIAL_CODES } from "../src/engine/trading/denial.ts";
import { INSTRUMENTS } from "../src/engine/trading/instrument.ts";
import {
  ORDER_STATES,
  ORDER_TRANSITIONS,
  type OrderStatus,
  TIMES_IN_FORCE,
} from "../src/engine/trading/order.ts";
import { FEW_RETURNS } from "../src/engine/trading/performance.ts";
import { PROTECTIONS } from "../src/engine/trading/protection.ts";
import { DEFAULT_RULES } from "../src/engine/trading/rules.ts";
import { TRADING_STATES } from "../src/engine/trading/state.ts";
import { FEW_TRADES } from "../src/engine/trading/trade_statistics.ts";
import { DECISION_MS_MAX, MISSES_MAX } from "../src/runtime/agent_host.ts";
import { MEMORY_TEXT_MAX } from "../src/runtime/agent_protocol.ts";
import { code, list, table } from "./markdown.ts";

/** The document. */
export function tradingDocument(note: string): string {
  const { costs, fees, limits } = DEFAULT_RULES;
  return [
    "# Trading",
    note,
    "Paper trading and backtests run the same account (`src/engine/trading/account.ts`). It is told of ticks and " +
    "orders; the same calls in the same order give the same state, bit for bit. A tick is one block, or one bar.",
    "## Instruments",
    "Quantities have at most 6 decimals, prices are base units per unit, and nothing is sold short.",
    table(
      ["token", "market", "unit"],
      INSTRUMENTS.map(({ token, market, unit }) => [code(token), market, unit]),
    ),
    "The price is that of the newest receipts; until there are any, the node's own quote stands in, with an unknown " +
    "volume. The volume on offer in a tick is what settled in that block.",
    "## Orders",
    "The risk check comes before anything else. What it refuses is `denied`, with `code`, `limit` and `actual`; a " +
    "denial has no effect but that it counts for the order rate.",
    table(
      ["state", "meaning", "may be followed by"],
      (Object.keys(ORDER_TRANSITIONS) as OrderStatus[]).map((state) => [
        code(state),
        ORDER_STATES[state],
        ORDER_TRANSITIONS[state].map(code).join(", ") || "–",
      ]),
    ),
    table(
      ["time in force", "works"],
      Object.entries(TIMES_IN_FORCE).map(([name, meaning]) => [code(name), meaning]),
    ),
    "Every position has an owner: an agent, or the operator. An agent sells its own; the operator's sells take from " +
    "the operator's position first and then from the agents', each with a fill of its own. An agent's sell takes back " +
    "its own entries in that instrument that still work.",
    "## Denial codes",
    table(
      ["code", "meaning", "`limit`, `actual`"],
      Object.entries(DENIAL_CODES).map((
        [name, { sentence, values }],
      ) => [code(name), sentence, values ?? "–"]),
    ),
    "A sell of what is held is an exit: it is checked for its quantity, its limit price, the mode and the market only, " +
    "and passes in every state.",
    "## States of trading",
    table(
      ["state", "admits"],
      Object.entries(TRADING_STATES).map(([name, meaning]) => [code(name), meaning]),
    ),
    "Resuming after a drawdown halt measures the drawdown from the equity of that moment; the largest drawdown ever " +
    "is kept. Stop-loss and take-profit are market orders of the account: they pay their costs at the next tick, and " +
    "take the place of exits that wait for a better price, and of entries of the same owner.",
    "## Protections",
    "They look back over a window, and lock an instrument or the whole account for a while. A lock says which " +
    "protection made it, why, and until when; the operator can lift it. What works against a lock is cancelled.",
    table(
      ["protection", "what it does"],
      Object.entries(PROTECTIONS).map(([name, what]) => [code(name), what]),
    ),
    "## How orders are filled",
    "Where there is a choice, the worse one for us:",
    [
      "1. At a height above the one that the order was placed at, at the open of the bar if it has one. `same_bar` " +
      "fills exist for backtests that ask for them.",
      `2. At the price plus or minus half the spread (${costs.spreadRatio}), the fixed slippage ` +
      `(${costs.slippageRatio}) and the impact: our share of the tick's volume times ${costs.impactRatio}, at most ` +
      `${costs.impactMaxRatio}. Orders of the same tick pay the impact of those before them. An unknown volume ` +
      "costs the largest impact, unless a backtest of data without volumes says that there is none.",
      `3. At most ${costs.participationMaxRatio} of the tick's volume, for all orders together, oldest first; the ` +
      "rest works on.",
      "4. Never beyond the limit, costs included: only as much is filled as stays within it.",
      "5. Never at a stale price or without one. Entries need an open gate, exits one that is open or throttled.",
      "6. Never so that cash becomes negative, or a limit of value is passed at the price of the fill.",
      `7. The fee is ${fees.ratio} of the value. Money is rounded to whole base units, always against us: what we ` +
      "pay up, what we get down, positions down. In backtests of plain price series nothing is rounded.",
    ].join("\n"),
    `The figures are the defaults. Limits by default: drawdown ${limits.maxDrawdownRatio}, exposure ` +
    `${limits.maxExposureRatio} of equity, ${limits.workingOrdersMax} working entries, ${limits.orderRate.count} ` +
    `entries in ${limits.orderRate.windowMs / 1000} s, prices not older than ${
      limits.staleAfterMs / 1000
    } s.`,
    "A fill of paper trading stays when its block is taken back by a reorganisation: it was never on the chain.",
    "## Figures",
    list([
      "**Equity** is cash and positions at their last prices. `cash + cost of positions = capital + realised` holds " +
      "to the base unit. Realised profit is after fees; the cost of a position is the mean of its buys.",
      "**Sampling**: closes of intervals aligned to UTC, one day unless said otherwise; an interval without a point " +
      "keeps the last close; n intervals give n − 1 returns. A year has 365 days.",
      "**Sharpe** = mean(r − f) / s · √P, s over n − 1, P intervals a year; its 95 % interval and the probability that " +
      "it is above 0 use the error for returns that are not normal (Mertens 2002).",
      "**Sortino** = mean(r − f) / √(Σ min(r − f, 0)² / n) · √P. **Calmar** = growth a year / largest drawdown.",
      "**Drawdown** = (peak − equity) / peak over every point, open positions included. That of one instrument is " +
      "its fall below its best profit, as a ratio of the capital.",
      "**Value at risk** is the 5 % quantile of past moves (linear between ranks), **expected shortfall** the mean of " +
      "those at or below it; at least 20 moves.",
      "**Trade**: from the first buy of an owner's position to the sell that closes it, after all fees. Win rate with " +
      "the interval of Wilson, mean profit with that of Student's t, profit factor = gross profit / gross loss.",
      `Below ${FEW_RETURNS} returns or ${FEW_TRADES} trades a figure says that it rests on few. What is undefined ` +
      "is `null` with a reason, never 0 or infinite.",
    ]),
    "The figures agree with exact fractions in Python to 1e-9 (`tests/fixtures/trading/expected_figures.py`).",
    "## Agents",
    "An agent is a pure function from what it sees to what it wants, called after each tick. It has a share of equity, " +
    "its own positions and fills under its name. `POST /state` with " +
    '`{"settings": {"agents": {"momentum": {"enabled": true, "share": 0.2, "params": {}}}}}` switches it on; those that ' +
    "are not named stay as they are, and `running` starts and stops all of them. One that is switched off takes back " +
    "its entries and forgets; its positions stay, and the operator can sell them. One that throws is suspended, with " +
    "the alert `agent_suspended`: its entries are refused until it is switched off and on again, or a new account is " +
    "opened. What agents want and remember stands in the journal, so a replay asks nobody.",
    ...AGENTS.flatMap(agentPart),
    "### Your own",
    "Copy `src/engine/trading/agents/template.ts`, which explains itself, and name the file in the configuration: " +
    '`[trading] agents = ["mine.ts"]`, at most 16. It is loaded when the program starts; one that cannot be loaded is ' +
    "in the log and in the alert `agent_not_loaded`, and stops nothing. The file needs no import and runs in a worker " +
    `of its own, which is asked after each block without anybody waiting for it; while it still thinks it sits blocks ` +
    `out. All that a decision may depend on is in its arguments. It has ${DECISION_MS_MAX} ms for a decision, at most ${INTENTS_MAX} intents a tick, and a memory of ` +
    `${MEMORY_TEXT_MAX} characters as text. Being late, throwing, returning too much or something else than intents is ` +
    `a miss; each answer in time takes one miss back, and at ${MISSES_MAX} the agent is suspended and its worker ` +
    "ended. Agents share cash, the order rate and the limits of the account, so keep their number of orders small. " +
    "`deno task start:locked` may not read the file; `main.ts doctor --flags --config FILE` prints the flags that do. " +
    "This protects from mistakes, not from malice: the file has the permissions of the program, so only run " +
    "one that you have read.",
  ].join("\n\n");
}

function agentPart({ name, title, hypothesis, parameters }: AnyAgent): readonly string[] {
  return [
    `### ${title} (${code(name)})`,
    hypothesis,
    table(
      ["parameter", "values", "default", "unit", "meaning"],
      parameters.map(({ name: parameter, type, min, max, default: fallback, unit, meaning }) => [
        code(parameter),
        `${type}, ${min}..${max}`,
        String(fallback),
        unit,
        meaning,
      ]),
    ),
  ];
}
