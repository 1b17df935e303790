/** Compares what the program holds with what the chain says. Everything that differs is listed, not only the first. */
import { CANDLE_STEPS } from "../../src/engine/candle.ts";
import { HEADER_WINDOW } from "../../src/engine/chain.ts";
import type { Core } from "../../src/engine/core.ts";
import type { CoreState } from "../../src/engine/state.ts";
import type { EngineEvent } from "../../src/engine/event.ts";
import { assetsOf } from "../../src/engine/ledger.ts";
import { MARKET_IDS } from "../../src/engine/market.ts";
import type { ExportKind, ExportRow } from "../../src/runtime/ports/store.ts";
import { unexplainedTransfers } from "../../src/simulator/chain.ts";
import type { ForkableChain } from "../../src/simulator/forkable_chain.ts";
import { OPENING_BALANCE } from "../../src/simulator/ledger.ts";
import type { SqliteStore } from "../../src/store/store.ts";
import { sides, trueCandles, truePnl, truePrices, trueReceipts, trueRewards, trueWindow } from "./oracle.ts";
import type { World } from "./world.ts";

const SECONDS_MAX = 9_999_999_999;

/** Every row of a table. */
export function tableOf(store: SqliteStore, kind: ExportKind): readonly ExportRow[] {
  const rows: ExportRow[] = [];
  for (let after: string | null = null;;) {
    const part = store.exportPart(kind, 0, SECONDS_MAX, after, 5_000);
    rows.push(...part.rows);
    if (part.next === null) return rows;
    after = part.next;
  }
}

/** Differences that were found, each with where and what. */
export class Differences {
  readonly found: string[] = [];

  /** Notes a difference unless both are the same. */
  same(what: string, actual: unknown, expected: unknown): void {
    const [a, e] = [plain(actual), plain(expected)];
    if (a !== e) this.found.push(`${what}: is ${clip(a)}, should be ${clip(e)}`);
  }

  /** Notes what one list lacks and what it has too much. */
  sameItems(what: string, actual: readonly string[], expected: readonly string[], mayLack = false): void {
    const counts = new Map<string, number>();
    for (const item of expected) counts.set(item, (counts.get(item) ?? 0) + 1);
    for (const item of actual) counts.set(item, (counts.get(item) ?? 0) - 1);
    const lacking = [...counts].filter(([, count]) => count > 0);
    const surplus = [...counts].filter(([, count]) => count < 0);
    if (lacking.length > 0 && !mayLack) {
      this.found.push(`${what}: ${lacking.length} lacking, as ${clip(lacking[0]![0])}`);
    }
    if (surplus.length > 0) {
      this.found.push(`${what}: ${surplus.length} too many, as ${clip(surplus[0]![0])}`);
    }
  }
}

/** A value as text: keys sorted, maps as sorted lists. */
export function plain(value: unknown): string {
  return JSON.stringify(value, (_key, inner) => {
    if (typeof inner === "bigint") return `${inner}n`;
    if (inner instanceof Map) return [...inner].sort(([a], [b]) => (a < b ? -1 : 1));
    if (typeof inner !== "object" || inner === null || Array.isArray(inner)) return inner;
    return Object.fromEntries(Object.entries(inner).sort(([a], [b]) => (a < b ? -1 : 1)));
  }) ?? "undefined";
}

function clip(text: string): string {
  return text.length > 300 ? `${text.slice(0, 300)}…` : text;
}

/** What is compared: a state and its store, and the chain with the height that they have come to. */
export interface Held {
  readonly chain: ForkableChain;
  readonly tip: number;
  readonly core: Core;
  readonly store: SqliteStore;
}

/** Compares everything of a program that has caught up with a settled chain. */
export function compareAll(world: World): readonly string[] {
  const { chain, tip, life: { core, store } } = world;
  return compareHeld({ chain, tip, core, store }, true);
}

/**
 * Compares a state with the canonical chain at its tip.
 *
 * @param whole Whether the program stood at this tip long enough to have read every list and balance; else only what
 *   comes with the blocks is compared
 */
export function compareHeld({ chain, tip, core, store }: Held, whole: boolean): readonly string[] {
  const differences = new Differences();
  compareChain(differences, chain, tip, core.state);
  if (chain.dialect === "readme") {
    compareReceipts(differences, chain, tip, store);
    comparePnl(differences, chain, tip, core.state);
    compareActivity(differences, chain, tip, core.state);
    compareCandles(differences, chain, tip, store);
  } else if (whole) {
    compareLists(differences, chain, tip, core.state, store);
  }
  if (whole) compareBalances(differences, chain, tip, core.state);
  compareBooks(differences, core.state, store);
  compareTables(differences, core.state, store);
  return differences.found;
}

