// @ts-types="#types/std_assert.d.ts"
import { assert, assertEquals } from "@std/assert";
import { receiptAt } from "../../tests/support/engine.ts";
import {
  type ActivityState,
  addPrice,
  addReceipt,
  emptyActivity,
  lastHeightOf,
  lastPrice,
  moveWindows,
  revertReceipts,
} from "./activity.ts";
import { floorDiv } from "./amount.ts";
import { HEADER_WINDOW } from "./chain.ts";
import { marketOf } from "./market.ts";
import { Random } from "./random.ts";
import { type Receipt, subsidyTotal } from "./receipt.ts";

const DAY_MS = 86_400_000;
const COMPUTE = marketOf("compute");

/** What a state shows, in a form that can be compared; prices above a height. */
function shown(state: ActivityState, pricesAbove: number) {
  const { window, day, total, providers } = state;
  return {
    window,
    day,
    total,
    providers: Object.fromEntries([...providers].sort(([a], [b]) => (a < b ? -1 : 1))),
    last: lastPrice(state) ?? null,
    prices: state.prices.filter(({ height }) => height > pricesAbove),
  };
}

interface Counted {
  readonly receipt: Receipt;
  readonly timeMs: number;
}

/** The same, computed from nothing but the receipts that are still true. */
function fromScratch(counted: readonly Counted[], blockTimesMs: readonly number[], pricesAbove: number) {
  const tipHeight = blockTimesMs.length - 1;
  const tipTimeMs = blockTimesMs[tipHeight]!;
  const window = { count: 0, amount: 0n, units: 0n, verified: 0, unverified: 0, disputed: 0 };
  const day = { count: 0, amount: 0n, units: 0n };
  const total = { count: 0, amount: 0n, units: 0n, subsidies: 0n, disputed: 0 };
  const providers = new Map<string, { count: number; amount: bigint; units: bigint; disputed: number }>();
  const blocks = new Map<number, { amount: bigint; units: bigint }>();
  const add = (sums: { count: number; amount: bigint; units: bigint }, { amount, units }: Receipt) => {
    sums.count++;
    sums.amount += amount;
    sums.units += units;
  };
  for (const { receipt, timeMs } of counted) {
    const disputed = receipt.disputes.length > 0 ? 1 : 0;
    add(total, receipt);
    total.subsidies += subsidyTotal(receipt);
    total.disputed += disputed;
    if (Math.floor(timeMs / 60_000) > Math.floor(tipTimeMs / 60_000) - 1_440) add(day, receipt);
    const block = blocks.get(receipt.height) ?? { amount: 0n, units: 0n };
    block.amount += receipt.amount;
    block.units += receipt.units;
    blocks.set(receipt.height, block);
    if (receipt.height <= tipHeight - 100) continue;
    add(window, receipt);
    window.disputed += disputed;
    if (receipt.verified === true) window.verified++;
    if (receipt.verified === false) window.unverified++;
    if (receipt.provider === null) continue;
    const provider = providers.get(receipt.provider) ?? { count: 0, amount: 0n, units: 0n, disputed: 0 };
    add(provider, receipt);
    provider.disputed += disputed;
    providers.set(receipt.provider, provider);
  }
  const prices = [...blocks].filter(([, { units }]) => units > 0n).sort(([a], [b]) => a - b)
    .map(([height, { amount, units }]) => ({
      height,
      timeMs: blockTimesMs[height]!,
      priceMicro: floorDiv(1_000_000n * amount, units),
      amount,
      units,
    }));
  return {
    window,
    day,
    total,
    providers: Object.fromEntries([...providers].sort(([a], [b]) => (a < b ? -1 : 1))),
    last: prices[prices.length - 1] ?? null,
    prices: prices.filter(({ height }) => height > pricesAbove),
  };
}

/** A chain that is followed block by block, with its activity and the receipts that are still true. */
class Followed {
  readonly activity = emptyActivity();
  counted: Counted[] = [];
  blocks: { height: number; timeMs: number }[] = [];
  late: Receipt[] = [];
  /** Highest block that prices need not be kept of any more. */
  pricesAbove = -1;
  #reachHeight = 0;
  #serial = 0;
  readonly #random: Random;

  constructor(random: Random) {
    this.#random = random;
  }

  get tip() {
    return this.blocks[this.blocks.length - 1]!;
  }

  #reachMs(): number {
    return this.blocks[this.#reachHeight]!.timeMs;
  }

