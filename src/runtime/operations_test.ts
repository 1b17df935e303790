// @ts-types="#types/std_assert.d.ts"
import { assert, assertEquals, assertMatch } from "@std/assert";
import {
  blockEvents,
  blocksUpTo,
  coreWith,
  gateNamed,
  governorWith,
  headerAt,
  marketAnswer,
  observed,
  T0,
} from "../../tests/support/engine.ts";
import type { Core } from "../engine/core.ts";
import { type OperationIntent, readParams } from "../engine/operation.ts";
import { absent, type Known } from "../engine/reason.ts";
import { silentLog } from "../telemetry/log.ts";
import { ManualClock } from "./clock.ts";
import { LOOK_EVERY_MS, Operations, type SubmitResult, WAITING_MAX } from "./operations.ts";
import type {
  NodeRequest,
  OperationPlan,
  OperationSender,
  SendResult,
  Sent,
  Sighting,
} from "./ports/operation_sender.ts";
import { type EngineStore, type OwnOperation, StoreError } from "./ports/store.ts";

const TO = "ab".repeat(32);
const FROM = "cd".repeat(32);
const EXPIRE_MS = 60_000;
const ACCEPTED: SendResult = { kind: "accepted", final: false, height: null };
const UNKNOWN: SendResult = { kind: "unknown", reason: "the connection closed" };
const UNSEEN: Sighting = { kind: "unseen", reason: "not there" };

const transfer = (amount = 5): OperationIntent => ({
  type: "transfer",
  params: readParams("transfer", { to: TO, amount }).params,
});

const provider = (deposit = 10): OperationIntent => ({
  type: "storage_register_provider",
  params: { provider_id: "p", max_capacity_bytes: 1, price_per_block: 1, escrow_deposit: deposit },
});

/** A node on a script. */
class FakeSender implements OperationSender {
  readonly sent: NodeRequest[] = [];
  readonly plannedBehind: (readonly Sent[])[] = [];
  looks = 0;
  offered: Known<true> = true;
  balance: Known<bigint> = 1_000n;
  result: SendResult | Promise<SendResult> = ACCEPTED;
  sighting: Sighting = UNSEEN;
  onSend: () => void = () => {};

  offer(): Promise<Known<true>> {
    return Promise.resolve(this.offered);
  }

  plan({ type }: OperationIntent, open: readonly Sent[]): Promise<Known<OperationPlan>> {
    this.plannedBehind.push(open);
    return Promise.resolve({
      request: { method: type, params: { nonce: this.plannedBehind.length } },
      account: FROM,
      balance: this.balance,
      fee: type === "transfer" ? 7n : 0n,
      details: { nonce: open.length + 1 },
      proof: { nonce: open.length + 1, amount: "5" },
    });
  }

  async send(request: NodeRequest): Promise<SendResult> {
    this.sent.push(request);
    this.onSend();
    return await this.result;
  }

  look(): Promise<Sighting> {
    this.looks++;
    return Promise.resolve(this.sighting);
  }
}

/** A store that keeps operations, and fails when told to. */
class FakeStore {
  readonly rows = new Map<string, OwnOperation>();
  readonly writes: string[] = [];
  failing = false;
  damaged = false;

  saveOperation(operation: OwnOperation): void {
    if (this.failing) throw new StoreError("full", "the disk is full");
    this.rows.set(operation.id, operation);
    this.writes.push(operation.status);
  }

  ownOperation(key: string): OwnOperation | null {
    return [...this.rows.values()].find(({ clientOperationId }) => clientOperationId === key) ?? null;
  }

  recentOperations(sinceMs: number): readonly OwnOperation[] {
    if (this.damaged) throw new StoreError("corrupt", "a row is damaged");
    return [...this.rows.values()].filter(({ status, updatedMs }) =>
      status === "pending" || status === "submitted" ||
      ((status === "confirmed" || status === "reversed") && updatedMs >= sinceMs)
    );
  }
}

interface Bench {
  readonly clock: ManualClock;
  readonly core: Core;
  readonly sender: FakeSender;
  readonly store: FakeStore;
  readonly operations: Operations;
  /** The same store, sender and chain under a program that has just started. */
  restart(): Operations;
  status(): string | undefined;
  details(): Record<string, unknown>;
}