function compareChain(d: Differences, chain: ForkableChain, tip: number, state: CoreState): void {
  const { blocks, halted } = state.chain;
  d.same("halted", halted, null);
  d.same("tip", blocks.at(-1)?.height, tip);
  for (const { height, hash, parentHash, timestampMs, txCount } of blocks) {
    const header = chain.headerAt(height);
    d.same(`block ${height}`, hash, header.hash);
    if (chain.dialect === "live") continue;
    d.same(`parent of ${height}`, parentHash, header.parentHash);
    d.same(`time of ${height}`, timestampMs, header.timestampMs);
    d.same(`transactions of ${height}`, txCount, header.transactions);
  }
  if (chain.dialect === "readme") d.same("receipts through", state.receiptsThrough, tip);
}

function compareReceipts(d: Differences, chain: ForkableChain, tip: number, store: SqliteStore): void {
  const text = (parts: Readonly<Record<string, unknown>>) => plain(parts);
  const expected = trueReceipts(chain, tip).map((receipt) => {
    const { provider, consumer } = sides(chain, receipt);
    return text({
      id: receipt.id,
      market: receipt.market,
      height: receipt.height,
      time: receipt.timeMs / 1_000,
      amount: `${receipt.amount}`,
      units: `${receipt.units}`,
      subsidies: `${receipt.subsidy}`,
      provider: receipt.provider,
      consumer: receipt.consumer,
      verified: receipt.verified === null ? null : String(receipt.verified),
      disputes: receipt.disputed ? 1 : 0,
      own: String(provider || consumer),
    });
  });
  const actual = tableOf(store, "receipts").map((row) =>
    text({
      id: row.id,
      market: row.market,
      height: row.block_height,
      time: row.time,
      amount: row.amount,
      units: row.units,
      subsidies: row.subsidies,
      provider: row.provider,
      consumer: row.consumer,
      verified: row.verified,
      disputes: row.disputes,
      own: row.own,
    })
  );
  d.sameItems("receipts", actual, expected);
}

function comparePnl(d: Differences, chain: ForkableChain, tip: number, state: CoreState): void {
  const receipts = trueReceipts(chain, tip);
  const { ledger } = state;
  d.same("profit and loss", ledger.total, truePnl(chain, receipts, tip));
  const disputed = receipts.filter((receipt) => {
    const { provider, consumer } = sides(chain, receipt);
    return receipt.disputed && (provider || consumer);
  });
  d.same("disputes", ledger.disputes, {
    count: disputed.length,
    amount: disputed.reduce((sum, { amount }) => sum + amount, 0n),
  });
  for (
    const [name, bucketMs, buckets] of [
      ["minute", 60_000, ledger.minutes],
      ["quarter", 900_000, ledger.quarters],
    ] as const
  ) {
    const times = new Set<number>();
    for (let height = 0; height <= tip; height++) {
      times.add(Math.floor(chain.stateAt(height).timestampMs / bucketMs));
    }
    for (const bucket of times) {
      const inside = receipts.filter(({ timeMs }) => Math.floor(timeMs / bucketMs) === bucket);
      const pnl = truePnl(chain, inside, -1);
      for (let height = 0; height <= tip; height++) {
        if (Math.floor(chain.stateAt(height).timestampMs / bucketMs) !== bucket) continue;
        const reward = trueRewards(chain, height, height);
        if (reward === 0n) continue;
        const sums = pnl.get("mining") ?? { revenue: 0n, costs: 0n, subsidies: 0n, own: 0, receipts: 0 };
        sums.revenue += reward;
        pnl.set("mining", sums);
      }
      d.same(`profit and loss of ${name} ${bucket}`, buckets.get(bucket) ?? new Map(), pnl);
    }
    d.same(`${name}s without a block`, [...buckets.keys()].filter((bucket) => !times.has(bucket)), []);
  }
}

function compareActivity(d: Differences, chain: ForkableChain, tip: number, state: CoreState): void {
  const receipts = trueReceipts(chain, tip);
  for (const market of MARKET_IDS) {
    const activity = state.activity[market];
    const { window, providers } = trueWindow(receipts, market, tip - 100);
    d.same(`${market} window`, activity.window, window);
    d.same(`${market} providers`, activity.providers, providers);
    const own = receipts.filter((receipt) => receipt.market === market);
    const sum = (pick: (receipt: typeof own[number]) => bigint) =>
      own.reduce((total, receipt) => total + pick(receipt), 0n);
    const volume = {
      count: own.length,
      amount: sum(({ amount }) => amount),
      units: sum(({ units }) => units),
    };
    d.same(`${market} total`, activity.total, {
      ...volume,
      subsidies: sum(({ subsidy }) => subsidy),
      disputed: own.filter(({ disputed }) => disputed).length,
    });
    d.same(`${market} day`, activity.day, volume); // No run is longer than a day.
    const kept = activity.prices[0]?.height ?? 0;
    const prices = truePrices(receipts, market).filter(({ height }) => height >= kept)
      .map(({ count: _count, ...price }) => price);
    if (tip < HEADER_WINDOW) d.same(`${market} first price`, kept, prices[0]?.height ?? 0);
    d.same(`${market} prices`, activity.prices, prices);
  }
}

