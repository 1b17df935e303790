// @ts-types="#types/std_assert.d.ts"
import { assert, assertEquals, assertRejects, assertThrows } from "@std/assert";
import { ManualClock, systemClock } from "../runtime/clock.ts";
import { type FaultName, FAULTS, type FaultSpec } from "./faults.ts";
import { ForkableChain } from "./forkable_chain.ts";
import { type RunningSimulator, startSimulator } from "./rpc_server.ts";
import type { Dialect } from "./scenario.ts";

async function withFaults(
  test: (node: RunningSimulator, faults: NonNullable<RunningSimulator["faults"]>) => Promise<void>,
  dialect: Dialect = "readme",
  seed = 1,
): Promise<void> {
  const node = await startSimulator({
    seed,
    scenario: "calm",
    dialect,
    speed: 1,
    clock: systemClock,
    mining: false,
    faults: true,
  });
  try {
    await test(node, node.faults!);
  } finally {
    await node.stop();
  }
}

/** One connection per call, so that none outlives the test. */
async function post(
  node: RunningSimulator,
  method: string,
  params = {},
  timeoutMs = 2_000,
): Promise<Response> {
  const response = await fetch(node.url, {
    method: "POST",
    headers: { connection: "close" },
    body: JSON.stringify({ id: 7, method, params }),
    signal: AbortSignal.timeout(timeoutMs),
  });
  return new Response(await response.text(), { status: response.status, headers: response.headers });
}

async function control(node: RunningSimulator, body: unknown): Promise<Response> {
  const response = await fetch(`${node.url}/faults`, { method: "POST", body: JSON.stringify(body) });
  return new Response(await response.text(), { status: response.status });
}

const HEIGHT = "consensus.block_height";

Deno.test("FaultPort leaves a node alone in which no fault is set", async () => {
  await withFaults(async (node, faults) => {
    assertEquals(await (await post(node, HEIGHT)).json(), { id: 7, jsonrpc: "2.0", result: { height: 299 } });
    assertEquals(faults.active, []);
    assertEquals(faults.asked.get(HEIGHT), 1);
  });
});

/** What the text of an answer to `consensus.block_height` looks like under a fault. */
const TEXTS: readonly (readonly [FaultName, number, (text: string) => boolean])[] = [
  ["http_500", 500, (text) => text === ""],
  ["http_502", 502, (text) => text === ""],
  ["http_503", 503, (text) => text === ""],
  ["http_504", 504, (text) => text === ""],
  ["http_403", 403, (text) => text === ""],
  ["html_body", 200, (text) => text.startsWith("<!doctype html>")],
  ["truncated_json", 200, (text) => text.length > 0 && !text.endsWith("}}")],
  ["wrong_id", 200, (text) => text.includes('"id":1000007')],
  ["null_id", 200, (text) => text.includes('"id":null') && text.includes('"height":299')],
  ["duplicate_id", 200, (text) => text.split('"id":').length === 3],
  ["result_null", 200, (text) => text.includes('"result":null')],
  ["method_not_found", 200, (text) => text.includes("-32601")],
  ["nan", 200, (text) => text.includes('"height":NaN')],
  ["infinity", 200, (text) => text.includes('"height":1e400')],
  ["wrong_types", 200, (text) => !text.includes('"result":{"height":299}')],
  ["deep_nesting", 200, (text) => text.includes("[".repeat(1_000))],
  ["oversized_body", 200, (text) => text.length > 10 * 1_048_576 && text.endsWith('"}')],
  ["rate_limited", 429, (text) => text.includes("rate limited")],
  ["banned", 429, (text) => text.includes("banned") && text.includes('"id":null')],
  ["banned_in_200", 200, (text) => text.includes("banned") && text.includes('"id":7')],
  ["latency", 200, (text) => text.includes('"height":299')],
  ["slow_body", 200, (text) => text.includes('"height":299')],
];

for (const [fault, status, fits] of TEXTS) {
  Deno.test(`FaultPort: ${fault}: ${FAULTS[fault].summary}`, async () => {
    await withFaults(async (node, faults) => {
      faults.set({ fault, ms: 5 });
      const response = await post(node, HEIGHT);
      const text = await response.text();
      assertEquals(response.status, status);
      assert(fits(text), text.slice(0, 200));
      faults.heal();
      assertEquals((await (await post(node, HEIGHT)).json()).result, { height: 299 });
    });
  });
}

for (const fault of ["reset", "refuse"] as const) {
  Deno.test(`FaultPort: ${fault} ends a connection without an answer`, async () => {
    await withFaults(async (node, faults) => {
      faults.set({ fault });
      await assertRejects(() => post(node, HEIGHT), TypeError);
      faults.heal();
      assertEquals((await post(node, HEIGHT)).status, 200);
    });
  });
}

