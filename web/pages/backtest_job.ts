/** One backtest, followed while it runs: over its own socket, and by asking where that does not stand. */
import { Problem } from "../api.ts";
import type { View } from "../router.ts";
import type { Backtest, BacktestProgressFrame, Body } from "../../src/server/wire.ts";

/** A socket that was lost is opened again after so long. */
const RETRY_MS = 2_000;

/** Unix seconds and equity. */
export type Point = readonly [t: number, equity: number];

/** Whether a backtest has come to its end. */
export function hasEnded({ status }: Pick<Backtest, "status">): boolean {
  return status !== "queued" && status !== "running";
}

/** The points that the client has, with those of a frame, which follow from an index on. */
export function extended(have: readonly Point[], from: number, more: readonly Point[]): readonly Point[] {
  return [...have.slice(0, from), ...more];
}

/** Follows the backtest that it is told to. */
export class Job {
  body: Body<Backtest> | null = null;
  frame: BacktestProgressFrame | null = null;
  curve: readonly Point[] = [];
  problem: string | null = null;
  readonly #view: View;
  readonly #onChange: () => void;
  #id: string | null = null;
  #key: string | null = null;
  #socket: WebSocket | null = null;
  #timer = 0;

  constructor(view: View, onChange: () => void) {
    [this.#view, this.#onChange] = [view, onChange];
    view.signal.addEventListener("abort", () => this.#drop(), { once: true });
  }

  /** What is followed. */
  get id(): string | null {
    return this.#id;
  }

  /** Follows another backtest, or none; asks anew when the key has changed. */
  follow(id: string | null): void {
    const { key } = this.#view.app.api;
    if (id === this.#id && key === this.#key) return;
    this.#drop();
    [this.#id, this.#key] = [id, key];
    [this.body, this.frame, this.curve, this.problem] = [null, null, [], null];
    this.#onChange();
    if (id !== null && key !== null) void this.read();
  }

  /** Asks how it stands, and listens as long as it goes on. */
  async read(): Promise<void> {
    const id = this.#id;
    if (id === null) return;
    try {
      const body = await this.#view.app.api.get(`/backtest/${encodeURIComponent(id)}`) as Body<Backtest>;
      if (id !== this.#id || this.#view.signal.aborted) return;
      this.#take(body);
      if (!hasEnded(body) && !this.#socket) this.#listen(id);
    } catch (error) {
      if (id !== this.#id || this.#view.signal.aborted) return;
      this.problem = error instanceof Error ? error.message : String(error);
      if (error instanceof Problem && error.status === 0) this.#again();
      this.#onChange();
    }
  }

  #take(body: Body<Backtest>): void {
    [this.body, this.problem] = [body, null];
    if (body.equity_curve.length > 0 || hasEnded(body)) this.curve = body.equity_curve;
    this.#onChange();
  }

  #listen(id: string): void {
    const { api } = this.#view.app;
    const socket = this.#socket = new WebSocket(
      api.socketUrl(`/backtest/ws/${encodeURIComponent(id)}`),
      api.protocols(),
    );
    // A frame counts from what the server has sent on this socket.
    let have: readonly Point[] = [];
    socket.onmessage = ({ data }) => {
      if (socket !== this.#socket) return;
      const message = JSON.parse(String(data)) as { readonly type?: string };
      if (message.type === "result") this.#take(message as unknown as Body<Backtest>);
      if (message.type !== "progress") return;
      this.frame = message as unknown as BacktestProgressFrame;
      have = extended(have, this.frame.equity_from, this.frame.equity_curve);
      if (have.length > 0) this.curve = have;
      this.#onChange();
    };
    socket.onclose = () => {
      if (socket !== this.#socket) return;
      this.#socket = null;
      if (!this.body || !hasEnded(this.body)) this.#again();
    };
  }

  #again(): void {
    clearTimeout(this.#timer);
    this.#timer = setTimeout(() => void this.read(), RETRY_MS);
  }

  #drop(): void {
    clearTimeout(this.#timer);
    const socket = this.#socket;
    this.#socket = null;
    socket?.close(1000);
  }
}
