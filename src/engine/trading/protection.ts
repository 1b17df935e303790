/** Locks, and the protections that set them. They count the same live and in a backtest. */
import type { Token } from "./instrument.ts";
import { type Protection, TRADES_KEPT, type TradingRules } from "./rules.ts";
import type { AccountState, ClosedTrade, Lock, TradingSink } from "./state.ts";

/** Parts that the window of the equity protection is cut into; its peak is exact to one part. */
const WINDOW_PARTS = 60;

/** What each protection does. */
export const PROTECTIONS: Readonly<Record<Protection["kind"], string>> = {
  stoploss_guard: "locks after a number of losing stop-loss exits within a window",
  max_drawdown: "locks everything after closed trades of a window drew their running profit down too far",
  equity_drawdown:
    "locks everything after equity, open positions included, fell too far below its peak of a window",
  low_profit_tokens: "locks an instrument whose trades of a window together made too little",
  cooldown: "locks an instrument for a while after each closed trade",
};

/** Lifts the locks whose time is over. */
export function expireLocks(state: AccountState, nowMs: number, sink: TradingSink): void {
  for (let i = state.locks.length - 1; i >= 0; i--) {
    const lock = state.locks[i]!;
    if (lock.untilMs <= nowMs) lift(state, i, nowMs, sink, "its time is over");
  }
}

/**
 * Lifts one lock.
 *
 * @returns False when there is none of this id
 */
export function deleteLock(state: AccountState, id: string, nowMs: number, sink: TradingSink): boolean {
  const index = state.locks.findIndex((lock) => lock.id === id);
  if (index < 0) return false;
  lift(state, index, nowMs, sink, "the operator lifted it");
  return true;
}

function lift(state: AccountState, index: number, atMs: number, sink: TradingSink, why: string): void {
  const [lock] = state.locks.splice(index, 1);
  sink.onRisk({ kind: "unlocked", atMs, detail: why, lock: lock!, halt: null, agent: null });
}

/** Asks the protections after trades were closed. */
export function judgeTrades(
  state: AccountState,
  rules: TradingRules,
  closed: readonly ClosedTrade[],
  sink: TradingSink,
): void {
  if (rules.protections.length === 0) return;
  const recent = state.recentTrades;
  recent.push(...closed);
  let lookbackMs = 0;
  for (const protection of rules.protections) {
    if ("lookbackMs" in protection) lookbackMs = Math.max(lookbackMs, protection.lookbackMs);
  }
  const old = recent.findIndex(({ closedMs }) => closedMs > state.timeMs - lookbackMs);
  recent.splice(0, Math.max(old < 0 ? recent.length : old, recent.length - TRADES_KEPT));
  for (const protection of rules.protections) {
    for (const trade of closed) judgeTrade(state, protection, trade, sink);
  }
}

function judgeTrade(
  state: AccountState,
  protection: Protection,
  trade: ClosedTrade,
  sink: TradingSink,
): void {
  const within = (lookbackMs: number) =>
    state.recentTrades.filter(({ closedMs }) => closedMs > state.timeMs - lookbackMs);
  switch (protection.kind) {
    case "cooldown":
      return lock(state, protection, trade.token, `a trade in ${trade.token} was closed`, sink);
    case "stoploss_guard": {
      const stops = within(protection.lookbackMs).filter(({ cause, profit, token }) =>
        cause === "stop_loss" && profit < 0 && (!protection.perToken || token === trade.token)
      );
      if (stops.length < protection.tradeLimit) return;
      const token = protection.perToken ? trade.token : null;
      return lock(state, protection, token, `${stops.length} stop-loss exits within the window`, sink);
    }
    case "low_profit_tokens": {
      const trades = within(protection.lookbackMs).filter(({ token }) => token === trade.token);
      if (trades.length < protection.tradeLimit) return;
      const sum = trades.reduce((total, { profitRatio }) => total + profitRatio, 0);
      if (sum >= protection.requiredProfitRatio) return;
      const why = `${trades.length} trades in ${trade.token} made ${percent(sum)} together`;
      return lock(state, protection, trade.token, why, sink);
    }
    case "max_drawdown": {
      const trades = within(protection.lookbackMs);
      if (trades.length < protection.tradeLimit) return;
      const drawdown = profitDrawdown(trades) / state.capital;
      if (drawdown < protection.maxDrawdownRatio) return;
      return lock(
        state,
        protection,
        null,
        `closed trades drew down ${percent(drawdown)} of the capital`,
        sink,
      );
    }
    case "equity_drawdown":
      return; // Judged at every tick.
    default:
      return unreachable(protection);
  }
}

/** Largest fall of the running profit, money. */
function profitDrawdown(trades: readonly ClosedTrade[]): number {
  let sum = 0;
  let peak = 0;
  let worst = 0;
  for (const { profit } of trades) {
    sum += profit;
    if (sum > peak) peak = sum;
    if (peak - sum > worst) worst = peak - sum;
  }
  return worst;
}

/** Asks the equity protections; call once per tick, after equity is known. */
export function judgeEquity(state: AccountState, rules: TradingRules, sink: TradingSink): void {
  const { protections } = rules;
  for (let i = 0; i < protections.length; i++) {
    const protection = protections[i]!;
    if (protection.kind !== "equity_drawdown") continue;
    const peak = windowPeak(state, protection.lookbackMs);
    const drawdown = (peak - state.equity) / peak;
    if (drawdown < protection.maxDrawdownRatio) continue;
    if (state.locks.some((held) => held.token === null && held.protection === protection.kind)) continue;
    lock(state, protection, null, `equity fell ${percent(drawdown)} below its peak of the window`, sink);
  }
}

/** Highest equity of the window. The rules check that there is one equity protection at most. */
function windowPeak(state: AccountState, lookbackMs: number): number {
  const parts = state.equityPeaks;
  const last = parts[parts.length - 1];
  if (!last || state.timeMs - last.sinceMs >= lookbackMs / WINDOW_PARTS || state.timeMs < last.sinceMs) {
    parts.push({ sinceMs: state.timeMs, peak: state.equity });
    while (parts.length > WINDOW_PARTS + 1 || parts[0]!.sinceMs < state.timeMs - lookbackMs) parts.shift();
  } else if (state.equity > last.peak) last.peak = state.equity;
  let peak = 0;
  for (let i = 0; i < parts.length; i++) if (parts[i]!.peak > peak) peak = parts[i]!.peak;
  return peak;
}

/** Sets a lock, or makes the one that this protection holds there last longer. */
function lock(
  state: AccountState,
  protection: Protection,
  token: Token | null,
  reason: string,
  sink: TradingSink,
): void {
  const untilMs = state.timeMs + protection.lockMs;
  const held = state.locks.find((other) => other.token === token && other.protection === protection.kind);
  if (held) {
    held.untilMs = Math.max(held.untilMs, untilMs);
    return;
  }
  const made: Lock = {
    id: `${state.id}-lock-${++state.lockCount}`,
    token,
    protection: protection.kind,
    reason,
    sinceMs: state.timeMs,
    untilMs,
  };
  state.locks.push(made);
  sink.onRisk({ kind: "locked", atMs: state.timeMs, detail: reason, lock: made, halt: null, agent: null });
}

function percent(ratio: number): string {
  return `${(ratio * 100).toFixed(2)} %`;
}

function unreachable(protection: never): never {
  throw new TypeError(`Cannot judge protection of unknown kind: ${JSON.stringify(protection)}`);
}
