// @ts-types="#types/std_assert.d.ts"
import { assertEquals, assertStringIncludes, assertThrows } from "@std/assert";
import { codeOf, headerAt } from "../../tests/support/engine.ts";
import {
  appendBlock,
  blockAt,
  blockIntervals,
  blockTimes,
  type ChainState,
  emptyChain,
  HEADER_WINDOW,
  headerTps,
  recentReorgs,
  revertTo,
  stallAfterMs,
  tipOf,
} from "./chain.ts";
import type { Header } from "./event.ts";
import { isKnown } from "./reason.ts";

interface Arrival {
  readonly atMs: number;
  readonly header?: Partial<Header>;
  readonly catchUp?: boolean;
}

/** A chain of blocks from height 0 on. */
function chainOf(arrivals: readonly Arrival[]): ChainState {
  const chain = emptyChain();
  arrivals.forEach(({ atMs, header, catchUp }, height) => {
    appendBlock(chain, headerAt(height, header), atMs, catchUp ?? false);
  });
  return chain;
}

Deno.test("appendBlock() extends the tip and takes the header's time for the event time", () => {
  const chain = emptyChain();
  assertEquals([tipOf(chain), chain.empty, chain.lastAdvanceMs], [undefined, null, null]);
  appendBlock(chain, headerAt(7, { timestampMs: 111 }), 500, false);
  appendBlock(chain, headerAt(8), 600, true);
  assertEquals(chain.blocks.map(({ timeMs }) => timeMs), [111, 600]);
  assertEquals([tipOf(chain)?.height, chain.empty, chain.lastAdvanceMs], [8, false, 600]);
});

Deno.test("appendBlock() refuses a height that does not follow, and changes nothing then", () => {
  const chain = chainOf([{ atMs: 0 }]);
  for (const height of [0, 2, -1]) {
    assertThrows(() => appendBlock(chain, headerAt(height), 1, false), RangeError, "the tip is 0");
  }
  assertEquals([chain.blocks.length, chain.lastAdvanceMs], [1, 0]);
});

Deno.test("appendBlock() keeps a window of headers, and blockAt() finds exactly those", () => {
  const chain = chainOf(Array.from({ length: HEADER_WINDOW + 3 }, (_, i) => ({ atMs: i })));
  assertEquals(chain.blocks.length, HEADER_WINDOW);
  assertEquals([blockAt(chain, 2), blockAt(chain, 3)?.height], [undefined, 3]);
  assertEquals(blockAt(chain, HEADER_WINDOW + 2)?.hash, `h${HEADER_WINDOW + 2}`);
  assertEquals([blockAt(chain, HEADER_WINDOW + 3), blockAt(emptyChain(), 0)], [undefined, undefined]);
});

Deno.test("revertTo() drops what is above and remembers the depth", () => {
  const chain = chainOf([{ atMs: 0 }, { atMs: 1 }, { atMs: 2 }, { atMs: 3 }]);
  assertEquals(revertTo(chain, 1, 9).map(({ height }) => height), [2, 3]);
  assertEquals(chain.reorgs, [{ toHeight: 1, depth: 2, atMs: 9 }]);
  assertEquals([tipOf(chain)?.height, chain.reorgCount], [1, 1]);
});

Deno.test("revertTo() is no reorganisation where nothing is dropped", () => {
  const chain = chainOf([{ atMs: 0 }, { atMs: 1 }]);
  assertEquals([revertTo(chain, 1, 9).length, revertTo(chain, 5, 9).length], [0, 0]);
  assertEquals([chain.reorgCount, revertTo(emptyChain(), 0, 9).length], [0, 0]);
});

Deno.test("revertTo() below the window leaves a chain that starts anew at any height", () => {
  const chain = emptyChain();
  appendBlock(chain, headerAt(50), 0, false);
  assertEquals(revertTo(chain, 10, 1).length, 1);
  appendBlock(chain, headerAt(11), 2, false);
  assertEquals(tipOf(chain)?.height, 11);
});

Deno.test("recentReorgs() counts those whose first replaced block is among the last heights", () => {
  const chain = chainOf(Array.from({ length: 300 }, (_, i) => ({ atMs: i })));
  chain.reorgs = [{ toHeight: 199, depth: 1, atMs: 0 }, { toHeight: 200, depth: 2, atMs: 0 }];
  assertEquals(recentReorgs(chain, 100), 1);
  assertEquals(recentReorgs(chain, 101), 2);
  assertEquals(recentReorgs(emptyChain(), 100), 0);
});

