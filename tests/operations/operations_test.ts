// @ts-types="#types/std_assert.d.ts"
import { assert, assertEquals, assertMatch, assertNotEquals } from "@std/assert";
import { Random } from "../../src/engine/random.ts";
import { systemClock } from "../../src/runtime/clock.ts";
import type { FaultSpec } from "../../src/simulator/faults.ts";
import { signTransfer, SIMULATED_CHAIN_ID } from "../../src/the_block/transfer.ts";
import {
  ADDRESS,
  type Bench,
  intent,
  operationOf,
  reaches,
  recipient,
  transfer,
  withBench,
} from "./bench.ts";

const FEE = 642n;
const DIALECTS = ["readme", "live"] as const;
const SUBMIT = "submit_tx";

/** Requests of `submit_tx` that carry a transaction; the first one only asked whether the node has it. */
const submissions = ({ asked }: Bench) => Math.max(0, asked(SUBMIT) - 1);

const HASH = "5a".repeat(32);
const PROVIDER = { provider_id: "ours", max_capacity_bytes: 1_000, price_per_block: 2, escrow_deposit: 10 };
const CAMPAIGN = {
  id: "spring",
  advertiser_account: "adv",
  budget_usd_micros: 5,
  creatives: [{ id: "c" }],
  targeting: { domains: [], badges: [] },
};
const SETTLEMENT = { provider_id: "sim-energy-01", kwh_consumed: 4, meter_hash: HASH };
const UPLOAD = {
  object_id: "o",
  provider_id: "ours",
  original_bytes: 1,
  shares: 1,
  price_per_block: 1,
  start_block: 1,
  retention_blocks: 10,
};

for (const dialect of DIALECTS) {
  Deno.test(`operations on a ${dialect} node: transfers are numbered one behind the other and confirmed when they are mined`, async () => {
    await withBench({ dialect }, async (bench) => {
      const { operations, node } = bench;
      const sent = [];
      for (const n of [1, 2, 3]) sent.push(operationOf(await operations.submit(transfer(n), `k${n}`)));
      assertEquals(sent.map(({ status }) => status), ["submitted", "submitted", "submitted"]);
      assertEquals(sent.map(({ details }) => JSON.parse(details).nonce), [1, 2, 3]);
      assertEquals(node.submissions.pending, 3);
      const tip = node.mine(1);
      for (const { id } of sent) {
        const { height, details } = await reaches(bench, id, "confirmed");
        assertEquals(height, tip);
        assertEquals(JSON.parse(details).evidence, "nonce and balance of the recipient");
      }
      assertEquals(node.submissions.balanceOf(ADDRESS), 1_000_000n - 3n * (5n + FEE));
      assertEquals(submissions(bench), 3);
      const last = operationOf(await operations.submit(transfer(4), "k4"));
      assertEquals(JSON.parse(last.details).nonce, 4);
      assertEquals(node.stateStream.violations, 0);
    });
  });

  Deno.test(`operations on a ${dialect} node: an answer that is lost is found by looking, and nothing is sent twice`, async () => {
    await withBench({ dialect }, async (bench) => {
      const { operations, node, faults } = bench;
      await operations.preview(transfer(1)); // Finds out what the node takes.
      faults.set({ fault: "lost_answer", methods: [SUBMIT] });
      const { id, details } = operationOf(await operations.submit(transfer(1), "k1"));
      assertEquals(JSON.parse(details).outcome, "unknown");
      faults.heal();
      const behind = await operations.submit(transfer(2), "k2");
      assertEquals(behind.kind === "refused" && behind.code, "OUTCOME_UNKNOWN");
      assertEquals(operationOf(await operations.submit(transfer(1), "k1")).id, id);
      node.mine(1);
      await reaches(bench, id, "confirmed");
      assertEquals(node.submissions.balanceOf(recipient(1)), 5n);
      assertEquals(submissions(bench), 1);
      assertEquals(operationOf(await operations.submit(transfer(2), "k2")).status, "submitted");
    });
  });

  Deno.test(`operations on a ${dialect} node: providers and campaigns are confirmed by the listings, lost answers or not`, async () => {
    await withBench({ dialect }, async (bench) => {
      const { operations, faults } = bench;
      const rows = [
        ["storage_register_provider", PROVIDER, "storage.register_provider"],
        ["ad_register_campaign", CAMPAIGN, "ad_market.register_campaign"],
      ] as const;
      for (const [type, params, method] of rows) {
        await operations.preview(intent(type, params));
        const before = bench.asked(method);
        faults.set({ fault: "lost_answer", methods: [method] });
        const lost = operationOf(await operations.submit(intent(type, params), `${type} 1`));
        assertEquals([lost.status, JSON.parse(lost.details).outcome], ["submitted", "unknown"]);
        faults.heal();
        await reaches(bench, lost.id, "confirmed");
        assertEquals(bench.asked(method) - before, 1);
      }
      const renewed = operationOf(await operations.submit(intent(rows[0][0], PROVIDER), "again"));
      assertMatch((await reaches(bench, renewed.id, "confirmed")).details, /version 2/);
      const twice = operationOf(await operations.submit(intent(rows[1][0], CAMPAIGN), "again c"));
      assertEquals(twice.status, "rejected");
      assertMatch(twice.details, /already exists/);
    });
  });
}

