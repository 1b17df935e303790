/** A small chain that a test mines, forks and takes back by hand, with the answers of a node that has it. */
import { NodeError } from "../../src/the_block/errors.ts";
import type { Params } from "../../src/the_block/transport.ts";
import type { Answer } from "./scripted_node.ts";

/** One item of `receipt.audit`. */
export type ReceiptItem = Readonly<Record<string, unknown>>;

/** One block. */
export interface FakeBlock {
  readonly height: number;
  readonly hash: string;
  readonly parentHash: string;
  readonly items: readonly ReceiptItem[];
}

const PAYLOADS: Readonly<Record<string, (units: number) => object>> = {
  Compute: (units) => ({ provider: "p", consumer: "c", compute_units: units, verified: true }),
  Storage: (units) => ({ provider: "p", consumer: "c", bytes_stored: units }),
  Energy: (units) => ({ seller: "p", buyer: "c", kwh_delivered: units, meter_hash: "m" }),
  Ad: (units) => ({ publisher: "p", advertiser: "c", impressions: units }),
};

/** An item that can be read, of 5 units. */
export function receiptItem(height: number, index: number, kind = "Compute", amount = 10): ReceiptItem {
  return {
    block_height: height,
    receipt_index: index,
    receipt_type: kind,
    receipt: PAYLOADS[kind]?.(5) ?? {},
    digest_hex: `d${height}-${index}-${amount}`,
    amount,
    provider_identity: "p",
  };
}

/** A chain whose every step a test decides. */
export class FakeChain {
  blocks: FakeBlock[] = [];
  /** Most receipts on a page, whatever is asked for. */
  pageMax = 512;
  /** What the node proposes to go on with after a cut page; the default is the truth. */
  nextStartHeight: (lastHeight: number) => number = (lastHeight) => lastHeight;
  /** Last height that the node has scanned for receipts; undefined = its tip. */
  scannedTo: number | undefined;
  #forks = 0;

  /** The newest height; −1 on an empty chain. */
  get tip(): number {
    return this.blocks.length - 1;
  }

  /** Adds blocks; `itemsOf` makes the receipts of a height. */
  mine(count = 1, itemsOf: (height: number) => readonly ReceiptItem[] = () => []): void {
    for (let i = 0; i < count; i++) {
      const height = this.blocks.length;
      this.blocks.push({
        height,
        hash: `${height}/${this.#forks}`,
        parentHash: this.blocks[height - 1]?.hash ?? "none",
        items: itemsOf(height),
      });
    }
  }

  /** Takes every block above a height away; the next ones have other hashes. */
  fork(toHeight: number): void {
    this.#forks++;
    this.blocks.length = toHeight + 1;
  }

  /** The answers of a node that offers headers and receipts. */
  get answers(): Readonly<Record<string, Answer>> {
    return {
      "light.headers": (params) => this.#headers(params),
      "light.latest_header": () => this.#latest(),
      "receipt.audit": (params) => this.#audit(params),
    };
  }

  /** The answers of a node that tells nothing but how high its chain is. */
  get heightsOnly(): Readonly<Record<string, Answer>> {
    return { "consensus.block_height": () => ({ height: this.tip }) };
  }

  #headers({ start, limit }: Params): readonly object[] {
    return this.blocks.slice(start as number, (start as number) + (limit as number))
      .map(({ height, hash, parentHash }) => ({ height, hash, parent_hash: parentHash, difficulty: 1 }));
  }

  #latest(): object {
    const latest = this.blocks[this.tip];
    if (!latest) {
      throw new NodeError("empty_reply", "light.latest_header", "the chain was empty: the node is dead");
    }
    return { height: latest.height, hash: latest.hash, difficulty: 1 };
  }

  #audit({ start_height: start, end_height: end, limit, market }: Params): object {
    const to = Math.min(this.tip, this.scannedTo ?? this.tip, (end as number | undefined) ?? this.tip);
    const all = this.blocks.slice(start as number, to + 1).flatMap(({ items }) => items)
      .filter((item) => market === undefined || String(item.receipt_type).toLowerCase() === market);
    const receipts = all.slice(0, Math.min(limit as number, this.pageMax));
    const truncated = receipts.length < all.length;
    const last = receipts[receipts.length - 1]?.block_height as number | undefined;
    return {
      schema_version: 1,
      receipts,
      scanned_range: { start, end: truncated ? last : to },
      truncated,
      next_start_height: truncated ? this.nextStartHeight(last!) : null,
    };
  }
}
