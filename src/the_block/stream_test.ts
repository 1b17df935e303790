// @ts-types="#types/std_assert.d.ts"
import { assert, assertEquals } from "@std/assert";
import { ManualClock } from "../runtime/clock.ts";
import { NodeStream, type NodeStreamOptions, type StreamState } from "./stream.ts";

/** A node's WebSocket, or a node that has none. */
class StreamServer {
  readonly url: string;
  /** Sockets that are open, newest last. */
  readonly sockets: WebSocket[] = [];
  /** Everything that clients sent. */
  readonly received: unknown[] = [];
  /** Attempts to connect, accepted or not. */
  attempts = 0;
  /** Whether the upgrade is refused. */
  refusing = false;
  readonly #server: Deno.HttpServer<Deno.NetAddr>;

  constructor() {
    this.#server = Deno.serve({ hostname: "127.0.0.1", port: 0, onListen: () => {} }, (request) => {
      this.attempts++;
      if (this.refusing) return new Response(null, { status: 404 });
      const { socket, response } = Deno.upgradeWebSocket(request, { idleTimeout: 0 });
      socket.onopen = () => this.sockets.push(socket);
      socket.onmessage = ({ data }) => this.received.push(JSON.parse(data));
      return response;
    });
    this.url = `ws://127.0.0.1:${this.#server.addr.port}/ws`;
  }

  async stop(): Promise<void> {
    await this.#server.shutdown();
  }
}

/** Remembers how long each sleep was meant to be. */
class RecordingClock extends ManualClock {
  readonly sleeps: number[] = [];

  override sleep(ms: number, signal?: AbortSignal): Promise<void> {
    this.sleeps.push(ms);
    return super.sleep(ms, signal);
  }
}

/** Sleeps of the idle watchdog, and of the patience with a peer that is to close. */
const NOT_BACKOFF: ReadonlySet<number> = new Set([15_000, 1_000]);

interface Setup {
  readonly server: StreamServer;
  readonly stream: NodeStream;
  readonly clock: RecordingClock;
  readonly states: StreamState[];
  news: number;
}

async function withStream(
  test: (setup: Setup) => Promise<void>,
  given: Partial<NodeStreamOptions> = {},
  before: (server: StreamServer) => void = () => {},
): Promise<void> {
  const server = new StreamServer();
  before(server);
  const clock = new RecordingClock();
  const states: StreamState[] = [];
  const setup: Setup = { server, clock, states, news: 0, stream: undefined as unknown as NodeStream };
  const stream = new NodeStream({
    url: server.url,
    clock,
    reconnectMs: 500,
    attemptsMax: 0,
    onNews: () => setup.news++,
    onState: (state) => states.push(state),
    random: () => 1,
    ...given,
  });
  Object.assign(setup, { stream });
  const running = stream.run();
  try {
    await test(setup);
  } finally {
    stream.stop();
    await running;
    assertEquals(clock.sleeping, 0, "a timer was left behind");
    await server.stop();
  }
}

/** Lets sockets run until something is true; no time passes on the stream's clock. */
async function until(reached: () => boolean): Promise<void> {
  while (!reached()) await new Promise((resolve) => setTimeout(resolve, 1));
}

/** Lets time pass in small steps until something is true. */
async function passing(clock: ManualClock, reached: () => boolean): Promise<void> {
  while (!reached()) {
    await clock.advance(50);
    await new Promise((resolve) => setTimeout(resolve, 1));
  }
}

const SUBSCRIBE = { method: "state_stream.subscribe", params: ["block_updates"], id: 1 };

Deno.test("NodeStream subscribes to blocks and asks for a look, because something may have been missed", async () => {
  await withStream(async (setup) => {
    await until(() => setup.server.received.length === 1);
    assertEquals(setup.server.received, [SUBSCRIBE]);
    assertEquals([setup.states, setup.news], [["connecting", "open"], 1]);
  });
});

Deno.test("NodeStream reports news for block updates and for nothing else", async () => {
  await withStream(async (setup) => {
    const { server } = setup;
    await until(() => server.received.length === 1);
    assertEquals(setup.news, 1);
    const [socket] = server.sockets;
    socket!.send(JSON.stringify({ id: 1, result: "ok" }));
    socket!.send(JSON.stringify({ type: "metrics_update", data: {} }));
    socket!.send("not JSON");
    socket!.send("null");
    socket!.send("[1]");
    socket!.send(JSON.stringify({ type: "block_update", pad: "x".repeat(1_100_000) }));
    socket!.send(new Uint8Array([1, 2, 3]));
    socket!.send(JSON.stringify({ type: "block_update", data: { height: 5 } }));
    await until(() => setup.news > 1);
    assertEquals(setup.news, 2);
  });
});

Deno.test("NodeStream answers the node's pings", async () => {
  await withStream(async ({ server }) => {
    await until(() => server.received.length === 1);
    server.sockets[0]!.send(JSON.stringify({ type: "ping", timestamp: 77 }));
    server.sockets[0]!.send(JSON.stringify({ type: "ping" }));
    await until(() => server.received.length === 3);
    assertEquals(server.received.slice(1), [{ type: "pong", timestamp: 77 }, { type: "pong", timestamp: 0 }]);
  });
});

Deno.test("NodeStream reconnects when the node closes, resubscribes and asks for a look", async () => {
  await withStream(async (setup) => {
    const { server, clock, states } = setup;
    await until(() => server.received.length === 1);
    server.sockets[0]!.close();
    await passing(clock, () => server.received.length === 2);
    assertEquals(server.received, [SUBSCRIBE, SUBSCRIBE]);
    assertEquals(setup.news, 2);
    assertEquals(states, ["connecting", "open", "waiting", "connecting", "open"]);
  });
});

