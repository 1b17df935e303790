// @ts-types="#types/std_assert.d.ts"
import { assert, assertEquals } from "@std/assert";
import { rowsOf } from "../../tests/support/backtests.ts";
import { AGENTS } from "../engine/trading/agents/registry.ts";
import { SCENARIO_NAMES } from "../simulator/scenario.ts";
import { INLINE_ROWS_MAX, readRequest, SCENARIOS } from "./request.ts";

const INLINE = { kind: "inline", token: "COMPUTE", rows: rowsOf([10, 11, 12]) };
const AGENT = { name: "ema_cross", params: { fast: 12, slow: 26 } };

/** The problems of a body as `field message`. */
function problems(body: unknown): readonly string[] {
  const read = readRequest(body);
  return "problems" in read ? read.problems.map(({ field, message }) => `${field} ${message}`) : [];
}

Deno.test("readRequest() takes the documented example and keeps what it says", () => {
  const body = {
    data: { kind: "csv", path: "prices.csv", token: "COMPUTE" },
    agents: [AGENT],
    capital: 1000,
    fees: { rate: 0.001 },
    slippage: { rate: 0.0005 },
    guardrails: { max_drawdown: 0.2, max_position: 500, max_concurrent_trades: 3 },
    fill: "next_bar",
    seed: 1,
  };
  const read = readRequest(body);
  assert("request" in read);
  const { analysis, agents, ...rest } = read.request;
  const { agents: _, ...given } = body;
  assertEquals(rest as unknown, given);
  assertEquals([agents[0]!.params.fast, agents[0]!.params.slow], [12, 26]);
  assertEquals(analysis, { lookahead: null, walk_forward: null, monte_carlo: null, grid: null });
});

Deno.test("readRequest() fills in every default", () => {
  const read = readRequest({ data: INLINE, strategy_mix: "momentum", capital: 5 });
  assert("request" in read);
  const { request, rows } = read;
  assertEquals(request.fees.rate, 0.001);
  assertEquals(request.slippage.rate, 0.0005);
  assertEquals(request.guardrails, { max_drawdown: null, max_position: null, max_concurrent_trades: null });
  assertEquals([request.fill, request.seed, request.agents.length], ["next_bar", 1, 1]);
  assertEquals(request.agents[0]!.name, "momentum");
  assertEquals(
    Object.keys(request.agents[0]!.params).length,
    AGENTS.find(({ name }) => name === "momentum")!.parameters.length,
  );
  assertEquals(request.data, { kind: "inline", token: "COMPUTE", rows: 3 });
  assertEquals(new Float64Array(rows!.buffer).slice(0, 2), Float64Array.of(INLINE.rows[0]![0]!, 10));
  const simulated = readRequest({ data: { kind: "simulator" }, strategy_mix: "momentum", capital: 5 });
  assert("request" in simulated);
  assertEquals(simulated.request.data, { kind: "simulator", seed: 1, scenario: "calm", slots: 5_000 });
});

Deno.test("readRequest() tells everything that is wrong at once", () => {
  assertEquals(
    problems({
      data: { kind: "csv", token: "GOLD", path: "", more: 1 },
      agents: [{ name: "ema_cross", params: { fast: 0, bogus: 1 } }, { name: "nobody" }, "x"],
      capital: "100",
      fees: { rate: -1 },
      slippage: 3,
      guardrails: { max_drawdown: 2, max_concurrent_trades: 1.5 },
      fill: "now",
      seed: -1,
      period: "7d",
    }).map((text) => text.split(" ")[0]),
    [
      "data.path",
      "data.token",
      "data.more",
      "agents[0].params.bogus",
      "agents[0].params.fast",
      "agents[1].name",
      "agents[2]",
      "agents[2].name",
      "capital",
      "slippage",
      "fees.rate",
      "guardrails.max_drawdown",
      "guardrails.max_concurrent_trades",
      "fill",
      "seed",
      "period",
    ],
  );
});

Deno.test("readRequest() refuses bodies of every other shape without a throw", () => {
  for (
    const body of [null, undefined, 1, "x", true, [], [[]], { data: null }, { data: [] }, {
      data: { kind: {} },
    }]
  ) {
    assert(problems(body).length > 0, JSON.stringify(body));
  }
  const polluted = JSON.parse(
    '{"__proto__":{"capital":5},"constructor":1,"data":{"kind":"simulator","__proto__":1},"agents":[{"name":"__proto__"}]}',
  );
  const found = problems(polluted);
  for (const field of ["constructor", "data.__proto__", "__proto__", "capital", "agents[0].name"]) {
    assert(found.some((text) => text.startsWith(`${field} `)), `${field}: ${found}`);
  }
  assertEquals(({} as Record<string, unknown>).capital, undefined);
});

