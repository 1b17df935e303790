/**
 * Reads what settled on a node without `receipt.audit`: energy receipts, the outcomes of compute jobs, the entries of
 * the compute settlement. None of these lists can be asked from a height on, so each is read until it only holds what
 * is known, and what is known is decided by identity.
 */
import type { EngineEvent } from "../engine/event.ts";
import { Absent, isKnown, type Known } from "../engine/reason.ts";
import type { Receipt, ReceiptSource } from "../engine/receipt.ts";
import type { ChainView } from "../runtime/ports/chain_view.ts";
import type { Clock } from "../runtime/ports/clock.ts";
import type { NodeClient } from "./client.ts";
import { headers } from "./dialects/chain.ts";
import { energyReceipts, settlementAudit, slaHistory } from "./dialects/receipts.ts";

/** Receipts on a page of the energy list. */
const ENERGY_PAGE = 200;

/** Pages of one sweep. */
const PAGES_MAX = 50;

/** Entries that the node keeps of outcomes and of the settlement. */
const RING = 256;

/** How often a list that changed while it was read is begun again. */
const RESTARTS_MAX = 3;

/** Wait before a list is read again. */
const RESTART_MS = 100;

/** What {@link SettlementReader} needs. */
export interface SettlementOptions {
  readonly client: NodeClient;
  readonly view: ChainView;
  readonly clock: Clock;
  readonly finalityDepth: number;
  /** Whether everything on the lists is booked, or only what comes after ingest began. */
  readonly fromGenesis: () => boolean;
  /** Looks for new blocks now. */
  readonly catchUp: () => void;
}

/** Sweeps the lists. */
export class SettlementReader {
  readonly #options: SettlementOptions;

  constructor(options: SettlementOptions) {
    this.#options = options;
  }

