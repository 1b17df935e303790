// @ts-types="#types/std_assert.d.ts"
import { assert, assertEquals, assertMatch, assertNotEquals } from "@std/assert";
import { base58OfHex, blockHash, hex256 } from "./hash.ts";

Deno.test("hex256() gives 64 hexadecimal digits and no duplicate among 40,000 neighbouring keys", () => {
  const seen = new Set<string>();
  for (let height = 0; height < 10_000; height++) {
    for (const [variant, index] of [[0, 0], [0, 1], [1, 0], [1, 1]] as const) {
      seen.add(hex256(7, 2, height, variant, index));
    }
  }
  assertEquals(seen.size, 40_000);
  for (const hash of [...seen].slice(0, 100)) assertMatch(hash, /^[0-9a-f]{64}$/);
});

Deno.test("hex256() tells heights apart that differ only above 32 bits", () => {
  assertNotEquals(hex256(1, 5), hex256(1, 5 + 4_294_967_296));
});

Deno.test("blockHash() has at least as many leading zero bits as its difficulty", () => {
  for (let height = 0; height < 500; height++) {
    const first = parseInt(blockHash(14, 3, height).slice(0, 8), 16);
    assert(first < 2 ** 18, `height ${height}`);
  }
});

Deno.test("base58OfHex() agrees with known vectors", () => {
  assertEquals(base58OfHex("61"), "2g");
  assertEquals(base58OfHex("516b6fcd0f"), "ABnLTmg");
  assertEquals(base58OfHex("00000000000000000000"), "1111111111");
});
