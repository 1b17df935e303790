// @ts-types="#types/std_assert.d.ts"
import { assertEquals } from "@std/assert";
import { Random } from "../engine/random.ts";
import type { CoreState } from "../engine/state.ts";
import type { EquityRow, Queries } from "./ports/store.ts";
import { FigureCache } from "./trading_figures.ts";

const DAY_MS = 86_400_000;
const T0 = 20_000 * DAY_MS;

/** A store that holds rows of equity and counts how many were read. */
function queriesOf(rows: EquityRow[]): { readonly queries: Queries; read: number } {
  const kept = {
    read: 0,
    queries: {
      equity: (epoch: number, fromMs: number, toMs: number) => {
        const found = rows.filter((row) =>
          row.epoch === epoch && row.t * 1000 >= fromMs && row.t * 1000 <= toMs
        );
        kept.read += found.length;
        return found;
      },
      candles: () => [],
    } as unknown as Queries,
  };
  return kept;
}

function row(t: number, equity: number, epoch = 1): EquityRow {
  return { epoch, t, equity, low: equity, high: equity, cash: equity, realized: 0 };
}

function stateAt(nowMs: number, epoch = 1, epochMs = T0): CoreState {
  return { desk: { epoch, epochMs, nowMs, account: { capital: 1_000 } } } as unknown as CoreState;
}

Deno.test("FigureCache reads what is new, and says the same as one that reads everything", () => {
  const random = new Random("figures", 1);
  const rows: EquityRow[] = [];
  const kept = queriesOf(rows);
  const cache = new FigureCache();
  let equity = 1_000;
  for (let hour = 0; hour < 24 * 20; hour++) {
    const nowMs = T0 + hour * 3_600_000;
    rows.push(row(nowMs / 1000, equity += random.integer(-5, 5)));
    const before = kept.read;
    const found = cache.of(stateAt(nowMs), kept.queries);
    assertEquals(kept.read - before <= 2, true);
    assertEquals(found, new FigureCache().of(stateAt(nowMs), queriesOf(rows).queries));
  }
});

Deno.test("FigureCache compares a young account with its capital, an older one with the equity of a day ago", () => {
  const rows = [row(T0 / 1000, 990), row((T0 + DAY_MS) / 1000, 980), row((T0 + 2 * DAY_MS) / 1000, 970)];
  const { queries } = queriesOf(rows);
  const dayAgo = (nowMs: number, epoch = 1) =>
    new FigureCache().of(stateAt(nowMs, epoch), queries).equityDayAgo;
  assertEquals(dayAgo(T0 + 1), 1_000);
  assertEquals(dayAgo(T0 + 2 * DAY_MS), 980);
  assertEquals(dayAgo(T0 + 2 * DAY_MS, 2), null, "nothing is kept of it");
});

Deno.test("FigureCache begins anew with another account", () => {
  const rows = [row(T0 / 1000, 990), row(T0 / 1000, 500, 2)];
  const { queries } = queriesOf(rows);
  const cache = new FigureCache();
  cache.of(stateAt(T0), queries);
  const found = cache.of(stateAt(T0, 2), queries);
  assertEquals(found, new FigureCache().of(stateAt(T0, 2), queries));
});
