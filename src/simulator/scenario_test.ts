// @ts-types="#types/std_assert.d.ts"
import { assert, assertEquals } from "@std/assert";
import { isInside, isScenarioName, lastEdge, SCENARIO_NAMES, scenarioOf } from "./scenario.ts";

Deno.test("isScenarioName() accepts the six names and nothing inherited", () => {
  assertEquals(SCENARIO_NAMES, ["calm", "stress", "outage", "fee-spike", "throttled-ads", "reorgs"]);
  assert(SCENARIO_NAMES.every(isScenarioName));
  assertEquals(["Calm", "", "toString", "constructor"].filter(isScenarioName), []);
});

Deno.test("scenarioOf() keeps every finality lag within 2..8 blocks", () => {
  for (const name of SCENARIO_NAMES) {
    const { finalityLag } = scenarioOf(name);
    assert(finalityLag >= 2 && finalityLag <= 8, `${name}: ${finalityLag}`);
  }
});

Deno.test("isInside() and lastEdge() follow a recurring window", () => {
  const window = { period: 240, from: 120, to: 180 };
  assertEquals([119, 120, 179, 180, 360].map((height) => isInside(window, height)), [
    false,
    true,
    true,
    false,
    true,
  ]);
  assertEquals([0, 119, 120, 179, 180, 359, 360, 425].map((height) => lastEdge(window, height)), [
    0,
    0,
    120,
    120,
    180,
    180,
    360,
    420,
  ]);
  assertEquals(isInside(undefined, 130), false);
});
