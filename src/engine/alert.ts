/**
 * Alerts: a small table of rules over the state, each with a time that it must hold before it is raised and a time
 * that it must be gone before it is resolved, so that a flapping cause is one alert and not twenty.
 */
import type { CoreState } from "./state.ts";
import { gateOf } from "./state.ts";
import { MARKETS } from "./market.ts";
import { finalityLag } from "./network.ts";
import { isKnown } from "./reason.ts";
import { syncStatus } from "./sync.ts";

/** How bad it is. */
export type AlertSeverity = "info" | "warning" | "critical";

/** What a rule found: nothing, or a sentence about what is wrong. */
type Finding = string | null;

/** One rule. */
export interface AlertRule {
  readonly id: string;
  readonly severity: AlertSeverity;
  /** What it watches, for the documentation. */
  readonly meaning: string;
  readonly raiseAfterMs: number;
  readonly resolveAfterMs: number;
  test(state: CoreState, ambient: AlertAmbient): Finding;
}

/** What rules look at besides the state. */
export interface AlertAmbient {
  readonly nowMs: number;
  readonly store: {
    /** Why nothing can be written, or null. */
    readonly error: string | null;
    readonly bytes: number | null;
    readonly bytesMax: number | null;
  };
  /** Files of agents that could not be loaded. */
  readonly notLoaded: readonly { readonly file: string; readonly reason: string }[];
}

/** Blocks without finality from which on it is worth a warning. */
const FINALITY_LAG_BLOCKS = 50;

/** How long a cause must be gone. */
const CALM_MS = 30_000;

/** The rules, gravest first. */
export const ALERT_RULES: readonly AlertRule[] = [
  {
    id: "node_unreachable",
    severity: "critical",
    meaning: "The node does not answer",
    raiseAfterMs: 3_000,
    resolveAfterMs: 10_000,
    test: ({ link }, { nowMs }) =>
      !link.up && (link.bannedUntilMs === null || link.bannedUntilMs <= nowMs)
        ? link.reason ?? "the node has not answered yet"
        : null,
  },
  {
    id: "chain_halted",
    severity: "critical",
    meaning: "The chain was reorganised deeper than we follow; ingest stands still",
    raiseAfterMs: 0,
    resolveAfterMs: 0,
    test: ({ chain }) => chain.halted,
  },
  {
    id: "chain_stalled",
    severity: "critical",
    meaning: "The node answers, but its chain does not grow",
    raiseAfterMs: 0,
    resolveAfterMs: 10_000,
    test: (state) =>
      syncStatus(state) === "stalled" ? "no new block for longer than the chain's pace explains" : null,
  },
  {
    id: "node_banned",
    severity: "warning",
    meaning: "The node refuses us because this address asked too fast",
    raiseAfterMs: 0,
    resolveAfterMs: 5_000,
    test: ({ link }, { nowMs }) =>
      link.bannedUntilMs !== null && link.bannedUntilMs > nowMs
        ? `the node refuses us until ${new Date(link.bannedUntilMs).toISOString()} at the latest`
        : null,
  },
  {
    id: "finality_lag",
    severity: "warning",
    meaning: `More than ${FINALITY_LAG_BLOCKS} blocks are not final`,
    raiseAfterMs: 10_000,
    resolveAfterMs: CALM_MS,
    test: (state) => {
      const lag = finalityLag(state);
      return isKnown(lag) && lag > FINALITY_LAG_BLOCKS ? `${lag} blocks are not final` : null;
    },
  },
  {
    id: "store_error",
    severity: "critical",
    meaning: "Nothing can be written to the store; reads go on",
    raiseAfterMs: 0,
    resolveAfterMs: 5_000,
    test: (_state, { store }) => store.error,
  },
  {
    id: "disk_low",
    severity: "warning",
    meaning: "The store has used 90 % of store.max_bytes",
    raiseAfterMs: 0,
    resolveAfterMs: CALM_MS,
    test: (_state, { store }) =>
      store.bytes !== null && store.bytesMax !== null && store.bytes > 0.9 * store.bytesMax
        ? `the store holds ${store.bytes} of at most ${store.bytesMax} bytes`
        : null,
  },
  {
    id: "trading_halted",
    severity: "critical",
    meaning: "Trading is halted, by a drawdown or by the operator",
    raiseAfterMs: 0,
    resolveAfterMs: 0,
    test: ({ desk }) => desk.account?.halt?.reason ?? null,
  },
  {
    id: "trading_reducing",
    severity: "warning",
    meaning: "Positions may only be reduced: a protection has locked the account, or the operator said so",
    raiseAfterMs: 0,
    resolveAfterMs: 0,
    test: ({ desk: { account } }) =>
      account?.reducing ?? account?.locks.find(({ token }) => token === null)?.reason ?? null,
  },
  {
    id: "instrument_locked",
    severity: "info",
    meaning: "A protection has locked an instrument",
    raiseAfterMs: 0,
    resolveAfterMs: 0,
    test: ({ desk }) => {
      const locked = (desk.account?.locks ?? []).filter(({ token }) => token !== null);
      return locked.length > 0 ? locked.map(({ token, reason }) => `${token}: ${reason}`).join("; ") : null;
    },
  },
  {
    id: "agent_suspended",
    severity: "warning",
    meaning: "An agent is suspended",
    raiseAfterMs: 0,
    resolveAfterMs: 0,
    test: ({ desk }) => {
      const suspended = desk.account?.suspended ?? [];
      return suspended.length > 0
        ? suspended.map(({ agent, reason }) => `${agent}: ${reason}`).join("; ")
        : null;
    },
  },
  {
    id: "agent_not_loaded",
    severity: "warning",
    meaning: "A file of `trading.agents` could not be loaded",
    raiseAfterMs: 0,
    resolveAfterMs: 0,
    test: (_state, { notLoaded }) =>
      notLoaded.length > 0 ? notLoaded.map(({ file, reason }) => `${file}: ${reason}`).join("; ") : null,
  },
  ...MARKETS.map((market): AlertRule => ({
    id: `gate_closed_${market.id}`,
    severity: "info",
    meaning: `The gate of the ${market.id} market is closed`,
    raiseAfterMs: 5_000,
    resolveAfterMs: CALM_MS,
    test: (state) => {
      if (!state.options.enabled[market.id]) return null;
      const gate = gateOf(state, market.id);
      if (gate.state !== "closed") return null;
      return isKnown(gate.reason) ? `closed: ${gate.reason}` : "closed";
    },
  })),
];

