import type { Clock } from "../runtime/ports/clock.ts";
import type { ChainView } from "./chain_view.ts";
import { writeJson } from "./json.ts";

/** Streams that a client can subscribe to. */
const STREAMS = ["block_updates", "metrics"] as const;
type Stream = typeof STREAMS[number];

const CLIENTS_MAX = 64;
const MESSAGE_BYTES_MAX = 65_536;
/** Unsent bytes at which a client counts as gone. */
const BUFFERED_BYTES_MAX = 1_048_576;
const PING_INTERVAL_MS = 15_000;

/**
 * The WebSocket of dialect `readme`. A client subscribes to streams and gets one frame per stream and new block;
 * both sides may ping. Call {@link stop} before the server ends.
 */
export class StreamHub {
  readonly #clients = new Map<WebSocket, Set<Stream>>();
  readonly #stopping = new AbortController();
  readonly #pinging: Promise<void>;

  constructor(clock: Clock) {
    this.#pinging = this.#pingForever(clock);
  }

  /** Upgrades a request, or refuses it with 503 when 64 clients are connected. */
  accept(request: Request): Response {
    if (this.#clients.size >= CLIENTS_MAX || this.#stopping.signal.aborted) {
      return new Response(null, { status: 503 });
    }
    const { socket, response } = Deno.upgradeWebSocket(request, { idleTimeout: 0 });
    this.#clients.set(socket, new Set());
    socket.onmessage = (event) => this.#receive(socket, event.data);
    socket.onclose = () => this.#clients.delete(socket);
    socket.onerror = () => this.#clients.delete(socket);
    return response;
  }

  /** How many clients are connected. */
  get clientCount(): number {
    return this.#clients.size;
  }

  /** Announces the newest block of a view. */
  publish(view: ChainView): void {
    if (this.#clients.size === 0) return;
    const block = view.header(view.tip);
    const frames: Record<Stream, string> = {
      block_updates: writeJson({
        type: "block_update",
        data: {
          height: view.tip,
          hash: block.hash,
          parent_hash: block.parentHash,
          timestamp_ms: block.timestampMs,
          tx_count: block.transactions,
        },
      }),
      metrics: writeJson({
        type: "metrics_update",
        data: {
          tps: Math.round(view.transactionsPerSecond * 100) / 100,
          avg_block_time_ms: Math.round(view.blockIntervalMs * 10) / 10,
        },
      }),
    };
    for (const [socket, streams] of [...this.#clients]) {
      for (const stream of streams) this.#send(socket, frames[stream]);
    }
  }

  /** Closes every client and ends the pings. */
  async stop(): Promise<void> {
    this.#stopping.abort();
    for (const socket of [...this.#clients.keys()]) this.#drop(socket, 1001, "simulator stops");
    await this.#pinging;
  }

  #receive(socket: WebSocket, data: unknown): void {
    if (typeof data !== "string" || data.length > MESSAGE_BYTES_MAX) {
      return this.#drop(socket, 1009, "message too large or not text");
    }
    let message: unknown;
    try {
      message = JSON.parse(data);
    } catch {
      return this.#send(socket, writeJson({ type: "error", message: "Invalid JSON" }));
    }
    const { method, params, id, type, timestamp } = Object(message) as Record<string, unknown>;
    if (type === "ping") return this.#send(socket, writeJson({ type: "pong", timestamp }));
    if (type === "pong") return;
    this.#send(socket, writeJson(this.#subscribe(socket, method, params, id ?? null)));
  }

  #subscribe(socket: WebSocket, method: unknown, params: unknown, id: unknown): Record<string, unknown> {
    const wanted = Array.isArray(params) ? params : [];
    const streams = this.#clients.get(socket);
    if (method !== "state_stream.subscribe" && method !== "state_stream.unsubscribe") {
      return { id, error: { code: -32601, message: "method not found" } };
    }
    if (wanted.length === 0 || !wanted.every(isStream)) {
      return { id, error: { code: -32602, message: `unknown stream (expected ${STREAMS.join(" or ")})` } };
    }
    for (const stream of wanted) {
      if (method === "state_stream.subscribe") streams?.add(stream);
      else streams?.delete(stream);
    }
    return { id, result: "ok" };
  }

  #send(socket: WebSocket, text: string): void {
    if (socket.readyState === WebSocket.CONNECTING) return;
    if (socket.readyState !== WebSocket.OPEN || socket.bufferedAmount > BUFFERED_BYTES_MAX) {
      return this.#drop(socket, 1013, "too slow");
    }
    socket.send(text);
  }

  #drop(socket: WebSocket, code: number, reason: string): void {
    this.#clients.delete(socket);
    if (socket.readyState === WebSocket.OPEN) socket.close(code, reason);
  }

  async #pingForever(clock: Clock): Promise<void> {
    const { signal } = this.#stopping;
    const ping = writeJson({ type: "ping" });
    while (!signal.aborted) {
      await clock.sleep(PING_INTERVAL_MS, signal);
      if (signal.aborted) return;
      for (const socket of [...this.#clients.keys()]) this.#send(socket, ping);
    }
  }
}

function isStream(name: unknown): name is Stream {
  return STREAMS.some((stream) => stream === name);
}
