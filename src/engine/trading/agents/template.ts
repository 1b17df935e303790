/**
 * A start for an agent of your own: copy this file anywhere, rename the agent, and name the file in the configuration.
 * It needs nothing but itself (the import below is of types only and may go). It runs in a worker of its own: `decide`
 * has to answer within 100 ms, with at most 16 intents, and depend on nothing but its arguments. docs/TRADING.md has
 * the rules.
 *
 * This one buys when the price is a given part below its highest price so far, and sells when it is back there.
 */
import type { Agent, AgentView, InstrumentView } from "./agent.ts";

/** What it remembers from tick to tick: plain data, at most 64 kB as text. */
interface Memory {
  high: number;
}

const agent: Agent<Memory> = {
  // Lower case; orders, fills and performance are listed under it.
  name: "buy_the_dip",
  title: "Buy the dip",
  // Why it should make money, and when it will not.
  hypothesis:
    "The price of a service returns to what it was after a short surplus. It loses when the fall is not the end of it.",
  // Checked before decide() sees them; an unknown or wrong value in the configuration is refused.
  parameters: [
    {
      name: "dip_ratio",
      type: "number",
      min: 0.001,
      max: 0.9,
      default: 0.05,
      unit: "ratio",
      meaning: "fall below the highest price at which it buys",
    },
    {
      name: "stake_ratio",
      type: "number",
      min: 0.001,
      max: 0.9,
      default: 0.2,
      unit: "ratio of the agent's equity",
      meaning: "value of an entry",
    },
  ],
  // Ticks that it looks at before it can decide anything.
  warmup: () => 1,
  // Memory before the first tick; decide() writes to it.
  memory: () => ({ high: 0 }),
  decide(view, parameters, memory) {
    // One row per instrument that it may trade; this example looks at the first one only.
    const instrument = view.instruments[0];
    // tradable: the price is fresh and the gate is open. working: an order of ours has not been filled yet; an exit
    // would take back an entry of ours that still works.
    if (!instrument?.tradable || instrument.working) return [];
    const { price, qty, token } = instrument;
    const reached = price >= memory.high;
    if (reached) memory.high = price;
    if (qty > 0) return reached ? [order(token, "sell", qty)] : [];
    if (price > memory.high * (1 - parameters.dip_ratio!)) return [];
    const units = unitsFor(view, instrument, view.equity * parameters.stake_ratio!);
    return units > 0 ? [order(token, "buy", units)] : [];
  },
};

/** A market order. A limit is the worst acceptable price; `reduceOnly` marks exits. */
function order(token: InstrumentView["token"], side: "buy" | "sell", qty: number) {
  return {
    token,
    side,
    qty,
    limit: null,
    timeInForce: "gtc",
    reduceOnly: side === "sell",
    clientOrderId: null,
    agent: null,
  } as const;
}

/** Units worth this money, with at most 6 decimals, leaving a tenth of what is available for costs. */
function unitsFor(view: AgentView, { price }: InstrumentView, money: number): number {
  return Math.floor(Math.min(money, view.available * 0.9) / price * 1e6) / 1e6;
}

/** The default export is the agent. */
export default agent;
