/**
 * The single writer. Events come in from ingest (and later from agents and operators), are applied in order, and the
 * topics that changed are published at most every {@link PUBLISH_EVERY_MS}, however many events there were.
 */
import { blockAt, tipOf } from "../engine/chain.ts";
import type { Core, CoreState } from "../engine/core.ts";
import type { EngineEvent } from "../engine/event.ts";
import type { Topic } from "../engine/topic.ts";
import type { ChainView } from "./ports/chain_view.ts";
import type { Clock } from "./ports/clock.ts";
import type { EventSink } from "./ports/event_sink.ts";
import type { Publisher } from "./ports/publisher.ts";

/** Shortest time between two publications. */
export const PUBLISH_EVERY_MS = 100;

/** What {@link EngineLoop} needs. */
export interface EngineLoopOptions {
  readonly core: Core;
  readonly publisher: Publisher;
  readonly clock: Clock;
}

/** Applies events and publishes what changed. */
export class EngineLoop implements EventSink, ChainView {
  readonly #core: Core;
  readonly #publisher: Publisher;
  readonly #clock: Clock;
  readonly #dirty = new Set<Topic>();
  readonly #stop = new AbortController();
  #publishedMs = 0;
  #scheduled = false;

  constructor(options: EngineLoopOptions) {
    this.#core = options.core;
    this.#publisher = options.publisher;
    this.#clock = options.clock;
  }

  /** The state, for views. Nobody but the core writes to it. */
  get state(): CoreState {
    return this.#core.state;
  }

  submit(events: readonly EngineEvent[]): void {
    for (const event of events) this.touch(this.#core.apply(event));
  }

  /** Marks topics that show something which is no event, such as the process itself. */
  touch(topics: Iterable<Topic>): void {
    for (const topic of topics) this.#dirty.add(topic);
    this.#schedule();
  }

  /** Publishes what is due now. */
  flush(): void {
    if (this.#dirty.size === 0) return;
    const topics = [...this.#dirty];
    this.#dirty.clear();
    this.#publishedMs = this.#clock.monotonicMs();
    this.#publisher.publish(topics, this.#core.state);
  }

  /** Publishes a last time and stops. */
  stop(): void {
    this.flush();
    this.#stop.abort();
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

  halted(): string | null {
    return this.#core.state.chain.halted;
  }

  #schedule(): void {
    if (this.#scheduled || this.#stop.signal.aborted) return;
    this.#scheduled = true;
    const waitMs = Math.max(0, this.#publishedMs + PUBLISH_EVERY_MS - this.#clock.monotonicMs());
    this.#clock.sleep(waitMs, this.#stop.signal).then(() => {
      this.#scheduled = false;
      if (!this.#stop.signal.aborted) this.flush();
    });
  }
}
