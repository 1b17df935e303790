// @ts-types="#types/std_assert.d.ts"
import { assert, assertEquals, assertMatch, assertStringIncludes } from "@std/assert";
import { sha256Hex } from "../../src/server/auth.ts";
import { rowsOf, walkOf } from "../support/backtests.ts";
import { assertBody, metaOf } from "./bodies.ts";
import { type Json, type Program, Stream, withProgram } from "./harness.ts";

const MOMENTUM = { agents: [{ name: "momentum", params: { qty: 1 } }], capital: 1_000, fill: "same_bar" };
const SHORT = { ...MOMENTUM, data: { kind: "inline", token: "COMPUTE", rows: rowsOf([10, 11, 12, 11, 10]) } };

/** Long enough to be followed and cancelled. */
const LONG = {
  ...MOMENTUM,
  data: { kind: "inline", rows: rowsOf(walkOf(40_000, 1)) },
  analysis: { grid: { qty: Array.from({ length: 500 }, (_, i) => 1 + i / 1_000) } },
};

async function submit(program: Program, body: unknown): Promise<string> {
  const response = await program.post("/backtest", body, { "x-api-key": program.key });
  const answer = await response.json() as Json;
  assertEquals(response.status, 200, JSON.stringify(answer));
  return answer.id as string;
}

function follow(program: Program, id: string): Promise<Stream> {
  const url = `${program.url.replace("http", "ws")}/backtest/ws/${id}`;
  return new Stream(url, { headers: { "x-api-key": program.key } }).opened();
}

/** Follows a backtest to its result. */
async function resultOf(program: Program, id: string): Promise<{ frames: readonly Json[]; code: number }> {
  const stream = await follow(program, id);
  const frames: Json[] = [];
  while (frames.at(-1)?.type !== "result") frames.push(await stream.next());
  return { frames, code: (await stream.closed).code };
}

