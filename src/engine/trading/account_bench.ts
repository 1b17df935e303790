/** Bars per second of an account with an agent, fees, slippage and guardrails: `deno bench` prints the time per 100,000. */
import { Random } from "../random.ts";
import { advance, openAccount, submitOrder } from "./account.ts";
import { emaCross } from "./agents/ema_cross.ts";
import { resolveParameters } from "./agents/agent.ts";
import { createView, refreshView } from "./agents/view.ts";
import { DEFAULT_RULES, type TradingRules } from "./rules.ts";

const BARS = 100_000;
const random = new Random("account_bench");
const prices = new Float64Array(BARS);
for (let i = 0, price = 1000; i < BARS; i++) {
  price *= 1 + 0.002 * random.normal();
  prices[i] = price;
}

const RULES: TradingRules = {
  ...DEFAULT_RULES,
  costs: { ...DEFAULT_RULES.costs, unknownVolume: "ignore", slippageRatio: 0.0005 },
  limits: { ...DEFAULT_RULES.limits, maxDrawdownRatio: 1, maxPosition: 1e9, maxConcurrentTrades: 4 },
  protections: [{ kind: "cooldown", lockMs: 60_000 }],
  quantum: 0,
};

function run(): number {
  const state = openAccount(1_000_000, RULES, "bench");
  const { parameters } = resolveParameters(emaCross, {});
  const memory = emaCross.memory(parameters);
  const view = createView(["COMPUTE"]);
  const quote = { price: 0, open: null, volume: null, stale: false, gate: "open" as const };
  const tick = { height: 0, timeMs: 0, quotes: { COMPUTE: quote } };
  const equity = new Float64Array(BARS);
  let orders = 0;
  for (let i = 0; i < BARS; i++) {
    quote.price = prices[i]!;
    tick.height = i;
    tick.timeMs = i * 60_000;
    advance(state, RULES, tick);
    refreshView(view, state, RULES, null, null);
    const intents = emaCross.decide(view, parameters, memory);
    for (let k = 0; k < intents.length; k++) {
      submitOrder(state, RULES, intents[k]!, `o${++orders}`, tick.timeMs);
    }
    equity[i] = state.equity;
  }
  return orders;
}

Deno.bench(`account: ema_cross over ${BARS} bars`, () => {
  run();
});
