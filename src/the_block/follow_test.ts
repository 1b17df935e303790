// @ts-types="#types/std_assert.d.ts"
import { assert, assertEquals, assertInstanceOf, assertRejects, assertStringIncludes } from "@std/assert";
import { FakeChain, receiptItem } from "../../tests/support/fake_chain.ts";
import { failing, ScriptedTransport } from "../../tests/support/scripted_node.ts";
import { blockAt, tipOf } from "../engine/chain.ts";
import { Core } from "../engine/core.ts";
import type { EngineEvent } from "../engine/event.ts";
import { MARKET_IDS, perMarket } from "../engine/market.ts";
import { Random } from "../engine/random.ts";
import { Absent } from "../engine/reason.ts";
import { ManualClock } from "../runtime/clock.ts";
import { NodeClient } from "./client.ts";
import { NodeError } from "./errors.ts";
import { ChainFollower, type IngestStart, type Pass } from "./follow.ts";

const DEPTH = 32;

/** A follower, the node that it reads and the core that takes its events. */
/** A receipt that cannot be read is asked for this often before it is given up. */
const QUIET_PASSES = 3;

class Following {
  readonly chain = new FakeChain();
  readonly node: ScriptedTransport;
  readonly client: NodeClient;
  readonly clock = new ManualClock();
  readonly core = new Core({ finalityDepth: DEPTH, enabled: perMarket(() => true) });
  readonly rejected: string[] = [];
  readonly #follower: ChainFollower;

  constructor(start: IngestStart = "genesis", answers = (chain: FakeChain) => chain.answers) {
    this.node = new ScriptedTransport(answers(this.chain));
    this.client = new NodeClient(this.node.transport, this.clock);
    const { chain, options: _options } = this.core.state;
    this.#follower = new ChainFollower({
      client: this.client,
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
      clock: this.clock,
      start: () => start,
      finalityDepth: DEPTH,
      onRejected: (detail) => this.rejected.push(detail),
    });
  }

  /** One pass, applied. */
  async pass(): Promise<Pass> {
    const pass = await this.#follower.pass(false);
    if (pass instanceof Absent) throw new Error(`the node cannot be followed: ${pass.because}`);
    for (const event of pass.events) this.core.apply(event);
    return pass;
  }

  /** Passes until nothing is left to read; returns all events. */
  async settle(): Promise<readonly EngineEvent[]> {
    const events: EngineEvent[] = [];
    let quiet = 0;
    for (let passes = 0; passes < 60; passes++) {
      const pass = await this.pass();
      events.push(...pass.events);
      quiet = pass.more || pass.events.length > 0 ? 0 : quiet + 1;
      if (quiet === QUIET_PASSES) return events;
    }
    throw new Error("it does not settle");
  }

  /** The pass as it comes, without throwing. */
  raw(): Promise<Pass | Absent> {
    return this.#follower.pass(false);
  }

  get tip(): number | undefined {
    return tipOf(this.core.state.chain)?.height;
  }

  /** Count and amount of all receipts that the core holds. */
  get booked(): { count: number; amount: bigint } {
    const totals = MARKET_IDS.map((id) => this.core.state.activity[id].total);
    return {
      count: totals.reduce((sum, { count }) => sum + count, 0),
      amount: totals.reduce((sum, { amount }) => sum + amount, 0n),
    };
  }

  /** The same, as the node's chain has it. */
  get truth(): { count: number; amount: bigint } {
    const items = this.chain.blocks.flatMap(({ items }) => items);
    return {
      count: items.length,
      amount: items.reduce((sum, item) => sum + BigInt(item.amount as number), 0n),
    };
  }
}

function ofKind<K extends EngineEvent["kind"]>(events: readonly EngineEvent[], kind: K) {
  return events.filter((event): event is Extract<EngineEvent, { kind: K }> => event.kind === kind);
}

/** Heights of the blocks among some events, with a star where they are catch-up. */
function heights(events: readonly EngineEvent[]): string {
  return ofKind(events, "block").map(({ header, catchUp }) => `${header.height}${catchUp ? "*" : ""}`).join(
    " ",
  );
}

const one = (height: number) => [receiptItem(height, 0, "Compute", height + 1)];

Deno.test("ChainFollower asks an empty chain nothing that would kill the node", async () => {
  const following = new Following();
  const pass = await following.pass();
  assertEquals(pass, { events: [], more: false, nodeHeight: null });
  assertEquals(following.node.methods, ["light.headers"]);
  following.chain.mine(1);
  await following.settle();
  assertEquals(following.tip, 0);
});