Deno.test("blockIntervals() takes header timestamps where there are any, whatever the arrival", () => {
  const chain = chainOf([1_000, 2_500, 3_000].map((timestampMs) => ({ atMs: 9, header: { timestampMs } })));
  assertEquals(blockIntervals(chain), [1_500, 500]);
});

Deno.test("blockIntervals() shares the time since the poll before among blocks that arrived together", () => {
  const chain = chainOf([0, 1_000, 3_000, 3_000, 4_000].map((atMs) => ({ atMs })));
  assertEquals(blockIntervals(chain), [1_000, 1_000, 1_000, 1_000]);
});

Deno.test("blockIntervals() leaves catch-up blocks out, on both sides of the interval", () => {
  const chain = chainOf([
    { atMs: 0, catchUp: true },
    { atMs: 0, catchUp: true },
    { atMs: 700 },
    { atMs: 1_900 },
    { atMs: 9_000, catchUp: true },
    { atMs: 9_500 },
    { atMs: 9_900 },
  ]);
  assertEquals(blockIntervals(chain), [1_200, 400]);
  const stamped = chainOf([
    { atMs: 0, header: { timestampMs: 0 }, catchUp: true },
    { atMs: 0, header: { timestampMs: 10 } },
    { atMs: 0, header: { timestampMs: 35 } },
  ]);
  assertEquals(blockIntervals(stamped), [25]);
});

Deno.test("blockIntervals() looks at the last 120 intervals, and not into the middle of a group", () => {
  // Blocks 1 and 2 arrive together, then 3 and 4, and so on, every two seconds.
  const chain = chainOf(Array.from({ length: 201 }, (_, i) => ({ atMs: 2_000 * Math.floor((i + 1) / 2) })));
  assertEquals(blockIntervals(chain), new Array(120).fill(1_000)); // From block 80, the second of its pair.
  revertTo(chain, 199, 0);
  // From block 79, the first of its pair, to block 199, whose twin is gone.
  assertEquals(blockIntervals(chain), [...new Array(118).fill(1_000), 2_000]);
});

Deno.test("blockTimes() gives mean, median, 95 % quantile, and how they were measured", () => {
  const stamped = chainOf(
    [0, 1_000, 2_000, 5_000].map((timestampMs) => ({ atMs: 0, header: { timestampMs } })),
  );
  const times = blockTimes(stamped);
  assertEquals(isKnown(times) && { ...times, meanMs: Math.round(times.meanMs) }, {
    meanMs: 1_667,
    p50Ms: 1_000,
    p95Ms: 2_800,
    samples: 3,
    method: "header timestamps of the last 4 blocks",
  });
  const polled = blockTimes(chainOf([{ atMs: 0 }, { atMs: 800 }]));
  assertStringIncludes(isKnown(polled) ? polled.method : "", "as polled");
});

Deno.test("blockTimes() is unknown until two live blocks have arrived one after the other", () => {
  for (
    const chain of [emptyChain(), chainOf([{ atMs: 0 }]), chainOf([{ atMs: 0, catchUp: true }, { atMs: 5 }])]
  ) {
    assertEquals(codeOf(blockTimes(chain)), "WARMING_UP");
  }
});

Deno.test("headerTps() divides counted transactions by event time between live blocks", () => {
  const chain = chainOf([
    { atMs: 0, header: { timestampMs: 0, txCount: 999 } },
    { atMs: 0, header: { timestampMs: 1_000, txCount: 30 } },
    { atMs: 0, header: { timestampMs: 4_000, txCount: 10 } },
  ]);
  assertEquals(headerTps(chain), { tps: 10, method: "transactions in the headers of the last 2 blocks" });
});

Deno.test("headerTps() says NOT_OFFERED where headers do not count, WARMING_UP where no time passed", () => {
  assertEquals(codeOf(headerTps(chainOf([{ atMs: 0 }, { atMs: 1 }]))), "NOT_OFFERED");
  assertEquals(codeOf(headerTps(chainOf([{ atMs: 0, header: { txCount: 1 } }]))), "WARMING_UP");
  assertEquals(
    codeOf(
      headerTps(chainOf([5, 5].map((timestampMs) => ({ atMs: 0, header: { timestampMs, txCount: 1 } })))),
    ),
    "WARMING_UP",
  );
});

Deno.test("stallAfterMs() is ten median intervals, and at least 30 s", () => {
  assertEquals(stallAfterMs(emptyChain()), 30_000);
  assertEquals(stallAfterMs(chainOf([{ atMs: 0 }, { atMs: 1_000 }])), 30_000);
  assertEquals(stallAfterMs(chainOf([{ atMs: 0 }, { atMs: 12_000 }, { atMs: 24_000 }])), 120_000);
});
