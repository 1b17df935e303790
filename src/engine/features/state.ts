/** What has to be remembered of the features; `feed.ts` writes it. */
import type { Absent } from "../reason.ts";
import type { SlotReceipt } from "./spec.ts";

/** One slot that was handed over. */
export interface FedSlot {
  readonly height: number;
  /** Feature and value in turn. */
  readonly events: readonly number[];
  /** Receipts of earlier blocks that became known in it. */
  readonly late: readonly SlotReceipt[];
}

/** A state of the engine after a slot; null = it had seen nothing. */
export interface Checkpoint {
  readonly height: number;
  readonly state: Uint8Array | null;
}

/** What the feed has to remember. */
export interface FeatureState {
  /** Height of the newest slot that ended; −1 before the first. */
  height: number;
  /** Receipts that became known since. */
  open: SlotReceipt[];
  checkpoints: Checkpoint[];
  /** Slots after the oldest checkpoint, ascending. */
  slots: FedSlot[];
  /** Why a feature had no value in the newest slot. */
  missing: Map<number, Absent>;
}

/** A feed that has seen nothing. */
export function emptyFeatures(): FeatureState {
  return {
    height: -1,
    open: [],
    checkpoints: [{ height: -1, state: null }],
    slots: [],
    missing: new Map(),
  };
}
