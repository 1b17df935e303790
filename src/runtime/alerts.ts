/** Tests the alert rules every second, keeps what they find, and hands messages to the outbox. */
import { type Alert, type AlertState, beginAlerts, openAlerts, testRules } from "../engine/alert.ts";
import type { Log } from "../telemetry/log.ts";
import type { EngineLoop } from "./engine_loop.ts";
import type { Clock } from "./ports/clock.ts";
import { StoreError } from "./ports/store.ts";
import type { NotLoaded } from "./user_agents.ts";

const TEST_EVERY_MS = 1_000;

/** What {@link AlertWatch} needs. */
export interface AlertWatchOptions {
  readonly loop: EngineLoop;
  readonly clock: Clock;
  readonly log: Log;
  readonly storeBytesMax: number;
  /** Whether messages are to be sent somewhere. */
  readonly notify: boolean;
  /** Why something that is kept cannot be read, or null. */
  readonly readError: () => string | null;
  /** Files of agents that could not be loaded. */
  readonly notLoaded?: readonly NotLoaded[];
}

/** Changes that wait for a store which cannot be written; above this the oldest are only in the log. */
const UNSAVED_MAX = 1_000;

/** Watches over the rules. */
export class AlertWatch {
  readonly #options: AlertWatchOptions;
  readonly #stop = new AbortController();
  #state: AlertState = beginAlerts();
  /** Changes that could not be kept yet. */
  #unsaved: Alert[] = [];

  constructor(options: AlertWatchOptions) {
    this.#options = options;
  }

  /** Takes up the alerts that were open when the program ended, or those of another store. */
  load(): void {
    const { open, count } = this.#options.loop.store.alertState();
    this.#state = beginAlerts(open, count);
    this.#unsaved = [];
  }

  /** The alerts that are open. */
  get open(): readonly Alert[] {
    return openAlerts(this.#state);
  }

  /** Messages about changes that could not be put into the outbox, because the store cannot be written. */
  get unsavedMessages(): readonly string[] {
    return this.#options.notify ? this.#unsaved.map(messageOf) : [];
  }

  /** Tests until {@link stop}. */
  async run(): Promise<void> {
    while (!this.#stop.signal.aborted) {
      this.test();
      await this.#options.clock.sleep(TEST_EVERY_MS, this.#stop.signal);
    }
  }

  /** Tests every rule once. */
  test(): void {
    const { loop, clock, storeBytesMax, readError, notLoaded = [] } = this.#options;
    const changed = testRules(this.#state, loop.state, {
      nowMs: clock.nowMs(),
      store: { error: loop.storeError ?? readError(), bytes: this.#bytes(), bytesMax: storeBytesMax },
      notLoaded,
    });
    for (const alert of changed) this.#announce(alert);
    this.#unsaved = [...this.#unsaved, ...changed].slice(-UNSAVED_MAX);
    if (this.#unsaved.length > 0) this.#save();
    loop.touch(["alerts"]);
  }

  stop(): void {
    this.#stop.abort();
  }

  #save(): void {
    const { loop, clock, notify } = this.#options;
    const messages = notify ? this.#unsaved.map(messageOf) : [];
    try {
      loop.store.saveAlerts(this.#unsaved, messages, clock.nowMs());
      this.#unsaved = [];
    } catch (error) {
      if (!(error instanceof StoreError)) throw error; // Kept, and tried again with the next test.
    }
  }

  #bytes(): number | null {
    try {
      return this.#options.loop.store.bytes();
    } catch (error) {
      if (error instanceof StoreError) return null;
      throw error;
    }
  }

  #announce(alert: Alert): void {
    const { log } = this.#options;
    const fields = { id: alert.id, rule: alert.rule, severity: alert.severity, message: alert.message };
    if (alert.resolvedMs !== null) log.info("alert.resolved", fields);
    else if (alert.severity === "info") log.info("alert.raised", fields);
    else log.warn("alert.raised", fields);
  }
}

/** What a receiver gets: the same message for the raise and, with another state, for the resolution. */
function messageOf(alert: Alert): string {
  return JSON.stringify({
    type: "alert",
    id: alert.id,
    rule: alert.rule,
    severity: alert.severity,
    state: alert.resolvedMs === null ? "raised" : "resolved",
    message: alert.message,
    raised_at: Math.floor(alert.raisedMs / 1000),
    resolved_at: alert.resolvedMs === null ? null : Math.floor(alert.resolvedMs / 1000),
  });
}
