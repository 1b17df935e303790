/// <reference lib="deno.ns" />
// @ts-types="#types/std_assert.d.ts"
import { assertEquals } from "@std/assert";
import { changesBetween, linesOf } from "./state_lines.ts";

Deno.test("linesOf() names every setting of a state, and of a change only what it changes", () => {
  assertEquals(
    linesOf({
      running: false,
      paper_capital: 1_500,
      settings: { agents: { momentum: { enabled: true, share: 0.25, params: { fast: 3 } } } },
    }),
    [
      ["Agents decide", "off"],
      ["Paper capital", "1,500"],
      ["momentum: switched", "on"],
      ["momentum: share of equity", "25.0 %"],
      ["momentum: fast", "3"],
    ],
  );
  assertEquals(linesOf({ paper_assets: [] }), [["Instruments", "none"]]);
});

Deno.test("changesBetween() lists what differs, what is new and what is gone, and nothing else", () => {
  assertEquals(changesBetween([["a", "1"], ["b", "2"], ["c", "3"]], [["a", "1"], ["b", "5"], ["d", "4"]]), [
    ["b", "2", "5"],
    ["c", "3", "—"],
    ["d", "—", "4"],
  ]);
});
