/** Every question that the program asks nodes, with an input that fits a chain whose tip is given. */
import type { Question } from "../../src/the_block/question.ts";
import { balance, head, headers, simulation } from "../../src/the_block/dialects/chain.ts";
import { domain } from "../../src/the_block/dialects/domain.ts";
import {
  energyReceipts,
  receipts,
  settlementAudit,
  slaHistory,
} from "../../src/the_block/dialects/receipts.ts";
import { POLL_PLAN } from "../../src/the_block/poll_plan.ts";

/** A question and what to ask it with. */
export interface Asked {
  // deno-lint-ignore no-explicit-any -- one list of questions whose inputs and answers differ
  readonly question: Question<any, unknown>;
  readonly input: unknown;
}

/** All questions, for a chain whose tip is this and an account of ours. */
export function everyQuestion(tip: number, account: string): readonly Asked[] {
  return [
    { question: simulation, input: undefined },
    { question: headers, input: { start: Math.max(0, tip - 4), limit: 200 } },
    { question: head, input: undefined },
    ...POLL_PLAN.map(({ question }) => ({ question, input: undefined })),
    { question: balance, input: [account] },
    { question: receipts, input: { start: Math.max(0, tip - 4) } },
    { question: energyReceipts, input: { page: 0, pageSize: 25 } },
    { question: slaHistory, input: { tip, limit: 16 } },
    { question: settlementAudit, input: { tip } },
    { question: domain, input: "example.block" },
  ];
}
