// @ts-types="#types/std_assert.d.ts"
import { assert, assertEquals, assertMatch, assertStringIncludes } from "@std/assert";
import { FakeChain, receiptItem } from "../../tests/support/fake_chain.ts";
import { failing, ScriptedTransport } from "../../tests/support/scripted_node.ts";
import { blockAt, tipOf } from "../engine/chain.ts";
import { Core } from "../engine/core.ts";
import { sliceValue } from "../engine/state.ts";
import type { EngineEvent } from "../engine/event.ts";
import { perMarket } from "../engine/market.ts";
import type { ObservationKey } from "../engine/observation.ts";
import { Random } from "../engine/random.ts";
import { isKnown } from "../engine/reason.ts";
import { ManualClock } from "../runtime/clock.ts";
import { Log } from "../telemetry/log.ts";
import { NodeClient } from "./client.ts";
import { NodeError } from "./errors.ts";
import { Ingest, type IngestOptions } from "./ingest.ts";
import { POLL_PLAN } from "./poll_plan.ts";

/** What every poll of these tests asks beside the chain: two questions that are offered. */
const DIFFICULTY = { "consensus.difficulty": { difficulty: 7 } };
const OVERLAY = { "net.overlay_status": { active_peers: 3, persisted_peers: 9, backend: "inhouse" } };

/** An ingest on a clock of its own, towards a scripted node. */
class Running {
  readonly clock = new ManualClock();
  readonly chain = new FakeChain();
  readonly node: ScriptedTransport;
  readonly core = new Core({ finalityDepth: 32, enabled: perMarket(() => true) });
  readonly events: EngineEvent[] = [];
  readonly lines: { event: string; [field: string]: unknown }[] = [];
  readonly ingest: Ingest;
  readonly #running: Promise<void>;
  readonly #hanging = new Set<(error: NodeError) => void>();
  ready = false;

  constructor(setUp: (running: Running) => Partial<IngestOptions> | void) {
    this.chain.mine(10, (height) => [receiptItem(height, 0)]);
    this.node = new ScriptedTransport({ ...this.chain.answers, ...DIFFICULTY, ...OVERLAY });
    const given = setUp(this) ?? {};
    const { chain } = this.core.state;
    this.ingest = new Ingest({
      client: new NodeClient(this.node.transport, this.clock),
      view: {
        tip: () => tipOf(chain) ?? null,
        hashAt: (height) => blockAt(chain, height)?.hash,
        windowStart: () => chain.blocks[0]?.height ?? null,
        receiptsThrough: () => this.core.state.receiptsThrough,
        sinceHeight: () => this.core.state.sinceHeight,
        hasReceipt: () => false,
        hasSwept: () => false,
        halted: () => chain.halted,
      },
      sink: {
        submit: (events) => {
          for (const event of events) this.core.apply(event);
          this.events.push(...events);
        },
      },
      clock: this.clock,
      log: new Log("debug", (line) => this.lines.push(JSON.parse(line)), () => this.clock.nowMs()),
      start: () => "genesis",
      finalityDepth: 32,
      enabled: perMarket(() => true),
      accounts: () => [],
      reconnectMs: 500,
      speed: 1,
      random: () => 1,
      ...given,
    });
    this.ingest.firstSweep.then(() => (this.ready = true));
    this.#running = this.ingest.run();
  }

  /** Lets time pass, with everything that happens in it; nothing here waits for anything but the clock. */
  async pass(ms: number): Promise<void> {
    for (let left = ms; left > 0; left -= 50) {
      await this.clock.advance(Math.min(50, left));
      for (let i = 0; i < 60; i++) await Promise.resolve();
    }
  }

