// @ts-types="#types/std_assert.d.ts"
import { assert, assertEquals } from "@std/assert";
import type { TradingChange } from "../change.ts";
import { decode, encode } from "../codec.ts";
import { Random } from "../random.ts";
import {
  applyCommand,
  closedDesk,
  type DeskCommand,
  type DeskState,
  mayDecide,
  nextOrderId,
  tickDesk,
} from "./desk.ts";
import { type Token, TOKENS } from "./instrument.ts";
import type { OrderIntent } from "./order.ts";
import { DEFAULT_RULES } from "./rules.ts";
import type { Tick } from "./tick.ts";

const CAPITAL = 1_000_000_000;

/** A desk with a clock and a list of what it told. */
class Desk {
  readonly state: DeskState = closedDesk();
  readonly told: TradingChange[] = [];
  height = 0;
  nowMs = 1_800_000_000_000;

  do(command: DeskCommand): void {
    applyCommand(this.state, command, this.nowMs, (change) => this.told.push(change));
  }

  open(): this {
    this.do({ type: "configure", rules: DEFAULT_RULES, capital: CAPITAL });
    this.tick(100);
    this.do({ type: "set", patch: { mode: "paper" } });
    return this;
  }

  tick(price: number, timeMs = this.nowMs + 1_000): void {
    this.nowMs = Math.max(this.nowMs, timeMs);
    tickDesk(this.state, tickOf(++this.height, timeMs, price), (change) => this.told.push(change));
  }

  place(intent: Partial<OrderIntent> = {}): string {
    const id = nextOrderId(this.state);
    this.do({ type: "place", id, intent: buy(intent) });
    return id;
  }

  of<K extends TradingChange["kind"]>(kind: K): Extract<TradingChange, { kind: K }>[] {
    return this.told.filter((change): change is Extract<TradingChange, { kind: K }> => change.kind === kind);
  }
}

function tickOf(height: number, timeMs: number, price: number): Tick {
  const quote = { price, open: null, volume: 1e6, stale: false, gate: "open" as const };
  return { height, timeMs, quotes: Object.fromEntries(TOKENS.map((token) => [token, quote])) };
}

function buy(intent: Partial<OrderIntent> = {}): OrderIntent {
  return {
    token: "COMPUTE",
    side: "buy",
    qty: 10,
    limit: null,
    timeInForce: "gtc",
    reduceOnly: false,
    clientOrderId: null,
    agent: null,
    ...intent,
  };
}

Deno.test("applyCommand() does nothing at a desk that nobody has opened", () => {
  const desk = new Desk();
  desk.place();
  assertEquals([desk.told, desk.state.account], [[], null]);
});

Deno.test("applyCommand() denies orders in monitor mode and keeps them", () => {
  const desk = new Desk();
  desk.do({ type: "configure", rules: DEFAULT_RULES, capital: CAPITAL });
  desk.tick(100);
  desk.place();
  const [{ order }] = desk.of("order") as [Extract<TradingChange, { kind: "order" }>];
  assertEquals([order.id, order.status, order.denial?.code], ["o-1", "denied", "MODE_FORBIDS"]);
});

Deno.test("applyCommand() opens a new account each time the mode becomes paper, and seeds its capital", () => {
  const desk = new Desk().open();
  desk.place();
  desk.tick(100);
  assertEquals(desk.state.account!.positions.length, 1);
  desk.do({ type: "set", patch: { mode: "monitor" } });
  assertEquals(desk.state.account!.positions.length, 1, "the account stays to be looked at");
  desk.do({ type: "set", patch: { mode: "paper", paperCapital: 5_000 } });
  const { account, epoch, attribution } = desk.state;
  assertEquals([epoch, account!.equity, account!.positions, attribution], [2, 5_000, [], []]);
  assertEquals(desk.place(), "o-2", "ids go on");
});

Deno.test("applyCommand() takes back what works when the mode changes", () => {
  const desk = new Desk().open();
  const id = desk.place({ limit: 1 });
  desk.do({ type: "set", patch: { mode: "monitor" } });
  const last = desk.of("order").at(-1)!.order;
  assertEquals([last.id, last.status, last.detail], [id, "cancelled", "the mode was changed to monitor"]);
});

Deno.test("an emergency stop outlives a change of mode; a drawdown halt does not", () => {
  const desk = new Desk().open();
  desk.do({ type: "stop", reason: "test" });
  desk.do({ type: "set", patch: { mode: "monitor" } });
  desk.do({ type: "set", patch: { mode: "paper", paperCapital: 10_000_000 } });
  assertEquals(desk.state.account!.halt?.code, "EMERGENCY_STOP");
  desk.do({ type: "resume" });
  desk.place({ qty: 80_000 });
  desk.tick(100);
  desk.tick(50);
  assertEquals(desk.state.account!.halt?.code, "DRAWDOWN_HALT");
  desk.do({ type: "set", patch: { mode: "monitor" } });
  desk.do({ type: "set", patch: { mode: "paper" } });
  assertEquals(desk.state.account!.halt, null);
});

