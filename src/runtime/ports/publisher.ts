import type { CoreState } from "../../engine/state.ts";
import type { Topic } from "../../engine/topic.ts";

/** Who shows state to the outside. */
export interface Publisher {
  /** @param topics Topics that may show something else now */
  publish(topics: Iterable<Topic>, state: CoreState): void;
}
