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
  /** Why ingest stands still until an operator decides, or null. */
  halted(): string | null;
}
