/** Decoders of the four markets' own answers, in both spellings. */
import type {
  MarketFigure,
  MarketObservation,
  MarketRow,
  ProviderListing,
  Quote,
} from "../../engine/observation.ts";
import { type Absent, absent, type Known, mapKnown } from "../../engine/reason.ts";
import { ppmOfRatio } from "./chain.ts";
import type { Field } from "./field.ts";

/** Rows of a market's own table that are kept for its page. */
const ROWS_MAX = 200;

/** Builds an observation in which everything that is not given is not offered. */
function observation(method: string, given: Partial<MarketObservation>): MarketObservation {
  const missing = (what: string): Absent =>
    absent("NOT_OFFERED", `${method} does not report ${what} on this node`);
  return {
    utilizationPpm: missing("utilisation"),
    providerMarginPpm: missing("provider margin"),
    activeProviders: missing("providers"),
    pendingOperations: missing("pending operations"),
    quote: missing("a price"),
    providers: missing("providers"),
    oldestWaitMs: missing("waits"),
    ready: missing("readiness"),
    readyReason: missing("readiness"),
    figures: [],
    tables: {},
    ...given,
  };
}

/** A figure of the market's own answer; a field that is missing on this node stays out of the list. */
function figures(
  field: Field,
  wanted: readonly (readonly [name: string, label: string, unit: string])[],
): MarketFigure[] {
  return wanted.flatMap(([name, label, unit]) => {
    const member = field.optional(name);
    return member ? [{ label, value: scalar(member), unit }] : [];
  });
}

function scalar(field: Field): number | string | boolean {
  if (typeof field.raw === "boolean") return field.raw;
  if (typeof field.raw === "bigint") return field.raw.toString();
  return typeof field.raw === "string" ? field.text() : field.number();
}

/** The scalar members of each item of a list. */
function rows(field: Field | undefined): readonly MarketRow[] {
  return (field?.list() ?? []).slice(0, ROWS_MAX).map((item) =>
    Object.fromEntries(
      item.entries().filter(([, member]) => typeof member.raw !== "object").map(([name, member]) => [
        name,
        scalar(member),
      ]),
    )
  );
}

/** What the README's names give for every market. */
function common(field: Field): Partial<MarketObservation> {
  const ratio = field.known(["avg_utilization", "capacity_used"], (value) => value.positive());
  return {
    utilizationPpm: field.optional("utilization_ppm")
      ? field.get("utilization_ppm").ppm()
      : ppmOfRatio(ratio),
    providerMarginPpm: field.known("provider_margin_ppm", (ppm) => ppm.ppm()),
    activeProviders: field.known(
      ["total_providers", "providers"],
      (count) => count.isList() ? count.list().length : count.count(),
    ),
    pendingOperations: field.known("pending_operations", (count) => count.count()),
  };
}

/** A price per unit in base units as micro base units; prices may have decimals. */
function quoteOf(field: Field, name: string, scale = 1): Known<Quote> {
  return field.known(name, (price) => quote(name, price, scale));
}

function quote(source: string, price: Field, scale: number): Quote {
  const exact = typeof price.raw === "bigint" || Number.isSafeInteger(price.raw);
  const priceMicro = exact && Number.isInteger(scale)
    ? price.u64() * 1_000_000n * BigInt(scale)
    : BigInt(Math.floor(price.positive() * 1_000_000 * scale));
  return { priceMicro, source };
}

/** A price of 0 is what this node answers when it has none. */
function nonZero(known: Known<Quote>): Known<Quote> {
  return mapKnown(
    known,
    (quoted) =>
      quoted.priceMicro > 0n
        ? quoted
        : absent("NO_PRICE", `${quoted.source} is 0 on this node: nothing is quoted`),
  );
}