Deno.test("operations: a record that the node answers with is the proof", async () => {
  await withBench({ dialect: "live" }, async (bench) => {
    const { operations, node } = bench;
    const settled = operationOf(await operations.submit(intent("energy_settle", SETTLEMENT), "k1"));
    assertEquals([settled.status, settled.height, settled.amount], ["confirmed", node.tip(), 12n]);
    const uploaded = operationOf(await operations.submit(intent("storage_upload", UPLOAD), "k2"));
    assertEquals([uploaded.status, uploaded.height], ["confirmed", null]);
    assertEquals(node.submissions.settlements.length, 1);
  });
});

Deno.test("operations: what was lost before it arrived expires, and its number is used again without a danger", async () => {
  await withBench({ expireMs: 300 }, async (bench) => {
    const { operations, node, faults } = bench;
    await operations.preview(transfer(1));
    faults.set({ fault: "reset", methods: [SUBMIT] });
    const { id } = operationOf(await operations.submit(transfer(1), "k1"));
    faults.heal();
    node.mine(3);
    const expired = await reaches(bench, id, "expired");
    assertMatch(expired.details, /newest nonce on the chain is 0/);
    const next = operationOf(await operations.submit(transfer(2), "k2"));
    assertEquals(JSON.parse(next.details).nonce, 1);
    node.mine(1);
    await reaches(bench, next.id, "confirmed");
    assertEquals(node.submissions.balanceOf(recipient(1)), 0n);
    assertEquals(bench.get(id).status, "expired");
  });
});

Deno.test("operations: the node's refusal is final, and the next transfer takes the same number", async () => {
  await withBench({}, async (bench) => {
    const { operations, faults } = bench;
    await operations.preview(transfer(1));
    faults.set({ fault: "tx_rejected", count: 1 });
    const refused = operationOf(await operations.submit(transfer(1), "k1"));
    assertEquals(refused.status, "rejected");
    assertMatch(refused.details, /FeeTooLow/);
    assertEquals(operationOf(await operations.submit(transfer(1), "k1")).status, "rejected");
    const next = operationOf(await operations.submit(transfer(1), "k2"));
    assertEquals([next.status, JSON.parse(next.details).nonce], ["submitted", 1]);
  });
});

Deno.test("operations: a fee that is given and too low is refused by the node", async () => {
  await withBench({}, async ({ operations }) => {
    const low = intent("transfer", { to: recipient(1), amount: 5, fee: 10 });
    assertMatch(operationOf(await operations.submit(low, "k1")).details, /FeeTooLow/);
  });
});

