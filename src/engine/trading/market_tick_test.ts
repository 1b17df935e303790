// @ts-types="#types/std_assert.d.ts"
import { assertEquals } from "@std/assert";
import {
  blocksUpTo,
  coreWith,
  gateNamed,
  governorWith,
  headerAt,
  marketAnswer,
  observed,
  receiptAt,
  T0,
} from "../../../tests/support/engine.ts";
import { chainTimeMs, learnedPosterior, marketTick } from "./market_tick.ts";

Deno.test("marketTick() takes the newest receipts, the volume of this block alone, and calls old prices stale", () => {
  const core = coreWith([
    observed("governor", governorWith([gateNamed("compute", "active")])),
    ...blocksUpTo(2),
  ]);
  core.apply({
    kind: "receipts",
    atMs: T0,
    receipts: [receiptAt(2, { amount: 25n, units: 10n })],
    through: 2,
  });
  assertEquals(marketTick(core.state, 2, 60_000).quotes, {
    COMPUTE: { price: 2.5, open: null, volume: 10, stale: false, gate: "open" },
  });
  const header = headerAt(3, { timestampMs: T0 + 200_000 });
  core.apply({ kind: "block", atMs: T0 + 200_000, header, catchUp: false });
  assertEquals(marketTick(core.state, 3, 60_000), {
    height: 3,
    timeMs: T0 + 200_000,
    quotes: { COMPUTE: { price: 2.5, open: null, volume: 0, stale: true, gate: "open" } },
  });
});

Deno.test("marketTick() lets the node's quote stand in, with an unknown volume, and leaves out what has none", () => {
  const core = coreWith([
    ...blocksUpTo(1),
    observed("energy", marketAnswer({ quote: { priceMicro: 7_500_000n, source: "price_per_kwh" } })),
  ]);
  assertEquals(marketTick(core.state, 1, 60_000).quotes, {
    ENERGY: { price: 7.5, open: null, volume: null, stale: false, gate: "unknown" },
  });
  core.state.nowMs += 60_001;
  assertEquals(marketTick(core.state, 1, 60_000).quotes.ENERGY?.stale, true);
  const disabled = coreWith([], { enabled: { compute: true, storage: true, energy: false, ad: true } });
  assertEquals(marketTick(disabled.state, 0, 60_000).quotes, {});
});

Deno.test("learnedPosterior() is nothing until the regimes predict better than their base rates", () => {
  const { state } = coreWith();
  const model = [0.7, 0.2, 0.1, 0.05];
  state.posterior.pending.set(9, { inputs: [], model, base: [0.3, 0.3, 0.4, 0.1] });
  assertEquals([learnedPosterior(state, 8), learnedPosterior(state, 9)], [null, null]);
  for (let i = 0; i < 30; i++) {
    const [some, none] = [[6, 0], [0, 0]];
    state.posterior.batches.push({
      n: 60,
      gain: some!,
      modelLoss: some!,
      baseLoss: some!,
      modelBrier: none!,
      baseBrier: none!,
    });
  }
  assertEquals(learnedPosterior(state, 9), { trend: 0.7, revert: 0.2, chop: 0.1, rug: 0.1 }); // Rug has not learned.
});

Deno.test("chainTimeMs() counts on from the tip by our clock", () => {
  const core = coreWith([
    { kind: "block", atMs: T0, header: headerAt(0, { timestampMs: 1000 }), catchUp: false },
  ]);
  assertEquals([chainTimeMs(core.state, T0 + 5), chainTimeMs(core.state, T0 - 5)], [1005, 1000]);
  assertEquals(chainTimeMs(coreWith().state, T0), T0);
});
