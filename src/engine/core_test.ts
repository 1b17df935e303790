// @ts-types="#types/std_assert.d.ts"
import { assert, assertEquals, assertThrows } from "@std/assert";
import {
  blockEvents,
  blocksUpTo,
  codeOf,
  coreWith,
  gateNamed,
  governorWith,
  headerAt,
  marketAnswer,
  observed,
  receiptAt,
  schedulerAnswer,
  T0,
  unavailable,
} from "../../tests/support/engine.ts";
import { type ActivityState, lastPrice } from "./activity.ts";
import { Core } from "./core.ts";
import { completionRates, type CoreState, gateOf, marketValue, sliceValue } from "./state.ts";
import type { Capability, EngineEvent } from "./event.ts";
import { gateSince } from "./gate.ts";
import { MARKET_IDS, perMarket } from "./market.ts";
import { Random } from "./random.ts";
import { isKnown } from "./reason.ts";
import type { Receipt } from "./receipt.ts";
import { isTopic, type Topic } from "./topic.ts";

const OPTIONS = { finalityDepth: 32, enabled: perMarket(() => true) };
const ONLY_COMPUTE = { enabled: { ...perMarket(() => false), compute: true } };

function assertTopics(actual: readonly Topic[], wanted: readonly Topic[]): void {
  assert(actual.every(isTopic));
  assertEquals(wanted.filter((topic) => !actual.includes(topic)), []);
}

/** What the state shows of receipts. */
function sums({ window, day, total, providers }: ActivityState) {
  return { window, day, total, providers: new Map([...providers].sort()) };
}

Deno.test("Core begins knowing nothing, and says that the node has not answered", () => {
  const { state } = new Core(OPTIONS);
  assertEquals([state.link.up, state.link.everUp, state.chain.empty], [false, false, null]);
  assertEquals(codeOf(sliceValue(state, "governor")), "NODE_DOWN");
  assertEquals(codeOf(sliceValue(coreWith([]).state, "governor")), "WARMING_UP");
});

Deno.test("Core.apply(link) keeps since when, and forgets a ban when the node answers", () => {
  const core = new Core(OPTIONS);
  core.apply({ kind: "link", atMs: 10, up: false, reason: "refused" });
  core.apply({ kind: "link", atMs: 20, up: false, reason: "timeout" });
  assertEquals([core.state.link.sinceMs, core.state.link.reason], [10, "timeout"]);
  const down = sliceValue(core.state, "mempool");
  assertEquals(isKnown(down) ? "" : down.because, "timeout");
  core.apply({ kind: "ban", atMs: 25, untilMs: 900 });
  assertEquals(core.state.link.bannedUntilMs, 900);
  assertTopics(core.apply({ kind: "link", atMs: 30, up: true, reason: null }), ["health", "status"]);
  assertEquals(core.state.link, { up: true, everUp: true, sinceMs: 30, reason: null, bannedUntilMs: null });
});

Deno.test("Core.apply(node) replaces what the probe found", () => {
  const capability: Capability = {
    id: "peers",
    question: "Who?",
    status: "missing",
    dialect: null,
    methods: ["net.peers"],
    detail: "method not found",
  };
  const core = coreWith([]);
  const node = {
    kind: "node",
    atMs: T0,
    dialect: "live",
    simulated: null,
    capabilities: [capability],
  } as const;
  assertTopics(core.apply(node), ["capabilities", "health", "status"]);
  assertEquals(core.state.node, { dialect: "live", simulated: null, capabilities: [capability], atMs: T0 });
});

Deno.test("Core.apply(observed) and (unavailable) replace a slice, with age and reason", () => {
  const core = coreWith([observed("difficulty", { bits: 9 })]);
  assertEquals(core.state.slices.difficulty, { asOfMs: T0, ttlMs: 10_000, value: { bits: 9 } });
  core.apply(unavailable("difficulty", "gone", "AUTH"));
  const now = sliceValue(core.state, "difficulty");
  assertEquals(isKnown(now) ? null : [now.code, now.because], ["AUTH", "gone"]);
  core.apply(observed("difficulty", { bits: 10 }, T0 + 5));
  assertEquals(sliceValue(core.state, "difficulty"), { bits: 10 });
});

