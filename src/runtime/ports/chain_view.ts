import type { ReceiptSource } from "../../engine/receipt.ts";

/** What ingest has to know about the state: where we are in the chain. */
export interface ChainView {
  /** The newest block that was applied. */
  tip(): { readonly height: number; readonly hash: string | null } | null;
  /** Hash of an applied block; null where the node told no hash, undefined outside the window. */
  hashAt(height: number): string | null | undefined;
  /** Lowest height that {@link hashAt} knows. */
  windowStart(): number | null;
  /** Height up to which every receipt has been applied. */
  receiptsThrough(): number | null;
  /** First height that is booked; null before ingest has begun. */
  sinceHeight(): number | null;
  /** Whether a receipt with this identity has been applied. */
  hasReceipt(id: string): boolean;
  /** Whether a list without heights has been read whole before. */
  hasSwept(source: ReceiptSource): boolean;
  /** Why ingest stands still until an operator decides, or null. */
  halted(): string | null;
}
