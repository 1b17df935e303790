/** What every part of the page is handed. Types only: this file is never fetched. */
import type { Api } from "./api.ts";
import type { History } from "./history.ts";
import type { Link } from "./socket.ts";
import type { Store } from "./store.ts";

/** The page's few long-lived objects. */
export interface App {
  readonly api: Api;
  readonly store: Store;
  readonly link: Link;
  readonly history: History;
  /** Asks for an API key; true once the reader gave one. */
  askForKey(why: string): Promise<boolean>;
}
