// @ts-types="#types/std_assert.d.ts"
import { assert, assertEquals, assertGreater, assertMatch, assertRejects } from "@std/assert";
import { ManualClock, systemClock } from "../runtime/clock.ts";
import { type RunningSimulator, type SimulatorOptions, startSimulator } from "./rpc_server.ts";

const WIDE = { requestsPerSecond: 1e9, energyReadsPerSecond: 1e9, banMs: 1_000 };

/** Runs a test against a node that does not mine by itself. */
async function withNode(
  options: Partial<SimulatorOptions>,
  test: (node: RunningSimulator, clock: ManualClock) => Promise<void>,
): Promise<void> {
  const clock = new ManualClock();
  const defaults = {
    seed: 1,
    scenario: "calm",
    dialect: "readme",
    speed: 1,
    mining: false,
    limits: WIDE,
  } as const;
  const node = await startSimulator({ ...defaults, clock, ...options });
  try {
    await test(node, clock);
  } finally {
    await node.stop();
  }
}

// deno-lint-ignore no-explicit-any -- answers are asserted field by field
type Answer = any;

async function call(
  node: RunningSimulator,
  method: string,
  params: unknown = {},
  id: unknown = 1,
): Promise<Answer> {
  const body = JSON.stringify({ jsonrpc: "2.0", id, method, params });
  const response = await fetch(node.url, { method: "POST", body });
  return { status: response.status, ...await response.json() };
}

async function post(node: RunningSimulator, body: BodyInit): Promise<{ status: number; text: string }> {
  const response = await fetch(node.url, { method: "POST", body });
  return { status: response.status, text: await response.text() };
}

/** Sends bytes and returns all that comes back until the connection ends; the bytes must ask for its end. */
async function rawRequest(port: number, text: string): Promise<string> {
  const connection = await Deno.connect({ hostname: "127.0.0.1", port });
  await connection.write(new TextEncoder().encode(text));
  let answer = "";
  const chunk = new Uint8Array(4_096);
  try {
    for (;;) {
      const size = await connection.read(chunk);
      if (size === null) break;
      answer += new TextDecoder().decode(chunk.subarray(0, size));
    }
  } catch (error) {
    if (!(error instanceof Deno.errors.ConnectionReset)) throw error;
  } finally {
    connection.close();
  }
  return answer;
}

function rawCall(host: string, body: string): string {
  return `POST / HTTP/1.1\r\nHost: ${host}\r\nConnection: close\r\nContent-Length: ${body.length}\r\n\r\n${body}`;
}

const PARSE_ERROR = '{"error":{"code":-32700,"message":"parse error"},"id":null,"jsonrpc":"2.0"}';

Deno.test("startSimulator() answers with 300 blocks mined and mines on request", async () => {
  for (const dialect of ["readme", "live"] as const) {
    await withNode({ dialect }, async (node) => {
      assertEquals((await call(node, "simulator.info")).result.height, 299);
      assertEquals([node.tip(), node.mine(3), node.tip()], [299, 302, 302]);
      const { result } = await call(node, "light.headers", { start: 301 });
      assertEquals(result.map((header: { height: number }) => header.height), [301, 302]);
      assertEquals(result[1].hash, node.chain.hashAt(302));
    });
  }
});

Deno.test("startSimulator() mines by the system clock", async () => {
  await withNode({ clock: systemClock, mining: true, speed: 1_000 }, async (node) => {
    const seen: number[] = [];
    for (let i = 0; i < 5; i++) {
      await new Promise((resolve) => setTimeout(resolve, 30));
      seen.push((await call(node, "consensus.block_height")).result.height);
    }
    assertGreater(seen[4]!, 299 + 60);
    assertEquals(seen, [...seen].sort((a, b) => a - b));
  });
});

Deno.test("startSimulator() refuses a speed, seed or start out of range", async () => {
  const start = (options: Partial<SimulatorOptions>) => withNode(options, () => Promise.resolve());
  await assertRejects(() => start({ speed: 0 }), RangeError, "Cannot simulate at speed 0");
  await assertRejects(() => start({ speed: 1_001 }), RangeError, "expected 0.01..1000");
  await assertRejects(() => start({ speed: NaN }), RangeError);
  await assertRejects(() => start({ seed: -1 }), RangeError, "seed -1");
  await assertRejects(() => start({ startBlocks: 0 }), RangeError, "Cannot start with 0 blocks");
  await withNode({}, (node) => {
    let message = "";
    try {
      node.mine(-1);
    } catch (error) {
      message = String(error);
    }
    assertMatch(message, /Cannot mine -1 blocks/);
    return Promise.resolve();
  });
});

