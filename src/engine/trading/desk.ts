/**
 * The trading desk: the mode, the paper account and what the operator set. It changes by commands and by ticks, both of
 * which come from the journal, so a replay gives the same desk. Nothing of it is taken back by a reorganisation: an
 * order that was filled at a price of the abandoned branch stays filled, as it would have on a real venue.
 */
import type { TradingChange } from "../change.ts";
import { encode } from "../codec.ts";
import {
  type AccountState,
  advance,
  cancelEntriesOf,
  cancelOrder,
  deleteLock,
  emergencyStop,
  flatten,
  openAccount,
  reduceOnly,
  resume,
  resumeAgent,
  submitOrder,
  suspendAgent,
  type TradingSink,
} from "./account.ts";
import { perToken, type Token, TOKENS } from "./instrument.ts";
import type { OrderIntent } from "./order.ts";
import type { TradingMode, TradingRules } from "./rules.ts";
import type { RiskEvent } from "./state.ts";
import type { Tick } from "./tick.ts";
import { addFill, type Attribution } from "./trade_statistics.ts";

/** Risk events that are kept to be shown. */
export const RISK_EVENTS_KEPT = 100;

/** What the operator set for one agent. */
export interface AgentSettings {
  readonly enabled: boolean;
  /** Share of equity that its positions may be worth. */
  readonly share: number;
  readonly params: Readonly<Record<string, number>>;
}

/** Settings of an agent that nobody has set. */
export const DEFAULT_AGENT: AgentSettings = { enabled: false, share: 0.25, params: {} };

/** What the operator set. */
export interface DeskSettings {
  readonly agents: Readonly<Record<string, AgentSettings>>;
}

/** A change of what `POST /state` sets; what is absent stays. */
export interface DeskPatch {
  readonly running?: boolean;
  readonly mode?: TradingMode;
  readonly paperAssets?: readonly Token[];
  readonly paperCapital?: number;
  readonly settings?: DeskSettings;
}

/** What can be done at the desk. */
export type DeskCommand =
  | {
    /** What the configuration says; the first of them opens the desk. */
    readonly type: "configure";
    readonly rules: TradingRules;
    readonly capital: number;
  }
  | { readonly type: "set"; readonly patch: DeskPatch }
  | { readonly type: "place"; readonly id: string; readonly intent: OrderIntent }
  | { readonly type: "cancel"; readonly id: string }
  | { readonly type: "stop"; readonly reason: string }
  | { readonly type: "reduce"; readonly reason: string }
  | { readonly type: "flatten" }
  | { readonly type: "resume" }
  | { readonly type: "unlock"; readonly id: string }
  | { readonly type: "suspend"; readonly agent: string; readonly reason: string }
  | {
    /** What agents wanted after a block, in the order in which they were asked, and what they remember. */
    readonly type: "decided";
    readonly height: number;
    readonly orders: readonly { readonly id: string; readonly intent: OrderIntent }[];
    readonly memories: Readonly<Record<string, unknown>>;
  };

/** The desk. Only this file writes to it. */
export interface DeskState {
  /** What the configuration says; null before the first `configure`. */
  base: TradingRules | null;
  /** The rules in force: the configuration's with mode, instruments and shares of the operator. */
  rules: TradingRules | null;
  mode: TradingMode;
  /** Whether agents decide. */
  running: boolean;
  /** Counts changes of mode and settings, for writers that must not overwrite each other. */
  rev: number;
  paperAssets: readonly Token[];
  paperCapital: number;
  settings: DeskSettings;
  /** Number of the paper account; 0 = none has been opened, and `account` only serves to answer. */
  epoch: number;
  epochMs: number;
  account: AccountState | null;
  /** Orders that were placed, for their ids. */
  orderCount: number;
  /** Event time of the newest command or tick; never falls. */
  nowMs: number;
  /** What each agent remembers. */
  memories: Readonly<Record<string, unknown>>;
  /** The newest last. */
  riskEvents: RiskEvent[];
  /** What each agent, and the operator, did in the present account. */
  attribution: Attribution[];
}

