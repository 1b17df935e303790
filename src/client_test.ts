// @ts-types="#types/std_assert.d.ts"
import { assertEquals, assertRejects } from "@std/assert";
import { ApiError, applyPatch, BlockBuster, type Body, type Topic, type TopicStream } from "./client.ts";

type Json = Record<string, unknown>;

/** A server of which the test says every word. */
interface Fake {
  readonly client: BlockBuster;
  readonly url: string;
  /** HTTP requests so far: method, path with query, key. */
  readonly requests: { readonly line: string; readonly key: string | null; readonly body: string }[];
  /** What the next requests are answered with. */
  readonly answers: Response[];
  /** Waits for the next connection. */
  connection(): Promise<Connection>;
}

/** One WebSocket connection, seen from the server. */
class Connection {
  readonly socket: WebSocket;
  readonly protocols: string;
  readonly #messages: Json[] = [];
  #wake: () => void = () => {};

  constructor(socket: WebSocket, protocols: string) {
    this.socket = socket;
    this.protocols = protocols;
    socket.onmessage = ({ data }) => {
      this.#messages.push(JSON.parse(data));
      this.#wake();
    };
  }

  /** The next message of the client. */
  async heard(): Promise<Json> {
    while (this.#messages.length === 0) await new Promise<void>((resolve) => this.#wake = resolve);
    return this.#messages.shift()!;
  }

  /** How many messages wait. */
  get waiting(): number {
    return this.#messages.length;
  }

  say(...messages: readonly Json[]): void {
    for (const message of messages) this.socket.send(JSON.stringify(message));
  }

  snap(topic: Topic, seq: number, data: Json): void {
    this.say({ v: 1, topic, seq, ts: 0, kind: "snap", data });
  }

  patch(topic: Topic, seq: number, data: Json): void {
    this.say({ v: 1, topic, seq, ts: 0, kind: "patch", data });
  }

  /** Cuts the client off. */
  async end(code: number): Promise<void> {
    const closed = new Promise<void>((resolve) => this.socket.onclose = () => resolve());
    this.socket.close(code, "because");
    await closed;
  }
}

async function withFake(key: string | undefined, test: (fake: Fake) => Promise<void>): Promise<void> {
  const requests: { line: string; key: string | null; body: string }[] = [];
  const answers: Response[] = [];
  const arrived: Connection[] = [];
  let wake: () => void = () => {};
  const server = Deno.serve({ hostname: "127.0.0.1", port: 0, onListen: () => {} }, async (request) => {
    if (request.headers.get("upgrade") === "websocket") {
      const protocols = request.headers.get("sec-websocket-protocol") ?? "";
      const { socket, response } = Deno.upgradeWebSocket(request, { protocol: "bb.v1" });
      const connection = new Connection(socket, protocols);
      socket.onopen = () => {
        arrived.push(connection);
        wake();
      };
      return response;
    }
    const { pathname, search } = new URL(request.url);
    requests.push({
      line: `${request.method} ${pathname}${search}`,
      key: request.headers.get("x-api-key"),
      body: await request.text(),
    });
    return answers.shift() ?? Response.json({ ok: true });
  });
  const url = `http://127.0.0.1:${server.addr.port}`;
  try {
    await test({
      client: new BlockBuster({ url: `${url}/`, key }),
      url,
      requests,
      answers,
      connection: async () => {
        while (arrived.length === 0) await new Promise<void>((resolve) => wake = resolve);
        return arrived.shift()!;
      },
    });
  } finally {
    await server.shutdown();
  }
}

/** What a stream showed, and a way to wait for the next of it. */
function follow(client: BlockBuster, topics: readonly Topic[]) {
  const shown: [Topic, Body<unknown>][] = [];
  let wake: () => void = () => {};
  const stream: TopicStream = client.stream(topics, (topic, body) => {
    shown.push([topic, body]);
    wake();
  });
  const next = async () => {
    while (shown.length === 0) await new Promise<void>((resolve) => wake = resolve);
    return shown.shift()!;
  };
  return { stream, next };
}

Deno.test("BlockBuster sends its key, its query and its body", async () => {
  await withFake("the-key", async ({ client, requests }) => {
    await client.get("/theblock/receipts", { limit: 5, own: true, cursor: undefined });
    await client.post("/theblock/fullcheck", { domain: "a.block" });
    await client.delete("/orders/o-1");
    await client.text("/metrics");
    assertEquals(requests, [
      { line: "GET /theblock/receipts?limit=5&own=true", key: "the-key", body: "" },
      { line: "POST /theblock/fullcheck", key: "the-key", body: '{"domain":"a.block"}' },
      { line: "DELETE /orders/o-1", key: "the-key", body: "" },
      { line: "GET /metrics", key: "the-key", body: "" },
    ]);
  });
});

Deno.test("BlockBuster throws an ApiError with the server's words, and without any for a body that is none", async () => {
  await withFake(undefined, async ({ client, answers }) => {
    const problem = {
      detail: "limit is wrong",
      request_id: "7",
      errors: [{ field: "limit", message: "is wrong" }],
    };
    answers.push(Response.json(problem, { status: 400 }), new Response("<html>", { status: 502 }));
    const error = await assertRejects(() => client.get("/x"), ApiError, "limit is wrong");
    assertEquals([error.status, error.requestId, error.errors], [400, "7", problem.errors]);
    assertEquals((await assertRejects(() => client.text("/x"), ApiError, "HTTP 502")).errors, []);
  });
});

Deno.test("BlockBuster.pages() walks to the last page by the cursors that it is given", async () => {
  await withFake(undefined, async ({ client, answers, requests }) => {
    answers.push(
      Response.json({ receipts: [3, 2], next_cursor: "c1" }),
      Response.json({ receipts: [], next_cursor: "c2" }),
      Response.json({ receipts: [1], next_cursor: null }),
    );
    const seen: number[] = [];
    for await (const item of client.pages<number>("/r", "receipts", { market: "ad", limit: 2 })) {
      seen.push(item);
    }
    assertEquals(seen, [3, 2, 1]);
    assertEquals(requests.map(({ line }) => line), [
      "GET /r?limit=2&market=ad",
      "GET /r?limit=2&market=ad&cursor=c1",
      "GET /r?limit=2&market=ad&cursor=c2",
    ]);
  });
});

Deno.test("TopicStream subscribes with its key, and shows snapshots and what patches make of them", async () => {
  await withFake("the-key", async ({ client, connection }) => {
    const { stream, next } = follow(client, ["health", "gates"]);
    const server = await connection();
    assertEquals(server.protocols.replaceAll(" ", ""), "bb.v1,key.the-key");
    assertEquals(await server.heard(), { op: "sub", topics: ["health", "gates"], since: {} });
    server.say({ type: "update", data: {} }, { op: "hello", epoch: "e1" }, { op: "ok", topics: [] });
    server.snap("health", 5, { a: 1, list: [{ id: 1, v: 1 }, { id: 2, v: 1 }] });
    assertEquals((await next())[1] as unknown, { a: 1, list: [{ id: 1, v: 1 }, { id: 2, v: 1 }] });
    server.patch("health", 6, { a: 2, list: { upsert: [{ id: 3, v: 1 }, { id: 2, v: 9 }], remove: [1] } });
    assertEquals((await next())[1] as unknown, { a: 2, list: [{ id: 3, v: 1 }, { id: 2, v: 9 }] });
    assertEquals([stream.seq("health"), stream.seq("gates"), stream.connects], [6, undefined, 1]);
    await stream.close();
  });
});

Deno.test("TopicStream comes back after it was cut off, and asks only for what it missed", async () => {
  await withFake(undefined, async ({ client, connection }) => {
    const { stream, next } = follow(client, ["health"]);
    const first = await connection();
    await first.heard();
    first.say({ op: "hello", epoch: "e1" });
    first.snap("health", 5, { a: 1 });
    await next();
    await first.end(1013); // As a client that was too slow is.
    const second = await connection();
    assertEquals(await second.heard(), { op: "sub", topics: ["health"], since: { health: 5 }, epoch: "e1" });
    second.say({ op: "hello", epoch: "e1" });
    second.patch("health", 6, { a: 2 });
    second.patch("health", 7, { b: 3 });
    assertEquals([(await next())[1], (await next())[1]] as unknown, [{ a: 2 }, { a: 2, b: 3 }]);
    assertEquals(stream.connects, 2);
    await stream.close();
  });
});

Deno.test("TopicStream starts over with snapshots when the server has another epoch", async () => {
  await withFake(undefined, async ({ client, connection }) => {
    const { stream, next } = follow(client, ["health"]);
    const first = await connection();
    await first.heard();
    first.say({ op: "hello", epoch: "e1" });
    first.snap("health", 500, { a: 1 });
    await next();
    await first.end(1001);
    const second = await connection();
    await second.heard();
    second.say({ op: "hello", epoch: "e2" });
    second.snap("health", 3, { fresh: true });
    assertEquals((await next())[1] as unknown, { fresh: true });
    assertEquals(stream.seq("health"), 3);
    await stream.close();
  });
});

Deno.test("TopicStream passes over patches that it has, and asks once for a snapshot when one is missing", async () => {
  await withFake(undefined, async ({ client, connection }) => {
    const { stream, next } = follow(client, ["health"]);
    const server = await connection();
    await server.heard();
    server.say({ op: "hello", epoch: "e1" });
    server.snap("health", 5, { a: 1 });
    await next();
    server.patch("health", 5, { a: 0 });
    for (const seq of [7, 8, 9]) server.patch("health", seq, { a: seq });
    assertEquals(await server.heard(), { op: "sub", topics: ["health"], since: {}, epoch: "e1" });
    server.snap("health", 9, { a: 9 });
    assertEquals((await next())[1] as unknown, { a: 9 });
    server.patch("health", 10, { a: 10 });
    assertEquals((await next())[1] as unknown, { a: 10 });
    assertEquals(server.waiting, 0);
    await stream.close();
  });
});

Deno.test("TopicStream remembers the newest errors that it was told", async () => {
  await withFake(undefined, async ({ client, connection }) => {
    const { stream, next } = follow(client, ["health"]);
    const server = await connection();
    await server.heard();
    for (let i = 0; i < 150; i++) {
      server.say({ op: "error", code: "FORBIDDEN", detail: String(i), topic: "engine" });
    }
    server.snap("health", 1, {});
    await next();
    assertEquals([stream.errors.length, stream.errors[0]!.detail], [100, "50"]);
    await stream.close();
  });
});

Deno.test("TopicStream.close() ends it for good, before the server has answered too", async () => {
  await withFake(undefined, async ({ client, connection, url }) => {
    const { stream } = follow(client, ["health"]);
    await (await connection()).heard();
    await stream.close();
    const early = new BlockBuster({ url }).stream(["health"], () => {});
    await early.close();
    assertEquals([stream.connects, early.connects], [1, 0]);
  });
});

Deno.test("applyPatch() merges members, and lists by the ids of their rows", () => {
  const body = { a: 1, rows: [{ id: 1, v: 1 }, { id: 2, v: 2 }], words: ["x"] };
  assertEquals(applyPatch(body, { a: 2, words: ["y", "z"] }), { ...body, a: 2, words: ["y", "z"] });
  assertEquals(applyPatch(body, { rows: { upsert: [{ id: 9, v: 9 }, { id: 1, v: 7 }], remove: [2] } }).rows, [
    { id: 9, v: 9 },
    { id: 1, v: 7 },
  ]);
  assertEquals(applyPatch(body, { a: { upsert: [], remove: [] } }).a, { upsert: [], remove: [] });
  assertEquals(body.a, 1, "the body before stays as it is");
});
