// @ts-types="#types/std_assert.d.ts"
import { assert, assertEquals } from "@std/assert";
import { FORK_WINDOW, forkOf, openForkAt } from "./reorg.ts";

Deno.test("forkOf() keeps forks apart, 1..6 or 12 deep, about one per 40 blocks", () => {
  const depths = new Map<number, number>();
  let previousEnd = -1;
  for (let window = 0; window < 2_000; window++) {
    const fork = forkOf(99, window * FORK_WINDOW);
    assert(fork.height > previousEnd, `window ${window} overlaps the one before`);
    previousEnd = fork.height + fork.depth + 1;
    assert(previousEnd < (window + 1) * FORK_WINDOW, `window ${window} does not resolve inside itself`);
    depths.set(fork.depth, (depths.get(fork.depth) ?? 0) + 1);
  }
  assertEquals([...depths.keys()].sort((a, b) => a - b), [1, 2, 3, 4, 5, 6, 12]);
  assert(depths.get(12)! < 200, "deep forks are rare");
});

Deno.test("openForkAt() is open exactly while the tip stands on an orphan", () => {
  const fork = forkOf(5, 400);
  for (let tip = 400; tip < 440; tip++) {
    const open = tip > fork.height && tip <= fork.height + fork.depth;
    assertEquals(openForkAt(5, tip), open ? fork : undefined, `tip ${tip}`);
  }
  assertEquals(openForkAt(5, -1), undefined);
});
