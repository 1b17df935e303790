import type { ChainView } from "../chain_view.ts";
import { ADVERTISER_COUNT, advertiserId } from "../identity.ts";
import { gateAt, STREAK_REQUIRED } from "../governor.ts";
import { COLUMN } from "../ledger.ts";
import { MARKET_IDS } from "../../engine/market.ts";
import { activeProviders, isActive } from "../model.ts";
import { campaignId } from "../receipt_item.ts";

/** Budget of a campaign, µUSD; renewed when it is spent. */
const BUDGET_USD_MICROS = 50_000_000_000n;
/** Base units that spend one µUSD of a budget. */
const BASE_UNITS_PER_USD_MICRO = 100n;
const ORACLE_PRICE_USD_MICROS = 1_000_000;
const EPOCH_BLOCKS = 120;
const TARGET_UTILIZATION_PPM = 700_000;
const DISTRIBUTION = {
  hardware_percent: 15,
  host_percent: 30,
  liquidity_percent: 5,
  verifier_percent: 10,
  viewer_percent: 40,
};
const CONVERSION_SUMMARY = { authenticated_total: 0, error_counts: {}, rejected_total: 0 };
const CONFIG = {
  dual_forgetting: 0.85,
  dual_step: 0.02,
  epoch_impressions: 10_000,
  epochs_per_budget: 96,
  max_kappa: 2,
  min_kappa: 0.25,
  shadow_price_cap: 4,
  smoothing: 0.2,
  step_size: 0.05,
};
const AD = MARKET_IDS.indexOf("ad");

/** `ad_market.list_campaigns` */
export function adCampaigns(view: ChainView): Record<string, unknown> {
  return {
    status: "ok",
    campaigns: Array.from({ length: ADVERTISER_COUNT }, (_, index) => ({
      id: campaignId(index),
      advertiser_account: advertiserId(index),
      creatives: [`cr-${index}-0`, `cr-${index}-1`],
      remaining_budget_usd_micros: BUDGET_USD_MICROS - spentOf(view, index),
      reserved_budget_usd_micros: 0,
    })),
  };
}

/** `ad_market.inventory`: the campaigns and the price of every cohort (one per active provider). */
export function adInventory(view: ChainView): Record<string, unknown> {
  return {
    ...adCampaigns(view),
    cohort_prices: cohorts(view),
    distribution: DISTRIBUTION,
    oracle: { price_usd_micros: ORACLE_PRICE_USD_MICROS },
  };
}

/** `ad_market.budget`: spend is total less remaining, in µUSD. */
export function adBudget(view: ChainView): Record<string, unknown> {
  const epoch = Math.floor(Math.max(0, view.tip) / EPOCH_BLOCKS);
  const before = epoch * EPOCH_BLOCKS - 1;
  const target = Number(BUDGET_USD_MICROS) / CONFIG.epochs_per_budget;
  let epochSpendTotal = 0;
  let spentTotal = 0;
  const campaigns = Array.from({ length: ADVERTISER_COUNT }, (_, index) => {
    const epochSpend = Number(view.since(before, COLUMN.adSpend + index) / BASE_UNITS_PER_USD_MICRO);
    epochSpendTotal += epochSpend;
    spentTotal += Number(spentOf(view, index));
    return {
      campaign_id: campaignId(index),
      total_budget: BUDGET_USD_MICROS,
      remaining_budget: BUDGET_USD_MICROS - spentOf(view, index),
      epoch_target: target,
      epoch_spend: epochSpend,
      epoch_impressions: view.since(before, COLUMN.adImpressions + index),
      dual_price: 0.4,
      cohorts: [],
      pi_controller: {
        amplitude_since_cross: 0,
        integral: 0,
        ki: 0.01,
        kp: 0.02,
        last_cross_micros: null,
        period_estimate_secs: null,
      },
    };
  });
  const counts = { campaign_count: ADVERTISER_COUNT, cohort_count: activeProviders(view.market("ad")) };
  const errors = { dual_price_max: 0.4, max_abs_smoothed_error: 0, mean_kappa: 1, mean_smoothed_error: 0 };
  const { dual_forgetting, dual_step, max_kappa, min_kappa, shadow_price_cap, smoothing, step_size } = CONFIG;
  return {
    status: "ok",
    campaigns,
    config: CONFIG,
    conversion_summary: CONVERSION_SUMMARY,
    generated_at_micros: view.state.timestampMs * 1_000,
    pacing: {
      ...counts,
      ...errors,
      dual_forgetting,
      dual_step,
      epochs_per_budget: CONFIG.epochs_per_budget,
      max_kappa_config: max_kappa,
      max_kappa_observed: 1,
      min_kappa_config: min_kappa,
      shadow_price_cap_config: shadow_price_cap,
      smoothing,
      step_size,
    },
    summary: {
      ...counts,
      ...errors,
      config_dual_forgetting: dual_forgetting,
      config_dual_step: dual_step,
      config_max_kappa: max_kappa,
      config_min_kappa: min_kappa,
      config_shadow_price_cap: shadow_price_cap,
      config_smoothing: smoothing,
      config_step_size: step_size,
      epoch_spend_total: epochSpendTotal,
      epoch_target_total: target * ADVERTISER_COUNT,
      max_kappa: 1,
      min_kappa: 1,
      realized_spend_total: spentTotal,
    },
  };
}