Deno.test("POST /backtest runs a job that its socket, its body, its lists and the history tell the same of", async () => {
  await withProgram({}, async (program) => {
    const headers = { "x-api-key": program.key };
    const id = await submit(program, SHORT);
    const { frames, code } = await resultOf(program, id);
    assertEquals(code, 1000);
    for (const frame of frames) {
      assertEquals(frame.id, id);
      assertEquals(metaOf(frame).source, "simulated");
    }
    const result = frames.at(-1)!;
    const body = await program.json(`/backtest/${id}`, headers);
    assertBody(body, "the body");
    const { type: _, timestamp: _t, _meta, ...told } = result;
    const { timestamp: _s, _meta: meta, ...kept } = body;
    assertEquals(told, kept);
    assertEquals((_meta as Json).partial, (meta as Json).partial);
    assertEquals([body.status, body.trades, body.progress, body.limit_breach], ["done", 1, 1, null]);
    assertEquals(Math.round((body.pnl as number) * 1e9), -32_999_500 - 500);
    assertEquals((body.equity_curve as unknown[]).length, 6);
    const trades = await program.json(`/backtest/${id}/trades`, headers);
    assertBody(trades, "trades");
    assertEquals([trades.total, trades.next_cursor], [1, null]);
    const equity = await program.json(`/backtest/${id}/equity`, headers);
    assertEquals([equity.complete, equity.equity], [true, body.equity_curve]);
    const csv = await (await program.get(`/backtest/${id}/trades?format=csv`, headers)).text();
    assertMatch(csv, /^# \{.*"source":"simulated".*\}\r\nid,token,agent,/);
    assertEquals(csv.trimEnd().split("\r\n").length, 3);
    const curve = await (await program.get(`/backtest/${id}/equity?format=csv`, headers)).text();
    assertEquals(curve.trimEnd().split("\r\n").slice(1, 3), ["time,equity", "1767225600,1000"]);
    const history = await program.json("/backtest/history?status=done", headers);
    assertEquals((history.backtests as Json[]).map((row) => [row.id, row.status, row.trades, row.pnl]), [
      [id, "done", 1, body.pnl],
    ]);
    const late = await resultOf(program, id);
    assertEquals([late.frames.length, late.code, late.frames[0]!.type], [1, 1000, "result"]);
  });
});

Deno.test("GET /backtest/{id}/trades pages newest first", async () => {
  await withProgram({}, async (program) => {
    const headers = { "x-api-key": program.key };
    const id = await submit(program, { ...MOMENTUM, data: { kind: "inline", rows: rowsOf(walkOf(600, 3)) } });
    await resultOf(program, id);
    const ids: number[] = [];
    let query = "?limit=70";
    let total = 0;
    for (;;) {
      const page = await program.json(`/backtest/${id}/trades${query}`, headers);
      ids.push(...(page.trades as { id: number }[]).map((trade) => trade.id));
      total = page.total as number;
      if (page.next_cursor === null) break;
      query = `?limit=70&cursor=${page.next_cursor}`;
    }
    assert(total > 100);
    assertEquals(ids, Array.from({ length: total }, (_, i) => total - i));
    const skipped = await program.json(`/backtest/${id}/trades?limit=2&offset=5`, headers);
    assertEquals((skipped.trades as { id: number }[]).map((trade) => trade.id), [total - 5, total - 6]);
    for (const wrong of ["cursor=x", "cursor=99999", "cursor=1&offset=1", "limit=0", "format=xml"]) {
      const response = await program.get(`/backtest/${id}/trades?${wrong}`, headers);
      assertEquals(response.status, 400, wrong);
      await response.body?.cancel();
    }
  });
});

Deno.test("WS /backtest/ws/{id} tells a late joiner the state, then what is new, and the end of a cancelled run", async () => {
  await withProgram({}, async (program) => {
    const headers = { "x-api-key": program.key };
    const id = await submit(program, LONG);
    const early = await follow(program, id);
    const seen: Json[] = [await early.next(({ progress }) => (progress as number) > 0)];
    const late = await follow(program, id);
    const first = await late.next();
    assertEquals([first.type, first.status, first.equity_from], ["progress", "running", 0]);
    assert((first.equity_curve as unknown[]).length > 0, "everything so far");
    while (seen.length < 3) seen.push(await early.next());
    for (const frame of seen) {
      for (const key of ["trades", "win_rate", "drawdown", "sharpe", "pnl", "eta_ms", "progress"]) {
        assert(key in frame, key);
      }
      const unknown = Object.entries(frame).filter(([, value]) => value === null).map(([key]) => key);
      assertEquals(unknown.filter((key) => !(key in metaOf(frame).partial)), []);
    }
    late.say("hello");
    assertEquals((await late.next(({ type }) => type === undefined)).status, "listening");
    const cancelled = await fetch(`${program.url}/backtest/${id}`, { method: "DELETE", headers });
    const body = await cancelled.json();
    assertEquals([cancelled.status, body.status], [200, "cancelled"]);
    const end = await early.next(({ type }) => type === "result");
    assertEquals([end.status, (await early.closed).code], ["cancelled", 1000]);
    assert((end.drawdown as number) > 0 && typeof end.sharpe === "number", "right figures up to then");
    await late.closed;
    const again = await fetch(`${program.url}/backtest/${id}`, { method: "DELETE", headers });
    assertEquals(again.status, 409);
    await again.body?.cancel();
  });
});

Deno.test("WS /backtest/ws/{id} accepts and closes with 4404 when there is no such backtest", async () => {
  await withProgram({}, async (program) => {
    const stream = await follow(program, "nobody");
    assertEquals((await stream.closed).code, 4404);
    for (const path of ["/backtest/nobody", "/backtest/nobody/trades", "/backtest/nobody/equity"]) {
      const response = await program.get(path, { "x-api-key": program.key });
      assertEquals(response.status, 404, path);
      await response.body?.cancel();
    }
    const response = await fetch(`${program.url}/backtest/nobody`, {
      method: "DELETE",
      headers: { "x-api-key": program.key },
    });
    assertEquals(response.status, 404);
    await response.body?.cancel();
  });
});

Deno.test("POST /backtest answers 422 with every field that is wrong, and 413 above its own limit", async () => {
  await withProgram({}, async (program) => {
    const headers = { "x-api-key": program.key };
    const wrong = await program.post(
      "/backtest",
      { data: { kind: "csv", path: "/etc/passwd" }, capital: -1 },
      headers,
    );
    assertEquals(wrong.status, 422);
    const { errors } = await wrong.json();
    assertEquals(errors.map(({ field }: { field: string }) => field), ["agents", "capital", "data.path"]);
    const large = JSON.stringify({ ...SHORT, filler: "x".repeat(100_000) });
    const unknown = await program.post("/backtest", large, headers);
    assertEquals(unknown.status, 422, "larger than other bodies may be");
    await unknown.body?.cancel();
    const huge = await program.post("/backtest", `"${"x".repeat(13 * 1024 * 1024)}"`, headers);
    assertEquals(huge.status, 413);
    await huge.body?.cancel();
  });
});

Deno.test("backtests need the scope trade to begin and cancel them, and read to see them", async () => {
  const readKey = "reads-but-does-not-trade";
  const config = `[[auth.keys]]\nname = "r"\nscopes = ["read"]\nsha256 = "${sha256Hex(readKey)}"\n`;
  await withProgram({ config, env: { BB_API_KEY: "k".repeat(20) } }, async (program) => {
    const reads = { "x-api-key": readKey };
    const all = { "x-api-key": "k".repeat(20) };
    const status = async (response: Promise<Response>) => {
      const { status, body } = await response;
      await body?.cancel();
      return status;
    };
    assertEquals(await status(program.post("/backtest", SHORT)), 401);
    assertEquals(await status(program.post("/backtest", SHORT, reads)), 403);
    const { id } = await (await program.post("/backtest", SHORT, all)).json();
    assertEquals(
      await status(fetch(`${program.url}/backtest/${id}`, { method: "DELETE", headers: reads })),
      403,
    );
    for (
      const path of [
        "/backtest/history",
        `/backtest/${id}`,
        `/backtest/${id}/trades`,
        `/backtest/${id}/equity`,
      ]
    ) {
      assertEquals(
        [await status(program.get(path)), await status(program.get(path, reads))],
        [401, 200],
        path,
      );
    }
    const url = `${program.url.replace("http", "ws")}/backtest/ws/${id}`;
    let refused = "";
    await new Stream(url).opened().catch((error) => refused = error.message);
    assertStringIncludes(refused, "refused");
    await (await new Stream(url, { headers: reads }).opened()).closed;
  });
});

Deno.test("the simulator and the recorded journal are data too, and say that they are simulated", async () => {
  await withProgram({ speed: 50 }, async (program) => {
    const agents = [{ name: "ema_cross", params: { fast: 2, slow: 5 } }];
    const simulator = { kind: "simulator", seed: 2, scenario: "stress", slots: 400 };
    const { frames } = await resultOf(
      program,
      await submit(program, { data: simulator, agents, capital: 1_000_000 }),
    );
    const result = frames.at(-1)!;
    assertEquals(result.status, "done", JSON.stringify(result.reason));
    assertEquals(metaOf(result).source, "simulated");
    assert((result.trades as number) > 0);
    assertEquals((result.data as Json).tokens, ["COMPUTE", "STORAGE", "ENERGY", "AD"]);
    const journal = await resultOf(
      program,
      await submit(program, { data: { kind: "journal" }, agents, capital: 1_000_000 }),
    );
    const replayed = journal.frames.at(-1)!;
    assertEquals(
      [replayed.status, metaOf(replayed).source],
      ["done", "simulated"],
      JSON.stringify(replayed.reason),
    );
    assert((replayed.bars as number) >= 2);
  });
});
