// @ts-types="#types/std_assert.d.ts"
import { assert, assertEquals } from "@std/assert";
import { Random } from "./random.ts";
import { absent, isKnown, type Known } from "./reason.ts";
import { scoreStrength, STRENGTH_FACTORS, type StrengthFactorId } from "./strength.ts";

type Values = Record<StrengthFactorId, Known<number>>;

const NONE = absent("NOT_OFFERED", "left out by the test");

/** Every factor unknown but the given ones. */
function values(given: Partial<Values>): Values {
  return { ...Object.fromEntries(STRENGTH_FACTORS.map(({ id }) => [id, NONE])) as Values, ...given };
}

const PERFECT: Values = {
  finality_lag: 5,
  block_interval: 1_000,
  reorgs: 0,
  peers: 20,
  rpc_p95: 100,
  healthy_markets: 1,
  usable_gates: 1,
  queue_depth: 100,
  queue_wait: 100,
};

/** The contract's table: factor, value, points computed by hand. */
const TABLE: readonly (readonly [StrengthFactorId, number, number])[] = [
  ["finality_lag", 0, 15],
  ["finality_lag", 5, 15],
  ["finality_lag", 14, 12], // (50 − 14) / 45 = 0.8
  ["finality_lag", 50, 0],
  ["finality_lag", 500, 0],
  ["block_interval", 900, 10],
  ["block_interval", 1_000, 10],
  ["block_interval", 1_250, 7.5],
  ["block_interval", 2_000, 0],
  ["reorgs", 0, 5],
  ["reorgs", 1.5, 2.5],
  ["reorgs", 3, 0],
  ["reorgs", 9, 0],
  ["peers", 24, 15],
  ["peers", 20, 15],
  ["peers", 8, 3], // (8 − 5) / 15 = 0.2
  ["peers", 5, 0],
  ["peers", 0, 0],
  ["rpc_p95", 20, 10],
  ["rpc_p95", 280, 8], // (1,000 − 280) / 900 = 0.8
  ["rpc_p95", 1_000, 0],
  ["healthy_markets", 1, 15],
  ["healthy_markets", 0.75, 11.25],
  ["healthy_markets", 0, 0],
  ["usable_gates", 1, 10],
  ["usable_gates", 0.5, 5],
  ["queue_depth", 100, 10],
  ["queue_depth", 300, 5],
  ["queue_depth", 500, 0],
  ["queue_wait", 50, 10],
  ["queue_wait", 200, 7.5],
  ["queue_wait", 900, 0],
];

Deno.test("scoreStrength() gives each factor the points of the contract's table", () => {
  for (const [id, value, points] of TABLE) {
    const factor = scoreStrength(values({ [id]: value })).factors.find((candidate) => candidate.id === id)!;
    assert(isKnown(factor.points), id);
    assertEquals(Math.round(factor.points * 1e9) / 1e9, points, `${id} = ${value}`);
    assertEquals(factor.value, value);
  }
});

Deno.test("STRENGTH_FACTORS reach 30 + 25 + 25 + 20 points", () => {
  const groups: Record<string, number> = {};
  for (const { group, max } of STRENGTH_FACTORS) groups[group] = (groups[group] ?? 0) + max;
  assertEquals(groups, { consensus: 30, network: 25, markets: 25, scheduler: 20 });
});

Deno.test("scoreStrength() is 100 with everything good and 0 with everything at its warning", () => {
  const best = scoreStrength(PERFECT);
  assertEquals([best.score, best.points, best.max], [100, 100, 100]);
  const worst = Object.fromEntries(STRENGTH_FACTORS.map(({ id, warn }) => [id, warn])) as Values;
  assertEquals([scoreStrength(worst).score, scoreStrength(worst).points], [0, 0]);
});

Deno.test("scoreStrength() rounds 100·Σpoints/Σmax over the known factors", () => {
  const { score, points, max } = scoreStrength(
    values({ finality_lag: 14, peers: 8, rpc_p95: 100, queue_depth: 100 }),
  );
  assertEquals([points, max, score], [12 + 3 + 10 + 10, 50, 70]);
});

Deno.test("scoreStrength() lets a missing factor leave both sums and keeps its reason", () => {
  const { score, max, factors } = scoreStrength({ ...PERFECT, finality_lag: NONE });
  assertEquals([score, max], [100, 85]);
  assertEquals(factors[0]?.points, NONE);
  assertEquals(factors[0]?.value, NONE);
  assertEquals(factors.length, 9);
});

Deno.test("scoreStrength() gives no score below 40 reachable points, and one at 40", () => {
  const below = scoreStrength(values({ finality_lag: 0, block_interval: 0, rpc_p95: 0 }));
  assertEquals([below.max, below.score], [35, null]);
  const at = scoreStrength(values({ finality_lag: 0, peers: 20, rpc_p95: 0 }));
  assertEquals([at.max, at.score], [40, 100]);
  assertEquals(scoreStrength(values({})).score, null);
});

Deno.test("scoreStrength() is an integer within 0..100, and no factor leaves its range (property)", () => {
  for (let seed = 0; seed < 500; seed++) {
    const random = new Random("strength", seed);
    const any = (): Known<number> =>
      random.chance(0.2) ? NONE : random.pick([1, 100, 10_000]) * random.normal();
    const { score, max, points, factors } = scoreStrength(
      Object.fromEntries(STRENGTH_FACTORS.map(({ id }) => [id, any()])) as Values,
    );
    assertEquals(score === null, max < 40, `seed ${seed}`);
    assert(
      score === null || (Number.isInteger(score) && score >= 0 && score <= 100),
      `seed ${seed}: ${score}`,
    );
    assert(points >= 0 && points <= max + 1e-9, `seed ${seed}`);
    for (const factor of factors) {
      const own = factor.points;
      assert(!isKnown(own) || (own >= 0 && own <= factor.max), `seed ${seed}, ${factor.id}: ${own}`);
    }
  }
});
