/// <reference lib="deno.ns" />
// @ts-types="#types/std_assert.d.ts"
import { assertEquals } from "@std/assert";
import { choiceOf, CHOICES } from "./settings.ts";

Deno.test("choiceOf() takes what is set, and the first value for anything that is none", () => {
  assertEquals(choiceOf("density", { density: "compact" }), "compact");
  assertEquals(choiceOf("density", { density: "huge" }), "default");
  assertEquals(choiceOf("zone", {}), "utc");
});

Deno.test("CHOICES are the names that boot.ts sets before the first paint", async () => {
  const boot = await Deno.readTextFile(new URL("./boot.ts", import.meta.url));
  const names = [.../for \(const name of \[([^\]]*)\]/.exec(boot)![1]!.matchAll(/"(\w+)"/g)].map(([, name]) =>
    name
  );
  assertEquals(names, Object.keys(CHOICES));
  for (const value of Object.values(CHOICES).flat()) {
    assertEquals(/^[a-z0-9-]{1,16}$/.test(value), true, value);
  }
});
