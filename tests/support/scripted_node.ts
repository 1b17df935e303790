/** A transport without a wire: a test says what each method answers. */
import { NodeError, type NodeErrorKind } from "../../src/the_block/errors.ts";
import type { CallOptions, Params, Transport } from "../../src/the_block/transport.ts";

/** What a method answers; a thrown {@link NodeError} is what the transport would throw. */
export type Answer = (params: Params, count: number) => unknown;

/** One call as it was made. */
export interface ScriptedCall {
  readonly method: string;
  readonly params: Params;
  readonly options: CallOptions;
}

/** Answers calls from a script; methods that are not in it are not offered. */
export class ScriptedTransport {
  readonly calls: ScriptedCall[] = [];
  readonly #answers = new Map<string, Answer>();
  /** What `down` says: whether the breaker is open. */
  down = false;
  /** Answers every call in the node's place while it is set. */
  instead: ((method: string) => unknown) | null = null;

  constructor(answers: Readonly<Record<string, unknown>> = {}) {
    this.set(answers);
  }

  /** Adds or replaces answers; `undefined` takes a method away. */
  set(answers: Readonly<Record<string, unknown>>): void {
    for (const [method, answer] of Object.entries(answers)) {
      if (answer === undefined) this.#answers.delete(method);
      else this.#answers.set(method, typeof answer === "function" ? answer as Answer : () => answer);
    }
  }

  /** The methods that were called, in order. */
  get methods(): readonly string[] {
    return this.calls.map(({ method }) => method);
  }

  /** Calls of one method. */
  countOf(method: string): number {
    return this.calls.filter((call) => call.method === method).length;
  }

  // deno-lint-ignore require-await -- an answer that throws becomes a rejection
  async call(method: string, params: Params = {}, options: CallOptions = {}): Promise<unknown> {
    const count = this.countOf(method);
    this.calls.push({ method, params, options });
    if (this.instead) return this.instead(method);
    const answer = this.#answers.get(method);
    if (!answer) throw new NodeError("missing", method, "method not found", { code: -32601 });
    return answer(params, count);
  }

  /** As the client takes it. */
  get transport(): Transport {
    return this as unknown as Transport;
  }
}

/** An answer that fails. */
export function failing(kind: NodeErrorKind, message: string = kind): Answer {
  return () => {
    throw new NodeError(kind, "scripted", message);
  };
}
