import type { ChainView } from "../chain_view.ts";
import { HASH_TAG, hex256 } from "../hash.ts";
import { isActive } from "../model.ts";
import { integerOf, textOf } from "./common.ts";
import type { PlacedReceipt } from "./energy.ts";

const CAPACITY_BYTES = 800_000_000_000;
const ENTRY_SECONDS = 900;
const REGISTER_SECONDS = 600;
const DISCOVER_LIMIT_DEFAULT = 25;
const DISCOVER_LIMIT_MAX = 100;
const LIST_LIMIT_DEFAULT = 100;
const LIST_LIMIT_MAX = 1_000;
const AUDIT_LIMIT_DEFAULT = 20;
/** Blocks that a search for recent contracts goes back. */
const LOOK_BACK_BLOCKS = 500;

/** `storage.discover_providers`: sorted by price, and each provider twice, as today's node answers. */
export function discoverProviders(params: unknown, view: ChainView): Record<string, unknown> {
  const market = view.market("storage");
  const seconds = Math.floor(view.state.timestampMs / 1_000);
  const size = integerOf(params, "object_size", 0);
  const limit = Math.min(DISCOVER_LIMIT_MAX, integerOf(params, "limit", DISCOVER_LIMIT_DEFAULT));
  const region = textOf(params, "region");
  const priceMax = integerOf(params, "max_price_per_block", Number.MAX_SAFE_INTEGER);
  const successMin = integerOf(params, "min_success_rate_ppm", 0);
  const providers = view.chain.providers.storage.flatMap((profile, index) => {
    const proofs = Math.floor(Math.max(0, view.tip) / 10);
    const failures = Math.floor(proofs * (1 - profile.reputation) / 10);
    const rate = proofs === 0 ? 1_000_000 : Math.floor((proofs - failures) * 1_000_000 / proofs);
    const capacity = CAPACITY_BYTES * profile.capacityFactor;
    const price = Math.round(market.price * profile.priceFactor);
    if (!isActive(market, index) || capacity < size || price > priceMax || rate < successMin) return [];
    if (region !== undefined && region !== profile.region) return [];
    return [{
      provider: profile.id,
      region: profile.region,
      capacity_bytes: capacity,
      price_per_block: price,
      escrow_deposit: profile.stake,
      latency_ms: profile.latencyMs,
      tags: index % 2 === 0 ? ["ssd"] : [],
      version: 1,
      expires_at: seconds - seconds % REGISTER_SECONDS + ENTRY_SECONDS,
      last_seen_block: Math.max(0, view.tip - view.tip % 10),
      proof_successes: proofs - failures,
      proof_failures: failures,
      success_rate_ppm: rate,
    }];
  });
  providers.sort((a, b) => a.price_per_block - b.price_per_block || (a.provider < b.provider ? -1 : 1));
  return { status: "ok", providers: providers.slice(0, limit).flatMap((provider) => [provider, provider]) };
}

/** `storage.manifests`: one per contract of the last 500 blocks, newest first. */
export function storageManifests(params: unknown, view: ChainView): Record<string, unknown> {
  const limit = Math.min(LIST_LIMIT_MAX, integerOf(params, "limit", LIST_LIMIT_DEFAULT));
  return {
    status: "ok",
    manifests: newestContracts(view, limit).map((placed) => ({
      manifest: manifestOf(view, placed),
      total_len: placed.receipt.units,
      chunk_count: Math.ceil(placed.receipt.units / 1_048_576),
      erasure: "reed-solomon",
      compression: "lz77-rle",
      encryption: null,
      compression_level: null,
      erasure_fallback: false,
      compression_fallback: false,
    })),
    policy: {
      compression: { algorithm: "lz77-rle", emergency: false, fallback: false },
      erasure: { algorithm: "reed-solomon", emergency: false, fallback: false },
    },
  };
}

/** `storage.audit`: one report per recent contract; a disputed one misses a chunk. */
export function storageAudit(params: unknown, view: ChainView): Record<string, unknown> {
  const limit = Math.min(LIST_LIMIT_MAX, integerOf(params, "limit", AUDIT_LIMIT_DEFAULT));
  const wanted = textOf(params, "manifest");
  const reports = newestContracts(view, limit).map((placed) => ({
    manifest: manifestOf(view, placed),
    chunks: Math.ceil(placed.receipt.units / 1_048_576),
    missing: placed.receipt.dispute === "none" ? 0 : 1,
  })).filter((report) => wanted === undefined || report.manifest === wanted);
  return {
    status: "ok",
    reports,
    missing_chunks: reports.reduce((total, report) => total + report.missing, 0),
  };
}

function newestContracts(view: ChainView, limit: number): PlacedReceipt[] {
  const placed: PlacedReceipt[] = [];
  const from = Math.max(0, view.tip - LOOK_BACK_BLOCKS);
  for (let height = view.tip; height > from && placed.length < limit; height--) {
    for (const receipt of view.receipts(height)) {
      if (receipt.market === "storage" && placed.length < limit) placed.push({ height, receipt });
    }
  }
  return placed;
}

function manifestOf(view: ChainView, { height, receipt }: PlacedReceipt): string {
  return hex256(view.chain.key, HASH_TAG.manifest, height, view.variantOf(height), receipt.index);
}
