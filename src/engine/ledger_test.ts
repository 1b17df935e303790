// @ts-types="#types/std_assert.d.ts"
import { assert, assertEquals } from "@std/assert";
import { receiptAt, T0 } from "../../tests/support/engine.ts";
import { HEADER_WINDOW } from "./chain.ts";
import { encode } from "./codec.ts";
import {
  assetsOf,
  bookReceipt,
  bookReward,
  emptyLedger,
  type Identities,
  type LedgerEntry,
  type LedgerState,
  noSums,
  observeBalance,
  pnlOf,
  pnlTotal,
  revertLedger,
  sidesOf,
  trimLedger,
} from "./ledger.ts";
import { MARKET_IDS, perMarket } from "./market.ts";
import { Random } from "./random.ts";

const US: Identities = {
  account: "acc",
  miner: "min",
  byMarket: perMarket(({ id }) => (id === "compute" ? ["p0"] : [])),
};

const DAY_MS = 86_400_000;

function ledgerOf(identities: Identities = US): LedgerState {
  return { ...emptyLedger(), identities };
}

/** Sum of all accounts: double entry makes it zero. */
function balanceOf(ledger: LedgerState): bigint {
  return [...ledger.accounts.values()].reduce((sum, amount) => sum + amount, 0n);
}

/** What the books say, without what is only remembered. */
function booksOf({ accounts, total, minutes, quarters, disputes }: LedgerState): string {
  return encode({ accounts, total, minutes, quarters, disputes });
}

Deno.test("sidesOf() knows our names in their own market, and our account in every market", () => {
  const sides = (market: (typeof MARKET_IDS)[number], provider: string | null, consumer: string | null) =>
    sidesOf(US, receiptAt(1, { market, provider, consumer }));
  assertEquals(sides("compute", "p0", "x"), { provider: true, consumer: false });
  assertEquals(sides("energy", "p0", "x"), { provider: false, consumer: false });
  for (const market of MARKET_IDS) {
    assertEquals(sides(market, "x", "acc"), { provider: false, consumer: true });
  }
  assertEquals(sides("compute", null, null), { provider: false, consumer: false });
  const nobody = { ...US, account: null };
  assertEquals(sidesOf(nobody, receiptAt(1, { market: "ad", provider: null })).provider, false);
});

Deno.test("bookReceipt() books what we are paid less what was kept back, and the subsidy apart from it", () => {
  const ledger = ledgerOf();
  const entries = bookReceipt(
    ledger,
    receiptAt(7, { amount: 1_000n, deducted: 30n, subsidies: { compute: 5n, rebate: 2n } }),
    T0,
  );
  assertEquals(entries.map(({ kind, amount, debit, credit }) => [kind, amount, debit, credit]), [
    ["revenue", 970n, "assets:acc", "revenue:compute"],
    ["subsidy", 7n, "assets:acc", "subsidy:compute"],
  ]);
  assertEquals(pnlTotal(ledger.total), { revenue: 970n, costs: 0n, subsidies: 7n, own: 1, receipts: 1 });
  assertEquals([ledger.accounts.get("assets:acc"), balanceOf(ledger)], [977n, 0n]);
});

Deno.test("bookReceipt() books both sides of a receipt between two of our own names", () => {
  const ledger = ledgerOf();
  bookReceipt(ledger, receiptAt(1, { provider: "p0", consumer: "acc", amount: 100n, deducted: 10n }), T0);
  assertEquals(pnlTotal(ledger.total), { revenue: 90n, costs: 100n, subsidies: 0n, own: 1, receipts: 1 });
  assertEquals(ledger.accounts.get("assets:acc"), -10n);
});

Deno.test("bookReceipt() counts the receipts of others and books nothing for them", () => {
  const ledger = ledgerOf();
  assertEquals(bookReceipt(ledger, receiptAt(1, { provider: "x", consumer: "y" }), T0), []);
  assertEquals(pnlTotal(ledger.total), { ...noSums(), receipts: 1 });
  assertEquals(ledger.accounts.size, 0);
});

Deno.test("bookReceipt() books a movement without counting it as work, and no entry of zero", () => {
  const ledger = ledgerOf();
  const entries = bookReceipt(
    ledger,
    receiptAt(1, { kind: "movement", consumer: "acc", provider: null }),
    T0,
  );
  assertEquals(entries.map(({ kind }) => kind), ["cost"]);
  assertEquals(pnlTotal(ledger.total), { revenue: 0n, costs: 1_000n, subsidies: 0n, own: 0, receipts: 0 });
  assertEquals(bookReceipt(ledger, receiptAt(1, { index: 1, amount: 5n, deducted: 5n }), T0), []);
});