/** One alert, from its raise to its resolution. */
export interface Alert {
  /** `<rule>-<count>`; unique within a store. */
  readonly id: string;
  readonly rule: string;
  readonly severity: AlertSeverity;
  readonly message: string;
  readonly raisedMs: number;
  readonly resolvedMs: number | null;
}

/** How one rule stands. */
interface RuleState {
  /** Since when the cause has been there without a break. */
  badSinceMs: number | null;
  /** Since when it has been gone without a break. */
  goodSinceMs: number | null;
  open: Alert | null;
}

/** State of all rules. */
export interface AlertState {
  rules: Map<string, RuleState>;
  count: number;
}

/**
 * The state in which rules begin.
 *
 * @param open Alerts that were open when the program ended
 * @param count How many alerts there have ever been
 */
export function beginAlerts(open: readonly Alert[] = [], count = 0): AlertState {
  return {
    rules: new Map(open.map((alert) => [alert.rule, { badSinceMs: null, goodSinceMs: null, open: alert }])),
    count,
  };
}

/** Tests every rule; returns the alerts that were raised or resolved. */
export function testRules(alerts: AlertState, state: CoreState, ambient: AlertAmbient): readonly Alert[] {
  const changed: Alert[] = [];
  for (const [id, { open }] of alerts.rules) {
    if (open === null || ALERT_RULES.some((rule) => rule.id === id)) continue;
    changed.push({ ...open, resolvedMs: ambient.nowMs }); // An earlier version of the program had such a rule.
    alerts.rules.delete(id);
  }
  for (const rule of ALERT_RULES) {
    const held = alerts.rules.get(rule.id) ?? { badSinceMs: null, goodSinceMs: null, open: null };
    alerts.rules.set(rule.id, held);
    const finding = rule.test(state, ambient);
    const { nowMs } = ambient;
    if (finding !== null) {
      held.badSinceMs ??= nowMs;
      held.goodSinceMs = null;
      if (held.open || nowMs - held.badSinceMs < rule.raiseAfterMs) continue;
      held.open = {
        id: `${rule.id}-${++alerts.count}`,
        rule: rule.id,
        severity: rule.severity,
        message: finding,
        raisedMs: nowMs,
        resolvedMs: null,
      };
      changed.push(held.open);
    } else {
      held.badSinceMs = null;
      held.goodSinceMs ??= nowMs;
      if (!held.open || nowMs - held.goodSinceMs < rule.resolveAfterMs) continue;
      changed.push({ ...held.open, resolvedMs: nowMs });
      held.open = null;
    }
  }
  return changed;
}

/** The alerts that are open, gravest first. */
export function openAlerts(alerts: AlertState): readonly Alert[] {
  return ALERT_RULES.flatMap(({ id }) => alerts.rules.get(id)?.open ?? []);
}
