import { MARKET_IDS, type MarketId } from "../engine/market.ts";
import { keyOf, Random } from "../engine/random.ts";
import { HASH_TAG, hex256 } from "./hash.ts";

/** How many providers each market has; index 0 is ours. */
export const PROVIDER_COUNT: Readonly<Record<MarketId, number>> = {
  compute: 12,
  storage: 10,
  energy: 8,
  ad: 9,
};
/** How many accounts buy; account 0 is ours, 1..40 are others. */
export const CONSUMER_COUNT = 40;
/** How many advertisers buy impressions; 0 is ours. */
export const ADVERTISER_COUNT = 12;
/** How many miners find blocks; 0 is ours. */
export const MINER_COUNT = 12;

/** Who we are on the simulated chain. Each market's list holds every name under which we appear in its receipts. */
export interface OurIdentities {
  readonly address: string;
  readonly miner: string;
  readonly compute: readonly string[];
  readonly storage: readonly string[];
  readonly energy: readonly string[];
  readonly ad: readonly string[];
}

/** What a provider advertises, constant over the life of a chain. */
export interface ProviderProfile {
  readonly id: string;
  /** Address of the owning account. */
  readonly owner: string;
  readonly region: string;
  /** Relative share of the receipts that are not ours; unitless. */
  readonly share: number;
  /** Capacity relative to the market's unit capacity, 1..6. */
  readonly capacityFactor: number;
  /** Its quote relative to the market price, 0.97..1.03. */
  readonly priceFactor: number;
  /** 0..1 */
  readonly reputation: number;
  /** Base units. */
  readonly stake: number;
  readonly latencyMs: number;
}

const REGIONS = ["us-east", "us-west", "eu-central", "eu-north", "ap-south", "sa-east"];

/** The 64-hex address of account k. Account 0 is ours; provider owners start at 1,000. */
export function accountAddress(seed: number, account: number): string {
  return hex256(keyOf("account", seed), HASH_TAG.account, account);
}

/** The identifier of a provider, as receipts carry it. */
export function providerId(market: MarketId, index: number): string {
  return `sim-${market}-${twoDigits(index)}`;
}

/** The identifier of an advertiser. */
export function advertiserId(index: number): string {
  return `adv-${twoDigits(index)}`;
}

/** The label of a miner. */
export function minerLabel(index: number): string {
  return `sim-miner-${twoDigits(index)}`;
}

/** Every name of ours on the chain of a seed. */
export function ourIdentities(seed: number): OurIdentities {
  const address = accountAddress(seed, 0);
  return {
    address,
    miner: minerLabel(0),
    compute: [providerId("compute", 0), address],
    storage: [providerId("storage", 0), address],
    energy: [providerId("energy", 0), address],
    ad: [providerId("ad", 0), address, advertiserId(0)],
  };
}

/**
 * The providers of a market. Shares fall with a shuffled rank (1/rank^0.9), so every market has a few large
 * providers and a tail.
 */
export function providerProfiles(seed: number, market: MarketId): readonly ProviderProfile[] {
  const random = new Random("providers", seed, market);
  const ranks = Array.from({ length: PROVIDER_COUNT[market] }, (_, index) => index + 1);
  shuffle(ranks, random);
  const ownerBase = 1_000 + 100 * MARKET_IDS.indexOf(market);
  return ranks.map((rank, index) => ({
    id: providerId(market, index),
    owner: accountAddress(seed, index === 0 ? 0 : ownerBase + index),
    region: random.pick(REGIONS),
    share: 1 / Math.pow(rank, 0.9),
    capacityFactor: random.integer(1, 6),
    priceFactor: 0.97 + 0.06 * random.next(),
    reputation: Math.round((0.7 + 0.3 * random.next()) * 1_000) / 1_000,
    stake: random.integer(1_000, 50_000) * 1_000,
    latencyMs: random.integer(8, 180),
  }));
}

/** Shuffles a list in place (Fisher–Yates). */
export function shuffle<T>(items: T[], random: Random): void {
  for (let i = items.length - 1; i > 0; i--) {
    const j = random.integer(0, i);
    [items[i], items[j]] = [items[j]!, items[i]!];
  }
}

function twoDigits(index: number): string {
  return index.toString().padStart(2, "0");
}
