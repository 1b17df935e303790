// @ts-types="#types/std_assert.d.ts"
import { assert, assertEquals, assertInstanceOf, assertRejects, assertStringIncludes } from "@std/assert";
import {
  errorText,
  http,
  type RawAnswer,
  type RawNode,
  type RawRequest,
  resultText,
  startRawNode,
} from "../../tests/support/raw_node.ts";
import { ManualClock, systemClock } from "../runtime/clock.ts";
import { NodeError, type NodeErrorKind } from "./errors.ts";
import { type CallRecord, RESPONSE_BYTES_MAX, Transport, type TransportOptions } from "./transport.ts";

interface Setup {
  readonly node: RawNode;
  readonly transport: Transport;
  readonly clock: ManualClock;
  readonly calls: CallRecord[];
  readonly bans: { group: string; untilMs: number }[];
}

const WIDE = { requestsPerSecond: 1_000, energyPerSecond: 1_000, banMs: 60_000 };

/** Runs a test with a transport towards a node of raw bytes. */
async function withNode(
  answer: (request: RawRequest, count: number, clock: ManualClock) => RawAnswer | Promise<RawAnswer>,
  test: (setup: Setup) => Promise<void>,
  options: Partial<TransportOptions> = {},
): Promise<void> {
  let count = 0;
  const clock = new ManualClock();
  const node = startRawNode((request) => answer(request, count++, clock));
  const calls: CallRecord[] = [];
  const bans: Setup["bans"] = [];
  const transport = new Transport({
    url: node.url,
    timeoutMs: 5_000,
    token: null,
    budget: WIDE,
    clock,
    onCall: (call) => calls.push(call),
    onBan: (group, untilMs) => bans.push({ group, untilMs }),
    ...options,
  });
  try {
    await test({ node, transport, clock, calls, bans });
  } finally {
    transport.close();
    await node.stop();
  }
}

/** The error that a call ends in. */
async function failureOf(call: Promise<unknown>, kind?: NodeErrorKind): Promise<NodeError> {
  let error: unknown;
  try {
    error = new Error(`answered ${JSON.stringify(await call)}`);
  } catch (caught) {
    error = caught;
  }
  assertInstanceOf(error, NodeError, String(error));
  if (kind) assertEquals(error.kind, kind, error.message);
  return error;
}

/** Lets sockets and promises run, and time pass, until a call is settled. */
async function passing<T>(clock: ManualClock, call: Promise<T>, stepMs = 50): Promise<T> {
  let settled = false;
  const done = () => (settled = true);
  call.then(done, done);
  while (!settled) {
    await new Promise((resolve) => setTimeout(resolve, 1));
    await clock.advance(stepMs);
  }
  return call;
}

/** Lets sockets and promises run without any time passing. */
async function until(reached: () => boolean): Promise<void> {
  while (!reached()) await new Promise((resolve) => setTimeout(resolve, 1));
}

const OK = (request: RawRequest) => resultText(request, "{}");

Deno.test("Transport.call() posts one request of fixed length with named params", async () => {
  await withNode((request) => resultText(request, '{"amount":7}'), async ({ node, transport }) => {
    assertEquals(await transport.call("balance", { address: "é" }), { amount: 7 });
    assertEquals(await transport.call("governor.status"), { amount: 7 });
    const [first, second] = node.requests;
    assertEquals(first?.requestLine, "POST / HTTP/1.1");
    assertEquals(first?.headers.get("content-length"), String(new TextEncoder().encode(first?.body).length));
    assertEquals(first?.headers.get("transfer-encoding"), undefined);
    assertEquals(first?.headers.get("content-type"), "application/json");
    assertEquals(first?.call, { jsonrpc: "2.0", id: 1, method: "balance", params: { address: "é" } });
    assertEquals(second?.call, { jsonrpc: "2.0", id: 2, method: "governor.status", params: {} });
    assertEquals(node.connections(), 1, "the connection is kept alive");
  });
});

