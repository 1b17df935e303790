/**
 * When to stop asking. A node that is silent is left alone until one probe gets through; a method that keeps
 * killing its handler is left alone while the rest of the node works.
 */
import type { Clock } from "../runtime/ports/clock.ts";

/** Consecutive silences, over all methods, after which the node counts as down. */
const NODE_FAILURES = 3;

/** Consecutive empty replies of one method after which that method rests. */
const METHOD_FAILURES = 2;

/** Rest of a method; doubles up to the maximum. */
const METHOD_REST_MS = 15_000;
const METHOD_REST_MAX_MS = 600_000;

interface MethodRecord {
  failures: number;
  rests: number;
  restUntilMs: number;
}

/** Circuit breaker over a node and its methods. */
export class Breaker {
  readonly #clock: Clock;
  #failures = 0;
  readonly #methods = new Map<string, MethodRecord>();

  constructor(clock: Clock) {
    this.#clock = clock;
  }

  /** Whether the node counts as down: only probes may pass. */
  get open(): boolean {
    return this.#failures >= NODE_FAILURES;
  }

  /** Why this method must not be asked now, or null. */
  refuses(method: string, probe: boolean): string | null {
    if (this.open && !probe) return "the node is not answering";
    const record = this.#methods.get(method);
    if (!probe && record && this.#clock.monotonicMs() < record.restUntilMs) {
      return "the node closed the connection each time that this was asked";
    }
    return null;
  }

  /** The node answered this method, with whatever. */
  answered(method: string): void {
    if (this.open) this.#methods.clear();
    this.#failures = 0;
    this.#methods.delete(method);
  }

  /** The node was silent. */
  silent(method: string, emptyReply: boolean): void {
    this.#failures++;
    if (!emptyReply) return;
    const record = this.#methods.get(method) ?? { failures: 0, rests: 0, restUntilMs: 0 };
    record.failures++;
    if (record.failures >= METHOD_FAILURES) {
      const restMs = Math.min(METHOD_REST_MAX_MS, METHOD_REST_MS * 2 ** record.rests);
      record.restUntilMs = this.#clock.monotonicMs() + restMs;
      record.rests++;
    }
    this.#methods.set(method, record);
  }
}
