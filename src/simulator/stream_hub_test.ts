// @ts-types="#types/std_assert.d.ts"
import { assert, assertEquals } from "@std/assert";
import { ManualClock } from "../runtime/clock.ts";
import { type RunningSimulator, type SimulatorOptions, startSimulator } from "./rpc_server.ts";

// deno-lint-ignore no-explicit-any -- frames are asserted field by field
type Frame = any;

/** A WebSocket client that queues what it receives. */
class Client {
  readonly socket: WebSocket;
  readonly opened: Promise<boolean>;
  readonly closed: Promise<CloseEvent>;
  readonly #frames: Frame[] = [];
  #wake: () => void = () => {};

  constructor(url: string) {
    this.socket = new WebSocket(url);
    this.socket.onmessage = (event) => {
      this.#frames.push(JSON.parse(event.data));
      this.#wake();
    };
    this.opened = new Promise((resolve) => {
      this.socket.onopen = () => resolve(true);
      this.socket.onerror = () => resolve(false);
    });
    this.closed = new Promise((resolve) => this.socket.onclose = resolve);
  }

  async next(): Promise<Frame> {
    while (this.#frames.length === 0) await new Promise<void>((resolve) => this.#wake = resolve);
    return this.#frames.shift();
  }

  async ask(message: unknown): Promise<Frame> {
    this.socket.send(typeof message === "string" ? message : JSON.stringify(message));
    return await this.next();
  }

  async close(): Promise<void> {
    this.socket.close();
    await this.closed;
  }
}

async function withNode(
  options: Partial<SimulatorOptions>,
  test: (node: RunningSimulator, clock: ManualClock) => Promise<void>,
): Promise<void> {
  const clock = new ManualClock();
  const limits = { requestsPerSecond: 1e9, energyReadsPerSecond: 1e9, banMs: 1_000 };
  const defaults = {
    seed: 1,
    scenario: "reorgs",
    dialect: "readme",
    speed: 1,
    mining: false,
    limits,
  } as const;
  const node = await startSimulator({ ...defaults, clock, ...options });
  try {
    await test(node, clock);
  } finally {
    await node.stop();
  }
}

const subscribe = (stream: string, id = 1) => ({ method: "state_stream.subscribe", params: [stream], id });

Deno.test("StreamHub.publish() sends one block_update per new block to its subscribers", async () => {
  await withNode({}, async (node) => {
    const client = new Client(node.wsUrl);
    assert(await client.opened);
    assertEquals(await client.ask(subscribe("block_updates")), { id: 1, result: "ok" });
    node.mine(3);
    for (const height of [300, 301, 302]) {
      const header = node.chain.viewAt(height).header(height);
      assertEquals(await client.next(), {
        type: "block_update",
        data: {
          height,
          hash: header.hash,
          parent_hash: header.parentHash,
          timestamp_ms: header.timestampMs,
          tx_count: header.transactions,
        },
      });
    }
    await client.close();
  });
});

Deno.test("StreamHub.publish() sends metrics apart from blocks, until unsubscribed", async () => {
  await withNode({}, async (node) => {
    const client = new Client(node.wsUrl);
    assert(await client.opened);
    await client.ask(subscribe("metrics", 9));
    node.mine(1);
    const frame = await client.next();
    assertEquals([frame.type, Object.keys(frame.data)], ["metrics_update", ["avg_block_time_ms", "tps"]]);
    assert(frame.data.tps > 10 && frame.data.avg_block_time_ms > 850);
    const off = { method: "state_stream.unsubscribe", params: ["metrics"], id: 10 };
    assertEquals(await client.ask(off), { id: 10, result: "ok" });
    node.mine(1);
    assertEquals(await client.ask({ type: "ping", timestamp: 5 }), { timestamp: 5, type: "pong" });
    await client.close();
  });
});

Deno.test("StreamHub answers pings, invalid JSON and unknown requests", async () => {
  await withNode({}, async (node) => {
    const client = new Client(node.wsUrl);
    assert(await client.opened);
    assertEquals(await client.ask({ type: "ping", timestamp: 1_234.5 }), {
      type: "pong",
      timestamp: 1_234.5,
    });
    assertEquals(await client.ask("{"), { type: "error", message: "Invalid JSON" });
    assertEquals((await client.ask({ method: "x", id: 3 })).error.code, -32601);
    assertEquals((await client.ask(subscribe("gold", 4))).error.code, -32602);
    assertEquals((await client.ask("null")).error.code, -32601);
    await client.close();
  });
});

Deno.test("StreamHub pings every 15 seconds", async () => {
  await withNode({}, async (node, clock) => {
    const client = new Client(node.wsUrl);
    assert(await client.opened);
    await client.ask({ type: "ping" });
    await clock.advance(15_000);
    assertEquals(await client.next(), { type: "ping" });
    await clock.advance(15_000);
    assertEquals(await client.next(), { type: "ping" });
    await client.close();
  });
});

Deno.test("StreamHub closes a client that sends more than 64 KiB at once", async () => {
  await withNode({}, async (node) => {
    const client = new Client(node.wsUrl);
    assert(await client.opened);
    client.socket.send("x".repeat(65_537));
    const answered = client.next().then(() => "answered");
    assertEquals(await Promise.race([client.closed.then((event) => event.code), answered]), 1009);
  });
});

Deno.test("StreamHub.accept() takes 64 clients and no more, and stop() closes them", async () => {
  const clients: Client[] = [];
  await withNode({}, async (node) => {
    for (let i = 0; i < 64; i++) clients.push(new Client(node.wsUrl));
    assertEquals(await Promise.all(clients.map((client) => client.opened)), Array(64).fill(true));
    const extra = new Client(node.wsUrl);
    assertEquals(await extra.opened, false);
    await extra.closed;
  });
  const codes = await Promise.all(clients.map(async (client) => (await client.closed).code));
  assertEquals(codes, Array(64).fill(1001));
});

Deno.test("startSimulator() has no /ws in live", async () => {
  await withNode({ dialect: "live" }, async (node) => {
    const client = new Client(node.wsUrl);
    assertEquals(await client.opened, false);
    await client.closed;
  });
});
