/**
 * A question that we ask nodes, and the ways in which node versions spell it. Callers know the question; only the
 * files in `dialects/` know method names.
 */
import type { DialectName } from "../engine/event.ts";
import type { Params } from "./transport.ts";
import type { Field } from "./decode/field.ts";

/** Sends one request and starts reading its result. */
export type Ask = (method: string, params?: Params) => Promise<Field>;

/** One way to spell a question. */
export interface Spelling<Input, Answer> {
  /** Null where both dialects spell it the same. */
  readonly dialect: DialectName | null;
  readonly methods: readonly string[];
  ask(ask: Ask, input: Input): Promise<Answer>;
}

/** A question, its spellings in the order in which they are tried. */
export interface Question<Input, Answer> {
  readonly id: string;
  /** What it tells us, for the capability matrix. */
  readonly meaning: string;
  readonly spellings: readonly Spelling<Input, Answer>[];
}

/** A spelling that is one request and one decoder. */
export function spell<Answer>(
  dialect: DialectName | null,
  method: string,
  decode: (field: Field) => Answer,
  params: Params = {},
): Spelling<void, Answer> {
  return { dialect, methods: [method], ask: async (ask) => decode(await ask(method, params)) };
}
