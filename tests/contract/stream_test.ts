// @ts-types="#types/std_assert.d.ts"
import { assert, assertEquals, assertRejects, assertStringIncludes } from "@std/assert";
import { TOPIC_NAMES, TOPICS } from "../../src/engine/topic.ts";
import { MESSAGE_BYTES_MAX, MESSAGES_PER_MINUTE_MAX } from "../../src/server/hub.ts";
import { assertBody } from "./bodies.ts";
import {
  type Json,
  type Program,
  rawRequest,
  Stream,
  type StreamOptions,
  until,
  withProgram,
} from "./harness.ts";
import { withNode } from "./node.ts";

function open(program: Program, options: StreamOptions = {}): Promise<Stream> {
  return new Stream(`${program.url.replace("http", "ws")}/theblock/ws`, options).opened();
}

/** Whether a message is about a topic. */
function about(topic: string, kind?: string): (message: Json) => boolean {
  return (message) => message.topic === topic && (kind === undefined || message.kind === kind);
}

Deno.test("/theblock/ws sends the README frame on connect and again on change", async () => {
  await withNode({ dialect: "readme" }, async (program, node) => {
    const stream = await open(program);
    const first = await stream.next();
    assertEquals(Object.keys(first), ["type", "data", "timestamp"]);
    assertEquals(first.type, "update");
    const data = first.data as Record<string, Json>;
    assertBody(data.health!, "health");
    assertBody(data.gates!, "gates");
    assertEquals(Number.isInteger(first.timestamp), true);
    const tip = node.mine(1);
    await stream.next(({ data }) => (data as Record<string, Json>).health!.block_height === tip);
    await stream.close();
  });
});

Deno.test("/theblock/ws after a sub sends hello, ok, snapshots, then patches, and README frames no more", async () => {
  await withNode({ dialect: "readme" }, async (program, node) => {
    const stream = await open(program);
    await stream.next();
    stream.say({ op: "sub", topics: ["health", "peers"] });
    const hello = await stream.next(({ type }) => type !== "update");
    assertEquals([hello.op, hello.topics], [
      "hello",
      TOPIC_NAMES.filter((name) => TOPICS[name].scope === "public"),
    ]);
    assertEquals(await stream.next(), { op: "ok", topics: ["health", "peers"] });
    const snap = await stream.next(about("health"));
    assertEquals(Object.keys(snap), ["v", "topic", "seq", "ts", "kind", "data"]);
    assertEquals([snap.v, snap.kind], [1, "snap"]);
    const body = snap.data as Json;
    assertBody(body, "health");
    assertEquals((body._meta as Json).seq, snap.seq);
    const tip = node.mine(1);
    let held: Json = body;
    let seq = snap.seq as number;
    while (held.block_height !== tip) {
      const message = await stream.next();
      assert(message.type !== "update", "a README frame after the sub");
      if (message.topic !== "health") continue;
      assertEquals([message.kind, message.seq], ["patch", ++seq]);
      held = { ...held, ...message.data as Json };
    }
    const rest = await program.json("/theblock/health");
    if ((rest._meta as Json).seq === seq) assertEquals(held, rest);
    await stream.close();
  });
});

Deno.test("/theblock/ws resumes with the patches that were missed, within the epoch only", async () => {
  await withNode({ dialect: "readme" }, async (program, node) => {
    const first = await open(program);
    first.say({ op: "sub", topics: ["health"] });
    const { epoch } = await first.next(({ op }) => op === "hello");
    const snap = await first.next(about("health", "snap"));
    await first.close();
    const tip = node.mine(2);
    await until(
      "the blocks arrived",
      async () => (await program.json("/theblock/health")).block_height === tip,
    );

    const second = await open(program);
    second.say({ op: "sub", topics: ["health"], since: { health: snap.seq }, epoch });
    let held = snap.data as Json;
    let seq = snap.seq as number;
    while (held.block_height !== tip) {
      const message = await second.next(about("health"));
      assertEquals([message.kind, message.seq], ["patch", ++seq]);
      held = { ...held, ...message.data as Json };
    }
    await second.close();

    const third = await open(program);
    third.say({ op: "sub", topics: ["health"], since: { health: snap.seq }, epoch: "another" });
    assertEquals((await third.next(about("health"))).kind, "snap");
    await third.close();
  });
});

