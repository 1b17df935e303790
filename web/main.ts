/** Composition of the page: the only module that knows every other one. */
import { Api } from "./api.ts";
import type { App } from "./context.ts";
import { frameScheduler, stats, Ticker } from "./dom.ts";
import { useZone } from "./format.ts";
import { History, HISTORY_TOPICS, MARKETS } from "./history.ts";
import type { IconName } from "./icons.ts";
import { type Route, Router } from "./router.ts";
import { Shell } from "./shell.ts";
import { Link } from "./socket.ts";
import { Store, type Topic } from "./store.ts";

/** At least this long between two flushes, unless the reader wants it longer. */
const FLUSH_MS = 200;

/** The page is built out of sight and shown with the first data, or after so long without any: nothing shifts. */
const FIRST_DATA_MS = 1_000;

/** What the first page does not need is fetched so long after it. */
const IDLE_MS = 5_000;

/** The page that needs nothing more than `app.css`. */
const FIRST = "theblock";

/** Every page, in the order of the rail. A page is a module under `pages/` and a row here. */
const ROUTES: readonly Route[] = [
  route(FIRST, "Overview", "Monitor", "overview", "o", () => import("./pages/overview.ts")),
  route("network", "Network", "Monitor", "network", "n", () => import("./pages/network.ts")),
  route("alerts", "Alerts", "Monitor", "bell", "a", () => import("./pages/alerts.ts")),
  route("markets", "Compare", "Markets", "compare", "k", () => import("./pages/markets.ts")),
  ...MARKETS.map(({ id, label }, i) =>
    route(`markets/${id}`, label, "Markets", id, String(i + 1), async () => ({
      page: (await import("./pages/market.ts")).marketPage(id),
    }))
  ),
  route("providers", "Providers", "Markets", "providers", "d", () => import("./pages/providers.ts")),
  route("trading", "Trading", "Trade", "trading", "b", () => import("./pages/trading.ts")),
  route("portfolio", "Portfolio", "Trade", "portfolio", "p", () => import("./pages/portfolio.ts")),
  route("strategies", "Strategies", "Trade", "strategies", "s", () => import("./pages/strategies.ts")),
  route("backtest", "Backtest", "Trade", "backtest", "t", () => import("./pages/backtest.ts")),
  route("signals", "Signals", "Trade", "signals", "f", () => import("./pages/signals.ts")),
  route("operations", "Operations", "Chain", "operations", "l", () => import("./pages/operations.ts")),
  route("receipts", "Receipts", "Chain", "receipts", "r", () => import("./pages/receipts.ts")),
  route("system", "System", "System", "system", "y", () => import("./pages/system.ts")),
  route("settings", "Settings", "System", "settings", "x", () => import("./pages/settings.ts")),
  route("help", "Help", "System", "help", "h", () => import("./pages/help.ts")),
];

function route(
  path: string,
  title: string,
  group: string,
  icon: IconName,
  key: string,
  load: Route["load"],
): Route {
  return { path: `/${path}`, title, group, icon, key, load: path === FIRST ? load : withStyles(load) };
}

/** A page, once its styles are there as well. */
function withStyles(load: Route["load"]): Route["load"] {
  return async () => {
    const { moreStyles } = await import("./styles.ts");
    return (await Promise.all([load(), moreStyles()]))[0];
  };
}

/** Topics that the shell and the history live on, whatever page is shown. */
const BASE_TOPICS: readonly Topic[] = [
  "health",
  "status",
  "capabilities",
  "alerts",
  "engine",
  ...HISTORY_TOPICS,
];

const declared = document.querySelector<HTMLMetaElement>("meta[name=api-base]")?.content ?? null;
const api = new Api(location, declared);
const { dataset } = document.documentElement;
useZone(dataset.zone);
const store = new Store(frameScheduler(() => Math.max(FLUSH_MS, Number(dataset.refresh) || 0)));
const history = new History();
const ticker = new Ticker();
const link = new Link({ api, store, onMessage: () => history.sample(store, store.nowMs()) });
const app: App = {
  api,
  store,
  link,
  history,
  askForKey: async (why) => (await import("./dialogs.ts")).askForKey(app, why),
};
ticker.add(() => history.sample(store, store.nowMs()));

Object.defineProperty(globalThis, "__dash", {
  value: {
    get stats() {
      return { ...stats, messages: link.messages, flushes: store.flushes };
    },
  },
});

// The server answers while the page is built.
link.want(BASE_TOPICS, new AbortController().signal);
link.start();

const shell = new Shell(app, ROUTES, ticker);
const router = new Router({
  app,
  routes: ROUTES,
  ticker,
  main: document.getElementById("main")!,
  onRoute: (route, title) => shell.onRoute(route, title),
});
const data = new Promise<void>((resolve) => store.watch(["capabilities"], () => resolve()));
const patience = new Promise<void>((resolve) => setTimeout(resolve, FIRST_DATA_MS));
await Promise.race([Promise.all([router.start(), data]), patience]);
shell.reveal();
router.reveal();

// Everything else is fetched while there is nothing to do, so that it is there when the server is not.
setTimeout(() => {
  for (const { load } of ROUTES) load().catch(() => {});
  for (
    const load of [() => import("./keyboard.ts"), () => import("./dialogs.ts"), () => import("./notes.ts")]
  ) {
    load().catch(() => {});
  }
}, IDLE_MS);

// What the keys do is fetched with the first one; Space must not scroll until then.
let onKey: ((event: KeyboardEvent) => void) | null = null;
document.addEventListener("keydown", async (event) => {
  if (event.defaultPrevented) return;
  if (!onKey) {
    if (event.key === " " && (event.target as Element).matches("body, main, h1, h2")) event.preventDefault();
    const { keyHandler } = await import("./keyboard.ts");
    onKey ??= keyHandler({ app, routes: ROUTES, router, shell, ticker });
  }
  onKey(event);
});
