/**
 * JSON-RPC over native `fetch`, and every rule about when to ask: timeouts, one retry table, the budget, bans and
 * the breaker. Bodies have a fixed length and hold one request with named parameters, because the node understands
 * neither chunked bodies nor batches.
 */
import type { Clock } from "../runtime/ports/clock.ts";
import { Breaker } from "./breaker.ts";
import { type BudgetGroup, type BudgetLimits, RequestBudget } from "./budget.ts";
import { isSilence, NodeError, type NodeErrorKind } from "./errors.ts";
import { parseExact } from "./json.ts";

/** Largest answer that is read. */
export const RESPONSE_BYTES_MAX = 10 * 1024 * 1024;

/** Reads are tried again at most this often, after 150 ms · 2ⁿ. */
const RETRIES_MAX = 3;
const RETRY_BASE_MS = 150;

/** JSON-RPC codes after which a read may be tried again: unknown, limit exceeded, internal. */
const RETRY_CODES: ReadonlySet<number> = new Set([-1, -32005, -32603]);

/** HTTP statuses after which a read may be tried again. 429 is not here: it pauses everything instead. */
const RETRY_STATUSES: ReadonlySet<number> = new Set([403, 408, 413, 500, 502, 503, 504]);

/** Where and how to reach the node. */
export interface TransportOptions {
  readonly url: string;
  readonly timeoutMs: number;
  /** Bearer token, never logged. */
  readonly token: string | null;
  readonly budget: BudgetLimits;
  readonly clock: Clock;
  /** Told about every request that was sent. */
  readonly onCall?: (call: CallRecord) => void;
  /** Told when the node refuses us, with the latest end of the pause. */
  readonly onBan?: (group: BudgetGroup, untilMs: number) => void;
}

/** One request that was sent. */
export interface CallRecord {
  readonly method: string;
  readonly ms: number;
  /** `ok`, or the kind of the error. */
  readonly outcome: "ok" | NodeErrorKind;
}

/** How one question is asked. */
export interface CallOptions {
  /** Reads may be retried and shared; anything else is sent exactly once. */
  readonly read?: boolean;
  /** A probe passes an open breaker. */
  readonly probe?: boolean;
  readonly signal?: AbortSignal;
  readonly timeoutMs?: number;
}

/** Parameters of a call, by name. */
export type Params = Readonly<Record<string, unknown>>;

/** What the client needs of a wire. */
export interface RpcTransport {
  /** Whether the node counts as down. */
  readonly down: boolean;
  /** @throws {NodeError} Whatever went wrong, by kind */
  call(method: string, params?: Params, options?: CallOptions): Promise<unknown>;
}

/** Lets requests pass that are no JSON-RPC but count towards the same limits of the node. */
export interface Gatekeeper {
  /** @throws {NodeError} `paused` or `aborted`, if the node must be left alone */
  admit(what: string, signal?: AbortSignal): Promise<void>;
}

/** The wire to one node. */
export class Transport implements RpcTransport, Gatekeeper {
  readonly #options: TransportOptions;
  readonly #http: Deno.HttpClient;
  /** For what may arrive once only: `fetch` resends, unasked, what was under way on a kept connection that closes. */
  readonly #httpOnce: Deno.HttpClient;
  readonly #budget: RequestBudget;
  readonly #breaker: Breaker;
  readonly #inFlight = new Map<string, Promise<unknown>>();
  readonly #closing = new AbortController();
  #nextId = 1;

  constructor(options: TransportOptions) {
    this.#options = options;
    this.#http = Deno.createHttpClient({ poolMaxIdlePerHost: 2, poolIdleTimeout: 60_000 });
    this.#httpOnce = Deno.createHttpClient({ poolMaxIdlePerHost: 0, http2: false });
    this.#budget = new RequestBudget(options.clock, options.budget);
    this.#breaker = new Breaker(options.clock);
  }

  /** Whether the node counts as down. */
  get down(): boolean {
    return this.#breaker.open;
  }

  /**
   * Asks the node one question.
   *
   * @returns The `result` of the answer, integers exact
   * @throws {NodeError} Whatever went wrong, by kind
   */
  call(method: string, params: Params = {}, options: CallOptions = {}): Promise<unknown> {
    const read = options.read ?? true;
    if (!read) return this.#once(method, params, options);
    const key = `${method} ${JSON.stringify(params)}`;
    const shared = this.#inFlight.get(key);
    if (shared) return shared;
    const call = this.#retrying(method, params, options).finally(() => this.#inFlight.delete(key));
    this.#inFlight.set(key, call);
    return call;
  }

  admit(what: string, signal?: AbortSignal): Promise<void> {
    const options = signal ? { signal } : {};
    return this.#admit(what, "general", options, this.#signalOf(options));
  }

