import { type CoreState, gateOf } from "../../engine/state.ts";
import { gateSince } from "../../engine/gate.ts";
import { type MarketId, perMarket } from "../../engine/market.ts";
import type { Draft } from "../body.ts";
import type { GateBody, Gates } from "../wire.ts";
import type { View } from "./view.ts";

/** `GET /theblock/gates`. */
export const gatesView: View<Gates> = {
  units: {
    since_height: "block",
    enter_streak: "windows",
    exit_streak: "windows",
    streak_required: "windows",
  },
  build: (state) => ({
    draft: perMarket(({ id }) => gateDraft(state, id)),
    slices: ["governor", "ad"],
    source: "node",
  }),
};

/** One gate as it stands in several bodies. */
export function gateDraft(state: CoreState, id: MarketId): Draft<GateBody> {
  const gate = gateOf(state, id);
  return {
    state: gate.state,
    ready: gate.state === "open",
    enabled: state.options.enabled[id],
    node_state: gate.nodeState,
    gate_name: gate.gateName,
    reason: gate.reason,
    since_height: gateSince(gate, state.gates[id]),
    enter_streak: gate.enterStreak,
    exit_streak: gate.exitStreak,
    streak_required: gate.streakRequired,
  };
}
