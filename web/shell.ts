/** What stands around every page: status bar, simulated strip, rail, footer, and the voice for loss and recovery. */
import type { App } from "./context.ts";
import { el, setAttr, setHidden, setText, type Ticker } from "./dom.ts";
import {
  formatAge,
  formatClock,
  formatDuration,
  formatHeight,
  formatNumber,
  formatTime,
  NONE,
} from "./format.ts";
import { Icon, icon, Status, type Tone } from "./icons.ts";
import type { Route } from "./router.ts";
import type { LinkState } from "./socket.ts";

const THEMES = ["auto", "dark", "light", "contrast"];

/** Seconds over which the message rate is averaged. */
const RATE_SECONDS = 5;

/** What the connection chip says. */
export interface Chip {
  readonly word: "LIVE" | "SIM" | "OFFLINE" | "RECONNECTING";
  readonly detail: string;
  readonly tone: Tone | "sim";
}

/** What {@link chipOf} looks at. */
export interface ChipFacts {
  readonly state: LinkState;
  readonly simulated: boolean;
  /** Whether the node answers the server; null before that is known. */
  readonly nodeUp: boolean | null;
  /** Age of the newest data. */
  readonly ageMs: number | null;
  /** Whether plain requests bring data while the socket is down. */
  readonly polling: boolean;
  readonly nowMs: number;
}

/** The one word for where the data on the page comes from. */
export function chipOf({ state, simulated, nodeUp, ageMs, polling, nowMs }: ChipFacts): Chip {
  const also = polling ? ", polling" : "";
  switch (state.kind) {
    case "offline":
      return { word: "OFFLINE", detail: "no network", tone: "bad" };
    case "waiting": {
      const seconds = Math.max(0, Math.ceil((state.retryAtMs - nowMs) / 1000));
      return { word: "RECONNECTING", detail: `${state.attempt} in ${seconds} s${also}`, tone: "warn" };
    }
    case "connecting":
      return state.attempt === 0
        ? { word: "OFFLINE", detail: "connecting", tone: "unknown" }
        : { word: "RECONNECTING", detail: `${state.attempt} now${also}`, tone: "warn" };
    case "open":
      if (nodeUp === null) return { word: "OFFLINE", detail: "waiting for data", tone: "unknown" };
      if (!nodeUp) return { word: "OFFLINE", detail: "node does not answer", tone: "bad" };
      return simulated
        ? { word: "SIM", detail: ageMs === null ? "" : formatAge(ageMs), tone: "sim" }
        : { word: "LIVE", detail: ageMs === null ? "" : formatAge(ageMs), tone: "ok" };
  }
}

const TONE_COLORS: Readonly<Record<Chip["tone"], string>> = {
  ok: "4CC38A",
  warn: "E8B04A",
  bad: "FF7B81",
  unknown: "8F9BAD",
  info: "6AA8FF",
  clock: "6AA8FF",
  sim: "CFA3FF",
};

const OPEN_HINT = "Connected; the age is that of the newest block";
const DOWN_HINT = "The WebSocket is down; a proxy that does not pass WebSockets does that. " +
  "Meanwhile data is polled every 5 s. Click to retry now";

const ENGINE_WORDS = { ok: "running", degraded: "degraded", down: "without a chain" } as const;

const byId = (id: string) => document.getElementById(id)!;

/** Writes the text of an element of the frame. */
function write(id: string, content: string): void {
  const holder = byId(id);
  if (!holder.firstChild) holder.append("");
  setText(holder.firstChild as Text, content);
}

/** Brings the frame of the page, which `index.html` holds, to life. */
export class Shell {
  readonly #app: App;
  readonly #routes: readonly Route[];
  readonly #ticker: Ticker;
  readonly #alerts = new Status(byId("alerts"));
  readonly #pauseIcon = new Icon();
  /** Messages so far, at each of the last seconds. */
  readonly #counts: number[] = [];
  #title = "";
  #lost: "link" | "node" | null = null;
  #everUp = false;