Deno.test("/theblock/ws answers ping, unsub and mistakes", async () => {
  await withProgram({}, async (program) => {
    const stream = await open(program);
    stream.say({ op: "ping" });
    assertEquals(typeof (await stream.next(({ op }) => op === "pong")).ts, "number");
    stream.say("nonsense");
    assertEquals((await stream.next(({ op }) => op === "error")).code, "BAD_MESSAGE");
    stream.say({ op: "dance" });
    assertEquals((await stream.next(({ op }) => op === "error")).code, "UNKNOWN_OP");
    stream.say({ op: "sub", topics: ["nothing", "gates"] });
    const unknown = await stream.next(({ op }) => op === "error");
    assertEquals([unknown.code, unknown.topic], ["UNKNOWN_TOPIC", "nothing"]);
    assertEquals((await stream.next(({ op }) => op === "ok")).topics, ["gates"]);
    stream.say({ op: "unsub", topics: ["gates"] });
    assertEquals((await stream.next(({ op }) => op === "ok")).topics, []);
    await stream.close();
  });
});

Deno.test("/theblock/ws closes with 1003, 1008 and 1009 on what it does not take", async () => {
  await withProgram({}, async (program) => {
    const codeAfter = async (act: (stream: Stream) => void) => {
      const stream = await open(program);
      act(stream);
      return (await stream.closed).code;
    };
    assertEquals(await codeAfter(({ socket }) => socket.send(new Uint8Array(4))), 1003);
    assertEquals(await codeAfter((stream) => stream.say("x".repeat(MESSAGE_BYTES_MAX + 1))), 1009);
    const flood = (stream: Stream) => {
      for (let i = 0; i <= MESSAGES_PER_MINUTE_MAX; i++) stream.say({ op: "ping" });
    };
    assertEquals(await codeAfter(flood), 1008);
    await until("they are gone", async () => {
      const { streams } = await program.json("/theblock/status") as { streams: { clients: number } };
      return streams.clients === 0;
    });
  });
});

Deno.test("/theblock/ws negotiates its subprotocol and takes the key from the second one", async () => {
  const config = "[auth]\nprotect_reads = true\n";
  await withProgram({ config, untilReady: false }, async (program) => {
    const stream = await open(program, { protocols: ["bb.v1", `key.${program.key}`] });
    assertEquals(stream.socket.protocol, "bb.v1");
    await stream.next();
    await stream.close();
    const header = await open(program, { headers: { "x-api-key": program.key } });
    assertEquals(header.socket.protocol, "");
    await header.close();
    await assertRejects(() => open(program), Error, "refused");
    await assertRejects(() => open(program, { protocols: ["bb.v1", "key.wrong"] }), Error, "refused");
    const statusOf = async (...extra: string[]) =>
      (await rawRequest(program.port, [
        "GET /theblock/ws HTTP/1.1",
        "Host: localhost",
        "Upgrade: websocket",
        "Sec-WebSocket-Version: 13",
        "Sec-WebSocket-Key: AAAAAAAAAAAAAAAAAAAAAA==",
        ...extra,
      ])).status;
    assertEquals(await statusOf(), 401, "before the upgrade");
    assertEquals(await statusOf("X-API-Key: wrong"), 401);
  });
});

Deno.test("protect_reads puts every public route behind a key and leaves the open ones alone", async () => {
  await withProgram({ config: "[auth]\nprotect_reads = true\n" }, async ({ get, json, key }) => {
    const index = await json("/", { "x-api-key": key }) as { endpoints: readonly Record<string, string>[] };
    let checked = 0;
    for (const { method, path, scope } of index.endpoints) {
      if (method !== "GET") continue;
      const response = await get(path!.replace("{market}", "ad"));
      await response.body?.cancel();
      assertEquals(response.status, scope === "open" ? 200 : 401, path);
      checked++;
    }
    assert(checked > 15);
    const page = await get("/", { accept: "text/html" });
    assertEquals(page.status, 200, "the page is a static file");
    assertStringIncludes(await page.text(), "<html");
  });
});

Deno.test("a configured key replaces the one of the data folder, with its scopes", async () => {
  const env = { BB_API_KEY: "operator-key-0123456789" };
  const digest = "0c37fa68e0d8ac5a2a4b4bd5b1d0bd7cbf2b1b0cb5b2f3b1cbb1a1b0b1b0b1b0";
  const config = `[[auth.keys]]\nname = "g"\nscopes = ["read"]\nsha256 = "${digest}"\n`;
  await withProgram({ env, config }, async ({ get, key }) => {
    assertEquals(key, "", "no key of our own was made");
    const response = await get("/theblock/logs", { "x-api-key": env.BB_API_KEY });
    await response.body?.cancel();
    assertEquals(response.status, 200);
  });
});

Deno.test("an open WebSocket does not keep the program from stopping", async () => {
  let stream: Stream | null = null;
  await withProgram({}, async (program) => {
    stream = await open(program);
    await stream.next();
  });
  assertEquals((await stream!.closed).code, 1001);
});
