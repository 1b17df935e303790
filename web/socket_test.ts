/// <reference lib="deno.ns" />
// @ts-types="#types/std_assert.d.ts"
import { assert, assertEquals } from "@std/assert";
import { Api } from "./api.ts";
import { backoffMs, Link, type SocketLike } from "./socket.ts";
import { Store } from "./store.ts";

Deno.test("backoffMs() doubles its ceiling from 1 s to 30 s and never waits less than 250 ms", () => {
  assertEquals([0, 1, 2, 3, 4, 5, 6, 1_000].map((attempt) => backoffMs(attempt, 1)), [
    1_000,
    2_000,
    4_000,
    8_000,
    16_000,
    30_000,
    30_000,
    30_000,
  ]);
  assertEquals(backoffMs(0, 0), 250);
  assertEquals(backoffMs(9, 0.5), 15_000);
});

/** A socket whose other end is the test. */
class FakeSocket implements SocketLike {
  readyState = 0;
  onopen: ((event: Event) => void) | null = null;
  onmessage: ((event: MessageEvent) => void) | null = null;
  onclose: ((event: CloseEvent) => void) | null = null;
  readonly sent: Record<string, unknown>[] = [];
  closed: number | null = null;
  readonly url: string;
  readonly protocols: readonly string[];

  constructor(url: string, protocols: readonly string[]) {
    this.url = url;
    this.protocols = protocols;
  }

  send(text: string): void {
    this.sent.push(JSON.parse(text));
  }

  close(code?: number): void {
    this.readyState = 3;
    this.closed = code ?? 1_000;
  }

  accept(): void {
    this.readyState = 1;
    this.onopen!(new Event("open"));
  }

  receive(message: object): void {
    this.onmessage!(new MessageEvent("message", { data: JSON.stringify(message) }));
  }

  drop(): void {
    this.readyState = 3;
    this.onclose!(new CloseEvent("close"));
  }

  ops(op: string): Record<string, unknown>[] {
    return this.sent.filter((message) => message.op === op);
  }
}

/** A link without a browser; its polls find nobody because nothing is wanted when they run. */
async function withLink(
  run: (given: { link: Link; store: Store; sockets: FakeSocket[]; leave: AbortController }) => Promise<void>,
  random = 0,
): Promise<void> {
  const sockets: FakeSocket[] = [];
  const store = new Store(() => {});
  const api = new Api({ origin: "http://127.0.0.1:1", search: "" }, null);
  const globals = globalThis as unknown as { document?: unknown };
  const hadDocument = "document" in globals;
  globals.document ??= { hidden: true, addEventListener: () => {} };
  const link = new Link({
    api,
    store,
    random: () => random,
    open: (url, protocols) => {
      const socket = new FakeSocket(url, protocols);
      sockets.push(socket);
      return socket;
    },
  });
  const leave = new AbortController();
  try {
    link.want(["health", "gates"], leave.signal);
    link.start();
    await run({ link, store, sockets, leave });
  } finally {
    link.stop();
    if (!hadDocument) delete globals.document;
  }
}

const soon = () => new Promise<void>((resolve) => queueMicrotask(resolve));
const META = {
  as_of_ms: 0,
  ttl_ms: 0,
  stale: false,
  seq: 0,
  source: "node",
  units: {},
  partial: {},
  estimated: {},
};

Deno.test("Link subscribes once it is open, and resumes with since and epoch after a loss", () =>
  withLink(async ({ sockets, link, store }) => {
    assertEquals([sockets[0]!.url, sockets[0]!.protocols], ["ws://127.0.0.1:1/theblock/ws", ["bb.v1"]]);
    sockets[0]!.accept();
    assertEquals(sockets[0]!.ops("sub"), [{ op: "sub", topics: ["health", "gates"], since: {} }]);
    sockets[0]!.receive({ op: "hello", epoch: "e1", topics: [] });
    sockets[0]!.receive({ v: 1, topic: "health", seq: 41, ts: 0, kind: "snap", data: { _meta: META } });
    sockets[0]!.drop();
    assertEquals(link.state.kind, "waiting");
    await new Promise((resolve) => setTimeout(resolve, 300));
    sockets[1]!.accept();
    assertEquals(sockets[1]!.ops("sub"), [
      { op: "sub", topics: ["health", "gates"], since: { health: 41 }, epoch: "e1" },
    ]);
    assertEquals(store.live("health") !== undefined, true);
  }));

