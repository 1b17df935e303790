/** What the operator, or a limit, does to an account as a whole, or to one agent. */
import type { Order } from "./order.ts";
import type { TradingRules } from "./rules.ts";
import { type AccountState, type Halt, NO_SINK, type TradingSink } from "./state.ts";
import { cancelEntries, endOrder, exitPosition } from "./working.ts";

/** Halts trading: entries that work are cancelled, positions and exits stay. */
export function emergencyStop(
  state: AccountState,
  reason: string,
  nowMs: number,
  sink: TradingSink = NO_SINK,
): void {
  haltTrading(state, { code: "EMERGENCY_STOP", reason, atMs: nowMs }, sink);
}

/** Halts trading for a reason of its own. */
export function haltTrading(state: AccountState, halt: Halt, sink: TradingSink): void {
  state.halt = halt;
  sink.onRisk({ kind: "halted", atMs: halt.atMs, detail: halt.reason, lock: null, halt, agent: null });
  cancelEntries(state, "trading is halted", sink);
}

/** Allows reductions only, until {@link resume}. */
export function reduceOnly(
  state: AccountState,
  reason: string,
  nowMs: number,
  sink: TradingSink = NO_SINK,
): void {
  state.reducing = reason;
  sink.onRisk({ kind: "reducing", atMs: nowMs, detail: reason, lock: null, halt: null, agent: null });
  cancelEntries(state, "positions may only be reduced", sink);
}

/**
 * Ends a halt or a reduction. Locks stay: they end by themselves or one by one. After a drawdown halt the peak begins
 * anew at the present equity, or trading would halt again at once; `maxDrawdownRatio` keeps what was.
 */
export function resume(state: AccountState, nowMs: number, sink: TradingSink = NO_SINK): void {
  if (state.halt === null && state.reducing === null) return;
  if (state.halt?.code === "DRAWDOWN_HALT") {
    state.peakEquity = state.equity;
    state.drawdownRatio = 0;
  }
  const halt = state.halt;
  state.halt = null;
  state.reducing = null;
  sink.onRisk({ kind: "resumed", atMs: nowMs, detail: "by the operator", lock: null, halt, agent: null });
}

/** Sells every position by market orders, which take the place of exits that wait for a better price. */
export function flatten(
  state: AccountState,
  rules: TradingRules,
  nowMs: number,
  sink: TradingSink = NO_SINK,
): readonly Order[] {
  return [...state.positions].flatMap((position) =>
    exitPosition(state, rules, position, "flatten", nowMs, sink) ?? []
  );
}

/** The kill switch of one agent: its entries are cancelled and refused, its positions and exits stay. */
export function suspendAgent(
  state: AccountState,
  agent: string,
  reason: string,
  nowMs: number,
  sink: TradingSink = NO_SINK,
): void {
  if (state.suspended.some((entry) => entry.agent === agent)) return;
  state.suspended.push({ agent, reason, atMs: nowMs });
  sink.onRisk({ kind: "agent_suspended", atMs: nowMs, detail: reason, lock: null, halt: null, agent });
  cancelEntriesOf(state, agent, "its agent is suspended", nowMs, sink);
}

/** Takes back what an agent still wants to buy. */
export function cancelEntriesOf(
  state: AccountState,
  agent: string,
  why: string,
  nowMs: number,
  sink: TradingSink = NO_SINK,
): void {
  for (const order of [...state.orders]) {
    if (order.agent === agent && order.side === "buy") endOrder(state, order, "cancelled", why, nowMs, sink);
  }
}

/**
 * Lets an agent trade again.
 *
 * @returns False when it was not suspended
 */
export function resumeAgent(
  state: AccountState,
  agent: string,
  nowMs: number,
  sink: TradingSink = NO_SINK,
): boolean {
  const index = state.suspended.findIndex((entry) => entry.agent === agent);
  if (index < 0) return false;
  state.suspended.splice(index, 1);
  sink.onRisk({
    kind: "agent_resumed",
    atMs: nowMs,
    detail: "by the operator",
    lock: null,
    halt: null,
    agent,
  });
  return true;
}