  extend(): void {
    const random = this.#random;
    const height = this.blocks.length;
    const seconds = random.chance(0.9)
      ? random.integer(1, 3)
      : random.chance(0.8)
      ? random.integer(60, 1_800)
      : random.integer(3_600, 110_000);
    const timeMs = (this.tip?.timeMs ?? 1_767_225_600_000) + seconds * 1_000;
    this.blocks.push({ height, timeMs });
    this.#reachHeight = Math.max(this.#reachHeight, height - HEADER_WINDOW + 1);
    this.pricesAbove = Math.max(this.pricesAbove, height - 100 - HEADER_WINDOW);
    for (let count = random.chance(0.35) ? random.integer(1, 3) : 0; count > 0; count--) {
      const receipt = this.#receipt(height);
      if (random.chance(0.1)) this.late.push(receipt);
      else this.#add(receipt);
    }
    addPrice(this.activity, COMPUTE, height, timeMs);
    moveWindows(this.activity, height, timeMs, this.#reachMs());
    if (random.chance(0.2)) this.addLate();
  }

  /** Receipts that an earlier pass could not read. */
  addLate(): void {
    for (const receipt of this.late) this.#add(receipt);
    for (const { height } of this.late) {
      addPrice(this.activity, COMPUTE, height, this.blocks[height]!.timeMs);
    }
    this.late = [];
  }

  reorg(depth: number): void {
    const toHeight = Math.max(this.#reachHeight, this.tip.height - depth);
    this.blocks.splice(toHeight + 1);
    this.counted = this.counted.filter(({ receipt }) => receipt.height <= toHeight || !receipt.anchored);
    this.late = this.late.filter(({ height }) => height <= toHeight);
    revertReceipts(this.activity, toHeight);
    moveWindows(this.activity, toHeight, this.tip.timeMs, this.#reachMs());
  }

  #add(receipt: Receipt): void {
    const { timeMs } = this.blocks[receipt.height]!;
    this.counted.push({ receipt, timeMs });
    addReceipt(this.activity, receipt, timeMs);
  }

  #receipt(height: number): Receipt {
    const random = this.#random;
    const anchored = random.chance(0.95);
    return receiptAt(height, {
      id: `r${this.#serial++}`,
      anchored,
      amount: BigInt(random.integer(0, 5_000)) * (random.chance(0.05) ? 2n ** 53n : 1n),
      units: anchored && random.chance(0.9) ? BigInt(random.integer(0, 400)) : 0n,
      provider: random.chance(0.1) ? null : `p${random.integer(0, 5)}`,
      verified: random.pick([true, false, null]),
      subsidies: random.chance(0.2) ? { read: BigInt(random.integer(0, 9)), ad: 3n } : {},
      disputes: random.chance(0.1) ? [{ id: "d", reason: "", status: "open" }] : [],
    });
  }
}

Deno.test("activity after any sequence of blocks, late receipts and reorganisations is that of the survivors", () => {
  for (let seed = 0; seed < 24; seed++) {
    const random = new Random("activity", seed);
    const chain = new Followed(random);
    chain.extend();
    for (let step = 0; step < 1_600; step++) {
      const reorganise = chain.blocks.length > 1 && random.chance(0.02);
      if (reorganise) chain.reorg(random.chance(0.3) ? random.integer(1, 400) : random.integer(1, 8));
      else chain.extend();
      if (!reorganise && step % 25 !== 0) continue;
      const timesMs = chain.blocks.map(({ timeMs }) => timeMs);
      assertEquals(
        shown(chain.activity, chain.pricesAbove),
        fromScratch(chain.counted, timesMs, chain.pricesAbove),
        `seed ${seed}, step ${step}${reorganise ? ", after a reorganisation" : ""}`,
      );
    }
  }
});

Deno.test("moveWindows() counts the last 100 blocks and the last 24 hours, forth and back", () => {
  const state = emptyActivity();
  addReceipt(state, receiptAt(0), 0);
  moveWindows(state, 99, 1_000, 0);
  assertEquals([state.window.count, state.day.count], [1, 1]);
  moveWindows(state, 100, DAY_MS - 60_000, 0);
  assertEquals([state.window.count, state.day.count], [0, 1]);
  moveWindows(state, 101, DAY_MS, 0);
  assertEquals([state.window.count, state.day.count, state.providers.size], [0, 0, 0]);
  moveWindows(state, 99, 1_000, 0);
  assertEquals([state.window.count, state.day.count, state.total.count], [1, 1, 1]);
});

Deno.test("moveWindows() keeps the day of a block that stands before a pause longer than a day", () => {
  const state = emptyActivity();
  addReceipt(state, receiptAt(0), 0);
  moveWindows(state, 0, 0, 0);
  addReceipt(state, receiptAt(1), 3 * DAY_MS);
  moveWindows(state, 1, 3 * DAY_MS, 0);
  assertEquals(state.day.count, 1);
  revertReceipts(state, 0);
  moveWindows(state, 0, 0, 0);
  assertEquals(state.day, { count: 1, amount: 1_000n, units: 10n });
});

Deno.test("moveWindows() forgets what no reorganisation can reach", () => {
  const state = emptyActivity();
  for (let height = 0; height < 3_000; height++) {
    addReceipt(state, receiptAt(height), height * 60_000);
    addPrice(state, COMPUTE, height, height * 60_000);
    moveWindows(state, height, height * 60_000, Math.max(0, height - HEADER_WINDOW + 1) * 60_000);
  }
  assertEquals(state.byHeight.size, 100 + HEADER_WINDOW);
  assertEquals(state.minutes.size, 1_440 + HEADER_WINDOW - 1);
  assertEquals(state.prices.length, 100 + HEADER_WINDOW + 1);
  assertEquals([state.window.count, state.day.count, state.total.count], [100, 1_440, 3_000]);
});

Deno.test("addReceipt() does not hold a receipt that came too late for every window", () => {
  const state = emptyActivity();
  moveWindows(state, 5_000, 5_000 * 1_000, 5_000 * 1_000);
  addReceipt(state, receiptAt(10), 10_000);
  assertEquals([state.byHeight.size, state.window.count, state.total.count], [0, 0, 1]);
});

Deno.test("revertReceipts() takes anchored receipts back and leaves those whose height is only ours", () => {
  const state = emptyActivity();
  addReceipt(state, receiptAt(5), 0);
  addReceipt(state, receiptAt(6, { subsidies: { ad: 4n } }), 0);
  addReceipt(state, receiptAt(6, { anchored: false, units: 0n, amount: 7n, provider: "kept" }), 0);
  revertReceipts(state, 5);
  assertEquals(state.total, { count: 2, amount: 1_007n, units: 10n, subsidies: 0n, disputed: 0 });
  assertEquals([...state.providers.keys()], ["p0", "kept"]);
});

Deno.test("addPrice() is the volume-weighted price in micro base units, rounded down", () => {
  const state = emptyActivity();
  addReceipt(state, receiptAt(1, { amount: 10n, units: 3n }), 0);
  addReceipt(state, receiptAt(1, { amount: 1n, units: 3n }), 0);
  assertEquals(addPrice(state, COMPUTE, 1, 50), {
    height: 1,
    timeMs: 50,
    priceMicro: 1_833_333n,
    amount: 11n,
    units: 6n,
  });
});

Deno.test("addPrice() scales bytes to MiB, mWh to kWh and impressions to thousands", () => {
  const cases = [["storage", 1_048_576n], ["energy", 1_000_000n], ["ad", 1_000n]] as const;
  for (const [market, units] of cases) {
    const state = emptyActivity();
    addReceipt(state, receiptAt(1, { market, amount: 250n, units }), 0);
    assertEquals(addPrice(state, marketOf(market), 1, 0)?.priceMicro, 250_000_000n, market);
  }
});

Deno.test("addPrice() has no price for a block without receipts or without units", () => {
  const state = emptyActivity();
  assertEquals(addPrice(state, COMPUTE, 1, 0), null);
  addReceipt(state, receiptAt(1, { units: 0n }), 0);
  assertEquals(addPrice(state, COMPUTE, 1, 0), null);
  assertEquals(lastPrice(state), undefined);
});

Deno.test("addPrice() puts a late price where its height belongs and does not call it the newest", () => {
  const state = emptyActivity();
  for (const height of [5, 9, 7, 9]) {
    addReceipt(state, receiptAt(height, { amount: BigInt(height), units: 1n }), 0);
    assertEquals(addPrice(state, COMPUTE, height, 0)?.height ?? null, height === 7 ? null : height);
  }
  assertEquals(state.prices.map(({ height }) => height), [5, 7, 9]);
  assertEquals(lastPrice(state)?.units, 2n, "the price of block 9 was computed again with both receipts");
});

Deno.test("lastPrice() is the one before the replaced blocks after a reorganisation, however long ago", () => {
  const state = emptyActivity();
  addReceipt(state, receiptAt(1), 0);
  addPrice(state, COMPUTE, 1, 0);
  moveWindows(state, 1, 0, 0);
  moveWindows(state, 2_000, 0, 0);
  addReceipt(state, receiptAt(2_000, { amount: 9n }), 0);
  addPrice(state, COMPUTE, 2_000, 0);
  moveWindows(state, 2_001, 0, 0);
  revertReceipts(state, 1_999);
  assertEquals(lastPrice(state)?.height, 1);
});

Deno.test("lastHeightOf() finds a provider's newest receipt among the kept blocks", () => {
  const state = emptyActivity();
  for (const height of [4, 9, 6]) addReceipt(state, receiptAt(height), 0);
  addReceipt(state, receiptAt(11, { provider: "other" }), 0);
  assertEquals([lastHeightOf(state, "p0"), lastHeightOf(state, "nobody")], [9, undefined]);
  assert(lastHeightOf(state, "other") === 11);
});