Deno.test("handle() writes keys in order and echoes any id", async () => {
  await withNode({}, async (node) => {
    const body = (id: string) => `{"method":"consensus.block_height"${id}}`;
    const answer = (id: string) => `{"id":${id},"jsonrpc":"2.0","result":{"height":299}}`;
    for (const id of ["7", '"x"', "1.5", '{"a":[1]}', "null"]) {
      assertEquals(await post(node, body(`,"id":${id}`)), { status: 200, text: answer(id) });
    }
    assertEquals((await post(node, body(""))).text, answer("null"), "there are no notifications");
  });
});

Deno.test("handle() answers an unknown method, a batch and broken JSON with HTTP 200", async () => {
  for (const dialect of ["readme", "live"] as const) {
    await withNode({ dialect }, async (node) => {
      const { status, error, id } = await call(node, "no.such_method", {}, 5);
      assertEquals([status, error, id], [200, { code: -32601, message: "method not found" }, 5]);
      for (
        const body of ['[{"method":"balance","id":1}]', "{", "", "3", "null", '{"id":1}', '{"method":7}']
      ) {
        assertEquals(await post(node, body), { status: 200, text: PARSE_ERROR }, body);
      }
      assertEquals((await call(node, "toString")).error.code, -32601);
    });
  }
});

Deno.test("handle() keeps each dialect's methods to itself", async () => {
  await withNode({ dialect: "live" }, async (node) => {
    assertEquals((await call(node, "receipt.audit")).error.code, -32601);
    assertEquals((await call(node, "metrics")).result, "telemetry disabled");
  });
  await withNode({ dialect: "readme" }, async (node) => {
    assertEquals((await call(node, "settlement.audit")).error.code, -32601);
  });
});

Deno.test("handle() numbers its calls, so that the gates come in another order each time", async () => {
  await withNode({ dialect: "live" }, async (node) => {
    const orders = new Set<string>();
    for (let i = 0; i < 10; i++) {
      const { gates } = (await call(node, "governor.status")).result;
      orders.add(gates.map((gate: Answer) => gate.name).join());
    }
    assertGreater(orders.size, 5);
  });
});

Deno.test("handle() serves POST / only, elsewhere 404 without a body", async () => {
  await withNode({}, async (node) => {
    const status = async (path: string, method: string) => {
      const response = await fetch(node.url + path, { method });
      assertEquals((await response.arrayBuffer()).byteLength, 0);
      return response.status;
    };
    assertEquals(await status("/rpc", "POST"), 404);
    assertEquals(await status("/metrics", "GET"), 404);
    assertEquals(await status("/ws", "GET"), 404, "no upgrade asked");
    for (const method of ["GET", "HEAD", "PUT", "DELETE", "PATCH"]) {
      assertEquals(await status("/", method), 404);
    }
    assertEquals(await status("/", "OPTIONS"), 403);
    for (const path of ["//", "/?x=y"]) {
      const response = await fetch(node.url + path, { method: "POST", body: '{"method":"balance"}' });
      assertEquals((await response.json()).result.amount, 0, path);
    }
  });
});

Deno.test("handle() answers 403 to a Host that is not on the list", async () => {
  await withNode({}, async (node) => {
    const body = '{"method":"balance"}';
    for (const host of ["127.0.0.1", "127.0.0.1:3030", "localhost", "localhost:1"]) {
      assertMatch(await rawRequest(node.port, rawCall(host, body)), /^HTTP\/1\.1 200 /, host);
    }
    for (const host of ["[::1]", "[::1]:3030", "example.com", "127.0.0.1.example.com", ""]) {
      const answer = await rawRequest(node.port, rawCall(host, body));
      assertMatch(answer, /^HTTP\/1\.1 403 /, host);
      assert(answer.endsWith("\r\n\r\n"), `${host}: the body is not empty`);
    }
  });
});

Deno.test("handle() refuses a body over 1 MiB and does not understand chunks", async () => {
  await withNode({}, async (node) => {
    const padded = (size: number) => '{"method":"balance"}'.padEnd(size);
    assertEquals((await post(node, padded(1_048_576))).status, 200);
    const large = await post(node, padded(1_048_577)).catch(() => ({ status: "connection ended" }));
    assert(large.status === 413 || large.status === "connection ended", String(large.status));
    const head = "POST / HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\nTransfer-Encoding: chunked";
    const answer = await rawRequest(node.port, `${head}\r\n\r\n14\r\n{"method":"balance"}\r\n0\r\n\r\n`);
    assertMatch(answer, /^HTTP\/1\.1 200 /);
    assert(answer.endsWith(PARSE_ERROR), answer);
    assertEquals((await call(node, "balance")).status, 200, "the node goes on");
  });
});

