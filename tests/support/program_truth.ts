/** Compares what a running program serves with what the simulated chain says. Only for dialect `readme`. */
import { MARKET_IDS } from "../../src/engine/market.ts";
import type { ForkableChain } from "../../src/simulator/forkable_chain.ts";
import { truePnl, trueReceipts } from "../truth/oracle.ts";

type Body = Record<string, unknown>;

/** Fetches a body that must come. */
export async function bodyOf(url: string, path: string): Promise<Body> {
  const response = await fetch(`${url}${path}`);
  const text = await response.text();
  if (response.status !== 200) throw new Error(`GET ${path} answers ${response.status}: ${text}`);
  return JSON.parse(text) as Body;
}

/** Every receipt that a program serves. */
export async function servedReceipts(url: string): Promise<readonly Body[]> {
  const receipts: Body[] = [];
  for (let cursor: string | null = null;;) {
    const after: string = cursor === null ? "" : `&cursor=${encodeURIComponent(cursor)}`;
    const page = await bodyOf(url, `/theblock/receipts?limit=500${after}`);
    receipts.push(...page.receipts as Body[]);
    cursor = page.next_cursor as string | null;
    if (cursor === null) return receipts;
  }
}

/** What is lost, doubled or otherwise not as the chain has it at a tip; empty when all is right. */
export async function servedDifferences(
  url: string,
  chain: ForkableChain,
  tip: number,
): Promise<readonly string[]> {
  const truth = trueReceipts(chain, tip);
  const served = await servedReceipts(url);
  const expected = new Map(truth.map((receipt) => [receipt.id, `${receipt.amount} for ${receipt.units}`]));
  const found: string[] = [];
  const seen = new Set<string>();
  for (const { id, amount, units } of served as readonly { id: string; amount: number; units: number }[]) {
    const text = expected.get(id);
    if (seen.has(id)) found.push(`receipt ${id} is doubled`);
    else if (text === undefined) found.push(`receipt ${id} is not on the chain`);
    else if (text !== `${amount} for ${units}`) {
      found.push(`receipt ${id} says ${amount} for ${units}, not ${text}`);
    }
    seen.add(id);
  }
  for (const id of expected.keys()) if (!seen.has(id)) found.push(`receipt ${id} is lost`);
  found.push(...await pnlDifferences(url, chain, truth, tip));
  return found.slice(0, 10);
}

async function pnlDifferences(
  url: string,
  chain: ForkableChain,
  truth: Parameters<typeof truePnl>[1],
  tip: number,
): Promise<readonly string[]> {
  const body = await bodyOf(url, "/theblock/pnl");
  const parts = truePnl(chain, truth, tip);
  const sum = (pick: "revenue" | "costs" | "subsidies") =>
    [...parts.values()].reduce((total, sums) => total + sums[pick], 0n);
  const found: string[] = [];
  const same = (what: string, actual: unknown, wanted: bigint | number) => {
    if (String(actual) !== String(wanted)) found.push(`${what} is ${actual}, should be ${wanted}`);
  };
  same("total_revenue", body.total_revenue, sum("revenue"));
  same("total_costs", body.total_costs, sum("costs"));
  same("subsidies", body.subsidies, sum("subsidies"));
  same("mining_rewards", body.mining_rewards, parts.get("mining")?.revenue ?? 0n);
  same("total_receipts", body.total_receipts, truth.length);
  const markets = body.by_market as Record<string, Body>;
  for (const id of MARKET_IDS) {
    same(`revenue of ${id}`, markets[id]?.revenue, parts.get(id)?.revenue ?? 0n);
    same(`costs of ${id}`, markets[id]?.costs, parts.get(id)?.costs ?? 0n);
  }
  return found;
}
