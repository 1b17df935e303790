import { keyOf, mix32 } from "../engine/random.ts";
import type { ChainView } from "./chain_view.ts";
import { base58OfHex, HASH_TAG, hex256 } from "./hash.ts";
import { GENESIS_MS } from "./model.ts";
import { isInside, lastEdge } from "./scenario.ts";

/** Peers of a healthy network. */
export const PEER_COUNT = 24;
/** Peers that stay during an outage. */
export const OUTAGE_PEER_COUNT = 2;
/** How much more the mempool holds in a fee spike. */
export const SPIKE_SIZE_FACTOR = 15;
/** How much higher fees are in a fee spike. */
export const SPIKE_FEE_FACTOR = 20;

const VERSIONS = ["0.9.4", "0.9.4", "0.9.5", "0.9.5", "1.0.0-rc1"];
const OUTAGE_QUEUE_PER_BLOCK = 8;
const OUTAGE_DRAIN_PER_BLOCK = 16;
const SPIKE_QUEUE_FACTOR = 6;
const SPIKE_WAIT_FACTOR = 5;

/** One peer at a tip. */
export interface Peer {
  /** 64 hexadecimal digits. */
  readonly id: string;
  /** The same in base 58, as today's node prints it. */
  readonly id58: string;
  readonly address: string;
  readonly connectedAtSeconds: number;
  readonly latencyMs: number;
  readonly version: string;
  readonly isValidator: boolean;
  /** 0..1 */
  readonly reputation: number;
  /** The tip that the peer reports. */
  readonly height: number;
}

/** The connected peers: 24, or 2 during an outage. Latencies wander over some hundred blocks. */
export function peersAt(view: ChainView): readonly Peer[] {
  const { chain, tip } = view;
  const { outage } = chain.scenario;
  const key = keyOf("peers", chain.seed);
  const down = isInside(outage, Math.max(0, tip));
  const returned = down ? 0 : lastEdge(outage, Math.max(0, tip));
  return Array.from({ length: down ? OUTAGE_PEER_COUNT : PEER_COUNT }, (_, index) => {
    const id = hex256(key, HASH_TAG.peer, index);
    const trait = keyOf(key, index);
    const reconnected = returned > 0 && index >= OUTAGE_PEER_COUNT;
    const since = reconnected ? chain.stateAt(returned).timestampMs : GENESIS_MS - 1_000 * (trait % 86_400);
    return {
      id,
      id58: base58OfHex(id),
      address: `10.${trait % 200}.${(trait >>> 8) % 250}.${(trait >>> 16) % 250}:${3_030 + index}`,
      connectedAtSeconds: Math.floor(since / 1_000),
      latencyMs: Math.round((15 + trait % 140) * (1 + 0.25 * wave(trait, tip, 300 + trait % 400)) * 10) / 10,
      version: VERSIONS[trait % VERSIONS.length]!,
      isValidator: index % 3 === 0,
      reputation:
        Math.round((0.85 + 0.1 * wave(trait ^ 1, tip, 2_000) + 0.05 * (trait % 100) / 100) * 1_000) / 1_000,
      height: Math.max(0, tip - (mix32(trait ^ tip) % 10 < 7 ? 0 : 1)),
    };
  });
}

/** Traffic of the node. */
export interface Traffic {
  readonly averageLatencyMs: number;
  /** Bytes per second. */
  readonly bandwidthIn: number;
  /** Bytes per second. */
  readonly bandwidthOut: number;
  readonly activeConnections: number;
}

/** Traffic at a tip: follows the number of peers and of transactions. */
export function trafficAt(view: ChainView): Traffic {
  const peers = peersAt(view);
  const key = keyOf("traffic", view.chain.seed);
  const load = peers.length / PEER_COUNT * (1 + view.transactionsPerSecond / 200);
  const latency = peers.reduce((total, peer) => total + peer.latencyMs, 0) / peers.length;
  return {
    averageLatencyMs: Math.round(latency * 10) / 10,
    bandwidthIn: Math.round(1_250_000 * load * (1 + 0.2 * wave(key, view.tip, 180))),
    bandwidthOut: Math.round(940_000 * load * (1 + 0.2 * wave(key ^ 1, view.tip, 210))),
    activeConnections: peers.length + 3 + Math.round(2 + 2 * wave(key ^ 2, view.tip, 90)),
  };
}

