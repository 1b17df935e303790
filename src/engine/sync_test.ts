// @ts-types="#types/std_assert.d.ts"
import { assertEquals } from "@std/assert";
import {
  blocksUpTo,
  codeOf,
  coreWith,
  headerAt,
  LEFT_OUT,
  observed,
  peerNamed,
  T0,
  unavailable,
} from "../../tests/support/engine.ts";
import { Core } from "./core.ts";
import type { EngineEvent } from "./event.ts";
import { perMarket } from "./market.ts";
import type { Known } from "./reason.ts";
import { blockHeight, finalizedHeight, peerCount, syncStatus } from "./sync.ts";

/** What the node says about finality and whether it is behind. */
function finality(finalizedHeight: Known<number>, syncing: Known<boolean>): EngineEvent {
  return observed("finality", { finalizedHeight, syncing, finalityTimeS: LEFT_OUT });
}

function overlay(activePeers: number): EngineEvent {
  return observed("overlay", { activePeers, persistedPeers: LEFT_OUT, backend: LEFT_OUT });
}

/** A later event that shows nothing but that time has passed. */
function waited(ms: number): EngineEvent {
  return observed("difficulty", { bits: 1 }, T0 + ms);
}

const DOWN: EngineEvent = { kind: "link", atMs: T0, up: false, reason: "gone" };
const HALT: EngineEvent = { kind: "halt", atMs: T0, reason: "too deep" };
const BLOCKS = blocksUpTo(10);

function statusOf(events: readonly EngineEvent[]): string {
  return syncStatus(coreWith(events).state);
}

Deno.test("syncStatus() is synced when the node says so, whatever its peers", () => {
  assertEquals(statusOf([...BLOCKS, finality(7, false)]), "synced");
  assertEquals(statusOf([...BLOCKS, finality(7, false), overlay(0)]), "synced");
});

Deno.test("syncStatus() is synced with a peer and standalone without one where the node claims nothing", () => {
  assertEquals(statusOf([...BLOCKS, overlay(1)]), "synced");
  assertEquals(statusOf([...BLOCKS, overlay(0)]), "standalone");
  assertEquals(statusOf([...BLOCKS, unavailable("finality"), unavailable("overlay")]), "standalone");
});

Deno.test("syncStatus() is syncing when the node says that it is behind", () => {
  assertEquals(statusOf([...BLOCKS, overlay(3), finality(2, true)]), "syncing");
});

Deno.test("syncStatus() is syncing when the node has fewer blocks than we have seen", () => {
  assertEquals(statusOf([...BLOCKS, overlay(3), observed("head", { height: 9 })]), "syncing");
  assertEquals(statusOf([...BLOCKS, overlay(3), observed("head", { height: 10 })]), "synced");
  assertEquals(statusOf([...BLOCKS, overlay(3), observed("head", { height: null })]), "syncing");
});

Deno.test("syncStatus() is stalled after max(30 s, ten median intervals) without a new height", () => {
  const tipMs = 10_000; // Blocks come every second, the last one at T0 + 10 s.
  assertEquals(statusOf([...BLOCKS, overlay(3), waited(tipMs + 30_000)]), "synced");
  assertEquals(statusOf([...BLOCKS, overlay(3), waited(tipMs + 30_001)]), "stalled");
  const slow = [0, 10_000, 20_000].map((ms, height): EngineEvent => ({
    kind: "block",
    atMs: T0 + ms,
    header: headerAt(height),
    catchUp: false,
  }));
  assertEquals(statusOf([...slow, overlay(3), waited(20_000 + 100_000)]), "synced");
  assertEquals(statusOf([...slow, overlay(3), waited(20_000 + 100_001)]), "stalled");
});

Deno.test("syncStatus() is stalled even where the node calls itself synced", () => {
  assertEquals(statusOf([...BLOCKS, finality(7, false), waited(60_000)]), "stalled");
});

Deno.test("syncStatus() is empty on a chain without a block", () => {
  assertEquals(statusOf([observed("head", { height: null }), overlay(3)]), "empty");
  assertEquals(statusOf([observed("head", { height: null }), finality(0, true)]), "empty");
});

Deno.test("syncStatus() puts unreachable before halted before everything else", () => {
  const everything = [...BLOCKS, finality(2, true), waited(60_000)];
  assertEquals(statusOf([...everything, HALT]), "halted");
  assertEquals(statusOf([...everything, HALT, DOWN]), "unreachable");
  assertEquals(statusOf([observed("head", { height: null }), HALT]), "halted");
  assertEquals(statusOf([DOWN]), "unreachable");
});

Deno.test("syncStatus() puts stalled before syncing", () => {
  assertEquals(statusOf([...BLOCKS, finality(2, true), waited(60_000)]), "stalled");
});

Deno.test("peerCount() prefers the overlay's count and falls back to the list of peers", () => {
  const peers = observed("peers", { peers: [peerNamed("a"), peerNamed("b")] });
  assertEquals(peerCount(coreWith([overlay(5), peers]).state), 5);
  assertEquals(peerCount(coreWith([unavailable("overlay"), peers]).state), 2);
  assertEquals(codeOf(peerCount(coreWith([unavailable("overlay", "o", "AUTH")]).state)), "WARMING_UP");
  assertEquals(
    codeOf(peerCount(coreWith([unavailable("overlay", "o", "AUTH"), unavailable("peers")]).state)),
    "AUTH",
  );
});

Deno.test("blockHeight() is the tip that we follow, not what the node claims", () => {
  assertEquals(blockHeight(coreWith([...BLOCKS, observed("head", { height: 99 })]).state), 10);
});

Deno.test("blockHeight() says why there is none: empty, not read yet, never reached", () => {
  assertEquals(codeOf(blockHeight(coreWith([observed("head", { height: null })]).state)), "NO_SAMPLES");
  assertEquals(codeOf(blockHeight(coreWith([observed("head", { height: 5 })]).state)), "WARMING_UP");
  const down = new Core({ finalityDepth: 32, enabled: perMarket(() => true) });
  assertEquals(codeOf(blockHeight(down.state)), "NODE_DOWN");
});

Deno.test("finalizedHeight() is the node's word or absent, never derived", () => {
  assertEquals(finalizedHeight(coreWith([...BLOCKS, finality(7, LEFT_OUT)]).state), 7);
  assertEquals(finalizedHeight(coreWith([...BLOCKS, finality(LEFT_OUT, false)]).state), LEFT_OUT);
  assertEquals(codeOf(finalizedHeight(coreWith([...BLOCKS, unavailable("finality")]).state)), "NOT_OFFERED");
});