/** What the journal says of how blocks came: in catch-up or not, and with their receipts or before them. */
function drawnBlocks(store: SqliteStore): (height: number) => boolean {
  const drawn = new Map<number, boolean>();
  let through = -1;
  store.journal.replay(0, (event: EngineEvent) => {
    if (event.kind === "reorg") through = Math.min(through, event.toHeight);
    if (event.kind === "receipts" && event.through !== null) through = Math.max(through, event.through);
    if (event.kind === "block") drawn.set(event.header.height, !event.catchUp);
    if (event.kind === "slot") drawn.set(event.height, drawn.get(event.height)! && through >= event.height);
  });
  return (height) => drawn.get(height) === true;
}

function compareCandles(
  d: Differences,
  chain: ForkableChain,
  tip: number,
  store: SqliteStore,
): void {
  const receipts = trueReceipts(chain, tip);
  const drawn = drawnBlocks(store);
  for (const market of MARKET_IDS) {
    const first = receipts.find((receipt) => receipt.market === market);
    for (const step of CANDLE_STEPS) {
      // Before the first receipt the node's quote is drawn, which is a matter of when it was asked.
      const fromT = first === undefined ? Infinity : Math.floor(first.timeMs / (1_000 * step)) * step + step;
      const expected = trueCandles(receipts, market, step, drawn).filter(({ t }) => t >= fromT);
      const actual = store.candles(market, step, 0, SECONDS_MAX, 100_000).filter(({ t }) => t >= fromT)
        .map(({ source: _source, ...candle }) => candle);
      d.sameItems(`${market} candles of ${step} s`, actual.map(plain), expected.map(plain));
    }
  }
}

/** Dialect `live`: energy receipts, outcomes and settlement entries. */
function compareLists(
  d: Differences,
  chain: ForkableChain,
  tip: number,
  state: CoreState,
  store: SqliteStore,
): void {
  const receipts = trueReceipts(chain, tip);
  const rows = tableOf(store, "receipts");
  const of = (source: string) => rows.filter((row) => row.source === source);
  // A ring that turned over between two readings loses entries, and says so; it must never make any up.
  const gaps = state.chain.gapCount > 0;
  const energy = receipts.filter(({ market }) => market === "energy");
  const compute = receipts.filter(({ market }) => market === "compute");
  d.sameItems(
    "energy receipts",
    of("energy.receipts").map((row) =>
      plain([row.block_height, row.amount, row.deducted, row.units, row.provider, row.consumer])
    ),
    energy.map((receipt) =>
      plain([
        receipt.height,
        `${receipt.amount}`,
        `${receipt.deducted}`,
        `${receipt.units}`,
        receipt.provider,
        receipt.consumer,
      ])
    ),
  );
  d.sameItems(
    "outcomes",
    of("compute_market.sla_history").map((row) => plain([row.provider, row.consumer, row.verified])),
    compute.map(({ provider, consumer, verified }) => plain([provider, consumer, String(verified)])),
    gaps,
  );
  d.sameItems(
    "settlement entries",
    of("settlement.audit").map((row) => plain([row.provider, row.consumer, row.amount])),
    compute.flatMap(({ provider, consumer, amount }) => [
      plain([provider, null, `${amount}`]),
      plain([null, consumer, `${amount}`]),
    ]),
    gaps,
  );
  const expected = truePnl(chain, receipts, -1);
  for (const market of ["energy", "compute"] as const) {
    if (market === "compute" && gaps) continue;
    const sums = state.ledger.total.get(market);
    const truth = expected.get(market);
    d.same(`${market} revenue`, sums?.revenue ?? 0n, truth?.revenue ?? 0n);
    d.same(`${market} costs`, sums?.costs ?? 0n, truth?.costs ?? 0n);
    d.same(`${market} receipts`, sums?.receipts ?? 0, truth?.receipts ?? 0);
    d.same(`${market} own receipts`, sums?.own ?? 0, truth?.own ?? 0);
  }
  const { window } = trueWindow(receipts, "energy", tip - 100);
  const activity = state.activity.energy.window;
  d.same("energy window", [activity.count, activity.amount, activity.units, activity.disputed], [
    window.count,
    window.amount,
    window.units,
    0, // Today's node lists disputes apart from receipts.
  ]);
}