Deno.test("Transport.call() sends the bearer token where one is configured, and never in an error", async () => {
  const answer = (request: RawRequest) => errorText(request, -33009, "unauthorized");
  await withNode(answer, async ({ node, transport }) => {
    const error = await failureOf(transport.call("energy.credits"), "unauthorized");
    assertEquals(node.requests[0]?.headers.get("authorization"), "Bearer s3cr3t");
    assert(!`${error.message} ${error.stack}`.includes("s3cr3t"));
  }, { token: "s3cr3t" });
  await withNode(OK, async ({ node, transport }) => {
    await transport.call("m");
    assertEquals(node.requests[0]?.headers.has("authorization"), false);
  });
});

Deno.test("Transport.call() keeps u64 integers exact", async () => {
  await withNode(
    (request) => resultText(request, '{"amount":18446744073709551615}'),
    async ({ transport }) => {
      assertEquals(await transport.call("balance"), { amount: 2n ** 64n - 1n });
    },
  );
});

Deno.test("Transport.call() shares one request among equal reads in flight, and not after", async () => {
  await withNode(OK, async ({ node, transport }) => {
    const params = { start: 1 };
    await Promise.all([
      transport.call("m", params),
      transport.call("m", { start: 1 }),
      transport.call("m", { start: 2 }),
      transport.call("n", params),
    ]);
    assertEquals(node.requests.length, 3);
    await transport.call("m", params);
    assertEquals(node.requests.length, 4);
  });
});

Deno.test("Transport.call() shares failures in flight too, and asks anew afterwards", async () => {
  await withNode(
    (request, count) => (count === 0 ? errorText(request, -32000, "no") : OK(request)),
    async (setup) => {
      const both = [setup.transport.call("m"), setup.transport.call("m")].map((call) =>
        failureOf(call, "rpc")
      );
      await Promise.all(both);
      assertEquals(setup.node.requests.length, 1);
      assertEquals(await setup.transport.call("m"), {});
    },
  );
});

Deno.test("Transport.call() never shares or repeats what is not a read", async () => {
  await withNode((request) => errorText(request, -32603, "internal"), async ({ node, transport }) => {
    const calls = [1, 2].map(() => transport.call("submit_tx", { tx: "00" }, { read: false }));
    for (const call of calls) await failureOf(call, "rpc");
    assertEquals(node.requests.length, 2);
  });
});

/** Failures of a read, and how often it is sent in all. */
const RETRY_TABLE: readonly (readonly [string, (request: RawRequest) => RawAnswer, NodeErrorKind, number])[] =
  [
    ["code −1", (request) => errorText(request, -1, "unknown"), "rpc", 4],
    ["code −32005", (request) => errorText(request, -32005, "limit exceeded"), "rpc", 4],
    ["code −32603", (request) => errorText(request, -32603, "internal"), "rpc", 4],
    ["code −32000", (request) => errorText(request, -32000, "replayed nonce"), "rpc", 1],
    ["code −32602", (request) => errorText(request, -32602, "invalid params"), "rpc", 1],
    ["code −32601", (request) => errorText(request, -32601, "method not found"), "missing", 1],
    ["code −33009", (request) => errorText(request, -33009, "unauthorized"), "unauthorized", 1],
    ["HTTP 403", () => http(403, ""), "http", 4],
    ["HTTP 408", () => http(408, ""), "http", 4],
    ["HTTP 413", () => http(413, ""), "http", 4],
    ["HTTP 500", () => http(500, "oops"), "http", 4],
    ["HTTP 502", () => http(502, "<html>"), "http", 4],
    ["HTTP 503", () => http(503, ""), "http", 4],
    ["HTTP 504", () => http(504, ""), "http", 4],
    ["HTTP 404", () => http(404, ""), "http", 1],
    ["HTTP 501", () => http(501, ""), "http", 1],
    ["HTTP 204", () => "HTTP/1.1 204 X\r\n\r\n", "http", 1],
    ["no JSON", () => http(200, "<html>\u0007"), "malformed", 1],
    ["an empty body", () => http(200, ""), "malformed", 1],
    ["half a JSON", () => http(200, '{"id":1,"resu'), "malformed", 1],
    ["a list", () => http(200, "[]"), "malformed", 1],
    ["a number", () => http(200, "5"), "malformed", 1],
    ["no result", (request) => http(200, JSON.stringify({ id: request.call.id })), "malformed", 1],
    ["result null", (request) => resultText(request, "null"), "malformed", 1],
    [
      "an error inside the result",
      (request) => resultText(request, '{"error":"not_found"}'),
      "application",
      1,
    ],
    [
      "a wrapped error",
      (request) => resultText(request, '{"Error":{"error":"not_found"}}'),
      "application",
      1,
    ],
  ];

