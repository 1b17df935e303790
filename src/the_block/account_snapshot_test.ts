// @ts-types="#types/std_assert.d.ts"
import { assert, assertEquals, assertRejects } from "@std/assert";
import { ManualClock, systemClock } from "../runtime/clock.ts";
import {
  type AccountSnapshot,
  AccountSnapshots,
  FRAME_BYTES_MAX,
  readAccountSnapshot,
  SNAPSHOT_EVERY_MS,
} from "./account_snapshot.ts";
import { NodeError, type NodeErrorKind } from "./errors.ts";

const GUID = "258EAFA5-E914-47DA-95CA-C5AB0DC85B11";
const ADDRESS = "ab".repeat(32);
const FRAME = JSON.stringify({
  seq: 0,
  tip_height: 7,
  root: [],
  compressed: false,
  accounts: [{ address: ADDRESS, balance: 5, account_seq: 2, proof: [] }],
}).replace('"balance":5', '"balance":18446744073709551615');

/** What a node does with the connection once it has read the request. */
type Script = (connection: Deno.Conn, accept: string) => Promise<void>;

/** A node that records every byte that comes after the request. */
async function withNode(
  script: Script,
  test: (url: string) => Promise<void>,
): Promise<{ readonly request: string; readonly after: number }> {
  const listener = Deno.listen({ hostname: "127.0.0.1", port: 0 });
  let request = "";
  let after = 0;
  const serving = (async () => {
    for await (const connection of listener) {
      try {
        const bytes = new Uint8Array(4_096);
        while (!request.endsWith("\r\n\r\n")) {
          request += new TextDecoder().decode(bytes.subarray(0, await connection.read(bytes) ?? 0));
        }
        const key = /sec-websocket-key: (.*)\r/i.exec(request)![1]!;
        const digest = await crypto.subtle.digest("SHA-1", new TextEncoder().encode(key + GUID));
        await script(connection, btoa(String.fromCharCode(...new Uint8Array(digest))));
        for (let read; (read = await connection.read(bytes)) !== null;) after += read;
      } catch {
        // The client has gone in the middle of it.
      }
      connection.close();
    }
  })();
  try {
    await test(`http://127.0.0.1:${listener.addr.port}`);
  } finally {
    listener.close();
    await serving;
  }
  return { request, after };
}

const upgraded = (accept: string) =>
  `HTTP/1.1 101 Unknown\r\nupgrade: websocket\r\nsec-websocket-accept: ${accept}\r\ncontent-length: 0\r\n\r\n`;

async function say(connection: Deno.Conn, ...parts: readonly (string | Uint8Array)[]): Promise<void> {
  const encoded = parts.map((part) => typeof part === "string" ? new TextEncoder().encode(part) : part);
  for (const bytes of encoded) {
    for (let written = 0; written < bytes.length;) written += await connection.write(bytes.subarray(written));
  }
}

function frame(text: string, opcode = 1, final = true): Uint8Array {
  const body = new TextEncoder().encode(text);
  const length = body.length < 126
    ? [body.length]
    : body.length < 65_536
    ? [126, body.length >> 8, body.length & 255]
    : [127, 0, 0, 0, 0, ...[24, 16, 8, 0].map((shift) => (body.length >>> shift) & 255)];
  const bytes = new Uint8Array(1 + length.length + body.length);
  bytes.set([(final ? 0x80 : 0) | opcode, ...length]);
  bytes.set(body, 1 + length.length);
  return bytes;
}

const read = (url: string, timeoutMs = 5_000, signal?: AbortSignal) =>
  readAccountSnapshot({ url, timeoutMs, clock: systemClock, ...(signal ? { signal } : {}) });

const answering = (...parts: readonly (string | Uint8Array)[]): Script => (connection, accept) =>
  say(connection, upgraded(accept), ...parts);

Deno.test("readAccountSnapshot() reads one frame, exactly, and sends nothing after the request", async () => {
  const { request, after } = await withNode(answering(frame(FRAME), frame("second")), async (url) => {
    const { tipHeight, accounts } = await read(url);
    assertEquals(tipHeight, 7);
    assertEquals([...accounts], [[ADDRESS, { balance: 2n ** 64n - 1n, nonce: 2 }]]);
  });
  assert(request.startsWith("GET /state_stream HTTP/1.1\r\nHost: 127.0.0.1:"), request);
  assertEquals(after, 0);
});

Deno.test("readAccountSnapshot() joins fragments, answers no ping, and takes frames of every length", async () => {
  const long = FRAME.replace('"root":[]', `"root":[${new Array(40_000).fill(0).join(",")}]`);
  for (const text of [FRAME, long]) {
    const middle = Math.floor(text.length / 2);
    const parts = [
      frame("", 9),
      frame(text.slice(0, middle), 1, false),
      frame("x", 9),
      frame(text.slice(middle), 0),
    ];
    const { after } = await withNode(async (connection, accept) => {
      const all = new Uint8Array([
        ...new TextEncoder().encode(upgraded(accept)),
        ...parts.flatMap((p) => [...p]),
      ]);
      // In pieces that cut heads and lengths.
      for (let at = 0; at < 200; at += 3) await say(connection, all.subarray(at, at + 3));
      await say(connection, all.subarray(201));
    }, async (url) => assertEquals((await read(url)).tipHeight, 7));
    assertEquals(after, 0);
  }
});

