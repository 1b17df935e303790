// @ts-types="#types/std_assert.d.ts"
import { assertEquals } from "@std/assert";
import { fieldOf } from "./decode/field.ts";
import { spell } from "./question.ts";

Deno.test("spell() is one request with fixed params and one decoder", async () => {
  const asked: unknown[] = [];
  const spelling = spell("live", "m", (field) => field.get("n").count(), { limit: 5 });
  const answer = await spelling.ask((method, params) => {
    asked.push([method, params]);
    return Promise.resolve(fieldOf(method, { n: 3 }));
  }, undefined);
  assertEquals([answer, asked], [3, [["m", { limit: 5 }]]]);
  assertEquals([spelling.dialect, spelling.methods], ["live", ["m"]]);
});
