/**
 * What the server said last, topic by topic. Messages are applied as they come; whoever watches is called once per
 * flush, however many came. While the reader pauses, everyone sees the state of that moment.
 */
import type {
  Alerts,
  Body,
  Capabilities,
  EngineState,
  Features,
  Gates,
  Health,
  MarketDetail,
  MarketsHealth,
  Mempool,
  Meta,
  NetworkMetrics,
  Operations,
  Orders,
  Peers,
  Pnl,
  PosteriorBody,
  Providers,
  Receipts,
  RiskPortfolio,
  SchedulerStats,
  Status,
  Strategies,
} from "../src/server/wire.ts";

/** The body of each topic. */
export interface Bodies {
  readonly health: Body<Health>;
  readonly status: Body<Status>;
  readonly pnl: Body<Pnl>;
  readonly gates: Body<Gates>;
  readonly network: Body<NetworkMetrics>;
  readonly markets: Body<MarketsHealth>;
  readonly "market.compute": Body<MarketDetail>;
  readonly "market.storage": Body<MarketDetail>;
  readonly "market.energy": Body<MarketDetail>;
  readonly "market.ad": Body<MarketDetail>;
  readonly scheduler: Body<SchedulerStats>;
  readonly peers: Body<Peers>;
  readonly mempool: Body<Mempool>;
  readonly capabilities: Body<Capabilities>;
  readonly providers: Body<Providers>;
  readonly operations: Body<Operations>;
  readonly receipts: Body<Receipts>;
  readonly alerts: Body<Alerts>;
  readonly features: Body<Features>;
  readonly posterior: Body<PosteriorBody>;
  readonly engine: Body<EngineState>;
  readonly orders: Body<Orders>;
  /** By token; `positionsOf` of the portfolio reads it. */
  readonly positions: Body<object>;
  readonly risk: Body<RiskPortfolio>;
  readonly strategies: Body<Strategies>;
}

/** The name of a topic. */
export type Topic = keyof Bodies;

/** Where a topic is read without a socket; a snapshot has the same bytes. */
export const TOPIC_PATHS: Readonly<Record<Topic, string>> = {
  health: "/theblock/health",
  status: "/theblock/status",
  pnl: "/theblock/pnl",
  gates: "/theblock/gates",
  network: "/theblock/network/metrics",
  markets: "/theblock/markets/health",
  "market.compute": "/theblock/markets/compute",
  "market.storage": "/theblock/markets/storage",
  "market.energy": "/theblock/markets/energy",
  "market.ad": "/theblock/markets/ad",
  scheduler: "/theblock/scheduler/stats",
  peers: "/theblock/peers/list",
  mempool: "/theblock/mempool",
  capabilities: "/theblock/capabilities",
  providers: "/theblock/providers",
  operations: "/theblock/operations",
  receipts: "/theblock/receipts",
  alerts: "/theblock/alerts",
  features: "/features",
  posterior: "/posterior",
  engine: "/state",
  orders: "/orders",
  positions: "/positions",
  risk: "/risk/portfolio",
  strategies: "/strategy/breakdown",
};

/** Topics that nobody may read without a key. */
export const KEY_TOPICS: ReadonlySet<Topic> = new Set(["engine", "orders", "positions", "risk"]);

/** Whether a topic or body is kept from whoever has no key, or not the right one. */
export function isLocked(problem: TopicProblem | undefined): boolean {
  return problem !== undefined && /^(401|403|FORBIDDEN)$/.test(problem.code);
}

/** Whether a string names a topic. */
export function isTopic(text: unknown): text is Topic {
  return typeof text === "string" && Object.hasOwn(TOPIC_PATHS, text);
}

/** Why a topic cannot be had. */
export interface TopicProblem {
  /** HTTP status or the code of a socket error. */
  readonly code: string;
  readonly detail: string;
}

/** A frame of the socket. */
export interface TopicMessage {
  readonly topic: Topic;
  readonly seq: number;
  readonly kind: "snap" | "patch";
  readonly data: Readonly<Record<string, unknown>>;
}

/** What a subscription says about what is known already. */
export interface Since {
  readonly since: Readonly<Record<string, number>>;
  readonly epoch?: string;
}

type Keys = Set<string>;

/** Called on a flush with the keys that changed, topic by topic. */
export type Watcher = (changed: ReadonlyMap<Topic, ReadonlySet<string>>) => void;

