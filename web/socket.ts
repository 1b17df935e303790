/**
 * The link to the server: one WebSocket for all topics, kept up for ever, and plain requests for as long as it is
 * down. After a loss only what was missed is asked for.
 */
import { type Api, Problem } from "./api.ts";
import { isTopic, KEY_TOPICS, type Store, type Topic, TOPIC_PATHS, type TopicMessage } from "./store.ts";

const BACKOFF_BASE_MS = 1_000;
const BACKOFF_MAX_MS = 30_000;
const BACKOFF_MIN_MS = 250;

/** A link that lasts so long starts its back-off anew when it breaks. */
const STABLE_MS = 30_000;

const PING_MS = 15_000;
const PINGS_MISSED_MAX = 2;
const POLL_MS = 5_000;
const OPENING_MS_MAX = 10_000;

/** The wait before try number `attempt` (from 0), with full jitter. */
export function backoffMs(attempt: number, random: number): number {
  const ceiling = Math.min(BACKOFF_MAX_MS, BACKOFF_BASE_MS * 2 ** Math.min(attempt, 30));
  return Math.max(BACKOFF_MIN_MS, random * ceiling);
}

/** How the socket stands. */
export type LinkState =
  | { readonly kind: "connecting"; readonly attempt: number }
  | { readonly kind: "open" }
  | { readonly kind: "waiting"; readonly attempt: number; readonly retryAtMs: number }
  | { readonly kind: "offline" };

/** The part of a WebSocket that is used. */
export interface SocketLike {
  readonly readyState: number;
  onopen: ((event: Event) => void) | null;
  onmessage: ((event: MessageEvent) => void) | null;
  onclose: ((event: CloseEvent) => void) | null;
  send(text: string): void;
  close(code?: number, reason?: string): void;
}

/** What {@link Link} needs from outside. */
export interface LinkOptions {
  readonly api: Api;
  readonly store: Store;
  readonly open?: (url: string, protocols: string[]) => SocketLike;
  readonly random?: () => number;
  /** Called after each message has been applied. */
  readonly onMessage?: () => void;
}

const OPEN = 1;

/** Keeps the store up to date. */
export class Link {
  readonly #api: Api;
  readonly #store: Store;
  readonly #open: (url: string, protocols: string[]) => SocketLike;
  readonly #random: () => number;
  readonly #onMessage: (() => void) | undefined;
  readonly #stop = new AbortController();
  readonly #listeners = new Set<() => void>();
  /** How many views want each topic. */
  readonly #wanted = new Map<Topic, number>();
  readonly #subscribed = new Set<Topic>();
  /** Topics whose snapshot was asked for because a patch was missing. */
  readonly #asked = new Set<Topic>();
  #syncing = false;
  #socket: SocketLike | null = null;
  #state: LinkState = { kind: "connecting", attempt: 0 };
  #attempt = 0;
  readonly #timers = new Map<string, ReturnType<typeof setTimeout>>();
  #pings: number[] = [];
  #polling = false;
  /** Round trip of the last ping, or null. */
  rttMs: number | null = null;
  /** Messages so far. */
  messages = 0;
  /** Times that the socket was lost. */
  losses = 0;
  /** Patches that did not follow what was known, so that a snapshot had to be asked for. */
  resyncs = 0;
  /** Whether plain requests bring data while the socket is down. */
  polled = false;
  /** Whether the server asked for a key. */
  keyNeeded = false;

  constructor({ api, store, open, random, onMessage }: LinkOptions) {
    this.#api = api;
    this.#store = store;
    this.#open = open ?? ((url, protocols) => new WebSocket(url, protocols));
    this.#random = random ?? Math.random;
    this.#onMessage = onMessage;
  }

  /** How the socket stands. */
  get state(): LinkState {
    return this.#state;
  }

  /** Calls back whenever the state changes. */
  onChange(listener: () => void): void {
    this.#listeners.add(listener);
  }

