/**
 * Trading beside the core: it asks the agents after each block and carries out what operators want. Everything that it
 * decides becomes an event of the journal, so a replay asks nobody.
 */
import { decode, encode } from "../engine/codec.ts";
import type { EngineEvent, SlotEvent } from "../engine/event.ts";
import type { CoreState } from "../engine/state.ts";
import { type AgentCard, INTENTS_MAX, resolveParameters } from "../engine/trading/agents/agent.ts";
import { AGENTS, type AnyAgent } from "../engine/trading/agents/registry.ts";
import { createView, refreshView } from "../engine/trading/agents/view.ts";
import {
  agentSettings,
  type DeskCommand,
  type DeskState,
  mayDecide,
  nextOrderId,
} from "../engine/trading/desk.ts";
import { learnedPosterior } from "../engine/trading/market_tick.ts";
import { microOf } from "../engine/trading/money.ts";
import { isTerminal, type Order, type OrderIntent } from "../engine/trading/order.ts";
import type { TradingRules } from "../engine/trading/rules.ts";
import type { Log } from "../telemetry/log.ts";
import type { EngineLoop } from "./engine_loop.ts";
import type { Clock } from "./ports/clock.ts";
import type { OrderRow } from "./ports/store.ts";
import type { UserAgent } from "./user_agents.ts";

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
  /** Default: the shipped ones. */
  readonly agents?: readonly AnyAgent[];
  readonly users?: readonly UserAgent[];
}

/** The trading desk's runtime. */
export class Trading {
  /** Every agent that can be switched on. */
  readonly agents: readonly AgentCard[];
  readonly #options: TradingOptions;
  readonly #shipped: readonly AnyAgent[];
  readonly #users: readonly UserAgent[];
  readonly #view = createView();
  readonly #asking = new Set<Promise<void>>();
  /** Users' agents of which the desk knows that their worker was ended. */
  readonly #suspended = new Set<string>();
  #closed = false;

  constructor(options: TradingOptions) {
    this.#options = options;
    this.#shipped = options.agents ?? AGENTS;
    this.#users = options.users ?? [];
    this.agents = [...this.#shipped, ...this.#users.map(({ card }) => card)];
  }

  /** Opens the desk with the rules of the configuration, if they are not in force yet. */
  configure(rules: TradingRules, capital: number): void {
    const { desk } = this.#loop.state;
    if (desk.base !== null && encode(desk.base) === encode(rules)) return;
    this.#loop.submit([this.#event({ type: "configure", rules, capital })]);
  }

  /**
   * What the shipped agents want after a block, as events. Those of users are asked as well; what they answer is
   * submitted when it comes.
   */
  afterSlot = (state: CoreState, { height, atMs, newest }: SlotEvent): readonly EngineEvent[] => {
    const { desk } = state;
    if (desk.mode !== "paper" || !desk.running || desk.account === null || desk.rules === null) return [];
    const tip = state.chain.blocks[state.chain.blocks.length - 1];
    if (tip?.catchUp && !newest) return []; // An old block is no occasion to trade.
    const posterior = learnedPosterior(state, state.features.height);
    for (const agent of this.#users) {
      const { name } = agent.card;
      if (agent.busy || !mayDecide(desk, name)) continue;
      refreshView(this.#view, desk.account, desk.rules, name, posterior);
      const asking = this.#ask(agent, desk, height).finally(() => this.#asking.delete(asking));
      this.#asking.add(asking);
    }
    const events: EngineEvent[] = [];
    const wanted: OrderIntent[] = [];
    const memories: Record<string, unknown> = {};
    for (const agent of this.#shipped) {
      const { name } = agent;
      if (!mayDecide(desk, name)) continue;
      const { parameters } = resolveParameters(agent, agentSettings(desk, name).params);
      // A copy: what an agent does to its memory counts once it is journaled.
      const memory = desk.memories[name] === undefined
        ? agent.memory(parameters)
        : decode(encode(desk.memories[name]));
      refreshView(this.#view, desk.account, desk.rules, name, posterior);
      try {
        const intents = agent.decide(this.#view, parameters, memory);
        if (intents.length > INTENTS_MAX) {
          throw new RangeError(`it wants ${intents.length} orders at once, more than ${INTENTS_MAX}`);
        }
        for (const intent of intents) wanted.push({ ...intent, agent: name });
        memories[name] = memory;
      } catch (error) {
        this.#options.log.error("agent.suspended", { agent: name, error });
        events.push({
          kind: "desk",
          atMs,
          command: { type: "suspend", agent: name, reason: messageOf(error) },
        });
      }
    }
    if (Object.keys(memories).length > 0) {
      events.push({ kind: "desk", atMs, command: decided(desk, height, wanted, memories) });
    }
    return events;
  };

  /** Ends the users' agents; what they still answer does not count. */
  async close(): Promise<void> {
    this.#closed = true;
    await Promise.all(this.#users.map((agent) => agent.close()));
    await this.idle();
  }

  /** Waits until no user's agent is being asked. */
  async idle(): Promise<void> {
    await Promise.all(this.#asking);
  }

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

  /** Asks a user's agent, with the view as it is now, what it wants; submits what follows. */
  async #ask(agent: UserAgent, desk: DeskState, height: number): Promise<void> {
    const { name } = agent.card;
    const { account } = desk;
    const settings = agentSettings(desk, name);
    const submit = (command: DeskCommand) => {
      const now = this.#desk;
      const holds = now.account === account && agentSettings(now, name) === settings && mayDecide(now, name);
      // While nothing can be kept, nothing is done: it is asked again, or says again that it is suspended.
      if (this.#closed || !holds || this.#loop.storeError !== null) return false;
      this.#loop.submit([this.#event(command)]);
      return true;
    };
    const suspend = (reason: string) => {
      if (submit({ type: "suspend", agent: name, reason })) this.#suspended.add(name);
      this.#options.log.error("agent.suspended", { agent: name, reason });
    };
    if (this.#suspended.delete(name)) { // Somebody has readmitted it.
      const problem = await agent.restart();
      return problem === null ? undefined : suspend(problem);
    }
    const known = desk.memories[name];
    const memory = known === undefined ? null : encode(known);
    try {
      const answer = await agent.ask({ view: this.#view, parameters: settings.params, memory });
      if (answer.kind === "suspended") return suspend(answer.reason);
      if (answer.kind === "missed") {
        return this.#options.log.warn("agent.missed", { agent: name, reason: answer.reason });
      }
      if (answer.intents.length === 0 && answer.memory === memory) return;
      submit(decided(this.#desk, height, answer.intents, { [name]: decode(answer.memory) }));
    } catch (error) {
      await agent.suspend(messageOf(error));
      suspend(messageOf(error));
    }
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
    order.qtyMicro === (microOf(intent.qty) ?? 0);
}

/** Reasons are journaled and shown: they have a limit. */
function messageOf(error: unknown): string {
  return String(error instanceof Error ? error.message : error).slice(0, 500);
}

function decided(
  desk: DeskState,
  height: number,
  wanted: readonly OrderIntent[],
  memories: Readonly<Record<string, unknown>>,
): DeskCommand {
  const orders = wanted.map((intent, i) => ({ id: nextOrderId(desk, i), intent }));
  return { type: "decided", height, orders, memories };
}
