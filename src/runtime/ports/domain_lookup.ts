import type { Known } from "../../engine/reason.ts";

/** What a node says about a name. */
export interface DomainRecord {
  readonly verified: boolean;
  /** Whether any record exists. */
  readonly found: boolean;
}

/** Looks names up at the node; never changes anything there. */
export interface DomainLookup {
  /** @returns The record, or why there is none */
  lookup(domain: string): Promise<Known<DomainRecord>>;
}
