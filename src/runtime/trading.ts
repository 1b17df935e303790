/**
 * Trading beside the core: it asks the agents after each block and carries out what operators want. Everything that it
 * decides becomes an event of the journal, so a replay asks nobody.
 */
import { decode, encode } from "../engine/codec.ts";
import type { EngineEvent } from "../engine/event.ts";
import { earnedProbabilities } from "../engine/posterior.ts";
import type { CoreState } from "../engine/state.ts";
import { INTENTS_MAX, resolveParameters } from "../engine/trading/agents/agent.ts";
import { AGENTS, type AnyAgent } from "../engine/trading/agents/registry.ts";
import { createView, refreshView } from "../engine/trading/agents/view.ts";
import { type AgentSettings, type DeskCommand, type DeskState, nextOrderId } from "../engine/trading/desk.ts";
import { MICRO } from "../engine/trading/money.ts";
import { isTerminal, type Order, type OrderIntent } from "../engine/trading/order.ts";
import type { TradingRules } from "../engine/trading/rules.ts";
import type { Log } from "../telemetry/log.ts";
import type { EngineLoop } from "./engine_loop.ts";
import type { Clock } from "./ports/clock.ts";
import type { OrderRow } from "./ports/store.ts";

/** Settings of an agent that nobody has set. */
export const DEFAULT_AGENT: AgentSettings = { enabled: false, share: 0.25, params: {} };

/** How an order request ended: a row, or why there is none. */
export type Placed =
  | { readonly kind: "placed"; readonly row: OrderRow }
  /** The client's key belongs to another order. */
  | { readonly kind: "conflict"; readonly row: OrderRow };

/** How a cancel ended. */
export type Cancelled =
  | { readonly kind: "cancelled"; readonly row: OrderRow }
  | { readonly kind: "unknown" }
  /** It had ended before. */
  | { readonly kind: "over"; readonly row: OrderRow };

/** What {@link Trading} needs. */
export interface TradingOptions {
  readonly loop: () => EngineLoop;
  readonly clock: Clock;
  readonly log: Log;
  readonly agents?: readonly AnyAgent[];
}

/** The trading desk's runtime. */
export class Trading {
  readonly agents: readonly AnyAgent[];
  readonly #options: TradingOptions;
  readonly #view = createView();

  constructor(options: TradingOptions) {
    this.#options = options;
    this.agents = options.agents ?? AGENTS;
  }

  /** Opens the desk with the rules of the configuration, if they are not in force yet. */
  configure(rules: TradingRules, capital: number): void {
    const { desk } = this.#loop.state;
    if (desk.base !== null && encode(desk.base) === encode(rules)) return;
    this.#loop.submit([this.#event({ type: "configure", rules, capital })]);
  }

  /** What the agents want after a block; null when none is asked. */
  afterSlot = (state: CoreState, height: number, atMs: number): EngineEvent | null => {
    const { desk } = state;
    if (desk.mode !== "paper" || !desk.running || desk.account === null || desk.rules === null) return null;
    const tip = state.chain.blocks[state.chain.blocks.length - 1];
    if (tip?.catchUp) return null; // An old block is no occasion to trade.
    const posterior = earnedProbabilities(state.posterior, state.features.height);
    const orders: { id: string; intent: OrderIntent }[] = [];
    const memories: Record<string, unknown> = {};
    for (const agent of this.agents) {
      const { enabled, params } = desk.settings.agents[agent.name] ?? DEFAULT_AGENT;
      if (!enabled || desk.account.suspended.some((entry) => entry.agent === agent.name)) continue;
      const { parameters } = resolveParameters(agent, params);
      // A copy: what an agent does to its memory counts once it is journaled.
      const memory = desk.memories[agent.name] === undefined
        ? agent.memory(parameters)
        : decode(encode(desk.memories[agent.name]));
      refreshView(this.#view, desk.account, desk.rules, agent.name, posterior);
      try {
        const intents = agent.decide(this.#view, parameters, memory);
        if (intents.length > INTENTS_MAX) {
          throw new RangeError(`it wants ${intents.length} orders at once, more than ${INTENTS_MAX}`);
        }
        for (const intent of intents) {
          orders.push({ id: nextOrderId(desk, orders.length), intent: { ...intent, agent: agent.name } });
        }
        memories[agent.name] = memory;
      } catch (error) {
        const reason = error instanceof Error ? error.message : String(error);
        this.#options.log.error("agent.failed", { agent: agent.name, error });
        return { kind: "desk", atMs, command: { type: "suspend", agent: agent.name, reason } };
      }
    }
    if (Object.keys(memories).length === 0) return null;
    return { kind: "desk", atMs, command: { type: "decided", height, orders, memories } };
  };

  /**
   * Places an order. It is durable when this returns. The same client key with the same order gives the order that it
   * made the first time.
   *
   * @throws {StoreError} If it could not be kept
   */
  place(intent: OrderIntent): Placed {
    const known = intent.clientOrderId === null ? null : this.#loop.store.orderOfClient(intent.clientOrderId);
    if (known) return { kind: isSame(known.order, intent) ? "placed" : "conflict", row: known };
    const id = nextOrderId(this.#desk);
    this.#execute({ type: "place", id, intent });
    return { kind: "placed", row: this.#loop.store.order(id)! };
  }

  /** Takes an order back. */
  cancel(id: string): Cancelled {
    const row = this.#loop.store.order(id);
    if (!row) return { kind: "unknown" };
    const works = this.#desk.account?.orders.some((order) => order.id === id) ?? false;
    if (!works || isTerminal(row.order.status)) return { kind: "over", row };
    this.#execute({ type: "cancel", id });
    return { kind: "cancelled", row: this.#loop.store.order(id)! };
  }

  /** Carries out a command of the operator. @throws {StoreError} If it could not be kept */
  command(command: DeskCommand): void {
    this.#execute(command);
    const { type } = command;
    this.#options.log.info(`desk.${type}`, "reason" in command ? { reason: command.reason } : {});
  }

  get #loop(): EngineLoop {
    return this.#options.loop();
  }

  get #desk(): DeskState {
    return this.#loop.state.desk;
  }

  #execute(command: DeskCommand): void {
    this.#loop.execute([this.#event(command)]);
  }

  #event(command: DeskCommand): EngineEvent {
    return { kind: "desk", atMs: this.#options.clock.nowMs(), command };
  }
}

function isSame(order: Readonly<Order>, intent: OrderIntent): boolean {
  return order.token === intent.token && order.side === intent.side && order.limit === intent.limit &&
    order.timeInForce === intent.timeInForce && order.reduceOnly === intent.reduceOnly &&
    // A quantity that was refused as none is kept as 0.
    (order.qtyMicro === Math.round(intent.qty * MICRO) || order.denial?.actual === intent.qty);
}