Deno.test("NodeStream takes 45 s without a frame for a dead link, and a ping for a sign of life", async () => {
  await withStream(async ({ server, clock }) => {
    await until(() => server.received.length === 1);
    for (let i = 1; i <= 6; i++) {
      await clock.advance(15_000);
      server.sockets[0]!.send(JSON.stringify({ type: "ping" }));
      await until(() => server.received.length === 1 + i);
    }
    assertEquals(server.attempts, 1);
    await clock.advance(59_000);
    assertEquals(server.attempts, 1);
    await passing(clock, () => server.received.length === 8);
    assertEquals([server.attempts, server.received.at(-1)], [2, SUBSCRIBE]);
  });
});

Deno.test("NodeStream backs off from the base up to 3 s while the node is away, with full jitter", async () => {
  await withStream(async ({ server, clock }) => {
    await until(() => server.received.length === 1);
    server.refusing = true;
    server.sockets[0]!.close();
    await passing(clock, () => server.attempts === 6);
    const waits = clock.sleeps.filter((ms) => !NOT_BACKOFF.has(ms));
    assertEquals(waits.slice(0, 5), [1_400, 2_800, 3_000, 3_000, 3_000]);
  }, { reconnectMs: 700 });
  await withStream(
    async ({ server, clock }) => {
      await passing(clock, () => server.attempts === 2);
      assertEquals(clock.sleeps.filter((ms) => !NOT_BACKOFF.has(ms))[0], 350);
    },
    { reconnectMs: 700, random: () => 0.25 },
    (server) => (server.refusing = true),
  );
});

Deno.test("NodeStream that was never let in says refused after three attempts, and asks again ten minutes later", async () => {
  await withStream(
    async ({ server, clock, states }) => {
      await passing(clock, () => states.includes("refused"));
      assertEquals(states, ["connecting", "waiting", "connecting", "waiting", "connecting", "refused"]);
      assertEquals(server.attempts, 3);
      await clock.advance(590_000);
      assertEquals(server.attempts, 3);
      server.refusing = false;
      await passing(clock, () => server.received.length === 1);
      assertEquals(states.at(-1), "open");
    },
    {},
    (server) => (server.refusing = true),
  );
});

Deno.test("NodeStream gives up at its limit of attempts, visibly, and stays so", async () => {
  await withStream(
    async ({ server, clock, states }) => {
      await passing(clock, () => states.includes("gave_up"));
      assertEquals(server.attempts, 2);
      await clock.advance(3_600_000);
      assertEquals([server.attempts, states.at(-1)], [2, "gave_up"]);
    },
    { attemptsMax: 2 },
    (server) => (server.refusing = true),
  );
});

Deno.test("NodeStream counts attempts anew after a link that stood for 30 s", async () => {
  await withStream(async ({ server, clock, states }) => {
    for (let round = 1; round <= 4; round++) {
      await until(() => server.sockets.length === round && states.at(-1) === "open");
      for (let i = 0; i < 2; i++) {
        await clock.advance(15_500);
        server.sockets.at(-1)!.send(JSON.stringify({ type: "ping" }));
        const expected = server.received.length + 1;
        await until(() => server.received.length >= expected);
      }
      server.sockets.at(-1)!.close();
      await passing(clock, () => server.sockets.length === round + 1);
    }
    assert(!states.includes("gave_up"), states.join(" "));
  }, { attemptsMax: 2 });
});

Deno.test("NodeStream counts links that break at once as failed attempts", async () => {
  await withStream(async ({ server, clock, states }) => {
    for (let round = 1; round <= 3; round++) {
      await until(() => server.sockets.length === round);
      server.sockets.at(-1)!.close();
      await passing(clock, () => server.sockets.length > round || states.includes("gave_up"));
    }
    assertEquals([server.sockets.length, states.at(-1)], [3, "gave_up"]);
  }, { attemptsMax: 3 });
});

Deno.test("NodeStream does not take a connection that hangs before it opens for a stable link", async () => {
  const listener = Deno.listen({ hostname: "127.0.0.1", port: 0 });
  const held: Deno.Conn[] = [];
  const accepting = (async () => {
    for await (const connection of listener) held.push(connection);
  })();
  await withStream(async ({ clock, states }) => {
    for (let attempt = 1; attempt <= 2; attempt++) {
      await passing(clock, () => held.length === attempt);
      await clock.advance(31_000);
      held.at(-1)!.close();
      await passing(clock, () => states.at(-1) !== "connecting");
    }
    assertEquals(states, ["connecting", "waiting", "connecting", "gave_up"]);
  }, { attemptsMax: 2, url: `ws://127.0.0.1:${listener.addr.port}/ws` });
  listener.close();
  await accepting;
});

Deno.test("NodeStream survives an address that is none", async () => {
  await withStream(async ({ clock, states }) => {
    await passing(clock, () => states.includes("refused"));
    assertEquals(states.filter((state) => state === "connecting").length, 3);
  }, { url: "nonsense" });
});

Deno.test("NodeStream.stop() closes an open link and says that it is off", async () => {
  const states: StreamState[] = [];
  await withStream(async ({ server, stream }) => {
    await until(() => server.received.length === 1);
    const closed = new Promise<void>((resolve) => (server.sockets[0]!.onclose = () => resolve()));
    stream.stop();
    await closed;
  }, { onState: (state) => states.push(state) });
  assertEquals(states, ["connecting", "open", "off"]);
});
