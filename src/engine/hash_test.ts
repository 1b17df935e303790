// @ts-types="#types/std_assert.d.ts"
import { assertEquals, assertMatch } from "@std/assert";
import { hashText } from "./hash.ts";

Deno.test("hashText() is 32 hex digits, the same ones for the same text in every run", () => {
  assertMatch(hashText(""), /^[0-9a-f]{32}$/);
  assertEquals(hashText("block-buster"), hashText(["block", "buster"].join("-")));
  // Kept snapshots carry this hash: another function would make all of them unreadable.
  assertEquals(hashText("block-buster"), "506a5528636dceccf1c76a58ee861ca6");
});

Deno.test("hashText() tells texts apart that differ in one character, in order or in length", () => {
  const texts = ["", "a", "b", "ab", "ba", "aa", "aaa", "\u0000", "\u0000\u0000", "ä", "a\u0308"];
  for (let i = 0; i < 5_000; i++) texts.push(`height ${i}`, `x${"y".repeat(i)}`);
  assertEquals(new Set(texts.map(hashText)).size, texts.length);
});

Deno.test("hashText() changes about half of its bits with one bit of the text", () => {
  let changed = 0;
  const rounds = 500;
  for (let i = 0; i < rounds; i++) {
    const before = BigInt(`0x${hashText(`state ${2 * i}`)}`);
    const after = BigInt(`0x${hashText(`state ${2 * i + 1}`)}`);
    changed += (before ^ after).toString(2).replaceAll("0", "").length;
  }
  const share = changed / (128 * rounds);
  assertEquals(share > 0.47 && share < 0.53, true, `${share} of the bits changed`);
});
