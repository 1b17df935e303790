/**
 * A client of this program's API for scripts and tests: typed requests, walks over pages, and a socket that comes
 * back after every loss with exactly what was missed.
 *
 * ```ts
 * const client = new BlockBuster({ url: "http://127.0.0.1:8000" });
 * const { block_height } = await client.get<Health>("/theblock/health");
 * for await (const receipt of client.pages<ReceiptBody>("/theblock/receipts", "receipts", { market: "energy" })) …
 * const stream = client.stream(["health", "gates"], (topic, body) => …);
 * ```
 */
import type { Topic } from "./engine/topic.ts";
import type { Body, Meta } from "./server/wire.ts";

export type * from "./server/wire.ts";
export type { Topic } from "./engine/topic.ts";

/** A problem that the server answered with. */
export class ApiError extends Error {
  override readonly name = "ApiError";
  readonly status: number;
  readonly requestId: string;
  readonly errors: readonly { readonly field: string; readonly message: string }[];

  constructor(
    status: number,
    problem: { detail?: string; request_id?: string; errors?: ApiError["errors"] },
  ) {
    super(problem.detail ?? `HTTP ${status}`);
    this.status = status;
    this.requestId = problem.request_id ?? "";
    this.errors = problem.errors ?? [];
  }
}

/** Where the server is, and with which key. */
export interface ClientOptions {
  readonly url: string;
  readonly key?: string | undefined;
}

/** Values of a query. */
export type Query = Readonly<Record<string, string | number | boolean | undefined>>;

/** Longest wait between two attempts to connect. */
const BACKOFF_MAX_MS = 30_000;

/** A link that stood for so long counts as good again. */
const STABLE_MS = 30_000;

const PING_MS = 15_000;

/** Errors of the server that are remembered. */
const ERRORS_MAX = 100;

/** The client. */
export class BlockBuster {
  readonly #url: string;
  readonly #key: string | undefined;

  constructor({ url, key }: ClientOptions) {
    this.#url = url.replace(/\/$/, "");
    this.#key = key;
  }

  /**
   * Reads a body.
   *
   * @throws {ApiError} For every answer that is no success
   */
  async get<T>(path: string, query: Query = {}): Promise<Body<T>> {
    return await this.#json(await fetch(this.#address(path, query), { headers: this.#headers() }));
  }

  /** Sends JSON. */
  async post<T>(path: string, body: unknown): Promise<Body<T>> {
    const headers = { ...this.#headers(), "content-type": "application/json" };
    return await this.#json(
      await fetch(this.#address(path, {}), { method: "POST", headers, body: JSON.stringify(body) }),
    );
  }

  /** Deletes something. */
  async delete<T>(path: string): Promise<Body<T>> {
    return await this.#json(
      await fetch(this.#address(path, {}), { method: "DELETE", headers: this.#headers() }),
    );
  }

  /** Reads text, such as an export or the metrics. */
  async text(path: string, query: Query = {}): Promise<string> {
    const response = await fetch(this.#address(path, query), { headers: this.#headers() });
    if (!response.ok) throw new ApiError(response.status, await problemOf(response));
    return await response.text();
  }

  /**
   * Walks over every item of a paged list, newest first. Items that arrive meanwhile neither repeat nor hide any.
   *
   * @param field Name of the list in the body
   */
  async *pages<Item>(path: string, field: string, query: Query = {}): AsyncGenerator<Item> {
    let cursor: string | undefined;
    do {
      const page = await this.get<Record<string, unknown>>(path, { limit: 500, ...query, cursor });
      yield* page[field] as Item[];
      cursor = page.next_cursor as string | null ?? undefined;
    } while (cursor !== undefined);
  }

  /** Follows topics until {@link TopicStream.close}. */
  stream(topics: readonly Topic[], onBody: (topic: Topic, body: Body<unknown>) => void): TopicStream {
    return new TopicStream(`${this.#url.replace(/^http/, "ws")}/theblock/ws`, this.#key, topics, onBody);
  }

  #address(path: string, query: Query): string {
    const url = new URL(`${this.#url}${path}`);
    for (const [name, value] of Object.entries(query)) {
      if (value !== undefined) url.searchParams.set(name, String(value));
    }
    return url.href;
  }

  #headers(): Record<string, string> {
    return this.#key === undefined ? {} : { "x-api-key": this.#key };
  }

  async #json<T>(response: Response): Promise<Body<T>> {
    if (!response.ok) throw new ApiError(response.status, await problemOf(response));
    return await response.json();
  }
}