Deno.test("Core.apply(observed) names topics that show the slice, and only known topics", () => {
  const core = coreWith([]);
  assertTopics(core.apply(observed("difficulty", { bits: 1 })), ["network"]);
  assertTopics(core.apply(observed("mempool", { lanes: [] })), ["mempool", "network"]);
  assertTopics(core.apply(observed("peers", { peers: [] })), ["health", "peers", "network"]);
  assertTopics(core.apply(observed("governor", governorWith([]))), [
    "gates",
    "markets",
    "market.compute",
    "market.storage",
    "market.energy",
    "market.ad",
  ]);
  assertTopics(core.apply(observed("scheduler", schedulerAnswer())), ["scheduler", "network"]);
  for (const id of MARKET_IDS) {
    assertTopics(core.apply(observed(id, marketAnswer())), ["markets", `market.${id}`, "gates", "providers"]);
  }
});

Deno.test("Core.apply(observed head) marks a chain without a block as empty, once, and not a followed one", () => {
  const core = coreWith([observed("head", { height: null }), observed("head", { height: null }, T0 + 9_000)]);
  assertEquals([core.state.chain.empty, core.state.chain.lastAdvanceMs], [true, T0]);
  for (const event of blockEvents(headerAt(0), T0 + 10_000)) core.apply(event);
  core.apply(observed("head", { height: null }, T0 + 11_000));
  assertEquals(core.state.chain.empty, false);
});

Deno.test("Core.apply(block) extends the chain and refuses a gap", () => {
  const core = coreWith(blocksUpTo(2));
  assertTopics(core.apply({ kind: "block", atMs: T0, header: headerAt(3), catchUp: false }), [
    "health",
    "network",
  ]);
  assertThrows(
    () => core.apply({ kind: "block", atMs: T0, header: headerAt(9), catchUp: false }),
    RangeError,
    "the tip is 3",
  );
});

Deno.test("Core.apply(start) records from where on receipts are booked", () => {
  const core = coreWith([{ kind: "start", atMs: T0 + 5, sinceHeight: 301 }]);
  assertEquals([core.state.sinceHeight, core.state.sinceMs], [301, T0 + 5]);
});

Deno.test("Core.apply(receipts) counts them in their market and remembers how far they are complete", () => {
  const core = coreWith([{ kind: "block", atMs: T0, header: headerAt(0), catchUp: false }]);
  const receipts = [receiptAt(0), receiptAt(0, { market: "ad", index: 1, units: 2n })];
  const topics = core.apply({ kind: "receipts", atMs: T0, receipts, through: 0 });
  assertTopics(topics, ["markets", "providers", "market.compute", "market.ad"]);
  assert(!topics.includes("market.energy"));
  assertEquals(MARKET_IDS.map((id) => core.state.activity[id].total.count), [1, 0, 0, 1]);
  assertEquals(lastPrice(core.state.activity.compute)?.priceMicro, 100_000_000n);
  assertEquals(core.state.receiptsThrough, 0);
  core.apply({ kind: "receipts", atMs: T0, receipts: [], through: null });
  assertEquals(core.state.receiptsThrough, 0);
});

Deno.test("Core.apply(receipts) ignores a market that is switched off", () => {
  const core = coreWith(
    blockEvents(headerAt(0), T0, [receiptAt(0), receiptAt(0, { market: "energy", index: 1 })]),
    ONLY_COMPUTE,
  );
  assertEquals(MARKET_IDS.map((id) => core.state.activity[id].total.count), [1, 0, 0, 0]);
  assertEquals(lastPrice(core.state.activity.energy), undefined);
});

