/** Why a question to the node was not answered. */

/** Kinds of {@link NodeError}; the metrics and the retry table go by these. */
export type NodeErrorKind =
  /** No connection could be made. */
  | "connection"
  /** The connection closed without an answer: the node's handler died, or the node did. */
  | "empty_reply"
  | "timeout"
  /** An HTTP status that is not 200. */
  | "http"
  /** The node refuses us for asking too fast, now or since a while. */
  | "rate_limited"
  /** The answer is not a JSON-RPC answer to our request. */
  | "malformed"
  /** The answer is larger than the cap. */
  | "oversized"
  /** A JSON-RPC error. */
  | "rpc"
  /** The method is not offered (−32601). */
  | "missing"
  /** The method wants a credential. */
  | "unauthorized"
  /** The result carries an error of the application. */
  | "application"
  /** The answer does not have the shape that we know. */
  | "decode"
  /** Not sent: the node is known to be down, banned, or the method keeps killing its handler. */
  | "paused"
  /** Not sent or given up, because the program is stopping. */
  | "aborted"
  /** Our own mistake while handling the answer. */
  | "bug";

/** Details of a {@link NodeError}. */
export interface NodeErrorDetail {
  /** JSON-RPC error code. */
  readonly code?: number;
  /** HTTP status. */
  readonly status?: number;
  /** How long the node asks us to wait. */
  readonly retryAfterMs?: number;
  /** The request certainly did not reach the node. */
  readonly unsent?: boolean;
  readonly cause?: unknown;
}

/** The one error that callers of the node client catch. */
export class NodeError extends Error {
  override readonly name = "NodeError";
  readonly kind: NodeErrorKind;
  readonly method: string;
  readonly code: number | null;
  readonly status: number | null;
  readonly retryAfterMs: number | null;
  /** Whether the request certainly did not reach the node. */
  readonly unsent: boolean;

  constructor(kind: NodeErrorKind, method: string, message: string, detail: NodeErrorDetail = {}) {
    super(`${method}: ${message}`, detail.cause === undefined ? undefined : { cause: detail.cause });
    this.kind = kind;
    this.method = method;
    this.code = detail.code ?? null;
    this.status = detail.status ?? null;
    this.retryAfterMs = detail.retryAfterMs ?? null;
    this.unsent = detail.unsent ?? false;
  }
}

/** Kinds that say that the node did not answer at all. */
const SILENT: ReadonlySet<NodeErrorKind> = new Set(["connection", "empty_reply", "timeout"]);

/** Whether the node was silent, as opposed to having answered with an error. */
export function isSilence(error: NodeError): boolean {
  return SILENT.has(error.kind);
}