interface Watch {
  readonly topics: ReadonlySet<Topic>;
  readonly run: Watcher;
}

/** Holds the newest body of each topic. */
export class Store {
  readonly #schedule: (flush: () => void) => void;
  readonly #live = new Map<Topic, Body<object>>();
  /** What is shown while paused. */
  #held: Map<Topic, Body<object>> | null = null;
  #heldCount = 0;
  #pausedAtMs = 0;
  readonly #seqs = new Map<Topic, number>();
  #epoch: string | null = null;
  readonly #problems = new Map<Topic, TopicProblem>();
  readonly #dirty = new Map<Topic, Keys>();
  readonly #watches = new Set<Watch>();
  #scheduled = false;
  /** Server time minus browser time. */
  #skewMs: number | null = null;
  /** Flushes so far. */
  flushes = 0;
  /** Messages so far, topic by topic. */
  readonly received = new Map<Topic, number>();

  /** @param schedule Runs the flush soon, on a frame; called at most once between flushes */
  constructor(schedule: (flush: () => void) => void) {
    this.#schedule = schedule;
  }

  /** The body that is shown. */
  get<T extends Topic>(topic: T): Bodies[T] | undefined {
    return (this.#held ?? this.#live).get(topic) as Bodies[T] | undefined;
  }

  /** The newest body, also while paused; only for what must never be held back. */
  live<T extends Topic>(topic: T): Bodies[T] | undefined {
    return this.#live.get(topic) as Bodies[T] | undefined;
  }

  /** Every newest body. */
  bodies(): Iterable<Body<object>> {
    return this.#live.values();
  }

  /** Why a topic cannot be had, if so. */
  problem(topic: Topic): TopicProblem | undefined {
    return this.#problems.get(topic);
  }

  /** The server's clock, as far as its messages tell. */
  nowMs(): number {
    return Date.now() + (this.#skewMs ?? 0);
  }

  /** The moment that is shown: now, or when the page was paused. */
  shownMs(): number {
    return this.#held ? this.#pausedAtMs : this.nowMs();
  }

  /** Learns from the sending time of a message; the least delayed one is the best witness. */
  hearTime(sentMs: number): void {
    const skewMs = sentMs - Date.now();
    this.#skewMs = this.#skewMs === null ? skewMs : Math.max(skewMs, this.#skewMs - 0.1);
  }

  /**
   * Applies a frame.
   *
   * @returns The keys that changed, or null for a patch that does not follow what is known: a snapshot is needed
   */
  apply({ topic, seq, kind, data }: TopicMessage): ReadonlySet<string> | null {
    this.received.set(topic, (this.received.get(topic) ?? 0) + 1);
    const before = this.#live.get(topic);
    let next: Record<string, unknown>;
    if (kind === "snap") next = { ...data };
    else {
      const have = this.#seqs.get(topic);
      if (before === undefined || have === undefined || seq > have + 1) return null;
      if (seq <= have) return new Set();
      next = { ...before };
      for (const [key, value] of Object.entries(data)) {
        const merged = mergeMember(next[key], value);
        if (merged === undefined) return null;
        next[key] = merged;
      }
    }
    const changed = changedKeys(before as Record<string, unknown> | undefined, next);
    this.#live.set(topic, next as Body<object>);
    this.#seqs.set(topic, seq);
    this.#problems.delete(topic);
    if (this.#held) this.#heldCount++;
    this.#touch(topic, changed);
    return changed;
  }

  /** Notes that a topic cannot be had. What is known of it stays. */
  fail(topic: Topic, problem: TopicProblem): void {
    const before = this.#problems.get(topic);
    if (before?.code === problem.code && before.detail === problem.detail) return;
    this.#problems.set(topic, problem);
    this.#touch(topic, new Set());
  }

  /** Notes that topics can be had again, though nothing of them may have changed. */
  recover(topics: Iterable<Topic>): void {
    for (const topic of topics) if (this.#problems.delete(topic)) this.#touch(topic, new Set());
  }

  /** Learns which run of the server it is talking to; numbers of another run mean nothing. */
  enterEpoch(epoch: string): void {
    if (this.#epoch !== epoch) this.#seqs.clear();
    this.#epoch = epoch;
  }

  /** What to tell the server when subscribing, so that it only sends what is missing. */
  since(topics: Iterable<Topic>): Since {
    const since: Record<string, number> = {};
    for (const topic of topics) {
      const seq = this.#seqs.get(topic);
      if (seq !== undefined) since[topic] = seq;
    }
    return this.#epoch === null ? { since: {} } : { since, epoch: this.#epoch };
  }

  /** Calls back on each flush in which one of the topics changed. */
  watch(topics: readonly Topic[], run: Watcher): () => void {
    const watch = { topics: new Set(topics), run };
    this.#watches.add(watch);
    return () => this.#watches.delete(watch);
  }

  /** Since when the page is paused and how many updates wait, or null. */
  get paused(): { readonly atMs: number; readonly updates: number } | null {
    return this.#held ? { atMs: this.#pausedAtMs, updates: this.#heldCount } : null;
  }

  /** Freezes what is shown. */
  pause(): void {
    if (this.#held) return;
    this.#held = new Map(this.#live);
    this.#heldCount = 0;
    this.#pausedAtMs = this.nowMs();
  }

  /** Shows what has come meanwhile. */
  resume(): void {
    if (!this.#held) return;
    this.#held = null;
    this.#request();
  }

  #touch(topic: Topic, keys: ReadonlySet<string>): void {
    const dirty = this.#dirty.get(topic);
    if (!dirty) this.#dirty.set(topic, new Set(keys));
    else for (const key of keys) dirty.add(key);
    if (!this.#held) this.#request();
  }

  #request(): void {
    if (this.#scheduled || this.#dirty.size === 0) return;
    this.#scheduled = true;
    this.#schedule(() => this.#flush());
  }

  #flush(): void {
    this.#scheduled = false;
    if (this.#held || this.#dirty.size === 0) return;
    const changed = new Map(this.#dirty);
    this.#dirty.clear();
    this.flushes++;
    for (const { topics, run } of [...this.#watches]) {
      for (const topic of changed.keys()) {
        if (!topics.has(topic)) continue;
        run(changed);
        break;
      }
    }
  }
}

interface Row {
  readonly id: string | number;
}

/** The new value of a member; undefined when a list patch meets no list. */
function mergeMember(before: unknown, value: unknown): unknown {
  if (!isListPatch(value)) return value;
  if (!Array.isArray(before)) return undefined;
  return mergeRows(before as Row[], value.upsert, value.remove);
}

function isListPatch(
  value: unknown,
): value is { readonly upsert: readonly Row[]; readonly remove: readonly Row["id"][] } {
  return typeof value === "object" && value !== null && !Array.isArray(value) &&
    Array.isArray((value as Record<string, unknown>).upsert) &&
    Array.isArray((value as Record<string, unknown>).remove);
}

/** New rows go to the front in the given order, known ones are replaced where they stand. */
function mergeRows(
  before: readonly Row[],
  upsert: readonly Row[],
  remove: readonly Row["id"][],
): readonly Row[] {
  const gone = new Set(remove);
  const update = new Map(upsert.map((row) => [row.id, row]));
  const known = new Set(before.map(({ id }) => id));
  return [
    ...upsert.filter(({ id }) => !known.has(id)),
    ...before.filter(({ id }) => !gone.has(id)).map((row) => update.get(row.id) ?? row),
  ];
}

/** Members that differ; lists and objects only count as equal when they are the same one. */
function changedKeys(before: Record<string, unknown> | undefined, after: Record<string, unknown>): Keys {
  const changed = new Set<string>();
  for (const key of Object.keys({ ...before, ...after })) if (before?.[key] !== after[key]) changed.add(key);
  return changed;
}

/** `CODE: sentence` in its parts. */
export interface Reason {
  readonly code: string;
  readonly because: string;
}

/**
 * Why the value at a path is null: what the body says of it, or of what it is part of.
 *
 * @param path Dotted, list items written as `peers[].latency_ms`
 */
export function reasonOf(meta: Meta, path: string): Reason | null {
  for (let at = path; at !== ""; at = at.slice(0, Math.max(0, at.lastIndexOf(".")))) {
    const text = meta.partial[at] ?? (at.endsWith("[]") ? meta.partial[at.slice(0, -2)] : undefined);
    if (text === undefined) continue;
    const colon = text.indexOf(": ");
    return colon < 0
      ? { code: text, because: "" }
      : { code: text.slice(0, colon), because: text.slice(colon + 2) };
  }
  return null;
}
