// @ts-types="#types/std_assert.d.ts"
import { assert, assertEquals, assertMatch, assertNotEquals, assertThrows } from "@std/assert";
import { SimulatedChain, unexplainedTransfers } from "./chain.ts";
import { hex256 } from "./hash.ts";
import { COLUMN, OPENING_BALANCE, settles } from "./ledger.ts";
import { DIALECTS, SCENARIO_NAMES } from "./scenario.ts";

Deno.test("SimulatedChain() refuses a seed that is not an integer within 0..2^53 − 1", () => {
  for (const seed of [-1, 0.5, NaN, 2 ** 53]) {
    assertThrows(
      () => new SimulatedChain({ seed, scenario: "calm", dialect: "readme" }),
      RangeError,
      "Cannot simulate a chain with seed",
    );
  }
});

Deno.test("SimulatedChain.hashAt() differs by seed, scenario, dialect, height and variant", () => {
  const hashes = new Set<string>();
  for (const seed of [1, 2]) {
    for (const scenario of SCENARIO_NAMES) {
      for (const dialect of DIALECTS) {
        const chain = new SimulatedChain({ seed, scenario, dialect });
        for (const height of [0, 1, 2]) {
          for (const variant of [0, 1] as const) hashes.add(chain.hashAt(height, variant));
        }
      }
    }
  }
  assertEquals(hashes.size, 2 * 6 * 2 * 3 * 2);
  for (const hash of hashes) assertMatch(hash, /^[0-9a-f]{64}$/);
});

Deno.test("ChainView.header() links every visible block to its parent at every tip", () => {
  for (const scenario of ["calm", "reorgs"] as const) {
    const chain = new SimulatedChain({ seed: 3, scenario, dialect: "readme" });
    for (let tip = 0; tip <= 2_000; tip++) {
      const view = chain.viewAt(tip);
      for (let height = Math.max(0, tip - 15); height <= tip; height++) {
        const parent = height === 0 ? "0".repeat(64) : view.header(height - 1).hash;
        assertEquals(view.header(height).parentHash, parent, `${scenario}, tip ${tip}, height ${height}`);
      }
    }
  }
});

Deno.test("ChainView.header() replaces exactly the orphans when a fork resolves", () => {
  const chain = new SimulatedChain({ seed: 3, scenario: "reorgs", dialect: "readme" });
  let reorgs = 0;
  for (let tip = 1; tip <= 2_000; tip++) {
    const before = chain.viewAt(tip - 1);
    const after = chain.viewAt(tip);
    const changed: number[] = [];
    for (let height = Math.max(0, tip - 35); height < tip; height++) {
      if (before.header(height).hash !== after.header(height).hash) changed.push(height);
    }
    const fork = before.openFork;
    if (fork !== undefined && after.openFork === undefined) {
      reorgs++;
      assertEquals(
        changed,
        Array.from({ length: fork.depth }, (_, index) => fork.height + 1 + index),
        `tip ${tip}`,
      );
      assertEquals(tip, fork.height + fork.depth + 1);
      assert(
        changed.some((height) =>
          JSON.stringify(before.receipts(height)) !== JSON.stringify(after.receipts(height)) ||
          before.header(height).transactions !== after.header(height).transactions
        ),
        `tip ${tip}: the branches hold the same`,
      );
    } else {
      assertEquals(changed, [], `tip ${tip}: history changed without a fork`);
    }
  }
  assertEquals(reorgs, 50);
});

Deno.test("ChainView.openFork is absent in every scenario but reorgs", () => {
  for (const scenario of SCENARIO_NAMES.filter((name) => name !== "reorgs")) {
    const chain = new SimulatedChain({ seed: 3, scenario, dialect: "readme" });
    for (let tip = 0; tip < 400; tip++) assertEquals(chain.viewAt(tip).openFork, undefined);
  }
});

Deno.test("ChainView.finalizedHeight never falls, never exceeds the tip and is never taken back", () => {
  for (const scenario of SCENARIO_NAMES) {
    const chain = new SimulatedChain({ seed: 5, scenario, dialect: "readme" });
    let previous = 0;
    for (let tip = 0; tip <= 3_000; tip++) {
      const view = chain.viewAt(tip);
      const finalized = view.finalizedHeight;
      assert(
        finalized >= previous && finalized <= tip,
        `${scenario}, tip ${tip}: ${finalized} after ${previous}`,
      );
      assertEquals(
        view.header(finalized).hash,
        chain.hashAt(finalized),
        `${scenario}, tip ${tip}: orphan finalized`,
      );
      previous = finalized;
    }
    assertEquals(previous, 3_000 - chain.scenario.finalityLag);
  }
});