for (const [what, answer, kind, sent] of RETRY_TABLE) {
  Deno.test(`Transport.call() with ${what} ends in ${kind} after ${sent} request${sent > 1 ? "s" : ""}`, async () => {
    await withNode(answer, async ({ node, transport, clock, calls }) => {
      const error = await passing(clock, failureOf(transport.call("m"), kind));
      assertEquals(node.requests.length, sent);
      assertEquals(calls.map(({ method, outcome }) => [method, outcome]), new Array(sent).fill(["m", kind]));
      assertEquals(transport.down, false, "the node did answer");
      assert(!/\p{Cc}/u.test(error.message), error.message);
    });
  });
}

Deno.test("Transport.call() waits 150, 300, 600 ms between the attempts of a read, then uses the answer", async () => {
  const times: number[] = [];
  await withNode((request, count, clock) => {
    times.push(clock.monotonicMs());
    return count < 3 ? http(503, "") : resultText(request, "[1]");
  }, async ({ transport, clock }) => {
    assertEquals(await passing(clock, transport.call("m"), 50), [1]);
    const waits = times.slice(1).map((time, i) => time - times[i]!);
    // Time moves in steps of 50 ms, and goes on while a request is on its way.
    for (const [i, wait] of [150, 300, 600].entries()) assert(waits[i]! >= wait, `${waits}`);
  });
});

Deno.test("Transport.call() waits for as long as Retry-After says before it asks again", async () => {
  const times: number[] = [];
  await withNode((request, count, clock) => {
    times.push(clock.monotonicMs());
    return count === 0 ? http(503, "", { "retry-after": "7" }) : OK(request);
  }, async ({ transport, clock }) => {
    await passing(clock, transport.call("m"), 500);
    assert(times[1]! - times[0]! >= 7_000, `${times}`);
  });
});

Deno.test("Transport.call() sends a probe once, whatever it comes to", async () => {
  await withNode(() => http(503, ""), async ({ node, transport }) => {
    await failureOf(transport.call("m", {}, { probe: true }), "http");
    assertEquals(node.requests.length, 1);
  });
});

Deno.test("Transport.call() refuses the answer to another request", async () => {
  const ids = ["2", '"1"', "null", "18446744073709551615", '{"toString":1}', '[[["1"]]]'];
  for (const id of ids) {
    await withNode(() => http(200, `{"id":${id},"result":{}}`), async ({ transport }) => {
      const error = await failureOf(transport.call("m"), "malformed");
      assertStringIncludes(error.message, "not to request 1");
      assertEquals(transport.down, false);
    });
  }
});

Deno.test("Transport.call() takes the node's word for an error without an id", async () => {
  await withNode(
    () => http(200, '{"error":{"code":-32700,"message":"parse error"},"id":null}'),
    async ({ transport }) => {
      const error = await failureOf(transport.call("m"), "rpc");
      assertEquals([error.code, error.message], [-32700, "m: parse error (-32700)"]);
    },
  );
});

Deno.test("Transport.call() refuses an answer that announces more than 10 MiB, without reading it", async () => {
  const head = `HTTP/1.1 200 X\r\ncontent-length: ${RESPONSE_BYTES_MAX + 1}\r\n\r\n`;
  await withNode(() => head, async ({ transport }) => {
    await failureOf(transport.call("m"), "oversized");
  });
});

