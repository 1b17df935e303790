/** What comes from an agent that we did not write is checked before it counts for anything. */
import { isToken } from "../instrument.ts";
import { type OrderIntent, TIMES_IN_FORCE } from "../order.ts";
import { type Agent, INTENTS_MAX, resolveParameters } from "./agent.ts";

const NAME = /^[a-z][a-z0-9_]{0,39}$/;
/** Names that rows of orders without an agent have, and that mean something else in an object. */
const RESERVED = ["operator", "constructor"];
const TEXTS = ["title", "hypothesis"] as const;
const FUNCTIONS = ["warmup", "memory", "decide"] as const;

/**
 * What keeps a value from being an agent.
 *
 * @returns Null when it is one
 */
export function agentProblem(value: unknown): string | null {
  if (typeof value !== "object" || value === null) return "the default export is no object";
  const given = value as Record<string, unknown>;
  if (typeof given.name !== "string" || !NAME.test(given.name)) {
    return "name must begin with a lower-case letter and hold at most 40 of a-z, 0-9 and _";
  }
  if (RESERVED.includes(given.name)) return `the name "${given.name}" is taken`;
  for (const field of TEXTS) {
    if (typeof given[field] !== "string" || given[field] === "") return `${field} must be a text`;
  }
  for (const field of FUNCTIONS) {
    if (typeof given[field] !== "function") return `${field} must be a function`;
  }
  if (!Array.isArray(given.parameters)) return "parameters must be a list";
  for (const parameter of given.parameters as Record<string, unknown>[]) {
    const { name, type, min, max, default: fallback } = parameter ?? {};
    const right = typeof name === "string" && (type === "integer" || type === "number") &&
      [min, max, fallback].every(Number.isFinite);
    if (!right) return "each parameter needs name, type (integer or number), min, max and default";
  }
  const { problems } = resolveParameters(value as Agent<never>, {});
  return problems.length > 0 ? `default of ${problems[0]!.field} ${problems[0]!.message}` : null;
}

/**
 * Intents from an unknown value, with nothing in them but what an agent may say.
 *
 * @returns The intents, or what is wrong with them as a whole
 */
export function checkIntents(
  value: unknown,
  agent: string,
): { readonly intents: readonly OrderIntent[] } | { readonly problem: string } {
  if (!Array.isArray(value)) return { problem: "decide() must return a list of intents" };
  if (value.length > INTENTS_MAX) {
    return { problem: `decide() returned ${value.length} intents, at most ${INTENTS_MAX} are allowed` };
  }
  const intents: OrderIntent[] = [];
  for (const [i, item] of value.entries()) {
    const problem = intentProblem(item);
    if (problem !== null) return { problem: `intents[${i}].${problem}` };
    const { token, side, qty, limit, timeInForce, reduceOnly } = item as OrderIntent;
    intents.push({ token, side, qty, limit, timeInForce, reduceOnly, clientOrderId: null, agent });
  }
  return { intents };
}

function intentProblem(value: unknown): string | null {
  if (typeof value !== "object" || value === null) return "must be an object";
  const { token, side, qty, limit, timeInForce, reduceOnly } = value as Record<string, unknown>;
  if (typeof token !== "string" || !isToken(token)) return "token is no instrument";
  if (side !== "buy" && side !== "sell") return "side must be buy or sell";
  if (typeof qty !== "number") return "qty must be a number";
  if (limit !== null && typeof limit !== "number") return "limit must be a number or null";
  if (typeof timeInForce !== "string" || !Object.hasOwn(TIMES_IN_FORCE, timeInForce)) {
    return `timeInForce must be one of ${Object.keys(TIMES_IN_FORCE).join(", ")}`;
  }
  return typeof reduceOnly === "boolean" ? null : "reduceOnly must be true or false";
}