for (const fault of ["hang", "half_open"] as const) {
  Deno.test(`FaultPort: ${fault} holds a request until it is healed, and can be healed over the same port`, async () => {
    await withFaults(async (node, faults) => {
      faults.set({ fault });
      await assertRejects(() => post(node, HEIGHT, {}, 150), DOMException);
      const held = post(node, HEIGHT);
      assertEquals((await control(node, { heal: true })).status, 200);
      assertEquals((await (await held).json()).result, { height: 299 });
      assertEquals(faults.active, []);
    });
  });
}

Deno.test("FaultPort.set() touches only the methods that it names, and never simulator.truth", async () => {
  await withFaults(async (node, faults) => {
    faults.set({ fault: "http_500", methods: [HEIGHT] });
    assertEquals((await post(node, HEIGHT)).status, 500);
    assertEquals((await post(node, "net.peers")).status, 200);
    faults.set({ fault: "http_503" });
    assertEquals((await post(node, "net.peers")).status, 503);
    assertEquals((await post(node, "simulator.truth", { from: 0, to: 1 })).status, 200);
  });
});

Deno.test("FaultPort.set() touches as many calls as it is told to", async () => {
  await withFaults(async (node, faults) => {
    faults.set({ fault: "http_500", count: 2 });
    const statuses = [];
    for (let call = 0; call < 4; call++) statuses.push((await post(node, HEIGHT)).status);
    assertEquals(statuses, [500, 500, 200, 200]);
  });
});

Deno.test("FaultPort.set() draws by its seed which calls it touches", async () => {
  const draw = async (seed: number) => {
    const statuses: number[] = [];
    await withFaults(
      async (node, faults) => {
        faults.set({ fault: "http_500", probability: 0.5 });
        for (let call = 0; call < 24; call++) statuses.push((await post(node, HEIGHT)).status);
      },
      "readme",
      seed,
    );
    return statuses.join();
  };
  const first = await draw(1);
  assertEquals(await draw(1), first);
  assert(first.includes("500") && first.includes("200"));
  assert(await draw(2) !== first);
});

Deno.test("FaultPort.set() ends by itself after forMs, and a ban after banMs", async () => {
  const clock = new ManualClock();
  const node = await startSimulator({
    seed: 1,
    scenario: "calm",
    dialect: "readme",
    speed: 1,
    clock,
    mining: false,
    faults: true,
  });
  try {
    node.faults!.set({ fault: "http_500", forMs: 1_000 });
    assertEquals((await post(node, HEIGHT)).status, 500);
    await clock.advance(1_000);
    assertEquals((await post(node, HEIGHT)).status, 200);
    node.faults!.set({ fault: "rate_limited", banMs: 2_000 });
    assert((await (await post(node, HEIGHT)).text()).includes("rate limited"));
    await clock.advance(1_999);
    assert((await (await post(node, HEIGHT)).text()).includes("banned"));
    await clock.advance(1);
    assertEquals((await post(node, HEIGHT)).status, 200);
  } finally {
    const stopped = node.stop();
    await clock.advance(1);
    await stopped;
  }
});

Deno.test("FaultPort: huge_u64 and negative_amount change amounts exactly", async () => {
  await withFaults(async (node, faults) => {
    const id = faults.set({ fault: "huge_u64" });
    assert(
      (await (await post(node, "balance", { address: "x" })).text()).includes(
        '"amount":18446744073709551615',
      ),
    );
    const page = await (await post(node, "receipt.audit", { start_height: 0 })).text();
    assertEquals(page.split("18446744073709551615").length, 2);
    faults.heal(id);
    faults.set({ fault: "negative_amount" });
    assert((await (await post(node, "balance", { address: "x" })).text()).includes('"amount":-1'));
  });
});

Deno.test("FaultPort: unauthorized touches the energy methods only", async () => {
  await withFaults(async (node, faults) => {
    faults.set({ fault: "unauthorized" });
    assert((await (await post(node, "energy.receipts")).text()).includes("-33009"));
    assertEquals((await (await post(node, "balance", { address: "x" })).json()).result, { amount: 0 });
  }, "live");
});

Deno.test("FaultPort: clock_skew moves the timestamps of headers and nothing else", async () => {
  await withFaults(async (node, faults) => {
    const ask = async () =>
      (await (await post(node, "light.headers", { start: 5, limit: 1 })).json()).result[0];
    const before = await ask();
    faults.set({ fault: "clock_skew", offsetMs: -3_600_000 });
    assertEquals(await ask(), { ...before, timestamp_ms: before.timestamp_ms - 3_600_000 });
  });
});

