import { tipOf } from "../../engine/chain.ts";
import { absent } from "../../engine/reason.ts";
import { blockHeight, finalizedHeight, peerCount, syncStatus } from "../../engine/sync.ts";
import { mapKnown } from "../../engine/reason.ts";
import { estimated } from "../body.ts";
import type { Health } from "../wire.ts";
import type { View } from "./view.ts";

/** `GET /theblock/health`: one look at the chain. */
export const healthView: View<Health> = {
  units: {
    block_height: "block",
    finalized_height: "block",
    settled_height: "block",
    block_time: "Unix s",
    banned_until: "Unix s",
  },
  build: (state) => {
    const { chain, link, options } = state;
    const height = blockHeight(state);
    const tip = tipOf(chain);
    const noTip = mapKnown(height, () => absent("NO_SAMPLES", "no block has been read yet"));
    return {
      draft: {
        block_height: height,
        finalized_height: finalizedHeight(state),
        settled_height: typeof height === "number"
          ? estimated(
            Math.max(0, height - options.finalityDepth),
            `height − ${options.finalityDepth} blocks, our policy`,
          )
          : height,
        sync_status: syncStatus(state),
        peer_count: peerCount(state),
        block_hash: tip ? tip.hash ?? absent("NOT_OFFERED", "this node tells heights without hashes") : noTip,
        block_time: tip
          ? tip.timestampMs === null
            ? absent("NOT_OFFERED", "this node's headers have no timestamp")
            : Math.floor(tip.timestampMs / 1000)
          : noTip,
        node_up: link.up,
        node_reason: link.up
          ? absent("UNDEFINED", "the node answers")
          : link.reason ?? absent("WARMING_UP", "the node has not been asked yet"),
        banned_until: link.bannedUntilMs === null
          ? absent("UNDEFINED", "the node has not banned us")
          : Math.ceil(link.bannedUntilMs / 1000),
        reorgs: chain.reorgCount,
        gaps: chain.gapCount,
        last_gap: chain.lastGap
          ? {
            at: Math.floor(chain.lastGap.atMs / 1000),
            source: chain.lastGap.source,
            detail: chain.lastGap.detail,
          }
          : absent("NO_SAMPLES", "nothing has been missed"),
      },
      slices: ["head"],
      source: "node",
    };
  },
};