Deno.test("tickDesk() tells equity once an account was opened, at times that never fall", () => {
  const desk = new Desk();
  desk.do({ type: "configure", rules: DEFAULT_RULES, capital: CAPITAL });
  desk.tick(100);
  assertEquals(desk.of("equity"), []);
  desk.do({ type: "set", patch: { mode: "paper" } });
  desk.tick(100);
  const { nowMs } = desk;
  desk.tick(100, nowMs - 5_000);
  assertEquals(desk.of("equity").map(({ point }) => point.timeMs), [nowMs, nowMs]);
});

Deno.test("attribution adds up to the account, agent by agent", () => {
  const desk = new Desk().open();
  const random = new Random("attribution", 1);
  for (let i = 0; i < 300; i++) {
    const agent = [null, "a", "b"][random.integer(0, 2)]!;
    const token = TOKENS[random.integer(0, 3)] as Token;
    const side = random.chance(0.6) ? "buy" as const : "sell" as const;
    desk.place({ agent, token, side, qty: random.integer(1, 500) });
    desk.tick(80 + random.integer(0, 40));
  }
  const { account, attribution } = desk.state;
  const sum = (pick: (row: (typeof attribution)[number]) => number) =>
    attribution.reduce((total, row) => total + pick(row), 0);
  assert(attribution.length > 6);
  assertEquals(sum(({ realized }) => realized), account!.realized);
  assertEquals(sum(({ fees }) => fees), account!.fees);
  for (const position of account!.positions) {
    const row = attribution.find(({ agent, token }) => agent === position.agent && token === position.token);
    assertEquals(row?.qtyMicro, position.qtyMicro);
  }
  assertEquals(desk.of("fill").length, sum(({ fills }) => fills));
});

Deno.test("a desk that was encoded goes on exactly as one that was not", () => {
  const run = (restart: boolean) => {
    const desk = new Desk().open();
    const random = new Random("restart", 3);
    for (let i = 0; i < 200; i++) {
      if (restart && i % 20 === 0) Object.assign(desk.state, decode(encode(desk.state)));
      desk.place({ side: random.chance(0.5) ? "buy" : "sell", qty: random.integer(1, 900), limit: 100 });
      desk.tick(90 + random.integer(0, 20));
    }
    return { state: encode(desk.state), told: encode(desk.told) };
  };
  assertEquals(run(true), run(false));
});

Deno.test("settings with other parameters make an agent forget, others keep what they remember", () => {
  const desk = new Desk().open();
  const agent = { enabled: true, share: 0.5, params: {} };
  desk.do({ type: "set", patch: { settings: { agents: { a: agent, b: agent } } } });
  desk.do({ type: "decided", height: 1, orders: [], memories: { a: { seen: 1 }, b: { seen: 2 } } });
  const changed = { ...agent, params: { fast: 3 } };
  desk.do({ type: "set", patch: { settings: { agents: { a: changed, b: { ...agent, share: 0.1 } } } } });
  assertEquals(desk.state.memories, { b: { seen: 2 } });
  assertEquals(desk.state.rules!.shares, { a: 0.5, b: 0.1 });
});

Deno.test("an agent that is switched off takes back its entries and forgets; switched on it is not suspended", () => {
  const desk = new Desk().open();
  const agents = (enabled: boolean) => ({
    settings: {
      agents: { a: { enabled, share: 1, params: {} }, b: { enabled: true, share: 1, params: {} } },
    },
  });
  desk.do({ type: "set", patch: agents(true) });
  desk.do({ type: "decided", height: 1, orders: [], memories: { a: 1 } });
  desk.do({ type: "decided", height: 1, orders: [], memories: { b: 2 } });
  assertEquals(desk.state.memories, { a: 1, b: 2 });
  const ids = ["a", "b"].map((agent) => desk.place({ agent, limit: 1 }));
  desk.do({ type: "set", patch: agents(false) });
  const status = (id: string) => desk.of("order").findLast(({ order }) => order.id === id)!.order.status;
  assertEquals(ids.map(status), ["cancelled", "working"]);
  assertEquals(desk.state.memories, { b: 2 });
  desk.do({ type: "suspend", agent: "a", reason: "test" });
  desk.do({ type: "suspend", agent: "b", reason: "test" });
  assertEquals([desk.state.memories, mayDecide(desk.state, "b")], [{}, false]);
  desk.do({ type: "set", patch: { running: true, ...agents(true) } });
  assertEquals(desk.state.account!.suspended.map(({ agent }) => agent), ["b"]);
  assertEquals(["a", "b", "constructor"].map((name) => mayDecide(desk.state, name)), [true, false, false]);
});
