/** Decoder of `governor.status`. */
import { isMarketId } from "../../engine/market.ts";
import type { GovernorEconomics, GovernorGate, GovernorObservation } from "../../engine/observation.ts";
import { absent } from "../../engine/reason.ts";
import type { Field } from "./field.ts";

/** A disabled governor answers `{"status":"disabled"}` and nothing else. */
export function decodeGovernor(field: Field): GovernorObservation {
  if (field.optional("status")?.text() === "disabled" || !field.optional("gates")) {
    const why = absent("DISABLED", "the node's governor is disabled");
    return {
      enabled: false,
      epoch: why,
      shadowOnly: why,
      gates: [],
      economics: {},
      epochTxCount: why,
      pendingDecisions: 0,
    };
  }
  const sample = field.optional("economics_sample");
  return {
    enabled: true,
    epoch: field.known("epoch", (epoch) => epoch.count()),
    shadowOnly: field.known("shadow_only", (flag) => flag.boolean()),
    gates: decodeGates(field.get("gates")),
    economics: decodeEconomics(field.optional("economics_prev_market_metrics")),
    epochTxCount: sample
      ? sample.known("epoch_tx_count", (count) => count.count())
      : absent("NOT_OFFERED", "governor.status has no economics sample"),
    pendingDecisions: field.optional("pending")?.list().length ?? 0,
  };
}

/** Gates come as a list in any order, or as a map by name. */
function decodeGates(field: Field): readonly GovernorGate[] {
  if (field.isList()) return field.list(256).map((gate) => decodeGate(gate.any("name", "gate").id(), gate));
  return field.entries().map(([name, gate]) => decodeGate(name, gate));
}

function decodeGate(name: string, field: Field): GovernorGate {
  return {
    name,
    state: field.get("state").text(64),
    reason: field.known(
      ["last_reason", "reason"],
      (reason) => reason.text() || "the governor gives no reason",
    ),
    enterStreak: field.known("enter_streak", (streak) => streak.count()),
    exitStreak: field.known("exit_streak", (streak) => streak.count()),
    streakRequired: field.known("streak_required", (streak) => streak.count()),
    lastTransitionHeight: field.known("last_transition_height", (height) => height.count()),
  };
}

function decodeEconomics(field: Field | undefined): GovernorObservation["economics"] {
  const economics: Record<string, GovernorEconomics> = {};
  for (const sample of field?.list(64) ?? []) {
    const market = sample.get("market").text(64);
    if (!isMarketId(market)) continue;
    economics[market] = {
      utilizationPpm: sample.get("utilization_ppm").ppm(),
      providerMarginPpm: sample.get("provider_margin_ppm").ppm(),
    };
  }
  return economics;
}
