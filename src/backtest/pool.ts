/**
 * The workers. They are `node:worker_threads` with a limit on their memory: a Web Worker that runs out of memory ends
 * the whole process. One that runs out of it here falls silent without a word, and one that loops does too, so a
 * watchdog tells them apart by the processor time that they use.
 */
import { Worker } from "node:worker_threads";
import type { Clock } from "../runtime/ports/clock.ts";
import type { BacktestPart, FieldError } from "../runtime/ports/backtest.ts";
import {
  CONTROL,
  CONTROL_BYTES,
  type FromWorker,
  type ProgressReport,
  type ToWorker,
  type WorkerJob,
} from "./protocol.ts";

/** Heap of one worker. Columns of data are outside of it and have limits of their own. */
export const HEAP_MIB_MAX = 256;

const MIB = 1024 * 1024;

/** How often the watchdog looks. */
const WATCH_EVERY_MS = 200;

/** Looks without a sign of life after which a worker is ended: 1.6 s. */
const SILENT_LOOKS_MAX = 8;

/** Looks that a worker gets to start: 20 s, it may have to be compiled on a busy machine. */
const START_LOOKS_MAX = 100;

/** Looks that a run gets to end by itself after it was cancelled: 1 s. */
const CANCEL_LOOKS_MAX = 5;

/** Time that idle workers but one are kept. */
const IDLE_LOOKS_MAX = 50;

/** The last looks before a worker is ended, over which its processor time is taken: one without memory is still. */
const CPU_LOOKS = 3;

/** Share of that time that a hanging worker must have computed to count as looping. */
const BUSY_SHARE = 0.05;

/** Pieces of data that are on their way to a worker at once. */
const PIECES_MAX = 4;

/** How a run ended. */
export type RunEnd =
  | Extract<FromWorker, { kind: "end" }>
  | Extract<FromWorker, { kind: "failed" }>
  /** Cancelled before there was a result. */
  | { readonly kind: "stopped" };

/** What a run is told about. */
export interface RunListener {
  onProgress(report: ProgressReport): void;
  onPart(part: BacktestPart): void;
}

/** A run that goes on. */
export interface Run {
  readonly ended: Promise<RunEnd>;
  cancel(): void;
}

/** What {@link WorkerPool} needs. */
export interface WorkerPoolOptions {
  readonly clock: Clock;
  /** The worker's entry. */
  readonly url: URL;
  /** Workers at once. */
  readonly size: number;
  readonly heapMiB?: number;
}

interface Task {
  readonly job: Omit<WorkerJob, "control">;
  readonly control: Int32Array;
  readonly pieces: AsyncIterable<Uint8Array<ArrayBuffer>> | null;
  readonly listener: RunListener;
  readonly end: (end: RunEnd) => void;
  cancelled: boolean;
  cancelLooks: number;
}

interface Member {
  readonly worker: Worker;
  ready: boolean;
  task: Task | null;
  /** Signs of life that have been seen: messages and beats. */
  messages: number;
  seen: number;
  silentLooks: number;
  /** Resident memory of the whole program at the last sign. */
  residentBytes: number;
  /** Processor time when it had been silent for a while, µs. */
  cpuUs: number;
  /** Whether the worker has something to do; while it waits for data it owes no sign. */
  owes: boolean;
  idleLooks: number;
  acked: (() => void) | null;
  inFlight: number;
}

/** Runs jobs in workers, as many at once as there are workers. */
export class WorkerPool {
  readonly #options: WorkerPoolOptions;
  readonly #heapMiB: number;
  readonly #members = new Set<Member>();
  readonly #stop = new AbortController();
  #watching: Promise<void> | null = null;

  constructor(options: WorkerPoolOptions) {
    this.#options = options;
    this.#heapMiB = options.heapMiB ?? HEAP_MIB_MAX;
  }

