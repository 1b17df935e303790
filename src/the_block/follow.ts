/**
 * Follows the chain: asks for headers after our tip, notices when our blocks were replaced, reads the receipts of
 * the new blocks, and turns all of it into events.
 *
 * Headers are always asked for from our tip on, so the first one that comes back tells whether our tip still stands:
 * the same hash means that the rest extends it, another hash or none means looking for the last common block.
 */
import type { EngineEvent, Header } from "../engine/event.ts";
import { type MarketId, MARKETS } from "../engine/market.ts";
import { Absent, isKnown } from "../engine/reason.ts";
import type { Receipt } from "../engine/receipt.ts";
import type { ChainView } from "../runtime/ports/chain_view.ts";
import type { Clock } from "../runtime/ports/clock.ts";
import type { NodeClient } from "./client.ts";
import { head, headers, HEADERS_PAGE } from "./dialects/chain.ts";
import { receipts as receiptsQuestion } from "./dialects/receipts.ts";
import type { ReceiptPage } from "./decode/receipts.ts";
import { NodeError } from "./errors.ts";

/** More blocks than this at once are catch-up: we did not see them arrive. */
const LIVE_BLOCKS_MAX = 2;

/** Blocks before the tip that are read for context when ingest starts at the tip. */
const CONTEXT_BLOCKS = 100;

/** Pages read in one pass, so that other polls get their turn. */
const PAGES_MAX = 10;

/** How often a receipt that cannot be read is asked for before it is given up. */
const READS_MAX = 3;

/** How ingest begins on a store that holds nothing. */
export type IngestStart = "tip" | "genesis" | number;

/** What {@link ChainFollower} needs. */
export interface FollowOptions {
  readonly client: NodeClient;
  readonly view: ChainView;
  readonly clock: Clock;
  readonly start: () => IngestStart;
  /** Deepest reorganisation that is followed. */
  readonly finalityDepth: number;
  readonly onRejected?: (message: string) => void;
}

/** What one pass found. */
export interface Pass {
  readonly events: readonly EngineEvent[];
  /** Whether more blocks are waiting. */
  readonly more: boolean;
  /** Height of the node's newest block as far as this pass saw it; null on an empty chain. */
  readonly nodeHeight: number | null;
}

/** Reads the chain, one pass at a time. */
export class ChainFollower {
  readonly #client: NodeClient;
  readonly #view: ChainView;
  readonly #clock: Clock;
  readonly #options: FollowOptions;
  /** Blocks with a receipt that could not be read, and how often that was tried. */
  readonly #unreadable = new Map<number, number>();
  /** In catch-up until a pass ends at the node's tip. */
  #catchingUp = true;

  constructor(options: FollowOptions) {
    this.#client = options.client;
    this.#view = options.view;
    this.#clock = options.clock;
    this.#options = options;
  }

  /**
   * One pass: the next page of headers and its receipts.
   *
   * @returns The events to submit, or why this node cannot be followed at all
   * @throws {NodeError} If the node did not answer
   */
  async pass(probe: boolean): Promise<Pass | Absent> {
    const tip = this.#view.tip();
    return tip === null ? await this.#firstContact(probe) : await this.#continue(tip, probe);
  }