Deno.test("Transport.call() stops reading a chunked answer at 10 MiB", async () => {
  const chunk = new TextEncoder().encode(`100000\r\n${" ".repeat(1_048_576)}\r\n`);
  const bytes = new Uint8Array(64 + 12 * chunk.length);
  const head = new TextEncoder().encode("HTTP/1.1 200 X\r\ntransfer-encoding: chunked\r\n\r\n");
  bytes.set(head);
  for (let i = 0; i < 12; i++) bytes.set(chunk, head.length + i * chunk.length);
  await withNode(() => bytes.subarray(0, head.length + 12 * chunk.length), async ({ transport }) => {
    await failureOf(transport.call("m"), "oversized");
  });
});

Deno.test("Transport.call() does not follow a redirect", async () => {
  await withNode(() => http(307, "", { location: "/other" }), async ({ node, transport }) => {
    const error = await failureOf(transport.call("m"), "http");
    assertEquals([error.status, node.requests.length], [307, 1]);
  });
});

Deno.test("Transport.call() says empty_reply when the node closes without an answer, and asks once", async () => {
  await withNode(() => "drop", async ({ node, transport }) => {
    await failureOf(transport.call("m"), "empty_reply");
    assertEquals(node.requests.length, 1);
  });
});

Deno.test("Transport.call() says empty_reply when an answer breaks off in its body", async () => {
  const broken = 'HTTP/1.1 200 X\r\ncontent-length: 99\r\n\r\n{"id":1,"result":';
  await withNode(() => ({ sendThenDrop: broken }), async ({ transport }) => {
    await failureOf(transport.call("m"), "empty_reply");
  });
});

Deno.test("Transport.call() says connection when nobody listens, and goes down after three silences", async () => {
  const node = startRawNode(() => "drop");
  await node.stop();
  const clock = new ManualClock();
  const transport = new Transport({ url: node.url, timeoutMs: 5_000, token: null, budget: WIDE, clock });
  for (let i = 0; i < 3; i++) {
    assertEquals(transport.down, false);
    await failureOf(transport.call("m"), "connection");
  }
  assertEquals(transport.down, true);
  await failureOf(transport.call("m"), "paused");
  await failureOf(transport.call("m", {}, { probe: true }), "connection");
  transport.close();
});

Deno.test("Transport.call() gives up after its time-out, and a probe that is answered brings the node back", async () => {
  let silent = true;
  await withNode((request) => (silent ? "hang" : OK(request)), async ({ node, transport, clock, calls }) => {
    for (let i = 1; i <= 3; i++) {
      const failing = failureOf(transport.call("m"), "timeout");
      await until(() => node.requests.length === i);
      await clock.advance(5_000);
      assertStringIncludes((await failing).message, "no answer within 5000 ms");
    }
    assertEquals([transport.down, calls.map(({ ms }) => ms)], [true, [5_000, 5_000, 5_000]]);
    silent = false;
    assertEquals(await transport.call("m", {}, { probe: true }), {});
    assertEquals([transport.down, await transport.call("m")], [false, {}]);
  });
});

Deno.test("Transport.call() takes a time-out of its own", async () => {
  await withNode(() => "hang", async ({ node, transport, clock }) => {
    const failing = failureOf(transport.call("m", {}, { timeoutMs: 200 }), "timeout");
    await until(() => node.requests.length === 1);
    await clock.advance(200);
    await failing;
  });
});

Deno.test("Transport rests a method that ends in empty replies and goes on with the others", async () => {
  await withNode((request) => (request.call.method === "deadly" ? "drop" : OK(request)), async (setup) => {
    const { node, transport, clock } = setup;
    for (let i = 0; i < 2; i++) {
      await failureOf(transport.call("deadly"), "empty_reply");
      await transport.call("other");
    }
    const sent = node.requests.length;
    assertStringIncludes(
      (await failureOf(transport.call("deadly"), "paused")).message,
      "closed the connection",
    );
    assertEquals([node.requests.length, await transport.call("other")], [sent, {}]);
    await clock.advance(15_000);
    await failureOf(transport.call("deadly"), "empty_reply");
  });
});