async function withBench(
  test: (bench: Bench) => Promise<void>,
  gates: Readonly<Record<string, string>> = {
    storage: "trade",
    energy: "trade",
    ad_targeting_contextual: "trade",
  },
): Promise<void> {
  const clock = new ManualClock(T0);
  const ttl = { ttlMs: 10_000_000 };
  const core = coreWith([
    ...blocksUpTo(3),
    { ...observed("head", { height: 3 }), ...ttl } as never,
    {
      ...observed(
        "governor",
        governorWith(Object.entries(gates).map(([name, word]) => gateNamed(name, word))),
      ),
      ...ttl,
    } as never,
    { ...observed("energy", marketAnswer()), ...ttl } as never,
    { ...observed("ad", marketAnswer({ ready: true })), ...ttl } as never,
  ]);
  const sender = new FakeSender();
  const store = new FakeStore();
  let count = 0;
  const running: { operations: Operations; done: Promise<void> }[] = [];
  const start = () => {
    const operations = new Operations({
      state: () => core.state,
      store: () => store as unknown as EngineStore,
      sender,
      touch: () => {},
      clock,
      log: silentLog(),
      expireMs: EXPIRE_MS,
      newId: () => `op-${++count}`,
    });
    operations.load();
    running.push({ operations, done: operations.run() });
    return operations;
  };
  const first = () => [...store.rows.values()][0];
  try {
    await test({
      clock,
      core,
      sender,
      store,
      operations: start(),
      restart: () => {
        running.at(-1)!.operations.stop();
        return start();
      },
      status: () => first()?.status,
      details: () => JSON.parse(first()!.details),
    });
  } finally {
    for (const { operations } of running) operations.stop();
    await clock.advance(60_000);
    await Promise.all(running.map(({ done }) => done));
  }
}

function operationOf(result: SubmitResult): OwnOperation {
  if (result.kind !== "operation") throw new Error(`no operation: ${JSON.stringify(result)}`);
  return result.operation;
}

Deno.test("Operations.submit() keeps an operation as pending before it is sent, and then follows it to the end", async () => {
  await withBench(async ({ operations, sender, store, clock, status, details }) => {
    sender.onSend = () => assertEquals(store.writes, ["pending"]);
    const sent = operationOf(await operations.submit(transfer(), "k1"));
    assertEquals([sent.status, sent.amount, sent.id], ["submitted", 5n, "op-1"]);
    assertEquals(details().outcome, "accepted");
    await clock.advance(LOOK_EVERY_MS);
    assertEquals(status(), "submitted");
    sender.sighting = { kind: "seen", height: 3, evidence: "nonce" };
    await clock.advance(LOOK_EVERY_MS);
    assertEquals([status(), details().evidence], ["confirmed", "nonce"]);
    assertEquals(store.writes, ["pending", "submitted", "confirmed"]);
    assertEquals(sender.sent.length, 1);
  });
});

Deno.test("Operations.submit() answers the same key with the same operation, and another request under it with a conflict", async () => {
  await withBench(async ({ operations, sender, restart }) => {
    const first = operationOf(await operations.submit(transfer(), "k1"));
    assertEquals(operationOf(await operations.submit(transfer(), "k1")).id, first.id);
    assertEquals((await operations.submit(transfer(6), "k1")).kind, "conflict");
    assertEquals((await operations.submit(provider(), "k1")).kind, "conflict");
    const again = restart();
    assertEquals(operationOf(await again.submit(transfer(), "k1")).id, first.id);
    assertEquals((await again.submit(transfer(6), "k1")).kind, "conflict");
    assertEquals(sender.sent.length, 1);
  });
});

Deno.test("Operations.submit() sends once for 100 requests with one key at the same time", async () => {
  await withBench(async ({ operations, sender }) => {
    const results = await Promise.all(
      Array.from({ length: 100 }, (_, i) => operations.submit(transfer(i === 50 ? 6 : 5), "k1")),
    );
    assertEquals(results.filter(({ kind }) => kind === "conflict").length, 1);
    assertEquals(
      new Set(results.flatMap((one) => one.kind === "operation" ? [one.operation.id] : [])).size,
      1,
    );
    assertEquals(sender.sent.length, 1);
  });
});