Deno.test("Core.apply(receipts) dates a receipt by its block's own time, not by its arrival", () => {
  const stamped = headerAt(0, { timestampMs: 86_400_000 });
  const core = coreWith(blockEvents(stamped, T0, [receiptAt(0)]));
  assertEquals([...core.state.activity.compute.minutes.keys()], [1_440]);
});

Deno.test("Core.apply(reorg) lowers the tip, the receipts' horizon and counts the reorganisation", () => {
  const core = coreWith(blocksUpTo(10));
  assertTopics(core.apply({ kind: "reorg", atMs: T0 + 60_000, toHeight: 7 }), [
    "health",
    "markets",
    "status",
  ]);
  assertEquals([core.state.chain.blocks.length, core.state.receiptsThrough], [8, 7]);
  assertEquals(core.state.chain.reorgs, [{ toHeight: 7, depth: 3, atMs: T0 + 60_000 }]);
});

Deno.test("Core.apply(halt) and (gap) are kept for the operator", () => {
  const core = coreWith([{ kind: "halt", atMs: T0, reason: "too deep" }]);
  assertTopics(core.apply({ kind: "gap", atMs: T0 + 1, source: "receipt.audit", detail: "first" }), [
    "health",
  ]);
  core.apply({ kind: "gap", atMs: T0 + 2, source: "receipt.audit", detail: "second" });
  const { halted, gapCount, lastGap } = core.state.chain;
  assertEquals([halted, gapCount], ["too deep", 2]);
  assertEquals(lastGap, { atMs: T0 + 2, source: "receipt.audit", detail: "second" });
});

Deno.test("Core.apply() throws for an event of an unknown kind", () => {
  assertThrows(
    () => coreWith([]).apply({ kind: "surprise", atMs: 0 } as unknown as EngineEvent),
    TypeError,
    "surprise",
  );
});

Deno.test("Core.apply() never moves time backwards", () => {
  const core = coreWith([
    observed("difficulty", { bits: 1 }, T0 + 500),
    observed("difficulty", { bits: 2 }, T0 + 100),
  ]);
  assertEquals(core.state.nowMs, T0 + 500);
});

Deno.test("marketValue() and gateOf() of a switched-off market are DISABLED whatever the node says", () => {
  const { state } = coreWith([
    observed("storage", marketAnswer({ utilizationPpm: 5 })),
    observed("governor", governorWith([gateNamed("storage", "active")])),
  ], ONLY_COMPUTE);
  const own = marketValue(state, "storage");
  assertEquals(isKnown(own) ? null : [own.code, own.because], [
    "DISABLED",
    "markets.storage_enabled is false",
  ]);
  assertEquals([gateOf(state, "storage").state, codeOf(gateOf(state, "storage").nodeState)], [
    "unknown",
    "DISABLED",
  ]);
});

Deno.test("Core watches gates: since_height is the tip at which a change was seen, absent before the first", () => {
  const core = coreWith([
    ...blocksUpTo(5),
    observed("governor", governorWith([gateNamed("compute", "rehearsal")])),
  ]);
  const since = () => gateSince(gateOf(core.state, "compute"), core.state.gates.compute);
  assertEquals(codeOf(since()), "WARMING_UP");
  for (const event of blocksUpTo(8, 6)) core.apply(event);
  core.apply(observed("governor", governorWith([gateNamed("compute", "trade")])));
  assertEquals(since(), 8);
  for (const event of blocksUpTo(9, 9)) core.apply(event);
  core.apply(observed("governor", governorWith([gateNamed("compute", "active")]))); // Another word, the same state.
  assertEquals(since(), 8);
});