Deno.test("handle() bans a client for exactly banMs after its first excess", async () => {
  for (const dialect of ["readme", "live"] as const) {
    const limits = { requestsPerSecond: 5, energyReadsPerSecond: 100, banMs: 5_000 };
    await withNode({ dialect, limits }, async (node, clock) => {
      const outcome = async () => {
        const { status, error, id } = await call(node, "balance");
        return error === undefined ? `${status}` : `${status} ${error.code} ${error.message} ${id}`;
      };
      for (let i = 0; i < 5; i++) assertEquals(await outcome(), "200");
      assertEquals(await outcome(), "429 -32001 rate limited null");
      assertEquals(await outcome(), "429 -32002 banned null");
      await clock.advance(4_999);
      assertEquals(await outcome(), "429 -32002 banned null");
      await clock.advance(1);
      assertEquals(await outcome(), "200");
    });
  }
});

Deno.test("handle() limits energy reads apart from everything else, with HTTP 200 and the caller's id", async () => {
  await withNode(
    { dialect: "live", limits: { ...WIDE, energyReadsPerSecond: 2, banMs: 5_000 } },
    async (node, clock) => {
      const read = async () => await call(node, "energy.receipts", { page_size: 1 }, "e");
      assertEquals([(await read()).error, (await read()).error], [undefined, undefined]);
      const limited = await read();
      assertEquals([limited.status, limited.id, limited.error.code], [200, "e", -32001]);
      assertEquals((await read()).error, { code: -32002, message: "banned" });
      assertEquals((await call(node, "balance")).error, undefined, "the general bucket stays usable");
      await clock.advance(5_000);
      assertEquals((await read()).error, undefined);
    },
  );
});

Deno.test("handle() lets the interceptor answer in the node's place", async () => {
  const seen: string[] = [];
  const intercept: SimulatorOptions["intercept"] = ({ method, params, raw }) => {
    seen.push(`${method} ${JSON.stringify(params)} ${raw.length}`);
    return method === "balance" ? new Response("<html>", { status: 502 }) : undefined;
  };
  await withNode({ intercept }, async (node) => {
    assertEquals(await post(node, '{"method":"balance","params":{"a":1}}'), { status: 502, text: "<html>" });
    assertEquals((await call(node, "consensus.block_height")).result.height, 299);
    assertEquals(seen[0], 'balance {"a":1} 37');
  });
});

Deno.test("handle() of a live node without blocks dies of light.latest_header and stays poisoned", async () => {
  const events: string[] = [];
  const onLog = (event: string) => void events.push(event);
  await withNode({ dialect: "live", emptyChain: true, onLog }, async (node) => {
    const raw = (method: string) => rawRequest(node.port, rawCall("127.0.0.1", JSON.stringify({ method })));
    assertEquals([node.tip(), (await call(node, "light.headers")).result], [-1, []]);
    assertEquals((await call(node, "simulator.info")).result.height, null);
    assertEquals(await raw("light.latest_header"), "", "zero bytes");
    await assertRejects(() => call(node, "light.latest_header"));
    for (const method of ["light.headers", "jurisdiction.status", "light.latest_header"]) {
      assertEquals(await raw(method), "", method);
    }
    assertEquals((await call(node, "balance")).result, { amount: 0 });
    assertEquals((await call(node, "mempool.stats")).status, 200);
    assertGreater((await call(node, "consensus.difficulty")).result.difficulty, 0);
    assertEquals(node.mine(5), -1, "it never mines again");
    assertEquals(events.filter((event) => event === "simulator.poisoned").length, 1);
  });
});

Deno.test("handle() of a live node answers every method without blocks but the fatal one", async () => {
  await withNode({ dialect: "live", emptyChain: true }, async (node) => {
    for (
      const method of [
        "light.headers",
        "net.peer_stats_all",
        "compute_market.stats",
        "compute_market.scheduler_stats",
        "compute_market.sla_history",
        "settlement.audit",
        "storage.discover_providers",
        "storage.manifests",
        "energy.market_state",
        "energy.receipts",
        "ad_market.readiness",
        "ad_market.budget",
        "governor.status",
        "governor.decisions",
        "simulator.truth",
      ]
    ) assertEquals((await call(node, method)).error, undefined, method);
    assertEquals(node.mine(2), 1);
    assertEquals((await call(node, "light.latest_header")).result.height, 1);
  });
});

Deno.test("handle() of a readme node without blocks says that the chain is empty", async () => {
  await withNode({ emptyChain: true }, async (node) => {
    assertEquals((await call(node, "consensus.block_height")).error, {
      code: -32603,
      message: "empty chain",
    });
    assertEquals((await call(node, "light.headers")).result, []);
    assertEquals((await call(node, "receipt.audit")).result.receipts, []);
  });
});

Deno.test("stop() frees the port and can be called twice", async () => {
  await withNode({}, async (node) => {
    const { port } = node;
    await node.stop();
    await node.stop();
    const next = Deno.listen({ hostname: "127.0.0.1", port });
    next.close();
  });
});
