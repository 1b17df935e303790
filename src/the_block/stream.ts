/**
 * The node's WebSocket, where it offers one. It only says "look now": what is new is always read by polling, so a
 * lost frame loses nothing. Reconnects with full jitter, resubscribes, and distrusts silence.
 */
import type { Clock } from "../runtime/ports/clock.ts";

/** Longest wait between two attempts. */
const BACKOFF_MAX_MS = 3_000;

/** A stream that is silent for so long is taken for dead; the node's pings come more often. */
const IDLE_MAX_MS = 45_000;

/** A link that stood for so long resets the count of attempts. */
const STABLE_MS = 30_000;

/** Where the upgrade is refused, polling is all there is; ask again only rarely. */
const REFUSED_RETRY_MS = 600_000;

/** Longest text of a frame that is looked at. */
const FRAME_MAX = 1_048_576;

/** State of the stream, for `/theblock/status`. */
export type StreamState = "off" | "connecting" | "open" | "waiting" | "refused" | "gave_up";

/** What {@link NodeStream} needs. */
export interface NodeStreamOptions {
  readonly url: string;
  readonly clock: Clock;
  /** Base of the back-off. */
  readonly reconnectMs: number;
  /** 0 = unlimited. */
  readonly attemptsMax: number;
  /** Called for every frame that announces something new, and after every (re)connect. */
  readonly onNews: () => void;
  readonly onState: (state: StreamState, detail: string | null) => void;
  /** Uniform in [0, 1). */
  readonly random?: () => number;
}

/** One subscription to a node's `state_stream`. */
export class NodeStream {
  readonly #options: NodeStreamOptions;
  readonly #stop = new AbortController();
  #rest = new AbortController();
  #everOpen = false;

  constructor(options: NodeStreamOptions) {
    this.#options = options;
  }

  /** Runs until {@link stop}. */
  async run(): Promise<void> {
    const { clock, attemptsMax, reconnectMs, onState } = this.#options;
    const random = this.#options.random ?? Math.random;
    for (let attempt = 0; !this.#stop.signal.aborted;) {
      onState("connecting", null);
      const startMs = clock.monotonicMs();
      const opened = await this.#once();
      if (this.#stop.signal.aborted) break;
      if (!opened && !this.#everOpen && attempt >= 2) {
        // A node without this endpoint refuses each time: that is an answer, not a fault.
        onState("refused", "the node refuses the upgrade; polling instead");
        this.#rest = new AbortController();
        await clock.sleep(REFUSED_RETRY_MS, AbortSignal.any([this.#stop.signal, this.#rest.signal]));
        attempt = 0;
        continue;
      }
      attempt = opened && clock.monotonicMs() - startMs >= STABLE_MS ? 0 : attempt + 1;
      if (attemptsMax > 0 && attempt >= attemptsMax) {
        onState("gave_up", `gave up after ${attempt} attempts; polling goes on`);
        return;
      }
      const limitMs = Math.min(BACKOFF_MAX_MS, reconnectMs * 2 ** Math.min(attempt, 10));
      onState("waiting", null);
      await clock.sleep(Math.max(50, random() * limitMs), this.#stop.signal);
    }
    onState("off", null);
  }

  /** Tries again now: the node was away when it refused, and may be another one. */
  retry(): void {
    this.#everOpen = false;
    this.#rest.abort();
  }

  /** Closes the stream for good. */
  stop(): void {
    this.#stop.abort();
  }

  /** One connection, from the attempt to its end; whether it was ever open. */
  async #once(): Promise<boolean> {
    const { clock, url, onNews, onState } = this.#options;
    const ended = Promise.withResolvers<void>();
    const done = new AbortController();
    let socket: WebSocket;
    try {
      socket = new WebSocket(url);
    } catch {
      return false;
    }
    let opened = false;
    let heardMs = clock.monotonicMs();
    const end = () => ended.resolve();
    this.#stop.signal.addEventListener("abort", end, { once: true });
    socket.onopen = () => {
      opened = true;
      this.#everOpen = true;
      heardMs = clock.monotonicMs();
      onState("open", null);
      socket.send(JSON.stringify({ method: "state_stream.subscribe", params: ["block_updates"], id: 1 }));
      onNews(); // Whatever was missed while the link was down is fetched now.
    };
    socket.onmessage = ({ data }) => {
      heardMs = clock.monotonicMs();
      const frame = typeof data === "string" && data.length <= FRAME_MAX ? parseFrame(data) : null;
      if (frame?.type === "ping") {
        socket.send(JSON.stringify({ type: "pong", timestamp: frame.timestamp ?? 0 }));
      } else if (frame?.type === "block_update") onNews();
    };
    socket.onerror = end;
    socket.onclose = end;
    const watchdog = (async () => {
      while (!done.signal.aborted) {
        await clock.sleep(IDLE_MAX_MS / 3, done.signal);
        if (!done.signal.aborted && clock.monotonicMs() - heardMs > IDLE_MAX_MS) end();
      }
    })();
    await ended.promise;
    done.abort();
    await watchdog;
    this.#stop.signal.removeEventListener("abort", end);
    socket.onopen =
      socket.onmessage =
      socket.onerror =
      socket.onclose =
        null;
    await closed(socket, clock);
    return opened;
  }
}

/** Closes a socket and waits a moment for the peer, so that nothing of it outlives the stream. */
async function closed(socket: WebSocket, clock: Clock): Promise<void> {
  if (socket.readyState === WebSocket.CLOSED) return;
  const gone = Promise.withResolvers<void>();
  const patience = new AbortController();
  socket.onclose = socket.onerror = () => gone.resolve();
  try {
    socket.close();
  } catch {
    return;
  }
  await Promise.race([gone.promise, clock.sleep(1_000, patience.signal)]);
  patience.abort();
}

function parseFrame(text: string): { type?: unknown; timestamp?: unknown } | null {
  try {
    const frame: unknown = JSON.parse(text);
    return typeof frame === "object" && frame !== null ? frame : null;
  } catch {
    return null;
  }
}