Deno.test("readRequest() checks agents: unknown, twice, parameters that do not go together, both spellings", () => {
  const of = (part: object) => problems({ data: INLINE, capital: 5, ...part });
  assertEquals(of({ agents: [] }).map((text) => text.split(" ")[0]), ["agents"]);
  assertEquals(of({}).map((text) => text.split(" ")[0]), ["agents"]);
  assert(of({ agents: [AGENT, AGENT] })[0]!.includes("is there twice"));
  assert(
    of({ agents: [{ name: "ema_cross", params: { fast: 30, slow: 20 } }] })[0]!.includes(
      "fast must be shorter",
    ),
  );
  assert(of({ agents: [AGENT], strategy_mix: "momentum" })[0]!.includes("cannot be used together"));
  assert(of({ strategy_mix: "a,b" })[0]!.startsWith("strategy_mix must be one of"));
  assert(of({ agents: Array.from({ length: 9 }, () => AGENT) })[0]!.includes("1..8"));
});

Deno.test("readRequest() checks inline rows by the rules for files and names row and column", () => {
  const of = (rows: unknown) =>
    problems({ data: { kind: "inline", rows }, strategy_mix: "momentum", capital: 5 });
  assertEquals(
    of([[1, 10, 5], [2, 0, 5], [2, 11], [3, "x", 1], [1, 10, 5], [4, 10, -1]]),
    [
      "data.rows[1].price must be a number above 0",
      "data.rows[2] must be a list of 3 numbers, as the first row",
      "data.rows[3] must be a list of 3 numbers, as the first row",
      "data.rows[5].volume must be a number that is not negative",
    ],
  );
  assertEquals(of([[1, 10], [1, 11]]), [
    "data.rows[1].timestamp is that of the row above, with other values",
  ]);
  assertEquals(of([[2, 10], [1, 10]]), ["data.rows[1].timestamp is before that of the row above"]);
  for (const rows of [[], [[1, 2]], "x", [[1], [2]], [[1, 2, 3, 4], [2, 3, 4, 5]], [null, null]]) {
    assert(of(rows).length > 0, JSON.stringify(rows));
  }
  const many = Array.from({ length: INLINE_ROWS_MAX }, (_, i) => [i, 1]);
  assertEquals(of(many), []);
  assertEquals(of([...many, [INLINE_ROWS_MAX, 1]]).length, 1);
});

Deno.test("readRequest() wants whole base units where the data come from a chain", () => {
  const of = (kind: string, capital: number) =>
    problems({ data: { kind }, strategy_mix: "momentum", capital });
  assertEquals([of("simulator", 10), of("journal", 10)], [[], []]);
  for (const kind of ["simulator", "journal"]) {
    assert(of(kind, 10.5)[0]!.startsWith("capital must be whole"), kind);
  }
  assertEquals(
    problems({ data: { kind: "journal", from: 5, to: 4 }, strategy_mix: "momentum", capital: 5 }),
    [
      "data.from must not be after to",
    ],
  );
});

Deno.test("readRequest() bounds the analyses", () => {
  const of = (analysis: unknown) => problems({ data: INLINE, agents: [AGENT], capital: 5, analysis });
  const fine = {
    lookahead: { points: 200 },
    walk_forward: { mode: "anchored", folds: 3, train_ratio: 2 },
    monte_carlo: { runs: 100 },
    grid: { fast: [5, 10], slow: [20, 40] },
  };
  assertEquals(of(fine), []);
  assertEquals(of({ lookahead: {}, walk_forward: {}, monte_carlo: {} }), []);
  const first = (analysis: unknown) => of(analysis)[0]?.split(" ")[0];
  assertEquals(first({ lookahead: { points: 0 } }), "analysis.lookahead.points");
  assertEquals(first({ lookahead: { cuts: 5 } }), "analysis.lookahead.cuts");
  assertEquals(first({ walk_forward: { mode: "sideways" } }), "analysis.walk_forward.mode");
  assertEquals(first({ monte_carlo: { runs: 1e9 } }), "analysis.monte_carlo.runs");
  assertEquals(first({ grid: {} }), "analysis.grid");
  assertEquals(first({ grid: { fast: [] } }), "analysis.grid.fast");
  assertEquals(first({ grid: { bogus: [1] } }), "analysis.grid.bogus");
  assertEquals(first({ grid: { fast: [0] } }), "analysis.grid.fast");
  const values = Array.from({ length: 40 }, (_, i) => i + 1);
  assertEquals(first({ grid: { fast: values, slow: values } }), "analysis.grid");
});

Deno.test("SCENARIOS are those of the simulator", () => {
  assertEquals([...SCENARIOS], [...SCENARIO_NAMES]);
});
