/**
 * What an agent is: a pure function from what it sees to what it wants. It has no clock, no randomness and no input
 * but its view; it may write to its memory, which is plain data that the caller keeps, so that it can be snapshotted.
 */
import type { Token } from "../instrument.ts";
import type { OrderIntent } from "../order.ts";

/** Intents that an agent may have per tick; more suspends it. */
export const INTENTS_MAX = 16;

/** One instrument as an agent sees it. */
export interface InstrumentView {
  readonly token: Token;
  /** Last price, base units per unit; 0 before the first. */
  price: number;
  /** Units on offer at this tick; −1 = not known. */
  volume: number;
  /** Whether the price is fresh and the gate open, so that entries make sense. */
  tradable: boolean;
  /** What the agent holds, units. */
  qty: number;
  /** What a unit of it cost, base units; 0 without a position. */
  averageCost: number;
  /** Whether an order of the agent works in this instrument; then it should not enter again. */
  working: boolean;
  /** Whether that is, or one of them is, an exit. An exit takes back the agent's own entries that still work. */
  exiting: boolean;
}

/** What the engine thinks of the next blocks; probabilities. */
export interface PosteriorView {
  readonly trend: number;
  readonly revert: number;
  readonly chop: number;
  readonly rug: number;
}

/** Everything that an agent sees. The same object is filled anew for each tick: copy what is kept. */
export interface AgentView {
  height: number;
  timeMs: number;
  /** The agent's share of the account's equity, base units. */
  equity: number;
  /** What it may still spend with costs: the rest of its share, or the account's cash if that is less. */
  available: number;
  /** Fee of a fill, ratio of its value. */
  feeRatio: number;
  /** Most that a market order can be filled worse than the price at a tick, ratio of the price. */
  slippageRatio: number;
  /** Null while the posterior is off or has not learned anything that holds. */
  posterior: PosteriorView | null;
  readonly instruments: readonly InstrumentView[];
}

/** One parameter of an agent. */
export interface Parameter {
  readonly name: string;
  readonly type: "integer" | "number";
  readonly min: number;
  readonly max: number;
  readonly default: number;
  readonly unit: string;
  readonly meaning: string;
}

/** Values by parameter name. */
export type Parameters = Readonly<Record<string, number>>;

/** What is known of an agent without asking it. */
export interface AgentCard {
  readonly name: string;
  readonly title: string;
  /** Why it should make money, and when it will not. */
  readonly hypothesis: string;
  readonly parameters: readonly Parameter[];
  /** What must hold between parameters; null when it does. */
  readonly problem?: (parameters: Parameters) => string | null;
}

/** An agent. `M` is its memory: plain data. */
export interface Agent<M = unknown> extends AgentCard {
  /** Ticks that it looks at before its first decision. */
  warmup(parameters: Parameters): number;
  /** Memory before the first tick. */
  memory(parameters: Parameters): M;
  /** What it wants now. Returns {@link NOTHING} when that is nothing. */
  decide(view: AgentView, parameters: Parameters, memory: M): readonly OrderIntent[];
}

/** No intents. */
export const NOTHING: readonly OrderIntent[] = Object.freeze([]);

/** A market order to buy; the account writes the agent's name on it. */
export function buyIntent(token: Token, qty: number): OrderIntent {
  return marketIntent(token, "buy", qty, false);
}

/** A market order to sell what is held. */
export function sellIntent(token: Token, qty: number): OrderIntent {
  return marketIntent(token, "sell", qty, true);
}

function marketIntent(token: Token, side: "buy" | "sell", qty: number, reduceOnly: boolean): OrderIntent {
  return {
    token,
    side,
    qty,
    limit: null,
    timeInForce: "gtc",
    reduceOnly,
    clientOrderId: null,
    agent: null,
  };
}

/**
 * Parameters with their defaults, checked.
 *
 * @param given Values by name; unknown names are problems
 * @returns The values, and everything that is wrong with them as `field` and `message`
 */
export function resolveParameters(
  agent: Pick<AgentCard, "parameters" | "problem">,
  given: Readonly<Record<string, unknown>>,
): {
  readonly parameters: Parameters;
  readonly problems: readonly { readonly field: string; readonly message: string }[];
} {
  const problems: { field: string; message: string }[] = [];
  const names = new Set(agent.parameters.map(({ name }) => name));
  for (const name of Object.keys(given)) {
    if (!names.has(name)) {
      problems.push({ field: name, message: `unknown parameter; there are ${[...names].join(", ")}` });
    }
  }
  const parameters: Record<string, number> = {};
  for (const { name, type, min, max, default: fallback } of agent.parameters) {
    const value = Object.hasOwn(given, name) ? given[name] : fallback;
    const right = typeof value === "number" && value >= min && value <= max &&
      (type === "number" || Number.isInteger(value));
    if (!right) {
      const kind = type === "integer" ? "a whole number" : "a number";
      problems.push({
        field: name,
        message: `must be ${kind} within ${min}..${max}, found ${JSON.stringify(value)}`,
      });
    }
    parameters[name] = right ? value : fallback;
  }
  const between = problems.length === 0 ? agent.problem?.(parameters) ?? null : null;
  if (between !== null) problems.push({ field: "parameters", message: between });
  return { parameters, problems };
}
