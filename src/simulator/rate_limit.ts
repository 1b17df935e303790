import type { Clock } from "../runtime/ports/clock.ts";

/** How much one client may ask. */
export interface RateLimits {
  /** All HTTP requests and upgrades; also the burst. */
  readonly requestsPerSecond: number;
  /** The four energy reads together; also the burst. */
  readonly energyReadsPerSecond: number;
  /** How long a client is refused after its first excess. */
  readonly banMs: number;
}

/** The real node's defaults. */
export const NODE_LIMITS: RateLimits = {
  requestsPerSecond: 100,
  energyReadsPerSecond: 1_000 / 60,
  banMs: 60_000,
};

/** What becomes of a request: `limited` is the one that starts a ban, `banned` every one until it ends. */
export type RateVerdict = "ok" | "limited" | "banned";

const CLIENTS_MAX = 1_024;

interface Bucket {
  tokens: number;
  updatedMs: number;
  bannedUntilMs: number;
}

/**
 * One token bucket per client that holds one second's worth of tokens. The first request without a token starts a
 * ban; asking during the ban does not extend it.
 */
export class RateLimiter {
  readonly #perSecond: number;
  readonly #banMs: number;
  readonly #clock: Clock;
  readonly #buckets = new Map<string, Bucket>();

  constructor(perSecond: number, banMs: number, clock: Clock) {
    this.#perSecond = perSecond;
    this.#banMs = banMs;
    this.#clock = clock;
  }

  /** Takes one token of a client. */
  take(client: string): RateVerdict {
    const nowMs = this.#clock.monotonicMs();
    const bucket = this.#bucketOf(client, nowMs);
    if (nowMs < bucket.bannedUntilMs) return "banned";
    const refilled = bucket.tokens + (nowMs - bucket.updatedMs) * this.#perSecond / 1_000;
    bucket.tokens = Math.min(this.#perSecond, refilled);
    bucket.updatedMs = nowMs;
    if (bucket.tokens < 1) {
      bucket.bannedUntilMs = nowMs + this.#banMs;
      return "limited";
    }
    bucket.tokens -= 1;
    return "ok";
  }

  #bucketOf(client: string, nowMs: number): Bucket {
    let bucket = this.#buckets.get(client);
    if (bucket === undefined) {
      if (this.#buckets.size >= CLIENTS_MAX) this.#buckets.delete(this.#buckets.keys().next().value!);
      bucket = { tokens: this.#perSecond, updatedMs: nowMs, bannedUntilMs: 0 };
      this.#buckets.set(client, bucket);
    }
    return bucket;
  }
}