  constructor(app: App, routes: readonly Route[], ticker: Ticker) {
    this.#app = app;
    this.#routes = routes;
    this.#ticker = ticker;
    byId("pause").prepend(this.#pauseIcon.el);
    for (const name of ["menu", "stop", "theme", "help", "more"] as const) byId(name).prepend(icon(name));
    const clicks: Readonly<Record<string, () => void>> = {
      menu: () => this.toggleMenu(),
      chip: () => app.link.retry(),
      key: () => void app.askForKey("This server shows nothing without a key."),
      stop: () => void this.emergencyStop(),
      pause: () => this.togglePause(),
      theme: () => this.nextTheme(),
      help: () => void this.showHelp(),
    };
    for (const [id, act] of Object.entries(clicks)) byId(id).addEventListener("click", act);
    byId("skip").addEventListener("click", (event) => {
      event.preventDefault();
      (document.querySelector<HTMLElement>("h1") ?? byId("main")).focus();
    });
    if (app.api.remote) write("server", `server ${app.api.base}`);
    write("theme-text", `Theme: ${document.documentElement.dataset.theme}`);
    app.link.onChange(() => this.#showLink());
    app.store.watch(["health", "status", "capabilities", "alerts", "engine"], () => this.#show());
    this.#buildRail();
    ticker.add(() => this.#tick());
    this.#tick();
  }

  /** Lets everything be seen. */
  reveal(): void {
    document.body.dataset.ready = "";
  }

  #buildRail(): void {
    for (const group of new Set(this.#routes.map((route) => route.group))) {
      const id = `pages-${group.toLowerCase()}`;
      const list = el("ul", { id });
      const own = this.#routes.filter((route) => route.group === group);
      for (const { path, title, icon: name, key } of own) {
        const props = { href: `#${path}`, "data-key": key || null, click: () => this.toggleMenu(false) };
        list.append(el("li", {}, el("a", props, icon(name), el("span", {}, title))));
      }
      // Where there is little room, a group is a button of the bar at the bottom and its pages a sheet above it.
      const button = el(
        "button",
        {
          class: "group-button",
          "aria-expanded": "false",
          "aria-controls": id,
          click: () => this.#openGroup(box.classList.contains("open") ? null : box),
        },
        icon(own[0]!.icon),
        group,
      );
      const box = el("div", { class: "group" }, el("h2", {}, group), button, list);
      byId("rail").append(box);
    }
    document.addEventListener("click", ({ target }) => {
      if (!(target as Element).closest(".rail")) this.#openGroup(null);
    });
  }

  /** Marks the page that is shown. */
  onRoute(route: Route | null, title: string): void {
    this.#title = title;
    for (const anchor of byId("rail").querySelectorAll("a")) {
      const here = anchor.hash === `#${route?.path}`;
      setAttr(anchor, "aria-current", here ? "page" : null);
    }
    for (const box of byId("rail").querySelectorAll(".group")) {
      setAttr(box, "data-here", box.querySelector("[aria-current]") ? "" : null);
    }
    this.#show();
  }

  /** Freezes or releases what is shown. */
  togglePause(): void {
    const { store } = this.#app;
    if (store.paused) store.resume();
    else store.pause();
    this.#ticker.tick();
  }

  /** Asks whether to stop trading, or to resume where it is stopped. */
  async emergencyStop(): Promise<void> {
    (await import("./stop.ts")).askToStop(this.#app);
  }

  /** Goes to the next theme. */
  nextTheme(): void {
    const { dataset } = document.documentElement;
    const theme = THEMES[(THEMES.indexOf(dataset.theme!) + 1) % THEMES.length]!;
    dataset.theme = theme;
    try {
      localStorage.setItem("bb.theme", theme);
    } catch {
      // It lasts until the page is closed.
    }
    write("theme-text", `Theme: ${theme}`);
    dispatchEvent(new Event("bb-theme"));
  }

  /** Opens the help dialog. */
  async showHelp(): Promise<void> {
    (await import("./dialogs.ts")).showHelp(this.#routes);
  }

  /** Opens the sheet of a group, and closes the others. */
  #openGroup(open: Element | null): void {
    for (const box of byId("rail").children) {
      box.classList.toggle("open", box === open);
      setAttr(box.querySelector(".group-button")!, "aria-expanded", String(box === open));
    }
  }

  /** Opens or closes the rail where it is a drawer. */
  toggleMenu(open = byId("menu").ariaExpanded !== "true"): void {
    setAttr(byId("menu"), "aria-expanded", String(open));
    byId("rail").classList.toggle("open", open);
    if (!open) this.#openGroup(null);
  }

  #tick(): void {
    const { link, store: { paused } } = this.#app;
    this.#counts.push(link.messages);
    if (this.#counts.length > RATE_SECONDS + 1) this.#counts.shift();
    const rate = (link.messages - this.#counts[0]!) / Math.max(1, this.#counts.length - 1);
    write("rate", `${formatNumber(rate, 1)} msg/s`);
    write("rtt", `rtt ${link.rttMs === null ? NONE : formatDuration(link.rttMs)}`);
    const held = paused && `${formatNumber(paused.updates)} held`;
    this.#pauseIcon.show(paused ? "play" : "pause");
    write("pause-text", paused ? `Paused ${formatTime(paused.atMs)} · ${held}` : "Pause");
    setAttr(byId("pause"), "aria-pressed", String(paused !== null));
    setAttr(byId("pause"), "aria-label", held ? `Resume, ${held}` : "Pause updates");
    setAttr(byId("pause"), "title", `${held ? "Resume" : "Pause updates"} (Space)`);
    this.#show();
  }

  /** Values of the bar; held while paused, except for where they come from. */
  #show(): void {
    const { store } = this.#app;
    const health = store.get("health");
    const status = store.get("status");
    const alerts = store.get("alerts");
    const engine = store.get("engine");
    if (health) {
      const { block_height: height, finalized_height: final } = health;
      write("height", height === null ? NONE : formatHeight(height));
      write("lag", height === null || final === null ? NONE : formatNumber(height - final));
      write("as-of", `as of ${formatClock(health._meta.as_of_ms)}`);
    }
    if (status) {
      write("engine", ENGINE_WORDS[status.status]);
      const mode = engine?.mode ?? status.mode;
      write("mode", mode.toUpperCase());
      document.body.dataset.mode = mode;
      write("version", `block-buster ${status.version}`);
    }
    // Never held back while the page is paused.
    const halted = store.live("engine")?.trading_state === "HALTED";
    write("stop-text", halted ? "Stopped" : "Stop");
    setAttr(byId("stop"), "data-halted", halted ? "" : null);
    setAttr(byId("stop"), "aria-label", halted ? "Trading is stopped: resume" : "Emergency stop");
    const open = alerts?.open ?? 0;
    setHidden(byId("alerts"), open === 0);
    if (alerts && open > 0) {
      const tone = alerts.critical > 0 ? "bad" : "warn";
      this.#alerts.show(tone, `${formatNumber(open)} ${open === 1 ? "alert" : "alerts"}`);
      const messages = alerts.alerts.filter(({ state }) => state === "open").map(({ message }) => message);
      setAttr(byId("alerts"), "title", messages.slice(0, 5).join("\n"));
    }
    this.#showLink();
  }

  #showLink(): void {
    const { link, store } = this.#app;
    const health = store.live("health");
    const nodeUp = health?.node_up ?? null;
    const bodies = [...store.bodies()];
    const simulated = bodies.some(({ _meta }) => _meta.source === "simulated");
    const polling = link.state.kind !== "open" && link.polled;
    const ageMs = health ? store.nowMs() - health._meta.as_of_ms : null;
    const chip = chipOf({ state: link.state, simulated, nodeUp, ageMs, polling, nowMs: Date.now() });
    write("chip-word", chip.word);
    write("chip-detail", chip.detail);
    setAttr(byId("chip"), "data-tone", chip.tone);
    setAttr(byId("chip"), "title", link.state.kind === "open" ? health?.node_reason ?? OPEN_HINT : DOWN_HINT);
    setHidden(byId("key"), !link.keyNeeded);
    // Until something has come, what the server made of the page holds.
    if (bodies.length > 0) setHidden(byId("strip"), !simulated);
    const of = store.live("capabilities")?.simulation;
    if (of) write("simulation", ` — scenario ${of.scenario}, seed ${of.seed}`);
    this.#announce(link.state, nodeUp);
    document.title = [this.#title, chip.word, "block-buster"].filter(Boolean).join(" · ");
    const icon = byId("favicon");
    const href = icon.getAttribute("href")!.replace(/fill='%23\w+'/, `fill='%23${TONE_COLORS[chip.tone]}'`);
    setAttr(icon, "href", href);
  }

  /** Says loss and recovery once each. */
  #announce({ kind }: LinkState, nodeUp: boolean | null): void {
    const up = kind === "open" && nodeUp === true;
    const lost = kind === "waiting" || kind === "offline"
      ? "link"
      : kind === "open" && nodeUp === false
      ? "node"
      : null;
    if (up && this.#lost) {
      write("alert", "");
      write("status", this.#lost === "link" ? "Connection is back." : "The node answers again.");
      this.#lost = null;
    } else if (this.#everUp && lost && !this.#lost) {
      write("status", "");
      write("alert", lost === "link" ? "Connection lost. Reconnecting." : "The node does not answer.");
      this.#lost = lost;
    }
    this.#everUp ||= up;
  }
}
