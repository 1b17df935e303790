/** Sends operations to the node, and looks for them on the chain. Every outcome is a value; nothing is sent twice. */
import type { OperationIntent, OperationType } from "../../engine/operation.ts";
import type { Known } from "../../engine/reason.ts";

/** Values that are kept with an operation. */
export type Facts = Readonly<Record<string, string | number>>;

/** One request, exactly as the node will get it. */
export interface NodeRequest {
  readonly method: string;
  readonly params: Readonly<Record<string, unknown>>;
}

/** How an operation would be sent at this moment. */
export interface OperationPlan {
  readonly request: NodeRequest;
  /** Who pays; null where nobody of ours does. */
  readonly account: string | null;
  /** What the payer holds, base units. */
  readonly balance: Known<bigint>;
  /** What leaves the account besides the cost of the operation, base units. */
  readonly fee: bigint;
  /** What may be shown to everybody. */
  readonly details: Facts;
  /** What the operation will be recognised by. */
  readonly proof: Facts;
}

/** An operation that was sent, as far as the next one has to know of it. */
export interface Sent {
  readonly type: OperationType;
  readonly proof: Facts;
}

/** How sending went. */
export type SendResult =
  | {
    readonly kind: "accepted";
    /** The node's answer is the record itself: nothing further is to be expected. */
    readonly final: boolean;
    readonly height: number | null;
  }
  /** The node said no; nothing has happened. */
  | { readonly kind: "refused"; readonly reason: string }
  /** It has not left this machine. */
  | { readonly kind: "unsent"; readonly reason: string }
  /** It may have arrived or not. */
  | { readonly kind: "unknown"; readonly reason: string };

/** What looking for an operation found. */
export type Sighting =
  | { readonly kind: "seen"; readonly height: number | null; readonly evidence: string }
  | { readonly kind: "unseen"; readonly reason: string }
  /** The node could not be asked now. */
  | { readonly kind: "blocked"; readonly reason: string };

/** The node as a receiver of operations. */
export interface OperationSender {
  /** Whether this node takes operations of a type; asked without any effect there. */
  offer(type: OperationType): Promise<Known<true>>;
  /**
   * Works out what would be sent.
   *
   * @param open Operations of ours that have been sent and not seen yet
   * @returns The plan, or why there is none
   */
  plan(intent: OperationIntent, open: readonly Sent[]): Promise<Known<OperationPlan>>;
  /** Sends a request, exactly once. */
  send(request: NodeRequest): Promise<SendResult>;
  /** @param accepted Whether the node is known to have taken it */
  look(operation: Sent, accepted: boolean): Promise<Sighting>;
}
