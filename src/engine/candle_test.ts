// @ts-types="#types/std_assert.d.ts"
import { assertEquals } from "@std/assert";
import {
  addPoint,
  type Candle,
  CANDLE_STEPS,
  type CandlePoint,
  type CandleState,
  type CandleStep,
  emptyCandles,
  revertPoints,
} from "./candle.ts";
import { HEADER_WINDOW } from "./chain.ts";
import { Random } from "./random.ts";

/** A Monday, and a multiple of 900 s. */
const T0_S = 1_767_225_600;

function point(
  height: number,
  second: number,
  priceMicro: bigint,
  given: Partial<CandlePoint> = {},
): CandlePoint {
  return {
    height,
    timeMs: 1_000 * (T0_S + second),
    priceMicro,
    amount: 10n,
    units: 2n,
    count: 1,
    source: "receipts",
    ...given,
  };
}

Deno.test("addPoint() begins a candle of every width at a multiple of the width", () => {
  const changes = addPoint(emptyCandles(), point(1, 61, 5n));
  assertEquals(changes.map(({ step, candle }) => [step, candle.t - T0_S]), [[1, 61], [60, 60], [900, 0]]);
  for (const { candle } of changes) {
    assertEquals([candle.open, candle.high, candle.low, candle.close], [5n, 5n, 5n, 5n]);
    assertEquals([candle.amount, candle.units, candle.count, candle.source], [10n, 2n, 1, "receipts"]);
  }
});

Deno.test("addPoint() lets a candle grow: first open, highest, lowest, last close, sums", () => {
  const state = emptyCandles();
  for (const [i, price] of [5n, 9n, 3n, 4n].entries()) addPoint(state, point(i, i, price));
  const [, minute] = state.open;
  assertEquals([minute!.open, minute!.high, minute!.low, minute!.close], [5n, 9n, 3n, 4n]);
  assertEquals([minute!.amount, minute!.units, minute!.count], [40n, 8n, 4]);
});

Deno.test("addPoint() keeps a quote apart from receipts by its source", () => {
  const state = emptyCandles();
  addPoint(state, point(1, 0, 5n, { amount: 0n, units: 0n, count: 0, source: "price_per_kwh" }));
  assertEquals(state.open[1]!.source, "price_per_kwh");
  addPoint(state, point(2, 1, 6n));
  assertEquals([state.open[1]!.source, state.open[1]!.open], ["receipts", 5n]);
});

Deno.test("addPoint() leaves a point out of candles that have already ended", () => {
  const state = emptyCandles();
  addPoint(state, point(1, 65, 5n));
  const changes = addPoint(state, point(2, 30, 9n));
  assertEquals(changes.map(({ step }) => step), [900]);
  assertEquals(state.open.map((candle) => candle!.t - T0_S), [65, 60, 0]);
});

Deno.test("revertPoints() gives the candles back as they were, and null for what had not begun", () => {
  const state = emptyCandles();
  addPoint(state, point(1, 0, 5n));
  const before = structuredClone(state.open);
  addPoint(state, point(2, 70, 9n));
  addPoint(state, point(3, 71, 1n));
  const back = revertPoints(state, 1);
  assertEquals(
    back.map(({ step, candle }) => [step, candle]),
    CANDLE_STEPS.map((step, i) => [step, before[i]!]),
  );
  assertEquals(revertPoints(state, 1), [], "nothing is left to take back");
  assertEquals(revertPoints(state, 0).map(({ candle }) => candle), [null, null, null]);
});

Deno.test("addPoint() remembers as many heights as a reorganisation can reach, and no more", () => {
  const state = emptyCandles();
  for (let height = 0; height < 2 * HEADER_WINDOW; height++) addPoint(state, point(height, height, 1n));
  assertEquals(state.undo.length, HEADER_WINDOW);
});

/** What the table would hold after the changes. */
class Table {
  readonly rows = new Map<string, Candle>();

  put(step: CandleStep, candle: Candle): void {
    this.rows.set(`${step}:${candle.t}`, candle);
  }

  after(step: CandleStep, candle: Candle | null): void {
    for (const [key, { t }] of this.rows) {
      if (key.startsWith(`${step}:`) && t > (candle?.t ?? -1)) this.rows.delete(key);
    }
    if (candle) this.put(step, candle);
  }
}

Deno.test("addPoint() and revertPoints() end like a run that never saw the replaced points (property)", () => {
  for (let seed = 1; seed <= 60; seed++) {
    const random = new Random("candles", seed);
    const mixed = { state: emptyCandles(), table: new Table() };
    const draw = ({ state, table }: { state: CandleState; table: Table }, drawn: CandlePoint) => {
      for (const { step, candle } of addPoint(state, drawn)) table.put(step, candle);
    };
    let canonical: CandlePoint[] = [];
    for (let round = 0; round < 120; round++) {
      if (random.chance(0.15) && canonical.length > 0) {
        const toHeight = Math.max(-1, canonical.length - 1 - random.integer(1, 12));
        canonical = canonical.filter(({ height }) => height <= toHeight);
        for (const { step, candle } of revertPoints(mixed.state, toHeight)) mixed.table.after(step, candle);
        continue;
      }
      const last = canonical.at(-1);
      const second = (last ? last.timeMs / 1_000 - T0_S : 0) + random.integer(0, 40);
      const next = point(canonical.length, second, BigInt(random.integer(1, 1_000)));
      canonical.push(next);
      draw(mixed, next);
    }
    const straight = { state: emptyCandles(), table: new Table() };
    for (const drawn of canonical) draw(straight, drawn);
    assertEquals(mixed.state.open, straight.state.open, `seed ${seed}`);
    assertEquals([...mixed.table.rows].sort(), [...straight.table.rows].sort(), `seed ${seed}`);
  }
});
