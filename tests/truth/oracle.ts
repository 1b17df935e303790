/**
 * What the program must hold, recomputed from the chain by other code than the engine's: straight from the answers
 * of `simulator.truth` and the headers, in one pass and without any state that could be reversed wrongly.
 */
import { floorDiv } from "../../src/engine/amount.ts";
import { type MarketId, MARKETS } from "../../src/engine/market.ts";
import { TRUTH_BLOCKS_MAX } from "../../src/simulator/answers/common.ts";
import type { ForkableChain } from "../../src/simulator/forkable_chain.ts";
import { minerLabel } from "../../src/simulator/identity.ts";
import { METHODS } from "./direct_transport.ts";

/** A receipt as the chain has it. */
export interface TrueReceipt {
  readonly id: string;
  readonly market: MarketId;
  readonly height: number;
  readonly index: number;
  readonly timeMs: number;
  readonly amount: bigint;
  /** What the treasury and disputes keep back. */
  readonly deducted: bigint;
  readonly units: bigint;
  readonly subsidy: bigint;
  readonly provider: string;
  readonly consumer: string;
  readonly verified: boolean | null;
  readonly disputed: boolean;
  readonly meterHash: string | null;
  readonly jobId: string | null;
}

type Item = Readonly<Record<string, unknown>>;

const MARKET_OF_TYPE = new Map(MARKETS.map(({ receiptKind, id }) => [receiptKind as string, id]));
const UNITS: Readonly<Record<MarketId, string>> = {
  compute: "compute_units",
  storage: "bytes_stored",
  energy: "kwh_delivered",
  ad: "impressions",
};

/** Every receipt that is canonical at a tip, in the order of the chain. */
export function trueReceipts(chain: ForkableChain, tip: number): readonly TrueReceipt[] {
  const truth = METHODS[chain.dialect].get("simulator.truth")!;
  const items: Item[] = [];
  for (let from = 0; from <= tip; from += TRUTH_BLOCKS_MAX) {
    const to = Math.min(tip, from + TRUTH_BLOCKS_MAX - 1);
    const page = truth({ from, to }, chain.viewAt(tip), { callNumber: 0 }) as { receipts: Item[] };
    items.push(...page.receipts);
  }
  return items.map((item): TrueReceipt => {
    const market = MARKET_OF_TYPE.get(item.receipt_type as string)!;
    const payload = item.receipt as Record<string, unknown>;
    const height = item.block_height as number;
    const index = item.receipt_index as number;
    const own = chain.receiptsAt(height)[index]!;
    const big = (value: unknown) => BigInt(value as number);
    return {
      id: `${height}-${index}-${item.digest_hex}`,
      market,
      height,
      index,
      timeMs: chain.stateAt(height).timestampMs,
      amount: big(item.amount),
      deducted: big(own.treasuryFee + own.slashApplied),
      units: big(payload[UNITS[market]]),
      subsidy: Object.values(item.subsidies as Record<string, number>).reduce(
        (sum, part) => sum + big(part),
        0n,
      ),
      provider: item.provider_identity as string,
      consumer: (payload.consumer ?? payload.buyer ?? payload.advertiser) as string,
      verified: payload.verified === undefined ? null : payload.verified as boolean,
      disputed: (item.disputes as unknown[]).length > 0,
      meterHash: (payload.meter_hash ?? null) as string | null,
      jobId: (payload.job_id ?? null) as string | null,
    };
  });
}

/** Sums of one market or of mining. */
export interface TrueSums {
  revenue: bigint;
  costs: bigint;
  subsidies: bigint;
  own: number;
  receipts: number;
}

/** What we earned and paid, by part; parts without a movement are missing. */
export type TruePnl = Map<string, TrueSums>;

/** Whether a receipt is ours, and how. */
export function sides(chain: ForkableChain, receipt: TrueReceipt): { provider: boolean; consumer: boolean } {
  const names = chain.identities[receipt.market];
  return { provider: names.includes(receipt.provider), consumer: names.includes(receipt.consumer) };
}