  /** Energy receipts that are not known yet; null when the list could not be read as it stands at our tip. */
  async energy(): Promise<readonly EngineEvent[] | null> {
    const { view } = this.#options;
    const tip = view.tip();
    const since = view.sinceHeight();
    if (!tip || since === null) return null;
    const reach = view.hasSwept("energy.receipts") ? tip.height - this.#options.finalityDepth : -1;
    for (let attempt = 0; attempt < RESTARTS_MAX; attempt++) {
      const found = await this.#energySweep(reach);
      if (found instanceof Absent) return [];
      if (!this.#stands(tip)) return null;
      if (found === null) continue;
      // What is above our tip comes with a later sweep: it could be taken back before we have seen its block.
      return this.#news("energy.receipts", found.filter(({ height }) => height <= tip.height), []);
    }
    return null;
  }

  /**
   * One reading of the energy list, newest first, back to where everything below `reach` is known; null when the list
   * changed on the way.
   */
  async #energySweep(reach: number): Promise<readonly Receipt[] | Absent | null> {
    const found: Receipt[] = [];
    let total: number | null = null;
    for (let page = 0; page < PAGES_MAX; page++) {
      const answer = await this.#options.client.ask(energyReceipts, { page, pageSize: ENERGY_PAGE });
      if (!isKnown(answer)) return answer;
      total ??= answer.total;
      if (answer.total !== total) return null;
      found.push(...answer.receipts);
      const settled = answer.receipts.filter(({ height }) => height < reach);
      if (answer.receipts.length === 0 || found.length >= total) break;
      if (settled.length > 0 && settled.every(({ id }) => this.#options.view.hasReceipt(id))) break;
    }
    return renumbered(found);
  }

  /** Outcomes of compute jobs that are not known yet; null as for {@link energy}. */
  async outcomes(): Promise<readonly EngineEvent[] | null> {
    const found = await this.#ring(
      async (tip) => await this.#options.client.ask(slaHistory, { tip, limit: RING }),
    );
    if (found === null || found instanceof Absent) return found && [];
    const missed = this.#missed("compute_market.sla_history", found);
    return this.#news("compute_market.sla_history", [...found].reverse(), missed);
  }

  /** Settlement entries that are not known yet; null as for {@link energy}. */
  async entries(): Promise<readonly EngineEvent[] | null> {
    const found = await this.#ring(async (tip) => {
      const page = await this.#options.client.ask(settlementAudit, { tip });
      return isKnown(page) ? page.receipts : page;
    });
    return found === null || found instanceof Absent
      ? found && []
      : this.#news("settlement.audit", found, this.#missed("settlement.audit", found));
  }

  /**
   * Reads a list whose items have no height. They are counted in our tip, so the list is only believed when the node
   * had no other block than our tip while it was read: an item of a block that is taken back before we have seen it
   * would stay for ever.
   */
  async #ring(
    read: (height: number) => Promise<Known<readonly Receipt[]>>,
  ): Promise<readonly Receipt[] | Absent | null> {
    const { client, clock, view, catchUp } = this.#options;
    for (let attempt = 0; attempt < RESTARTS_MAX; attempt++) {
      if (attempt > 0) {
        catchUp();
        await clock.sleep(RESTART_MS);
      }
      const tip = view.tip();
      const height = this.#heightOfNews();
      if (!tip || height === null) return null;
      const found = await read(height);
      if (!isKnown(found)) return found;
      const above = await client.ask(headers, { start: tip.height, limit: 2 });
      if (!isKnown(above)) return null;
      const isTip = above.length === 1 && above[0]!.height === tip.height && above[0]!.hash === tip.hash;
      if (isTip && this.#stands(tip)) return found;
    }
    return null;
  }

  /**
   * Whether a block that was the tip before the node was asked still is on our chain. If not, the answer may be about
   * blocks that are gone, and nothing would take it back.
   */
  #stands(tip: { readonly height: number; readonly hash: string | null }): boolean {
    return this.#options.view.hashAt(tip.height) === tip.hash;
  }

  /** What has no height of its own counts from the block on in which we first saw it. */
  #heightOfNews(): number | null {
    const tip = this.#options.view.tip();
    const since = this.#options.view.sinceHeight();
    return tip && since !== null ? Math.max(tip.height, since) : null;
  }

  /**
   * A ring that holds nothing known any more has turned further than we could see; one that is full when it is first
   * read does not reach back to genesis.
   */
  #missed(source: ReceiptSource, found: readonly Receipt[]): readonly EngineEvent[] {
    const { view, clock, fromGenesis } = this.#options;
    const first = !view.hasSwept(source);
    if (first && !fromGenesis()) return [];
    if (found.length < RING || found.some(({ id }) => view.hasReceipt(id))) return [];
    const detail = first
      ? `the list holds its last ${found.length} entries only: earlier ones cannot be read`
      : `all ${found.length} entries are new: some came and went between two polls`;
    return [{ kind: "gap", atMs: clock.nowMs(), source, detail }];
  }

  #news(
    source: ReceiptSource,
    found: readonly Receipt[],
    gaps: readonly EngineEvent[],
  ): readonly EngineEvent[] {
    const { view, clock, fromGenesis } = this.#options;
    const first = !view.hasSwept(source);
    const fresh = found.filter(({ id }) => !view.hasReceipt(id));
    if (fresh.length === 0 && !first) return gaps;
    // What has no height of its own hangs on the block in which we first saw it: when that is taken back, the list is
    // read again, and what is still on it comes back. What stood there when we came is history: shown, not booked.
    const history = first && !fromGenesis();
    const receipts = fresh.map((receipt) =>
      receipt.anchored ? receipt : { ...receipt, anchored: true, height: history ? 0 : receipt.height }
    );
    const news = { kind: "receipts" as const, atMs: clock.nowMs(), receipts, through: null };
    return [...gaps, first ? { ...news, swept: source } : news];
  }
}

/** Numbers equal receipts over the whole sweep instead of page by page. */
function renumbered(found: readonly Receipt[]): readonly Receipt[] {
  const seen = new Map<string, number>();
  return found.map((receipt) => {
    const occurrence = seen.get(receipt.digest) ?? 0;
    seen.set(receipt.digest, occurrence + 1);
    return { ...receipt, id: `energy-${receipt.digest}-${occurrence}`, index: occurrence };
  });
}
