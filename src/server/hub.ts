/**
 * The WebSocket hub: who listens to what. Frames arrive encoded; the hub only decides who gets which bytes. A client
 * that does not read costs at most the cap and its own connection, never another client's time.
 */
import type { CoreState } from "../engine/state.ts";
import { isTopic, type Topic, TOPIC_NAMES, TOPICS } from "../engine/topic.ts";
import type { Clock } from "../runtime/ports/clock.ts";
import type { Publisher } from "../runtime/ports/publisher.ts";
import { StoreError } from "../runtime/ports/store.ts";
import type { Counter } from "../telemetry/metrics.ts";
import { type Frame, Frames } from "./frame.ts";
import type { Ambient } from "./views/view.ts";

/** Above this much unsent data a client only gets the newest version of each topic. */
export const BUFFERED_BYTES_MAX = 256 * 1024;

/** A client above the cap for so long is cut off. */
export const STALLED_MS_MAX = 2_000;

/** Largest message of a client, and how many it may send. */
export const MESSAGE_BYTES_MAX = 64 * 1024;
export const MESSAGES_PER_MINUTE_MAX = 100;

/** The README stream: at most one frame a second, at least one every five. */
const README_MIN_MS = 1_000;
const README_MAX_MS = 5_000;

const SWEEP_MS = 100;

/** What a connection speaks: topics on request, the README's frames, or one legacy topic. */
export type SessionKind = { readonly kind: "theblock" } | { readonly kind: "legacy"; readonly topic: Topic };

/** The part of a WebSocket that the hub uses. */
export interface Socket {
  readonly readyState: number;
  readonly bufferedAmount: number;
  send(text: string): void;
  close(code?: number, reason?: string): void;
}

/** What to do with the messages of a connection, and with its end. */
export interface SocketSession {
  onMessage(data: unknown): void;
  onClose(): void;
}

interface Client {
  readonly socket: Socket;
  readonly kind: SessionKind;
  readonly mayRead: boolean;
  /** Subscribed topics with the sequence number that the client has; −1 = owes a snapshot. */
  readonly topics: Map<Topic, number>;
  /** Whether the client still gets the README frames, which version of them it has, and since when. */
  readme: boolean;
  readmeVersion: number;
  readmeSentMs: number;
  stalledSinceMs: number | null;
  messages: number;
  minuteMs: number;
}

/** Counters of the hub. */
export interface HubMetrics {
  readonly sent: Counter;
  readonly evicted: Counter;
  readonly refused: Counter;
}

/** What {@link Hub} needs. */
export interface HubOptions {
  readonly frames: Frames;
  readonly clock: Clock;
  readonly epoch: string;
  readonly clientsMax: number;
  readonly ambient: () => Ambient;
  readonly metrics: HubMetrics;
}

/** Topics that the README frame shows. */
const README_TOPICS: readonly Topic[] = ["health", "pnl", "gates"];

/** Publishes frames to sockets. */
export class Hub implements Publisher {
  readonly #options: HubOptions;
  readonly #frames: Frames;
  readonly #clock: Clock;
  readonly #clients = new Set<Client>();
  /** Sockets that were told to close and have not; they count against the cap until their TCP ends. */
  readonly #closing = new Set<Socket>();
  readonly #stop = new AbortController();
  #state: CoreState | null = null;
  #simulated = false;
  /** Topics whose newest state could not be read from the store; their clients keep what they have. */
  readonly #unreadable = new Map<Topic, StoreError>();
  /** Counts the versions of the README frame. */
  #readmeVersion = 0;

  constructor(options: HubOptions) {
    this.#options = options;
    this.#frames = options.frames;
    this.#clock = options.clock;
  }

  /** Encodes the topics and sends them to whoever listens. */
  publish(topics: Iterable<Topic>, state: CoreState): void {
    this.#state = state;
    const ambient = this.#options.ambient();
    // Every body says whether the node is simulated, also one that shows nothing of the node.
    const simulated = (state.node?.simulated ?? null) !== null;
    const due = simulated === this.#simulated ? topics : TOPIC_NAMES;
    this.#simulated = simulated;
    for (const topic of due) {
      try {
        const frame = this.#frames.encode(topic, state, ambient, this.#clock.nowMs());
        this.#unreadable.delete(topic);
        this.#publishFrame(frame);
      } catch (error) {
        if (!(error instanceof StoreError)) throw error;
        this.#unreadable.set(topic, error);
      }
    }
  }

