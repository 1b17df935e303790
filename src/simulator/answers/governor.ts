import type { ChainView } from "../chain_view.ts";
import { decisionsAt, economicsAt, epochAt, gatesAt, lastEpoch, STREAK_REQUIRED } from "../governor.ts";
import { schedulerAt } from "../network.ts";
import { type AnswerContext, integerOf } from "./common.ts";

const DECISIONS_MAX = 100;
const MICRO = 1_000_000;

/**
 * `governor.status` of an enabled governor.
 *
 * @param withHeights Whether gates say since when they are in their state
 */
export function governorBody(
  view: ChainView,
  context: AnswerContext,
  withHeights: boolean,
): Record<string, unknown> {
  const metrics = economicsAt(view).map((row) => ({
    market: row.market,
    utilization_ppm: row.utilizationPpm,
    provider_margin_ppm: row.marginPpm,
  }));
  const epoch = lastEpoch(view);
  const sample: Record<string, unknown> = {
    block_reward: 50_000,
    epoch_treasury_inflow: epoch.volume / 200n,
    epoch_tx_count: epoch.transactions,
    epoch_tx_volume: epoch.volume,
    market_metrics: metrics,
  };
  for (const row of metrics) {
    sample[`${row.market}_util`] = row.utilization_ppm / MICRO;
    sample[`${row.market}_margin`] = row.provider_margin_ppm / MICRO;
  }
  return {
    enabled: true,
    epoch: epochAt(view),
    window_secs: 120,
    schema_version: 12,
    shadow_only: false,
    autopilot_enabled: true,
    gates: gatesAt(view, context.callNumber).map((gate) => ({
      name: gate.name,
      state: gate.state,
      enter_streak: gate.enterStreak,
      exit_streak: gate.exitStreak,
      streak_required: STREAK_REQUIRED,
      last_reason: gate.reason,
      last_metrics: gate.metrics,
      last_transition_height: withHeights ? gate.lastTransitionHeight : undefined,
    })),
    pending: [],
    economics_sample: sample,
    economics_prev_market_metrics: metrics,
    receipt_health: {
      decoding_failure_total: 0,
      diversity_violation_total: 0,
      drain_depth: 0,
      header_mismatch_total: 0,
      pending_compute: schedulerAt(view).queued,
      pending_energy: 0,
      pending_storage: 0,
      signature_mismatch_total: 0,
      validation_failure_total: 0,
    },
    last_economics_snapshot_hash: null,
    release_provenance: null,
    blocktorch: null,
  };
}

/** `governor.decisions`: newest first. */
export function governorDecisions(params: unknown, view: ChainView): unknown[] {
  const limit = Math.min(DECISIONS_MAX, integerOf(params, "limit", 10));
  return decisionsAt(view, limit).map((decision) => ({
    id: decision.id,
    gate: decision.gate,
    action: decision.action,
    epoch_apply: decision.epochApply,
    state: "applied",
    params_patch: { [decision.gate]: decision.action === "enter" },
    metrics: {},
    reason: decision.reason,
    snapshot_hash_hex: decision.snapshotHash,
  }));
}
