/** The topics that clients can subscribe to; the WebSocket and the documentation read this one table. */

/** Who may see a topic: everyone on loopback, or holders of a key with the `read` scope. */
export type TopicScope = "public" | "read";

/** Every topic with its scope and what it carries. */
export const TOPICS = {
  health: { scope: "public", summary: "Height, finality, sync status, peers" },
  status: { scope: "public", summary: "The program itself: uptime, ingest, streams, store" },
  pnl: { scope: "public", summary: "Our profit and loss" },
  gates: { scope: "public", summary: "The four market gates" },
  network: { scope: "public", summary: "Network metrics and the strength score with its factors" },
  markets: { scope: "public", summary: "Health of the four markets" },
  "market.compute": { scope: "public", summary: "The compute market in detail" },
  "market.storage": { scope: "public", summary: "The storage market in detail" },
  "market.energy": { scope: "public", summary: "The energy market in detail" },
  "market.ad": { scope: "public", summary: "The ad market in detail" },
  scheduler: { scope: "public", summary: "Queue depth, waits, throughput" },
  peers: { scope: "public", summary: "The node's peers" },
  mempool: { scope: "public", summary: "Pending transactions by lane" },
  capabilities: { scope: "public", summary: "What this node offers, question by question" },
  providers: { scope: "public", summary: "Providers seen in receipts and listings" },
  operations: { scope: "public", summary: "The newest operations" },
  receipts: { scope: "public", summary: "The newest receipts" },
  features: { scope: "public", summary: "The feature vector of the newest slot" },
  posterior: {
    scope: "public",
    summary: "How likely trend, revert, chop and rug are, and what that is worth",
  },
  alerts: { scope: "public", summary: "What is wrong, and what was" },
  engine: { scope: "read", summary: "Mode, emergency stop and what the operator set" },
  orders: { scope: "read", summary: "The newest orders" },
  positions: { scope: "read", summary: "What the account holds" },
  risk: { scope: "read", summary: "Equity, exposure, drawdown, locks" },
  strategies: { scope: "public", summary: "What each agent earned" },
  dashboard: { scope: "read", summary: "Account, positions, orders and risk in one" },
  logs: { scope: "read", summary: "The newest log lines" },
} as const satisfies Record<string, { scope: TopicScope; summary: string }>;

/** The name of a topic. */
export type Topic = keyof typeof TOPICS;

/** All topic names, in table order. */
export const TOPIC_NAMES = Object.keys(TOPICS) as Topic[];

/** Whether a string names a topic. */
export function isTopic(text: string): text is Topic {
  return Object.hasOwn(TOPICS, text);
}
