/**
 * Runs a user's agent in a worker of its own and keeps it from doing harm: it gets little memory, a deadline for each
 * decision, and is suspended when it misses too often. A worker that has run out of memory falls silent without a
 * word, so silence is all that the watchdog looks at.
 *
 * This protects from mistakes, not from malice: the file has the permissions of the program.
 */
import { Worker } from "node:worker_threads";
import type { AgentCard } from "../engine/trading/agents/agent.ts";
import { checkIntents } from "../engine/trading/agents/foreign.ts";
import type { OrderIntent } from "../engine/trading/order.ts";
import type { AgentQuestion, AgentReply, AgentStart } from "./agent_protocol.ts";
import type { Clock } from "./ports/clock.ts";

/** Time that a decision may take. */
export const DECISION_MS_MAX = 100;

/** Misses at which an agent is suspended; each answer in time takes one back. */
export const MISSES_MAX = 3;

/** Time that a file may take to load. */
const START_MS_MAX = 10_000;

/** Heap of a worker. */
const HEAP_MIB_MAX = 64;

/** What came of a question. */
export type AgentAnswer =
  | {
    readonly kind: "intents";
    readonly intents: readonly OrderIntent[];
    /** What it remembers from here on, as the codec writes it; to be handed over with the next question. */
    readonly memory: string;
  }
  /** No usable answer; `reason` says why, in the agent's words or ours. */
  | { readonly kind: "missed"; readonly reason: string }
  /** It is not asked any more. */
  | { readonly kind: "suspended"; readonly reason: string };

/** What {@link startAgent} needs. */
export interface AgentHostOptions {
  readonly clock: Clock;
  /** URL of the agent's file. */
  readonly url: URL;
  readonly decisionMs?: number;
  readonly startMs?: number;
}

/**
 * Loads an agent's file.
 *
 * @throws {Error} If it cannot be loaded in time, or is no agent
 */
export async function startAgent(options: AgentHostOptions): Promise<AgentHost> {
  const { clock, url, startMs = START_MS_MAX } = options;
  const start: AgentStart = { url: url.href };
  const worker = new Worker(new URL("./agent_worker.ts", import.meta.url), {
    workerData: start,
    resourceLimits: { maxOldGenerationSizeMb: HEAP_MIB_MAX, maxYoungGenerationSizeMb: 8 },
  });
  const reply = await firstReply(worker, clock, startMs);
  if (reply.kind === "ready") return new AgentHost(worker, reply, options);
  await worker.terminate();
  const why = reply.kind === "refused" ? reply.problem : `it says ${reply.kind}`;
  throw new Error(`Cannot start agent "${url.href}": ${why}`);
}

/** What the worker says first, or why it says nothing. */
async function firstReply(worker: Worker, clock: Clock, startMs: number): Promise<AgentReply> {
  const done = new AbortController();
  const said = new Promise<AgentReply>((resolve) => {
    const refuse = (problem: string) => resolve({ kind: "refused", problem });
    worker.once("message", resolve);
    worker.on("error", (error: unknown) => refuse(error instanceof Error ? error.message : String(error)));
    worker.on("exit", () => refuse("its worker ended"));
  });
  const late = clock.sleep(startMs, done.signal).then((): AgentReply => ({
    kind: "refused",
    problem: `it did not load within ${startMs} ms`,
  }));
  const reply = await Promise.race([said, late]);
  done.abort();
  return reply;
}

/** A running agent. One question at a time; {@link close} it in the end. */
export class AgentHost {
  readonly card: AgentCard;
  readonly #worker: Worker;
  readonly #clock: Clock;
  readonly #decisionMs: number;
  #seq = 0;
  #misses = 0;
  #waiting: { readonly seq: number; readonly answer: (reply: AgentReply) => void } | null = null;
  /** Seq of the question that the worker is still busy with after its deadline. */
  #overdue: number | null = null;
  #suspended: string | null = null;

  constructor(worker: Worker, card: AgentCard, options: AgentHostOptions) {
    const { name, title, hypothesis, parameters } = card;
    this.card = { name, title, hypothesis, parameters };
    this.#worker = worker;
    this.#clock = options.clock;
    this.#decisionMs = options.decisionMs ?? DECISION_MS_MAX;
    worker.on("message", (reply: AgentReply) => this.#onReply(reply));
    worker.on("exit", () => this.#onReply({ kind: "refused", problem: "its worker ended" }));
  }

  /** Why it is suspended; null while it is not. */
  get suspended(): string | null {
    return this.#suspended;
  }

  /**
   * Asks for a decision. An answer that comes too late is dropped.
   *
   * @param question Is copied before this returns
   */
  async ask(question: Omit<AgentQuestion, "seq">): Promise<AgentAnswer> {
    if (this.#suspended !== null) return { kind: "suspended", reason: this.#suspended };
    if (this.#waiting !== null) return await this.#miss("it is still deciding");
    if (this.#overdue !== null) return await this.#miss("it is still busy with an earlier decision");
    const seq = ++this.#seq;
    const reply = await this.#exchange({ seq, ...question });
    if (reply === null) {
      this.#overdue = seq;
      return await this.#miss(`it did not decide within ${this.#decisionMs} ms`);
    }
    if (reply.kind !== "decided") return await this.#miss("problem" in reply ? reply.problem : reply.kind);
    const checked = checkIntents(reply.intents, this.card.name);
    if ("problem" in checked) return await this.#miss(checked.problem);
    this.#misses = Math.max(0, this.#misses - 1);
    return { kind: "intents", intents: checked.intents, memory: reply.memory };
  }

  /** Suspends it by hand. */
  async suspend(reason: string): Promise<void> {
    if (this.#suspended !== null) return;
    this.#suspended = reason;
    await this.#worker.terminate();
  }

  /** Ends its worker. */
  async close(): Promise<void> {
    await this.suspend("the program is closing");
  }

  async #exchange(question: AgentQuestion): Promise<AgentReply | null> {
    const done = new AbortController();
    const replied = new Promise<AgentReply>((answer) => {
      this.#waiting = { seq: question.seq, answer };
    });
    this.#worker.postMessage(question);
    const reply = await Promise.race([
      replied,
      this.#clock.sleep(this.#decisionMs, done.signal).then(() => null),
    ]);
    done.abort();
    this.#waiting = null;
    return reply;
  }

  #onReply(reply: AgentReply): void {
    if ("seq" in reply && reply.seq === this.#overdue) this.#overdue = null;
    const waiting = this.#waiting;
    if (waiting !== null && (!("seq" in reply) || reply.seq === waiting.seq)) waiting.answer(reply);
  }

  async #miss(reason: string): Promise<AgentAnswer> {
    this.#misses++;
    if (this.#misses < MISSES_MAX) return { kind: "missed", reason };
    await this.suspend(reason);
    return { kind: "suspended", reason };
  }
}
