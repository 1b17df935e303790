// @ts-types="#types/std_assert.d.ts"
import { assert, assertEquals } from "@std/assert";
import { blockAt, tipOf } from "../../src/engine/chain.ts";
import { Core } from "../../src/engine/core.ts";
import type { DialectName } from "../../src/engine/event.ts";
import { MARKET_IDS, perMarket } from "../../src/engine/market.ts";
import { ManualClock } from "../../src/runtime/clock.ts";
import { RpcError } from "../../src/simulator/answers/common.ts";
import { LIVE_METHODS } from "../../src/simulator/answers/live.ts";
import { README_METHODS } from "../../src/simulator/answers/readme.ts";
import { SimulatedChain } from "../../src/simulator/chain.ts";
import { writeJson } from "../../src/simulator/json.ts";
import type { ScenarioName } from "../../src/simulator/scenario.ts";
import { silentLog } from "../../src/telemetry/log.ts";
import { NodeClient } from "../../src/the_block/client.ts";
import { NodeError } from "../../src/the_block/errors.ts";
import { Ingest } from "../../src/the_block/ingest.ts";
import { parseExact } from "../../src/the_block/json.ts";
import { ScriptedTransport } from "../support/scripted_node.ts";

const METHODS = { readme: README_METHODS, live: LIVE_METHODS } as const;

/** A simulated chain that gains a block a second by the clock, followed without a socket. */
class Followed {
  readonly clock = new ManualClock();
  readonly chain: SimulatedChain;
  readonly node = new ScriptedTransport();
  readonly core = new Core({ finalityDepth: 32, enabled: perMarket(() => true) });
  readonly ingest: Ingest;
  readonly #running: Promise<void>;
  ready = false;

  constructor(dialect: DialectName, scenario: ScenarioName, start: "tip" | "genesis" = "genesis") {
    this.chain = new SimulatedChain({ seed: 5, scenario, dialect });
    const table = METHODS[dialect];
    this.node.instead = (method) => {
      const { params } = this.node.calls.at(-1)!;
      const answer = table.get(method);
      if (!answer) throw new NodeError("missing", method, "method not found");
      try {
        return parseExact(
          writeJson(answer(params, this.chain.viewAt(this.tip), { callNumber: this.node.calls.length })),
        );
      } catch (error) {
        if (error instanceof RpcError) {
          throw new NodeError("rpc", method, error.message, { code: error.code });
        }
        throw error;
      }
    };
    const { chain } = this.core.state;
    const seen = new Set<string>();
    const swept = new Set<string>();
    this.ingest = new Ingest({
      client: new NodeClient(this.node.transport, this.clock),
      view: {
        tip: () => tipOf(chain) ?? null,
        hashAt: (height) => blockAt(chain, height)?.hash,
        windowStart: () => chain.blocks[0]?.height ?? null,
        receiptsThrough: () => this.core.state.receiptsThrough,
        sinceHeight: () => this.core.state.sinceHeight,
        hasReceipt: (id) => seen.has(id),
        hasSwept: (source) => swept.has(source),
        halted: () => chain.halted,
      },
      sink: {
        submit: (events) => {
          for (const event of events) {
            this.core.apply(event);
            if (event.kind !== "receipts") continue;
            for (const { id } of event.receipts) seen.add(id);
            if ("swept" in event) swept.add(String(event.swept));
          }
        },
      },
      clock: this.clock,
      log: silentLog(),
      start: () => start,
      finalityDepth: 32,
      enabled: perMarket(() => true),
      accounts: () => [this.chain.identities.address],
      reconnectMs: 500,
      speed: 1,
    });
    this.ingest.firstSweep.then(() => (this.ready = true));
    this.#running = this.ingest.run();
  }

  get tip(): number {
    return 299 + Math.floor(this.clock.monotonicMs() / 1_000);
  }

  async pass(ms: number): Promise<void> {
    for (let left = ms; left > 0; left -= 100) {
      await this.clock.advance(Math.min(100, left));
      for (let i = 0; i < 100; i++) await Promise.resolve();
    }
  }

  async stop(): Promise<void> {
    this.ingest.stop();
    await this.pass(100);
    await this.#running;
    assertEquals(this.clock.sleeping, 0);
  }
}

for (const dialect of ["readme", "live"] as const) {
  Deno.test(`Ingest asks a ${dialect} node at most eight times a second in the steady state`, async () => {
    const followed = new Followed(dialect, "stress");
    await followed.pass(20_000);
    const before = followed.node.calls.length;
    await followed.pass(120_000);
    const perSecond = (followed.node.calls.length - before) / 120;
    assert(perSecond > 2 && perSecond <= 8, `${perSecond} requests a second`);
    const energy = followed.node.methods.slice(before).filter((method) =>
      method.startsWith("energy.")
    ).length / 120;
    assert(energy <= 2, `${energy} energy requests a second`);
    await followed.stop();
  });
}

for (const scenario of ["calm", "reorgs"] as const) {
  Deno.test(`Ingest holds the chain and the receipts of a simulated node, scenario ${scenario}`, async () => {
    const followed = new Followed("readme", scenario);
    await followed.pass(300_500);
    const { core, chain, tip } = followed;
    assertEquals(followed.ready, true);
    assertEquals(tipOf(core.state.chain)?.height, tip);
    assertEquals(core.state.chain.gapCount, 0);
    assertEquals(core.state.chain.reorgCount > 0, scenario === "reorgs");
    const view = chain.viewAt(tip);
    for (const { height, hash } of core.state.chain.blocks) {
      assertEquals(hash, view.header(height).hash, `block ${height}`);
    }
    const truth = perMarket(() => ({ count: 0, amount: 0n }));
    for (let height = 0; height <= tip; height++) {
      for (const receipt of view.receipts(height)) {
        truth[receipt.market].count++;
        truth[receipt.market].amount += BigInt(receipt.amount);
      }
    }
    for (const id of MARKET_IDS) {
      const { count, amount } = core.state.activity[id].total;
      assertEquals({ count, amount }, truth[id], id);
    }
    await followed.stop();
  });
}
