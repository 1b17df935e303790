/** Market gates: the node's words, our four words, and which of them is worse. */
import type { GovernorGate, GovernorObservation, MarketObservation } from "./observation.ts";
import type { Market } from "./market.ts";
import { Absent, absent, isKnown, type Known, knownOr } from "./reason.ts";

/** What a gate says about its market, in our words. */
export type GateState = "open" | "throttled" | "closed" | "unknown";

const WORDS: Readonly<Record<string, GateState>> = {
  active: "open",
  trade: "open",
  open: "open",
  rehearsal: "throttled",
  observeonly: "throttled",
  postonly: "throttled",
  throttled: "throttled",
  shadow: "throttled",
  inactive: "closed",
  closed: "closed",
  halt: "closed",
};

/** Doubt counts as worse than a throttle: whoever asks "may I trade" must hear no. */
const SEVERITY: Readonly<Record<GateState, number>> = { open: 0, throttled: 1, unknown: 2, closed: 3 };

/** Our word for the node's word, whatever its case and separators. */
export function gateStateOf(nodeState: string): GateState {
  const word = nodeState.toLowerCase().replace(/[^a-z]/g, "");
  return Object.hasOwn(WORDS, word) ? WORDS[word]! : "unknown";
}

/** The worse of two states. */
export function worseGate(a: GateState, b: GateState): GateState {
  return SEVERITY[a] >= SEVERITY[b] ? a : b;
}

/** A market's gate as derived from what the node said. */
export interface Gate {
  readonly state: GateState;
  readonly nodeState: Known<string>;
  readonly gateName: string;
  readonly reason: Known<string>;
  readonly lastTransitionHeight: Known<number>;
  readonly enterStreak: Known<number>;
  readonly exitStreak: Known<number>;
  readonly streakRequired: Known<number>;
}

/**
 * Derives the gate of a market.
 *
 * The ad market has two judges, the governor's gate and its own readiness report; the worse one wins.
 *
 * @param governor The governor's last answer, or why there is none
 * @param own The market's own last answer, or why there is none
 */
export function deriveGate(
  market: Market,
  governor: Known<GovernorObservation>,
  own: Known<MarketObservation>,
): Gate {
  const fromGovernor = governorGate(market, governor);
  const ready = own instanceof Absent ? own : own.ready;
  if (!isKnown(ready)) return fromGovernor;
  const readyState: GateState = ready ? "open" : "closed";
  const state = worseGate(fromGovernor.state, readyState);
  if (state === fromGovernor.state && !(state === "closed" && !ready)) return { ...fromGovernor, state };
  const because = own instanceof Absent ? own : own.readyReason;
  const nodeState = isKnown(fromGovernor.nodeState) ? fromGovernor.nodeState : ready ? "ready" : "not_ready";
  return { ...fromGovernor, state, nodeState, reason: because };
}

function governorGate(market: Market, governor: Known<GovernorObservation>): Gate {
  if (governor instanceof Absent) return unknownGate(market, governor);
  if (!governor.enabled) {
    return unknownGate(market, absent("DISABLED", "the node's governor is disabled"));
  }
  const gate = governor.gates.find((candidate) => namesGateOf(market, candidate.name));
  if (!gate) {
    return unknownGate(market, absent("NOT_OFFERED", `the governor lists no gate "${market.gate}"`));
  }
  return fromNode(gate);
}

/** Nodes spell gate names `compute`, `compute_market`, `ad_targeting_contextual`, `ad_market` or `ad`. */
function namesGateOf(market: Market, name: string): boolean {
  return name === market.gate || name === market.id || name === `${market.id}_market`;
}

function fromNode(gate: GovernorGate): Gate {
  return {
    state: gateStateOf(gate.state),
    nodeState: gate.state,
    gateName: gate.name,
    reason: gate.reason,
    lastTransitionHeight: gate.lastTransitionHeight,
    enterStreak: gate.enterStreak,
    exitStreak: gate.exitStreak,
    streakRequired: gate.streakRequired,
  };
}

function unknownGate(market: Market, why: Absent): Gate {
  return {
    state: "unknown",
    nodeState: why,
    gateName: market.gate,
    reason: why,
    lastTransitionHeight: why,
    enterStreak: why,
    exitStreak: why,
    streakRequired: why,
  };
}

/** When a gate last changed, as far as we or the node saw it. */
export interface GateHistory {
  /** The last state that we saw. */
  state: GateState;
  /** Height of the change; null when it has not changed while we watched. */
  sinceHeight: number | null;
}

/** Since which height a gate has been in its state: the node's word first, then what we watched. */
export function gateSince(gate: Gate, history: GateHistory | undefined): Known<number> {
  const fromNodeHeight = knownOr(gate.lastTransitionHeight, null);
  if (fromNodeHeight !== null) return fromNodeHeight;
  if (history?.state === gate.state && history.sinceHeight !== null) return history.sinceHeight;
  if (gate.state === "unknown") return absent("UNDEFINED", "the gate's state is unknown");
  return absent(
    "WARMING_UP",
    "the gate has not changed since we first saw it, and the node does not say when it did",
  );
}