Deno.test("FaultPort: behind lowers the tip, wrong_chain shows another genesis, simulator.info stays", async () => {
  await withFaults(async (node, faults) => {
    const genesis = async () =>
      (await (await post(node, "light.headers", { limit: 1 })).json()).result[0].hash;
    const first = await genesis();
    const id = faults.set({ fault: "behind", blocks: 9 });
    assertEquals((await (await post(node, HEIGHT)).json()).result, { height: 290 });
    assertEquals(await genesis(), first);
    faults.heal(id);
    faults.set({ fault: "wrong_chain" });
    assert(await genesis() !== first);
    assertEquals((await (await post(node, "simulator.info")).json()).result.seed, 1);
  });
});

Deno.test("FaultPort: reorg makes the next blocks orphans, which the block after them replaces", async () => {
  await withFaults(async (node, faults) => {
    const hashes = async () => {
      const { result } = await (await post(node, "light.headers", { start: 298, limit: 10 })).json();
      return (result as { hash: string; parent_hash: string }[]).map((
        { hash, parent_hash },
      ) => [hash, parent_hash]);
    };
    faults.set({ fault: "reorg", depth: 3 });
    node.mine(3);
    const orphaned = await hashes();
    node.mine(1);
    const settled = await hashes();
    assertEquals(orphaned.slice(0, 2), settled.slice(0, 2));
    for (let at = 2; at <= 4; at++) assert(orphaned[at]![0] !== settled[at]![0]);
    for (let at = 1; at < orphaned.length; at++) assertEquals(orphaned[at]![1], orphaned[at - 1]![0]);
    for (let at = 1; at < settled.length; at++) assertEquals(settled[at]![1], settled[at - 1]![0]);
  });
});

Deno.test("FaultPort: uncle is replaced by another block of its height when it is healed", async () => {
  await withFaults(async (node, faults) => {
    faults.set({ fault: "uncle" });
    node.mine(1);
    const tip = async () => (await (await post(node, "light.latest_header")).json()).result;
    const uncle = await tip();
    faults.heal();
    const block = await tip();
    assertEquals([block.height, block.parent_hash], [uncle.height, uncle.parent_hash]);
    assert(block.hash !== uncle.hash);
  });
});

Deno.test("POST /faults sets and heals, and says what it does not understand", async () => {
  await withFaults(async (node, faults) => {
    const set = await control(node, { set: [{ fault: "http_500" }, { fault: "latency", ms: 1 }] });
    assertEquals((await set.json()).ids, [1, 2]);
    assertEquals((await post(node, HEIGHT)).status, 500);
    await control(node, { heal: 1 });
    assertEquals(faults.active.map(({ spec }) => spec.fault), ["latency"]);
    for (const wrong of [{ set: { fault: "nothing" } }, { set: { fault: "latency", ms: -1 } }, { set: 5 }]) {
      assertEquals((await control(node, wrong)).status, 400);
    }
    assertEquals(faults.active.length, 1);
    const facts = await (await fetch(`${node.url}/faults`)).json();
    assertEquals(Object.keys(facts.faults).length, Object.keys(FAULTS).length);
  });
});

Deno.test("POST /faults does not exist on a node that was started without faults", async () => {
  const node = await startSimulator({
    seed: 1,
    scenario: "calm",
    dialect: "readme",
    speed: 1,
    clock: systemClock,
    mining: false,
  });
  try {
    assertEquals(node.faults, undefined);
    assertEquals((await control(node, { set: { fault: "http_500" } })).status, 404);
    assertEquals((await post(node, HEIGHT)).status, 200);
  } finally {
    await node.stop();
  }
});

const WRONG: readonly FaultSpec[] = [
  { fault: "none" as FaultName },
  { fault: "latency", probability: 2 },
  { fault: "latency", ms: NaN },
  { fault: "half_open", methods: ["balance"] },
  { fault: "reorg", depth: 0 },
];

Deno.test("FaultPort.set() refuses specifications that make no sense", async () => {
  await withFaults((_node, faults) => {
    for (const spec of WRONG) assertThrows(() => faults.set(spec), RangeError);
    assertEquals(faults.active, []);
    return Promise.resolve();
  });
});

Deno.test("ForkableChain.planFork() refuses a fork inside another", () => {
  const chain = new ForkableChain({ seed: 1, scenario: "calm", dialect: "readme" });
  chain.planFork(10, 3);
  assertThrows(() => chain.planFork(12, 1), RangeError);
  chain.planFork(14, 1);
  assertEquals(chain.openForkAt(13)?.height, 10);
  assertEquals(chain.openForkAt(14), undefined);
  assertEquals(chain.openForkAt(15)?.height, 14);
});
