// @ts-types="#types/std_assert.d.ts"
import { assert, assertEquals, assertStringIncludes, assertThrows } from "@std/assert";
import { Core } from "../engine/core.ts";
import { type CoreState } from "../engine/state.ts";
import { type Topic, TOPIC_NAMES, TOPICS } from "../engine/topic.ts";
import { ManualClock } from "../runtime/clock.ts";
import { StoreError } from "../runtime/ports/store.ts";
import { Metrics } from "../telemetry/metrics.ts";
import { Frames } from "./frame.ts";
import {
  BUFFERED_BYTES_MAX,
  Hub,
  MESSAGE_BYTES_MAX,
  MESSAGES_PER_MINUTE_MAX,
  type SessionKind,
  type Socket,
  STALLED_MS_MAX,
} from "./hub.ts";
import type { Ambient, View } from "./views/view.ts";

const THEBLOCK: SessionKind = { kind: "theblock" };
const EPOCH = "epoch-1";
const AMBIENT = { queries: { pendingOperations: () => 3 } } as unknown as Ambient;
type Json = Record<string, unknown>;

/** A socket whose buffer and end the test decides. */
class FakeSocket implements Socket {
  readyState: number = WebSocket.OPEN;
  bufferedAmount = 0;
  readonly sent: string[] = [];
  readonly closed: { code: number | undefined; reason: string | undefined }[] = [];

  send(text: string): void {
    assertEquals(this.readyState, WebSocket.OPEN, "nothing may be sent on a socket that is not open");
    this.sent.push(text);
  }

  close(code?: number, reason?: string): void {
    this.readyState = WebSocket.CLOSING;
    this.closed.push({ code, reason });
  }

  /** What arrived since the last look. */
  take(): Json[] {
    return this.sent.splice(0).map((text) => JSON.parse(text) as Json);
  }
}

interface Fixture {
  readonly hub: Hub;
  readonly frames: Frames;
  readonly clock: ManualClock;
  readonly counts: Record<"sent" | "evicted" | "refused", { value(): number }>;
  readonly state: CoreState;
  /** The topic that cannot be read. */
  failing: Topic | null;
  /** Publishes topics with a new body. */
  change(...topics: Topic[]): void;
  connect(kind?: SessionKind, mayRead?: boolean): {
    socket: FakeSocket;
    say(message: unknown): void;
    onMessage(data: unknown): void;
    onClose(): void;
  };
  /** Ends the sweeps. */
  end(): Promise<void>;
}

function newFixture(clientsMax = 100): Fixture {
  let version = 0;
  const view: View<unknown> = {
    units: {},
    build: () => ({
      draft: { version, rows: [{ id: "a", v: version }, { id: "b", v: 0 }] } as never,
      slices: [],
      ttlMs: 1_000_000,
      source: "engine",
    }),
  };
  const failing = { topic: null as Topic | null };
  const viewOf = (topic: Topic): View<unknown> => ({
    ...view,
    build: (state, ambient) => {
      if (failing.topic === topic) throw new StoreError("corrupt", `${topic} is damaged`);
      return view.build(state, ambient);
    },
  });
  const frames = new Frames(
    Object.fromEntries(TOPIC_NAMES.map((topic) => [topic, viewOf(topic)])) as Record<Topic, View<unknown>>,
    500,
  );
  const clock = new ManualClock();
  const metrics = new Metrics();
  const counts = {
    sent: metrics.counter("sent", ""),
    evicted: metrics.counter("evicted", ""),
    refused: metrics.counter("refused", ""),
  };
  const hub = new Hub({
    frames,
    clock,
    epoch: EPOCH,
    clientsMax,
    ambient: () => AMBIENT,
    metrics: counts,
  });
  const enabled = { compute: true, storage: true, energy: true, ad: true };
  const { state } = new Core({ finalityDepth: 32, enabled });
  hub.publish(TOPIC_NAMES, state);
  const running = hub.run();
  return {
    hub,
    frames,
    clock,
    counts,
    state,
    get failing() {
      return failing.topic;
    },
    set failing(topic) {
      failing.topic = topic;
    },
    change: (...topics) => {
      version++;
      hub.publish(topics, state);
    },
    connect: (kind = THEBLOCK, mayRead = false) => {
      const socket = new FakeSocket();
      const session = hub.connect(socket, kind, mayRead);
      return { socket, ...session, say: (message) => session.onMessage(JSON.stringify(message)) };
    },
    end: async () => {
      hub.stop();
      await running;
    },
  };
}

