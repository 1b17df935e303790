import type { EngineEvent } from "../../engine/event.ts";

/** Where events go. The receiver journals and applies them before it returns. */
export interface EventSink {
  /** @param events Applied in order, as one unit */
  submit(events: readonly EngineEvent[]): void;
}