  /** Why a topic that is kept in the store cannot be read at the moment, or null. */
  get readError(): string | null {
    for (const error of this.#unreadable.values()) return error.message;
    return null;
  }

  /**
   * The newest frame of a topic; encodes it when nobody has yet.
   *
   * @throws {StoreError} While what it shows cannot be read
   */
  frame(topic: Topic): Frame {
    const error = this.#unreadable.get(topic);
    if (error) throw error;
    const frame = this.#frames.current(topic);
    if (frame) return frame;
    if (!this.#state) throw new TypeError(`Cannot show topic "${topic}": nothing has been published yet`);
    return this.#frames.encode(topic, this.#state, this.#options.ambient(), this.#clock.nowMs());
  }

  /** The newest frame that there is, also of a topic that cannot be read now; null where none ever could. */
  #newest(topic: Topic): Frame | null {
    return this.#frames.current(topic) ?? (this.#unreadable.has(topic) ? null : this.frame(topic));
  }

  /** Whether another client may connect. */
  get full(): boolean {
    return this.#clients.size + this.#countClosing() >= this.#options.clientsMax;
  }

  /** Counts a client that was turned away because of the cap. */
  refuse(): void {
    this.#options.metrics.refused.add();
  }

  /** Figures for `/theblock/status`. */
  figures(): { clients: number; closing: number; subscriptions: number } {
    let subscriptions = 0;
    for (const client of this.#clients) subscriptions += client.topics.size;
    return { clients: this.#clients.size, closing: this.#countClosing(), subscriptions };
  }

  /**
   * Takes over an open socket.
   *
   * @param mayRead Whether the client may see topics of scope `read`
   * @returns What to do with its messages, and with its end
   */
  connect(
    socket: Socket,
    kind: SessionKind,
    mayRead: boolean,
  ): SocketSession {
    const client: Client = {
      socket,
      kind,
      mayRead,
      topics: new Map(),
      readme: kind.kind === "theblock",
      readmeVersion: this.#readmeVersion,
      readmeSentMs: this.#clock.monotonicMs(),
      stalledSinceMs: null,
      messages: 0,
      minuteMs: this.#clock.monotonicMs(),
    };
    if (this.full) { // Several may have been let in at once.
      this.refuse();
      this.#close(client, 1013, "too many clients");
      return { onMessage: () => {}, onClose: () => this.#closing.delete(socket) };
    }
    this.#clients.add(client);
    if (kind.kind === "theblock") this.#send(client, this.#readmeFrame());
    else {
      client.topics.set(kind.topic, -1);
      this.#sendNewest(client, kind.topic);
    }
    return {
      onMessage: (data) => this.#onMessage(client, data),
      onClose: () => {
        this.#clients.delete(client);
        this.#closing.delete(socket);
      },
    };
  }

  /** Runs the sweeps until {@link stop}. */
  async run(): Promise<void> {
    while (!this.#stop.signal.aborted) {
      await this.#clock.sleep(SWEEP_MS, this.#stop.signal);
      if (this.#stop.signal.aborted) return;
      const nowMs = this.#clock.nowMs();
      if (this.#state) this.publish(this.#frames.expired(nowMs), this.#state);
      this.#sweepStalled();
      this.#sweepReadme();
    }
  }

  /** Says goodbye to everyone. */
  stop(): void {
    this.#stop.abort();
    for (const client of this.#clients) this.#close(client, 1001, "the server is going away");
  }

  #publishFrame(frame: Frame): void {
    if (README_TOPICS.includes(frame.topic)) this.#readmeVersion++;
    for (const client of this.#clients) if (client.topics.has(frame.topic)) this.#sendTopic(client, frame);
  }

  #sendTopic(client: Client, frame: Frame): void {
    if (client.socket.bufferedAmount > BUFFERED_BYTES_MAX) {
      client.topics.set(frame.topic, -1);
      client.stalledSinceMs ??= this.#clock.monotonicMs();
      return;
    }
    const has = client.topics.get(frame.topic)!;
    if (has === frame.seq) return;
    if (client.kind.kind === "legacy") this.#send(client, legacyMessage(frame));
    else if (has === frame.seq - 1 && frame.patch !== null) {
      this.#send(client, this.#topicMessage(frame.topic, frame.seq, "patch", frame.patch));
    } else this.#send(client, this.#topicMessage(frame.topic, frame.seq, "snap", frame.encoded.json));
    client.topics.set(frame.topic, frame.seq);
  }

  #sendNewest(client: Client, topic: Topic): void {
    const frame = this.#newest(topic);
    if (frame) this.#sendTopic(client, frame);
  }

  #topicMessage(topic: Topic, seq: number, kind: "snap" | "patch", data: string): string {
    return `{"v":1,"topic":"${topic}","seq":${seq},"ts":${this.#clock.nowMs()},"kind":"${kind}","data":${data}}`;
  }

  #send(client: Client, text: string): void {
    if (client.socket.readyState !== WebSocket.OPEN) return;
    client.socket.send(text);
    this.#options.metrics.sent.add();
  }

  #onMessage(client: Client, data: unknown): void {
    const nowMs = this.#clock.monotonicMs();
    if (nowMs - client.minuteMs >= 60_000) {
      client.minuteMs = nowMs;
      client.messages = 0;
    }
    if (++client.messages > MESSAGES_PER_MINUTE_MAX) {
      return this.#close(client, 1008, `more than ${MESSAGES_PER_MINUTE_MAX} messages a minute`);
    }
    if (typeof data !== "string") return this.#close(client, 1003, "only text is understood");
    if (utf8Bytes(data) > MESSAGE_BYTES_MAX) {
      return this.#close(client, 1009, `over ${MESSAGE_BYTES_MAX} bytes`);
    }
    const message = parseMessage(data);
    if (message === null) return this.#error(client, "BAD_MESSAGE", "a message is a JSON object with an op");
    switch (message.op) {
      case "ping":
        return this.#send(client, JSON.stringify({ op: "pong", ts: this.#clock.nowMs() }));
      case "sub":
        return this.#subscribe(client, message);
      case "unsub":
        return this.#unsubscribe(client, message.topics);
      default:
        return this.#error(client, "UNKNOWN_OP", `the ops are sub, unsub and ping`);
    }
  }

  #subscribe(client: Client, { topics, since, epoch }: Message): void {
    if (client.kind.kind === "legacy") {
      return this.#error(client, "UNKNOWN_OP", "this stream has one fixed topic");
    }
    if (!Array.isArray(topics) || topics.length > TOPIC_NAMES.length) {
      return this.#error(client, "BAD_MESSAGE", "topics is a list of topic names");
    }
    client.readme = false;
    this.#send(
      client,
      JSON.stringify({ op: "hello", epoch: this.#options.epoch, topics: this.#visible(client) }),
    );
    const accepted: Topic[] = [];
    for (const topic of new Set<unknown>(topics)) {
      if (typeof topic !== "string" || !isTopic(topic)) {
        this.#error(client, "UNKNOWN_TOPIC", "there is no such topic", String(topic).slice(0, 64));
      } else if (!client.mayRead && TOPICS[topic].scope !== "public") {
        this.#error(client, "FORBIDDEN", "this topic needs a key with the read scope", topic);
      } else accepted.push(topic);
    }
    this.#send(client, JSON.stringify({ op: "ok", topics: accepted }));
    for (const topic of accepted) {
      this.#begin(
        client,
        topic,
        epoch === undefined || epoch === this.#options.epoch ? sinceOf(since, topic) : null,
      );
    }
  }

  /** Sends what the client misses: the patches since `seq` where they are still kept, else a snapshot. */
  #begin(client: Client, topic: Topic, since: number | null): void {
    client.topics.set(topic, -1);
    const frame = this.#newest(topic);
    if (!frame) return this.#error(client, "UNAVAILABLE", "this topic cannot be read now; it follows", topic);
    const patches = since === null ? null : this.#frames.patchesSince(topic, since);
    const jammed = client.socket.bufferedAmount > BUFFERED_BYTES_MAX;
    if (patches === null || jammed) return this.#sendTopic(client, frame);
    for (const { seq, data } of patches) {
      // What does not fit below the cap is made good by a snapshot.
      if (client.socket.bufferedAmount > BUFFERED_BYTES_MAX) return this.#sendTopic(client, frame);
      this.#send(client, this.#topicMessage(topic, seq, "patch", data));
    }
    client.topics.set(topic, frame.seq);
  }

