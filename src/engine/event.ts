/** The union of everything that can change state. What is not an event cannot change anything. */
import type { Identities } from "./ledger.ts";
import type { ObservationKey, Observations } from "./observation.ts";
import type { ReasonCode } from "./reason.ts";
import type { Receipt, ReceiptSource } from "./receipt.ts";
import type { DeskCommand } from "./trading/desk.ts";

/** How a node spells its questions; each capability is probed on its own, this names the majority. */
export type DialectName = "readme" | "live";

/** A node that says that it is simulated, and from what. */
export interface SimulationInfo {
  readonly seed: number;
  readonly scenario: string;
  readonly dialect: DialectName;
}

/** Whether this node answers one of our questions, and how. */
export interface Capability {
  readonly id: string;
  readonly question: string;
  readonly status: "offered" | "missing" | "unauthorized" | "failed" | "unknown";
  readonly dialect: DialectName | null;
  readonly methods: readonly string[];
  /** Why it is not offered, in the node's words. */
  readonly detail: string | null;
}

/** A block header as far as the node gives one. */
export interface Header {
  readonly height: number;
  /** Null on a node that tells heights only; a reorganisation then shows as a falling height. */
  readonly hash: string | null;
  readonly parentHash: string | null;
  /** The block's own timestamp, chain time. */
  readonly timestampMs: number | null;
  readonly txCount: number | null;
  readonly miner: string | null;
  readonly reward: bigint | null;
}

/** One poll answered: `of` names the slice. */
export type ObservedEvent = {
  readonly [K in ObservationKey]: {
    readonly kind: "observed";
    readonly of: K;
    readonly atMs: number;
    readonly ttlMs: number;
    readonly value: Observations[K];
  };
}[ObservationKey];

/** One poll that this node cannot or will not answer. */
export interface UnavailableEvent {
  readonly kind: "unavailable";
  readonly of: ObservationKey;
  readonly atMs: number;
  readonly code: ReasonCode;
  readonly because: string;
}

/** Everything that can change state. All times are milliseconds since the Unix epoch, by our clock. */
export type EngineEvent =
  | {
    /** The connection to the node came up or went down. */
    readonly kind: "link";
    readonly atMs: number;
    readonly up: boolean;
    readonly reason: string | null;
  }
  | {
    /** The node refuses us until `untilMs`. */
    readonly kind: "ban";
    readonly atMs: number;
    readonly untilMs: number;
  }
  | {
    /** What the probe found. */
    readonly kind: "node";
    readonly atMs: number;
    readonly dialect: DialectName;
    readonly simulated: SimulationInfo | null;
    readonly capabilities: readonly Capability[];
  }
  | ObservedEvent
  | UnavailableEvent
  | {
    /** A new canonical block. `catchUp` blocks do not count in rates. */
    readonly kind: "block";
    readonly atMs: number;
    readonly header: Header;
    readonly catchUp: boolean;
  }
  | {
    /** Who we are, from here on; what is booked already stays as it is. */
    readonly kind: "identities";
    readonly atMs: number;
    readonly identities: Identities;
  }
  | {
    /** The ledger begins: receipts of this height and above are booked, earlier ones only inform. */
    readonly kind: "start";
    readonly atMs: number;
    readonly sinceHeight: number;
  }
  | {
    /** Receipts, each seen for the first time. */
    readonly kind: "receipts";
    readonly atMs: number;
    readonly receipts: readonly Receipt[];
    /** With these, every receipt up to this height has been seen; null when that is not known. */
    readonly through: number | null;
    /** A list without heights that has been read whole for the first time. */
    readonly swept?: ReceiptSource;
  }
  | {
    /** Everything that is known of block `height` has been applied; features advance, agents may decide. */
    readonly kind: "slot";
    readonly atMs: number;
    readonly height: number;
    /** Set on the block that a catch-up ends with: its prices are of now. */
    readonly newest?: boolean;
  }
  | {
    /** Blocks above `toHeight` are no longer canonical. */
    readonly kind: "reorg";
    readonly atMs: number;
    readonly toHeight: number;
  }
  | {
    /** A reorganisation deeper than the window: ingest stops until an operator decides. */
    readonly kind: "halt";
    readonly atMs: number;
    readonly reason: string;
  }
  | {
    /** Something was done at the trading desk. */
    readonly kind: "desk";
    readonly atMs: number;
    readonly command: DeskCommand;
  }
  | {
    /** Something was missed and cannot be fetched any more. */
    readonly kind: "gap";
    readonly atMs: number;
    readonly source: string;
    readonly detail: string;
  };

/** The end of a block. */
export type SlotEvent = Extract<EngineEvent, { kind: "slot" }>;
