import type { Clock } from "../runtime/ports/clock.ts";
import { writeJson } from "./json.ts";

const CLIENTS_MAX = 64;
const FRAME_EVERY_MS = 1_000;

/**
 * The node's `/state_stream`: a whole frame of all accounts each second, the first at once. A real node stalls for
 * everybody when a client sends a single byte; this one counts who would have done that.
 */
export class StateStream {
  readonly #frame: (seq: number) => unknown;
  readonly #clock: Clock;
  readonly #clients = new Map<WebSocket, Promise<void>>();
  readonly #stopping = new AbortController();
  /** Frames sent. */
  frames = 0;
  /** Messages and close frames that came from clients. */
  violations = 0;

  /** @param frame The frame with a number */
  constructor(frame: (seq: number) => unknown, clock: Clock) {
    this.#frame = frame;
    this.#clock = clock;
  }

  /** Upgrades a request, or refuses it with 503 when 64 clients are connected. */
  accept(request: Request): Response {
    if (this.#clients.size >= CLIENTS_MAX || this.#stopping.signal.aborted) {
      return new Response(null, { status: 503 });
    }
    const { socket, response } = Deno.upgradeWebSocket(request, { idleTimeout: 0 });
    const gone = new AbortController();
    socket.onopen = () => this.#clients.set(socket, this.#send(socket, gone.signal));
    socket.onmessage = () => this.violations++;
    socket.onerror = () => gone.abort();
    socket.onclose = ({ wasClean }) => {
      if (wasClean && !this.#stopping.signal.aborted) this.violations++;
      gone.abort();
      this.#clients.delete(socket);
    };
    return response;
  }

  async stop(): Promise<void> {
    this.#stopping.abort();
    const sending = [...this.#clients.values()];
    for (const socket of this.#clients.keys()) if (socket.readyState === WebSocket.OPEN) socket.close(1001);
    await Promise.all(sending);
  }

  async #send(socket: WebSocket, gone: AbortSignal): Promise<void> {
    const signal = AbortSignal.any([gone, this.#stopping.signal]);
    for (let seq = 0; !signal.aborted && socket.readyState === WebSocket.OPEN; seq++) {
      socket.send(writeJson(this.#frame(seq)));
      this.frames++;
      await this.#clock.sleep(FRAME_EVERY_MS, signal);
    }
  }
}
