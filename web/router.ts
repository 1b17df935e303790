/** Addresses and views: which page the hash names, and everything that ends when the reader leaves it. */
import type { App } from "./context.ts";
import { el, setAttr, type Ticker } from "./dom.ts";
import type { IconName } from "./icons.ts";
import type { Topic, Watcher } from "./store.ts";

/** A parsed address: `#/network?panel=peers`. */
export interface Address {
  readonly path: string;
  readonly query: URLSearchParams;
}

/** What a page module exports as `page`. */
export interface Page {
  readonly title: string;
  /** Builds the page into `view.root`; called once per visit. What it promises is the rest of the page. */
  mount(view: View): void | Promise<void>;
}

/** A row of the route table. */
export interface Route {
  readonly path: string;
  readonly title: string;
  readonly group: string;
  readonly icon: IconName;
  /** Second key after `g`; empty where there is none. */
  readonly key: string;
  readonly load: () => Promise<{ readonly page: Page }>;
}

/** Short forms of addresses. */
const ALIASES: Readonly<Record<string, string>> = {
  "/": "/theblock",
  "/overview": "/theblock",
  "/compute": "/markets/compute",
  "/storage": "/markets/storage",
  "/energy": "/markets/energy",
  "/ads": "/markets/ad",
  "/ad": "/markets/ad",
};