Deno.test("Link asks once for a snapshot when patches are missing, however many follow", () =>
  withLink(async ({ sockets, store }) => {
    await soon();
    const [socket] = sockets as [FakeSocket];
    socket.accept();
    socket.receive({
      v: 1,
      topic: "health",
      seq: 5,
      ts: 0,
      kind: "snap",
      data: { _meta: META, block_height: 1 },
    });
    for (const seq of [7, 8, 9]) {
      socket.receive({ v: 1, topic: "health", seq, ts: 0, kind: "patch", data: { block_height: seq } });
    }
    assertEquals(socket.ops("sub").slice(1), [{ op: "sub", topics: ["health"] }]);
    assertEquals(store.live("health")?.block_height, 1);
    socket.receive({
      v: 1,
      topic: "health",
      seq: 9,
      ts: 0,
      kind: "snap",
      data: { _meta: META, block_height: 9 },
    });
    socket.receive({ v: 1, topic: "health", seq: 11, ts: 0, kind: "patch", data: {} });
    assertEquals(socket.ops("sub").length, 3);
  }));

Deno.test("Link tells the server what a view no longer wants, and what the next one does", () =>
  withLink(async ({ sockets, link, leave }) => {
    sockets[0]!.accept();
    link.want(["health", "peers"], new AbortController().signal);
    leave.abort();
    await soon();
    await soon();
    assertEquals(sockets[0]!.ops("unsub"), [{ op: "unsub", topics: ["gates"] }]);
    assertEquals(sockets[0]!.ops("sub").slice(1), [{ op: "sub", topics: ["peers"], since: {} }]);
  }));

Deno.test("Link.retry() connects at once, and never twice", () =>
  withLink(async ({ sockets, link }) => {
    await soon();
    sockets[0]!.drop();
    link.retry();
    link.retry();
    assertEquals([sockets.length, link.state.kind], [2, "connecting"]);
  }, 1));

Deno.test("Link counts tries up, waits longer each time, and shows when the next one is", () =>
  withLink(async ({ sockets, link }) => {
    await soon();
    const waits: number[] = [];
    for (let i = 0; i < 3; i++) {
      sockets.at(-1)!.drop();
      assert(link.state.kind === "waiting");
      assertEquals(link.state.attempt, i + 1);
      waits.push(Math.round((link.state.retryAtMs - Date.now()) / 500) / 2);
      link.retry();
    }
    assertEquals(waits, [1, 2, 4]);
  }, 1));

Deno.test("Link ignores what an abandoned socket still says", () =>
  withLink(async ({ sockets, link, store }) => {
    await soon();
    sockets[0]!.drop();
    link.retry();
    sockets[0]!.receive({ v: 1, topic: "health", seq: 1, ts: 0, kind: "snap", data: { _meta: META } });
    sockets[0]!.onclose!(new CloseEvent("close"));
    assertEquals([store.live("health"), link.state.kind], [undefined, "connecting"]);
  }));

Deno.test("Link passes refusals of a topic on to the store", () =>
  withLink(async ({ sockets, store }) => {
    await soon();
    sockets[0]!.accept();
    sockets[0]!.receive({ op: "error", code: "FORBIDDEN", detail: "needs a key", topic: "gates" });
    assertEquals(store.problem("gates"), { code: "FORBIDDEN", detail: "needs a key" });
    sockets[0]!.receive({ op: "ok", topics: ["gates"] });
    assertEquals(store.problem("gates"), undefined);
  }));

Deno.test("Api.protocols() carries the key where a subprotocol can, and Api takes ?api= only when exported", () => {
  const api = new Api(
    { origin: "http://localhost:4173", search: "?api=http://10.0.0.1:9/x" },
    "http://127.0.0.1:8000",
  );
  assertEquals([api.base, api.remote], ["http://10.0.0.1:9", true]);
  api.setKey("abc-123");
  assertEquals(api.protocols(), ["bb.v1", "key.abc-123"]);
  api.setKey("not a token");
  assertEquals(api.protocols(), ["bb.v1"]);
  const own = new Api({ origin: "http://127.0.0.1:8000", search: "?api=http://10.0.0.1:9" }, null);
  assertEquals([own.base, own.remote], ["http://127.0.0.1:8000", false]);
  const odd = new Api(
    { origin: "http://localhost:4173", search: "?api=javascript:alert(1)" },
    "http://127.0.0.1:8000",
  );
  assertEquals(odd.base, "http://127.0.0.1:8000");
});
