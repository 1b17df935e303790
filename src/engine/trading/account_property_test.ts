// @ts-types="#types/std_assert.d.ts"
import { assert, assertAlmostEquals, assertEquals } from "@std/assert";
import { hashOf, intentOf, Recorder, rulesWith, TICK_MS } from "../../../tests/support/trading.ts";
import { decode, encode } from "../codec.ts";
import { Random } from "../random.ts";
import {
  type AccountState,
  advance,
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
  tradingState,
} from "./account.ts";
import { DENIAL_CODES } from "./denial.ts";
import { type Token, TOKENS } from "./instrument.ts";
import { MICRO, unitsOf } from "./money.ts";
import { type OrderIntent, type TimeInForce, TIMES_IN_FORCE } from "./order.ts";
import type { Protection, TradingRules } from "./rules.ts";
import { sellableMicro } from "./state.ts";
import type { Quote, Tick } from "./tick.ts";

const RUNS = 240;
const COMMANDS = 500;

type Command =
  | { readonly kind: "tick"; readonly tick: Tick }
  | { readonly kind: "submit"; readonly intent: OrderIntent; readonly id: string }
  | { readonly kind: "cancel"; readonly place: number }
  | { readonly kind: "stop" | "resume" | "reduce" | "flatten" | "unlock" }
  | { readonly kind: "suspend" | "release"; readonly agent: string };

const AGENTS = [null, "a", "b", "c"] as const;

function randomRules(random: Random): TradingRules {
  const maybe = <T>(value: T): T | null => random.chance(0.5) ? value : null;
  const day = 200 * TICK_MS;
  const all: Protection[] = [
    { kind: "cooldown", lockMs: 5 * TICK_MS },
    {
      kind: "stoploss_guard",
      lookbackMs: day,
      tradeLimit: 2,
      lockMs: 20 * TICK_MS,
      perToken: random.chance(0.5),
    },
    { kind: "max_drawdown", lookbackMs: day, tradeLimit: 2, lockMs: 20 * TICK_MS, maxDrawdownRatio: 0.02 },
    { kind: "equity_drawdown", lookbackMs: day, lockMs: 20 * TICK_MS, maxDrawdownRatio: 0.05 },
    {
      kind: "low_profit_tokens",
      lookbackMs: day,
      tradeLimit: 2,
      lockMs: 20 * TICK_MS,
      requiredProfitRatio: 0,
    },
  ];
  return rulesWith({
    quantum: random.pick([0, 1, 1, 10]),
    fill: random.chance(0.3) ? "same_bar" : "next_bar",
    fees: { ratio: random.pick([0, 0.001, 0.02]) },
    enabled: { COMPUTE: true, STORAGE: true, ENERGY: true, AD: random.chance(0.5) },
    costs: {
      spreadRatio: random.pick([0, 0.002]),
      slippageRatio: random.pick([0, 0.0005]),
      impactRatio: random.pick([0, 1, 5]),
      participationMaxRatio: random.pick([0.1, 1]),
      unknownVolume: random.pick(["worst", "ignore"]),
    },
    limits: {
      maxDrawdownRatio: maybe(0.1),
      tokenMaxDrawdownRatio: maybe(0.05),
      maxPosition: maybe(4000),
      maxOrder: maybe(3000),
      maxExposureRatio: random.pick([0.5, 1]),
      maxConcurrentTrades: maybe(3),
      workingOrdersMax: random.pick([1, 8]),
      orderRate: { count: random.pick([5, 1000]), windowMs: 10 * TICK_MS },
      staleAfterMs: 3 * TICK_MS,
    },
    exits: { stopLossRatio: maybe(0.02), takeProfitRatio: maybe(0.04) },
    orderMaxAgeMs: 30 * TICK_MS,
    protections: all.filter(() => random.chance(0.3)),
    shares: { a: 0.3, b: 0.5 },
  });
}

/** A tick of walking prices, with everything that can be wrong with a quote now and then. */
function randomTick(random: Random, prices: Record<Token, number>, height: number): Tick {
  const quotes: Partial<Record<Token, Quote>> = {};
  for (const token of TOKENS) {
    prices[token] = Math.max(0.01, prices[token] * (1 + 0.02 * random.normal()));
    if (random.chance(0.1)) continue;
    const odd = random.chance(0.02) ? random.pick([NaN, 0, -1, Infinity]) : undefined;
    quotes[token] = {
      price: odd ?? prices[token],
      open: random.chance(0.5) ? prices[token] * (1 + 0.01 * random.normal()) : null,
      volume: random.chance(0.2) ? null : random.chance(0.1) ? 0 : random.next() * 300,
      stale: random.chance(0.05),
      gate: random.chance(0.9) ? "open" : random.pick(["throttled", "closed", "unknown"]),
    };
  }
  return { height, timeMs: height * TICK_MS, quotes };
}

