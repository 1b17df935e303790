/** Samples of the process itself: memory, and how late timers are. */
import type { Clock } from "./ports/clock.ts";

/** How often the event loop's lateness is measured, and how often a sample is closed. */
const TICK_MS = 100;
const SAMPLE_MS = 5_000;

/** One sample. */
export interface ProcessSample {
  readonly rssBytes: number;
  readonly heapBytes: number;
  /** Longest delay of a timer since the sample before. */
  readonly eventLoopLagMs: number;
}

/** Keeps the newest sample. */
export class ProcessSampler {
  readonly #clock: Clock;
  readonly #stop = new AbortController();
  #sample: ProcessSample;

  constructor(clock: Clock) {
    this.#clock = clock;
    this.#sample = take(0);
  }

  /** The newest sample. */
  get sample(): ProcessSample {
    return this.#sample;
  }

  /** Samples until {@link stop}, telling `onSample` each time. */
  async run(onSample: () => void): Promise<void> {
    let worstMs = 0;
    let sinceMs = this.#clock.monotonicMs();
    while (!this.#stop.signal.aborted) {
      const beganMs = this.#clock.monotonicMs();
      await this.#clock.sleep(TICK_MS, this.#stop.signal);
      const nowMs = this.#clock.monotonicMs();
      worstMs = Math.max(worstMs, nowMs - beganMs - TICK_MS);
      if (nowMs - sinceMs < SAMPLE_MS) continue;
      this.#sample = take(Math.max(0, worstMs));
      worstMs = 0;
      sinceMs = nowMs;
      onSample();
    }
  }

  stop(): void {
    this.#stop.abort();
  }
}

function take(eventLoopLagMs: number): ProcessSample {
  const { rss, heapUsed } = Deno.memoryUsage();
  return { rssBytes: rss, heapBytes: heapUsed, eventLoopLagMs };
}
