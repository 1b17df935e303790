// @ts-types="#types/std_assert.d.ts"
import { assert, assertEquals, assertMatch, assertStringIncludes } from "@std/assert";
import { FEATURE_SCHEMA, FEATURES } from "../../src/engine/features/spec.ts";
import { assertBody, metaOf, pathsWith } from "./bodies.ts";
import { type Json, type Program, Stream, until, withProgram } from "./harness.ts";
import { withNode } from "./node.ts";

interface Value {
  readonly index: number;
  readonly name: string;
  readonly value: number | null;
  readonly z: number | null;
  readonly warm: boolean;
  readonly available: boolean;
  readonly status: string;
}

/** Waits until the vector is of a block. */
function atSlot(program: Program, slot: number): Promise<void> {
  return until(`slot ${slot} has ended`, async () => (await program.json("/features")).slot === slot);
}

Deno.test("GET /features has 768 z-scores, and says of each feature whether it is warm and available", async () => {
  await withNode({ dialect: "readme" }, async (program, node) => {
    await atSlot(program, node.mine(1));
    const body = await program.json("/features");
    assertBody(body, "/features");
    assertEquals(metaOf(body).source, "simulated");
    const vector = body.features as readonly number[];
    const values = body.values as readonly Value[];
    assertEquals([vector.length, values.length, body.total], [768, FEATURES.length, FEATURES.length]);
    assert(
      vector.every((z) => Number.isFinite(z) && Math.fround(z) === Math.fround(Number(z.toPrecision(9)))),
    );
    assertEquals(body.hash, FEATURE_SCHEMA);
    assertEquals(body.engine, "wasm");
    assertEquals(body.refused, { not_finite: 0, out_of_range: 0, bad_index: 0, clamped: 0 });
    const places = new Set(values.map(({ index }) => index));
    for (const [i, z] of vector.slice(0, 256).entries()) assert(places.has(i) || z === 0, `place ${i}`);
    for (const { index, name, z, warm, available } of values) {
      assertEquals(z, warm ? vector[index] : null, name);
      assert(available || !warm, name);
    }
    assertEquals(body.warm, values.filter(({ warm }) => warm).length);
    assertEquals(body.available, values.filter(({ available }) => available).length);
    // What receipts tell is warm after the blocks that were read; what is polled was seen in one slot.
    const byName = new Map(values.map((value) => [value.name, value]));
    assertEquals([byName.get("operation_volume")!.warm, byName.get("queue_depth")!.warm], [true, false]);
    assertEquals(byName.get("operation_volume")!.status, "OK");
    const before = vector.slice(0, 512);
    await atSlot(program, node.mine(1));
    const after = (await program.json("/features")).features as readonly number[];
    assertEquals(after.slice(256), before, "the lags move on by a slot");
  });
});

Deno.test("features that today's node does not offer are unavailable, 0 in the vector and null where shown", async () => {
  await withNode({ dialect: "live" }, async (program, node) => {
    await atSlot(program, node.mine(1));
    const body = await program.json("/features");
    assertBody(body, "/features");
    const values = body.values as readonly Value[];
    const gone = values.filter(({ available }) => !available).map(({ name }) => name);
    for (const name of ["finality_lag", "volume.storage", "spend.ad"]) {
      assert(gone.includes(name), `${name}: ${gone.join()}`);
    }
    for (const { index, name, value, z, available, status } of values) {
      if (available) continue;
      assertEquals([value, z, (body.features as readonly number[])[index]], [null, null, 0], name);
      assertEquals(status, "NOT_OFFERED", name);
    }
    assert(pathsWith(body, "NOT_OFFERED").length > 0);
    assert(!gone.includes("operation_volume") && !gone.includes("mempool_size"));
  });
});

Deno.test("GET /features/schema tells index, unit and formula of every feature", async () => {
  await withProgram({}, async ({ json }) => {
    const body = await json("/features/schema");
    assertBody(body, "/features/schema");
    assertEquals([body.version, body.hash, body.lambda, body.epsilon], [1, FEATURE_SCHEMA, 0.995, 1e-8]);
    assertEquals([body.warm_slots, body.feature_count, body.lags], [32, 256, 3]);
    const rows = body.features as readonly Json[];
    assertEquals(rows.map(({ name }) => name), FEATURES.map(({ name }) => name));
    assertEquals(Object.keys(rows[0]!), [
      "index",
      "name",
      "market",
      "source",
      "unit",
      "aggregation",
      "normalization",
      "since",
      "meaning",
    ]);
  });
});

for (const topic of ["features", "posterior"]) {
  Deno.test(`/${topic}/ws sends the body of /${topic} on connect and after each slot, and nothing else`, async () => {
    await withNode({ dialect: "readme" }, async (program, node) => {
      await atSlot(program, node.mine(1));
      const stream = await new Stream(`${program.url.replace("http", "ws")}/${topic}/ws`).opened();
      const first = await stream.next();
      assertEquals(Object.keys(first), ["type", "data", "timestamp"]);
      assertEquals(first.type, topic);
      assertBody(first.data as Json, topic);
      assertEquals(first.timestamp, (first.data as Json).timestamp);
      stream.say({ op: "sub", topics: ["health"] });
      const refused = await stream.next(({ op }) => op === "error");
      assertEquals(refused.code, "UNKNOWN_OP");
      const tip = node.mine(1);
      const next = await stream.next(({ data }) => (data as Json | undefined)?.slot === tip);
      assertEquals(next.type, topic);
      const seq = (next.data as Json)._meta as Json;
      const rest = await program.json(`/${topic}`);
      if ((rest._meta as Json).seq === seq.seq) assertEquals(next.data, rest);
      await stream.close();
    });
  });
}

