/** Questions about peers, traffic, the governor and the scheduler. */
import type {
  GovernorObservation,
  OverlayObservation,
  PeersObservation,
  SchedulerObservation,
  TrafficObservation,
} from "../../engine/observation.ts";
import { decodeGovernor } from "../decode/governor.ts";
import { decodeOverlay, decodePeers, decodePeerStats, decodeTraffic } from "../decode/network.ts";
import { decodeComputeScheduler, decodeSchedulerStats } from "../decode/scheduler.ts";
import { type Question, spell } from "../question.ts";

/** Peers asked for at once, and in all. */
const PEERS_PAGE = 500;

/** The node's peers. */
export const peers: Question<void, PeersObservation> = {
  id: "peers",
  meaning: "Who are the node's peers?",
  spellings: [
    spell("readme", "net.peers", decodePeers),
    spell("live", "net.peer_stats_all", decodePeerStats, { offset: 0, limit: PEERS_PAGE }),
  ],
};

/** Peer counts of the overlay. */
export const overlay: Question<void, OverlayObservation> = {
  id: "overlay",
  meaning: "How many peers are active?",
  spellings: [spell(null, "net.overlay_status", decodeOverlay)],
};

/** Bandwidth and connections. */
export const traffic: Question<void, TrafficObservation> = {
  id: "traffic",
  meaning: "How much traffic does the node have?",
  spellings: [spell("readme", "net.stats", decodeTraffic)],
};

/** The governor and its gates. */
export const governor: Question<void, GovernorObservation> = {
  id: "governor",
  meaning: "Which gates are open?",
  spellings: [spell(null, "governor.status", decodeGovernor)],
};

/** Queues and rates of the scheduler. */
export const scheduler: Question<void, SchedulerObservation> = {
  id: "scheduler",
  meaning: "How much work is waiting?",
  spellings: [
    spell("readme", "scheduler.stats", decodeSchedulerStats),
    spell("live", "compute_market.scheduler_stats", decodeComputeScheduler),
  ],
};
