/** The slots of a simulated chain as the posterior sees them, without node, store or ledger between. */
import { addPrice, addReceipt, moveWindows } from "../../src/engine/activity.ts";
import { appendBlock } from "../../src/engine/chain.ts";
import { TypeScriptFeatureEngine } from "../../src/engine/features/engine.ts";
import { endSlot, feedReceipts, openReceipts } from "../../src/engine/features/feed.ts";
import { FEATURE_MODES } from "../../src/engine/features/spec.ts";
import { MARKETS, perMarket } from "../../src/engine/market.ts";
import { MODEL_INPUTS } from "../../src/engine/posterior.ts";
import { extendIndex, type IndexPoint } from "../../src/engine/price_index.ts";
import type { Receipt } from "../../src/engine/receipt.ts";
import { initialState } from "../../src/engine/state.ts";
import { SimulatedChain } from "../../src/simulator/chain.ts";
import type { ScenarioName } from "../../src/simulator/scenario.ts";
import { headerAt, receiptAt } from "./engine.ts";

/** Deepest reorganisation in these tests; the program's default. */
export const DEPTH = 32;

/** What a chain gives the posterior, slot by slot. */
export interface SimulatedSlots {
  /** The first {@link MODEL_INPUTS} z-scores of each slot. */
  readonly features: readonly Float32Array[];
  /** The whole price index. */
  readonly index: readonly IndexPoint[];
}

/** The receipts of a simulated block, as the engine takes them. */
export function simulatedReceipts(chain: SimulatedChain, height: number): readonly Receipt[] {
  return chain.receiptsAt(height).map(({ index, market, amount, units, provider, verified }) =>
    receiptAt(height, {
      id: `${height}-${index}`,
      index,
      market,
      amount: BigInt(amount),
      units: BigInt(units),
      provider: `p${provider}`,
      verified,
    })
  );
}

/** Computes the slots of the first blocks of a chain. */
export function simulatedSlots(seed: number, scenario: ScenarioName, blocks: number): SimulatedSlots {
  const chain = new SimulatedChain({ seed, scenario, dialect: "readme" });
  const options = { finalityDepth: DEPTH, enabled: perMarket(() => true) };
  const state = initialState(options, new TypeScriptFeatureEngine(FEATURE_MODES));
  const features: Float32Array[] = [];
  const index: IndexPoint[] = [];
  for (let height = 0; height < blocks; height++) {
    const timeMs = chain.stateAt(height).timestampMs;
    const receipts = simulatedReceipts(chain, height);
    appendBlock(state.chain, headerAt(height, { timestampMs: timeMs }), timeMs, false);
    for (const receipt of receipts) addReceipt(state.activity[receipt.market], receipt, timeMs);
    for (const market of MARKETS) {
      addPrice(state.activity[market.id], market, height, timeMs);
      moveWindows(state.activity[market.id], height, timeMs, timeMs);
    }
    feedReceipts(state.features, receipts);
    extendIndex(state.index, state.activity, height, openReceipts(state.features), DEPTH);
    endSlot(state, height);
    features.push(state.engine.output().slice(0, MODEL_INPUTS));
    index.push(state.index[state.index.length - 1]!);
  }
  return { features, index };
}