/** `ad_market.readiness`: ready unless the ad gates rehearse. */
export function adReadiness(view: ChainView): Record<string, unknown> {
  const gate = gateAt(view, "ad_targeting_contextual");
  const ready = gate.state === "trade";
  const rows = cohorts(view);
  const seconds = Math.floor(view.state.timestampMs / 1_000);
  const observed = rows.map((row) => row.observed_utilization_ppm);
  const total = view.totals()[COLUMN.revenue + AD]! / BASE_UNITS_PER_USD_MICRO;
  return {
    status: "ok",
    ready,
    blockers: ready ? [] : ["insufficient_unique_viewers"],
    unique_viewers: ready ? 1_840 : 160 + 5 * gate.enterStreak,
    host_count: 64,
    provider_count: 10 + rows.length,
    thresholds: { min_host_count: 25, min_provider_count: 10, min_unique_viewers: 250 },
    window_secs: 21_600,
    utilization: {
      cohort_count: rows.length,
      cohorts: rows.map((row) => ({
        ...row,
        delta_utilization_ppm: row.observed_utilization_ppm - row.target_utilization_ppm,
      })),
      last_updated: seconds,
      max_ppm: Math.max(0, ...observed),
      mean_ppm: observed.length === 0 ? 0 : Math.round(observed.reduce((a, b) => a + b, 0) / observed.length),
      min_ppm: observed.length === 0 ? 0 : Math.min(...observed),
    },
    settlement_count: view.totals()[COLUMN.count + AD]!,
    total_usd_micros: total,
    price_usd_micros: ORACLE_PRICE_USD_MICROS,
    ready_streak_windows: gate.enterStreak,
    rehearsal_enabled: !ready,
    rehearsal_required_windows: STREAK_REQUIRED,
    rehearsal_contextual_enabled: !ready,
    rehearsal_contextual_required_windows: STREAK_REQUIRED,
    rehearsal_presence_enabled: !ready,
    rehearsal_presence_required_windows: STREAK_REQUIRED,
    last_updated: seconds,
    conversion_summary: CONVERSION_SUMMARY,
    distribution: DISTRIBUTION,
    oracle: {
      market: { price_usd_micros: ORACLE_PRICE_USD_MICROS },
      snapshot: { price_usd_micros: ORACLE_PRICE_USD_MICROS },
    },
    dynamic: {
      cap_host_count: 0,
      cap_provider_count: 0,
      cap_unique_viewers: 0,
      ema_smoothing_ppm: 200_000,
      floor_host_count: 0,
      floor_provider_count: 0,
      floor_unique_viewers: 0,
      host_percentile: 75,
      percentile_buckets: 12,
      provider_percentile: 50,
      use_percentile_thresholds: false,
      viewer_percentile: 90,
    },
  };
}

/** What a campaign has spent of its current budget, µUSD. */
function spentOf(view: ChainView, advertiser: number): bigint {
  return view.totals()[COLUMN.adSpend + advertiser]! / BASE_UNITS_PER_USD_MICRO % BUDGET_USD_MICROS;
}

function cohorts(view: ChainView) {
  const market = view.market("ad");
  return view.chain.providers.ad.flatMap((profile, index) => {
    if (!isActive(market, index)) return [];
    return [{
      domain: `site-${index}.example`,
      provider: profile.id,
      badges: [],
      price_per_mib_usd_micros: Math.round(market.price * profile.priceFactor),
      target_utilization_ppm: TARGET_UTILIZATION_PPM,
      observed_utilization_ppm: Math.round(market.utilization * 1_000_000 * (0.5 + profile.reputation / 2)),
    }];
  });
}