  /** An answer that never comes. */
  readonly hang = () => new Promise((_, reject) => this.#hanging.add(reject));

  /** Ends the calls that hang. */
  letGo(kind: "timeout" | "aborted"): void {
    for (const reject of this.#hanging) reject(new NodeError(kind, "scripted", kind));
    this.#hanging.clear();
  }

  /** The node does not answer at all. */
  goAway(): void {
    this.node.instead = failing("connection", "no connection to the node") as () => unknown;
    this.node.down = true;
  }

  comeBack(): void {
    this.node.instead = null;
    this.node.down = false;
  }

  of<K extends EngineEvent["kind"]>(kind: K): readonly Extract<EngineEvent, { kind: K }>[] {
    return this.events.filter((event): event is Extract<EngineEvent, { kind: K }> => event.kind === kind);
  }

  /** The changes of the connection; the reason of one that is down may change as well. */
  links(): readonly boolean[] {
    return this.of("link").map(({ up }) => up).filter((up, i, all) => up !== all[i - 1]);
  }

  async stop(): Promise<void> {
    this.ingest.stop();
    this.letGo("aborted");
    await this.pass(50);
    await this.#running;
    assertEquals(this.clock.sleeping, 0, "a timer was left behind");
  }
}

async function withIngest(
  test: (running: Running) => Promise<void>,
  setUp: (running: Running) => Partial<IngestOptions> | void = () => {},
): Promise<void> {
  const running = new Running(setUp);
  try {
    await test(running);
  } finally {
    await running.stop();
  }
}

Deno.test("Ingest publishes the connection and the node before anything that the node says", async () => {
  await withIngest(async (running) => {
    await running.pass(100);
    assertEquals(running.events.slice(0, 2).map(({ kind }) => kind), ["link", "node"]);
    assertEquals(running.links(), [true]);
    const [node] = running.of("node");
    assertEquals([node?.simulated, node?.dialect], [null, "live"]);
    assertEquals(tipOf(running.core.state.chain)?.height, 9);
    assertEquals(running.core.state.activity.compute.total.count, 10);
  });
});

Deno.test("Ingest tells whose data comes before it publishes any, when the node is a simulation", async () => {
  const told: unknown[] = [];
  const account = { address: "a0", miner: "m0", identities: { compute: ["c0"] } };
  await withIngest(async (running) => {
    await running.pass(100);
    const identities = { compute: ["c0"], miner: ["m0"] };
    assertEquals(told, [{
      node: { seed: 7, scenario: "calm", dialect: "readme", account: { address: "a0", identities } },
      published: 0,
    }]);
    assertEquals(running.of("node")[0]?.simulated, { seed: 7, scenario: "calm", dialect: "readme" });
  }, (running) => {
    running.node.set({ "simulator.info": { seed: 7, scenario: "calm", dialect: "readme", account } });
    return { onNode: (node) => told.push({ node, published: running.events.length }) };
  });
});

Deno.test("Ingest asks every question of the plan in the first sweep, and is ready then", async () => {
  await withIngest(async (running) => {
    assertEquals(running.ready, false);
    await running.pass(150);
    assertEquals(running.ready, true);
    const asked = new Set([...running.of("observed"), ...running.of("unavailable")].map(({ of }) => of));
    assertEquals(POLL_PLAN.filter(({ key }) => !asked.has(key)), []);
    const { state } = running.core;
    assertEquals(sliceValue(state, "difficulty"), { bits: 7 });
    const peers = sliceValue(state, "peers");
    assertEquals(isKnown(peers) ? null : peers.code, "NOT_OFFERED");
  });
});

Deno.test("Ingest is not ready before the chain has been caught up with", async () => {
  await withIngest(async (running) => {
    await running.pass(150);
    assertEquals(running.ready, true);
    assertEquals(tipOf(running.core.state.chain)?.height, 699);
  }, (running) => running.chain.mine(690));
});

Deno.test("Ingest does not poll a market that is switched off", async () => {
  await withIngest(async (running) => {
    await running.pass(30_000);
    assertEquals(running.node.methods.filter((method) => /^(storage|energy)/.test(method)), []);
    assert(running.node.countOf("compute_market.stats") > 0);
  }, () => ({ enabled: { compute: true, storage: false, energy: false, ad: true } }));
});

Deno.test("Ingest follows new blocks every second and sooner when the node's stream says so", async () => {
  await withIngest(async (running) => {
    await running.pass(1_050);
    running.chain.mine(1);
    await running.pass(1_000);
    assertEquals(tipOf(running.core.state.chain)?.height, 10);
    running.chain.mine(1);
    running.ingest.onNews();
    await running.pass(50);
    assertEquals(tipOf(running.core.state.chain)?.height, 11);
  });
});

Deno.test("Ingest is ready without a node, says why, and keeps trying at most 3 s apart", async () => {
  await withIngest(async (running) => {
    await running.pass(100);
    assertEquals([running.ready, running.links()], [true, [false]]);
    assertStringIncludes(running.core.state.link.reason ?? "", "no connection to the node");
    await running.pass(60_000);
    const tries = running.node.calls.length;
    assert(tries >= 20 && tries <= 26, `${tries} attempts in a minute`);
    assertEquals(running.of("link").length, 1, "one event, not one per attempt");
    assert(running.node.calls.every(({ options }) => options.probe === true));
  }, (running) => running.goAway());
});

Deno.test("Ingest backs off with full jitter", async () => {
  const random = new Random("jitter");
  await withIngest(async (running) => {
    await running.pass(60_000);
    assert(running.node.calls.length > 26, `${running.node.calls.length} attempts in a minute`);
  }, (running) => {
    running.goAway();
    return { random: () => random.next() };
  });
});

Deno.test("Ingest asks everything anew as soon as the node is back", async () => {
  await withIngest(async (running) => {
    await running.pass(2_000);
    running.goAway();
    await running.pass(90_000);
    assertEquals(running.links(), [true, false]);
    assertEquals(sliceValue(running.core.state, "difficulty"), { bits: 7 }, "what is known stays");
    running.comeBack();
    running.node.set({ "consensus.difficulty": { difficulty: 8 } });
    const before = running.events.length;
    await running.pass(3_100);
    assertEquals(running.links(), [true, false, true]);
    const asked = new Set(
      running.events.slice(before).flatMap((event) =>
        event.kind === "observed" || event.kind === "unavailable" ? [event.of] : []
      ),
    );
    assertEquals(POLL_PLAN.filter(({ key }) => !asked.has(key)), []);
    assertEquals(sliceValue(running.core.state, "difficulty"), { bits: 8 });
  });
});

Deno.test("Ingest takes two failed looks at the chain for a lost node, and not one", async () => {
  await withIngest(async (running) => {
    await running.pass(1_500);
    const { "light.headers": answer } = running.chain.answers;
    const from = running.node.countOf("light.headers");
    running.node.set({
      "light.headers": (params: { start: number }, count: number) =>
        count === from ? failing("http", "HTTP 500")(params, count) : answer!(params, count),
    });
    await running.pass(900);
    assertEquals(running.links(), [true]);
    running.node.set({ "light.headers": failing("http", "HTTP 500") });
    await running.pass(2_100);
    assertEquals(running.links().slice(0, 2), [true, false]);
    assertStringIncludes(running.of("link")[1]?.reason ?? "", "HTTP 500");
  });
});

Deno.test("Ingest does not let a request that hangs hide that nothing has been heard", async () => {
  await withIngest(async (running) => {
    await running.pass(1_500);
    running.node.instead = running.hang;
    await running.pass(5_000);
    assertEquals(running.links(), [true, false]);
    assertMatch(running.of("link")[1]?.reason ?? "", /no answer for 3\.\d s/);
    running.node.instead = null;
    running.letGo("timeout");
    await running.pass(5_000);
    assertEquals(running.links(), [true, false, true]);
  });
});

Deno.test("Ingest does not take a long pass of good answers for silence", async () => {
  await withIngest(async (running) => {
    await running.pass(1_500);
    const slow =
      (answer: (params: never, count: number) => unknown) => async (params: never, count: number) => {
        await running.clock.sleep(900);
        running.ingest.onCall({ method: "slow", ms: 900, outcome: "ok" });
        return answer(params, count);
      };
    const { "receipt.audit": audit } = running.chain.answers;
    running.node.set({ "receipt.audit": slow(audit as never) });
    running.chain.pageMax = 3;
    running.chain.mine(12, (height) => [receiptItem(height, 0), receiptItem(height, 1)]);
    await running.pass(30_000);
    assertEquals(running.links(), [true]);
    assertEquals(running.core.state.receiptsThrough, 21);
  });
});

Deno.test("Ingest compares a balance with the books only when both are about the same block", async () => {
  const accounts = () => ["acc"];
  const observed = (running: Running) => running.of("observed").filter(({ of }) => of === "balance").length;
  await withIngest(async (running) => {
    await running.pass(10_000);
    const before = observed(running);
    assertEquals(before > 2, true, `${before} balances of a node that stands still`);
    // The node goes on while it is asked.
    const balance = () => {
      running.chain.mine(1);
      return { amount: 8 };
    };
    running.node.set({ balance });
    await running.pass(10_000);
    assertEquals(observed(running), before);
    // Blocks come, their receipts do not.
    running.node.set({ balance: { amount: 9 }, "receipt.audit": failing("timeout", "too slow") });
    running.chain.mine(1, (height) => [receiptItem(height, 0)]);
    await running.pass(10_000);
    assertEquals([tipOf(running.core.state.chain)?.height, observed(running)], [running.chain.tip, before]);
    running.node.set({ "receipt.audit": running.chain.answers["receipt.audit"]! });
    await running.pass(30_000);
    assertEquals(observed(running) > before, true, "both are about one block again");
  }, (running) => {
    running.node.set({ balance: { amount: 7 } });
    return { accounts };
  });
});

Deno.test("Ingest shows why a question is not answered, by code", async () => {
  await withIngest(async (running) => {
    await running.pass(200);
    const codes = new Map(running.of("unavailable").map(({ of, code }) => [of, code]));
    assertEquals(codes.get("finality"), "NOT_OFFERED");
    assertEquals(codes.get("energy"), "AUTH");
    assertEquals(codes.get("balance"), "NO_ACCOUNT");
    assertEquals(codes.get("governor"), "NOT_OFFERED");
    const governor = running.of("unavailable").find(({ of }) => of === "governor");
    assertStringIncludes(
      governor?.because ?? "",
      "could not be read (governor.status: result.gates must be an object",
    );
  }, (running) => {
    running.node.set({
      "energy.market_state": failing("unauthorized", "unauthorized"),
      "governor.status": { gates: 5 },
    });
  });
});

Deno.test("Ingest keeps the last good answer when one cannot be read or does not come", async () => {
  await withIngest(async (running) => {
    await running.pass(200);
    running.node.set({
      "consensus.difficulty": { difficulty: "high" },
      "net.overlay_status": failing("timeout"),
    });
    await running.pass(30_000);
    assertEquals(sliceValue(running.core.state, "difficulty"), { bits: 7 });
    assertEquals(isKnown(sliceValue(running.core.state, "overlay")), true);
    const asOf = (key: ObservationKey) => running.core.state.slices[key]!.asOfMs;
    assert(running.clock.nowMs() - asOf("difficulty") > 20_000, "and it grows old");
  });
});

Deno.test("Ingest says each failure once, and again when it changes", async () => {
  await withIngest(async (running) => {
    running.node.set({ "consensus.difficulty": failing("timeout", "first") });
    await running.pass(40_000);
    running.node.set({ "consensus.difficulty": failing("timeout", "second") });
    await running.pass(20_000);
    running.node.set({ "consensus.difficulty": { difficulty: 1 } });
    await running.pass(20_000);
    running.node.set({ "consensus.difficulty": failing("timeout", "second") });
    await running.pass(20_000);
    const said = running.lines.filter(({ what }) => what === "difficulty").map(({ detail }) => detail);
    assertEquals(said, ["scripted: first", "scripted: second", "scripted: second"]);
  });
});

Deno.test("Ingest survives a mistake of its own and says where it was", async () => {
  await withIngest(async (running) => {
    running.node.set({
      "consensus.difficulty": () => {
        throw new RangeError("our own mistake");
      },
    });
    await running.pass(25_000);
    const [line] = running.lines.filter(({ what }) => what === "difficulty");
    assertEquals([line?.event, line?.kind], ["poll.failed", "bug"]);
    assertStringIncludes(String(line?.stack), "ingest_test.ts");
    assertEquals(running.links(), [true]);
  });
});

Deno.test("Ingest publishes capabilities when they change, not at every poll", async () => {
  await withIngest(async (running) => {
    await running.pass(60_000);
    const before = running.of("node").length;
    await running.pass(60_000);
    assertEquals(running.of("node").length, before);
    running.node.set({ "net.overlay_status": undefined });
    await running.pass(6_000);
    const overlay = running.of("node").at(-1)?.capabilities.find(({ id }) => id === "overlay");
    assertEquals([running.of("node").length, overlay?.status], [before + 1, "missing"]);
  });
});

Deno.test("Ingest asks again what was not offered, ten minutes later", async () => {
  await withIngest(async (running) => {
    await running.pass(300);
    const asked = running.node.countOf("net.stats");
    running.node.set({ "net.stats": { bandwidth_in: 5 } });
    await running.pass(590_000);
    assertEquals(running.node.countOf("net.stats"), asked);
    await running.pass(20_000);
    const traffic = sliceValue(running.core.state, "traffic");
    assertEquals(isKnown(traffic) && traffic.bandwidthIn, 5);
  });
});

Deno.test("Ingest publishes the node's latency over the last minute every 5 s", async () => {
  await withIngest(async (running) => {
    await running.pass(1_000);
    for (const ms of [10, 20, 30, 40, 1_000]) {
      running.ingest.onCall({ method: "m", ms, outcome: ms === 1_000 ? "timeout" : "ok" });
    }
    await running.pass(5_000);
    const rpc = sliceValue(running.core.state, "rpc");
    assert(isKnown(rpc));
    assertEquals([rpc.p50Ms, rpc.calls, rpc.errors], [30, 5, 1]);
    assertEquals(Math.round(rpc.p95Ms as number), 808);
    await running.pass(65_000);
    const later = sliceValue(running.core.state, "rpc");
    assert(isKnown(later));
    assertEquals([isKnown(later.p95Ms) ? null : later.p95Ms.code, later.calls], ["NO_SAMPLES", 0]);
  });
});

Deno.test("Ingest passes a ban on", async () => {
  await withIngest(async (running) => {
    await running.pass(100);
    running.ingest.onBan(running.clock.nowMs() + 60_000);
    assertEquals(running.core.state.link.bannedUntilMs, running.clock.nowMs() + 60_000);
    assertEquals(running.lines.filter(({ event }) => event === "node.banned").length, 1);
  });
});

Deno.test("Ingest stands still after a halt, with the node still there", async () => {
  await withIngest(async (running) => {
    await running.pass(500);
    running.chain.fork(-1);
    running.chain.mine(12);
    await running.pass(1_500);
    assert(running.core.state.chain.halted !== null);
    const asked = running.node.countOf("light.headers");
    running.chain.mine(5);
    await running.pass(10_000);
    assertEquals(running.node.countOf("light.headers"), asked);
    assertEquals([running.links(), tipOf(running.core.state.chain)?.height], [[true], 9]);
  });
});

Deno.test("Ingest says reorganisations, gaps and rejected receipts in the log", async () => {
  await withIngest(async (running) => {
    await running.pass(500);
    running.chain.fork(7);
    running.chain.mine(3, (height) => [{ ...receiptItem(height, 0), amount: "much" }]);
    await running.pass(6_000); // Each block is asked for three times before its receipt is given up.
    const said = running.lines.map(({ event }) => event);
    assertEquals(running.of("reorg").map(({ toHeight }) => toHeight), [7]);
    assertEquals(running.of("gap").length, 3);
    for (const event of ["chain.reorg", "ingest.gap", "ingest.receipt_rejected"]) {
      assert(said.includes(event), event);
    }
  });
});

Deno.test("Ingest polls faster on a chain that runs faster, by the same factor", async () => {
  const countIn10s = async (speed: number) => {
    let count = 0;
    await withIngest(async (running) => {
      await running.pass(500);
      const before = running.node.countOf("net.overlay_status");
      await running.pass(10_000);
      count = running.node.countOf("net.overlay_status") - before;
    }, () => ({ speed }));
    return count;
  };
  assertEquals([await countIn10s(1), await countIn10s(4)], [2, 8]);
});

Deno.test("Ingest.stop() ends everything, also while it waits for a node that is gone", async () => {
  await withIngest((running) => running.pass(700), (running) => running.goAway());
  await withIngest(async (running) => {
    await running.pass(700);
    running.node.instead = running.hang;
    await running.pass(1_500);
  });
});