Deno.test("ChainView.balance() is the opening balance plus what receipts and transfers explain, at every tip", () => {
  for (const scenario of SCENARIO_NAMES) {
    for (const dialect of DIALECTS) {
      const chain = new SimulatedChain({ seed: 6, scenario, dialect });
      const { address, miner } = chain.identities;
      const change = (tip: number, height: number): bigint => {
        let sum = 0n;
        for (const receipt of chain.viewAt(tip).receipts(height)) {
          if (!settles(receipt, dialect)) continue;
          if (receipt.provider === 0) sum += BigInt(receipt.amount) + BigInt(receipt.subsidy);
          if (receipt.consumer === 0) sum -= BigInt(receipt.amount);
        }
        return sum;
      };
      // Heights below `final` are the same at every later tip, so their sum is carried along.
      let final = 0;
      let settled = OPENING_BALANCE;
      let mined = 0n;
      for (let tip = 0; tip <= 600; tip++) {
        const view = chain.viewAt(tip);
        for (; final < tip - 40; final++) {
          settled += change(tip, final);
          if (view.header(final).miner === 0) mined += BigInt(view.header(final).reward);
        }
        let ours = settled;
        let rewards = mined;
        for (let height = final; height <= tip; height++) {
          ours += change(tip, height);
          if (view.header(height).miner === 0) rewards += BigInt(view.header(height).reward);
        }
        for (const transfer of unexplainedTransfers(chain, 0, tip)) ours += transfer.amount;
        assertEquals(view.balance(address), ours, `${scenario} ${dialect} tip ${tip}`);
        assertEquals(view.balance(miner), rewards, `${scenario} ${dialect} tip ${tip}: miner`);
      }
    }
  }
});

Deno.test("ChainView.balance() of an address that is not ours is 0", () => {
  const view = new SimulatedChain({ seed: 1, scenario: "calm", dialect: "readme" }).viewAt(500);
  assertEquals(view.balance(hex256(1)), 0n);
  assertEquals(view.balance("sim-miner-01"), 0n);
  assertEquals(view.balance(""), 0n);
});

Deno.test("unexplainedTransfers() lists about one per 400 blocks, in both directions", () => {
  const chain = new SimulatedChain({ seed: 8, scenario: "calm", dialect: "readme" });
  const transfers = unexplainedTransfers(chain, 0, 40_000);
  assert(transfers.length > 60 && transfers.length < 150, `${transfers.length} transfers`);
  assert(transfers.some(({ amount }) => amount > 0n) && transfers.some(({ amount }) => amount < 0n));
});

Deno.test("ChainView.totals() is the same in any order of access", () => {
  const options = { seed: 9, scenario: "reorgs", dialect: "live" } as const;
  const forward = new SimulatedChain(options);
  const backward = new SimulatedChain(options);
  const tips = [12, 7_777, 345, 6_000, 999, 1_000, 1_001, 5_432, 40];
  const expected = new Map(
    [...tips].sort((a, b) => a - b).map((tip) => [tip, [...forward.viewAt(tip).totals()]]),
  );
  for (const tip of tips) assertEquals([...backward.viewAt(tip).totals()], expected.get(tip), `tip ${tip}`);
});

Deno.test("ChainView.heightReaching() finds the lowest height, on both sides of a checkpoint", () => {
  const view = new SimulatedChain({ seed: 9, scenario: "reorgs", dialect: "live" }).viewAt(3_456);
  const column = COLUMN.count + 2;
  const total = Number(view.totals()[column]!);
  for (const target of [1, 2, 50, 1_198, 1_199, 1_200, 1_201, 2_500, total - 1, total]) {
    const height = view.heightReaching(column, BigInt(target));
    assert(view.totals(height)[column]! >= target, `target ${target}`);
    assert(view.totals(height - 1)[column]! < target, `target ${target}: not the lowest`);
  }
  assertThrows(() => view.heightReaching(column, BigInt(total + 1)), RangeError, "has not");
});

Deno.test("SimulatedChain.receiptsAt() of an orphan differs from the canonical block", () => {
  const chain = new SimulatedChain({ seed: 3, scenario: "reorgs", dialect: "readme" });
  let different = 0;
  for (let height = 1; height < 200; height++) {
    if (JSON.stringify(chain.receiptsAt(height, 0)) !== JSON.stringify(chain.receiptsAt(height, 1))) {
      different++;
    }
  }
  assert(different > 190);
  assertNotEquals(chain.digestOf(5, 0, 0), chain.digestOf(5, 1, 0));
});