  #unsubscribe(client: Client, topics: unknown): void {
    if (!Array.isArray(topics)) return this.#error(client, "BAD_MESSAGE", "topics is a list of topic names");
    if (client.kind.kind === "theblock") {
      for (const topic of topics) {
        if (typeof topic === "string" && isTopic(topic)) client.topics.delete(topic);
      }
    }
    this.#send(client, JSON.stringify({ op: "ok", topics: [...client.topics.keys()] }));
  }

  #visible(client: Client): readonly Topic[] {
    return TOPIC_NAMES.filter((topic) => client.mayRead || TOPICS[topic].scope === "public");
  }

  #error(client: Client, code: string, detail: string, topic?: string): void {
    this.#send(
      client,
      JSON.stringify({ op: "error", code, detail, ...(topic === undefined ? {} : { topic }) }),
    );
  }

  /** Clients above the cap: those that read again get what they missed, the others go. */
  #sweepStalled(): void {
    const nowMs = this.#clock.monotonicMs();
    for (const client of this.#clients) {
      const over = client.socket.bufferedAmount > BUFFERED_BYTES_MAX;
      if (!over) {
        client.stalledSinceMs = null;
        for (const [topic, seq] of client.topics) if (seq === -1) this.#sendNewest(client, topic);
        continue;
      }
      client.stalledSinceMs ??= nowMs;
      if (nowMs - client.stalledSinceMs < STALLED_MS_MAX) continue;
      this.#options.metrics.evicted.add();
      this.#close(client, 1013, "too slow");
    }
  }

  #sweepReadme(): void {
    const nowMs = this.#clock.monotonicMs();
    let text: string | undefined;
    for (const client of this.#clients) {
      const sinceMs = nowMs - client.readmeSentMs;
      const due = sinceMs >= README_MIN_MS && client.readmeVersion !== this.#readmeVersion ||
        sinceMs > README_MAX_MS - SWEEP_MS;
      if (!client.readme || !due) continue;
      if (client.socket.bufferedAmount > BUFFERED_BYTES_MAX) {
        client.stalledSinceMs ??= nowMs;
        continue;
      }
      this.#send(client, text ??= this.#readmeFrame());
      client.readmeVersion = this.#readmeVersion;
      client.readmeSentMs = nowMs;
    }
  }

  #readmeFrame(): string {
    const frames = README_TOPICS.map((topic) => this.#newest(topic));
    const bodies = README_TOPICS.map((topic, i) => `"${topic}":${frames[i]?.encoded.json ?? null}`).join(",");
    const timestamp = Math.floor(Math.max(0, ...frames.map((frame) => frame?.asOfMs ?? 0)) / 1000);
    const pending = this.#pendingOperations();
    return `{"type":"update","data":{${bodies},"pending_operations":${pending}},"timestamp":${timestamp}}`;
  }

  #pendingOperations(): number | null {
    try {
      return this.#options.ambient().queries.pendingOperations();
    } catch (error) {
      if (error instanceof StoreError) return null;
      throw error;
    }
  }

  #close(client: Client, code: number, reason: string): void {
    this.#clients.delete(client);
    this.#closing.add(client.socket);
    try {
      client.socket.close(code, reason);
    } catch {
      // Already gone.
    }
  }

  #countClosing(): number {
    for (const socket of this.#closing) {
      if (socket.readyState === WebSocket.CLOSED) this.#closing.delete(socket);
    }
    return this.#closing.size;
  }
}

function utf8Bytes(text: string): number {
  return text.length > MESSAGE_BYTES_MAX ? text.length : new TextEncoder().encode(text).length;
}

function legacyMessage(frame: Frame): string {
  return `{"type":"${frame.topic}","data":${frame.encoded.json},"timestamp":${
    Math.floor(frame.asOfMs / 1000)
  }}`;
}

/** A message of a client, before it is checked. */
interface Message {
  readonly op?: unknown;
  readonly topics?: unknown;
  readonly since?: unknown;
  /** The epoch that `since` counts in; a client that leaves it out has no numbers of another one. */
  readonly epoch?: unknown;
}

function parseMessage(text: string): Message | null {
  try {
    const message: unknown = JSON.parse(text);
    return typeof message === "object" && message !== null && !Array.isArray(message) ? message : null;
  } catch {
    return null;
  }
}

/** The sequence number that the client has. */
function sinceOf(since: unknown, topic: Topic): number | null {
  if (typeof since !== "object" || since === null) return null;
  const seq = (since as Record<string, unknown>)[topic];
  return Number.isSafeInteger(seq) && (seq as number) >= 0 ? seq as number : null;
}