/** `compute_market.stats`, both spellings: the live node's has `industrial_*` fields. */
export function decodeComputeStats(field: Field): MarketObservation {
  if (
    !field.optional("settlement_engine") && !field.first("industrial_utilization", "industrial_units_total")
  ) {
    return observation(field.method, {
      ...common(field),
      quote: field.optional("price_micro")
        ? nonZero({ priceMicro: field.get("price_micro").u64(), source: "price_micro" })
        : nonZero(quoteOf(field, "industrial_price_per_unit")),
      figures: figures(field, [
        ["active_jobs", "Active jobs", "jobs"],
        ["total_revenue", "Total revenue", "base units"],
      ]),
    });
  }
  const lanes = field.optional("lanes")?.list() ?? [];
  const waits = lanes.flatMap((lane) =>
    [lane.optional("oldest_bid_wait_ms"), lane.optional("oldest_ask_wait_ms")].flatMap((wait) =>
      wait ? [wait.positive()] : []
    )
  );
  const percent = field.known("industrial_utilization", (value) => value.positive());
  return observation(field.method, {
    utilizationPpm: ppmOfRatio(mapKnown(percent, (value) => value / 100)),
    pendingOperations: field.known("pending", (pending) => pending.list().length),
    quote: nonZero(quoteOf(field, "industrial_price_per_unit")),
    oldestWaitMs: waits.length > 0
      ? Math.max(...waits)
      : absent("NO_SAMPLES", "nothing is waiting in the lanes"),
    figures: figures(field, [
      ["industrial_backlog", "Industrial backlog", "units"],
      ["industrial_units_total", "Industrial units, total", "units"],
      ["industrial_price_per_unit", "Industrial price per unit", "base units"],
      ["industrial_price_weighted", "Industrial price, weighted", "base units"],
      ["industrial_price_base", "Industrial price, base", "base units"],
    ]),
    tables: {
      lanes: rows(field.optional("lanes")),
      pending: rows(field.optional("pending")),
      lane_starvation: rows(field.optional("lane_starvation")),
    },
  });
}

/** `storage.stats` of a node that offers the README's names. */
export function decodeStorageStats(field: Field): MarketObservation {
  return observation(field.method, {
    ...common(field),
    quote: nonZero(quoteOf(field, "avg_price")),
    figures: figures(field, [
      ["total_stored", "Stored", "bytes"],
      ["avg_price", "Average price", "base units"],
      ["capacity_used", "Capacity used", "ratio"],
    ]),
  });
}

/**
 * `storage.discover_providers`: listings, each of which this node returns twice. It reports neither utilisation
 * nor what is stored.
 */
export function decodeStorageProviders(field: Field): MarketObservation {
  const listings = new Map<string, ProviderListing>();
  for (const item of field.get("providers").list()) {
    const id = item.get("provider").id();
    listings.set(id, {
      id,
      capacity: item.known("capacity_bytes", (bytes) => bytes.positive()),
      available: absent("NOT_OFFERED", "storage.discover_providers does not report free capacity"),
      capacityUnit: "bytes",
      price: item.known("price_per_block", (price) => price.u64()),
      region: item.known("region", (region) => region.text()),
      reputation: item.known("success_rate_ppm", (ppm) => ppm.number() / 1_000_000),
      stake: item.known("escrow_deposit", (deposit) => deposit.u64()),
    });
  }
  const providers = [...listings.values()];
  const prices = providers.flatMap(({ price }) => (typeof price === "bigint" ? [price] : []));
  const cheapest = prices.reduce<bigint | null>(
    (low, price) => (low === null || price < low ? price : low),
    null,
  );
  return observation(field.method, {
    activeProviders: providers.length,
    providers,
    quote: cheapest === null || cheapest === 0n
      ? absent("NO_PRICE", "no storage provider quotes a price")
      : { priceMicro: cheapest * 1_000_000n, source: "price_per_block" },
    figures: [{ label: "Listed capacity", value: capacityTotal(providers), unit: "bytes" }],
    tables: {},
  });
}

function capacityTotal(providers: readonly ProviderListing[]): Known<number> {
  let total = 0;
  for (const { capacity } of providers) if (typeof capacity === "number") total += capacity;
  return providers.length > 0 ? total : absent("NO_SAMPLES", "no provider is listed");
}

/** `energy.market_state`, both spellings. */
export function decodeEnergyMarket(field: Field): MarketObservation {
  const listed = field.optional("providers");
  const providers = listed?.isList() ? listed.list().map(decodeEnergyProvider) : undefined;
  const disputes = field.optional("disputes");
  const shared = common(field);
  return observation(field.method, {
    ...shared,
    utilizationPpm: field.optional("utilization_ppm")
      ? shared.utilizationPpm!
      : capacityUse(field, providers),
    activeProviders: providers ? providers.length : shared.activeProviders!,
    quote: energyQuote(field, providers ?? []),
    providers: providers ?? absent("NOT_OFFERED", "energy.market_state lists no providers on this node"),
    figures: figures(field, [
      ["total_credits", "Credits", "kWh"],
      ["avg_price", "Average price", "base units per kWh"],
      ["active_traders", "Active traders", "accounts"],
      ["volume_24h", "Volume, 24 h, as the node counts it", "base units"],
    ]),
    tables: {
      providers: rows(listed?.isList() ? listed : undefined),
      credits: rows(field.optional("credits")),
      disputes: rows(disputes),
    },
  });
}