Deno.test("Transport stops everything at HTTP 429 until the ban ends, but for a probe every 4 s", async () => {
  const banned = http(429, '{"error":{"code":-32001,"message":"rate limited"},"id":null}', {
    connection: "close",
  });
  let refusing = true;
  await withNode((request) => (refusing ? banned : OK(request)), async ({ node, transport, clock, bans }) => {
    const error = await failureOf(transport.call("m"), "rate_limited");
    assertEquals([error.status, node.requests.length], [429, 1]);
    assertEquals(bans, [{ group: "general", untilMs: clock.nowMs() + 60_000 }]);
    for (const method of ["m", "n", "energy.receipts"]) {
      assertStringIncludes((await failureOf(transport.call(method), "paused")).message, "banned");
    }
    assertEquals([node.requests.length, transport.down], [1, false]);
    await clock.advance(4_000);
    await failureOf(transport.call("m"), "rate_limited");
    await failureOf(transport.call("m"), "paused");
    assertEquals(node.requests.length, 2);
    assertEquals(bans[1]?.untilMs, bans[0]?.untilMs, "asking does not move the end of the ban");
    refusing = false;
    await clock.advance(4_000);
    assertEquals([await transport.call("m"), await transport.call("n")], [{}, {}]);
  });
});

Deno.test("Transport waits for Retry-After of a 429 without any probe", async () => {
  await withNode(
    (request, count) => (count === 0 ? http(429, "", { "retry-after": "9" }) : OK(request)),
    async (setup) => {
      const { node, transport, clock, bans } = setup;
      await failureOf(transport.call("m"), "rate_limited");
      assertEquals(bans, [{ group: "general", untilMs: clock.nowMs() + 9_000 }]);
      await clock.advance(8_999);
      await failureOf(transport.call("m"), "paused");
      await clock.advance(1);
      assertEquals([await transport.call("m"), node.requests.length], [{}, 2]);
    },
  );
});

Deno.test("Transport pauses energy alone when the node's energy bucket is empty, by the message", async () => {
  await withNode(
    (request) =>
      request.call.method === "energy.receipts" ? errorText(request, -32001, "rate limited") : OK(request),
    async ({ transport, bans }) => {
      await failureOf(transport.call("energy.receipts"), "rate_limited");
      assertEquals(bans.map(({ group }) => group), ["energy"]);
      await failureOf(transport.call("energy.market_state"), "paused");
      assertEquals(await transport.call("balance"), {});
      await failureOf(transport.call("energy.market_state"), "paused");
    },
  );
});

Deno.test("Transport does not take −32001 and −32002 for a ban where they mean something else", async () => {
  const messages = [[-32001, "unknown campaign"], [-32002, "release failed"]] as const;
  for (const [code, message] of messages) {
    await withNode((request) => errorText(request, code, message), async ({ transport, bans }) => {
      const error = await failureOf(transport.call("m"), "rpc");
      assertEquals([error.code, bans.length], [code, 0]);
    });
  }
});

Deno.test("Transport does not send what was waiting for the budget when the ban came", async () => {
  await withNode(() => http(429, ""), async ({ node, transport, clock }) => {
    const [first, second, third] = ["a", "b", "c"].map((method) => failureOf(transport.call(method)));
    assertEquals((await first)?.kind, "rate_limited");
    await clock.advance(3_000);
    assertEquals([(await second)?.kind, (await third)?.kind], ["paused", "paused"]);
    assertEquals(node.requests.length, 1);
  }, { budget: { ...WIDE, requestsPerSecond: 1 } });
});

Deno.test("Transport spaces requests by its budget", async () => {
  const times: number[] = [];
  await withNode((request, _count, clock) => {
    times.push(clock.monotonicMs());
    return OK(request);
  }, async ({ node, transport, clock }) => {
    const calls = Array.from({ length: 6 }, (_, i) => transport.call(`m${i}`));
    await until(() => node.requests.length === 2);
    for (let count = 3; count <= 6; count++) {
      await clock.advance(500);
      await until(() => node.requests.length === count);
    }
    await Promise.all(calls);
    assertEquals(times, [0, 0, 500, 1_000, 1_500, 2_000]);
  }, { budget: { ...WIDE, requestsPerSecond: 2 } });
});