Deno.test("ChainFollower from genesis books every block and receipt, page by page, as catch-up", async () => {
  const following = new Following("genesis");
  following.chain.mine(450, one);
  const first = await following.pass();
  assertEquals([following.tip, first.more], [199, true]);
  const events = [...first.events, ...await following.settle()];
  assertEquals(following.tip, 449);
  assertEquals(following.booked, following.truth);
  assertEquals(ofKind(events, "start").map(({ sinceHeight }) => sinceHeight), [0]);
  assert(ofKind(events, "block").every(({ catchUp }) => catchUp));
  assertEquals(following.core.state.receiptsThrough, 449);
});

Deno.test("ChainFollower from the tip reads 100 blocks for context and books only what comes after", async () => {
  const following = new Following("tip");
  following.chain.mine(300, one);
  const events = await following.settle();
  assertEquals(ofKind(events, "start").map(({ sinceHeight }) => sinceHeight), [300]);
  assertEquals(following.core.state.chain.blocks.map(({ height }) => height).slice(0, 2), [200, 201]);
  assertEquals([following.tip, following.booked.count], [299, 100]);
  following.chain.mine(1, one);
  await following.settle();
  assertEquals(following.booked.count, 101);
});

Deno.test("ChainFollower from the tip of a short chain reads all of it", async () => {
  const following = new Following("tip");
  following.chain.mine(5, one);
  await following.settle();
  assertEquals([following.core.state.chain.blocks.length, following.core.state.sinceHeight], [5, 5]);
});

Deno.test("ChainFollower from a height begins there, and at the tip where the height is not reached", async () => {
  const inside = new Following(250);
  inside.chain.mine(300, one);
  await inside.settle();
  assertEquals([inside.core.state.sinceHeight, inside.core.state.chain.blocks[0]?.height], [250, 250]);
  assertEquals(inside.booked.count, 50);
  const beyond = new Following(900);
  beyond.chain.mine(300, one);
  await beyond.settle();
  assertEquals([beyond.core.state.sinceHeight, beyond.tip], [300, 299]);
});

Deno.test("ChainFollower sends block, receipts and slot of each height in that order", async () => {
  const following = new Following();
  following.chain.mine(2, one);
  await following.settle();
  following.chain.mine(1, one);
  const { events } = await following.pass();
  assertEquals(events.map(({ kind }) => kind), ["block", "receipts", "slot"]);
  const [, receipts] = events;
  assert(receipts?.kind === "receipts");
  assertEquals([receipts.through, receipts.receipts.map(({ id }) => id)], [2, ["2-0-d2-0-3"]]);
});

Deno.test("ChainFollower sees one or two new blocks arrive; more at once are catch-up, and only those", async () => {
  const following = new Following();
  following.chain.mine(10);
  await following.settle();
  const seen: string[] = [];
  for (const count of [1, 2, 3, 1, 0, 2]) {
    following.chain.mine(count);
    seen.push(heights((await following.pass()).events));
  }
  assertEquals(seen, ["10", "11 12", "13* 14* 15*", "16", "", "17 18"]);
});

Deno.test("ChainFollower is in catch-up until a pass ends at the node's tip, however few blocks the last page has", async () => {
  const following = new Following();
  following.chain.mine(202);
  const events = await following.settle();
  assertEquals(ofKind(events, "block").filter(({ catchUp }) => !catchUp), []);
  following.chain.mine(1);
  assertEquals(heights((await following.pass()).events), "202");
});

Deno.test("ChainFollower finds nothing on an unchanged chain, with one request", async () => {
  const following = new Following();
  following.chain.mine(10, one);
  await following.settle();
  const before = following.node.calls.length;
  assertEquals(await following.pass(), { events: [], more: false, nodeHeight: 9 });
  assertEquals(following.node.methods.slice(before), ["light.headers"]);
});

Deno.test("ChainFollower catches up over a gap of more blocks than a page", async () => {
  const following = new Following();
  following.chain.mine(10, one);
  await following.settle();
  following.chain.mine(500, one);
  await following.settle();
  assertEquals([following.tip, following.core.state.chain.reorgCount], [509, 0]);
  assertEquals(following.booked, following.truth);
});

