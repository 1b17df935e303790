/** Composition of the page: the only module that knows every other one. */
import { Api } from "./api.ts";
import type { App } from "./context.ts";
import { frameScheduler, stats, Ticker } from "./dom.ts";
import { History, HISTORY_TOPICS } from "./history.ts";
import { type Route, Router } from "./router.ts";
import { Shell } from "./shell.ts";
import { Link } from "./socket.ts";
import { Store, type Topic } from "./store.ts";

/** At least this long between two flushes. */
const FLUSH_MS = 100;

/** The first page waits so long for the first data, because that decides whether the simulated strip stands above. */
const FIRST_DATA_MS = 1_000;

/** What the first page does not need is fetched so long after it. */
const IDLE_MS = 5_000;

/** Every page, in the order of the rail. A page is a module under `pages/` and a row here. */
const ROUTES: readonly Route[] = [
  {
    path: "/theblock",
    title: "Overview",
    group: "Monitor",
    icon: "overview",
    key: "o",
    load: () => import("./pages/overview.ts"),
  },
  {
    path: "/network",
    title: "Network",
    group: "Monitor",
    icon: "network",
    key: "n",
    load: () => import("./pages/network.ts"),
  },
];

/** Topics that the shell and the history live on, whatever page is shown. */
const BASE_TOPICS: readonly Topic[] = ["health", "status", "capabilities", "alerts", ...HISTORY_TOPICS];

const declared = document.querySelector<HTMLMetaElement>("meta[name=api-base]")?.content ?? null;
const api = new Api(location, declared);
const store = new Store(frameScheduler(FLUSH_MS));
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

const shell = new Shell(app, ROUTES, ticker);
const router = new Router({
  app,
  routes: ROUTES,
  ticker,
  main: document.getElementById("main")!,
  onRoute: (route, title) => shell.onRoute(route, title),
});
link.want(BASE_TOPICS, new AbortController().signal);
link.start();

const first = Promise.withResolvers<void>();
store.watch(["capabilities"], () => first.resolve());
setTimeout(first.resolve, FIRST_DATA_MS);
await first.promise;
shell.open();
await router.start();

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
