// @ts-types="#types/std_assert.d.ts"
import { assert } from "@std/assert";
// @ts-types="#types/std_path.d.ts"
import { join } from "@std/path";
import { quantile } from "../../src/engine/statistics.ts";
import { systemClock } from "../../src/runtime/clock.ts";
import type { PageRequest, ReceiptFilter } from "../../src/runtime/ports/store.ts";
import { SqliteStore } from "../../src/store/store.ts";
import { fillReceipts, filtersFor, walkEveryFilter } from "../support/paging.ts";
import { inFolder } from "../support/store.ts";

const ROWS = Number(Deno.env.get("BB_ROWS") ?? 100_000);
const SEED = Number(Deno.env.get("BB_FIRST_SEED") ?? 1);
const LIMIT = 500;
const ROUNDS = 200;
const RATIO_MAX = 3;
/** Below this both figures are noise. */
const P99_MS_FLOOR = 2;

function p99(store: SqliteStore, filter: ReceiptFilter, page: PageRequest): number {
  const ms: number[] = [];
  for (let round = 0; round < ROUNDS; round++) {
    const beganMs = systemClock.monotonicMs();
    store.receipts(filter, page);
    ms.push(systemClock.monotonicMs() - beganMs);
  }
  return quantile(ms, 0.99)!;
}

Deno.test({
  name:
    `SqliteStore.receipts() walks ${ROWS} receipts exactly once for every filter, deep pages as fast as the first`,
  ignore: Deno.env.get("BB_SOAK") !== "1",
  fn: async () => {
    await inFolder((folder) => {
      const store = new SqliteStore(join(folder, "x.db"));
      const made = fillReceipts(store, ROWS, SEED);
      const pages = walkEveryFilter(store, made, LIMIT);
      let worst = 0;
      for (const filter of filtersFor(ROWS)) {
        const first = p99(store, filter, { limit: LIMIT });
        let cursor: string | undefined;
        for (;;) {
          const { nextCursor } = store.receipts(filter, { limit: LIMIT, cursor });
          if (nextCursor === null) break;
          cursor = nextCursor;
        }
        const deep = p99(store, filter, { limit: LIMIT, cursor });
        const ratio = Math.max(P99_MS_FLOOR, deep) / Math.max(P99_MS_FLOOR, first);
        worst = Math.max(worst, ratio);
        // deno-lint-ignore no-console -- the figures are what this is run for
        console.log(
          `  ${JSON.stringify(filter)}: p99 ${first.toFixed(1)} ms first, ${deep.toFixed(1)} ms deep`,
        );
      }
      // deno-lint-ignore no-console -- the figures are what this is run for
      console.log(`  ${pages} pages; the worst ratio of a deep page to the first is ${worst.toFixed(2)}`);
      assert(worst <= RATIO_MAX, `a deep page takes ${worst} times as long`);
      store.close();
    });
  },
});
