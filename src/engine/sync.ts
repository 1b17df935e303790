/** The one word for how we stand with the chain. */
import { stallAfterMs, tipOf } from "./chain.ts";
import { type CoreState, sliceValue } from "./state.ts";
import { absent, isKnown, type Known } from "./reason.ts";

/** States of the followed chain, worst first. */
export type SyncStatus = "unreachable" | "halted" | "empty" | "stalled" | "syncing" | "standalone" | "synced";

/** Derives the sync status; the order of the tests is the order of their gravity. */
export function syncStatus(state: CoreState): SyncStatus {
  const { chain, link } = state;
  if (!link.up) return "unreachable";
  if (chain.halted !== null) return "halted";
  if (chain.empty === null) return "syncing"; // The first look at the chain has not ended.
  if (chain.empty) return "empty";
  if (chain.lastAdvanceMs !== null && state.nowMs - chain.lastAdvanceMs > stallAfterMs(chain)) {
    return "stalled";
  }
  if (nodeIsBehind(state)) return "syncing";
  const finality = sliceValue(state, "finality");
  if (isKnown(finality) && finality.syncing === false) return "synced";
  const peers = peerCount(state);
  return isKnown(peers) && peers > 0 ? "synced" : "standalone";
}

/** The node says that it is syncing, or has fewer blocks than we have seen. */
function nodeIsBehind(state: CoreState): boolean {
  const finality = sliceValue(state, "finality");
  if (isKnown(finality) && finality.syncing === true) return true;
  const head = sliceValue(state, "head");
  const tip = tipOf(state.chain);
  return isKnown(head) && tip !== undefined && (head.height === null || head.height < tip.height);
}

/** Peers that the node is connected to. */
export function peerCount(state: CoreState): Known<number> {
  const overlay = sliceValue(state, "overlay");
  if (isKnown(overlay)) return overlay.activePeers;
  const peers = sliceValue(state, "peers");
  if (isKnown(peers)) return peers.peers.length;
  return peers.code === "NOT_OFFERED" ? overlay : peers;
}

/** Height of the newest block that we follow. */
export function blockHeight(state: CoreState): Known<number> {
  const tip = tipOf(state.chain);
  if (tip) return tip.height;
  if (state.chain.empty) return absent("NO_SAMPLES", "the chain has no block yet");
  const head = sliceValue(state, "head");
  return isKnown(head) ? absent("WARMING_UP", "no block has been read yet") : head;
}

/** Highest block that the node calls final. */
export function finalizedHeight(state: CoreState): Known<number> {
  const finality = sliceValue(state, "finality");
  if (!isKnown(finality) || !isKnown(finality.finalizedHeight)) {
    return isKnown(finality) ? finality.finalizedHeight : finality;
  }
  // The node may have finalized a block since that we have not read yet.
  return Math.min(finality.finalizedHeight, tipOf(state.chain)?.height ?? Infinity);
}
