// @ts-types="#types/std_assert.d.ts"
import { assertEquals, assertMatch } from "@std/assert";
import { MARKET_IDS } from "./market.ts";
import { isTopic, TOPIC_NAMES, TOPICS } from "./topic.ts";

Deno.test("isTopic() accepts every topic of the table and nothing inherited", () => {
  assertEquals(TOPIC_NAMES.every(isTopic), true);
  for (const text of ["", "Health", "constructor", "__proto__", "hasOwnProperty", "market."]) {
    assertEquals(isTopic(text), false, text);
  }
});

Deno.test("TOPICS has one topic per market, and every topic a scope and a summary", () => {
  for (const id of MARKET_IDS) assertEquals(isTopic(`market.${id}`), true, id);
  for (const [name, { scope, summary }] of Object.entries(TOPICS)) {
    assertMatch(scope, /^(public|read)$/, name);
    assertMatch(summary, /^[A-Z]/, name);
  }
});