Deno.test("Operations.submit() lets at most WAITING_MAX wait, and sends them one after the other", async () => {
  await withBench(async ({ operations, sender }) => {
    let inside = 0;
    sender.onSend = () => assertEquals(++inside, 1);
    sender.result = Promise.resolve().then(() => (inside = 0, ACCEPTED));
    const results = await Promise.all(
      Array.from({ length: WAITING_MAX + 3 }, (_, i) => {
        sender.result = ACCEPTED;
        sender.onSend = () => {};
        return operations.submit(transfer(1), `k${i}`);
      }),
    );
    assertEquals(results.filter(({ kind }) => kind === "unavailable").length, 3);
    assertEquals(sender.sent.length, WAITING_MAX);
    assertEquals(
      sender.plannedBehind.map((open) => open.length),
      Array.from({ length: WAITING_MAX }, (_, i) => i),
    );
  });
});

Deno.test("Operations keeps an unknown outcome open, sends nothing behind it and never sends it again", async () => {
  await withBench(async ({ operations, sender, clock, status, details }) => {
    sender.result = UNKNOWN;
    assertEquals(operationOf(await operations.submit(transfer(), "k1")).status, "submitted");
    assertEquals(details().outcome, "unknown");
    const behind = await operations.submit(transfer(), "k2");
    assertEquals(behind.kind === "refused" && behind.code, "OUTCOME_UNKNOWN");
    assertEquals(operationOf(await operations.submit(transfer(), "k1")).status, "submitted");
    await clock.advance(3 * LOOK_EVERY_MS);
    sender.sighting = { kind: "seen", height: 2, evidence: "nonce and balance of the recipient" };
    await clock.advance(LOOK_EVERY_MS);
    assertEquals(status(), "confirmed");
    sender.result = ACCEPTED;
    assertEquals(operationOf(await operations.submit(transfer(), "k2")).status, "submitted");
    assertEquals(sender.sent.length, 2);
  });
});

Deno.test("Operations lets an operation expire only after a look that worked and did not see it", async () => {
  await withBench(async ({ operations, sender, clock, status, details }) => {
    await operations.submit(transfer(), "k1");
    sender.sighting = { kind: "blocked", reason: "no connection" };
    await clock.advance(2 * EXPIRE_MS);
    assertEquals(status(), "submitted");
    sender.sighting = UNSEEN;
    await clock.advance(LOOK_EVERY_MS);
    assertEquals(status(), "expired");
    assertMatch(String(details().reason), /not there/);
    sender.sighting = { kind: "seen", height: 1, evidence: "late" };
    await clock.advance(10 * LOOK_EVERY_MS);
    assertEquals(status(), "expired");
    assertEquals(operationOf(await operations.submit(transfer(), "k1")).status, "expired");
    assertEquals(sender.sent.length, 1);
  });
});

Deno.test("Operations.load() takes a pending operation for one that may have been sent, and only looks", async () => {
  await withBench(async ({ operations, sender, store, restart, clock, status, details }) => {
    sender.result = new Promise(() => {}); // The program ends while it waits for the answer.
    operations.submit(transfer(), "k1");
    await clock.advance(0);
    assertEquals([status(), sender.sent.length], ["pending", 1]);
    const again = restart();
    assertEquals([status(), details().outcome], ["submitted", "unknown"]);
    assertEquals(operationOf(await again.submit(transfer(), "k1")).status, "submitted");
    sender.sighting = { kind: "seen", height: 3, evidence: "nonce and balance of the recipient" };
    await clock.advance(LOOK_EVERY_MS);
    assertEquals(status(), "confirmed");
    assertEquals([sender.sent.length, store.rows.size], [1, 1]);
  });
});