function randomIntent(random: Random, prices: Record<Token, number>): OrderIntent {
  const token = random.pick(TOKENS);
  const odd = random.chance(0.05);
  return intentOf({
    token,
    side: random.chance(0.55) ? "buy" : "sell",
    qty: odd ? random.pick([0, -1, NaN, Infinity, 1e-7, 1e300]) : random.integer(1, 60 * MICRO) / MICRO,
    limit: random.chance(0.6)
      ? null
      : random.chance(0.05)
      ? random.pick([0, -1, NaN, Infinity])
      : prices[token] * (0.95 + 0.1 * random.next()),
    timeInForce: random.pick(Object.keys(TIMES_IN_FORCE) as TimeInForce[]),
    reduceOnly: random.chance(0.1),
    agent: random.pick(AGENTS),
  });
}

function randomCommand(
  random: Random,
  account: AccountState,
  prices: Record<Token, number>,
  i: number,
): Command {
  const dice = random.next();
  if (dice < 0.4) {
    const back = random.chance(0.01) ? 3 : 0; // A reorganisation.
    return { kind: "tick", tick: randomTick(random, prices, Math.max(0, account.height + 1 - back)) };
  }
  if (dice < 0.86) return { kind: "submit", intent: randomIntent(random, prices), id: `o${i}` };
  if (dice < 0.92) return { kind: "cancel", place: random.integer(0, 9) };
  if (dice < 0.95) return { kind: "resume" };
  if (dice < 0.97) return { kind: random.pick(["unlock", "flatten"]) };
  if (dice < 0.98) return { kind: random.pick(["stop", "reduce"]) };
  return { kind: random.pick(["suspend", "release", "release"]), agent: random.pick(["a", "b", "c"]) };
}

function run(account: AccountState, rules: TradingRules, command: Command, seen: Recorder): void {
  const nowMs = account.timeMs;
  switch (command.kind) {
    case "tick":
      return advance(account, rules, command.tick, seen);
    case "submit":
      submitOrder(account, rules, command.intent, command.id, nowMs, seen);
      return;
    case "cancel":
      cancelOrder(account, account.orders[command.place]?.id ?? "none", nowMs, seen);
      return;
    case "stop":
      return emergencyStop(account, "test", nowMs, seen);
    case "resume":
      return resume(account, nowMs, seen);
    case "reduce":
      return reduceOnly(account, "test", nowMs, seen);
    case "flatten":
      flatten(account, rules, nowMs, seen);
      return;
    case "unlock":
      deleteLock(account, account.locks[0]?.id ?? "none", nowMs, seen);
      return;
    case "suspend":
      return suspendAgent(account, command.agent, "test", nowMs, seen);
    case "release":
      resumeAgent(account, command.agent, nowMs, seen);
      return;
  }
}

function heldMicro(account: AccountState, token: Token): number {
  return account.positions.reduce((sum, held) => held.token === token ? sum + held.qtyMicro : sum, 0);
}

/** What has to hold after every command. */
function checkBooks(account: AccountState, rules: TradingRules): void {
  const { positions, cash, equity, capital, realized } = account;
  assert(cash >= 0, `cash is ${cash}`);
  let value = 0;
  let cost = 0;
  for (const held of positions) {
    assert(held.qtyMicro > 0 && Number.isSafeInteger(held.qtyMicro), "a position is whole and not empty");
    const exact = held.qtyMicro * account.instruments[held.token].price / MICRO;
    value += rules.quantum === 0 ? exact : Math.floor(exact / rules.quantum + 1e-9) * rules.quantum;
    cost += held.cost;
  }
  const noise = rules.quantum === 0 ? 1e-7 : 0;
  assertAlmostEquals(cash + value, equity, noise, "cash + positions = equity");
  assertAlmostEquals(cash + cost, capital + realized, noise, "cash + cost = capital + realised");
  if (rules.quantum > 0) assertEquals(cash % rules.quantum, 0);
  const byToken = TOKENS.reduce((sum, token) => sum + account.instruments[token].realized, 0);
  assertAlmostEquals(byToken, realized, noise, "realised by instrument = realised");
  assert(account.orders.filter(({ side }) => side === "buy").length <= rules.limits.workingOrdersMax);
}

