/**
 * The metrics that are kept over time: one sample a second of event time. The order of the table is the order in the
 * store, so rows are only ever added at the end.
 */
import { lastPrice } from "../engine/activity.ts";
import { tipOf } from "../engine/chain.ts";
import { type CoreState, sliceValue } from "../engine/state.ts";
import { pnlTotal } from "../engine/ledger.ts";
import { type MarketId, MARKETS } from "../engine/market.ts";
import { providerMargin, utilization } from "../engine/market_health.ts";
import {
  blockTimeMs,
  finalityLag,
  type Measured,
  networkStrength,
  processedPerBlock,
  queueWaitMs,
  throughput,
  tps,
} from "../engine/network.ts";
import { absent, isKnown, type Known, mapKnown } from "../engine/reason.ts";
import { blockHeight, peerCount } from "../engine/sync.ts";
import type { HistorySample } from "./ports/store.ts";

/** One metric. */
export interface Metric {
  readonly name: string;
  readonly unit: string;
  read(state: CoreState): Known<number>;
}

const value = (known: Known<Measured>): Known<number> => mapKnown(known, (measured) => measured.value);

function ofMarket(id: MarketId): readonly Metric[] {
  return [
    { name: `utilization_ppm.${id}`, unit: "ppm", read: (state) => utilization(state, id) },
    { name: `provider_margin_ppm.${id}`, unit: "ppm", read: (state) => providerMargin(state, id) },
    {
      name: `unit_price_micro.${id}`,
      unit: "µ base units per price unit",
      read: (state) => {
        const price = lastPrice(state.activity[id]);
        return price ? Number(price.priceMicro) : absent("NO_PRICE", "nothing has settled yet");
      },
    },
    {
      name: `volume_100.${id}`,
      unit: "base units",
      read: (state) => Number(state.activity[id].window.amount),
    },
    { name: `receipts_100.${id}`, unit: "receipts", read: (state) => state.activity[id].window.count },
  ];
}

/** Every metric, in the order of the store. */
export const METRICS: readonly Metric[] = [
  { name: "block_height", unit: "block", read: blockHeight },
  { name: "finality_lag", unit: "blocks", read: finalityLag },
  { name: "block_time_ms", unit: "ms", read: (state) => value(blockTimeMs(state)) },
  { name: "tps", unit: "1/s", read: (state) => value(tps(state)) },
  { name: "peer_count", unit: "peers", read: peerCount },
  {
    name: "network_strength",
    unit: "0..100",
    read: (state) => networkStrength(state).score ?? absent("WARMING_UP", ""),
  },
  {
    name: "mempool_size",
    unit: "transactions",
    read: (state) =>
      mapKnown(sliceValue(state, "mempool"), ({ lanes }) => lanes.reduce((sum, { size }) => sum + size, 0)),
  },
  {
    name: "queue_depth",
    unit: "operations",
    read: (state) => mapKnown(sliceValue(state, "scheduler"), (s) => s.queueDepth),
  },
  { name: "queue_wait_ms", unit: "ms", read: (state) => value(queueWaitMs(state)) },
  { name: "processed_per_block", unit: "operations", read: (state) => value(processedPerBlock(state)) },
  { name: "throughput", unit: "operations/s", read: (state) => value(throughput(state)) },
  { name: "rpc_p95_ms", unit: "ms", read: (state) => mapKnown(sliceValue(state, "rpc"), (rpc) => rpc.p95Ms) },
  {
    name: "bandwidth_in",
    unit: "bytes/s",
    read: (state) => mapKnown(sliceValue(state, "traffic"), (t) => t.bandwidthIn),
  },
  {
    name: "bandwidth_out",
    unit: "bytes/s",
    read: (state) => mapKnown(sliceValue(state, "traffic"), (t) => t.bandwidthOut),
  },
  {
    name: "net_profit",
    unit: "base units",
    read: (state) => profit(state, (sums) => sums.revenue - sums.costs),
  },
  { name: "total_revenue", unit: "base units", read: (state) => profit(state, (sums) => sums.revenue) },
  { name: "total_costs", unit: "base units", read: (state) => profit(state, (sums) => sums.costs) },
  ...MARKETS.flatMap(({ id }) => ofMarket(id)),
];

/** A metric's place in the table. */
export function metricIndex(name: string): number {
  return METRICS.findIndex((metric) => metric.name === name);
}

/** The metrics of this moment; null while there is no block whose time could be taken. */
export function sampleHistory(state: CoreState): HistorySample | null {
  const tip = tipOf(state.chain);
  if (!tip || tip.catchUp || !state.link.up) return null;
  const values = Float64Array.from(METRICS, (metric) => {
    const known = metric.read(state);
    return isKnown(known) ? known : NaN;
  });
  return { t: Math.floor(tip.timeMs / 1000), values };
}

function profit(state: CoreState, pick: (sums: ReturnType<typeof pnlTotal>) => bigint): Known<number> {
  const { account, miner } = state.ledger.identities;
  if (account === null && miner === null) return absent("NO_ACCOUNT", "no account of ours is configured");
  return Number(pick(pnlTotal(state.ledger.total)));
}