  /** Gives up everything in flight and frees the connections. */
  close(): void {
    if (this.#closing.signal.aborted) return;
    this.#closing.abort();
    this.#http.close();
    this.#httpOnce.close();
  }

  async #retrying(method: string, params: Params, options: CallOptions): Promise<unknown> {
    for (let attempt = 0;; attempt++) {
      try {
        return await this.#once(method, params, options);
      } catch (error) {
        if (!(error instanceof NodeError) || attempt >= RETRIES_MAX || options.probe || !mayRetry(error)) {
          throw error;
        }
        const waitMs = error.retryAfterMs ?? RETRY_BASE_MS * 2 ** attempt;
        await this.#options.clock.sleep(waitMs, this.#signalOf(options));
      }
    }
  }

  async #once(method: string, params: Params, options: CallOptions): Promise<unknown> {
    const signal = this.#signalOf(options);
    const group: BudgetGroup = method.startsWith("energy.") ? "energy" : "general";
    await this.#admit(method, group, options, signal);
    const startMs = this.#options.clock.monotonicMs();
    let outcome: "ok" | NodeErrorKind = "ok";
    try {
      const result = await this.#send(method, params, options, signal);
      this.#breaker.answered(method);
      this.#budget.resume(group);
      return result;
    } catch (cause) {
      const error = cause instanceof NodeError
        ? cause
        : new NodeError("malformed", method, String(cause), { cause });
      outcome = error.kind;
      if (isSilence(error)) this.#breaker.silent(method, error.kind === "empty_reply");
      else if (error.kind !== "aborted") this.#breaker.answered(method);
      if (error.kind === "rate_limited") {
        const scope = error.status === 429 ? "general" : group;
        const pauseMs = this.#budget.pause(scope, error.retryAfterMs);
        this.#options.onBan?.(scope, this.#options.clock.nowMs() + pauseMs);
      }
      throw error;
    } finally {
      this.#options.onCall?.({ method, ms: this.#options.clock.monotonicMs() - startMs, outcome });
    }
  }

  /** @throws {NodeError} `paused` or `aborted`; nothing has been sent then */
  async #admit(method: string, group: BudgetGroup, options: CallOptions, signal: AbortSignal): Promise<void> {
    this.#mayAsk(method, group, options);
    const waited = await this.#budget.acquire(group, signal);
    if (signal.aborted) throw new NodeError("aborted", method, "not asked: stopping", { unsent: true });
    if (waited) this.#mayAsk(method, group, options); // The node may have gone or banned us meanwhile.
  }

  /** @throws {NodeError} `paused`, if the node must be left alone */
  #mayAsk(method: string, group: BudgetGroup, options: CallOptions): void {
    const refusal = this.#breaker.refuses(method, options.probe ?? false);
    if (refusal) throw new NodeError("paused", method, `not asked: ${refusal}`, { unsent: true });
    if (this.#budget.paused(group)) {
      throw new NodeError("paused", method, "not asked: the node has banned us", { unsent: true });
    }
  }

  async #send(method: string, params: Params, options: CallOptions, signal: AbortSignal): Promise<unknown> {
    const id = this.#nextId++;
    const body = JSON.stringify({ jsonrpc: "2.0", id, method, params });
    const timeoutMs = options.timeoutMs ?? this.#options.timeoutMs;
    const giveUp = new AbortController();
    const settled = new AbortController();
    let timedOut = false;
    this.#options.clock.sleep(timeoutMs, settled.signal).then(() => {
      if (settled.signal.aborted) return;
      timedOut = true;
      giveUp.abort();
    });
    try {
      const response = await fetch(this.#options.url, {
        client: options.read ?? true ? this.#http : this.#httpOnce,
        method: "POST",
        headers: this.#headers(),
        body,
        redirect: "manual",
        signal: AbortSignal.any([signal, giveUp.signal]),
      });
      const text = await readCapped(method, response);
      return resultOf(method, id, response, text);
    } catch (cause) {
      if (cause instanceof NodeError) throw cause;
      if (timedOut) throw new NodeError("timeout", method, `no answer within ${timeoutMs} ms`, { cause });
      if (signal.aborted) throw new NodeError("aborted", method, "given up: stopping", { cause });
      throw connectionError(method, cause);
    } finally {
      settled.abort();
    }
  }

  #headers(): Record<string, string> {
    const headers: Record<string, string> = {
      "content-type": "application/json",
      accept: "application/json",
    };
    if (this.#options.token) headers.authorization = `Bearer ${this.#options.token}`;
    return headers;
  }

  #signalOf(options: CallOptions): AbortSignal {
    return options.signal ? AbortSignal.any([options.signal, this.#closing.signal]) : this.#closing.signal;
  }
}

/** Whether a read that failed so may be asked again at once. */
function mayRetry(error: NodeError): boolean {
  if (error.kind === "rpc") return error.code !== null && RETRY_CODES.has(error.code);
  if (error.kind === "http") return error.status !== null && RETRY_STATUSES.has(error.status);
  // Silence is not retried here: the poll itself comes again, and the same method may kill its handler again.
  return false;
}