Deno.test("bookReceipt() stays exact above 2^53 and 2^64", () => {
  const ledger = ledgerOf();
  const amount = 2n ** 64n - 1n;
  for (let i = 0; i < 3; i++) bookReceipt(ledger, receiptAt(1, { index: i, id: String(i), amount }), T0);
  assertEquals(pnlTotal(ledger.total).revenue, 3n * amount);
});

Deno.test("bookReceipt() shows disputes of ours only", () => {
  const ledger = ledgerOf();
  const disputes = [{ id: "d", reason: "", status: "open" }];
  bookReceipt(ledger, receiptAt(1, { disputes }), T0);
  bookReceipt(ledger, receiptAt(1, { index: 1, disputes, provider: "x" }), T0);
  assertEquals(ledger.disputes, { count: 1, amount: 1_000n });
  revertLedger(ledger, 0);
  assertEquals(ledger.disputes, { count: 0, amount: 0n });
});

Deno.test("revertLedger() takes back anchored heights above, and leaves the others", () => {
  const ledger = ledgerOf();
  bookReceipt(ledger, receiptAt(5), T0);
  const before = booksOf(ledger);
  bookReceipt(ledger, receiptAt(6), T0 + 1_000);
  bookReward(ledger, 6, 50n, T0 + 1_000);
  const free = bookReceipt(ledger, receiptAt(6, { id: "free", anchored: false, amount: 3n }), T0 + 1_000);
  assertEquals(free.length, 1);
  revertLedger(ledger, 5);
  const only = ledgerOf();
  bookReceipt(only, receiptAt(5), T0);
  assertEquals(booksOf(only), before);
  bookReceipt(only, receiptAt(6, { id: "free", anchored: false, amount: 3n }), T0 + 1_000);
  assertEquals(booksOf(ledger), booksOf(only));
  revertLedger(ledger, 5);
  assertEquals(booksOf(ledger), booksOf(only), "taking back twice is taking back once");
});

Deno.test("bookReward() is revenue of mining, on the miner's account", () => {
  const ledger = ledgerOf();
  const entry = bookReward(ledger, 3, 25n, T0);
  assertEquals([entry.id, entry.debit, entry.credit], ["3:mining", "assets:min", "mining"]);
  assertEquals(ledger.total.get("mining"), { ...noSums(), revenue: 25n });
});

Deno.test("observeBalance() finds the opening balance, then books what nothing explains", () => {
  const ledger = ledgerOf();
  const see = (actual: bigint, atMs: number) => observeBalance(ledger, "acc", actual, 10, atMs, 0);
  for (let i = 0; i < 2; i++) assertEquals(see(500n, T0 + i), null);
  assertEquals(ledger.balances.get("acc")!.opening, null);
  see(500n, T0 + 2);
  assertEquals(ledger.balances.get("acc")!.opening, 500n);
  // A receipt explains a change: nothing is booked besides it.
  bookReceipt(ledger, receiptAt(10), T0);
  for (let i = 0; i < 5; i++) assertEquals(see(1_500n, T0 + 10 + i), null);
  // A transfer does not: it counts once it was seen three times in a row.
  assertEquals([see(1_460n, T0 + 20), see(1_460n, T0 + 21)], [null, null]);
  const entry = see(1_460n, T0 + 22);
  assertEquals([entry?.kind, entry?.amount, entry?.debit], ["unclassified", -40n, "assets:acc"]);
  assertEquals(see(1_460n, T0 + 23), null);
  assertEquals(pnlTotal(ledger.total).revenue, 1_000n, "unclassified stays outside profit");
  assertEquals(ledger.balances.get("acc")!.unclassified, -40n);
  assertEquals([ledger.accounts.get(assetsOf("acc")), balanceOf(ledger)], [960n, 0n]);
});

Deno.test("observeBalance() forgets a difference that does not stay", () => {
  const ledger = ledgerOf();
  const see = (actual: bigint) => observeBalance(ledger, "acc", actual, 1, T0, 0);
  for (let i = 0; i < 3; i++) see(0n);
  for (const actual of [10n, 10n, 0n, 10n, 10n, 0n]) assertEquals(see(actual), null);
});