function times(list: readonly Json[], clock: ManualClock, at: number[]): void {
  for (const _ of list) at.push(clock.monotonicMs());
}

Deno.test("Hub.connect() sends the README frame with the bytes of the REST bodies", async () => {
  const { hub, frames, connect, end } = newFixture();
  const { socket } = connect();
  const health = frames.current("health")!;
  const gates = frames.current("gates")!;
  const [text] = socket.sent;
  assertEquals(Object.keys(JSON.parse(text!)), ["type", "data", "timestamp"]);
  assertEquals(JSON.parse(text!).type, "update");
  assertEquals(JSON.parse(text!).timestamp, Math.floor(Math.max(health.asOfMs, gates.asOfMs) / 1000));
  const { data } = JSON.parse(text!) as { data: Json };
  assertEquals(Object.keys(data).sort(), ["gates", "health", "pending_operations", "pnl"]);
  assertEquals(data.pending_operations, 3);
  for (const topic of ["health", "pnl", "gates"] as const) {
    assertStringIncludes(text!, `"${topic}":${frames.current(topic)!.encoded.json}`);
  }
  assertEquals(socket.sent.length, 1);
  assertEquals(hub.figures(), { clients: 1, closing: 0, subscriptions: 0 });
  await end();
});

Deno.test("Hub sends README frames at least every 5 s without a change", async () => {
  const { clock, connect, end } = newFixture();
  await clock.advance(1_234);
  const { socket } = connect();
  const at: number[] = [];
  for (let ms = 0; ms <= 22_000; ms += 50) {
    times(socket.take(), clock, at);
    await clock.advance(50);
  }
  assert(at.length >= 5, `only ${at.length} frames`);
  for (let i = 1; i < at.length; i++) {
    const gap = at[i]! - at[i - 1]!;
    assert(gap <= 5_000 && gap >= 4_800, `${gap} ms between two frames`);
  }
  await end();
});

Deno.test("Hub sends README frames on change, at most one a second for each client", async () => {
  const { clock, change, connect, end } = newFixture();
  await clock.advance(10_000);
  const { socket } = connect();
  const at: number[] = [];
  for (let ms = 0; ms <= 5_000; ms += 50) {
    times(socket.take(), clock, at);
    change("health");
    await clock.advance(50);
  }
  assert(at.length >= 4 && at.length <= 6, `${at.length} frames`);
  for (let i = 1; i < at.length; i++) assert(at[i]! - at[i - 1]! >= 1_000, `${at}`);
  await clock.advance(1_100);
  const last = socket.take().pop()!;
  const { health } = last.data as { health: Json };
  change("peers");
  await clock.advance(3_000);
  assertEquals(socket.take(), [], "a topic that the frame does not show changes nothing");
  assert((health.version as number) > 90, "the last change got through");
  await end();
});

Deno.test("Hub.sub answers hello and ok, then snapshots with the bytes of the REST body, then patches", async () => {
  const { clock, frames, change, connect, end } = newFixture();
  const { socket, say } = connect();
  socket.take();
  say({ op: "sub", topics: ["peers", "health", "peers"] });
  const texts = [...socket.sent];
  const [hello, ok, peers, health, ...more] = socket.take();
  assertEquals(more, []);
  assertEquals(hello, {
    op: "hello",
    epoch: EPOCH,
    topics: TOPIC_NAMES.filter((name) => TOPICS[name].scope === "public"),
  });
  assertEquals(ok, { op: "ok", topics: ["peers", "health"] });
  const frame = frames.current("peers")!;
  assertEquals(
    texts[2],
    `{"v":1,"topic":"peers","seq":${frame.seq},"ts":${clock.nowMs()},"kind":"snap","data":${frame.encoded.json}}`,
  );
  assertEquals([peers!.kind, health!.topic, health!.kind], ["snap", "health", "snap"]);
  change("peers", "mempool");
  const [patch, ...none] = socket.take();
  assertEquals(none, []);
  assertEquals([patch!.topic, patch!.kind, patch!.seq], ["peers", "patch", frame.seq + 1]);
  assertEquals((patch!.data as Json).rows, { upsert: [{ id: "a", v: 1 }], remove: [] });
  await clock.advance(20_000);
  assertEquals(socket.take(), [], "the README frames have stopped");
  await end();
});

