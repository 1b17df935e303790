/** A simulated chain as events of the core, without a node in between: what a backtest runs over. */
import type { EngineEvent } from "../engine/event.ts";
import { Absent, absent } from "../engine/reason.ts";
import type { Receipt } from "../engine/receipt.ts";
import { minerOf, type SimulatedChain } from "./chain.ts";
import type { ChainView } from "./chain_view.ts";
import { economicsAt, epochAt, gatesAt, STREAK_REQUIRED } from "./governor.ts";
import { providerId } from "./identity.ts";
import { consumerOf, disputeReason } from "./receipt_item.ts";
import type { SimulatedReceipt } from "./receipts.ts";
import type { Variant } from "./reorg.ts";

/** Blocks between two looks at the governor. */
const GOVERNOR_EVERY = 5;

/** Blocks below the tip that count as caught up with, as the ingest counts them. */
const BEHIND_MAX = 2;

const NOT_ASKED: Absent = absent("NOT_OFFERED", "a backtest does not ask for it");

/**
 * The events of the blocks 1..`blocks`, as somebody sees them who looks at every tip: orphans first, then the
 * reorganization that replaces them.
 */
export function* chainEvents(chain: SimulatedChain, blocks: number): Generator<EngineEvent> {
  let fork: { readonly height: number } | undefined;
  yield { kind: "link", atMs: chain.viewAt(1).header(1).timestampMs, up: true, reason: null };
  for (let tip = 1; tip <= blocks; tip++) {
    const view = chain.viewAt(tip);
    const atMs = view.header(tip).timestampMs;
    let height = tip;
    if (fork && !view.openFork) {
      yield { kind: "reorg", atMs, toHeight: fork.height };
      height = fork.height + 1;
    }
    fork = view.openFork;
    if (tip % GOVERNOR_EVERY === 1) yield governor(view, atMs);
    for (; height <= tip; height++) yield* blockEvents(chain, view, height, atMs, height < tip - BEHIND_MAX);
  }
}

function* blockEvents(
  chain: SimulatedChain,
  view: ChainView,
  height: number,
  atMs: number,
  catchUp: boolean,
): Generator<EngineEvent> {
  const header = view.header(height);
  yield {
    kind: "block",
    atMs,
    catchUp,
    header: {
      height,
      hash: header.hash,
      parentHash: header.parentHash,
      timestampMs: header.timestampMs,
      txCount: header.transactions,
      miner: minerOf(header),
      reward: BigInt(header.reward),
    },
  };
  const receipts = view.receipts(height).map((receipt) => receiptOf(chain, height, header.variant, receipt));
  yield { kind: "receipts", atMs, receipts, through: height };
  yield { kind: "slot", atMs, height };
}

/** The receipt as the node client reads it, without its payload. */
function receiptOf(
  chain: SimulatedChain,
  height: number,
  variant: Variant,
  receipt: SimulatedReceipt,
): Receipt {
  const { market, index } = receipt;
  const digest = chain.digestOf(height, variant, index);
  return {
    id: `${height}-${index}-${digest}`,
    source: "receipt.audit",
    kind: "work",
    market,
    height,
    anchored: true,
    index,
    digest,
    amount: BigInt(receipt.amount),
    deducted: 0n,
    units: BigInt(receipt.units),
    provider: providerId(market, receipt.provider),
    consumer: consumerOf(chain, receipt),
    verified: market === "compute" ? receipt.verified : null,
    subsidies: receipt.subsidy > 0
      ? { [market === "energy" ? "rebate" : market]: BigInt(receipt.subsidy) }
      : {},
    disputes: receipt.dispute === "none" ? [] : [{
      id: `dispute-${height}-${index}`,
      reason: disputeReason(market),
      status: receipt.dispute,
    }],
    payload: "",
  };
}

function governor(view: ChainView, atMs: number): EngineEvent {
  return {
    kind: "observed",
    of: "governor",
    atMs,
    ttlMs: Number.MAX_SAFE_INTEGER,
    value: {
      enabled: true,
      epoch: epochAt(view),
      shadowOnly: NOT_ASKED,
      gates: gatesAt(view, 0).map((gate) => ({
        name: gate.name,
        state: gate.state,
        reason: gate.reason,
        enterStreak: gate.enterStreak,
        exitStreak: gate.exitStreak,
        streakRequired: STREAK_REQUIRED,
        lastTransitionHeight: gate.lastTransitionHeight,
      })),
      economics: Object.fromEntries(
        economicsAt(view).map(({ market, utilizationPpm, marginPpm }) => [
          market,
          { utilizationPpm, providerMarginPpm: marginPpm },
        ]),
      ),
      epochTxCount: NOT_ASKED,
      pendingDecisions: 0,
    },
  };
}