Deno.test("Operations goes on from every state after a restart without sending", async () => {
  const results: readonly (readonly [SendResult, string])[] = [
    [ACCEPTED, "submitted"],
    [UNKNOWN, "submitted"],
    [{ kind: "refused", reason: "FeeTooLow" }, "rejected"],
    [{ kind: "unsent", reason: "no connection" }, "failed"],
    [{ kind: "accepted", final: true, height: 2 }, "confirmed"],
  ];
  for (const [result, wanted] of results) {
    await withBench(async ({ operations, sender, restart, clock, status }) => {
      sender.result = result;
      assertEquals(operationOf(await operations.submit(transfer(), "k1")).status, wanted);
      for (let i = 0; i < 3; i++) {
        const again = restart();
        assertEquals(operationOf(await again.submit(transfer(), "k1")).status, wanted);
        await clock.advance(LOOK_EVERY_MS);
      }
      assertEquals([status(), sender.sent.length], [wanted, 1]);
    });
  }
});

Deno.test("Operations calls what was confirmed reversed when a reorganisation takes it back, and confirmed when it returns", async () => {
  await withBench(async ({ operations, sender, clock, core, status }) => {
    await operations.submit(transfer(), "k1");
    sender.sighting = { kind: "seen", height: 3, evidence: "nonce" };
    await clock.advance(LOOK_EVERY_MS);
    assertEquals(status(), "confirmed");
    const looks = sender.looks;
    await clock.advance(3 * LOOK_EVERY_MS);
    assertEquals(sender.looks, looks, "what is confirmed is not looked for");
    sender.sighting = UNSEEN;
    core.apply({ kind: "reorg", atMs: clock.nowMs(), toHeight: 2 });
    await clock.advance(LOOK_EVERY_MS);
    assertEquals(status(), "reversed");
    for (const event of blockEvents(headerAt(3, { hash: "other" }), clock.nowMs())) core.apply(event);
    sender.sighting = { kind: "seen", height: 3, evidence: "nonce" };
    await clock.advance(LOOK_EVERY_MS);
    assertEquals([status(), sender.sent.length], ["confirmed", 1]);
  });
});

Deno.test("Operations leaves what a reorganisation did not reach alone, and what is still there confirmed", async () => {
  await withBench(async ({ operations, sender, clock, core, status, store }) => {
    await operations.submit(transfer(), "k1");
    sender.sighting = { kind: "seen", height: 1, evidence: "nonce" };
    await clock.advance(LOOK_EVERY_MS);
    const looks = sender.looks;
    core.apply({ kind: "reorg", atMs: clock.nowMs(), toHeight: 2 });
    await clock.advance(LOOK_EVERY_MS);
    assertEquals([status(), sender.looks], ["confirmed", looks]);
    sender.sighting = { kind: "seen", height: 4, evidence: "nonce" };
    core.apply({ kind: "reorg", atMs: clock.nowMs(), toHeight: 0 });
    await clock.advance(LOOK_EVERY_MS);
    assertEquals([status(), [...store.rows.values()][0]!.height], ["confirmed", 4]);
  });
});

Deno.test("Operations.submit() refuses every gate that is not open, and sends nothing", async () => {
  for (const word of ["rehearsal", "inactive", "no such word", null]) {
    await withBench(async ({ operations, sender, store }) => {
      const result = await operations.submit(provider(), "k1");
      assertEquals(result.kind === "refused" && result.code, "GATE_CLOSED", String(word));
      assertEquals([sender.sent.length, store.rows.size], [0, 0]);
    }, word === null ? {} : { storage: word });
  }
});

Deno.test("Operations.submit() takes a gate that was open too long ago for closed", async () => {
  await withBench(async ({ operations, core, clock }) => {
    const gates = governorWith([gateNamed("storage", "trade")]);
    core.apply({ ...observed("governor", gates, clock.nowMs()), ttlMs: 1_000 } as never);
    assertEquals((await operations.submit(provider(), "k1")).kind, "operation");
    await clock.advance(1_001);
    const late = await operations.submit(provider(), "k2");
    assertEquals(late.kind === "refused" && late.code, "GATE_CLOSED");
  });
});

Deno.test("Operations.submit() counts what is under way against the balance", async () => {
  await withBench(async ({ operations, sender }) => {
    sender.balance = 30n;
    assertEquals((await operations.submit(transfer(16), "k1")).kind, "operation"); // 16 + 7 of 30
    const second = await operations.submit(transfer(1), "k2"); // 1 + 7 of the 7 that are left
    assertEquals(second.kind === "refused" && second.code, "INSUFFICIENT_BALANCE");
    assertEquals((await operations.submit(provider(7), "k3")).kind, "operation"); // 7 of 7
    assertEquals(sender.sent.length, 2);
  });
});

