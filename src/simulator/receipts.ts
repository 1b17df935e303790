import { MARKET_IDS, type MarketId, MARKETS } from "../engine/market.ts";
import { keyOf, Random } from "../engine/random.ts";
import { ADVERTISER_COUNT, CONSUMER_COUNT, PROVIDER_COUNT, providerProfiles } from "./identity.ts";
import { demandAt, type MarketState, type ModelState } from "./model.ts";
import type { Variant } from "./reorg.ts";
import { type Dialect, isInside, type Scenario } from "./scenario.ts";

/** One settled trade, without the texts that an answer adds. */
export interface SimulatedReceipt {
  readonly market: MarketId;
  /** Position in the block, over all markets. */
  readonly index: number;
  /** Index of the provider; 0 is ours. */
  readonly provider: number;
  /** Index of the account that pays (ad: of the advertiser); 0 is ours. Never ours on both sides. */
  readonly consumer: number;
  /** Compute units, bytes, milliwatt-hours or impressions. */
  readonly units: number;
  /** What the consumer pays and the provider gets, base units: floor(unit price × units). */
  readonly amount: number;
  /** Paid to the provider by the chain, base units; 0 in dialect `live`, which knows no subsidies. */
  readonly subsidy: number;
  /** Part of the amount that the treasury keeps; only in dialect `live`, energy, and never of our own sales. */
  readonly treasuryFee: number;
  /** Part of the amount that a dispute costs the seller; as `treasuryFee`. */
  readonly slashApplied: number;
  /** False for about 2 % of the compute receipts. */
  readonly verified: boolean;
  readonly dispute: "none" | "open" | "resolved";
}

/** Share of the receipts that we provide. */
export const OUR_PROVIDER_SHARE = 0.12;
/** Share of the receipts that we pay for. */
export const OUR_CONSUMER_SHARE = 0.06;

const RECEIPTS_PER_MARKET_MAX = 24;
const UNVERIFIED_SHARE = 0.02;
const DISPUTED_SHARE = 0.005;
const SUBSIDIZED_SHARE = 0.3;
const SUBSIDY_RATIO_MAX = 0.01;
const TREASURY_FEE_RATIO = 0.01;
const SLASH_RATIO = 0.1;
const MIB = 1_048_576;
const KWH = 1_000_000;

/** Smallest and largest trade of each market, in receipt units. */
const UNITS_RANGE: Readonly<Record<MarketId, readonly [number, number]>> = {
  compute: [20, 400],
  storage: [8 * MIB, 512 * MIB],
  energy: [KWH / 2, 40 * KWH],
  ad: [200, 20_000],
};

/**
 * Generates the receipts of a block from its height and the state of the economy, in (market, draw) order.
 *
 * The two dialects see the same trades, with two differences: in `live` energy is sold in whole kilowatt-hours
 * (that is what its receipts count), and its treasury takes 1 % of the energy sales of others (and 10 % of
 * disputed ones). Our own sales are exempt, so what a receipt says is what our balance moves by in both dialects.
 */
export class ReceiptSource {
  readonly #key: number;
  readonly #scenario: Scenario;
  readonly #live: boolean;
  readonly #shares: Readonly<Record<MarketId, readonly number[]>>;

  constructor(seed: number, scenarioName: string, scenario: Scenario, dialect: Dialect) {
    this.#key = keyOf("receipts", seed, scenarioName);
    this.#scenario = scenario;
    this.#live = dialect === "live";
    this.#shares = Object.fromEntries(
      MARKET_IDS.map((id) => [id, providerProfiles(seed, id).map((profile) => profile.share)]),
    ) as unknown as Record<MarketId, readonly number[]>;
  }

  /** The receipts of the block that `state` belongs to. Block 0 has none. */
  receipts(state: ModelState, variant: Variant): readonly SimulatedReceipt[] {
    const receipts: SimulatedReceipt[] = [];
    if (state.height === 0) return receipts;
    const random = new Random(this.#key, state.height, variant);
    const closed = isInside(this.#scenario.outage, state.height);
    for (let m = 0; m < MARKET_IDS.length; m++) {
      const market = MARKET_IDS[m]!;
      if (closed && (market === "compute" || market === "storage")) continue;
      const drawn = random.poisson(demandAt(state, this.#scenario, market));
      const count = Math.min(drawn, RECEIPTS_PER_MARKET_MAX);
      for (let i = 0; i < count; i++) {
        receipts.push(this.#draw(state.markets[m]!, m, market, receipts.length, random));
      }
    }
    return receipts;
  }

  #draw(state: MarketState, m: number, market: MarketId, index: number, random: Random): SimulatedReceipt {
    const provider = this.#drawProvider(state, market, random);
    const consumer = drawConsumer(market, provider, random);
    const units = this.#drawUnits(market, random);
    const perPrice = UNITS_PER_PRICE[m]!;
    const amount = Math.floor(state.price * units / perPrice);
    const subsidized = random.chance(SUBSIDIZED_SHARE);
    const subsidyRatio = SUBSIDY_RATIO_MAX * random.next();
    const verified = !random.chance(UNVERIFIED_SHARE) || market !== "compute";
    const disputed = random.chance(DISPUTED_SHARE);
    const settled = random.chance(0.5);
    const charged = this.#live && market === "energy" && provider !== 0;
    return {
      market,
      index,
      provider,
      consumer,
      units,
      amount,
      subsidy: subsidized && !this.#live ? Math.floor(amount * subsidyRatio) : 0,
      treasuryFee: charged ? Math.floor(amount * TREASURY_FEE_RATIO) : 0,
      slashApplied: charged && disputed ? Math.floor(amount * SLASH_RATIO) : 0,
      verified,
      dispute: !disputed ? "none" : settled ? "resolved" : "open",
    };
  }

  /** Ours with a fixed share, else one of the others that take part, by their shares. */
  #drawProvider(state: MarketState, market: MarketId, random: Random): number {
    if (random.chance(OUR_PROVIDER_SHARE)) return 0;
    const shares = this.#shares[market];
    const count = PROVIDER_COUNT[market];
    let total = 0;
    for (let i = 1; i < count; i++) if (state.active >>> i & 1) total += shares[i]!;
    let point = random.next() * total;
    let last = 0;
    for (let i = 1; i < count; i++) {
      if (!(state.active >>> i & 1)) continue;
      last = i;
      point -= shares[i]!;
      if (point < 0) return i;
    }
    return last;
  }

  #drawUnits(market: MarketId, random: Random): number {
    const [low, high] = UNITS_RANGE[market];
    const draw = random.next();
    if (market === "energy" && this.#live) return (1 + Math.floor(draw * (high / KWH))) * KWH;
    return low + Math.floor(draw * (high - low + 1));
  }
}

const UNITS_PER_PRICE: readonly number[] = MARKETS.map((market) => Number(market.receiptUnitsPerPriceUnit));

function drawConsumer(market: MarketId, provider: number, random: Random): number {
  const others = market === "ad" ? ADVERTISER_COUNT - 1 : CONSUMER_COUNT;
  const other = random.integer(1, others);
  const ours = random.chance(OUR_CONSUMER_SHARE / (1 - OUR_PROVIDER_SHARE));
  return ours && provider !== 0 ? 0 : other;
}