Deno.test("Hub.sub with since sends the missing patches, nothing, or a snapshot", async () => {
  const { frames, change, connect, end } = newFixture();
  const first = frames.current("health")!.seq;
  for (let i = 0; i < 3; i++) change("health");
  const kinds = (since: unknown, epoch?: unknown) => {
    const { socket, say, onClose } = connect();
    socket.take();
    say({ op: "sub", topics: ["health"], since, ...(epoch === undefined ? {} : { epoch }) });
    const sent = socket.take().slice(2).map(({ kind, seq }) => `${kind} ${(seq as number) - first}`);
    onClose();
    return sent;
  };
  assertEquals(kinds({ health: first }), ["patch 1", "patch 2", "patch 3"]);
  assertEquals(kinds({ health: first + 2 }, EPOCH), ["patch 3"]);
  assertEquals(kinds({ health: first + 3 }, EPOCH), []);
  assertEquals(kinds({ health: first + 4 }, EPOCH), ["snap 3"], "a number that was never sent");
  assertEquals(kinds({ health: first - 1 }, EPOCH), ["snap 3"], "a number before the start");
  assertEquals(kinds({ health: first + 2 }, "another"), ["snap 3"], "a number of another epoch");
  for (const since of [undefined, null, 7, [], {}, { health: "501" }, { health: -1 }, { health: 1.5 }]) {
    assertEquals(kinds(since), ["snap 3"], JSON.stringify(since));
  }
  await end();
});

Deno.test("Hub.sub continues with patches after a resume", async () => {
  const { frames, change, connect, end } = newFixture();
  const { seq } = frames.current("health")!;
  const { socket, say } = connect();
  say({ op: "sub", topics: ["health"], since: { health: seq }, epoch: EPOCH });
  socket.take();
  change("health");
  assertEquals(socket.take().map((message) => [message.kind, message.seq]), [["patch", seq + 1]]);
  await end();
});

Deno.test("Hub.unsub ends a topic and answers with what is left", async () => {
  const { hub, change, connect, end } = newFixture();
  const { socket, say } = connect();
  say({ op: "sub", topics: ["health", "peers"] });
  assertEquals(hub.figures().subscriptions, 2);
  socket.take();
  say({ op: "unsub", topics: ["health", "nothing", 5] });
  assertEquals(socket.take(), [{ op: "ok", topics: ["peers"] }]);
  change("health");
  assertEquals(socket.take(), []);
  assertEquals(hub.figures().subscriptions, 1);
  await end();
});

Deno.test("Hub answers ping, and says what is wrong with everything else", async () => {
  const { clock, connect, end } = newFixture();
  const { socket, say, onMessage } = connect();
  socket.take();
  say({ op: "ping" });
  assertEquals(socket.take(), [{ op: "pong", ts: clock.nowMs() }]);
  for (const text of ["", "nonsense", "[]", "7", "null", '"sub"', "{"]) {
    onMessage(text);
    const [error] = socket.take();
    assertEquals([error?.op, error?.code], ["error", "BAD_MESSAGE"], text);
  }
  for (const message of [{}, { op: "subscribe" }, { op: 5 }, { op: "__proto__" }]) {
    say(message);
    const [error] = socket.take();
    assertEquals([error?.op, error?.code], ["error", "UNKNOWN_OP"], JSON.stringify(message));
  }
  for (const message of [{ op: "sub" }, { op: "sub", topics: "health" }, { op: "unsub", topics: {} }]) {
    say(message);
    const [error] = socket.take();
    assertEquals([error?.op, error?.code], ["error", "BAD_MESSAGE"], JSON.stringify(message));
  }
  say({ op: "sub", topics: Array(TOPIC_NAMES.length + 1).fill("health") });
  assertEquals(socket.take().map(({ code }) => code), ["BAD_MESSAGE"]);
  assertEquals(socket.closed, [], "a mistake does not cost the connection");
  await end();
});

