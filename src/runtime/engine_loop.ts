/**
 * The single writer. Events come in from ingest (and later from agents and operators) and are applied in order; every
 * {@link FLUSH_EVERY_MS} what was applied is committed to the store and the topics that changed are published,
 * however many events there were. Starting up is recovery: the newest trustworthy state and everything after it.
 */
import { blockAt, tipOf } from "../engine/chain.ts";
import type { Core } from "../engine/core.ts";
import type { CoreState } from "../engine/state.ts";
import type { Change } from "../engine/change.ts";
import type { EngineEvent, SlotEvent } from "../engine/event.ts";
import type { ReceiptSource } from "../engine/receipt.ts";
import { type Topic, TOPIC_NAMES } from "../engine/topic.ts";
import type { Log } from "../telemetry/log.ts";
import { sampleHistory } from "./history.ts";
import type { ChainView } from "./ports/chain_view.ts";
import type { Clock } from "./ports/clock.ts";
import type { EventSink } from "./ports/event_sink.ts";
import type { Publisher } from "./ports/publisher.ts";
import { type Applied, type EngineStore, type Recovery, StoreError } from "./ports/store.ts";

/** Shortest time between two commits and publications. */
export const FLUSH_EVERY_MS = 100;

/** Events after which a commit does not wait. */
const BATCH_MAX = 500;

/** A snapshot is due after so many events, or after so long when anything happened. */
const SNAPSHOT_EVENTS = 5_000;
const SNAPSHOT_EVERY_MS = 600_000;

/** How often a store that failed is tried again. */
const RETRY_MS = 1_000;

/** A snapshot that could not be kept is not tried again sooner: to encode the state is work. */
const SNAPSHOT_RETRY_MS = 10_000;

/** How often the store's size is looked at and old rows are deleted; sooner while there are more of them. */
const RETAIN_EVERY_MS = 60_000;
const RETAIN_AGAIN_MS = 1_000;

/** Deleted rows from which on there are probably more. */
const RETAIN_ROWS = 5_000;

/** Events that show how the node is and are worth showing even while nothing can be kept. */
const SOFT: ReadonlySet<EngineEvent["kind"]> = new Set(["observed", "unavailable", "link", "ban", "node"]);

/** What happens to an event while nothing can be written. */
type WhileFailing = "show" | "keep" | "drop";

/** What {@link EngineLoop} needs. */
export interface EngineLoopOptions {
  readonly core: Core;
  readonly store: EngineStore;
  readonly publisher: Publisher;
  readonly clock: Clock;
  readonly log: Log;
  /** What follows from a block: called after each `slot` that is not replayed; what it answers is applied next. */
  readonly afterSlot?: (state: CoreState, slot: SlotEvent) => readonly EngineEvent[];
}

/** Applies events, keeps them, publishes what changed. */
export class EngineLoop implements EventSink, ChainView {
  readonly #publisher: Publisher;
  readonly #clock: Clock;
  readonly #log: Log;
  readonly #dirty = new Set<Topic>();
  readonly #stop = new AbortController();
  readonly #afterSlot: EngineLoopOptions["afterSlot"];
  #core: Core;
  #store: EngineStore;
  #pending: Applied[] = [];
  #storeError: StoreError | null = null;
  #retryAtMs = 0;
  #flushedMs = -Infinity;
  #scheduled = false;
  #sinceSnapshot = 0;
  #snapshotMs: number;
  #snapshotWaitMs = 0;
  #retainAtMs: number;
  #sampledS = 0;

  constructor(options: EngineLoopOptions) {
    this.#core = options.core;
    this.#store = options.store;
    this.#publisher = options.publisher;
    this.#clock = options.clock;
    this.#log = options.log;
    this.#afterSlot = options.afterSlot;
    this.#snapshotMs = options.clock.monotonicMs();
    this.#retainAtMs = options.clock.monotonicMs() + RETAIN_EVERY_MS;
  }

  /** The state, for views. Nobody but the core writes to it. */
  get state(): CoreState {
    return this.#core.state;
  }

  /** The store, for questions. */
  get store(): EngineStore {
    return this.#store;
  }

  /** Why nothing can be written at the moment, or null. */
  get storeError(): string | null {
    return this.#storeError?.message ?? null;
  }

