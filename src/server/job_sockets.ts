/** Sockets that follow one backtest each: its state at once, then what changes, its result, and the end. */
import type { BacktestJobs } from "../runtime/ports/backtest.ts";
import { hasEnded } from "../runtime/ports/backtest.ts";
import type { Clock } from "../runtime/ports/clock.ts";
import {
  BUFFERED_BYTES_MAX,
  MESSAGE_BYTES_MAX,
  MESSAGES_PER_MINUTE_MAX,
  type Socket,
  type SocketSession,
  STALLED_MS_MAX,
} from "./hub.ts";
import { replyBody } from "./reply.ts";
import { BACKTEST_UNITS, backtestDraft, progressDraft } from "./views/backtest.ts";
import type { Source } from "./wire.ts";

/** Clients that follow backtests at once. */
export const JOB_CLIENTS_MAX = 200;

/** Close code of a socket whose backtest does not exist. */
export const UNKNOWN_JOB = 4404;

/** What {@link JobSockets} needs. */
export interface JobSocketsOptions {
  readonly jobs: () => BacktestJobs;
  readonly clock: Clock;
  readonly source: () => Source;
}

/** The followers of backtests. */
export class JobSockets {
  readonly #options: JobSocketsOptions;
  readonly #sockets = new Set<Socket>();

  constructor(options: JobSocketsOptions) {
    this.#options = options;
  }

  /** Takes over an open socket. */
  connect(socket: Socket, id: string): SocketSession {
    const { jobs, clock } = this.#options;
    if (this.#sockets.size >= JOB_CLIENTS_MAX) return refused(socket, 1013, "too many clients");
    if (jobs().job(id) === null) return refused(socket, UNKNOWN_JOB, "there is no such backtest");
    this.#sockets.add(socket);
    let points = 0;
    let stalledSinceMs: number | null = null;
    let messages = 0;
    let minuteMs = clock.monotonicMs();
    let unwatch = () => {};
    const end = (code: number, reason: string) => {
      unwatch();
      this.#sockets.delete(socket);
      close(socket, code, reason);
    };
    const push = () => {
      if (socket.readyState !== WebSocket.OPEN) return;
      const job = jobs().job(id);
      if (job === null) return end(UNKNOWN_JOB, "the backtest was deleted");
      const meta = {
        source: job.simulated ? "simulated" as const : this.#options.source(),
        asOfMs: clock.nowMs(),
        units: BACKTEST_UNITS,
      };
      if (hasEnded(job.status)) {
        socket.send(JSON.stringify({ type: "result", ...replyBody(backtestDraft(job, null), meta) }));
        return end(1000, "the backtest has ended");
      }
      if (socket.bufferedAmount > BUFFERED_BYTES_MAX) { // It gets what it misses when it reads again.
        stalledSinceMs ??= clock.monotonicMs();
        if (clock.monotonicMs() - stalledSinceMs > STALLED_MS_MAX) end(1013, "too slow");
        return;
      }
      stalledSinceMs = null;
      const progress = jobs().progress(id);
      const draft = progressDraft(job, progress, points);
      points = progress?.equity.length ?? points;
      socket.send(JSON.stringify({ type: "progress", ...replyBody(draft, meta) }));
    };
    unwatch = jobs().watch(id, push);
    push();
    return {
      onMessage: (data) => {
        const nowMs = clock.monotonicMs();
        if (nowMs - minuteMs >= 60_000) {
          minuteMs = nowMs;
          messages = 0;
        }
        if (++messages > MESSAGES_PER_MINUTE_MAX) {
          end(1008, `more than ${MESSAGES_PER_MINUTE_MAX} messages a minute`);
        } else if (typeof data !== "string") end(1003, "only text is understood");
        else if (data.length > MESSAGE_BYTES_MAX) end(1009, `over ${MESSAGE_BYTES_MAX} bytes`);
        else if (socket.readyState === WebSocket.OPEN) socket.send('{"status":"listening"}');
      },
      onClose: () => {
        unwatch();
        this.#sockets.delete(socket);
      },
    };
  }

  /** Says goodbye to everyone. */
  stop(): void {
    for (const socket of this.#sockets) close(socket, 1001, "the server is going away");
    this.#sockets.clear();
  }
}

function refused(socket: Socket, code: number, reason: string): SocketSession {
  close(socket, code, reason);
  return { onMessage: () => {}, onClose: () => {} };
}

function close(socket: Socket, code: number, reason: string): void {
  try {
    socket.close(code, reason);
  } catch {
    // Already gone.
  }
}