Deno.test("GET /features/history gives chosen features slot by slot, and a reorganisation takes slots back", async () => {
  await withProgram({ scenario: "reorgs", speed: 20 }, async (program) => {
    const read = async (query: string) => {
      const body = await program.json(`/features/history?${query}`);
      assertBody(body, query);
      return body as Json & Record<"height" | "t", number[]> & Record<"raw" | "z", (number | null)[][]>;
    };
    await until(
      "reorganisations were followed",
      async () => Number((await program.json("/theblock/health")).reorgs) >= 2,
    );
    const { t, height, raw, z, features } = await read("feature=operation_volume,cost_delta&from=0");
    assertEquals(features, ["operation_volume", "cost_delta"]);
    assert(height.length >= 300);
    assertEquals(height, height.map((_, i) => height[0]! + i), "each height once");
    assertEquals([t.length, raw.length, z.length], [height.length, height.length, height.length]);
    assertEquals(z[0], [null, null], "not warm");
    assert(raw.every(([volume]) => Number.isInteger(volume)));
    // One slot's difference is what the two sums differ by.
    const sparse = await read("feature=operation_volume&from=0&every=100");
    assertEquals(sparse.height.slice(0, 3), [0, 100, 200]);
    assertEquals(sparse.raw[1], [raw[height.indexOf(100)]![0]]);
  });
});

Deno.test("GET /features/history refuses what it cannot give", async () => {
  await withProgram({}, async ({ get }) => {
    const names = FEATURES.map(({ name }) => name).join(",");
    for (
      const [query, field] of [
        ["feature=nonsense", "feature"],
        ["from=20&to=10", "from"],
        ["every=0", "every"],
        [`feature=${names}&from=0`, "every"],
        ["step=60", "step"],
      ] as const
    ) {
      const response = await get(`/features/history?${query}`);
      const body = await response.json();
      assertEquals([response.status, body.errors?.[0]?.field], [400, field], query);
    }
  });
});

Deno.test("GET /export/features has a column for each feature and its z-score, and needs a key", async () => {
  await withProgram({}, async ({ get, key }) => {
    const refused = await get("/export/features");
    assertEquals(refused.status, 401);
    await refused.body?.cancel();
    const response = await get("/export/features", { "x-api-key": key });
    assertMatch(response.headers.get("content-disposition")!, /block-buster-features-SIMULATED\.csv/);
    const lines = (await response.text()).trim().split("\r\n");
    const meta = JSON.parse(lines[0]!.slice(2));
    assertEquals([meta.export, meta.source], ["features", "simulated"]);
    const head = lines[1]!.split(",");
    assertEquals(head.slice(0, 4), ["time", "block_height", "market_utilization", "market_utilization.z"]);
    assertEquals(head.length, 2 + 2 * FEATURES.length);
    assertEquals(meta.columns["price_log_return.compute"], "ln");
    assert(lines.length >= 300);
    const cells = lines[300]!.split(",");
    assertEquals(cells.length, head.length);
    assert(Number.isFinite(Number(cells[head.indexOf("operation_volume.z")]!)));
    const ndjson = await (await get("/export/features?format=ndjson", { "x-api-key": key })).text();
    assertEquals(ndjson.trim().split("\n").length, lines.length - 1);
  });
});

Deno.test("GET /posterior says what it is worth, and that its skill is on simulated data", async () => {
  await withProgram({ scenario: "stress" }, async (program) => {
    const body = await program.json("/posterior");
    assertBody(body, "/posterior");
    const regimes = ["trend", "revert", "chop"].map((name) => body[name] as number);
    assert(Math.abs(regimes.reduce((sum, p) => sum + p, 0) - 1) < 1e-5);
    assert(body.rug as number > 0 && body.rug as number < 1);
    assertEquals([body.horizon_blocks, body.learned_from], [20, "simulated data"]);
    const { regime, rug } = body.skill as Record<string, Json>;
    assertEquals([regime!.status, rug!.status], ["prior", "prior"], "300 blocks prove nothing");
    assertEquals(regimes, ["trend", "revert", "chop"].map((name) => (body.base as Json)[name]));
    assertEquals(metaOf(body).source, "simulated");
    for (const path of ["trend", "skill.regime.gain"]) {
      assertStringIncludes(metaOf(body).estimated[path]!, "simulated data");
    }
    assertEquals((body.reliability as readonly Json[]).length, 40);
  });
});

Deno.test("GET /posterior has reasons instead of probabilities while there is no block", async () => {
  const env = { TB_RPC_URL: "http://127.0.0.1:1", TB_WS_URL: "ws://127.0.0.1:1/ws" };
  await withProgram({ dialect: null, env }, async ({ json }) => {
    const body = await json("/posterior");
    assertBody(body, "/posterior");
    assertEquals([body.trend, body.rug, body.slot, body.samples], [null, null, null, 0]);
    assertEquals(body.learned_from, "node data");
    const features = await json("/features");
    assertEquals([features.slot, features.warm, features.available], [null, 0, 0]);
    assert((features.features as readonly number[]).every((z) => z === 0));
  });
});
