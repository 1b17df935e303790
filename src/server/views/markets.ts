import { ACTIVITY_BLOCKS, lastHeightOf } from "../../engine/activity.ts";
import { type CoreState, gateOf, marketValue } from "../../engine/state.ts";
import { MARKET_IDS, type MarketId, marketOf, MARKETS, perMarket } from "../../engine/market.ts";
import {
  activeProviders,
  concentration,
  marketStatus,
  overallStatus,
  priceUnitOf,
  providerMargin,
  receiptsOffered,
  unitPrice,
  utilization,
} from "../../engine/market_health.ts";
import { oldestWaitMs } from "../../engine/network.ts";
import type { MarketObservation, ProviderListing } from "../../engine/observation.ts";
import { Absent, absent, isKnown, type Known, mapKnown } from "../../engine/reason.ts";
import { type Draft, estimated } from "../body.ts";
import type { MarketDetail, MarketHealth, MarketsHealth, ProviderRow, Providers } from "../wire.ts";
import { gateDraft } from "./gates.ts";
import { type Ambient, round, type View } from "./view.ts";

/** Price points in the body of a market. */
const PRICES_MAX = 120;

/** Units of the fields that every market body has. */
const MARKET_UNITS = {
  utilization_ppm: "ppm",
  provider_margin_ppm: "ppm",
  volume_24h: "base units",
  unit_price_micro: "µ base units per price_unit",
};

/** `GET /theblock/markets/health`. */
export const marketsView: View<MarketsHealth> = {
  units: MARKET_UNITS,
  build: (state) => {
    const statuses = MARKET_IDS.map((id) => marketStatus(state, id));
    return {
      draft: {
        overall_status: overallStatus(statuses),
        healthy_markets: statuses.filter((status) => status === "healthy").length,
        total_markets: MARKETS.length,
        markets: perMarket(({ id }) => healthDraft(state, id)),
      },
      slices: ["head", "governor", ...MARKET_IDS],
      source: "engine",
    };
  },
};

/** `GET /theblock/markets/{market}`, one view per market. */
export const marketViews = perMarket(({ id }): View<MarketDetail> => ({
  units: {
    ...MARKET_UNITS,
    volume_100: "base units",
    units_100: marketOf(id).receiptUnit,
    success_rate_ppm: "ppm",
    provider_concentration: "HHI 0..1",
    oldest_wait_ms: "ms",
    "providers.price": "base units",
    "providers.stake": "base units",
    "prices.t": "Unix ms",
  },
  build: (state, ambient) => ({
    draft: detailDraft(state, id, ambient),
    slices: ["head", "governor", id],
    source: "engine",
  }),
}));

/** `GET /theblock/providers`. */
export const providersView: View<Providers> = {
  units: { volume_100: "base units", share: "ratio", price: "base units", stake: "base units" },
  build: (state, ambient) => {
    const providers = MARKET_IDS.flatMap((id) => providerRows(state, id, ambient));
    return {
      draft: { providers, total: providers.length, window_blocks: ACTIVITY_BLOCKS },
      slices: ["head", ...MARKET_IDS],
      source: "engine",
    };
  },
};

function healthDraft(state: CoreState, id: MarketId): { [K in keyof MarketHealth]: Draft<MarketHealth[K]> } {
  const own = marketValue(state, id);
  const activity = state.activity[id];
  const price = unitPrice(state, id);
  const offersReceipts = receiptsOffered(state, id);
  return {
    enabled: state.options.enabled[id],
    status: marketStatus(state, id),
    utilization_ppm: utilization(state, id),
    provider_margin_ppm: providerMargin(state, id),
    active_providers: countOfProviders(state, id),
    pending_operations: mapKnown(own, (market) => market.pendingOperations),
    volume_24h: offersReceipts ?? activity.day.amount,
    unit_price_micro: mapKnown(price, ({ priceMicro }) => priceMicro),
    price_source: mapKnown(price, ({ source }) => source),
    price_unit: priceUnitOf(id),
    gate: gateOf(state, id).state,
    receipts_100: activity.window.count,
    disputes_100: activity.window.disputed,
  };
}