  /**
   * Brings the core to the state that the store holds.
   *
   * @throws {StoreError} If the store cannot be trusted
   */
  recover(): Recovery {
    const beganMs = this.#clock.monotonicMs();
    const recovery = this.#store.recover(
      (state) => {
        const refused = state === null ? [] : this.#core.restore(state);
        if (refused.length > 0) this.#log.warn("features.begin_anew", { refused });
      },
      (event) => {
        this.#core.apply(event);
        this.#core.takeChanges();
      },
    );
    this.#sinceSnapshot = recovery.replayed;
    const { link } = this.#core.state;
    if (link.everUp) {
      const atMs = this.#clock.nowMs();
      this.submit([{ kind: "link", atMs, up: false, reason: "the program has just started" }]);
    }
    this.#log.info("store.recovered", {
      snapshot_seq: recovery.snapshotSeq,
      replayed: recovery.replayed,
      cut_at: recovery.cutAt,
      damaged_snapshots: recovery.damagedSnapshots,
      height: tipOf(this.#core.state.chain)?.height ?? null,
      ms: Math.round(this.#clock.monotonicMs() - beganMs),
    });
    return recovery;
  }

  /**
   * Puts another core and store in place of the present ones, which are brought to an end first.
   *
   * @param open Opens the new store, once the present one is closed
   */
  swap(core: Core, open: () => EngineStore): Recovery {
    this.#commit();
    this.#saveSnapshot();
    this.#store.close();
    this.#core = core;
    this.#store = open();
    this.#pending = [];
    this.#storeError = null;
    const recovery = this.recover();
    this.touch(TOPIC_NAMES);
    return recovery;
  }

  submit(events: readonly EngineEvent[]): void {
    try {
      for (const event of events) {
        const fate = this.#storeError ? whileFailing(event) : "keep";
        if (fate === "drop") continue;
        this.#apply(event, fate === "keep");
        if (event.kind !== "slot") continue;
        const follows = this.#afterSlot?.(this.#core.state, event) ?? [];
        for (const next of follows) this.#apply(next, fate === "keep");
      }
    } finally {
      // Also when an event could not be applied: those before it were.
      if (this.#pending.length >= BATCH_MAX) this.flush();
      else this.#schedule();
    }
  }

  /**
   * Applies events of somebody who waits for an acknowledgement, and keeps them before it returns: they survive a power
   * cut.
   *
   * @throws {StoreError} If they could not be kept. When the store had failed before, nothing was applied; otherwise
   * they were, and are kept as soon as the store works again.
   */
  execute(events: readonly EngineEvent[]): void {
    if (this.#storeError) throw this.#storeError;
    this.submit(events);
    this.#commit(true);
    if (this.#storeError) throw this.#storeError;
    // Whoever is told that it is done may read at once what it changed.
    const topics = [...this.#dirty];
    this.#dirty.clear();
    this.#publisher.publish(topics, this.#core.state);
  }

  /** Marks topics that show something which is no event, such as the process itself. */
  touch(topics: Iterable<Topic>): void {
    for (const topic of topics) this.#dirty.add(topic);
    this.#schedule();
  }

  /** Commits and publishes what is due. */
  flush(): void {
    this.#flushedMs = this.#clock.monotonicMs();
    this.#commit();
    this.#sample();
    this.#maintain();
    if (this.#dirty.size === 0) return;
    const topics = [...this.#dirty];
    this.#dirty.clear();
    this.#publisher.publish(topics, this.#core.state);
  }

  /** Commits and publishes a last time, keeps a snapshot and closes the store. */
  stop(): void {
    this.flush();
    this.#stop.abort();
    this.#saveSnapshot();
    this.#store.close();
  }

  tip(): { readonly height: number; readonly hash: string | null } | null {
    const tip = tipOf(this.#core.state.chain);
    return tip ? { height: tip.height, hash: tip.hash } : null;
  }

  hashAt(height: number): string | null | undefined {
    return blockAt(this.#core.state.chain, height)?.hash;
  }

  windowStart(): number | null {
    return this.#core.state.chain.blocks[0]?.height ?? null;
  }

  receiptsThrough(): number | null {
    return this.#core.state.receiptsThrough;
  }

  sinceHeight(): number | null {
    return this.#core.state.sinceHeight;
  }

  hasReceipt(id: string): boolean {
    const isIt = (change: Change) => change.kind === "receipt" && change.receipt.id === id;
    return this.#pending.some(({ changes }) => changes.some(isIt)) || this.#store.hasReceipt(id);
  }

  hasSwept(source: ReceiptSource): boolean {
    return this.#core.state.swept.includes(source);
  }

  halted(): string | null {
    return this.#core.state.chain.halted;
  }

  #apply(event: EngineEvent, keep: boolean): void {
    for (const topic of this.#core.apply(event)) this.#dirty.add(topic);
    const changes = this.#core.takeChanges();
    if (keep) this.#pending.push({ event, changes });
  }

  #schedule(): void {
    if (this.#scheduled || this.#stop.signal.aborted) return;
    this.#scheduled = true;
    const waitMs = Math.max(0, this.#flushedMs + FLUSH_EVERY_MS - this.#clock.monotonicMs());
    this.#clock.sleep(waitMs, this.#stop.signal).then(() => {
      this.#scheduled = false;
      if (this.#stop.signal.aborted) return;
      this.flush();
      if (this.#storeError) this.#schedule();
    });
  }

  /** Writes what is pending; a store that fails is tried again until it works. */
  #commit(durable = false): void {
    if (this.#pending.length === 0 && !this.#storeError) return;
    if (this.#storeError && this.#clock.monotonicMs() < this.#retryAtMs) return;
    try {
      this.#store.commit(this.#pending, durable);
      this.#sinceSnapshot += this.#pending.length;
      this.#pending = [];
      if (this.#storeError) this.#log.info("store.recovered_writes");
      this.#storeError = null;
    } catch (error) {
      if (!(error instanceof StoreError)) throw error;
      if (!this.#storeError) {
        this.#log.error("store.write_failed", { kind: error.kind, detail: error.message });
      }
      this.#storeError = error;
      this.#retryAtMs = this.#clock.monotonicMs() + RETRY_MS;
      this.#dirty.add("status");
    }
  }

  #sample(): void {
    if (this.#storeError) return;
    const sample = sampleHistory(this.#core.state);
    if (!sample || sample.t <= this.#sampledS) return;
    this.#sampledS = sample.t;
    this.#tolerate(() => this.#store.addHistory(sample));
  }

  #maintain(): void {
    const nowMs = this.#clock.monotonicMs();
    const ageMs = nowMs - this.#snapshotMs;
    const due = (this.#sinceSnapshot >= SNAPSHOT_EVENTS && ageMs >= this.#snapshotWaitMs) ||
      (this.#sinceSnapshot > 0 && ageMs >= SNAPSHOT_EVERY_MS);
    if (due) this.#saveSnapshot();
    if (nowMs < this.#retainAtMs) return;
    this.#retainAtMs = nowMs + RETAIN_EVERY_MS;
    if (this.#storeError) return;
    this.#tolerate(() => {
      if (this.#store.retain(this.#clock.nowMs()) >= RETAIN_ROWS) this.#retainAtMs = nowMs + RETAIN_AGAIN_MS;
    });
  }

  #saveSnapshot(): void {
    this.#snapshotMs = this.#clock.monotonicMs();
    if (this.#storeError || this.#sinceSnapshot === 0 || this.#pending.length > 0) return;
    this.#snapshotWaitMs = SNAPSHOT_RETRY_MS;
    this.#tolerate(() => {
      this.#store.saveSnapshot(this.#core.encode(), this.#clock.nowMs());
      this.#sinceSnapshot = 0;
      this.#snapshotWaitMs = 0;
    });
  }

  /** Runs something that may be left out once; the next commit will notice that the store has failed. */
  #tolerate(action: () => void): void {
    try {
      action();
    } catch (error) {
      if (!(error instanceof StoreError)) throw error;
      this.#log.warn("store.write_failed", { kind: error.kind, detail: error.message });
    }
  }
}

/**
 * A block or a receipt waits at the node, which will be asked for it again. Nobody tells us again who we are. A
 * balance is shown once it can be booked: what it moves in the books has to be in the journal.
 */
function whileFailing(event: EngineEvent): WhileFailing {
  // What the configuration says; commands of operators are refused before they come here.
  if (event.kind === "identities" || event.kind === "desk") return "keep";
  if (event.kind === "observed" && event.of === "balance") return "drop";
  return SOFT.has(event.kind) ? "show" : "drop";
}
