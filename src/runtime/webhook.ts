/**
 * Delivers the messages of the outbox: signed, at least once, in order of their making, for as long as it takes. The
 * outbox is in the store, so a crash loses none; a receiver recognises repeats by the id.
 */
import { createHmac } from "node:crypto";
import type { Log } from "../telemetry/log.ts";
import type { Counter } from "../telemetry/metrics.ts";
import type { Clock } from "./ports/clock.ts";
import { type EngineStore, type OutboxMessage, StoreError } from "./ports/store.ts";

/** How often the outbox is looked at. */
const LOOK_EVERY_MS = 1_000;

/** Waits between attempts: doubled from the first to the last. */
const RETRY_MIN_MS = 2_000;
const RETRY_MAX_MS = 300_000;

/** How long a receiver may take. */
const TIMEOUT_MS = 10_000;

/** A message that could not be delivered for so long is given up. */
const GIVE_UP_MS = 3 * 86_400_000;

/** What {@link Webhook} needs. */
export interface WebhookOptions {
  readonly url: string;
  /** Key of the signature; null sends none. */
  readonly secret: string | null;
  readonly store: () => EngineStore;
  readonly clock: Clock;
  readonly log: Log;
  readonly attempts: Counter;
}

/** The one webhook. */
export class Webhook {
  readonly #options: WebhookOptions;
  readonly #stop = new AbortController();

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
    const { store, clock } = this.#options;
    try {
      for (const message of store().dueMessages(clock.nowMs(), 20)) {
        if (this.#stop.signal.aborted) return;
        const delivered = await this.#deliver(message);
        const tooOld = clock.nowMs() - message.createdMs > GIVE_UP_MS;
        const waitMs = Math.min(RETRY_MAX_MS, RETRY_MIN_MS * 2 ** Math.min(message.attempts, 20));
        store().settleMessage(message.id, {
          delivered: delivered || tooOld,
          nextMs: clock.nowMs() + (delivered ? 0 : waitMs),
        });
        if (!delivered && !tooOld) return;
      }
    } catch (error) {
      if (!(error instanceof StoreError)) throw error; // The store's own alert says so.
    }
  }

  async #deliver({ id, body }: OutboxMessage): Promise<boolean> {
    const { url, secret, clock, log, attempts } = this.#options;
    const timestamp = Math.floor(clock.nowMs() / 1000);
    const headers: Record<string, string> = {
      "content-type": "application/json",
      "user-agent": "block-buster",
      "x-bb-message": String(id),
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
      if (!response.ok) log.warn("webhook.refused", { message: id, status: response.status });
      return response.ok;
    } catch (error) {
      attempts.add(1, { outcome: "failed" });
      log.warn("webhook.failed", { message: id, error });
      return false;
    } finally {
      done.abort();
    }
  }
}

/** HMAC-SHA256 over `<timestamp>.<body>`, hex; a receiver computes the same and compares in constant time. */
export function signature(secret: string, timestamp: number, body: string): string {
  return createHmac("sha256", secret).update(`${timestamp}.${body}`).digest("hex");
}