  /** Begins; the browser's events decide when to try at once. */
  start(): void {
    const { signal } = this.#stop;
    addEventListener("online", () => this.retry(), { signal });
    addEventListener("offline", () => {
      if (isOffline(this.#api.base)) this.#lost();
    }, { signal });
    document.addEventListener("visibilitychange", () => {
      if (document.hidden) return;
      if (this.#state.kind === "open") this.#ping();
      else this.retry();
    }, { signal });
    this.#connect();
  }

  /** Ends for good. */
  stop(): void {
    this.#stop.abort();
    this.#drop(1_000, "stopped");
    for (const timer of this.#timers.values()) clearTimeout(timer);
    this.#timers.clear();
  }

  /** Tries at once. */
  retry(): void {
    if (this.#state.kind === "open" || this.#state.kind === "connecting") return;
    this.#connect();
    void this.#poll();
  }

  /** Opens the socket anew, because the key has changed. */
  reopen(): void {
    this.keyNeeded = false;
    this.#drop(4001, "new key");
    this.#connect();
  }

  /** Wants topics until the signal aborts. */
  want(topics: readonly Topic[], signal: AbortSignal): void {
    for (const topic of topics) this.#wanted.set(topic, (this.#wanted.get(topic) ?? 0) + 1);
    signal.addEventListener("abort", () => {
      for (const topic of topics) {
        const left = this.#wanted.get(topic)! - 1;
        if (left > 0) this.#wanted.set(topic, left);
        else this.#wanted.delete(topic);
      }
      this.#syncSoon();
    }, { once: true });
    this.#syncSoon();
  }

  /** Asks for every wanted topic anew. */
  refetch(): void {
    if (this.#state.kind === "open") this.#send({ op: "sub", topics: [...this.#wanted.keys()] });
    else this.retry();
  }

  #connect(): void {
    this.#stopTimers();
    this.#set({ kind: "connecting", attempt: this.#attempt });
    let socket: SocketLike;
    try {
      socket = this.#open(this.#api.socketUrl("/theblock/ws"), this.#api.protocols());
    } catch {
      return this.#lost();
    }
    this.#socket = socket;
    this.#after("opening", OPENING_MS_MAX, () => this.#lost());
    socket.onopen = () => socket === this.#socket && this.#opened();
    socket.onmessage = ({ data }) => socket === this.#socket && this.#receive(String(data));
    socket.onclose = () => socket === this.#socket && this.#lost();
  }

  #opened(): void {
    this.#stopTimers();
    this.#subscribed.clear();
    this.#asked.clear();
    this.#pings = [];
    this.polled = false;
    this.keyNeeded = false;
    this.#set({ kind: "open" });
    this.#after("stable", STABLE_MS, () => this.#attempt = 0);
    this.#sync();
    this.#ping();
  }

  /** The socket is gone, or never came. */
  #lost(): void {
    const wasOpen = this.#state.kind === "open";
    if (wasOpen) this.losses++;
    this.#drop(4000, "lost");
    if (isOffline(this.#api.base)) return this.#set({ kind: "offline" });
    const waitMs = backoffMs(this.#attempt, this.#random());
    this.#attempt++;
    this.#set({ kind: "waiting", attempt: this.#attempt, retryAtMs: Date.now() + waitMs });
    this.#after("retry", waitMs, () => this.#connect());
    if (!this.#timers.has("poll")) this.#after("poll", wasOpen ? 1_000 : 0, () => void this.#poll());
  }

  #drop(code: number, reason: string): void {
    const socket = this.#socket;
    this.#socket = null;
    this.#stopTimers();
    this.rttMs = null;
    try {
      socket?.close(code, reason);
    } catch {
      // It never opened.
    }
  }

  #receive(text: string): void {
    this.messages++;
    const message = parse(text);
    if (typeof message.ts === "number") this.#store.hearTime(message.ts);
    if (message.v === 1 && isTopic(message.topic)) {
      const { topic } = message;
      if (this.#store.apply(message as unknown as TopicMessage) !== null) this.#asked.delete(topic);
      else if (!this.#asked.has(topic)) {
        this.#asked.add(topic);
        this.resyncs++;
        this.#send({ op: "sub", topics: [topic] });
      }
      return this.#onMessage?.();
    }
    switch (message.op) {
      case "hello":
        return this.#store.enterEpoch(String(message.epoch));
      case "ok":
        return this.#store.recover((message.topics as unknown[]).filter(isTopic));
      case "pong": {
        const sentMs = this.#pings.shift();
        if (sentMs !== undefined) this.rttMs = performance.now() - sentMs;
        return;
      }
      case "error":
        if (isTopic(message.topic)) {
          this.#store.fail(message.topic, { code: String(message.code), detail: String(message.detail) });
        }
    }
  }

  #ping(): void {
    clearTimeout(this.#timers.get("ping"));
    if (this.#pings.length >= PINGS_MISSED_MAX) return this.#lost();
    this.#pings.push(performance.now());
    this.#send({ op: "ping" });
    this.#after("ping", PING_MS, () => this.#ping());
  }

  #syncSoon(): void {
    if (this.#syncing) return;
    this.#syncing = true;
    queueMicrotask(() => {
      this.#syncing = false;
      this.#sync();
    });
  }

  /** Tells the server what has come to be wanted, and what no longer is. */
  #sync(): void {
    if (this.#state.kind !== "open") return;
    const gone = [...this.#subscribed].filter((topic) => !this.#wanted.has(topic));
    const fresh = [...this.#wanted.keys()].filter((topic) => !this.#subscribed.has(topic));
    for (const topic of gone) this.#subscribed.delete(topic);
    for (const topic of fresh) this.#subscribed.add(topic);
    if (gone.length > 0) this.#send({ op: "unsub", topics: gone });
    if (fresh.length > 0) this.#send({ op: "sub", topics: fresh, ...this.#store.since(fresh) });
  }

  #send(message: object): void {
    if (this.#socket?.readyState === OPEN) this.#socket.send(JSON.stringify(message));
  }

  /** Reads every wanted topic once, as long as the socket is down. */
  async #poll(): Promise<void> {
    clearTimeout(this.#timers.get("poll"));
    this.#timers.delete("poll");
    if (this.#polling || this.#state.kind === "open") return;
    this.#polling = true;
    try {
      if (!document.hidden) await this.#pollOnce();
    } finally {
      this.#polling = false;
      const over = this.#stop.signal.aborted || (this.#state as LinkState).kind === "open";
      if (!over && !isOffline(this.#api.base)) {
        this.#after("poll", POLL_MS, () => void this.#poll());
      }
    }
  }

  async #pollOnce(): Promise<void> {
    for (const topic of [...this.#wanted.keys()]) {
      if (this.#state.kind === "open") return;
      if (KEY_TOPICS.has(topic) && this.#api.key === null) {
        this.#store.fail(topic, { code: "401", detail: "this needs a key with the read scope" });
        continue;
      }
      try {
        const data = await this.#api.get(TOPIC_PATHS[topic]) as TopicMessage["data"];
        this.polled = true;
        // What the socket has brought meanwhile is newer.
        if ((this.#state as LinkState).kind === "open") return;
        this.#store.apply({ topic, kind: "snap", data, seq: (data._meta as { seq: number }).seq });
      } catch (error) {
        const { status, message } = error instanceof Problem ? error : new Problem(0, String(error));
        const code = status === 0 ? "NO_ANSWER" : String(status);
        this.#store.fail(topic, { code, detail: message });
        if (status !== 0 && status !== 401) continue;
        // Nothing else will be answered either.
        this.polled = false;
        this.keyNeeded = status === 401;
        for (const other of this.#wanted.keys()) this.#store.fail(other, { code, detail: message });
        break;
      }
    }
    this.#changed();
  }

  #after(name: string, ms: number, run: () => void): void {
    clearTimeout(this.#timers.get(name));
    this.#timers.set(
      name,
      setTimeout(() => {
        this.#timers.delete(name);
        run();
      }, ms),
    );
  }

  /** Stops every timer but that of the polls, which end by themselves. */
  #stopTimers(): void {
    for (const [name, timer] of this.#timers) {
      if (name === "poll") continue;
      clearTimeout(timer);
      this.#timers.delete(name);
    }
  }

  #set(state: LinkState): void {
    this.#state = state;
    this.#changed();
  }

  #changed(): void {
    for (const listener of this.#listeners) listener();
  }
}

/** A message; whatever is none (from a proxy, say) has no fields. */
function parse(text: string): Record<string, unknown> {
  try {
    return JSON.parse(text) ?? {};
  } catch {
    return {};
  }
}

/** The browser has no network, and the server is not on this machine. */
function isOffline(base: string): boolean {
  return !navigator.onLine && !/^https?:\/\/(localhost|127\.|\[::1\])/.test(base);
}