Deno.test("Transport.close() ends what is in flight and what is waiting, as aborted", async () => {
  await withNode(() => "hang", async ({ node, transport, clock, calls }) => {
    const hanging = failureOf(transport.call("m"), "aborted");
    const waiting = failureOf(transport.call("n"), "aborted");
    await until(() => node.requests.length === 1);
    transport.close();
    await Promise.all([hanging, waiting]);
    assertEquals([clock.sleeping, calls.length, transport.down], [0, 1, false]);
  }, { budget: { ...WIDE, requestsPerSecond: 1 } });
});

Deno.test("Transport.call() obeys the caller's signal without taking it for a silence of the node", async () => {
  await withNode(() => "hang", async ({ node, transport, clock }) => {
    for (let i = 1; i <= 4; i++) {
      const stop = new AbortController();
      const failing = failureOf(transport.call("m", {}, { signal: stop.signal }), "aborted");
      await until(() => node.requests.length === i);
      stop.abort();
      await failing;
    }
    assertEquals([transport.down, clock.sleeping], [false, 0]);
  });
});

Deno.test("Transport tells every request that was sent, with its time, and none that was not", async () => {
  await withNode(async (request, _count, clock) => {
    if (request.call.method === "slow") await clock.advance(70);
    return request.call.method === "bad" ? http(500, "") : OK(request);
  }, async ({ transport, calls }) => {
    await transport.call("slow");
    await failureOf(transport.call("bad", {}, { read: false }));
    assertEquals(calls, [{ method: "slow", ms: 70, outcome: "ok" }, {
      method: "bad",
      ms: 0,
      outcome: "http",
    }]);
  });
});

Deno.test("Transport.call() sends what is no read exactly once, also when a kept connection breaks off", async () => {
  let calls = 0;
  const ok = (id: unknown) => {
    const body = `{"id":${id},"jsonrpc":"2.0","result":{"status":"ok"}}`;
    return `HTTP/1.1 200 OK\r\ncontent-type: application/json\r\ncontent-length: ${body.length}\r\n\r\n${body}`;
  };
  const node = startRawNode(({ call }) => {
    if (call.method !== "submit_tx") return ok(call.id);
    calls++;
    return "drop";
  });
  const transport = new Transport({
    url: node.url,
    timeoutMs: 2_000,
    token: null,
    budget: { requestsPerSecond: 1_000, energyPerSecond: 1_000, banMs: 1_000 },
    clock: systemClock,
  });
  try {
    for (let i = 0; i < 3; i++) await transport.call("balance", { i }); // Leaves connections in the pool.
    const error = await assertRejects(() => transport.call("submit_tx", {}, { read: false }), NodeError);
    assertEquals([error.kind, error.unsent], ["empty_reply", false]);
    assertEquals(calls, 1);
  } finally {
    transport.close();
    await node.stop();
  }
});

Deno.test("NodeError.unsent is set where nothing can have arrived, and nowhere else", async () => {
  const listener = Deno.listen({ hostname: "127.0.0.1", port: 0 });
  const { port } = listener.addr;
  listener.close();
  const transport = new Transport({
    url: `http://127.0.0.1:${port}`,
    timeoutMs: 2_000,
    token: null,
    budget: { requestsPerSecond: 1_000, energyPerSecond: 1_000, banMs: 1_000 },
    clock: systemClock,
  });
  try {
    for (let i = 0; i < 3; i++) {
      const error = await assertRejects(() => transport.call("submit_tx", {}, { read: false }), NodeError);
      assertEquals([error.kind, error.unsent], ["connection", true]);
    }
    const paused = await assertRejects(() => transport.call("submit_tx", {}, { read: false }), NodeError);
    assertEquals([paused.kind, paused.unsent], ["paused", true]);
  } finally {
    transport.close();
  }
});
