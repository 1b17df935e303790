/**
 * Typed questions to one node. Callers never see a method name: a question is tried in its spellings until one is
 * offered, the choice is remembered, and what is missing is asked again only rarely.
 */
import type { Capability, DialectName } from "../engine/event.ts";
import { Absent, absent, type Known } from "../engine/reason.ts";
import type { Clock } from "../runtime/ports/clock.ts";
import { fieldOf } from "./decode/field.ts";
import { NodeError } from "./errors.ts";
import type { Ask, Question, Spelling } from "./question.ts";
import type { CallOptions, RpcTransport } from "./transport.ts";

/** How long a question that is not offered rests before it is tried again. */
export const REPROBE_MS = 600_000;

/** How long one rests that was offered before on this connection: the node is in trouble, or was reconfigured. */
export const REPROBE_LOST_MS = 3_000;

// deno-lint-ignore no-explicit-any
type AnyQuestion = Question<any, unknown>;
// deno-lint-ignore no-explicit-any
type AnySpelling = Spelling<any, unknown>;

interface Choice {
  spelling: AnySpelling | null;
  status: Capability["status"];
  detail: string | null;
  retryAtMs: number;
}

/** A client of one node. */
export class NodeClient {
  readonly #transport: RpcTransport;
  readonly #clock: Clock;
  readonly #choices = new Map<string, Choice>();
  readonly #questions = new Map<string, AnyQuestion>();
  /** Questions that were answered on this connection and then no more. */
  readonly #lost = new Set<string>();
  /** Once a spelling of one dialect has answered, that dialect's spellings are tried first. */
  #preferred: DialectName | null = null;

  constructor(transport: RpcTransport, clock: Clock) {
    this.#transport = transport;
    this.#clock = clock;
  }

  /** The transport, for its state. */
  get transport(): RpcTransport {
    return this.#transport;
  }

  /**
   * Asks a question.
   *
   * @returns The answer, or `Absent` with `NOT_OFFERED` or `AUTH` when this node does not give one
   * @throws {NodeError} If the node should have answered and did not
   */
  async ask<Input, Answer>(
    question: Question<Input, Answer>,
    input: Input,
    options: CallOptions = {},
  ): Promise<Known<Answer>> {
    this.#questions.set(question.id, question);
    const known = this.#choices.get(question.id);
    if (known?.spelling) return await this.#askKnown(question, known, input, options);
    if (known && this.#clock.monotonicMs() < known.retryAtMs) return absentOf(known);
    return await this.#probe(question, input, options);
  }

  /** Whether a question has been answered on this connection. */
  offers<Input, Answer>(question: Question<Input, Answer>): boolean {
    return this.#choices.get(question.id)?.status === "offered";
  }

  /** Forgets every choice, because another node may answer now. */
  forget(): void {
    this.#choices.clear();
    this.#lost.clear();
    this.#preferred = null;
  }

  /** The dialect that most of this node's own spellings belong to. */
  get dialect(): DialectName {
    const votes: Record<DialectName, number> = { readme: 0, live: 0 };
    for (const { spelling } of this.#choices.values()) if (spelling?.dialect) votes[spelling.dialect]++;
    return votes.readme > votes.live ? "readme" : "live";
  }

  /** What was found out about each question so far, in the order of asking. */
  capabilities(): readonly Capability[] {
    return [...this.#questions.values()].map((question) => {
      const choice = this.#choices.get(question.id);
      return {
        id: question.id,
        question: question.meaning,
        status: choice?.status ?? "unknown",
        dialect: choice?.spelling?.dialect ?? null,
        methods: choice?.spelling?.methods ?? question.spellings.flatMap((spelling) => spelling.methods),
        detail: choice?.detail ?? null,
      };
    });
  }

  async #askKnown<Input, Answer>(
    question: Question<Input, Answer>,
    known: Choice,
    input: Input,
    options: CallOptions,
  ): Promise<Known<Answer>> {
    try {
      const answer = await this.#askSpelling(known.spelling as Spelling<Input, Answer>, input, options);
      known.detail = null;
      return answer;
    } catch (error) {
      if (!isRefusal(error)) throw error;
      // The node was replaced by one that spells it otherwise, or a credential was taken away.
      this.#choices.delete(question.id);
      this.#lost.add(question.id);
      return await this.#probe(question, input, options);
    }
  }

  async #probe<Input, Answer>(
    question: Question<Input, Answer>,
    input: Input,
    options: CallOptions,
  ): Promise<Known<Answer>> {
    const refusals: NodeError[] = [];
    for (const spelling of this.#inOrder(question.spellings)) {
      try {
        const answer = await this.#askSpelling(spelling, input, options);
        this.#remember(question, spelling, "offered", null);
        this.#preferred ??= spelling.dialect;
        return answer;
      } catch (error) {
        if (!isRefusal(error)) {
          if (error instanceof NodeError && error.kind === "decode") {
            this.#remember(question, spelling, "offered", error.message);
          }
          throw error;
        }
        refusals.push(error);
      }
    }
    const denied = refusals.find(({ kind }) => kind === "unauthorized");
    const detail = denied?.message ?? refusals.map(({ message }) => message).join("; ");
    return absentOf(this.#remember(question, null, denied ? "unauthorized" : "missing", detail));
  }

  #askSpelling<Input, Answer>(
    spelling: Spelling<Input, Answer>,
    input: Input,
    options: CallOptions,
  ): Promise<Answer> {
    const ask: Ask = async (method, params = {}) =>
      fieldOf(method, await this.#transport.call(method, params, options));
    return spelling.ask(ask, input);
  }

  #inOrder<Input, Answer>(spellings: readonly Spelling<Input, Answer>[]): readonly Spelling<Input, Answer>[] {
    if (this.#preferred !== "live") return spellings;
    return [...spellings].sort((a, b) => Number(b.dialect === "live") - Number(a.dialect === "live"));
  }

  #remember(
    question: AnyQuestion,
    spelling: AnySpelling | null,
    status: Capability["status"],
    detail: string | null,
  ): Choice {
    const restMs = this.#lost.has(question.id) ? REPROBE_LOST_MS : REPROBE_MS;
    const choice = { spelling, status, detail, retryAtMs: this.#clock.monotonicMs() + restMs };
    this.#choices.set(question.id, choice);
    return choice;
  }
}

/** Whether the node says that it does not offer the method to us. */
function isRefusal(error: unknown): error is NodeError {
  return error instanceof NodeError && (error.kind === "missing" || error.kind === "unauthorized");
}

function absentOf({ status, detail }: Choice): Absent {
  return status === "unauthorized"
    ? absent("AUTH", `the node refuses the question without a credential (${detail})`)
    : absent("NOT_OFFERED", `this node does not offer it (${detail})`);
}