async function problemOf(response: Response): Promise<{ detail?: string }> {
  try {
    return await response.json();
  } catch {
    return {};
  }
}

/** A message of the topic protocol. */
type Message =
  | { readonly topic: Topic; readonly seq: number; readonly kind: "snap" | "patch"; readonly data: object }
  | { readonly op: "hello"; readonly epoch: string }
  | { readonly op: "error"; readonly code: string; readonly detail: string; readonly topic?: string }
  | { readonly op: "ok" | "pong" };

/** A socket that follows topics through losses of the link and restarts of the server. */
export class TopicStream {
  readonly #url: string;
  readonly #key: string | undefined;
  readonly #topics: readonly Topic[];
  readonly #onBody: (topic: Topic, body: Body<unknown>) => void;
  readonly #bodies = new Map<Topic, Record<string, unknown>>();
  readonly #seqs = new Map<Topic, number>();
  #epoch: string | null = null;
  #socket: WebSocket | null = null;
  #attempt = 0;
  #openedMs = 0;
  #unanswered = 0;
  #timer: ReturnType<typeof setTimeout> | undefined;
  #ping: ReturnType<typeof setInterval> | undefined;
  #closed = false;
  /** Topics of which a patch was missed and a snapshot was asked for. */
  readonly #owed = new Set<Topic>();
  /** The newest errors that the server told, newest last. */
  readonly errors: { readonly code: string; readonly detail: string; readonly topic?: string }[] = [];
  /** How often the link was made. */
  connects = 0;

  constructor(
    url: string,
    key: string | undefined,
    topics: readonly Topic[],
    onBody: (topic: Topic, body: Body<unknown>) => void,
  ) {
    this.#url = url;
    this.#key = key;
    this.#topics = topics;
    this.#onBody = onBody;
    this.#connect();
  }

  /** The newest body of a topic. */
  body(topic: Topic): Body<unknown> | undefined {
    return this.#bodies.get(topic) as Body<unknown> | undefined;
  }

  /** Sequence number of the newest body of a topic. */
  seq(topic: Topic): number | undefined {
    return this.#seqs.get(topic);
  }

