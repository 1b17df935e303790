/** Bodies that no topic carries: asked for when a page opens, every so often, and after something was done. */
import { Problem } from "./api.ts";
import type { Source } from "./panel.ts";
import type { View } from "./router.ts";
import type { TopicProblem } from "./store.ts";
import type { Body } from "../src/server/wire.ts";

/** What is read, and how often. */
export interface ReadingSpec {
  /** Path with its query; null while there is nothing to ask for. */
  readonly path: () => string | null;
  readonly everyMs: number;
  /** Whether it needs a key: without one it is not even asked for. */
  readonly locked?: boolean;
}

/** A body that is kept current while its view lasts and can be seen. */
export class Reading<T extends object> implements Source {
  body: Body<T> | undefined;
  problem: TopicProblem | undefined;
  readonly #view: View;
  readonly #spec: ReadingSpec;
  readonly #listeners: (() => void)[] = [];
  #path: string | null = null;
  #key: string | null = null;
  #dueMs = 0;
  /** Counts the questions, so that a late answer to an old one is dropped. */
  #question = 0;

  constructor(view: View, spec: ReadingSpec) {
    this.#view = view;
    this.#spec = spec;
    view.onQuery(() => this.#look());
    view.everySecond(() => this.#look());
  }

  onChange(run: () => void): void {
    this.#listeners.push(run);
  }

  /** Asks anew, because something was done. */
  again(): void {
    this.#dueMs = 0;
    this.#look();
  }

  #look(): void {
    const { app: { api, store }, signal } = this.#view;
    const path = this.#spec.path();
    if (signal.aborted || path === null) return;
    if (path !== this.#path || api.key !== this.#key) {
      // What another path or reader was told is not shown for this one.
      [this.#path, this.#key, this.#dueMs] = [path, api.key, 0];
      this.body = undefined;
    } else if (Date.now() < this.#dueMs || store.paused) return;
    this.#dueMs = Date.now() + this.#spec.everyMs;
    if (this.#spec.locked && api.key === null) {
      this.#take(undefined, { code: "401", detail: "this needs a key with the read scope" });
    } else void this.#ask(path);
  }

  async #ask(path: string): Promise<void> {
    const question = ++this.#question;
    try {
      const body = await this.#view.app.api.get(path) as Body<T>;
      if (question !== this.#question || this.#view.signal.aborted) return;
      const ttl_ms = Math.max(body._meta.ttl_ms, 3 * this.#spec.everyMs);
      this.#take({ ...body, _meta: { ...body._meta, ttl_ms } }, undefined);
    } catch (error) {
      if (question !== this.#question || this.#view.signal.aborted) return;
      const status = error instanceof Problem ? error.status : 0;
      const detail = error instanceof Error ? error.message : String(error);
      this.#take(this.body, { code: status === 0 ? "NO_ANSWER" : String(status), detail });
    }
  }

  #take(body: Body<T> | undefined, problem: TopicProblem | undefined): void {
    [this.body, this.problem] = [body, problem];
    for (const run of this.#listeners) run();
  }
}
