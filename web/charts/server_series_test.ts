/// <reference lib="deno.ns" />
// @ts-types="#types/std_assert.d.ts"
import { assertEquals } from "@std/assert";
import type { App } from "../context.ts";
import { earlier, joined, sourceOf, stepFor } from "./server_series.ts";

Deno.test("stepFor() takes the finest step that is kept so long and fits into an answer", () => {
  assertEquals([stepFor(900, 4), stepFor(3_600, 1), stepFor(3_600, 4)], [1, 60, 60]);
  assertEquals([stepFor(86_400, 4), stepFor(604_800, 4), stepFor(2_592_000, 1)], [60, 900, 900]);
});

Deno.test("joined() puts what came before in front, each moment once, with a gap where there is one", () => {
  const stretch = (times: number[], values: number[]) => ({
    times: Float64Array.from(times),
    values: [Float64Array.from(values)],
  });
  const seen = stretch([5_000, 6_000], [50, 60]);
  const list = ({ times, values }: typeof seen) => [[...times], [...values[0]!]];
  const both = (before: typeof seen) => list(joined(before, seen, 2_000) as typeof seen);
  assertEquals(both(stretch([3_000, 4_000], [3, 4])), [[3_000, 4_000, 5_000, 6_000], [3, 4, 50, 60]]);
  assertEquals(both(stretch([4_000, 5_000, 7_000], [4, 5, 7])), [[4_000, 5_000, 6_000], [4, 50, 60]]);
  assertEquals(both(stretch([1_000], [1])), [[1_000, 2_000, 5_000, 6_000], [1, NaN, 50, 60]]);
  assertEquals(both(stretch([], [])), list(seen));
  assertEquals(both(stretch([9_000], [9])), list(seen));
});

Deno.test("earlier() asks for the time before the page, unless the chain has a time of its own", async () => {
  const asked: string[] = [];
  const appAt = (clockMs: number) =>
    ({
      api: {
        get(path: string) {
          asked.push(path);
          return Promise.resolve({ step: 1, t: [998, 999, 1_000], v: [[8, 80], [9, null], [10, 100]] });
        },
      },
      store: { get: () => ({ block_time: 1_000 }), nowMs: () => clockMs },
    }) as unknown as App;
  const seen = { times: Float64Array.of(1_000_500), values: [Float64Array.of(11), Float64Array.of(110)] };
  const near = (await earlier(appAt(1_002_000), ["tps", "a b"], 300_000))(seen);
  assertEquals(asked, ["/theblock/history?metric=tps,a%20b&from=700&to=1000&step=1"]);
  assertEquals([...near.times], [998_000, 999_000, 1_000_000, 1_000_500]);
  assertEquals(near.values.map((column) => [...column]), [[8, 9, 10, 11], [80, NaN, 100, 110]]);
  const far = (await earlier(appAt(9_000_000), ["tps"], 300_000))(seen);
  assertEquals([asked.length, far], [1, seen]);
});

Deno.test("sourceOf() joins over a second without a block, and keeps a longer silence as a gap", () => {
  const answer = {
    step: 1,
    t: [10, 11, 12, 13, 14, 15, 16, 17, 18, 19, 20],
    v: [[1], [null], [3], [null], [null], [null], [null], [null], [null], [4], [5]],
  };
  const { times, values } = sourceOf(answer, 1, 10_000);
  assertEquals([...times], [10_000, 12_000, 13_000, 19_000, 20_000]);
  assertEquals([...values[0]!], [1, 3, NaN, 4, 5]);
});

Deno.test("sourceOf() starts where the chain does, when that is younger than the range", () => {
  const answer = { step: 60, t: [0, 60, 120, 180, 240], v: [[null], [null], [7], [8], [9]] };
  assertEquals(sourceOf(answer, 1, 240_000).domain, [120_000, 240_000]);
  assertEquals(sourceOf({ step: 1, t: [], v: [] }, 1, 60_000).times.length, 0);
});