  async #firstContact(probe: boolean): Promise<Pass | Absent> {
    const first = await this.#client.ask(headers, { start: 0, limit: 1 }, { probe });
    if (!isKnown(first)) return first;
    if (first.length === 0) return { events: [], more: false, nodeHeight: null };
    const latest = await this.#client.ask(head, undefined);
    if (!isKnown(latest)) return latest;
    const tipHeight = latest.height ?? first[first.length - 1]!.height;
    const start = this.#options.start();
    const since = sinceHeight(start, tipHeight);
    const from = start === "tip" || since > tipHeight ? Math.max(0, tipHeight - CONTEXT_BLOCKS + 1) : since;
    const page = await this.#client.ask(headers, { start: from, limit: HEADERS_PAGE });
    if (!isKnown(page)) return page;
    const atMs = this.#clock.nowMs();
    const events: EngineEvent[] = [
      { kind: "start", atMs, sinceHeight: since },
      { kind: "receipts", atMs, receipts: [], through: from - 1 },
    ];
    return await this.#extend(page, from - 1, events);
  }

  async #continue(tip: { height: number; hash: string | null }, probe: boolean): Promise<Pass | Absent> {
    const page = await this.#client.ask(headers, { start: tip.height, limit: HEADERS_PAGE }, { probe });
    if (!isKnown(page)) return page;
    const first = page[0];
    if (first?.height === tip.height && first.hash === tip.hash) {
      return await this.#extend(page.slice(1), tip.height, [], page.length >= HEADERS_PAGE);
    }
    return await this.#reorganise(tip);
  }

  /** Height of the node's newest block. Its head may only be asked for when the chain is not empty. */
  async #nodeHeight(): Promise<number | null> {
    const first = await this.#client.ask(headers, { start: 0, limit: 1 });
    if (!isKnown(first) || first.length === 0) return null;
    const latest = await this.#client.ask(head, undefined);
    return isKnown(latest) ? latest.height : null;
  }

  /** Appends headers that follow `afterHeight` and reads what settled in them. */
  async #extend(
    found: readonly Header[],
    afterHeight: number,
    events: EngineEvent[],
    full = found.length >= HEADERS_PAGE,
  ): Promise<Pass> {
    const atMs = this.#clock.nowMs();
    let following = contiguous(found, afterHeight);
    let last = following[following.length - 1]?.height ?? afterHeight;
    this.#catchingUp = full || following.length > LIVE_BLOCKS_MAX ||
      (this.#catchingUp && following.length > 0);
    const catchUp = this.#catchingUp;
    if (!full) this.#catchingUp = false;
    const settled = await this.#settledBetween(this.#receiptsFrom(events), last);
    const late = settled.byHeight;
    const cut = settled.more && settled.through > afterHeight;
    if (cut) {
      // More receipts than one pass reads: take the blocks whose receipts are complete, the rest comes next.
      following = following.filter(({ height }) => height <= settled.through);
      last = settled.through;
    }
    // Receipts of blocks that we had before, when an earlier pass could not read them.
    for (const [height, receipts] of [...late].sort(([a], [b]) => a - b)) {
      if (height > afterHeight) break;
      events.push({ kind: "receipts", atMs, receipts, through: Math.min(settled.through, height) });
      late.delete(height);
    }
    for (const header of following) {
      events.push({ kind: "block", atMs, header, catchUp });
      const receipts = late.get(header.height) ?? [];
      if (header.height <= settled.through) {
        events.push({ kind: "receipts", atMs, receipts, through: header.height });
      }
      const newest = catchUp && !full && !settled.more && header.height === last;
      events.push({ kind: "slot", atMs, height: header.height, ...(newest ? { newest } : {}) });
    }
    if (following.length === 0 && settled.through > (this.#view.receiptsThrough() ?? -1)) {
      events.push({ kind: "receipts", atMs, receipts: [], through: settled.through });
    }
    for (const detail of settled.problems) {
      this.#options.onRejected?.(detail);
      events.push({ kind: "gap", atMs, source: "receipt.audit", detail });
    }
    return { events, more: full || cut, nodeHeight: last < 0 ? null : last };
  }

  #receiptsFrom(events: readonly EngineEvent[]): number {
    for (const event of events) {
      if (event.kind === "receipts" && event.through !== null) return event.through + 1;
    }
    const through = this.#view.receiptsThrough();
    return through === null ? Number.MAX_SAFE_INTEGER : through + 1;
  }

  /** Our tip is not on the node's chain any more, or the node is behind us. */
  async #reorganise(tip: { height: number; hash: string | null }): Promise<Pass | Absent> {
    const windowStart = this.#view.windowStart() ?? 0;
    const reach = Math.max(windowStart, tip.height - this.#options.finalityDepth);
    const page = await this.#client.ask(headers, { start: reach, limit: HEADERS_PAGE });
    if (!isKnown(page)) return page;
    const atMs = this.#clock.nowMs();
    const ancestor = commonAncestor(page, this.#view);
    const nodeTip = page[page.length - 1];
    if (nodeTip === undefined) {
      // The node is far behind us: it was restarted from older data, or is still reading its own. Waiting loses
      // nothing; when it comes back to our height the hashes will tell whether it is still the same chain.
      return { events: [], more: false, nodeHeight: await this.#nodeHeight() };
    }
    if (ancestor === null) {
      const reason = `no common block within the last ${tip.height - reach} blocks below ${tip.height}`;
      return { events: [{ kind: "halt", atMs, reason }], more: false, nodeHeight: nodeTip.height };
    }
    if (nodeTip.height === ancestor && ancestor < tip.height && nodeTip.hash !== null) {
      // The node is behind on the same chain. That is no reorganisation: it may only have restarted.
      return { events: [], more: false, nodeHeight: ancestor };
    }
    if (ancestor === tip.height) {
      return await this.#extend(page.filter(({ height }) => height > tip.height), tip.height, []);
    }
    const events: EngineEvent[] = [
      { kind: "reorg", atMs, toHeight: ancestor },
      // From here on the view is what it will be once the reorganisation has been applied.
      {
        kind: "receipts",
        atMs,
        receipts: [],
        through: Math.min(this.#view.receiptsThrough() ?? ancestor, ancestor),
      },
    ];
    return await this.#extend(page.filter(({ height }) => height > ancestor), ancestor, events, false);
  }

  /** Reads every receipt of the heights `from` to `to`, as far as the node gives them completely. */
  async #settledBetween(from: number, to: number): Promise<Settled> {
    const settled: Settled = { byHeight: new Map(), through: from - 1, more: false, problems: [] };
    try {
      for (let page = 0; settled.through < to; page++) {
        if (page === PAGES_MAX) {
          settled.more = true;
          break;
        }
        if (!await this.#settledPage(settled, to)) break;
      }
    } catch (error) {
      // The blocks are shown anyway; their receipts come with a later pass.
      if (!(error instanceof NodeError)) throw error;
    }
    return settled;
  }

  async #settledPage(settled: Settled, to: number): Promise<boolean> {
    const start = settled.through + 1;
    const page = await this.#client.ask(receiptsQuestion, { start });
    if (!isKnown(page)) return false;
    const last = page.lastHeight ?? start;
    if (page.truncated && last <= start) {
      // One block has more receipts than a page holds, and the node cannot page inside a block.
      add(settled, await this.#settledByMarket(start, settled.problems), start, start);
      settled.through = start;
      return true;
    }
    // The last block of a truncated page may be cut, whatever the node proposes to go on with.
    const whole = page.truncated ? last - 1 : Math.min(to, page.scannedTo ?? to);
    const through = Math.min(whole, this.#readableThrough(page, start, whole));
    if (through < start) return false;
    addProblems(settled.problems, page, start, through);
    add(settled, page.receipts, start, Math.min(through, to));
    settled.through = Math.min(through, to);
    return true;
  }

  /**
   * A receipt that cannot be read may only have been spoiled on the way: its block is asked for again before the
   * receipt is given up for good.
   */
  #readableThrough(page: ReceiptPage, from: number, to: number): number {
    for (const height of page.rejected.map((rejected) => rejected.height ?? from).sort((a, b) => a - b)) {
      if (height < from || height > to) continue;
      const tries = (this.#unreadable.get(height) ?? 0) + 1;
      if (tries < READS_MAX) {
        this.#unreadable.set(height, tries);
        return height - 1;
      }
      this.#unreadable.delete(height);
    }
    return to;
  }

  async #settledByMarket(height: number, problems: string[]): Promise<readonly Receipt[]> {
    const found: Receipt[] = [];
    for (const { id, receiptKind } of MARKETS) {
      const market = id satisfies MarketId;
      const page = await this.#client.ask(receiptsQuestion, { start: height, end: height, market });
      if (!isKnown(page)) continue;
      const own = page.receipts.filter((receipt) => receipt.height === height && receipt.market === id);
      found.push(...own);
      addProblems(problems, page, height, height);
      if (page.truncated && (page.lastHeight ?? height) <= height) {
        problems.push(
          `block ${height} has more ${receiptKind} receipts than the ${own.length} of a page; the rest cannot be read`,
        );
      }
    }
    return found.sort((a, b) => a.index - b.index);
  }
}

interface Settled {
  readonly byHeight: Map<number, Receipt[]>;
  through: number;
  /** Whether the pass ended before the receipts did. */
  more: boolean;
  readonly problems: string[];
}

/** Notes the receipts of some heights that could not be read. */
function addProblems(problems: string[], page: ReceiptPage, from: number, to: number): void {
  for (const { height, detail } of page.rejected) {
    if (height === null || (height >= from && height <= to)) problems.push(detail);
  }
}

function add(settled: Settled, receipts: readonly Receipt[], from: number, to: number): void {
  for (const receipt of receipts) {
    if (receipt.height < from || receipt.height > to) continue;
    const held = settled.byHeight.get(receipt.height);
    if (!held) settled.byHeight.set(receipt.height, [receipt]);
    else if (!held.some(({ id }) => id === receipt.id)) held.push(receipt);
  }
}

/** The first height that is booked. */
function sinceHeight(start: IngestStart, tipHeight: number): number {
  if (start === "tip") return tipHeight + 1;
  return start === "genesis" ? 0 : Math.min(start, tipHeight + 1);
}

/** Headers that follow a height one by one and are linked to each other; the rest waits for the next pass. */
function contiguous(found: readonly Header[], afterHeight: number): readonly Header[] {
  const following: Header[] = [];
  for (const header of found) {
    const previous = following[following.length - 1];
    if (header.height !== (previous?.height ?? afterHeight) + 1) break;
    if (
      previous && header.parentHash !== null && previous.hash !== null && header.parentHash !== previous.hash
    ) break;
    following.push(header);
  }
  return following;
}

/** The highest of our blocks that the node still has. */
function commonAncestor(page: readonly Header[], view: ChainView): number | null {
  for (let i = page.length - 1; i >= 0; i--) {
    const { height, hash } = page[i]!;
    const ours = view.hashAt(height);
    if (ours !== undefined && ours === hash) return height;
  }
  return null;
}