/** A desk that nobody has opened. */
export function closedDesk(): DeskState {
  return {
    base: null,
    rules: null,
    mode: "monitor",
    running: false,
    rev: 0,
    paperAssets: TOKENS,
    paperCapital: 0,
    settings: { agents: {} },
    epoch: 0,
    epochMs: 0,
    account: null,
    orderCount: 0,
    nowMs: 0,
    memories: {},
    riskEvents: [],
    attribution: [],
  };
}

/** Carries a command out and tells what it changed. */
export function applyCommand(
  desk: DeskState,
  command: DeskCommand,
  nowMs: number,
  tell: (change: TradingChange) => void,
): void {
  desk.nowMs = Math.max(desk.nowMs, nowMs);
  const sink = sinkOf(desk, tell);
  if (command.type === "configure") return configure(desk, command.rules, command.capital);
  const { account, rules } = desk;
  if (account === null || rules === null) return; // Nothing was configured: nothing can be done.
  switch (command.type) {
    case "set":
      return set(desk, command.patch, sink);
    case "place":
      desk.orderCount++;
      submitOrder(account, rules, command.intent, command.id, desk.nowMs, sink);
      return;
    case "cancel":
      cancelOrder(account, command.id, desk.nowMs, sink);
      return;
    case "stop":
      return emergencyStop(account, command.reason, desk.nowMs, sink);
    case "reduce":
      return reduceOnly(account, command.reason, desk.nowMs, sink);
    case "flatten":
      flatten(account, rules, desk.nowMs, sink);
      return;
    case "resume":
      return resume(account, desk.nowMs, sink);
    case "unlock":
      deleteLock(account, command.id, desk.nowMs, sink);
      return;
    case "suspend":
      desk.memories = without(desk.memories, command.agent);
      return suspendAgent(account, command.agent, command.reason, desk.nowMs, sink);
    case "decided":
      desk.memories = { ...desk.memories, ...command.memories };
      for (const { id, intent } of command.orders) {
        desk.orderCount++;
        submitOrder(account, rules, intent, id, desk.nowMs, sink);
      }
      return;
    default:
      return command satisfies never;
  }
}

/** Works off a block: fills, marks, protections. */
export function tickDesk(desk: DeskState, tick: Tick, tell: (change: TradingChange) => void): void {
  const { account, rules } = desk;
  if (account === null || rules === null) return;
  desk.nowMs = Math.max(desk.nowMs, tick.timeMs);
  const timeMs = desk.nowMs; // A reorganisation can turn the chain's time back; the desk's never falls.
  advance(account, rules, { ...tick, timeMs }, sinkOf(desk, tell));
  if (desk.epoch === 0) return;
  const { equity, cash, realized } = account;
  tell({ kind: "equity", epoch: desk.epoch, point: { timeMs, equity, cash, realized } });
}

/** Id of the order that is placed next; `after` counts the ones that are placed with it, before it. */
export function nextOrderId(desk: DeskState, after = 0): string {
  return `o-${desk.orderCount + 1 + after}`;
}

/** What the operator set for an agent, or what holds as long as he has not. */
export function agentSettings({ settings }: DeskState, agent: string): AgentSettings {
  return Object.hasOwn(settings.agents, agent) ? settings.agents[agent]! : DEFAULT_AGENT;
}

/** Whether an agent is to be asked after a block. */
export function mayDecide(desk: DeskState, agent: string): boolean {
  return desk.mode === "paper" && desk.running && desk.account !== null &&
    agentSettings(desk, agent).enabled && !desk.account.suspended.some((entry) => entry.agent === agent);
}

function configure(desk: DeskState, base: TradingRules, capital: number): void {
  desk.base = base;
  if (desk.account === null) {
    desk.paperCapital = capital;
    desk.account = openAccount(capital, base, "paper-0");
  }
  desk.rules = rulesOf(desk, base);
}

