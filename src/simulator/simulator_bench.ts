/** Blocks per second of the parts that backtests and the server lean on. Run: deno bench -A src/simulator/ */
import { README_METHODS } from "./answers/readme.ts";
import { SimulatedChain } from "./chain.ts";
import { writeJson } from "./json.ts";

const STEP_BLOCKS = 1_000;
const chainOf = (scenario: "calm" | "stress") => new SimulatedChain({ seed: 1, scenario, dialect: "readme" });

for (const scenario of ["calm", "stress"] as const) {
  const states = chainOf(scenario);
  let stateHeight = 0;
  Deno.bench(`SimulatedChain.stateAt(), 1,000 new blocks of ${scenario}`, () => {
    states.stateAt(stateHeight += STEP_BLOCKS);
  });
  const receipts = chainOf(scenario);
  let receiptHeight = 0;
  Deno.bench(`SimulatedChain.receiptsAt(), 1,000 new blocks of ${scenario}`, () => {
    for (let i = 0; i < STEP_BLOCKS; i++) receipts.receiptsAt(receiptHeight++);
  });
  const totals = chainOf(scenario);
  let totalsHeight = 0;
  Deno.bench(`SimulatedChain.totalsAt(), 1,000 new blocks of ${scenario}`, () => {
    totals.totalsAt(totalsHeight += STEP_BLOCKS);
  });
}

const view = chainOf("stress").viewAt(2_000);
const audit = README_METHODS.get("receipt.audit")!;
Deno.bench("receipt.audit of 512 receipts, written as JSON", () => {
  writeJson(audit({ start_height: 1_900, limit: 512 }, view, { callNumber: 0 }));
});