/** Everything that happened has to add up to the account. */
function checkFills(account: AccountState, seen: Recorder): void {
  const held = new Map<string, number>();
  let cash = account.capital;
  const limits = new Map(seen.orders.map((order) => [order.id, order]));
  for (const fill of seen.fills) {
    const key = `${fill.token} ${fill.agent}`;
    held.set(key, (held.get(key) ?? 0) + (fill.side === "buy" ? fill.qtyMicro : -fill.qtyMicro));
    cash += fill.side === "buy" ? -(fill.gross + fill.fee) : fill.gross - fill.fee;
    const { limit } = limits.get(fill.orderId)!;
    if (limit !== null) {
      assert(fill.side === "buy" ? fill.price <= limit : fill.price >= limit, "limit crossed");
    }
    assert(fill.fee >= 0 && fill.slippage >= 0 && fill.qtyMicro > 0);
  }
  assertAlmostEquals(cash, account.cash, 1e-6);
  assertEquals(new Set(seen.fills.map(({ id }) => id)).size, seen.fills.length, "fill ids are unique");
  for (const [key, micro] of held) {
    const [token, agent] = key.split(" ");
    const position = account.positions.find((one) => one.token === token && String(one.agent) === agent);
    assertEquals(micro, position?.qtyMicro ?? 0, `position ${key} = Σ fills`);
  }
  for (const order of limits.values()) assert(order.filledMicro <= order.qtyMicro);
  const profit = seen.trades.reduce((sum, trade) => sum + trade.profit, 0) +
    account.positions.reduce((sum, position) => sum + position.realized, 0);
  assertAlmostEquals(profit, account.realized, 1e-6, "trades and open positions = realised");
}

Deno.test(`an account keeps its books and its word over ${RUNS * COMMANDS} random commands`, () => {
  const codes = new Set<string>();
  let filled = 0;
  for (let seed = 0; seed < RUNS; seed++) {
    const random = new Random("account", seed);
    try {
      filled += oneRun(random, codes);
    } catch (error) {
      throw new Error(`seed ${seed} fails`, { cause: error });
    }
  }
  assert(filled > RUNS * 20, `the commands have to lead to fills, there were ${filled}`);
  const never = Object.keys(DENIAL_CODES).filter((code) => !codes.has(code));
  assertEquals(never, ["MODE_FORBIDS"], "codes that no command led to");
});

function oneRun(random: Random, codes: Set<string>): number {
  const rules = randomRules(random);
  const account = openAccount(10_000, rules, "run");
  const prices: Record<Token, number> = { COMPUTE: 50, STORAGE: 3, ENERGY: 400, AD: 0.7 };
  const seen = new Recorder();
  const commands: Command[] = [];
  for (let i = 0; i < COMMANDS; i++) {
    const command = randomCommand(random, account, prices, i);
    commands.push(command);
    const before = tradingState(account);
    const held = TOKENS.map((token) => heldMicro(account, token));
    const sellable = command.kind === "submit"
      ? sellableMicro(account, command.intent.token, command.intent.agent)
      : 0;
    const orders = seen.orders.length;
    run(account, rules, command, seen);
    checkBooks(account, rules);
    if (before !== "ACTIVE") {
      TOKENS.forEach((token, k) => {
        assert(heldMicro(account, token) <= held[k]!, `${before} raised ${token} by ${command.kind}`);
      });
    }
    if (command.kind === "submit") {
      const order = seen.orders[orders]!;
      if (order.status === "denied") {
        assert(
          order.denial !== null && Object.hasOwn(DENIAL_CODES, order.denial.code),
          "a denial has a code",
        );
        codes.add(order.denial.code);
      }
      if (before !== "ACTIVE" && order.side === "buy") assertEquals(order.status, "denied", before);
      const { intent } = command;
      const isExit = intent.side === "sell" && intent.qty <= unitsOf(sellable) && rules.enabled[intent.token];
      if (
        isExit && order.qtyMicro > 0 && (intent.limit === null || intent.limit > 0 && intent.limit < 1e12)
      ) {
        assertEquals(order.status, "working", `an exit passes in ${before}`);
      }
    }
  }
  checkFills(account, seen);
  replay(commands, rules, account, random.integer(0, COMMANDS));
  return seen.fills.length;
}

/** The same commands give the same account, also when it is written and read on the way. */
function replay(
  commands: readonly Command[],
  rules: TradingRules,
  expected: AccountState,
  reload: number,
): void {
  let again = openAccount(10_000, rules, "run");
  const seen = new Recorder();
  commands.forEach((command, i) => {
    if (i === reload) again = decode(encode(again)) as AccountState;
    run(again, rules, command, seen);
  });
  assertEquals(hashOf(again), hashOf(expected));
}