Deno.test("Hub.sub names a topic that does not exist and serves the others", async () => {
  const { connect, end } = newFixture();
  const { socket, say } = connect();
  socket.take();
  say({ op: "sub", topics: ["toString", "gates", { a: 1 }] });
  const [, first, second, ok, snap, ...none] = socket.take();
  assertEquals([first!.code, first!.topic], ["UNKNOWN_TOPIC", "toString"]);
  assertEquals([second!.code, second!.topic], ["UNKNOWN_TOPIC", "[object Object]"]);
  assertEquals(ok, { op: "ok", topics: ["gates"] });
  assertEquals([snap!.topic, none.length], ["gates", 0]);
  await end();
});

Deno.test("Hub.sub keeps topics of scope read from those who may not read", async () => {
  const { connect, end } = newFixture();
  const table = TOPICS as unknown as Record<string, { scope: string }>;
  table.peers!.scope = "read";
  try {
    const { socket, say } = connect(THEBLOCK, false);
    socket.take();
    say({ op: "sub", topics: ["peers"] });
    const [hello, error, ok, ...none] = socket.take();
    assert(!(hello!.topics as string[]).includes("peers"));
    assertEquals([error!.op, error!.code, error!.topic], ["error", "FORBIDDEN", "peers"]);
    assertEquals([ok, none], [{ op: "ok", topics: [] }, []]);
    const reader = connect(THEBLOCK, true);
    reader.socket.take();
    reader.say({ op: "sub", topics: ["peers"] });
    assertEquals(reader.socket.take().map(({ kind, op }) => kind ?? op), ["hello", "ok", "snap"]);
  } finally {
    table.peers!.scope = "public";
  }
  await end();
});

Deno.test("Hub gives a slow client one snapshot of the newest version instead of what it missed", async () => {
  const { clock, frames, change, connect, end } = newFixture();
  const slow = connect();
  const quick = connect();
  for (const { socket, say } of [slow, quick]) {
    say({ op: "sub", topics: ["health", "peers"] });
    socket.take();
  }
  slow.socket.bufferedAmount = BUFFERED_BYTES_MAX + 1;
  for (let i = 0; i < 10; i++) {
    change("health", "peers");
    await clock.advance(100);
  }
  assertEquals(slow.socket.take(), []);
  assertEquals(quick.socket.take().length, 20, "another client's time is its own");
  slow.socket.bufferedAmount = BUFFERED_BYTES_MAX;
  await clock.advance(100);
  assertEquals(
    slow.socket.take().map(({ topic, kind, seq }) => [topic, kind, seq]),
    [["health", "snap", frames.current("health")!.seq], ["peers", "snap", frames.current("peers")!.seq]],
  );
  change("health");
  assertEquals(slow.socket.take().map(({ kind }) => kind), ["patch"], "then patches again");
  await end();
});

Deno.test("Hub.sub sends a jammed client nothing until it reads again", async () => {
  const { clock, frames, change, connect, end } = newFixture();
  const { seq } = frames.current("health")!;
  for (let i = 0; i < 100; i++) change("health");
  const { socket, say } = connect();
  socket.take();
  socket.bufferedAmount = BUFFERED_BYTES_MAX + 1;
  say({ op: "sub", topics: ["health"], since: { health: seq }, epoch: EPOCH });
  assertEquals(socket.take().filter(({ topic }) => topic !== undefined), []);
  socket.bufferedAmount = 0;
  await clock.advance(100);
  assertEquals(socket.take().map(({ kind, seq }) => [kind, seq]), [["snap", seq + 100]]);
  await end();
});

Deno.test("Hub.sub with since queues no more patches than the cap, and makes the rest good by a snapshot", async () => {
  const fixture = newFixture();
  const { hub, clock } = fixture;
  const first = hub.frame("health").seq;
  for (let i = 0; i < 200; i++) fixture.change("health");
  const { socket, say } = fixture.connect();
  socket.take();
  // Nothing is read: every message stays in the buffer.
  const send = socket.send.bind(socket);
  socket.send = (text) => {
    send(text);
    socket.bufferedAmount += 10_000;
  };
  say({ op: "sub", topics: ["health"], since: { health: first }, epoch: EPOCH });
  const sent = socket.take().filter(({ kind }) => kind === "patch");
  assert(socket.bufferedAmount <= BUFFERED_BYTES_MAX + 10_000, `${socket.bufferedAmount} bytes are queued`);
  assert(sent.length > 0 && sent.length < 30, `${sent.length} patches`);
  socket.bufferedAmount = 0;
  await clock.advance(100);
  assertEquals(socket.take().map(({ kind, seq }) => [kind, seq]), [["snap", first + 200]]);
  await fixture.end();
});