/** Our profit and loss over some receipts and the rewards of some blocks. */
export function truePnl(chain: ForkableChain, receipts: readonly TrueReceipt[], rewardedTo: number): TruePnl {
  const pnl: TruePnl = new Map();
  const part = (name: string) => {
    const sums = pnl.get(name) ?? { revenue: 0n, costs: 0n, subsidies: 0n, own: 0, receipts: 0 };
    pnl.set(name, sums);
    return sums;
  };
  for (const receipt of receipts) {
    const { provider, consumer } = sides(chain, receipt);
    const sums = part(receipt.market);
    sums.receipts++;
    if (provider || consumer) sums.own++;
    if (provider) sums.revenue += receipt.amount - receipt.deducted;
    if (provider) sums.subsidies += receipt.subsidy;
    if (consumer) sums.costs += receipt.amount;
  }
  const rewards = trueRewards(chain, 0, rewardedTo);
  if (rewards > 0n) part("mining").revenue += rewards;
  return pnl;
}

/** Block rewards of our miner in the canonical blocks from..to. */
export function trueRewards(chain: ForkableChain, from: number, to: number): bigint {
  let sum = 0n;
  for (let height = from; height <= to; height++) {
    const header = chain.headerAt(height);
    if (minerLabel(header.miner) === chain.identities.miner) sum += BigInt(header.reward);
  }
  return sum;
}

/** Counts and volumes of one market over the blocks above `above`. */
export function trueWindow(receipts: readonly TrueReceipt[], market: MarketId, above: number) {
  const window = { count: 0, amount: 0n, units: 0n, verified: 0, unverified: 0, disputed: 0 };
  const providers = new Map<string, { count: number; amount: bigint; units: bigint; disputed: number }>();
  for (const receipt of receipts) {
    if (receipt.market !== market || receipt.height <= above) continue;
    const { amount, units, verified, disputed, provider } = receipt;
    window.count++;
    window.amount += amount;
    window.units += units;
    if (verified === true) window.verified++;
    if (verified === false) window.unverified++;
    if (disputed) window.disputed++;
    const sums = providers.get(provider) ?? { count: 0, amount: 0n, units: 0n, disputed: 0 };
    sums.count++;
    sums.amount += amount;
    sums.units += units;
    if (disputed) sums.disputed++;
    providers.set(provider, sums);
  }
  return { window, providers };
}

/** A candle as text, so that it can be compared. */
export interface TrueCandle {
  t: number;
  open: bigint;
  high: bigint;
  low: bigint;
  close: bigint;
  amount: bigint;
  units: bigint;
  count: number;
}

/** Prices and volumes of each block that has receipts in a market. */
export function truePrices(receipts: readonly TrueReceipt[], market: MarketId) {
  const perPrice = MARKETS.find(({ id }) => id === market)!.receiptUnitsPerPriceUnit;
  const blocks = new Map<number, { amount: bigint; units: bigint; count: number; timeMs: number }>();
  for (const receipt of receipts) {
    if (receipt.market !== market) continue;
    const sums = blocks.get(receipt.height) ?? { amount: 0n, units: 0n, count: 0, timeMs: receipt.timeMs };
    sums.amount += receipt.amount;
    sums.units += receipt.units;
    sums.count++;
    blocks.set(receipt.height, sums);
  }
  return [...blocks].map(([height, { amount, units, count, timeMs }]) => ({
    height,
    timeMs,
    amount,
    units,
    count,
    priceMicro: floorDiv(1_000_000n * amount * perPrice, units),
  }));
}

/** The candles that the blocks of `drawn` make, each from its receipts. */
export function trueCandles(
  receipts: readonly TrueReceipt[],
  market: MarketId,
  step: number,
  drawn: (height: number) => boolean,
): readonly TrueCandle[] {
  const candles = new Map<number, TrueCandle>();
  for (const { height, timeMs, priceMicro, amount, units, count } of truePrices(receipts, market)) {
    if (!drawn(height)) continue;
    const t = Math.floor(timeMs / (1_000 * step)) * step;
    const candle = candles.get(t) ??
      {
        t,
        open: priceMicro,
        high: priceMicro,
        low: priceMicro,
        close: priceMicro,
        amount: 0n,
        units: 0n,
        count: 0,
      };
    if (priceMicro > candle.high) candle.high = priceMicro;
    if (priceMicro < candle.low) candle.low = priceMicro;
    candle.close = priceMicro;
    candle.amount += amount;
    candle.units += units;
    candle.count += count;
    candles.set(t, candle);
  }
  return [...candles.values()];
}
