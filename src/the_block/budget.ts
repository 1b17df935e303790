/**
 * The request budget. The node counts requests per client address, over all its clients on this machine, and bans
 * the address for a minute when the count is exceeded. So the whole process draws on one bucket, and everything
 * stops while a ban lasts.
 */
import type { Clock } from "../runtime/ports/clock.ts";

/** Requests of group `energy` also draw on the energy bucket, which the node keeps much smaller. */
export type BudgetGroup = "general" | "energy";

/** Limits of a {@link RequestBudget}. */
export interface BudgetLimits {
  /** Requests per second over all methods. */
  readonly requestsPerSecond: number;
  /** Requests per second to energy methods. */
  readonly energyPerSecond: number;
  /** Length of a ban when the node does not say. */
  readonly banMs: number;
}

/** During a ban of unknown rest, one question at a time may find out whether it is over. */
const BAN_PROBE_MS = 4_000;

class Bucket {
  readonly #clock: Clock;
  readonly #perSecond: number;
  #tokens: number;
  #atMs: number;

  constructor(clock: Clock, perSecond: number) {
    this.#clock = clock;
    this.#perSecond = perSecond;
    this.#tokens = Math.max(1, perSecond);
    this.#atMs = clock.monotonicMs();
  }

  /** Takes one token, on credit when there is none; returns how long to wait before using it. */
  take(): number {
    const now = this.#clock.monotonicMs();
    const earned = (now - this.#atMs) / 1000 * this.#perSecond;
    this.#tokens = Math.min(Math.max(1, this.#perSecond), this.#tokens + earned);
    this.#atMs = now;
    this.#tokens -= 1;
    return this.#tokens >= 0 ? 0 : -this.#tokens / this.#perSecond * 1000;
  }
}

interface Pause {
  /** End of the ban as far as it is known, monotonic time. */
  untilMs: number;
  /** When the next question may find out whether the ban is over. */
  nextProbeMs: number;
}

/** One process-wide budget with pauses. */
export class RequestBudget {
  readonly #clock: Clock;
  readonly #limits: BudgetLimits;
  readonly #buckets: Readonly<Record<BudgetGroup, Bucket>>;
  readonly #pauses = new Map<BudgetGroup, Pause>();

  constructor(clock: Clock, limits: BudgetLimits) {
    this.#clock = clock;
    this.#limits = limits;
    this.#buckets = {
      general: new Bucket(clock, limits.requestsPerSecond),
      energy: new Bucket(clock, limits.energyPerSecond),
    };
  }

  /**
   * Waits until a request of this group may be sent.
   *
   * @returns Whether it had to wait
   */
  async acquire(group: BudgetGroup, signal: AbortSignal): Promise<boolean> {
    let waitMs = this.#buckets.general.take();
    if (group === "energy") waitMs = Math.max(waitMs, this.#buckets.energy.take());
    if (waitMs > 0) await this.#clock.sleep(waitMs, signal);
    return waitMs > 0;
  }

  /**
   * Whether the group is paused. While it is, one caller every {@link BAN_PROBE_MS} is let through, because the
   * node tells neither how long its ban is nor when it began; asking does not make the ban longer.
   */
  paused(group: BudgetGroup): boolean {
    return this.#isPaused("general") || (group === "energy" && this.#isPaused("energy"));
  }

  /**
   * Pauses a group after the node has refused us.
   *
   * @param retryAfterMs What the node asks for; without it the configured ban length is the upper bound
   * @returns Milliseconds until the pause ends at the latest
   */
  pause(group: BudgetGroup, retryAfterMs: number | null): number {
    const now = this.#clock.monotonicMs();
    const known = this.#pauses.get(group);
    const lasting = known && known.untilMs > now ? known.untilMs : now + this.#limits.banMs;
    const untilMs = retryAfterMs === null ? lasting : now + retryAfterMs;
    const nextProbeMs = retryAfterMs === null ? now + BAN_PROBE_MS : untilMs;
    this.#pauses.set(group, { untilMs, nextProbeMs });
    return untilMs - now;
  }

  /** Ends every pause of a group: the node has answered. */
  resume(group: BudgetGroup): void {
    this.#pauses.delete("general");
    if (group === "energy") this.#pauses.delete("energy");
  }

  #isPaused(group: BudgetGroup): boolean {
    const pause = this.#pauses.get(group);
    if (!pause) return false;
    const now = this.#clock.monotonicMs();
    if (now >= pause.untilMs) {
      this.#pauses.delete(group);
      return false;
    }
    if (now < pause.nextProbeMs) return true;
    pause.nextProbeMs = now + BAN_PROBE_MS;
    return false;
  }
}
