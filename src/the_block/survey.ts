/** Asks a node every question once, for `doctor`. */
import { Absent } from "../engine/reason.ts";
import type { NodeClient } from "./client.ts";
import { head, headers, simulation } from "./dialects/chain.ts";
import { energyReceipts, receipts, settlementAudit, slaHistory } from "./dialects/receipts.ts";
import { NodeError } from "./errors.ts";
import { POLL_PLAN } from "./poll_plan.ts";

/** What one question came to. */
export interface SurveyRow {
  readonly id: string;
  readonly meaning: string;
  readonly result: "offered" | "not offered" | "failed";
  readonly detail: string;
  readonly ms: number;
}

/** What the node is. */
export interface Survey {
  readonly dialect: string;
  readonly simulated: boolean;
  /** Height of the tip; null on an empty chain or where nobody knows. */
  readonly height: number | null;
  readonly rows: readonly SurveyRow[];
}

/**
 * Surveys a node.
 *
 * @throws {NodeError} If it does not answer at all
 */
export async function survey(client: NodeClient, monotonicMs: () => number): Promise<Survey> {
  const rows: SurveyRow[] = [];
  const ask = async <T>(
    id: string,
    meaning: string,
    question: () => Promise<T | Absent>,
  ): Promise<T | null> => {
    const began = monotonicMs();
    const done = (result: SurveyRow["result"], detail: string) =>
      rows.push({ id, meaning, result, detail, ms: monotonicMs() - began });
    try {
      const answer = await question();
      if (answer instanceof Absent) {
        done("not offered", answer.because);
        return null;
      }
      done(
        "offered",
        client.capabilities().find((capability) => capability.id === id)?.methods.join(", ") ?? "",
      );
      return answer;
    } catch (error) {
      if (!(error instanceof NodeError)) throw error;
      done("failed", error.message);
      return null;
    }
  };
  const simulated = await client.ask(simulation, undefined);
  const first = await ask("headers", headers.meaning, () => client.ask(headers, { start: 0, limit: 1 }));
  // The head may only be asked for when the chain has been shown to have a block.
  const top = first && first.length > 0
    ? await ask("head", head.meaning, () => client.ask(head, undefined))
    : null;
  const tip = top?.height ?? 0;
  for (const { key, question } of POLL_PLAN) {
    await ask(key, question.meaning, () => client.ask(question, undefined));
  }
  await ask("receipts", receipts.meaning, () => client.ask(receipts, { start: tip }));
  await ask(
    "energyReceipts",
    energyReceipts.meaning,
    () => client.ask(energyReceipts, { page: 0, pageSize: 1 }),
  );
  await ask("slaHistory", slaHistory.meaning, () => client.ask(slaHistory, { tip, limit: 1 }));
  await ask("settlementAudit", settlementAudit.meaning, () => client.ask(settlementAudit, { tip }));
  return {
    dialect: client.dialect,
    simulated: !(simulated instanceof Absent),
    height: top?.height ?? null,
    rows,
  };
}