for (const depth of [1, 3, DEPTH]) {
  Deno.test(`ChainFollower follows a reorganisation of depth ${depth}, its receipts included`, async () => {
    const following = new Following();
    following.chain.mine(100, one);
    await following.settle();
    following.chain.fork(99 - depth);
    following.chain.mine(depth + 1, (height) => [receiptItem(height, 0, "Energy", 1_000 + height)]);
    const events = await following.settle();
    assertEquals(ofKind(events, "reorg").map(({ toHeight }) => toHeight), [99 - depth]);
    assertEquals(following.core.state.chain.reorgs.map((reorg) => reorg.depth), [depth]);
    assertEquals(following.tip, 100);
    assertEquals(
      following.core.state.chain.blocks.map(({ hash }) => hash),
      following.chain.blocks.map(({ hash }) => hash),
    );
    assertEquals(following.booked, following.truth);
    assertEquals(following.core.state.activity.energy.total.count, depth + 1);
  });
}

Deno.test("ChainFollower follows a reorganisation to a chain of the same height and to a shorter one", async () => {
  const following = new Following();
  following.chain.mine(50, one);
  await following.settle();
  following.chain.fork(46);
  following.chain.mine(3, one);
  await following.settle();
  assertEquals([following.tip, following.booked], [49, following.truth]);
  following.chain.fork(45);
  following.chain.mine(2, one);
  await following.settle();
  assertEquals([following.tip, following.booked], [47, following.truth]);
  assertEquals(following.core.state.chain.reorgCount, 2);
});

Deno.test("ChainFollower halts when no block within the finality depth is left, and says so once", async () => {
  const following = new Following();
  following.chain.mine(100, one);
  await following.settle();
  following.chain.fork(99 - DEPTH - 1);
  following.chain.mine(DEPTH + 5, one);
  const { events } = await following.pass();
  assertEquals(events.map(({ kind }) => kind), ["halt"]);
  assertStringIncludes(following.core.state.chain.halted ?? "", "within the last 32 blocks below 99");
  assertEquals([following.tip, following.core.state.chain.reorgCount], [99, 0]);
});

Deno.test("ChainFollower halts on another chain from genesis on, even a short one", async () => {
  const following = new Following();
  following.chain.mine(5);
  await following.settle();
  following.chain.fork(-1);
  following.chain.mine(9);
  assertEquals((await following.pass()).events.map(({ kind }) => kind), ["halt"]);
});

Deno.test("ChainFollower waits for a node that is behind on the same chain", async () => {
  const following = new Following();
  following.chain.mine(100, one);
  await following.settle();
  const kept = [...following.chain.blocks];
  for (const height of [95, 20, 0]) {
    following.chain.blocks = kept.slice(0, height + 1);
    const pass = await following.pass();
    assertEquals([pass.events, pass.nodeHeight], [[], height]);
  }
  assertEquals(following.tip, 99);
  following.chain.blocks = kept;
  following.chain.mine(1, one);
  await following.settle();
  assertEquals([following.tip, following.core.state.chain.reorgCount], [100, 0]);
  assertEquals(following.booked, following.truth);
});

Deno.test("ChainFollower never asks for the latest header once the node's chain is empty", async () => {
  const following = new Following();
  following.chain.mine(100, one);
  await following.settle();
  const before = following.node.countOf("light.latest_header");
  following.chain.blocks = [];
  const pass = await following.pass();
  assertEquals([pass.events, pass.nodeHeight], [[], null]);
  assertEquals(following.node.countOf("light.latest_header"), before);
});

Deno.test("ChainFollower takes no header that does not follow from the one before", async () => {
  const following = new Following();
  following.chain.mine(10);
  await following.settle();
  following.chain.mine(6);
  following.chain.blocks[13] = { ...following.chain.blocks[13]!, parentHash: "someone else's" };
  assertEquals(heights((await following.pass()).events), "10* 11* 12*");
  const [ten] = following.chain.blocks.splice(14, 1);
  assertEquals(ten?.height, 14);
  following.chain.blocks[13] = { ...following.chain.blocks[13]!, parentHash: "12/0" };
  assertEquals(heights((await following.pass()).events), "13");
});

Deno.test("ChainFollower follows a node that tells heights only: growth, a long jump, a fall", async () => {
  const following = new Following("genesis", (chain) => chain.heightsOnly);
  following.chain.mine(10);
  await following.settle();
  assertEquals([following.tip, following.core.state.chain.blocks[0]?.hash], [9, null]);
  following.chain.mine(1);
  assertEquals(heights((await following.pass()).events), "10");
  following.chain.mine(700);
  await following.settle();
  assertEquals([following.tip, following.core.state.chain.halted], [710, null]);
  following.chain.fork(707);
  const { events } = await following.pass();
  assertEquals(ofKind(events, "reorg").map(({ toHeight }) => toHeight), [707]);
  following.chain.mine(1);
  await following.settle();
  assertEquals(following.tip, 708);
});