function detailDraft(
  state: CoreState,
  id: MarketId,
  ambient: Ambient,
): { [K in keyof MarketDetail]: Draft<MarketDetail[K]> } {
  const market = marketOf(id);
  const own = marketValue(state, id);
  const { window, day, prices } = state.activity[id];
  const none = receiptsOffered(state, id);
  const judged = window.verified + window.unverified;
  return {
    ...healthDraft(state, id),
    market: id,
    symbol: market.symbol,
    receipt_unit: market.receiptUnit,
    volume_100: none ?? window.amount,
    units_100: none ?? window.units,
    receipts_24h: day.count,
    success_rate_ppm: judged > 0 ? Math.round(1_000_000 * window.verified / judged) : none ??
      absent("NO_SAMPLES", "no receipt within the last 100 blocks says whether the work was verified"),
    provider_concentration: mapKnown(concentration(state, id), (index) => round(index, 6)),
    oldest_wait_ms: id === "compute"
      ? oldestWaitMs(state)
      : absent("NOT_OFFERED", `the ${id} market reports no waits`),
    gate_detail: gateDraft(state, id),
    figures: isKnown(own) ? own.figures.map(({ label, value, unit }) => ({ id: label, value, unit })) : [],
    tables: isKnown(own) ? own.tables : {},
    providers: providerRows(state, id, ambient),
    prices: prices.slice(-PRICES_MAX).map(({ height, timeMs, priceMicro }) => ({
      height,
      t: timeMs,
      price_micro: priceMicro,
    })),
  };
}

function countOfProviders(state: CoreState, id: MarketId): Draft<number | null> {
  const providers = activeProviders(state, id);
  if (!isKnown(providers)) return providers;
  return providers.fromReceipts
    ? estimated(providers.count, "distinct providers in receipts of the last 100 blocks")
    : providers.count;
}

/** The providers of a market: everyone who delivered lately, and everyone whom the market lists. */
function providerRows(state: CoreState, id: MarketId, ambient: Ambient): Draft<ProviderRow>[] {
  const own = marketValue(state, id);
  const listings = isKnown(own) && isKnown(own.providers) ? own.providers : [];
  const listed = new Map(listings.map((listing) => [listing.id, listing]));
  const { providers, window } = state.activity[id];
  const names = new Set([...providers.keys(), ...listed.keys()]);
  return [...names].sort().map((provider) => {
    const sums = providers.get(provider);
    const listing = listed.get(provider);
    const from = <T>(pick: (row: ProviderListing) => Known<T>): Known<T> =>
      listing ? pick(listing) : unlisted(own, id);
    return {
      id: `${id}:${provider}`,
      provider,
      market: id,
      ours: ambient.isOurs(provider),
      listed: listing !== undefined,
      receipts_100: sums?.count ?? 0,
      volume_100: sums?.amount ?? 0n,
      share: window.amount > 0n
        ? round(Number(sums?.amount ?? 0n) / Number(window.amount), 6)
        : absent("NO_SAMPLES", "nothing settled within the last 100 blocks"),
      disputes_100: sums?.disputed ?? 0,
      last_height: lastHeightOf(state.activity[id], provider) ??
        absent("NO_SAMPLES", "no receipt of this provider has been read lately"),
      capacity: from((row) => row.capacity),
      available: from((row) => row.available),
      capacity_unit: from((row) => row.capacityUnit),
      price: from((row) => row.price),
      region: from((row) => row.region),
      reputation: from((row) => row.reputation),
      stake: from((row) => row.stake),
    };
  });
}

function unlisted(own: Known<MarketObservation>, id: MarketId): Absent {
  if (!isKnown(own)) return own;
  return isKnown(own.providers)
    ? absent("NO_SAMPLES", `the ${id} market does not list this provider`)
    : own.providers;
}