  /** Jobs that could begin now. */
  get free(): number {
    let busy = 0;
    for (const { task } of this.#members) if (task) busy++;
    return this.#options.size - busy;
  }

  /** Workers that are alive. */
  get workers(): number {
    return this.#members.size;
  }

  /**
   * Begins a job; there must be a free worker.
   *
   * @param pieces Its data, where the worker cannot make them itself; each piece is moved, not copied
   */
  begin(
    job: Omit<WorkerJob, "control">,
    pieces: AsyncIterable<Uint8Array<ArrayBuffer>> | null,
    listener: RunListener,
  ): Run {
    if (this.free <= 0) throw new RangeError("Cannot begin a backtest: every worker is busy");
    const { promise, resolve } = Promise.withResolvers<RunEnd>();
    const control = new Int32Array(new SharedArrayBuffer(CONTROL_BYTES));
    const task: Task = { job, control, pieces, listener, end: resolve, cancelled: false, cancelLooks: 0 };
    const member = [...this.#members].find((idle) => idle.task === null && idle.ready) ??
      [...this.#members].find((idle) => idle.task === null) ?? this.#spawn();
    member.task = task;
    member.silentLooks = 0;
    member.idleLooks = 0;
    if (member.ready) this.#start(member, task);
    this.#watching ??= this.#watch();
    return {
      ended: promise,
      cancel: () => {
        task.cancelled = true;
        Atomics.store(control, CONTROL.cancel, 1);
      },
    };
  }

  /** Ends every worker; runs that go on end as stopped. */
  async stop(): Promise<void> {
    this.#stop.abort();
    await Promise.all([...this.#members].map((member) => this.#discard(member, { kind: "stopped" })));
    await this.#watching;
  }

  #spawn(): Member {
    const worker = new Worker(this.#options.url, {
      resourceLimits: { maxOldGenerationSizeMb: this.#heapMiB, maxYoungGenerationSizeMb: 32 },
    });
    const member: Member = {
      worker,
      ready: false,
      task: null,
      messages: 0,
      seen: 0,
      silentLooks: 0,
      residentBytes: 0,
      cpuUs: 0,
      owes: true,
      idleLooks: 0,
      acked: null,
      inFlight: 0,
    };
    worker.on("message", (message: FromWorker) => this.#onMessage(member, message));
    worker.on("error", (error: Error) => this.#gone(member, `the worker failed: ${error.message}`));
    worker.on("exit", (code: number) => this.#gone(member, `the worker ended with code ${code}`));
    this.#members.add(member);
    return member;
  }

  #start(member: Member, task: Task): void {
    member.owes = true;
    member.inFlight = 0;
    member.residentBytes = residentBytes();
    const control = task.control.buffer as SharedArrayBuffer;
    post(member, { kind: "run", job: { ...task.job, control } });
    if (task.pieces) {
      this.#feed(member, task, task.pieces).catch((error) => {
        const reason = `the data cannot be read: ${error instanceof Error ? error.message : error}`;
        if (member.task === task) this.#discard(member, { kind: "failed", reason, errors: [] });
      });
    }
  }

  /** Hands the data over, at most {@link PIECES_MAX} pieces ahead of the worker. */
  async #feed(member: Member, task: Task, pieces: AsyncIterable<Uint8Array<ArrayBuffer>>): Promise<void> {
    for await (const piece of pieces) {
      if (member.task !== task) return;
      member.owes = true;
      member.inFlight++;
      post(member, { kind: "data", bytes: piece.buffer }, [piece.buffer]);
      while (member.inFlight >= PIECES_MAX && member.task === task) {
        await new Promise<void>((resolve) => member.acked = resolve);
      }
    }
    if (member.task !== task) return;
    member.owes = true;
    post(member, { kind: "data-end" });
  }

  #onMessage(member: Member, message: FromWorker): void {
    member.messages++;
    const { task } = member;
    switch (message.kind) {
      case "ready":
        member.ready = true;
        if (task) this.#start(member, task);
        return;
      case "ack":
        // Only data that are on their way make it owe a sign; what it reads from is our business.
        if (--member.inFlight === 0) member.owes = false;
        member.acked?.();
        return;
      case "progress":
        return task?.listener.onProgress(message.report);
      case "part":
        return task?.listener.onPart(message.part);
      case "end":
      case "stopped":
      case "failed":
        member.task = null;
        member.acked?.();
        return task?.end(message);
      default:
        return unreachable(message);
    }
  }

  /** A worker that is not there any more. */
  #gone(member: Member, reason: string): void {
    this.#members.delete(member);
    const { task } = member;
    member.task = null;
    member.acked?.();
    task?.end(task.cancelled ? { kind: "stopped" } : { kind: "failed", reason, errors: NO_ERRORS });
  }

  async #discard(member: Member, end: RunEnd): Promise<void> {
    this.#members.delete(member);
    const { task } = member;
    member.task = null;
    member.acked?.();
    task?.end(end);
    await member.worker.terminate();
  }

