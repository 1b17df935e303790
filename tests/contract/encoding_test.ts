import { Buffer } from "node:buffer";
import { gunzipSync } from "node:zlib";
// @ts-types="#types/std_assert.d.ts"
import { assert, assertEquals, assertMatch, assertNotEquals } from "@std/assert";
import { type Topic, TOPIC_NAMES } from "../../src/engine/topic.ts";
import { routeTable } from "../../src/app.ts";
import type { Json, Program } from "./harness.ts";
import { metaOf } from "./bodies.ts";
import { rawRequest, Stream, until, withProgram } from "./harness.ts";
import { withNode } from "./node.ts";

/** The REST path of a topic, by its shape in the route table; null where a topic has no route of its own. */
function pathOfTopic(topic: Topic): string | null {
  if (topic.startsWith("market.")) return `/theblock/markets/${topic.slice("market.".length)}`;
  const paths: Partial<Record<Topic, string>> = {
    network: "/theblock/network/metrics",
    markets: "/theblock/markets/health",
    scheduler: "/theblock/scheduler/stats",
    peers: "/theblock/peers/list",
    engine: "/state",
    risk: "/risk/portfolio",
    strategies: "/strategy/breakdown",
  };
  const candidates = [paths[topic], `/theblock/${topic}`, `/${topic}`];
  return candidates.find((path) => routeTable().some((route) => route.path === path)) ?? null;
}

/** The raw data of a topic message. */
function dataOf(text: string): string {
  const start = text.indexOf('"data":') + '"data":'.length;
  return text.slice(start, -1);
}

/** Asks until a fresh snapshot and a GET are the same version, for topics that change now and then. */
async function sameVersion(
  program: Program,
  stream: Stream,
  topic: Topic,
  path: string,
  headers: Readonly<Record<string, string>>,
): Promise<{ snap: string; response: Response; bytes: Uint8Array<ArrayBuffer> }> {
  for (let attempt = 0; attempt < 20; attempt++) {
    stream.say({ op: "unsub", topics: [topic] });
    stream.say({ op: "sub", topics: [topic] });
    let text: string;
    do text = await stream.nextText(); while (
      !text.includes('"kind":"snap"') || !text.includes(`"topic":"${topic}"`)
    );
    const response = await program.get(path, headers);
    const bytes = new Uint8Array(await response.arrayBuffer());
    const body = JSON.parse(new TextDecoder().decode(bytes)) as { _meta: { seq: number } };
    if (body._meta.seq === (JSON.parse(text) as Json).seq) return { snap: dataOf(text), response, bytes };
  }
  throw new Error(`topic ${topic} changes faster than it can be asked for`);
}

Deno.test("a snapshot on the socket has the bytes of a GET of the same version, for every topic", async () => {
  await withNode({ dialect: "readme" }, async (program) => {
    const headers = { "accept-encoding": "identity", "x-api-key": program.key };
    const url = `${program.url.replace("http", "ws")}/theblock/ws`;
    const stream = await new Stream(url, { headers: { "x-api-key": program.key } }).opened();
    let compared = 0;
    for (const topic of TOPIC_NAMES) {
      const path = pathOfTopic(topic);
      if (path === null) throw new Error(`topic ${topic} has no route: name it in this file`);
      const { snap, bytes } = await sameVersion(program, stream, topic, path, headers);
      assertEquals(new TextDecoder().decode(bytes), snap, topic);
      compared++;
    }
    assertEquals(compared, TOPIC_NAMES.length);
    await stream.close();
  });
});

Deno.test("gzip carries the same bytes under an ETag of its own", async () => {
  await withProgram({}, async ({ port }) => {
    const ask = (encoding: string) =>
      rawRequest(port, [
        "GET /openapi.json HTTP/1.1",
        "Host: localhost",
        `Accept-Encoding: ${encoding}`,
      ]);
    const plain = await ask("identity");
    const zipped = await ask("gzip, br");
    assertEquals([plain.headers.get("content-encoding"), zipped.headers.get("content-encoding")], [
      null,
      "gzip",
    ]);
    const bytes = Buffer.from(zipped.body, "latin1");
    assertEquals(gunzipSync(bytes).toString("latin1"), plain.body);
    assertEquals(zipped.headers.get("etag"), plain.headers.get("etag")!.replace(/"$/, '-gzip"'));
    assertEquals(Number(zipped.headers.get("content-length")), bytes.length);
  });
});

Deno.test("a small body is not compressed", async () => {
  await withProgram({}, async ({ port }) => {
    const response = await rawRequest(port, [
      "GET /health HTTP/1.1",
      "Host: localhost",
      "Accept-Encoding: gzip",
    ]);
    assertEquals([response.status, response.headers.get("content-encoding")], [200, null]);
    assertEquals(JSON.parse(response.body).status, "ok");
  });
});

Deno.test("If-None-Match with the current ETag answers 304 without a body, with another one 200", async () => {
  await withNode({ dialect: "readme" }, async ({ get }) => {
    for (const encoding of ["identity", "gzip"]) {
      const headers = { "accept-encoding": encoding };
      const first = await get("/openapi.json", headers);
      await first.body?.cancel();
      const etag = first.headers.get("etag")!;
      for (const value of [etag, `"other", ${etag}`, `W/${etag}`, "*"]) {
        const again = await get("/openapi.json", { ...headers, "if-none-match": value });
        assertEquals([again.status, await again.text()], [304, ""], value);
        assertEquals(again.headers.get("etag"), etag);
        assertMatch(again.headers.get("vary") ?? "", /Accept-Encoding/);
      }
      for (const value of ['"other"', etag.replaceAll('"', ""), etag.toUpperCase()]) {
        const again = await get("/openapi.json", { ...headers, "if-none-match": value });
        await again.body?.cancel();
        assertEquals(again.status, 200, value);
      }
    }
  });
});

Deno.test("a topic's ETag and seq change with a block", async () => {
  await withNode({ dialect: "readme" }, async ({ get, json }, node) => {
    const health = await get("/theblock/health");
    const tip = node.mine(1);
    await until("the block arrived", async () => (await json("/theblock/health")).block_height === tip);
    const after = await get("/theblock/health");
    assert(metaOf(await after.json()).seq > metaOf(await health.json()).seq);
    assertNotEquals(after.headers.get("etag"), health.headers.get("etag"));
  });
});

Deno.test("the page's files are served for ever under hashed names, and no others exist", async () => {
  await withProgram({}, async ({ get }) => {
    const html = await (await get("/", { accept: "text/html" })).text();
    const hashed = [...html.matchAll(/"(\/web\/[^"]+)"/g)].map(([, url]) => url!).filter((url) =>
      /\.[0-9a-f]{12}\./.test(url)
    );
    for (const url of new Set(hashed)) {
      const response = await get(url);
      assertEquals(response.status, 200, url);
      await response.body?.cancel();
      assertEquals(response.headers.get("cache-control"), "max-age=31536000, immutable");
      assertEquals(response.headers.get("etag"), null, "nobody asks again for what never changes");
    }
    const missing = await get("/web/no_such_file.js");
    assertEquals(missing.status, 404);
    assertEquals(missing.headers.get("content-type"), "application/problem+json");
    await missing.body?.cancel();
  });
});