Deno.test("readAccountSnapshot() says what is wrong with a node that does something else", async () => {
  const huge = new Uint8Array([0x81, 127, 0, 0, 0, 0, 0x10, 0, 0, 0]);
  const fragment = () => frame("x".repeat(6_000_000), 1, false);
  const rows: readonly (readonly [string, NodeErrorKind, Script])[] = [
    ["404", "missing", (c) => say(c, "HTTP/1.1 404 Not Found\r\ncontent-length: 0\r\n\r\n")],
    ["429", "rate_limited", (c) => say(c, "HTTP/1.1 429 Slow\r\ncontent-length: 0\r\n\r\n")],
    ["403", "http", (c) => say(c, "HTTP/1.1 403 No\r\ncontent-length: 0\r\n\r\n")],
    ["another accept", "malformed", (c) => say(c, upgraded("AAAA"), frame(FRAME))],
    ["no HTTP", "malformed", (c) => say(c, "hello\r\n\r\n")],
    ["an endless head", "malformed", (c) => say(c, "HTTP/1.1 101 x\r\n", `a: ${"b".repeat(40_000)}`)],
    [
      "end of file",
      "empty_reply",
      (c, accept) => say(c, upgraded(accept)).then(() => (c as Deno.TcpConn).closeWrite()),
    ],
    ["a close frame", "empty_reply", answering(frame("", 8))],
    ["a binary frame", "malformed", answering(frame(FRAME, 2))],
    ["a masked frame", "malformed", answering(new Uint8Array([0x81, 0x85, 1, 2, 3, 4, 5, 6, 7, 8, 9]))],
    ["a compressed frame", "malformed", answering(new Uint8Array([0xc1, 1, 1]))],
    ["a frame over the cap", "oversized", answering(huge)],
    ["fragments over the cap", "oversized", answering(fragment(), frame("x".repeat(6_000_000), 0))],
    ["no JSON", "malformed", answering(frame("{"))],
    ["no list", "decode", answering(frame("{}"))],
    ["a negative balance", "decode", answering(frame(FRAME.replace(/"balance":\d+/, '"balance":-1')))],
    ["a fraction", "decode", answering(frame(FRAME.replace('"account_seq":2', '"account_seq":2.5')))],
    ["compressed accounts", "decode", answering(frame(FRAME.replace("false", "true")))],
  ];
  for (const [what, kind, script] of rows) {
    const { after } = await withNode(script, async (url) => {
      const error = await assertRejects(() => read(url), NodeError);
      assertEquals(error.kind, kind, `${what}: ${error.message}`);
    });
    assertEquals(after, 0, what);
  }
  assert(FRAME_BYTES_MAX === 10 * 1024 * 1024);
});

Deno.test("readAccountSnapshot() gives up on a silent node, and when the program stops", async () => {
  await withNode(() => new Promise((resolve) => setTimeout(resolve, 300)), async (url) => {
    const error = await assertRejects(() => read(url, 50), NodeError);
    assertEquals(error.kind, "timeout");
  });
  const stopping = new AbortController();
  await withNode(() => (stopping.abort(), Promise.resolve()), async (url) => {
    const error = await assertRejects(() => read(url, 5_000, stopping.signal), NodeError);
    assertEquals(error.kind, "aborted");
  });
  const gone = await assertRejects(() => read("http://127.0.0.1:9"), NodeError);
  assertEquals(gone.kind, "connection");
});

function source() {
  const clock = new ManualClock();
  const state = { reads: 0, fails: false };
  const snapshots = new AccountSnapshots(() => {
    state.reads++;
    if (state.fails) return Promise.reject(new NodeError("timeout", "x", "late"));
    return Promise.resolve({ tipHeight: state.reads, accounts: new Map() } as AccountSnapshot);
  }, clock);
  return { clock, state, snapshots };
}

Deno.test("AccountSnapshots reads no faster than every SNAPSHOT_EVERY_MS, however many ask", async () => {
  const { clock, state, snapshots } = source();
  await Promise.all([snapshots.current(), snapshots.current(), snapshots.current()]);
  await clock.advance(SNAPSHOT_EVERY_MS - 1);
  assertEquals((await snapshots.current()).tipHeight, 1);
  assertEquals(state.reads, 1);
  await clock.advance(1);
  assertEquals((await snapshots.current()).tipHeight, 2);
});

Deno.test("AccountSnapshots waits for its turn when the newest frame is not to be trusted, and after a failure", async () => {
  const { clock, state, snapshots } = source();
  await snapshots.current();
  snapshots.distrust();
  const next = snapshots.current();
  await clock.advance(SNAPSHOT_EVERY_MS - 1);
  assertEquals(state.reads, 1);
  await clock.advance(1);
  assertEquals((await next).tipHeight, 2);
  state.fails = true;
  await clock.advance(SNAPSHOT_EVERY_MS);
  await assertRejects(() => snapshots.current(), NodeError);
  state.fails = false;
  const after = snapshots.current();
  await clock.advance(SNAPSHOT_EVERY_MS - 1);
  assertEquals(state.reads, 3);
  await clock.advance(1);
  assertEquals((await after).tipHeight, 4);
});