Deno.test("ChainFollower follows a chain whose node has no receipts, and says nothing about them", async () => {
  const following = new Following("genesis");
  following.node.set({ "receipt.audit": undefined });
  following.chain.mine(20, one);
  const events = await following.settle();
  assertEquals([following.tip, following.booked.count], [19, 0]);
  assertEquals(following.core.state.receiptsThrough, -1);
  assertEquals(ofKind(events, "slot").length, 20);
});

Deno.test("ChainFollower cannot follow a node that tells neither headers nor heights", async () => {
  const following = new Following("genesis", () => ({}));
  const pass = await following.raw();
  assertInstanceOf(pass, Absent);
  assertEquals(pass.code, "NOT_OFFERED");
});

Deno.test("ChainFollower throws when the node does not answer, and goes on where it was", async () => {
  const following = new Following();
  following.chain.mine(10, one);
  await following.settle();
  following.chain.mine(2, one);
  following.node.instead = failing("timeout") as () => unknown;
  await assertRejects(() => following.pass(), NodeError);
  following.node.instead = null;
  await following.settle();
  assertEquals([following.tip, following.booked], [11, following.truth]);
});

Deno.test("ChainFollower loses no receipt when a page ends inside a block", async () => {
  const following = new Following();
  following.chain.pageMax = 7;
  following.chain.mine(40, (height) => Array.from({ length: 3 }, (_, index) => receiptItem(height, index)));
  await following.settle();
  assertEquals([following.tip, following.booked], [39, following.truth]);
});

Deno.test("ChainFollower does not believe a next_start_height that skips the cut block's rest", async () => {
  for (const next of [(last: number) => last + 1, (last: number) => last + 5, () => 0]) {
    const following = new Following();
    following.chain.pageMax = 7;
    following.chain.nextStartHeight = next;
    following.chain.mine(30, (height) => Array.from({ length: 3 }, (_, index) => receiptItem(height, index)));
    await following.settle();
    assertEquals([following.tip, following.booked], [29, following.truth]);
  }
});

Deno.test("ChainFollower reads a block with more receipts than a page market by market, in their order", async () => {
  const following = new Following();
  following.chain.pageMax = 6;
  const kinds = ["Compute", "Storage", "Energy", "Ad", "Compute", "Energy", "Ad", "Storage", "Compute"];
  following.chain.mine(
    3,
    (height) =>
      height === 1
        ? kinds.map((kind, index) => receiptItem(height, index, kind, 100 + index))
        : [receiptItem(height, 0)],
  );
  const events = await following.settle();
  assertEquals([following.tip, following.booked], [2, following.truth]);
  const inBlock = ofKind(events, "receipts").flatMap(({ receipts }) => receipts).filter(({ height }) =>
    height === 1
  );
  assertEquals(inBlock.map(({ index }) => index), [0, 1, 2, 3, 4, 5, 6, 7, 8]);
  assertEquals(ofKind(events, "gap"), []);
});

Deno.test("ChainFollower says which receipts it can never read: more of one market than a page, in one block", async () => {
  const following = new Following();
  following.chain.pageMax = 4;
  following.chain.mine(
    2,
    (height) => Array.from({ length: height === 0 ? 6 : 1 }, (_, i) => receiptItem(height, i)),
  );
  const events = await following.settle();
  assertEquals(ofKind(events, "gap").map(({ detail }) => detail), [
    "block 0 has more Compute receipts than the 4 of a page; the rest cannot be read",
  ]);
  assertEquals([following.tip, following.booked.count], [1, 5]);
});

Deno.test("ChainFollower does not call a block that fills the page exactly a loss", async () => {
  const following = new Following();
  following.chain.pageMax = 4;
  following.chain.mine(3, (height) => Array.from({ length: 4 }, (_, i) => receiptItem(height, i)));
  const events = await following.settle();
  assertEquals([following.booked, ofKind(events, "gap").length], [following.truth, 0]);
});

Deno.test("ChainFollower takes more receipts than one pass reads in several passes, blocks with them", async () => {
  const following = new Following();
  following.chain.pageMax = 10;
  following.chain.mine(150, (height) => Array.from({ length: 4 }, (_, i) => receiptItem(height, i)));
  const first = await following.pass();
  assert(first.more);
  assert(following.tip! < 149, "blocks whose receipts are not read yet wait");
  assertEquals(following.core.state.receiptsThrough, following.tip);
  await following.settle();
  assertEquals([following.tip, following.booked], [149, following.truth]);
});

