/** Receipts by the thousand, every filter over them, and a walk that others write into. */
// @ts-types="#types/std_assert.d.ts"
import { assert, assertEquals } from "@std/assert";
import { MARKET_IDS } from "../../src/engine/market.ts";
import { Random } from "../../src/engine/random.ts";
import type { Applied, ReceiptFilter, ReceiptRow } from "../../src/runtime/ports/store.ts";
import type { SqliteStore } from "../../src/store/store.ts";
import { applied } from "./store.ts";

const PER_HEIGHT = 10;
const PROVIDERS = 20;
const BATCH = 2_000;

/** Commits receipts of heights from 0 on, ten to a height, of every market, provider and kind. */
export function fillReceipts(store: SqliteStore, rows: number, seed: number): readonly ReceiptRow[] {
  const random = new Random("paging", seed);
  const made: ReceiptRow[] = [];
  for (let done = 0; done < rows; done += BATCH) {
    const batch: Applied[] = [];
    for (let i = done; i < Math.min(rows, done + BATCH); i++) {
      const one = applied(Math.floor(i / PER_HEIGHT), {
        // Not in the order of the receipts of a block, nor of their names.
        index: random.integer(0, 3),
        id: `${random.uint32()}-${i}`,
        market: random.pick(MARKET_IDS),
        provider: random.chance(0.05) ? null : `p${random.integer(0, PROVIDERS - 1)}`,
        disputes: random.chance(0.02) ? [{ id: "d", reason: "", status: "open" }] : [],
      }, { own: random.chance(0.05) });
      batch.push(one);
      const change = one.changes[0]!;
      if (change.kind === "receipt") made.push(change);
    }
    store.commit(batch);
  }
  return made;
}

/** Every filter alone, and together with others. */
export function filtersFor(rows: number): readonly ReceiptFilter[] {
  const top = Math.floor(rows / PER_HEIGHT);
  const heights = { fromHeight: Math.floor(top / 4), toHeight: Math.floor(3 * top / 4) };
  return [
    {},
    ...MARKET_IDS.map((market) => ({ market })),
    { provider: "p7" },
    { provider: "nobody" },
    { own: true },
    { own: false },
    { disputed: true },
    { disputed: false },
    { fromHeight: heights.fromHeight },
    { toHeight: heights.toHeight },
    heights,
    { market: "energy", own: true },
    { market: "energy", own: false, disputed: false },
    { provider: "p3", disputed: true },
    { provider: "p3", market: "ad", ...heights },
    { own: true, disputed: true, ...heights },
  ];
}

/** Whether a row belongs to a filter, said once more and simply. */
export function matches({ receipt, own }: ReceiptRow, filter: ReceiptFilter): boolean {
  return (filter.market === undefined || receipt.market === filter.market) &&
    (filter.provider === undefined || receipt.provider === filter.provider) &&
    (filter.own === undefined || own === filter.own) &&
    (filter.disputed === undefined || (receipt.disputes.length > 0) === filter.disputed) &&
    (filter.fromHeight === undefined || receipt.height >= filter.fromHeight) &&
    (filter.toHeight === undefined || receipt.height <= filter.toHeight);
}

/**
 * Walks every filter to its end while receipts arrive between the pages, and fails unless each receipt that was there
 * at the beginning is met exactly once, in order, and the total is right.
 *
 * @returns Pages that were read
 */
export function walkEveryFilter(store: SqliteStore, made: readonly ReceiptRow[], limit: number): number {
  let pages = 0;
  let height = Math.ceil(made.length / PER_HEIGHT);
  const all = [...made];
  for (const filter of filtersFor(made.length)) {
    const name = JSON.stringify(filter);
    const expected = new Set(all.filter((row) => matches(row, filter)).map(({ receipt }) => receipt.id));
    const met = new Set<string>();
    let last: ReceiptRow | undefined;
    let cursor: string | undefined;
    do {
      const page = store.receipts(filter, { limit, cursor });
      pages++;
      if (cursor === undefined) assertEquals(page.total, expected.size, name);
      for (const row of page.items) {
        assert(!met.has(row.receipt.id), `${name}: ${row.receipt.id} came twice`);
        assert(last === undefined || follows(last, row), `${name}: ${row.receipt.id} is out of order`);
        assert(matches(row, filter), `${name}: ${row.receipt.id} does not belong`);
        met.add(row.receipt.id);
        last = row;
      }
      if (pages % 5 === 0) {
        const arriving = applied(++height, { id: `new-${height}`, market: "energy", provider: "p3" }, {
          own: true,
        });
        store.commit([arriving]);
        const change = arriving.changes[0]!;
        if (change.kind === "receipt") all.push(change);
      }
      cursor = page.nextCursor ?? undefined;
    } while (cursor !== undefined);
    assertEquals(met.size, expected.size, `${name}: some were left out, or new ones came in`);
    for (const id of expected) assert(met.has(id), `${name}: ${id} was left out`);
  }
  return pages;
}

function follows(before: ReceiptRow, after: ReceiptRow): boolean {
  const [a, b] = [before.receipt, after.receipt];
  if (a.height !== b.height) return b.height < a.height;
  return a.index !== b.index ? b.index < a.index : b.id < a.id;
}