Deno.test("Core watches the ad market's readiness as well as the governor", () => {
  const governor = observed("governor", governorWith([gateNamed("ad_targeting_contextual", "active")]));
  const ready = (value: boolean) => observed("ad", marketAnswer({ ready: value, readyReason: "why" }));
  const core = coreWith([...blocksUpTo(3), governor, ready(true)]);
  assertEquals(gateOf(core.state, "ad").state, "open");
  core.apply(ready(false));
  assertEquals([gateOf(core.state, "ad").state, core.state.gates.ad], [
    "closed",
    { state: "closed", sinceHeight: 3 },
  ]);
});

Deno.test("completionRates() measures per block as well, and says why not without a block", () => {
  const at = (completedTotal: number, ms: number) =>
    observed("scheduler", schedulerAnswer({ completedTotal }), T0 + ms);
  const core = coreWith([...blocksUpTo(0), at(10, 0)]);
  assertEquals(codeOf(completionRates(core.state)), "WARMING_UP");
  core.apply(at(10, 2_000));
  const idle = completionRates(core.state);
  assert(isKnown(idle));
  assertEquals([idle.perSecond, codeOf(idle.perBlock), idle.spanMs], [0, "WARMING_UP", 2_000]);
  for (const event of blocksUpTo(4, 1)) core.apply(event);
  core.apply(at(26, 4_000));
  const busy = completionRates(core.state);
  assert(isKnown(busy));
  assertEquals([busy.perSecond, busy.perBlock], [4, 4]);
});

/** The events of a chain whose blocks are sometimes replaced, and the blocks and receipts that are left in the end. */
function reorganisedHistory(random: Random) {
  const events: EngineEvent[] = [];
  let blocks: { header: ReturnType<typeof headerAt>; atMs: number; receipts: readonly Receipt[] }[] = [];
  let atMs = T0;
  for (let step = 0; step < 400; step++) {
    atMs += random.integer(200, 90_000);
    if (blocks.length > 1 && random.chance(0.06)) {
      const toHeight = Math.max(0, blocks.length - 1 - random.integer(1, 30));
      events.push({ kind: "reorg", atMs, toHeight });
      blocks = blocks.slice(0, toHeight + 1);
      continue;
    }
    const height = blocks.length;
    const header = headerAt(height, {
      hash: `${height}@${step}`,
      timestampMs: random.chance(0.9) ? atMs - 3 : null,
    });
    const receipts = Array.from({ length: random.poisson(1) }, (_, index) =>
      receiptAt(height, {
        index,
        id: `${step}-${index}`,
        market: random.pick(MARKET_IDS),
        amount: BigInt(random.integer(1, 9_999)),
        units: BigInt(random.integer(0, 50)),
        provider: `p${random.integer(0, 3)}`,
      }));
    events.push(...blockEvents(header, atMs, receipts));
    blocks.push({ header, atMs, receipts });
  }
  return { events, blocks };
}

Deno.test("Core after reorganisations holds what it would if the replaced blocks had never been seen (property)", () => {
  for (let seed = 0; seed < 12; seed++) {
    const { events, blocks } = reorganisedHistory(new Random("core", seed));
    const lived = coreWith(events).state;
    const straight = coreWith(
      blocks.flatMap(({ header, atMs, receipts }) => blockEvents(header, atMs, receipts)),
    ).state;
    assertEquals(lived.chain.blocks, straight.chain.blocks, `seed ${seed}`);
    assertEquals(lived.receiptsThrough, straight.receiptsThrough, `seed ${seed}`);
    for (const id of MARKET_IDS) {
      assertEquals(sums(lived.activity[id]), sums(straight.activity[id]), `seed ${seed}, ${id}`);
      assertEquals(lastPrice(lived.activity[id]), lastPrice(straight.activity[id]), `seed ${seed}, ${id}`);
    }
  }
});

Deno.test("Core gives the same state for the same events", () => {
  const { events } = reorganisedHistory(new Random("core", "again"));
  const both: CoreState[] = [coreWith(events).state, coreWith(events).state];
  assertEquals(both[0], both[1]);
});