Deno.test("operations: a transaction that is never mined stays submitted, and expires", async () => {
  await withBench({ expireMs: 300 }, async (bench) => {
    const { operations, node, faults } = bench;
    faults.set({ fault: "stuck_mempool" });
    const { id } = operationOf(await operations.submit(transfer(1), "k1"));
    node.mine(2);
    await systemClock.sleep(100);
    assertEquals(bench.get(id).status, "submitted");
    await reaches(bench, id, "expired");
    assertEquals(submissions(bench), 1);
  });
});

Deno.test("operations: a number that somebody else took first is refused, and read anew", async () => {
  await withBench({}, async (bench) => {
    const { operations, node, signer } = bench;
    const foreign = { from: ADDRESS, to: recipient(9), amount: 1n, fee: FEE, nonce: 1 };
    assertEquals(node.submissions.submit(await signTransfer(foreign, signer, SIMULATED_CHAIN_ID)), null);
    const clash = operationOf(await operations.submit(transfer(1), "k1"));
    assertEquals(clash.status, "rejected");
    assertMatch(clash.details, /Duplicate/);
    node.mine(1);
    const next = operationOf(await operations.submit(transfer(1), "k2"));
    assertEquals([next.status, JSON.parse(next.details).nonce], ["submitted", 2]);
  });
});

Deno.test("operations: a used number alone does not confirm a transfer of which nobody knows whether it arrived", async () => {
  await withBench({ expireMs: 400 }, async (bench) => {
    const { operations, node, faults, signer } = bench;
    await operations.preview(transfer(1));
    faults.set({ fault: "reset", methods: [SUBMIT] });
    const { id } = operationOf(await operations.submit(transfer(1), "k1"));
    faults.heal();
    const foreign = { from: ADDRESS, to: recipient(9), amount: 500n, fee: FEE, nonce: 1 };
    assertEquals(node.submissions.submit(await signTransfer(foreign, signer, SIMULATED_CHAIN_ID)), null);
    node.mine(1);
    const expired = await reaches(bench, id, "expired");
    assertMatch(expired.details, /look before sending again/);
  });
});

Deno.test("operations: a signature for a simulated chain is none for a real one", async () => {
  await withBench({}, async ({ node, signer }) => {
    const payload = { from: ADDRESS, to: recipient(1), amount: 1n, fee: FEE, nonce: 1 };
    assertEquals(node.submissions.submit(await signTransfer(payload, signer, 1)), "BadSignature");
  });
});

Deno.test("operations: what the account does not hold is not sent, what is under way included", async () => {
  await withBench({ funds: 2n * FEE + 10n }, async (bench) => {
    const { operations } = bench;
    const tooMuch = await operations.submit(transfer(1, 1_000), "k1");
    assertEquals(tooMuch.kind === "refused" && tooMuch.code, "INSUFFICIENT_BALANCE");
    assertEquals(operationOf(await operations.submit(transfer(1, 5), "k2")).status, "submitted");
    const second = await operations.submit(transfer(2, 6), "k3");
    assertEquals(second.kind === "refused" && second.code, "INSUFFICIENT_BALANCE");
    assertEquals(operationOf(await operations.submit(transfer(2, 5), "k4")).status, "submitted");
    assertEquals(submissions(bench), 2);
  });
});

Deno.test("operations: a gate that is not open keeps everything of its market here", async () => {
  for (const gate of ["rehearsal", "inactive", "what"]) {
    await withBench({ gate }, async (bench) => {
      const rows = [
        ["storage_register_provider", PROVIDER],
        ["storage_upload", UPLOAD],
        ["ad_register_campaign", CAMPAIGN],
        ["energy_settle", SETTLEMENT],
      ] as const;
      for (const [type, params] of rows) {
        const result = await bench.operations.submit(intent(type, params), type);
        assertEquals(result.kind === "refused" && result.code, "GATE_CLOSED", `${type} ${gate}`);
      }
      assertEquals(bench.asked("storage_upload") + bench.asked("energy.settle"), 0);
      assertEquals(bench.node.submissions.providers.size + bench.node.submissions.campaigns.size, 0);
    });
  }
});

