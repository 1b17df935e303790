/** The view of each topic. */
import type { Topic } from "../../engine/topic.ts";
import { alertsView } from "./alerts.ts";
import { featuresView } from "./features.ts";
import { gatesView } from "./gates.ts";
import { healthView } from "./health.ts";
import { operationsView, pnlView, receiptsView } from "./ledger.ts";
import { marketsView, marketViews, providersView } from "./markets.ts";
import { networkView } from "./network.ts";
import { capabilitiesView, mempoolView, peersView, schedulerView } from "./node.ts";
import { posteriorView } from "./posterior.ts";
import { statusView } from "./status.ts";
import { logsView } from "./logs.ts";
import { strategiesView } from "./strategies.ts";
import { dashboardView, engineView, ordersView, positionsView, riskView } from "./trading.ts";
import type { View } from "./view.ts";

/** Every topic has exactly one view. */
export const VIEWS: Readonly<Record<Topic, View<unknown>>> = {
  health: healthView as View<unknown>,
  status: statusView as View<unknown>,
  pnl: pnlView as View<unknown>,
  gates: gatesView as View<unknown>,
  network: networkView as View<unknown>,
  markets: marketsView as View<unknown>,
  "market.compute": marketViews.compute as View<unknown>,
  "market.storage": marketViews.storage as View<unknown>,
  "market.energy": marketViews.energy as View<unknown>,
  "market.ad": marketViews.ad as View<unknown>,
  scheduler: schedulerView as View<unknown>,
  peers: peersView as View<unknown>,
  mempool: mempoolView as View<unknown>,
  capabilities: capabilitiesView as View<unknown>,
  providers: providersView as View<unknown>,
  operations: operationsView as View<unknown>,
  receipts: receiptsView as View<unknown>,
  features: featuresView as View<unknown>,
  posterior: posteriorView as View<unknown>,
  alerts: alertsView as View<unknown>,
  engine: engineView as View<unknown>,
  orders: ordersView as View<unknown>,
  positions: positionsView as View<unknown>,
  risk: riskView as View<unknown>,
  strategies: strategiesView as View<unknown>,
  dashboard: dashboardView as View<unknown>,
  logs: logsView as View<unknown>,
};
