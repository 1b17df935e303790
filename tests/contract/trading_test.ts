// @ts-types="#types/std_assert.d.ts"
import { assert, assertEquals, assertMatch } from "@std/assert";
// @ts-types="#types/std_path.d.ts"
import { fromFileUrl } from "@std/path";
import { assertBody } from "./bodies.ts";
import { type Json, type Program, until, withProgram } from "./harness.ts";

/** Speaks to a program with its key. */
class Desk {
  readonly #program: Program;

  constructor(program: Program) {
    this.#program = program;
  }

  async get(path: string): Promise<Json> {
    return await this.#program.json(path, this.#key);
  }

  async post(path: string, body: unknown): Promise<readonly [status: number, body: Json]> {
    const response = await this.#program.post(path, body, this.#key);
    return [response.status, await response.json()];
  }

  async delete(path: string): Promise<readonly [status: number, body: Json]> {
    const response = await fetch(`${this.#program.url}${path}`, { method: "DELETE", headers: this.#key });
    return [response.status, await response.json()];
  }

  /** A body that must come with 200. */
  async done(path: string, body: unknown): Promise<Json> {
    const [status, answer] = await this.post(path, body);
    assertEquals(status, 200, `${path}: ${JSON.stringify(answer)}`);
    assertBody(answer, path);
    return answer;
  }

  async filled(id: unknown): Promise<Json> {
    await until(`order ${id} is filled`, async () => (await this.get(`/orders/${id}`)).status === "filled");
    return await this.get(`/orders/${id}`);
  }

  get #key(): Record<string, string> {
    return { "x-api-key": this.#program.key };
  }
}

const BUY = { token: "COMPUTE", qty: 1, side: "buy" };

Deno.test("POST /orders denies in monitor mode with 200 and a code, and fills in paper at the next block", async () => {
  await withProgram({ speed: 10 }, async (program) => {
    const desk = new Desk(program);
    const denied = await desk.done("/orders", BUY);
    assertEquals([denied.status, denied.code], ["denied", "MODE_FORBIDS"]);
    const state = await desk.done("/state", { mode: "paper", paper_capital: 5_000_000 });
    assertEquals([state.mode, state.epoch, state.paper_capital], ["paper", 1, 5_000_000]);
    const working = await desk.done("/orders", BUY);
    assertEquals([typeof working.id, working.status, working.price], ["string", "working", null]);
    const order = await desk.filled(working.id);
    for (
      const field of ["id", "token", "quantity", "side", "price", "slippage", "fee", "timestamp", "status"]
    ) {
      assert(order[field] !== null && order[field] !== undefined, `README field ${field}`);
    }
    const fills = order.fills as readonly Json[];
    assertEquals(fills.reduce((sum, { quantity }) => sum + (quantity as number), 0), 1);
    const positions = await desk.get("/positions") as Record<string, Json>;
    assertEquals(positions.COMPUTE!.qty, 1);
    const risk = await desk.get("/risk/portfolio");
    assertEquals(risk.equity, (risk.cash as number) + (positions.COMPUTE!.value as number));
    const sold = await desk.done("/orders", { ...BUY, side: "sell", reduce_only: true });
    await desk.filled(sold.id);
    await until("the topic knows", async () => (await desk.get("/positions")).COMPUTE === undefined);
    const total = (await desk.get("/pnl/realized")).total as number;
    assertEquals((await desk.get("/pnl/markets")).totals, { COMPUTE: total, STORAGE: 0, ENERGY: 0, AD: 0 });
    const [row] = (await desk.get("/strategy/breakdown")).strategies as readonly Json[] ?? [];
    assert(row !== undefined);
    const operator = ((await desk.get("/strategy/breakdown")).strategies as readonly Json[])
      .find(({ name }) => name === "operator")!;
    assertEquals([operator.realized, operator.trades, operator.few_trades], [total, 1, true]);
  });
});

Deno.test("POST /orders/preview says what POST /orders will, prices it, and places nothing; GET /fills has what was filled", async () => {
  await withProgram({ speed: 10 }, async (program) => {
    const desk = new Desk(program);
    const closed = await desk.done("/orders/preview", BUY);
    assertEquals([closed.allowed, closed.code, (await desk.get("/orders")).total], [
      false,
      "MODE_FORBIDS",
      0,
    ]);
    await desk.done("/state", { mode: "paper", paper_capital: 5_000_000 });
    const preview = await desk.done("/orders/preview", BUY);
    assertEquals([preview.allowed, preview.code, preview.marketable], [true, null, true]);
    assertEquals(preview.total, (preview.amount as number) + (preview.fee as number));
    assert((preview.price as number) > (preview.quote as number));
    const largest = preview.largest_quantity as number;
    const tooMuch = await desk.done("/orders/preview", { ...BUY, qty: Math.ceil(largest * 2) });
    assertEquals([tooMuch.allowed, tooMuch.code], [false, preview.largest_code]);
    assertEquals((await desk.get("/orders")).total, 0);
    assertEquals((await desk.post("/orders/preview", { ...BUY, qty: -1 }))[0], 422);
    const { id } = await desk.done("/orders", BUY);
    await desk.filled(id);
    const fills = (await desk.get("/fills")).fills as readonly Json[];
    assertEquals(fills.map(({ order_id }) => order_id), fills.map(() => id));
    assertEquals(fills.reduce((sum, { quantity }) => sum + (quantity as number), 0), 1);
  });
});

Deno.test("POST /orders makes one order of 100 requests with one key, and refuses the key for another", async () => {
  await withProgram({ speed: 10 }, async (program) => {
    const desk = new Desk(program);
    await desk.done("/state", { mode: "paper" });
    const body = { ...BUY, client_order_id: "once" };
    const answers = await Promise.all(Array.from({ length: 100 }, () => desk.post("/orders", body)));
    assertEquals(new Set(answers.map(([status]) => status)), new Set([200]));
    assertEquals(new Set(answers.map(([, order]) => order.id)).size, 1);
    assertEquals((await desk.get("/orders?token=COMPUTE")).total, 1);
    const [status, problem] = await desk.post("/orders", { ...body, qty: 2 });
    assertEquals(status, 409);
    assertMatch(problem.detail as string, /belongs to order o-1/);
  });
});

Deno.test("POST /orders refuses what is no order with 422 and every field that is wrong", async () => {
  await withProgram({}, async (program) => {
    const desk = new Desk(program);
    const wrong: readonly (readonly [body: unknown, fields: readonly string[]])[] = [
      [{}, ["token", "qty", "side"]],
      [{ token: "GOLD", qty: -1, side: "hold", more: 1 }, ["more", "token", "qty", "side"]],
      [{ ...BUY, qty: 0 }, ["qty"]],
      [{ ...BUY, qty: 0.0000001 }, ["qty"]],
      [{ ...BUY, qty: "1" }, ["qty"]],
      [{ ...BUY, limit: 0 }, ["limit"]],
      [{ ...BUY, client_order_id: "a b" }, ["client_order_id"]],
      [{ ...BUY, time_in_force: "forever" }, ["time_in_force"]],
      [{ ...BUY, reduce_only: "yes" }, ["reduce_only"]],
      [[], ["body", "token", "qty", "side"]],
    ];
    for (const [body, fields] of wrong) {
      const [status, problem] = await desk.post("/orders", body);
      const found = (problem.errors as readonly { field: string }[] | undefined ?? []).map(({ field }) =>
        field
      );
      assertEquals([status, found.sort()], [422, [...fields].sort()], JSON.stringify(body));
    }
    assertEquals((await desk.get("/orders")).total, 0);
  });
});

Deno.test("DELETE /orders/{id} cancels what works, once", async () => {
  await withProgram({ speed: 10 }, async (program) => {
    const desk = new Desk(program);
    await desk.done("/state", { mode: "paper" });
    const { id } = await desk.done("/orders", { ...BUY, limit: 1 });
    const [status, order] = await desk.delete(`/orders/${id}`);
    assertEquals([status, order.status], [200, "cancelled"]);
    assertEquals((await desk.delete(`/orders/${id}`))[0], 409);
    assertEquals((await desk.delete("/orders/o-99"))[0], 404);
    assertEquals((await desk.get("/orders?status=cancelled")).total, 1);
  });
});

Deno.test("POST /state refuses an old revision, an unknown field and an unknown agent, and changes nothing", async () => {
  await withProgram({}, async (program) => {
    const desk = new Desk(program);
    const { rev } = await desk.done("/state", { running: true, rev: 0 });
    assertEquals(rev, 1);
    assertEquals((await desk.post("/state", { running: false, rev: 0 }))[0], 409);
    assertEquals((await desk.post("/state", { speed: 3 }))[0], 422);
    const agents = { nobody: { enabled: true }, ema_cross: { share: 2, params: { fast: 30 } } };
    const [status, problem] = await desk.post("/state", { settings: { agents } });
    const fields = (problem.errors as readonly { field: string }[]).map(({ field }) => field);
    assertEquals([status, fields.sort()], [422, [
      "settings.agents.ema_cross.params.parameters",
      "settings.agents.ema_cross.share",
      "settings.agents.nobody",
    ]]);
    const state = await desk.get("/state");
    assertEquals([state.running, state.rev, state.settings], [true, 1, { agents: {} }]);
  });
});

Deno.test("POST /state enters live mode only with the token of its refusal, and POST /orders answers 501 there", async () => {
  await withProgram({}, async (program) => {
    const desk = new Desk(program);
    const [status, problem] = await desk.post("/state", { mode: "live" });
    const confirm = (problem.errors as readonly { message: string }[])[0]!.message;
    assertEquals(status, 409);
    assertEquals((await desk.post("/state", { mode: "live", confirm: "00" }))[0], 409);
    assertEquals((await desk.post("/state", { mode: "live", confirm }))[0], 409, "a newer token was made");
    const [, again] = await desk.post("/state", { mode: "live" });
    const token = (again.errors as readonly { message: string }[])[0]!.message;
    assertEquals((await desk.done("/state", { mode: "live", confirm: token })).mode, "live");
    const [refused, why] = await desk.post("/orders", BUY);
    assertEquals(refused, 501);
    assertMatch(why.detail as string, /no operation of this node/);
  });
});

Deno.test("POST /risk/stop needs no body, cancels and refuses entries, lets exits pass, and says so everywhere", async () => {
  await withProgram({ speed: 10 }, async (program) => {
    const desk = new Desk(program);
    await desk.done("/state", { mode: "paper" });
    await desk.filled((await desk.done("/orders", BUY)).id);
    const { id } = await desk.done("/orders", { ...BUY, limit: 1 });
    const response = await fetch(`${program.url}/risk/stop`, {
      method: "POST",
      headers: { "x-api-key": program.key },
    });
    const stopped = await response.json() as Json;
    assertEquals([response.status, stopped.emergency_stop, stopped.trading_state], [200, true, "HALTED"]);
    assertEquals((await desk.get(`/orders/${id}`)).status, "cancelled");
    assertEquals((await desk.done("/orders", BUY)).code, "EMERGENCY_STOP");
    await until("the alert is raised", async () => {
      const { alerts } = await program.json("/theblock/alerts");
      return (alerts as readonly Json[]).some(({ rule, state }) =>
        rule === "trading_halted" && state === "open"
      );
    });
    await desk.filled((await desk.done("/orders", { ...BUY, side: "sell" })).id);
    assertEquals((await desk.done("/risk/resume", {})).trading_state, "ACTIVE");
  });
});

Deno.test("agents trade on paper, and what they made adds up to the account's equity", async () => {
  await withProgram({ speed: 20, scenario: "stress" }, async (program) => {
    const desk = new Desk(program);
    const on = { enabled: true };
    const agents = { momentum: on, ema_cross: { ...on, params: { fast: 2, slow: 4 } }, volume_aware: on };
    await desk.done("/state", { mode: "paper", running: true, settings: { agents } });
    await until("an agent has closed five trades", async () => {
      const rows = (await desk.get("/strategy/performance")).strategies as readonly Json[];
      return rows.reduce((sum, { trades }) => sum + (trades as number), 0) >= 5;
    });
    await desk.done("/state", { mode: "monitor" });
    assertEquals((await desk.get("/dashboard")).mode, "monitor");
    const rows = (await desk.get("/strategy/breakdown")).strategies as readonly Json[];
    const sum = (field: string) => rows.reduce((total, row) => total + (row[field] as number), 0);
    const risk = await desk.get("/risk/portfolio");
    assertEquals(sum("realized"), risk.realized);
    assertEquals(sum("fees"), risk.fees);
    assertEquals((await desk.get("/pnl/realized")).total, risk.realized);
    assertEquals(
      (risk.capital as number) + (risk.realized as number) + (risk.unrealized as number),
      risk.equity,
    );
    const series = (await desk.get("/chart/portfolio")).series as readonly (readonly [number, number])[];
    assert(series.length > 0);
  });
});

Deno.test("trading.agents: a user's agent is switched on, suspended with an alert, and readmitted; a broken file is told of", async () => {
  const file = (name: string) => fromFileUrl(new URL(`../fixtures/agents/${name}`, import.meta.url));
  const config = `[trading]\nagents = ${JSON.stringify([file("unruly.ts"), file("no_agent.ts")])}\n`;
  await withProgram({ speed: 10, config }, async (program) => {
    const desk = new Desk(program);
    const alerted = (rule: string, text: RegExp) =>
      until(`the alert ${rule}`, async () => {
        const { alerts } = await program.json("/theblock/alerts");
        return (alerts as readonly Json[]).some((alert) =>
          alert.rule === rule && alert.state === "open" && text.test(alert.message as string)
        );
      });
    const row = async () => {
      const rows = (await desk.get("/strategy/breakdown")).strategies as readonly Json[];
      return rows.find(({ name }) => name === "unruly")!;
    };
    await alerted("agent_not_loaded", /no_agent\.ts: .*hypothesis must be a text/);
    assertEquals([(await row()).enabled, (await row()).suspended], [false, null]);
    for (const name of ["constructor", "toString"]) {
      const [status] = await desk.post("/state", { settings: { agents: { [name]: { enabled: true } } } });
      assertEquals(status, 422, name);
    }
    const response = await fetch(`${program.url}/state`, {
      method: "POST",
      headers: { "x-api-key": program.key, "content-type": "application/json" },
      body:
        '{"settings": {"agents": {"__proto__": {"enabled": true}, "unruly": {"params": {"__proto__": 1}}}}}',
    });
    const problem = await response.json() as Json;
    const fields = (problem.errors as readonly { field: string }[]).map(({ field }) => field);
    assertEquals([response.status, fields], [422, [
      "settings.agents.__proto__",
      "settings.agents.unruly.params.__proto__",
    ]]);
    const throws = { unruly: { enabled: true, params: { deed: 2 } } };
    await desk.done("/state", { mode: "paper", running: true, settings: { agents: throws } });
    await alerted("agent_suspended", /unruly: I do not want to/);
    assertEquals((await row()).suspended, "I do not want to");
    await desk.done("/state", { settings: { agents: { unruly: { enabled: false } } } });
    await desk.done("/state", { settings: { agents: { unruly: { enabled: true, params: {} } } } });
    assertEquals((await row()).suspended, null);
  });
});