Deno.test("Operations.submit() takes an unknown balance and an unknown price for too little", async () => {
  await withBench(async ({ operations, sender }) => {
    sender.balance = absent("NO_ACCOUNT", "none is configured");
    const unknown = await operations.submit(transfer(), "k1");
    assertEquals(unknown.kind === "refused" && unknown.code, "INSUFFICIENT_BALANCE");
    sender.balance = 1_000_000n;
    const params = { provider_id: "p", kwh_consumed: 1, meter_hash: TO };
    const priceless = await operations.submit({ type: "energy_settle", params }, "k2");
    assertEquals(priceless.kind === "refused" && priceless.code, "INSUFFICIENT_BALANCE");
    assertEquals(sender.sent.length, 0);
  });
});

Deno.test("Operations.submit() does not ask a node that is gone, and says what one does not take", async () => {
  await withBench(async ({ operations, sender, core, clock }) => {
    sender.offered = absent("NOT_OFFERED", "method not found");
    assertEquals((await operations.submit(transfer(), "k1")).kind, "not_offered");
    sender.offered = absent("NODE_DOWN", "timeout");
    assertEquals((await operations.submit(transfer(), "k1")).kind, "unavailable");
    sender.offered = true;
    core.apply({ kind: "link", atMs: clock.nowMs(), up: false, reason: "gone" });
    assertEquals((await operations.submit(transfer(), "k1")).kind, "unavailable");
    core.apply({ kind: "link", atMs: clock.nowMs(), up: true, reason: null });
    core.apply({ kind: "halt", atMs: clock.nowMs(), reason: "too deep" });
    const halted = await operations.submit(transfer(), "k1");
    assertEquals(halted.kind === "refused" && halted.code, "CHAIN_HALTED");
    assertEquals(sender.sent.length, 0);
  });
});

Deno.test("Operations.submit() sends nothing that cannot be kept", async () => {
  await withBench(async ({ operations, sender, store }) => {
    store.failing = true;
    assertEquals((await operations.submit(transfer(), "k1")).kind, "unavailable");
    assertEquals(sender.sent.length, 0);
    store.failing = false;
    assertEquals((await operations.submit(transfer(), "k1")).kind, "operation");
    assertEquals(sender.sent.length, 1);
  });
});

Deno.test("Operations keeps an outcome that the store did not take until it does", async () => {
  await withBench(async ({ operations, sender, store, clock, status }) => {
    sender.onSend = () => store.failing = true;
    assertEquals(operationOf(await operations.submit(transfer(), "k1")).status, "submitted");
    assertEquals(status(), "pending");
    assertEquals(operationOf(await operations.submit(transfer(), "k1")).status, "submitted");
    store.failing = false;
    await clock.advance(LOOK_EVERY_MS);
    assertEquals([status(), sender.sent.length], ["submitted", 1]);
  });
});

Deno.test("Operations.submit() sends nothing while the rows of what was sent are damaged", async () => {
  await withBench(async ({ sender, store, restart }) => {
    store.damaged = true;
    const result = await restart().submit(transfer(), "k1");
    assertEquals(result, { kind: "unavailable", detail: "a row is damaged" });
    assertEquals(sender.sent.length, 0);
  });
});

Deno.test("Operations.preview() shows the request and every check, and neither keeps nor sends", async () => {
  await withBench(async ({ operations, sender, store }) => {
    sender.balance = 3n;
    const preview = await operations.preview(transfer());
    assert(preview.kind === "preview");
    assertEquals(preview.plan.request.method, "transfer");
    assertEquals(preview.checks.map(({ check, ok }) => [check, ok]), [
      ["chain", true],
      ["gate", true],
      ["open_operations", true],
      ["balance", false],
    ]);
    assertEquals([preview.cost, preview.plan.fee], [5n, 7n]);
    assertEquals([sender.sent.length, store.rows.size], [0, 0]);
  });
});
