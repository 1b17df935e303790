// @ts-types="#types/std_assert.d.ts"
import { assertEquals, assertThrows } from "@std/assert";
import { plain, recorded } from "../../../tests/support/fixtures.ts";
import { absent } from "../../engine/reason.ts";
import { NodeError } from "../errors.ts";
import {
  decodeBalance,
  decodeBlockHeight,
  decodeChainStats,
  decodeDifficulty,
  decodeFinality,
  decodeHeader,
  decodeHeaders,
  decodeMempoolLane,
  ppmOfRatio,
} from "./chain.ts";
import { fieldOf } from "./field.ts";

const BARE = { parentHash: null, timestampMs: null, txCount: null, miner: null, reward: null };

Deno.test("decodeHeaders() reads the live node's headers, which have a height and a hash only", () => {
  assertEquals(decodeHeaders(recorded("light.headers", "active")), [
    { ...BARE, height: 0, hash: "7bbd325eff932646441c063b0e4e94c9dcb92dc1b2c5f7cd8a83d9e2bbbde749" },
    { ...BARE, height: 1, hash: "784b1be91886a191e847185401cd87ad4f506da4f7d71c05dd9822e40525d64a" },
    { ...BARE, height: 2, hash: "007f24be44a7d1ff0bab36824e7510eff58689ee8c5389ad853c5ffc16092568" },
  ]);
  assertEquals(decodeHeaders(recorded("light.headers", "idle")), []);
});

Deno.test("decodeHeaders() reads everything that a fuller header has, the reward exactly", () => {
  assertEquals(decodeHeaders(recorded("light.headers", "full")), [{
    height: 7,
    hash: "aa",
    parentHash: "a9",
    timestampMs: 1_767_225_607_000,
    txCount: 12,
    miner: "m1",
    reward: 2n ** 64n - 1n,
  }]);
});

Deno.test("decodeHeader() accepts the spellings of a height", () => {
  assertEquals(decodeHeader(recorded("light.latest_header", "active")).height, 182);
  assertEquals(decodeHeader(recorded("light.latest_header", "number")), {
    ...BARE,
    height: 41,
    hash: "ab",
    parentHash: "aa",
    txCount: 3,
  });
});

Deno.test("decodeHeader() refuses a header without a height or a hash", () => {
  assertThrows(() => decodeHeader(fieldOf("m", { hash: "a" })), NodeError, 'a field "height"');
  assertThrows(() => decodeHeader(fieldOf("m", { height: 1 })), NodeError, 'a field "hash"');
  assertThrows(() => decodeHeader(fieldOf("m", { height: 1, hash: "" })), NodeError, "result.hash");
});

Deno.test("decodeBlockHeight() reads an object and a bare number", () => {
  assertEquals(decodeBlockHeight(recorded("consensus.block_height", "object")), { height: 299 });
  assertEquals(decodeBlockHeight(recorded("consensus.block_height", "bare")), { height: 299 });
});

Deno.test("decodeFinality() reads what there is and leaves the rest NOT_OFFERED", () => {
  assertEquals(plain(decodeFinality(recorded("consensus.finality_status", "full"))), {
    finalizedHeight: 296,
    syncing: false,
    finalityTimeS: "!NOT_OFFERED",
  });
  assertEquals(plain(decodeFinality(recorded("consensus.finality_status", "word"))), {
    finalizedHeight: 5,
    syncing: true,
    finalityTimeS: 3,
  });
  assertEquals(plain(decodeFinality(recorded("consensus.finality_status", "empty"))), {
    finalizedHeight: "!NOT_OFFERED",
    syncing: "!NOT_OFFERED",
    finalityTimeS: "!NOT_OFFERED",
  });
});

Deno.test("decodeChainStats() keeps stakes above 2^53 exact", () => {
  assertEquals(plain(decodeChainStats(recorded("consensus.stats", "full"))), {
    tps: 23.25,
    blockTimeMs: 1_012.5,
    validatorCount: 9,
    totalStake: 2n ** 64n - 1n,
    activeStake: 2n ** 53n + 1n,
  });
  assertEquals(
    new Set(Object.values(plain(decodeChainStats(recorded("consensus.stats", "empty"))) as object)),
    new Set(["!NOT_OFFERED"]),
  );
});

Deno.test("decodeDifficulty() reads leading zero bits", () => {
  assertEquals(decodeDifficulty(recorded("consensus.difficulty", "idle")), { bits: 1 });
});

Deno.test("decodeMempoolLane() reads an idle lane, a busy one, and fees up to 2^64 − 1", () => {
  const idle = { lane: "consumer", size: 0, ageP50Ms: 0, ageP95Ms: 0, feeP50: 0n, feeP90: 0n, feeFloor: 0n };
  assertEquals(decodeMempoolLane("consumer", recorded("mempool.stats", "idle")), idle);
  assertEquals(decodeMempoolLane("consumer", recorded("mempool.stats", "pending")), {
    lane: "consumer",
    size: 3,
    ageP50Ms: 2_545,
    ageP95Ms: 10_177,
    feeP50: 1n,
    feeP90: 2n,
    feeFloor: 0n,
  });
  assertEquals(decodeMempoolLane("industrial", recorded("mempool.stats", "u64")), {
    lane: "industrial",
    size: 2 ** 53 - 1,
    ageP50Ms: 0.5,
    ageP95Ms: 1,
    feeP50: 2n ** 53n + 1n,
    feeP90: 2n ** 64n - 1n,
    feeFloor: 2n ** 64n - 1n,
  });
});

Deno.test("decodeBalance() is exact up to 2^64 − 1, under either name", () => {
  const amounts = ["unknown", "funded", "u64", "other"].map((name) =>
    decodeBalance(recorded("balance", name))
  );
  assertEquals(amounts, [0n, 127n, 2n ** 64n - 1n, 5n]);
});

Deno.test("ppmOfRatio() scales a ratio and does not believe one above 10", () => {
  assertEquals(plain([0, 0.1234567, 1, 10].map(ppmOfRatio)), [0, 123_457, 1_000_000, 10_000_000]);
  assertEquals(plain([-0.1, 10.5, Infinity].map(ppmOfRatio)), ["!UNDEFINED", "!UNDEFINED", "!UNDEFINED"]);
  assertEquals(plain(ppmOfRatio(absent("AUTH", "no"))), "!AUTH");
});
