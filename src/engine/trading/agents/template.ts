/**
 * A start for an agent of your own: copy this file, change the name, and name it in the configuration. It runs in a
 * worker of its own; the rules are in docs/TRADING.md. `decide` must not use clocks, randomness or anything outside,
 * and must answer within 100 ms, with at most 16 intents.
 *
 * This one buys once, when the price is a given part below its highest price so far, and sells when it is back there.
 */
import { type Agent, buyIntent, NOTHING, sellIntent } from "./agent.ts";
import { entryUnits, SIZING_PARAMETERS } from "./sizing.ts";

/** What has to be remembered from tick to tick: plain data only. */
interface Memory {
  high: number;
}

/** The file's default export is the agent. */
const agent: Agent<Memory> = {
  name: "buy_the_dip",
  title: "Buy the dip",
  hypothesis:
    "The price of a service returns to what it was after a short surplus. It loses when the fall is not the end of it.",
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
    ...SIZING_PARAMETERS,
  ],
  warmup: () => 1,
  memory: () => ({ high: 0 }),
  decide(view, parameters, memory) {
    // One entry per instrument that it may trade; this example looks at the first one only.
    const instrument = view.instruments[0];
    if (!instrument?.tradable || instrument.working) return NOTHING;
    const { price, qty, token } = instrument;
    const reached = price >= memory.high;
    if (reached) memory.high = price;
    if (qty > 0) return reached ? [sellIntent(token, qty)] : NOTHING;
    if (price > memory.high * (1 - parameters.dip_ratio!)) return NOTHING;
    const units = entryUnits(view, instrument, parameters.stake_ratio!, parameters.qty!);
    return units > 0 ? [buyIntent(token, units)] : NOTHING;
  },
};

export default agent;