/** opening + Σ entries = actual, and what no receipt explains is unclassified. */
function compareBalances(d: Differences, chain: ForkableChain, tip: number, state: CoreState): void {
  const { address, miner } = chain.identities;
  for (const name of [address, miner]) {
    const balance = state.ledger.balances.get(name);
    d.same(`balance of ${name.slice(0, 16)}`, balance?.actual, chain.viewAt(tip).balance(name));
    if (!balance || balance.opening === null) {
      d.found.push(`balance of ${name.slice(0, 16)}: no opening balance was found`);
      continue;
    }
    const booked = state.ledger.accounts.get(assetsOf(name)) ?? 0n;
    d.same(`opening + entries of ${name.slice(0, 16)}`, balance.opening + booked, balance.actual);
  }
  const ours = state.ledger.balances.get(address);
  if (!ours || ours.opening === null || (chain.dialect === "live" && state.chain.gapCount > 0)) return;
  const transfers = unexplainedTransfers(chain, 0, tip).reduce((sum, { amount }) => sum + amount, 0n);
  // A transfer from before the balance was known for sure is part of the opening balance.
  d.same("transfers", ours.opening - OPENING_BALANCE + ours.unclassified, transfers);
}

/** Double entry: all accounts together are zero, and the entries of the store make the accounts of the state. */
function compareBooks(d: Differences, state: CoreState, store: SqliteStore): void {
  const { accounts } = state.ledger;
  d.same("sum of all accounts", [...accounts.values()].reduce((sum, amount) => sum + amount, 0n), 0n);
  const kept = new Map<string, bigint>();
  const move = (account: string, amount: bigint) => {
    const balance = (kept.get(account) ?? 0n) + amount;
    if (balance === 0n) kept.delete(account);
    else kept.set(account, balance);
  };
  for (const row of tableOf(store, "pnl")) {
    move(row.debit as string, BigInt(row.amount as string));
    move(row.credit as string, -BigInt(row.amount as string));
  }
  d.same("accounts from the entries of the store", kept, accounts);
}

/** Tables and counters agree with each other and with the state. */
function compareTables(d: Differences, state: CoreState, store: SqliteStore): void {
  const rows = tableOf(store, "receipts");
  const work = rows.filter(({ source }) => source !== "settlement.audit");
  const operations = tableOf(store, "operations");
  d.same("operations", operations.length, work.length);
  d.same("identities of receipts", new Set(rows.map(({ id }) => id)).size, rows.length);
  for (const market of MARKET_IDS) {
    const own = rows.filter((row) => row.market === market).length;
    d.same(`${market} receipts by counter`, store.receipts({ market }, { limit: 1 }).total, own);
    d.same(
      `${market} receipts in all`,
      state.activity[market].total.count,
      work.filter((row) => row.market === market).length,
    );
    d.same(
      `${market} operations by counter`,
      store.operations({ market }, { limit: 1 }).total,
      operations.filter((row) => row.type === market).length,
    );
  }
}

/**
 * What two programs must have in common that followed the same final chain, whatever they went through before.
 *
 * Left out, because it is about how the blocks came and not about what they are: arrival times, catch-up marks,
 * candles (blocks that came in catch-up are not drawn), reorganisation and gap counters, answers of polls, the link,
 * sequence numbers. In dialect `live` headers have no time and settlements no height, so that everything that is kept
 * by time or by height differs there too.
 */
export function chainDetermined(
  core: Core,
  store: SqliteStore,
  live: boolean,
): Readonly<Record<string, string>> {
  const { chain, ledger, activity, sinceHeight, receiptsThrough } = core.state;
  const blocks = chain.blocks.map(({ atMs: _atMs, catchUp: _catchUp, timeMs, ...header }) =>
    live ? header : { ...header, timeMs }
  );
  const rows = (kind: ExportKind, fits: (row: ExportRow) => boolean, drop: readonly string[]) =>
    tableOf(store, kind).filter(fits)
      .map((row) => plain(Object.fromEntries(Object.entries(row).filter(([name]) => !drop.includes(name)))))
      .sort();
  const timed = live ? ["time", "block_height"] : [];
  const classified = (row: ExportRow) => row.kind !== "unclassified" && row.kind !== "mining";
  return {
    blocks: plain(blocks),
    since: plain([sinceHeight, live ? null : receiptsThrough]),
    total: plain([...ledger.total].filter(([part]) => !live || part !== "mining").sort()),
    buckets: plain(live ? [] : [ledger.minutes, ledger.quarters]),
    disputes: plain(ledger.disputes),
    activity: plain(MARKET_IDS.map((id) => {
      const { window, providers, minutes, day, prices, total } = activity[id];
      return live ? [total] : [window, providers, minutes, day, prices, total];
    })),
    receipts: plain(rows("receipts", () => true, timed)),
    operations: plain(rows("operations", () => true, timed)),
    entries: plain(rows("pnl", live ? classified : ({ kind }) => kind !== "unclassified", timed)),
  };
}