async function readCapped(method: string, response: Response): Promise<string> {
  const announced = Number(response.headers.get("content-length") ?? 0);
  if (announced > RESPONSE_BYTES_MAX) {
    await response.body?.cancel();
    throw new NodeError(
      "oversized",
      method,
      `the answer announces ${announced} bytes, over ${RESPONSE_BYTES_MAX}`,
    );
  }
  if (!response.body) return "";
  const decoder = new TextDecoder();
  let text = "";
  let bytes = 0;
  for await (const chunk of response.body) {
    bytes += chunk.byteLength;
    if (bytes > RESPONSE_BYTES_MAX) {
      // Leaving the loop cancels the stream and closes the connection.
      throw new NodeError("oversized", method, `the answer is over ${RESPONSE_BYTES_MAX} bytes`);
    }
    text += decoder.decode(chunk, { stream: true });
  }
  return text + decoder.decode();
}

function resultOf(method: string, id: number, response: Response, text: string): unknown {
  if (response.status === 429) {
    throw new NodeError("rate_limited", method, `the node refuses us: ${excerpt(text)}`, {
      status: 429,
      ...retryAfter(response),
    });
  }
  if (response.status !== 200) {
    throw new NodeError("http", method, `the node answered HTTP ${response.status}`, {
      status: response.status,
      ...retryAfter(response),
    });
  }
  let answer: unknown;
  try {
    answer = parseExact(text);
  } catch (cause) {
    throw new NodeError("malformed", method, `the answer is not JSON: ${excerpt(text)}`, { cause });
  }
  if (typeof answer !== "object" || answer === null || Array.isArray(answer)) {
    throw new NodeError("malformed", method, `the answer is not a JSON-RPC object: ${excerpt(text)}`);
  }
  const { id: answeredId, result, error } = answer as { id?: unknown; result?: unknown; error?: unknown };
  if (typeof error === "object" && error !== null) throw rpcError(method, error);
  if (answeredId !== id) {
    throw new NodeError(
      "malformed",
      method,
      `the answer is to ${
        typeof answeredId === "number" ? `request ${answeredId}` : "something else"
      }, not to request ${id}`,
    );
  }
  if (result === undefined || result === null) {
    throw new NodeError("malformed", method, "the answer has no result");
  }
  const inner = applicationError(result);
  if (inner !== null) throw new NodeError("application", method, inner);
  return result;
}

function rpcError(method: string, error: object): NodeError {
  const { code, message } = error as { code?: unknown; message?: unknown };
  const text = typeof message === "string" ? message.slice(0, 200) : "no message";
  const number = typeof code === "number" ? code : 0;
  // −32001 and −32002 also mean other things on this node; the message decides.
  if (/^(rate limited|banned)/i.test(text)) {
    return new NodeError("rate_limited", method, text, { code: number });
  }
  if (number === -32601) return new NodeError("missing", method, text, { code: number });
  if (number === -33009) return new NodeError("unauthorized", method, text, { code: number });
  return new NodeError("rpc", method, `${text} (${number})`, { code: number });
}

/** Errors that the node hides inside a result: `{error}`, `{Error: {error}}`. */
function applicationError(result: unknown): string | null {
  if (typeof result !== "object" || result === null) return null;
  const { error, Error: wrapped } = result as { error?: unknown; Error?: unknown };
  if (typeof error === "string") return error.slice(0, 200);
  if (typeof wrapped === "object" && wrapped !== null) return applicationError(wrapped) ?? "error";
  return null;
}

function connectionError(method: string, cause: unknown): NodeError {
  const inner = cause instanceof Error && cause.cause instanceof Error ? cause.cause.message : "";
  const message = `${cause instanceof Error ? cause.message : String(cause)} ${inner}`;
  if (/error \(Connect\)|dns error|blocked|refused/i.test(message)) {
    const unsent = /error \(Connect\)|dns error/i.test(message);
    return new NodeError("connection", method, "no connection to the node", { cause, unsent });
  }
  if (
    /SendRequest|closed before message|reset|broken pipe|error reading a body|unexpected end|incomplete/i
      .test(message)
  ) {
    return new NodeError("empty_reply", method, "the node closed the connection without an answer", {
      cause,
    });
  }
  return new NodeError("connection", method, "no connection to the node", { cause });
}

function retryAfter(response: Response): { retryAfterMs?: number } {
  const seconds = Number(response.headers.get("retry-after") ?? NaN);
  return Number.isFinite(seconds) && seconds >= 0 ? { retryAfterMs: Math.min(seconds, 600) * 1000 } : {};
}

function excerpt(text: string): string {
  const clean = text.slice(0, 80).replace(/\p{Cc}+/gu, " ");
  return JSON.stringify(clean);
}