Deno.test("Hub keeps serving while a topic cannot be read, says which, and sends it when it can again", async () => {
  const fixture = newFixture();
  const { hub } = fixture;
  const { socket, say } = fixture.connect();
  say({ op: "sub", topics: ["pnl", "health"] });
  socket.take();
  fixture.failing = "pnl";
  fixture.change("pnl", "health");
  assertEquals(socket.take().map(({ topic }) => topic), ["health"]);
  assertEquals(hub.readError, "pnl is damaged");
  assertThrows(() => hub.frame("pnl"), StoreError, "damaged");
  assertEquals(
    typeof fixture.connect().socket.take()[0]!.data,
    "object",
    "the README frame shows what there is",
  );
  fixture.failing = null;
  fixture.change("pnl");
  assertEquals([socket.take().map(({ topic }) => topic), hub.readError], [["pnl"], null]);
  await fixture.end();
});

Deno.test("Hub cuts a client off that stays above the cap for 2 s", async () => {
  const { hub, clock, counts, connect, end } = newFixture();
  const { socket, say, onClose } = connect();
  say({ op: "sub", topics: ["health"] });
  await clock.advance(100);
  socket.bufferedAmount = BUFFERED_BYTES_MAX + 1;
  await clock.advance(STALLED_MS_MAX);
  assertEquals(socket.closed, [], "seen above the cap for less than 2 s");
  await clock.advance(100);
  assertEquals(socket.closed, [{ code: 1013, reason: "too slow" }]);
  assertEquals(counts.evicted.value(), 1);
  assertEquals(hub.figures(), { clients: 0, closing: 1, subscriptions: 0 });
  socket.readyState = WebSocket.CLOSED;
  onClose();
  onClose();
  assertEquals(hub.figures(), { clients: 0, closing: 0, subscriptions: 0 });
  await end();
});

Deno.test("Hub begins to count anew when a client reads in between", async () => {
  const { clock, connect, end } = newFixture();
  const { socket } = connect();
  for (let i = 0; i < 5; i++) {
    socket.bufferedAmount = BUFFERED_BYTES_MAX + 1;
    await clock.advance(STALLED_MS_MAX - 200);
    socket.bufferedAmount = 0;
    await clock.advance(200);
  }
  assertEquals(socket.closed, []);
  await end();
});

Deno.test("Hub cuts README clients off too when they do not read", async () => {
  const { clock, change, connect, end } = newFixture();
  const { socket } = connect();
  socket.take();
  socket.bufferedAmount = BUFFERED_BYTES_MAX + 1;
  for (let i = 0; i < 30; i++) {
    change("health");
    await clock.advance(100);
  }
  assertEquals(socket.take(), []);
  assertEquals(socket.closed.map(({ code }) => code), [1013]);
  await end();
});

Deno.test("Hub closes with 1009 above the message size, counted in bytes", async () => {
  const { connect, end } = newFixture();
  const fits = connect();
  fits.onMessage(`{"op":"ping","pad":"${"x".repeat(MESSAGE_BYTES_MAX - 22)}"}`);
  assertEquals(fits.socket.closed, []);
  for (const text of ["x".repeat(MESSAGE_BYTES_MAX + 1), "é".repeat(MESSAGE_BYTES_MAX / 2 + 1)]) {
    const { socket, onMessage } = connect();
    onMessage(text);
    assertEquals(socket.closed.map(({ code }) => code), [1009]);
  }
  await end();
});

Deno.test("Hub closes with 1003 on binary messages", async () => {
  const { connect, end } = newFixture();
  for (const data of [new ArrayBuffer(3), new Blob(["{}"]), new Uint8Array(2)]) {
    const { socket, onMessage } = connect();
    onMessage(data);
    assertEquals(socket.closed.map(({ code }) => code), [1003]);
  }
  await end();
});

Deno.test("Hub closes with 1008 on the message after the hundredth of a minute", async () => {
  const { clock, connect, end } = newFixture();
  const { socket, say } = connect();
  for (let minute = 0; minute < 2; minute++) {
    for (let i = 0; i < MESSAGES_PER_MINUTE_MAX; i++) say({ op: "ping" });
    await clock.advance(60_000);
  }
  assertEquals(socket.closed, [], "each minute has its own hundred");
  for (let i = 0; i <= MESSAGES_PER_MINUTE_MAX; i++) say({ op: "ping" });
  assertEquals(socket.closed.map(({ code }) => code), [1008]);
  await end();
});