/** Lane of the mempool. */
export type Lane = "consumer" | "industrial";

/** What a lane of the mempool holds. */
export interface Mempool {
  readonly size: number;
  readonly ageP50Ms: number;
  readonly ageP95Ms: number;
  /** Base units. */
  readonly feeP50: number;
  readonly feeP90: number;
}

/** The mempool at a tip; a fee spike multiplies its size by 15 and its fees by 20. */
export function mempoolAt(view: ChainView, lane: Lane): Mempool {
  const { chain, tip } = view;
  const key = keyOf("mempool", chain.seed, lane);
  const spike = isInside(chain.scenario.feeSpike, Math.max(0, tip));
  const base = lane === "consumer" ? { size: 60, fee: 12 } : { size: 25, fee: 30 };
  const size = Math.round(base.size * (1 + 0.3 * wave(key, tip, 60) + 0.2 * (noise(key, tip) - 0.5)));
  const fee = Math.round(base.fee * (1 + 0.2 * wave(key ^ 1, tip, 150)));
  const age = Math.round(view.blockIntervalMs * (0.8 + 0.2 * noise(key ^ 2, tip)) * (spike ? 5 : 1));
  return {
    size: size * (spike ? SPIKE_SIZE_FACTOR : 1),
    ageP50Ms: age,
    ageP95Ms: age * 4,
    feeP50: fee * (spike ? SPIKE_FEE_FACTOR : 1),
    feeP90: Math.round(fee * 2.5) * (spike ? SPIKE_FEE_FACTOR : 1),
  };
}

/** The scheduler's queue. */
export interface SchedulerQueue {
  readonly queued: number;
  readonly waitMs: number;
  readonly activeJobs: number;
  readonly perBlock: number;
}

/** The scheduler at a tip: grows with utilization, during an outage (and drains after it) and in a fee spike. */
export function schedulerAt(view: ChainView): SchedulerQueue {
  const { chain } = view;
  const tip = Math.max(0, view.tip);
  const { outage, feeSpike } = chain.scenario;
  const key = keyOf("scheduler", chain.seed);
  const { utilization } = view.market("compute");
  const spike = isInside(feeSpike, tip);
  let queued = 14 + 40 * utilization * utilization + 6 * wave(key, tip, 75) + 4 * noise(key, tip);
  if (outage !== undefined) {
    const edge = lastEdge(outage, tip);
    const backlog = (outage.to - outage.from) * OUTAGE_QUEUE_PER_BLOCK;
    if (isInside(outage, tip)) queued += (tip - edge + 1) * OUTAGE_QUEUE_PER_BLOCK;
    else if (edge > 0) queued += Math.max(0, backlog - (tip - edge) * OUTAGE_DRAIN_PER_BLOCK);
  }
  if (spike) queued *= SPIKE_QUEUE_FACTOR;
  const from = Math.max(0, tip - 20);
  const settled = tip - from;
  const operations = Number(operationCount(view, from));
  return {
    queued: Math.round(queued),
    waitMs: Math.round(queued * 1.4 * (spike ? SPIKE_WAIT_FACTOR : 1) * 10) / 10,
    activeJobs: isInside(outage, tip) ? 0 : Math.round(8 + 40 * utilization + 3 * noise(key ^ 1, tip)),
    perBlock: settled === 0 ? 0 : Math.round(operations / settled * 100) / 100,
  };
}

/** Receipts of all markets in the blocks after `from`. */
function operationCount(view: ChainView, from: number): number {
  let count = 0;
  for (let height = from + 1; height <= view.tip; height++) count += view.receipts(height).length;
  return count;
}

/** A smooth deterministic value within −1..1 that returns about every `periodBlocks`. */
function wave(key: number, height: number, periodBlocks: number): number {
  const phase = (mix32(key) % 1_000) / 1_000;
  const angle = 2 * Math.PI * (height / periodBlocks + phase);
  return 0.7 * Math.sin(angle) + 0.3 * Math.sin(angle * 2.618);
}

/** A deterministic value within 0..1 without any relation between heights. */
function noise(key: number, height: number): number {
  return mix32(mix32(key) ^ height) / 4_294_967_296;
}