function set(desk: DeskState, patch: DeskPatch, sink: TradingSink): void {
  const before = desk.mode;
  if (patch.running !== undefined) desk.running = patch.running;
  if (patch.mode !== undefined) desk.mode = patch.mode;
  if (patch.paperAssets !== undefined) desk.paperAssets = patch.paperAssets;
  if (patch.paperCapital !== undefined) desk.paperCapital = patch.paperCapital;
  if (patch.settings !== undefined) setAgents(desk, patch.settings, sink);
  desk.rev++;
  desk.rules = rulesOf(desk, desk.base!);
  if (desk.mode !== before) switchMode(desk, sink);
}

/** Entering paper opens a new account; leaving it takes back what works, and keeps the account to be looked at. */
function switchMode(desk: DeskState, sink: TradingSink): void {
  const account = desk.account!;
  for (const { id } of [...account.orders]) {
    cancelOrder(account, id, desk.nowMs, sink, `the mode was changed to ${desk.mode}`);
  }
  if (desk.mode !== "paper") return;
  const { halt } = account;
  desk.epoch++;
  desk.epochMs = desk.nowMs;
  desk.memories = {};
  desk.attribution = [];
  const opened = openAccount(desk.paperCapital, desk.rules!, `paper-${desk.epoch}`);
  // Prices are known already; only what was held and owed begins anew.
  for (const token of TOKENS) {
    const { price, fillPrice, volume, stale, gate, timeMs } = account.instruments[token];
    Object.assign(opened.instruments[token], { price, fillPrice, volume, stale, gate, timeMs });
  }
  opened.height = account.height;
  opened.timeMs = account.timeMs;
  // An emergency stop is the operator's, not the account's.
  if (halt?.code === "EMERGENCY_STOP") opened.halt = halt;
  desk.account = opened;
}

/** An agent that is switched off takes back what it still wanted to buy; switched on again it is not suspended any more. */
function setAgents(desk: DeskState, settings: DeskSettings, sink: TradingSink): void {
  const account = desk.account!;
  for (const agent of new Set([...Object.keys(desk.settings.agents), ...Object.keys(settings.agents)])) {
    const before = agentSettings(desk, agent);
    const after = agentSettings({ ...desk, settings }, agent);
    // What it remembers under other parameters, or of another time, is of no use.
    if (!after.enabled || encode(after.params) !== encode(before.params)) {
      desk.memories = without(desk.memories, agent);
    }
    if (after.enabled === before.enabled) continue;
    if (after.enabled) resumeAgent(account, agent, desk.nowMs, sink);
    else cancelEntriesOf(account, agent, "its agent was switched off", desk.nowMs, sink);
  }
  desk.settings = settings;
}

function without(memories: DeskState["memories"], agent: string): DeskState["memories"] {
  return Object.fromEntries(Object.entries(memories).filter(([name]) => name !== agent));
}

function rulesOf(desk: DeskState, base: TradingRules): TradingRules {
  return {
    ...base,
    mode: desk.mode,
    enabled: perToken((token) => base.enabled[token] && desk.paperAssets.includes(token)),
    shares: Object.fromEntries(
      Object.entries(desk.settings.agents).map(([agent, { share }]) => [agent, share]),
    ),
  };
}

function sinkOf(desk: DeskState, tell: (change: TradingChange) => void): TradingSink {
  const { epoch } = desk;
  return {
    onOrder: (order) => tell({ kind: "order", epoch, order: { ...order } }),
    onFill: (fill) => {
      addFill(desk.attribution, fill);
      tell({ kind: "fill", epoch, fill });
    },
    onTrade: (trade) => tell({ kind: "trade", epoch, trade }),
    onRisk: (event) => {
      desk.riskEvents.push(event);
      if (desk.riskEvents.length > RISK_EVENTS_KEPT) desk.riskEvents.shift();
    },
  };
}