Deno.test("observeBalance() names every difference of a standing chain differently", () => {
  const ledger = ledgerOf();
  const entries: LedgerEntry[] = [];
  let atMs = T0;
  for (const actual of [0n, 5n, 0n, 5n, 0n, 5n]) {
    for (let i = 0; i < 3; i++) {
      const entry = observeBalance(ledger, "acc", actual, 10, atMs++, 0);
      if (entry) entries.push(entry);
    }
  }
  assertEquals(entries.map(({ amount }) => amount), [5n, -5n, 5n, -5n, 5n]);
  assertEquals(new Set(entries.map(({ id }) => id)).size, entries.length);
});

Deno.test("observeBalance() calls a change of the miner's own account mining, and one back only after a reorganisation", () => {
  const ledger = ledgerOf();
  const see = (actual: bigint, reorgs: number) => {
    let entry: LedgerEntry | null = null;
    for (let i = 0; i < 3; i++) entry = observeBalance(ledger, "min", actual, 1, T0, reorgs) ?? entry;
    return entry && [entry.kind, entry.amount];
  };
  assertEquals(see(0n, 0), null);
  assertEquals(see(50n, 0), ["mining", 50n]);
  assertEquals(see(40n, 0), ["unclassified", -10n]);
  assertEquals(see(15n, 1), ["mining", -25n]);
});

Deno.test("pnlOf() counts a day in minutes and a week in quarters of an hour, both ending now", () => {
  const ledger = ledgerOf();
  const now = T0 + 10 * DAY_MS;
  for (const [i, ageMs] of [0, DAY_MS - 60_000, DAY_MS, 6 * DAY_MS, 7 * DAY_MS].entries()) {
    bookReceipt(ledger, receiptAt(i, { amount: 10n ** BigInt(i) }), now - ageMs);
  }
  assertEquals(pnlTotal(pnlOf(ledger, "24h", now)).revenue, 11n);
  assertEquals(pnlTotal(pnlOf(ledger, "7d", now)).revenue, 1_111n);
  assertEquals(pnlTotal(pnlOf(ledger, "all", now)).revenue, 11_111n);
});

Deno.test("trimLedger() forgets buckets and heights, never totals", () => {
  const ledger = ledgerOf();
  for (let height = 0; height < 2_000; height++) {
    bookReceipt(ledger, receiptAt(height, { amount: 1n }), T0 + height * 3_600_000);
    trimLedger(ledger, height, T0 + height * 3_600_000);
  }
  assertEquals(pnlTotal(ledger.total).revenue, 2_000n);
  assert(ledger.recent.size <= HEADER_WINDOW, `${ledger.recent.size} heights`);
  assert(ledger.minutes.size <= 27, `${ledger.minutes.size} minutes of a day and two hours`);
  assert(ledger.quarters.size <= 745, `${ledger.quarters.size} quarters of 31 days`);
});

Deno.test("Ledger after reorganisations is what it would be without the replaced blocks (property)", () => {
  for (let seed = 1; seed <= 40; seed++) {
    const random = new Random("ledger", seed);
    const mixed = ledgerOf();
    type Book = (ledger: LedgerState) => void;
    let canonical: Book[] = [];
    for (let round = 0; round < 150; round++) {
      const height = canonical.length;
      if (random.chance(0.12) && height > 0) {
        const toHeight = Math.max(-1, height - 1 - random.integer(1, 20));
        revertLedger(mixed, toHeight);
        canonical = canonical.slice(0, toHeight + 1);
        continue;
      }
      const receipts = Array.from({ length: random.integer(0, 3) }, (_, index) =>
        receiptAt(height, {
          index,
          id: `${seed}-${round}-${index}`,
          market: random.pick(MARKET_IDS),
          provider: random.pick(["p0", "acc", "x", null]),
          consumer: random.pick(["p0", "acc", "x", null]),
          amount: BigInt(random.integer(0, 1_000_000)),
          deducted: 0n,
          subsidies: random.chance(0.3) ? { read: 7n } : {},
          disputes: random.chance(0.2) ? [{ id: "d", reason: "", status: "open" }] : [],
        }));
      const reward = random.chance(0.5) ? BigInt(random.integer(1, 50)) : null;
      const timeMs = T0 + height * 45_000;
      const book: Book = (ledger) => {
        if (reward !== null) bookReward(ledger, height, reward, timeMs);
        for (const receipt of receipts) bookReceipt(ledger, receipt, timeMs);
      };
      canonical.push(book);
      book(mixed);
      assertEquals(balanceOf(mixed), 0n, `seed ${seed}`);
    }
    const straight = ledgerOf();
    for (const book of canonical) book(straight);
    assertEquals(booksOf(mixed), booksOf(straight), `seed ${seed}`);
  }
});
