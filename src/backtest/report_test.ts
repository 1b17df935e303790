// @ts-types="#types/std_assert.d.ts"
import { assert, assertEquals } from "@std/assert";
import { gunzipSync } from "node:zlib";
import { requestOver, runOver, seriesOf, walkOf } from "../../tests/support/backtests.ts";
import { decode, encode } from "../engine/codec.ts";
import { isKnown } from "../engine/reason.ts";
import { curvePoints, EQUITY_POINTS_MAX, hashOf, partsOf, resultOf } from "./report.ts";
import { rulesOf } from "./rules.ts";

/** What a report is made of, over prices. */
function inputOver(prices: readonly number[]) {
  const { state, trades } = runOver(prices);
  return { series: seriesOf(prices), state, trades, rules: rulesOf(requestOver(prices)), capital: 1_000 };
}

Deno.test("resultOf() says why a figure is not known, and survives the way out of the worker", () => {
  const result = resultOf(inputOver([10, 9, 8]));
  assertEquals([result.trades, isKnown(result.win_rate), isKnown(result.sharpe)], [0, false, false]);
  assertEquals(isKnown(result.limit_breach), false);
  assertEquals(encode(decode(encode(result))), encode(result));
  const { samples, few_samples: few } = result.metrics as Record<string, unknown>;
  assertEquals([samples, few], [0, true]);
});

Deno.test("resultOf() counts days, and gives ratios with their intervals over enough of them", () => {
  const result = resultOf(inputOver(walkOf(1_440 * 40, 3)));
  const metrics = result.metrics as Record<string, number>;
  assertEquals([metrics.interval_ms, metrics.periods_per_year, metrics.samples], [86_400_000, 365, 39]);
  assert(metrics.sharpe_low_95! < metrics.sharpe! && metrics.sharpe! < metrics.sharpe_high_95!);
  const trades = metrics.trades as unknown as Record<string, number>;
  assertEquals(trades.n, result.trades);
  assert(trades.win_rate_low_95! < trades.win_rate! && trades.win_rate! < trades.win_rate_high_95!);
});

Deno.test("hashOf() changes with every number of every trade, and with their order", () => {
  const { trades } = inputOver(walkOf(4_000, 4));
  assert(trades.length > 512, "more than one batch");
  const hash = hashOf(trades);
  assertEquals(hashOf([...trades]), hash);
  const hashes = new Set([hash, hashOf([]), hashOf(trades.slice(1)), hashOf(trades.toReversed())]);
  for (const change of ["openedMs", "closedMs", "qtyMicro", "entryPrice", "exitPrice", "profit"] as const) {
    hashes.add(
      hashOf(
        trades.map((
          trade,
          i,
        ) => (i === 600 ? { ...trade, [change]: trade[change] + 1e-9 * trade[change] + 1e-9 } : trade)),
      ),
    );
  }
  hashes.add(hashOf(trades.map((trade, i) => (i === 600 ? { ...trade, agent: "other" } : trade))));
  assertEquals(hashes.size, 11);
});

Deno.test("partsOf() numbers trades from 1, with what is open last, and cuts lists into parts that join", () => {
  const input = inputOver([...walkOf(3_000, 5), 200, 201]);
  assertEquals(input.state.account.positions.length, 1);
  const rows = new Map<string, unknown[]>();
  for (const { list, first, count, body } of partsOf(input)) {
    const part = JSON.parse(gunzipSync(body).toString()) as unknown[];
    assertEquals([part.length, first], [count, rows.get(list)?.length ?? 0]);
    rows.set(list, [...rows.get(list) ?? [], ...part]);
  }
  const trades = rows.get("trades") as { id: number; closed: number | null; pnl: number }[];
  assertEquals(trades.map(({ id }) => id), trades.map((_, i) => i + 1));
  assertEquals([trades.length, trades.at(-1)!.closed], [input.trades.length + 1, null]);
  const total = trades.reduce((sum, { pnl }) => sum + pnl, 0);
  assert(
    Math.abs(total - (input.state.account.equity - 1_000)) < 1e-6,
    "trades and open positions explain the profit",
  );
  assertEquals(rows.get("equity")!.length, 3_003);
});

Deno.test("curvePoints() thins a curve out and keeps its first and last point", () => {
  const input = inputOver(walkOf(25_000, 6));
  const points = curvePoints(input.series, input.state, EQUITY_POINTS_MAX);
  assert(points.length <= EQUITY_POINTS_MAX + 1 && points.length > EQUITY_POINTS_MAX / 2);
  assertEquals(points[0]![1], 1_000);
  assertEquals(points.at(-1), [input.series.timesMs.at(-1)! / 1_000, input.state.account.equity]);
  const few = curvePoints(inputOver([10, 11, 12]).series, inputOver([10, 11, 12]).state, 1_000);
  assertEquals(few.length, 4);
});
