/**
 * Delivers the messages of the outbox: signed, at least once, in order of their making, for as long as it takes. The
 * outbox is in the store, so a crash loses none. That the store itself fails is told from memory, and what a failing
 * store cannot record as delivered is remembered, so that it is not told again and again.
 */
import { createHmac } from "node:crypto";
import type { Log } from "../telemetry/log.ts";
import type { Counter } from "../telemetry/metrics.ts";
import type { Clock } from "./ports/clock.ts";
import { type EngineStore, StoreError } from "./ports/store.ts";

/** How often the outbox is looked at, and how many of its messages at a time. */
const LOOK_EVERY_MS = 1_000;
const LOOK_MAX = 20;

/** Waits between attempts: doubled from the first to the last. */
const RETRY_MIN_MS = 2_000;
const RETRY_MAX_MS = 300_000;

/** How long a receiver may take. */
const TIMEOUT_MS = 10_000;

/** A message that could not be delivered for so long is given up. */
const GIVE_UP_MS = 3 * 86_400_000;

/** Deliveries that are remembered because the store could not record them. */
const TOLD_MAX = 2_000;

/** What {@link Webhook} needs. */
export interface WebhookOptions {
  readonly url: string;
  /** Key of the signature; null sends none. */
  readonly secret: string | null;
  readonly store: () => EngineStore;
  /** Messages that are not in the outbox, because it cannot be written. */
  readonly unsaved: () => readonly string[];
  readonly clock: Clock;
  readonly log: Log;
  readonly attempts: Counter;
}

/** The one webhook. */
export class Webhook {
  readonly #options: WebhookOptions;
  readonly #stop = new AbortController();
  /** Keys of messages that were delivered and that the store does not know as such yet, oldest first. */
  readonly #told = new Set<string>();
  /** Attempts that failed in a row, and until when the next one waits, by the monotonic clock. */
  #failures = 0;
  #waitUntilMs = 0;

  constructor(options: WebhookOptions) {
    this.#options = options;
  }

  /** Delivers until {@link stop}. */
  async run(): Promise<void> {
    while (!this.#stop.signal.aborted) {
      await this.deliverDue();
      await this.#options.clock.sleep(LOOK_EVERY_MS, this.#stop.signal);
    }
  }

  stop(): void {
    this.#stop.abort();
  }

  /** Tries every message that is due; one that fails holds back the later ones, so order is kept. */
  async deliverDue(): Promise<void> {
    const { store, unsaved, clock } = this.#options;
    if (clock.monotonicMs() < this.#waitUntilMs) return;
    try {
      await this.#deliverKept(store());
    } catch (error) {
      if (!(error instanceof StoreError)) throw error; // The store's own alert says so.
    }
    if (clock.monotonicMs() < this.#waitUntilMs) return;
    for (const body of unsaved()) {
      const key = messageKey(body);
      if (!this.#told.has(key) && !await this.#deliver(key, body, 0)) return;
    }
  }

  async #deliverKept(store: EngineStore): Promise<void> {
    const { clock, log } = this.#options;
    for (const { id, body, attempts, createdMs } of store.dueMessages(clock.nowMs(), LOOK_MAX)) {
      const key = messageKey(body);
      const delivered = this.#told.has(key) || await this.#deliver(key, body, attempts);
      if (!delivered && this.#stop.signal.aborted) return;
      const tooOld = clock.nowMs() - createdMs > GIVE_UP_MS;
      if (!delivered && tooOld) log.error("webhook.given_up", { message: key, attempts: attempts + 1 });
      const waitMs = Math.max(0, this.#waitUntilMs - clock.monotonicMs());
      store.settleMessage(id, { delivered: delivered || tooOld, nextMs: clock.nowMs() + waitMs });
      this.#told.delete(key);
      if (!delivered) return;
    }
  }

  /** One attempt. */
  async #deliver(key: string, body: string, attempts: number): Promise<boolean> {
    const { clock } = this.#options;
    if (this.#stop.signal.aborted) return false;
    if (await this.#post(key, body)) {
      this.#failures = 0;
      this.#told.add(key);
      for (const oldest of this.#told) {
        if (this.#told.size <= TOLD_MAX) break;
        this.#told.delete(oldest);
      }
      return true;
    }
    const before = Math.max(attempts, this.#failures++);
    this.#waitUntilMs = clock.monotonicMs() +
      Math.min(RETRY_MAX_MS, RETRY_MIN_MS * 2 ** Math.min(before, 20));
    return false;
  }

  async #post(key: string, body: string): Promise<boolean> {
    const { url, secret, clock, log, attempts } = this.#options;
    const timestamp = Math.floor(clock.nowMs() / 1000);
    const headers: Record<string, string> = {
      "content-type": "application/json",
      "user-agent": "block-buster",
      "x-bb-message": key,
      "x-bb-timestamp": String(timestamp),
    };
    if (secret !== null) headers["x-bb-signature"] = `sha256=${signature(secret, timestamp, body)}`;
    const timeout = new AbortController();
    const done = new AbortController();
    clock.sleep(TIMEOUT_MS, done.signal).then(() => timeout.abort());
    try {
      const signal = AbortSignal.any([this.#stop.signal, timeout.signal]);
      const response = await fetch(url, { method: "POST", headers, body, redirect: "manual", signal });
      await response.body?.cancel();
      attempts.add(1, { outcome: response.ok ? "delivered" : "refused" });
      if (!response.ok) log.warn("webhook.refused", { message: key, status: response.status });
      return response.ok;
    } catch (error) {
      attempts.add(1, { outcome: "failed" });
      log.warn("webhook.failed", { message: key, error });
      return false;
    } finally {
      done.abort();
    }
  }
}

/** What tells a message from every other one, and is the same when it is sent again. */
function messageKey(body: string): string {
  const { id, state } = JSON.parse(body) as { id: string; state: string };
  return `${id}:${state}`;
}

/** HMAC-SHA256 over `<timestamp>.<body>`, hex; a receiver computes the same and compares in constant time. */
export function signature(secret: string, timestamp: number, body: string): string {
  return createHmac("sha256", secret).update(`${timestamp}.${body}`).digest("hex");
}