Deno.test("Hub.full counts sockets that were told to close and have not", async () => {
  const { hub, counts, connect, end } = newFixture(2);
  const first = connect();
  const second = connect();
  assert(hub.full);
  first.onMessage(new ArrayBuffer(1));
  assertEquals(hub.figures(), { clients: 1, closing: 1, subscriptions: 0 });
  assert(hub.full, "its TCP connection still stands");
  const third = connect();
  assertEquals(third.socket.closed.map(({ code }) => code), [1013]);
  assertEquals([third.socket.sent, counts.refused.value()], [[], 1]);
  third.socket.readyState = WebSocket.CLOSED;
  first.socket.readyState = WebSocket.CLOSED;
  assert(!hub.full, "seen as closed although nobody said so");
  second.onClose();
  assertEquals(hub.figures(), { clients: 0, closing: 0, subscriptions: 0 });
  await end();
});

Deno.test("Hub.stop() says goodbye with 1001 and survives sockets that throw", async () => {
  const { connect, end } = newFixture();
  const one = connect();
  const two = connect();
  one.socket.close = () => {
    throw new TypeError("already gone");
  };
  await end();
  assertEquals(two.socket.closed.map(({ code }) => code), [1001]);
});

Deno.test("Hub.connect() to one fixed topic sends its body in the old envelope, and on change", async () => {
  const { frames, change, connect, end } = newFixture();
  const { socket, say } = connect({ kind: "legacy", topic: "peers" });
  const envelope = () => {
    const frame = frames.current("peers")!;
    return `{"type":"peers","data":${frame.encoded.json},"timestamp":${Math.floor(frame.asOfMs / 1000)}}`;
  };
  assertEquals(socket.sent.splice(0), [envelope()]);
  change("peers", "health");
  assertEquals(socket.sent.splice(0), [envelope()]);
  say({ op: "sub", topics: ["health"] });
  assertEquals(socket.take().map(({ code }) => code), ["UNKNOWN_OP"]);
  await end();
});

Deno.test("Hub sends topics that have turned stale once more", async () => {
  const clock = new ManualClock();
  const metrics = new Metrics();
  const view: View<unknown> = {
    units: {},
    build: () => ({ draft: { a: 1 } as never, slices: [], ttlMs: 3_000, source: "engine" }),
  };
  const frames = new Frames(
    Object.fromEntries(TOPIC_NAMES.map((topic) => [topic, view])) as Record<Topic, View<unknown>>,
  );
  const hub = new Hub({
    frames,
    clock,
    epoch: EPOCH,
    clientsMax: 1,
    ambient: () => AMBIENT,
    metrics: {
      sent: metrics.counter("sent", ""),
      evicted: metrics.counter("evicted", ""),
      refused: metrics.counter("refused", ""),
    },
  });
  const { state } = new Core({
    finalityDepth: 32,
    enabled: { compute: true, storage: true, energy: true, ad: true },
  });
  hub.publish(["status"], state);
  const { seq } = hub.frame("status");
  const running = hub.run();
  await clock.advance(3_000);
  assertEquals(hub.frame("status").seq, seq);
  await clock.advance(200);
  assertEquals(hub.frame("status").seq, seq + 1);
  hub.stop();
  await running;
});

Deno.test("Hub.publish() encodes every topic anew when the node turns out to be simulated", async () => {
  const { hub, frames, state, end } = newFixture();
  const sourceOf = (topic: Topic) => JSON.parse(frames.current(topic)!.encoded.json)._meta.source as string;
  assertEquals(new Set(TOPIC_NAMES.map(sourceOf)), new Set(["engine"]));
  const simulated = { seed: 1, scenario: "calm", dialect: "readme" as const };
  state.node = { dialect: "readme", simulated, capabilities: [], atMs: 1 };
  hub.publish(["health"], state);
  assertEquals(new Set(TOPIC_NAMES.map(sourceOf)), new Set(["simulated"]));
  const { seq } = frames.current("peers")!;
  hub.publish(["health"], state);
  assertEquals(frames.current("peers")!.seq, seq, "only once");
  await end();
});
