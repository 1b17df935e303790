// @ts-types="#types/std_assert.d.ts"
import { assert, assertEquals } from "@std/assert";
import { until } from "../contract/harness.ts";
import { bodyOf, servedDifferences, servedReceipts } from "../support/program_truth.ts";
import { caughtUp, health, withLane } from "./lane.ts";

/** The program's default for `ingest.finality_depth`. */
const FINALITY_DEPTH = 32;

for (const depth of [1, 3, FINALITY_DEPTH - 1, FINALITY_DEPTH]) {
  Deno.test(`ChainFollower reverses a reorganisation of depth ${depth} exactly`, async () => {
    await withLane({ seed: depth }, async (lane) => {
      const { chain, faults, node, program } = lane;
      node.mine(10);
      await caughtUp(lane);
      faults.set({ fault: "reorg", depth });
      for (let left = depth; left > 0; left -= 8) {
        node.mine(Math.min(8, left));
        await caughtUp(lane);
      }
      const orphans = await servedDifferences(program.url, chain, node.tip());
      assert(orphans.length > 0, "the orphans were never followed, so nothing was reversed");
      node.mine(1);
      await caughtUp(lane);
      assertEquals(await servedDifferences(program.url, chain, node.tip()), []);
      assertEquals((await health(lane)).reorgs, 1);
    });
  });
}

Deno.test("ChainFollower halts loudly at a reorganisation deeper than the finality depth, and books none of it", async () => {
  await withLane({}, async (lane) => {
    const { chain, faults, node, program } = lane;
    const forkedAt = node.tip();
    faults.set({ fault: "reorg", depth: FINALITY_DEPTH + 1 });
    for (let mined = 0; mined < FINALITY_DEPTH + 1; mined += 11) {
      node.mine(11);
      await caughtUp(lane);
    }
    const before = await servedReceipts(program.url);
    node.mine(1);
    await until("it says that it is halted", async () => (await health(lane)).sync_status === "halted");
    node.mine(5);
    await until("the alert is open", async () => {
      const { alerts } = await bodyOf(program.url, "/theblock/alerts") as { alerts: { rule: string }[] };
      return alerts.some(({ rule }) => rule === "chain_halted");
    });
    assertEquals((await servedReceipts(program.url)).length, before.length);
    // What both chains share is still right.
    const shared = new Set(chain.receiptsAt(forkedAt).map(({ index }) => index));
    assertEquals(
      (await servedReceipts(program.url)).filter(({ block_height }) => block_height === forkedAt).length,
      shared.size,
    );
  });
});

Deno.test("ChainFollower replaces a block by another one of the same height", async () => {
  await withLane({ seed: 3 }, async (lane) => {
    const { chain, faults, node, program } = lane;
    faults.set({ fault: "uncle" });
    node.mine(1);
    await caughtUp(lane);
    faults.heal();
    await caughtUp(lane);
    assertEquals((await health(lane)).block_hash, chain.hashAt(node.tip()));
    assertEquals(await servedDifferences(program.url, chain, node.tip()), []);
  });
});

Deno.test("ChainFollower waits while the node is behind on the same chain, and reverses nothing", async () => {
  await withLane({ seed: 4 }, async (lane) => {
    const { chain, faults, node, program } = lane;
    faults.set({ fault: "behind", blocks: 20 });
    node.mine(3);
    const polls = faults.asked.get("light.headers") ?? 0;
    await until("it has looked", () => (faults.asked.get("light.headers") ?? 0) > polls + 3);
    assertEquals((await health(lane)).reorgs, 0);
    faults.heal();
    await caughtUp(lane);
    assertEquals(await servedDifferences(program.url, chain, node.tip()), []);
  });
});

Deno.test("ChainFollower halts when the node shows another chain, and books none of it", async () => {
  await withLane({ seed: 5 }, async (lane) => {
    const { chain, faults, node, program } = lane;
    const tip = node.tip();
    faults.set({ fault: "wrong_chain" });
    node.mine(3);
    await until("it says that it is halted", async () => (await health(lane)).sync_status === "halted");
    assertEquals(await servedDifferences(program.url, chain, tip), []);
  });
});

Deno.test("GET /theblock/receipts shows an amount of 2^64 − 1 exactly", async () => {
  await withLane({ seed: 6 }, async (lane) => {
    const { faults, node, program } = lane;
    const held = (await servedReceipts(program.url)).length;
    faults.set({ fault: "huge_u64", methods: ["receipt.audit", "balance"] });
    node.mine(3);
    await until("the receipts are there", async () => (await servedReceipts(program.url)).length > held);
    const huge = (await servedReceipts(program.url)).filter(({ amount }) => amount === null);
    assert(huge.length > 0, "no huge amount was served");
    for (const receipt of huge) assertEquals(receipt.amount_exact, "18446744073709551615");
    for (const path of ["pnl", "status", "markets/health", "operations", "network/metrics", "providers"]) {
      await bodyOf(program.url, `/theblock/${path}`);
    }
  });
});

Deno.test("ChainFollower names a receipt that it cannot read as a gap, and reads all others", async () => {
  await withLane({ seed: 7 }, async (lane) => {
    const { chain, faults, node, program } = lane;
    faults.set({ fault: "negative_amount", methods: ["receipt.audit"] });
    node.mine(1);
    while (chain.receiptsAt(node.tip()).length === 0) node.mine(1);
    await until("it says that it lacks one", async () => Number((await health(lane)).gaps) > 0);
    faults.heal();
    node.mine(1);
    await until("it goes on", async () => (await health(lane)).block_height === node.tip());
    const gaps = Number((await health(lane)).gaps);
    let lost: readonly string[] = [];
    await until("all others are there", async () => {
      lost = (await servedDifferences(program.url, chain, node.tip())).filter((text) =>
        text.startsWith("receipt")
      );
      return lost.length === gaps;
    });
    assert(lost.every((text) => text.endsWith("is lost")), lost.join("; "));
  });
});