/** Reads a hash; a missing slash and one too many are forgiven. */
export function parseHash(hash: string): Address {
  const [rawPath = "", ...rest] = hash.replace(/^#/, "").split("?");
  let path: string;
  try {
    path = decodeURIComponent(rawPath);
  } catch {
    path = rawPath;
  }
  path = `/${path.replace(/^\/+|\/+$/g, "")}`;
  return { path: ALIASES[path] ?? path, query: new URLSearchParams(rest.join("?")) };
}

/** Writes an address as a hash. */
export function toHash({ path, query }: Address): string {
  const text = query.toString();
  return `#${path}${text === "" ? "" : `?${text}`}`;
}

/** One visit of a page. When it ends, so does all that was registered through it. */
export class View {
  readonly app: App;
  readonly root: HTMLElement;
  /** Controls beside the headline. */
  readonly actions: HTMLElement;
  readonly signal: AbortSignal;
  readonly #ticker: Ticker;
  readonly #onQuery: ((query: URLSearchParams) => void)[] = [];
  #query: URLSearchParams;

  constructor(
    app: App,
    ticker: Ticker,
    root: HTMLElement,
    actions: HTMLElement,
    query: URLSearchParams,
    signal: AbortSignal,
  ) {
    this.app = app;
    this.root = root;
    this.actions = actions;
    this.signal = signal;
    this.#ticker = ticker;
    this.#query = query;
  }

  /** A parameter of the address. */
  param(name: string): string | null {
    return this.#query.get(name);
  }

  /** Writes a parameter into the address, without leaving the page; `null` takes it out. */
  setParam(name: string, value: string | null): void {
    const query = new URLSearchParams(this.#query);
    if (value === null) query.delete(name);
    else query.set(name, value);
    history.replaceState(null, "", toHash({ path: parseHash(location.hash).path, query }));
    this.enter(query);
  }

  /** Calls back now, and whenever the parameters change. */
  onQuery(run: (query: URLSearchParams) => void): void {
    this.#onQuery.push(run);
    run(this.#query);
  }

  /** Takes over other parameters. */
  enter(query: URLSearchParams): void {
    this.#query = query;
    for (const run of this.#onQuery) run(query);
  }

  /** Wants the topics and calls back on each flush in which one of them changed. */
  watch(topics: readonly Topic[], run: Watcher): void {
    this.app.link.want(topics, this.signal);
    const stop = this.app.store.watch(topics, run);
    this.signal.addEventListener("abort", stop, { once: true });
  }

  /** Calls back every second while the page is visible. */
  everySecond(run: () => void): void {
    const stop = this.#ticker.add(run);
    this.signal.addEventListener("abort", stop, { once: true });
  }
}

/** What the router tells the shell. */
export interface RouterOptions {
  readonly app: App;
  readonly routes: readonly Route[];
  readonly ticker: Ticker;
  readonly main: HTMLElement;
  readonly onRoute: (route: Route | null, title: string) => void;
}

/** Shows the page that the address names. */
export class Router {
  readonly #options: RouterOptions;
  #view: View | null = null;
  #path: string | null = null;
  #leave = new AbortController();

  constructor(options: RouterOptions) {
    this.#options = options;
  }

  /** Shows the first page, and the next ones as the address changes. */
  async start(): Promise<void> {
    addEventListener("hashchange", () => void this.#go(true));
    // A link to where the reader is already changes no address; it still leads to its panel.
    document.addEventListener("click", ({ target }) => {
      const anchor = (target as Element).closest<HTMLAnchorElement>('a[href^="#/"]');
      if (anchor && anchor.hash === location.hash) reveal(parseHash(location.hash).query);
    });
    await this.#go(false);
  }

  /** Brings the panel that the address names into sight. */
  reveal(): void {
    reveal(parseHash(location.hash).query);
  }

  /** Goes to the page before or after the current one in the rail. */
  step(by: number): void {
    const { routes } = this.#options;
    const at = routes.findIndex(({ path }) => path === this.#path);
    location.hash = `#${routes[(at + by + routes.length) % routes.length]!.path}`;
  }

  async #go(moveFocus: boolean): Promise<void> {
    // The skip link's target is a place on the page, not an address.
    if (location.hash === "#main") return;
    const address = parseHash(location.hash);
    if (address.path === this.#path && this.#view) {
      this.#view.enter(address.query);
      return reveal(address.query);
    }
    const { app, routes, ticker, main, onRoute } = this.#options;
    this.#leave.abort();
    const leave = this.#leave = new AbortController();
    this.#path = address.path;
    const route = routes.find(({ path }) => path === address.path) ?? null;
    const { page } = await (route ? route.load() : import("./pages/not_found.ts")).catch(unloadable);
    if (leave.signal.aborted) return;
    const heading = el("h1", { tabindex: -1, id: "page-title" }, page.title);
    const actions = el("div", { class: "actions" });
    const root = el("div", { class: "grid" });
    this.#view = new View(app, ticker, root, actions, address.query, leave.signal);
    const view = this.#view;
    const rest = page.mount(view);
    setAttr(main, "aria-busy", rest ? "true" : null);
    rest?.catch((error) =>
      view.root.append(el("p", { class: "form-error" }, `Not all of it loaded: ${error}`))
    )
      .finally(() => {
        if (leave.signal.aborted) return;
        setAttr(main, "aria-busy", null);
        this.reveal();
      });
    main.replaceChildren(el("div", { class: "page-head" }, heading, actions), root);
    main.dataset.path = address.path;
    onRoute(route, page.title);
    if (moveFocus) {
      scrollTo(0, 0);
      heading.focus({ preventScroll: true });
    }
    this.#view.enter(address.query);
    reveal(address.query);
  }
}

/** Brings the panel that an address names into sight. */
function reveal(query: URLSearchParams): void {
  const panel = document.getElementById(query.get("panel") ?? "");
  if (!panel?.classList.contains("panel")) return;
  panel.scrollIntoView({ block: "start" });
  panel.querySelector<HTMLElement>("h2")?.focus({ preventScroll: true });
}

/** Stands in for a page whose module does not arrive, as when the server has been replaced by a newer one. */
function unloadable(): { readonly page: Page } {
  return {
    page: {
      title: "This page did not load",
      mount: ({ root }) => {
        const reload = el("button", { class: "button", click: () => location.reload() }, "Reload");
        root.append(
          el(
            "p",
            { class: "lead" },
            "The server does not answer, or has been updated since you opened it. ",
            reload,
          ),
        );
      },
    },
  };
}