Deno.test("ChainFollower makes one gap of each receipt that cannot be read, and books the rest", async () => {
  const following = new Following();
  following.chain.pageMax = 5;
  following.chain.mine(12, (height) => [
    receiptItem(height, 0),
    height % 4 === 3 ? { ...receiptItem(height, 1), amount: -5 } : receiptItem(height, 1),
  ]);
  const events = await following.settle();
  const gaps = ofKind(events, "gap");
  assertEquals(gaps.length, 3);
  assertEquals(following.rejected, gaps.map(({ detail }) => detail));
  assertStringIncludes(gaps[0]!.detail, ".amount must be an integer 0..2^64−1, found -5");
  assertEquals([following.tip, following.booked.count], [11, 21]);
});

Deno.test("ChainFollower ignores receipts of markets that it does not know", async () => {
  const following = new Following();
  following.chain.mine(3, (height) => [receiptItem(height, 0), receiptItem(height, 1, "Weather")]);
  const events = await following.settle();
  assertEquals([following.booked.count, ofKind(events, "gap").length], [3, 0]);
});

Deno.test("ChainFollower shows blocks whose receipts could not be read, and books these when it can", async () => {
  const following = new Following();
  following.chain.mine(5, one);
  await following.settle();
  following.node.set({ "receipt.audit": failing("timeout") });
  following.chain.mine(2, one);
  const blind = await following.pass();
  assertEquals(blind.events.map(({ kind }) => kind), ["block", "slot", "block", "slot"]);
  assertEquals([following.tip, following.core.state.receiptsThrough], [6, 4]);
  following.node.set(following.chain.answers);
  following.chain.mine(1, one);
  const late = await following.pass();
  assertEquals(late.events.map(({ kind }) => kind), ["receipts", "receipts", "block", "receipts", "slot"]);
  assertEquals([following.booked, following.core.state.receiptsThrough], [following.truth, 7]);
});

Deno.test("ChainFollower remembers that late blocks had no receipts, so that it asks only once", async () => {
  const following = new Following();
  following.chain.mine(5);
  await following.settle();
  following.node.set({ "receipt.audit": failing("timeout") });
  following.chain.mine(3);
  await following.pass();
  following.node.set(following.chain.answers);
  await following.pass();
  assertEquals(following.core.state.receiptsThrough, 7);
  const before = following.node.countOf("receipt.audit");
  await following.pass();
  assertEquals(following.node.countOf("receipt.audit"), before);
});

Deno.test("ChainFollower waits for a node that has not scanned its newest blocks yet", async () => {
  const following = new Following();
  following.chain.mine(5, one);
  await following.settle();
  following.chain.mine(2, one);
  following.chain.scannedTo = 5;
  await following.pass();
  assertEquals([following.tip, following.core.state.receiptsThrough], [6, 5]);
  following.chain.scannedTo = undefined;
  await following.settle();
  assertEquals(following.booked, following.truth);
});

Deno.test("ChainFollower ends on the node's chain and its receipts, whatever happened (property)", async () => {
  for (let seed = 0; seed < 40; seed++) {
    const random = new Random("follow", seed);
    const following = new Following();
    const { chain, node } = following;
    let serial = 0;
    const items = (height: number) =>
      Array.from(
        { length: random.poisson(1.5) },
        (_, index) =>
          receiptItem(height, index, random.pick(["Compute", "Storage", "Energy", "Ad"]), ++serial),
      );
    chain.pageMax = random.integer(12, 40);
    chain.mine(random.integer(1, 60), items);
    for (let step = 0; step < 60; step++) {
      node.set(random.chance(0.15) ? { "receipt.audit": failing("timeout") } : chain.answers);
      if (random.chance(0.2)) chain.fork(Math.max(0, chain.tip - random.integer(1, 12)));
      chain.mine(random.integer(random.chance(0.5) ? 1 : 0, 12), items);
      await following.pass();
      assertEquals(following.core.state.chain.halted, null, `seed ${seed}, step ${step}`);
    }
    node.set(chain.answers);
    chain.mine(13, items); // A node that fell behind our height is waited for; now it is ahead.
    await following.settle();
    assertEquals(following.tip, chain.tip, `seed ${seed}`);
    assertEquals(
      following.core.state.chain.blocks.map(({ hash }) => hash),
      chain.blocks.slice(-following.core.state.chain.blocks.length).map(({ hash }) => hash),
      `seed ${seed}`,
    );
    assertEquals(following.booked, following.truth, `seed ${seed}`);
    assertEquals(following.core.state.receiptsThrough, chain.tip, `seed ${seed}`);
  }
});
