/** Routes about the chain and its markets. */
import { isMarketId, MARKET_IDS } from "../../engine/market.ts";
import type { Topic } from "../../engine/topic.ts";
import { readFullcheckRequest, runFullcheck } from "../fullcheck.ts";
import { Problem } from "../problem.ts";
import { replyBody } from "../reply.ts";
import type { Route } from "../router.ts";
import type { Services } from "../services.ts";

/** Topics that are a route of their own, with the name of their shape. */
const TOPIC_ROUTES: readonly (readonly [path: string, topic: Topic, shape: string, summary: string])[] = [
  ["/theblock/health", "health", "Health", "Height, finality, sync status, peers"],
  ["/theblock/status", "status", "Status", "The program itself: uptime, ingest, streams, store"],
  ["/theblock/gates", "gates", "Gates", "The four market gates"],
  ["/theblock/network/metrics", "network", "NetworkMetrics", "Network metrics and the strength score"],
  ["/theblock/markets/health", "markets", "MarketsHealth", "Health of the four markets"],
  ["/theblock/scheduler/stats", "scheduler", "SchedulerStats", "Queue depth, waits, throughput"],
  ["/theblock/peers/list", "peers", "Peers", "The node's peers"],
  ["/theblock/mempool", "mempool", "Mempool", "Pending transactions by lane"],
  ["/theblock/capabilities", "capabilities", "Capabilities", "What this node offers, question by question"],
  ["/theblock/providers", "providers", "Providers", "Providers seen in receipts and listings"],
];

/** The routes about the chain. */
export function theblockRoutes(services: Services): readonly Route[] {
  return [
    ...TOPIC_ROUTES.map(([path, topic, shape, summary]): Route => ({
      method: "GET",
      path,
      summary,
      scope: "public",
      shape,
      handle: () => ({ topic }),
    })),
    {
      method: "GET",
      path: "/theblock/markets/:market",
      summary: "One market in detail",
      scope: "public",
      shape: "MarketDetail",
      handle: ({ params }) => {
        const market = params.market!;
        if (!isMarketId(market)) {
          throw new Problem(
            404,
            `there is no market "${market.slice(0, 64)}"; there are ${MARKET_IDS.join(", ")}`,
          );
        }
        return { topic: `market.${market}` };
      },
    },
    {
      method: "POST",
      path: "/theblock/fullcheck",
      summary: "Checks the chain, the markets and a name in seven steps; writes nothing",
      scope: "read",
      shape: "Fullcheck",
      handle: async ({ body }) => {
        const request = readFullcheckRequest(body);
        const result = await runFullcheck(services.state(), request, services.domains, services.clock);
        return {
          json: replyBody(result, {
            source: services.source() === "simulated" ? "simulated" : "engine",
            asOfMs: services.clock.nowMs(),
            units: { duration_ms: "ms", "steps.duration_ms": "ms", summary_score: "0..100" },
          }),
        };
      },
    },
    {
      method: "WS",
      path: "/theblock/ws",
      summary: "README frames until the first sub, then topics",
      scope: "public",
      session: { kind: "theblock" },
    },
  ];
}