function decodeEnergyProvider(field: Field): ProviderListing {
  return {
    id: field.get("provider_id").id(),
    capacity: field.known("capacity_kwh", (kwh) => kwh.positive()),
    available: field.known("available_kwh", (kwh) => kwh.positive()),
    capacityUnit: "kWh",
    price: field.known("price_per_kwh", (price) => price.u64()),
    region: field.known("jurisdiction", (region) => region.text()),
    reputation: field.known("reputation_score", (score) => score.number()),
    stake: field.known("staked_balance", (stake) => stake.u64()),
  };
}

/** 1 − Σavailable / Σcapacity over the listed providers. */
function capacityUse(field: Field, providers: readonly ProviderListing[] | undefined): Known<number> {
  let capacity = 0;
  let available = 0;
  for (const provider of providers ?? []) {
    if (typeof provider.capacity !== "number" || typeof provider.available !== "number") continue;
    capacity += provider.capacity;
    available += provider.available;
  }
  if (capacity === 0) return absent("NO_SAMPLES", `${field.method} lists no provider with a capacity`);
  if (available > capacity) {
    return absent("UNDEFINED", `${field.method} lists more free capacity than there is`);
  }
  return Math.round((1 - available / capacity) * 1_000_000);
}

function energyQuote(field: Field, providers: readonly ProviderListing[]): Known<Quote> {
  const prices = providers.flatMap(({ price }) => (typeof price === "bigint" && price > 0n ? [price] : []));
  if (prices.length > 0) {
    const low = prices.reduce((a, b) => (b < a ? b : a));
    return { priceMicro: low * 1_000_000n, source: "price_per_kwh" };
  }
  if (field.optional("avg_price")) return nonZero(quoteOf(field, "avg_price"));
  return absent("NO_PRICE", "no energy provider quotes a price");
}

/** `ad_market.stats` of a node that offers the README's names. */
export function decodeAdStats(field: Field): MarketObservation {
  return observation(field.method, {
    ...common(field),
    quote: nonZero(quoteOf(field, "avg_cpm")),
    figures: figures(field, [
      ["active_campaigns", "Active campaigns", "campaigns"],
      ["total_impressions", "Impressions, total", "impressions"],
      ["total_revenue", "Total revenue", "base units"],
      ["avg_cpm", "Average price per 1,000 impressions", "base units"],
    ]),
  });
}

/** `ad_market.readiness`: whether the market may open, and how far it is from that. */
export function decodeAdReadiness(field: Field): MarketObservation {
  const utilization = field.optional("utilization");
  const ready = field.get("ready").boolean();
  const blockers = (field.optional("blockers")?.list(64) ?? []).map((blocker) => blocker.text());
  const cohorts = utilization?.optional("cohort_count")?.count() ?? 0;
  return observation(field.method, {
    ready,
    readyReason: ready ? "the ad market reports that it is ready" : blockers.join(", ") || "not ready",
    activeProviders: field.known("provider_count", (count) => count.count()),
    utilizationPpm: cohorts > 0 && utilization
      ? utilization.known("mean_ppm", (ppm) => ppm.ppm())
      : absent("NO_SAMPLES", "the ad market has no cohort"),
    figures: figures(field, [
      ["unique_viewers", "Unique viewers", "viewers"],
      ["host_count", "Hosts", "hosts"],
      ["provider_count", "Providers", "providers"],
      ["settlement_count", "Settlements", "settlements"],
      ["total_usd_micros", "Settled", "µUSD"],
      ["ready_streak_windows", "Ready streak", "windows"],
    ]),
  });
}

/**
 * `ad_market.inventory` on top of the readiness: campaigns and cohort prices. The node prices cohorts in µUSD per
 * MiB, so the quote's source says so.
 */
export function decodeAdInventory(field: Field): Pick<MarketObservation, "quote" | "tables"> {
  const prices = field.optional("cohort_prices")?.list() ?? [];
  const micros = prices.flatMap((price) => {
    const member = price.optional("price_per_mib_usd_micros");
    return member ? [member.u64()] : [];
  });
  const low = micros.reduce<bigint | null>((a, b) => (a === null || b < a ? b : a), null);
  return {
    quote: low === null || low === 0n
      ? absent("NO_PRICE", "no ad cohort has a price")
      : { priceMicro: low, source: "ad cohort price, USD per MiB" },
    tables: {
      campaigns: rows(field.optional("campaigns")),
      cohort_prices: rows(field.optional("cohort_prices")),
    },
  };
}

/** Campaign budgets, in µUSD: a unit of their own, never added to base units. */
export function decodeAdBudget(field: Field): readonly MarketRow[] {
  return rows(field.optional("campaigns"));
}
