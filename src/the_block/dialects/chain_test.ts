// @ts-types="#types/std_assert.d.ts"
import { assertEquals, assertRejects } from "@std/assert";
import { ScriptedTransport } from "../../../tests/support/scripted_node.ts";
import { recorded } from "../../../tests/support/fixtures.ts";
import { ManualClock } from "../../runtime/clock.ts";
import { NodeClient } from "../client.ts";
import { NodeError } from "../errors.ts";
import { balance, head, headers, mempool, simulation } from "./chain.ts";

function start(answers: Readonly<Record<string, unknown>>) {
  const node = new ScriptedTransport(answers);
  return { node, client: new NodeClient(node.transport, new ManualClock()) };
}

Deno.test("headers asks for a range by name", async () => {
  const { node, client } = start({ "light.headers": [{ height: 4, hash: "h" }] });
  await client.ask(headers, { start: 4, limit: 200 });
  assertEquals(node.calls[0]?.params, { start: 4, limit: 200 });
});

Deno.test("headers of a node that tells heights only has the same range, oldest first", async () => {
  const { client } = start({ "consensus.block_height": { height: 10 } });
  const heights = async (from: number, limit: number) => {
    const found = await client.ask(headers, { start: from, limit });
    return Array.isArray(found)
      ? found.map(({ height, hash }) => `${height}${hash ?? ""}`).join(" ")
      : "absent";
  };
  assertEquals(await heights(8, 200), "8 9 10");
  assertEquals(await heights(0, 3), "0 1 2");
  assertEquals(await heights(0, 1), "0");
  assertEquals([await heights(10, 5), await heights(11, 5), await heights(99, 5)], ["10", "", ""]);
});

Deno.test("head prefers the height that cannot hurt over the latest header", async () => {
  const { node, client } = start({
    "consensus.block_height": { height: 5 },
    "light.latest_header": { height: 5, hash: "h" },
  });
  assertEquals(await client.ask(head, undefined), { height: 5 });
  assertEquals(node.methods, ["consensus.block_height"]);
});

Deno.test("mempool asks each admission lane by name", async () => {
  const { node, client } = start({ "mempool.stats": recorded("mempool.stats", "pending").raw });
  const answer = await client.ask(mempool, undefined);
  assertEquals(node.calls.map(({ params }) => params), [{ lane: "consumer" }, { lane: "industrial" }]);
  assertEquals("lanes" in answer && answer.lanes.map(({ lane, size }) => [lane, size]), [["consumer", 3], [
    "industrial",
    3,
  ]]);
});

Deno.test("balance asks each account and keeps their order", async () => {
  const { client } = start({
    balance: ({ address }: { address: string }) => ({ amount: address === "b" ? 2n ** 64n - 1n : 7 }),
  });
  assertEquals(await client.ask(balance, ["a", "b"]), {
    accounts: [{ address: "a", amount: 7n }, { address: "b", amount: 2n ** 64n - 1n }],
  });
});

Deno.test("simulation reads who is simulated and which names are ours", async () => {
  const full = start({ "simulator.info": recorded("simulator.info", "full").raw });
  assertEquals(await full.client.ask(simulation, undefined), {
    seed: 2 ** 53 - 1,
    scenario: "calm",
    dialect: "live",
    account: {
      address: "a0",
      identities: { compute: ["sim-compute-00", "a0"], ad: ["adv-00"], miner: ["sim-miner-00"] },
    },
  });
  const bare = start({ "simulator.info": recorded("simulator.info", "bare").raw });
  assertEquals(await bare.client.ask(simulation, undefined), {
    seed: 1,
    scenario: "stress",
    dialect: "readme",
    account: null,
  });
});

Deno.test("simulation does not take a half-told simulation for a real node", async () => {
  const { client } = start({ "simulator.info": { scenario: "calm" } });
  const error = await assertRejects(() => client.ask(simulation, undefined), NodeError);
  assertEquals(error.kind, "decode");
});