Deno.test("operations: a node that does not take an operation is not sent one", async () => {
  await withBench({}, async (bench) => {
    bench.faults.set({ fault: "method_not_found", methods: [SUBMIT, "ad_market.register_campaign"] });
    assertEquals((await bench.operations.submit(transfer(1), "k1")).kind, "not_offered");
    const campaign = intent("ad_register_campaign", CAMPAIGN);
    assertEquals((await bench.operations.submit(campaign, "k2")).kind, "not_offered");
    assertEquals([submissions(bench), bench.asked("ad_market.register_campaign")], [0, 1]);
  });
});

Deno.test("operations: a dry run shows the very transaction that would be sent, and sends nothing", async () => {
  await withBench({}, async (bench) => {
    const { operations, signer, node } = bench;
    const preview = await operations.preview(transfer(1));
    assert(preview.kind === "preview" && preview.checks.every(({ ok }) => ok));
    const payload = { from: ADDRESS, to: recipient(1), amount: 5n, fee: FEE, nonce: 1 };
    const { method, params } = preview.plan.request;
    assertEquals([method, params.tx], [SUBMIT, await signTransfer(payload, signer, SIMULATED_CHAIN_ID)]);
    assertEquals([submissions(bench), node.submissions.pending], [0, 0]);
    assertEquals(bench.store.operations({}, { limit: 1 }).total, 0);
    const again = await operations.preview(transfer(1));
    assert(again.kind === "preview");
    assertNotEquals(again.plan.request.params.nonce, params.nonce, "the node takes each of these once");
  });
});

Deno.test("operations: whatever the node does to submissions, no transfer happens twice and none is misreported", async () => {
  const seed = Number(Deno.env.get("BB_FIRST_SEED") ?? 1);
  const random = new Random("operations", seed);
  const faults: readonly (FaultSpec | null)[] = [
    null,
    null,
    { fault: "lost_answer", methods: [SUBMIT] },
    { fault: "reset", methods: [SUBMIT] },
    { fault: "http_503", methods: [SUBMIT] },
    { fault: "truncated_json", methods: [SUBMIT] },
    { fault: "wrong_id", methods: [SUBMIT] },
    { fault: "html_body", methods: [SUBMIT] },
    { fault: "slow_body", methods: [SUBMIT], ms: 2_000 },
    { fault: "tx_rejected" },
  ];
  await withBench({ expireMs: 250, timeoutMs: 100, funds: 1_000_000_000n }, async (bench) => {
    const { node } = bench;
    let operations = bench.operations;
    await operations.preview(transfer(1));
    const ids: string[] = [];
    for (let n = 1; n <= 40; n++) {
      const fault = random.pick(faults);
      if (fault) bench.faults.set(fault);
      const result = await operations.submit(transfer(n), `k${n}`);
      bench.faults.heal();
      if (result.kind === "operation") ids.push(result.operation.id);
      if (random.chance(0.2)) operations = await bench.restart();
      if (random.chance(0.2)) node.submissions.forgetPending();
      if (random.chance(0.7)) node.mine(1);
      if (random.chance(0.3)) await systemClock.sleep(300);
    }
    node.mine(1);
    const deadline = systemClock.monotonicMs() + 5_000;
    while (bench.store.pendingOperations() > 0 && systemClock.monotonicMs() < deadline) {
      await systemClock.sleep(20);
    }
    let sent = 0n;
    for (const id of ids) {
      const { status, clientOperationId, details } = bench.get(id);
      const got = node.submissions.balanceOf(recipient(Number(clientOperationId.slice(1))));
      const said = `seed ${seed} ${clientOperationId} ${status} ${details}`;
      assert(got === 0n || got === 5n, `${said}: sent ${got}`);
      if (status === "confirmed") assertEquals(got, 5n, said);
      else assert(status === "expired" || got === 0n, `${said}: it happened`);
      assert(["confirmed", "expired", "rejected", "failed"].includes(status), said);
      sent += got;
    }
    assert(ids.length > 10 && sent > 0n, `seed ${seed}: nothing was tried`);
    assertEquals(node.stateStream.violations, 0, `seed ${seed}`);
  });
});
