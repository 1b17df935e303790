/** Time and timers. Everything that waits or reads the time goes through this port, so a test can own both. */
export interface Clock {
  /** Milliseconds since the Unix epoch. */
  nowMs(): number;
  /** Milliseconds from an arbitrary origin that never go backwards; for durations. */
  monotonicMs(): number;
  /**
   * Resolves after `ms`; resolves early, without an error, when `signal` aborts.
   *
   * @param ms Milliseconds, ≥ 0
   */
  sleep(ms: number, signal?: AbortSignal): Promise<void>;
}