  /** Ends the stream; resolves when the socket is closed. */
  close(): Promise<void> {
    this.#closed = true;
    clearTimeout(this.#timer);
    clearInterval(this.#ping);
    const socket = this.#socket;
    if (!socket || socket.readyState === WebSocket.CLOSED) return Promise.resolve();
    return new Promise((resolve) => {
      socket.onclose = () => resolve();
      socket.close();
    });
  }

  #connect(): void {
    const protocols = this.#key === undefined ? ["bb.v1"] : ["bb.v1", `key.${this.#key}`];
    const socket = new WebSocket(this.#url, protocols);
    this.#socket = socket;
    socket.onopen = () => {
      this.connects++;
      this.#openedMs = Date.now();
      this.#unanswered = 0;
      this.#owed.clear();
      this.#subscribe(this.#topics, true);
      this.#ping = setInterval(() => this.#sendPing(socket), PING_MS);
    };
    socket.onmessage = ({ data }) => this.#receive(JSON.parse(data) as Message);
    socket.onclose = () => this.#lost();
    socket.onerror = () => {}; // onclose follows.
  }

  #lost(): void {
    clearInterval(this.#ping);
    if (this.#closed) return;
    if (this.#openedMs > 0 && Date.now() - this.#openedMs >= STABLE_MS) this.#attempt = 0;
    this.#openedMs = 0;
    const waitMs = Math.max(
      250,
      Math.random() * Math.min(BACKOFF_MAX_MS, 1_000 * 2 ** Math.min(this.#attempt++, 10)),
    );
    this.#timer = setTimeout(() => this.#connect(), waitMs);
  }

  #sendPing(socket: WebSocket): void {
    if (++this.#unanswered > 2) socket.close();
    else if (socket.readyState === WebSocket.OPEN) socket.send(JSON.stringify({ op: "ping" }));
  }

  #subscribe(topics: readonly Topic[], resume: boolean): void {
    const since = Object.fromEntries(topics.flatMap((topic) => {
      const seq = this.#seqs.get(topic);
      return resume && seq !== undefined ? [[topic, seq]] : [];
    }));
    const epoch = this.#epoch === null ? {} : { epoch: this.#epoch };
    this.#socket?.send(JSON.stringify({ op: "sub", topics, since, ...epoch }));
  }

  #receive(message: Message): void {
    if ("topic" in message && "kind" in message) return this.#apply(message);
    if (!("op" in message)) return; // A README frame, from before the subscription was heard.
    if (message.op === "hello") {
      if (this.#epoch !== message.epoch) this.#seqs.clear();
      this.#epoch = message.epoch;
    } else if (message.op === "error") {
      this.errors.push(message);
      if (this.errors.length > ERRORS_MAX) this.errors.shift();
    } else this.#unanswered = 0;
  }

  #apply({ topic, seq, kind, data }: Extract<Message, { kind: string }>): void {
    if (kind === "patch") {
      const have = this.#seqs.get(topic);
      const before = this.#bodies.get(topic);
      if (have === undefined || !before || seq > have + 1) {
        // Asked for once: the patches that are on their way already would ask again and again.
        if (!this.#owed.has(topic)) this.#subscribe([topic], false);
        this.#owed.add(topic);
        return;
      }
      if (seq <= have) return;
      this.#bodies.set(topic, applyPatch(before, data));
    } else {
      this.#bodies.set(topic, { ...data });
      this.#owed.delete(topic);
    }
    this.#seqs.set(topic, seq);
    this.#onBody(topic, this.#bodies.get(topic) as { timestamp: number; _meta: Meta });
  }
}

/** Applies a patch: a shallow merge, in which `{upsert, remove}` changes the rows of a list by their ids. */
export function applyPatch(
  body: Readonly<Record<string, unknown>>,
  patch: object,
): Record<string, unknown> {
  const next: Record<string, unknown> = { ...body };
  for (const [key, value] of Object.entries(patch)) {
    next[key] = isListPatch(value) && Array.isArray(next[key]) ? applyListPatch(next[key], value) : value;
  }
  return next;
}

interface Row {
  readonly id: string | number;
}

interface ListPatch {
  readonly upsert: readonly Row[];
  readonly remove: readonly (string | number)[];
}

function isListPatch(value: unknown): value is ListPatch {
  return typeof value === "object" && value !== null && Array.isArray((value as ListPatch).upsert) &&
    Array.isArray((value as ListPatch).remove);
}

/** Rows that are new go to the front in the given order; the others are replaced where they stand. */
function applyListPatch(rows: readonly Row[], { upsert, remove }: ListPatch): readonly Row[] {
  const gone = new Set(remove);
  const changed = new Map(upsert.map((row) => [row.id, row]));
  const known = new Set(rows.map(({ id }) => id));
  return [
    ...upsert.filter(({ id }) => !known.has(id)),
    ...rows.filter(({ id }) => !gone.has(id)).map((row) => changed.get(row.id) ?? row),
  ];
}