  /** Looks after the workers for as long as there are any. */
  async #watch(): Promise<void> {
    const { clock } = this.#options;
    while (!this.#stop.signal.aborted) {
      // Looks are counted, not milliseconds: when the whole machine was suspended, the workers were too.
      await clock.sleep(WATCH_EVERY_MS, this.#stop.signal);
      if (this.#stop.signal.aborted) return;
      for (const member of this.#members) this.#look(member);
    }
  }

  #look(member: Member): void {
    const { task } = member;
    if (!task) {
      const warm = [...this.#members].find((idle) => idle.task === null) === member;
      if (!warm && ++member.idleLooks > IDLE_LOOKS_MAX) this.#discard(member, { kind: "stopped" });
      return;
    }
    if (task.cancelled && ++task.cancelLooks > CANCEL_LOOKS_MAX) {
      this.#discard(member, { kind: "stopped" });
      return;
    }
    const seen = member.messages + Atomics.load(task.control, CONTROL.beat);
    if (seen !== member.seen || !member.owes) {
      member.seen = seen;
      member.silentLooks = 0;
      member.residentBytes = residentBytes();
      return;
    }
    const looksMax = member.ready ? SILENT_LOOKS_MAX : START_LOOKS_MAX;
    member.silentLooks++;
    if (member.silentLooks === looksMax - CPU_LOOKS) cpuOf(member.worker).then((us) => member.cpuUs = us);
    if (member.silentLooks < looksMax) return;
    member.silentLooks = -looksMax; // While its time is being asked for.
    this.#hangs(member, task, looksMax);
  }

  /** Ends a worker that gives no sign of life, and says why it does not. */
  async #hangs(member: Member, task: Task, looks: number): Promise<void> {
    const usedUs = await cpuOf(member.worker) - member.cpuUs;
    if (member.task !== task) return;
    // Near its limit it may collect garbage for a long time before it stands still.
    const still = usedUs < CPU_LOOKS * WATCH_EVERY_MS * 1000 * BUSY_SHARE;
    const grown = residentBytes() - member.residentBytes > this.#heapMiB * MIB / 2;
    const seconds = (looks * WATCH_EVERY_MS / 1000).toFixed(1);
    const reason = !member.ready
      ? `the worker did not start within ${seconds} s`
      : still || grown
      ? `the worker ran out of its ${this.#heapMiB} MiB of memory`
      : `the worker computed for ${seconds} s without getting on: it loops, or collects garbage at the limit of its ` +
        `${this.#heapMiB} MiB of memory`;
    await this.#discard(member, { kind: "failed", reason, errors: NO_ERRORS });
  }
}

const NO_ERRORS: readonly FieldError[] = [];

function residentBytes(): number {
  return Deno.memoryUsage().rss;
}

/** Processor time of a worker in µs; 0 when it cannot be told. */
async function cpuOf(worker: Worker): Promise<number> {
  try {
    const { user, system } = await (worker as unknown as {
      cpuUsage(): Promise<{ user: number; system: number }>;
    }).cpuUsage();
    return user + system;
  } catch {
    return 0;
  }
}

function post(member: Member, message: ToWorker, transfer: readonly ArrayBuffer[] = []): void {
  member.worker.postMessage(message, [...transfer]);
}

function unreachable(message: never): never {
  throw new TypeError(`Cannot understand a worker that says ${JSON.stringify(message)}`);
}
