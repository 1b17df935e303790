// @ts-types="#types/std_assert.d.ts"
import { assert, assertEquals, assertMatch, assertStringIncludes } from "@std/assert";
import { URL_MAX } from "../../src/server/server.ts";
import { type Json, type Program, rawRequest, type RawResponse, Stream, withProgram } from "./harness.ts";

/** Checks that a response is a problem of this status and gives its body. */
async function problem(response: Response, status: number, where = ""): Promise<Json> {
  assertEquals(response.status, status, where);
  return checked(response.headers, await response.text(), status, where);
}

function rawProblem(response: RawResponse, status: number, where = ""): Json {
  assertEquals(response.status, status, `${where} ${response.body.slice(0, 200)}`);
  return checked(response.headers, response.body, status, where);
}

function checked(headers: Headers, text: string, status: number, where: string): Json {
  assertEquals(headers.get("content-type"), "application/problem+json", where);
  assertEquals(headers.get("cache-control"), "no-store", where);
  assertEquals(headers.get("x-content-type-options"), "nosniff", where);
  const body = JSON.parse(text) as Json;
  const keys = ["type", "title", "status", "detail", "request_id"];
  assertEquals(Object.keys(body), "errors" in body ? [...keys, "errors"] : keys, where);
  assertEquals([body.status, body.type], [status, `about:blank#${status}`], where);
  assertEquals(body.request_id, headers.get("x-request-id"), where);
  assert(typeof body.detail === "string" && body.detail !== "" && body.title !== "", where);
  return body;
}

const FULLCHECK = "/theblock/fullcheck";

/** Head of a raw POST. */
function postHead(program: Program, extra: readonly string[]): readonly string[] {
  return [`POST ${FULLCHECK} HTTP/1.1`, "Host: localhost", `X-API-Key: ${program.key}`, ...extra];
}

Deno.test("400 for bodies that are not JSON and for queries that the route does not have", async () => {
  await withProgram({}, async ({ url, get, post, key }) => {
    for (const body of ["", "{", "{'a':1}", "nonsense", "{} {}", '{"a":1e}', "\u0000"]) {
      await problem(await post(FULLCHECK, body, { "x-api-key": key }), 400, JSON.stringify(body));
    }
    const wrongUtf8 = await fetch(`${url}${FULLCHECK}`, {
      method: "POST",
      headers: { "content-type": "application/json", "x-api-key": key },
      body: new Uint8Array([0x7b, 0x22, 0xff, 0x22, 0x7d]),
    });
    await problem(wrongUtf8, 400);
    const unknown = await problem(await get("/theblock/health?limit=5"), 400);
    assertEquals((unknown.errors as Json[])[0]!.field, "limit");
    const headers = { "x-api-key": key };
    for (
      const query of [
        "limit=0",
        "limit=501",
        "limit=abc",
        "limit=1&limit=1",
        "level=loud",
        "Limit=1",
        "limit=%00",
      ]
    ) {
      await problem(await get(`/theblock/logs?${query}`, headers), 400, query);
    }
    const two = await problem(await get("/theblock/logs?limit=501&level=loud", headers), 400);
    assertEquals((two.errors as Json[]).map(({ field }) => field), ["limit", "level"]);
    await problem(await get(`/theblock/health?a=${"x".repeat(URL_MAX)}`), 400);
  });
});

Deno.test("401 without a key and with a wrong one", async () => {
  await withProgram({}, async ({ get, post, key }) => {
    const attempts = [
      await get("/theblock/logs"),
      await post(FULLCHECK, {}),
      await get("/theblock/logs", { "x-api-key": `${key}x` }),
      await get("/theblock/health", { "x-api-key": "wrong" }),
    ];
    for (const response of attempts) {
      assertEquals(response.headers.get("www-authenticate"), "ApiKey");
      const body = await problem(response, 401);
      assert(!JSON.stringify(body).includes(key));
    }
    const logs = await (await get("/theblock/logs?limit=500&level=debug", { "x-api-key": key })).text();
    assertStringIncludes(logs, "auth.wrong_key");
    assert(!logs.includes(key), "no key is ever logged");
  });
});

Deno.test("403 for a key without the scope and for pages of foreign origins that want to act", async () => {
  await withProgram({}, async ({ get, post, url, key, port }) => {
    const evil = { origin: "https://evil.example" };
    await problem(await post(FULLCHECK, {}, { ...evil, "x-api-key": key }), 403);
    await problem(await fetch(`${url}/theblock/health`, { method: "OPTIONS", headers: evil }), 403);
    const upgrade = await rawRequest(port, [
      "GET /theblock/ws HTTP/1.1",
      `Host: localhost:${port}`,
      "Upgrade: websocket",
      "Sec-WebSocket-Version: 13",
      "Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==",
      "Origin: https://evil.example",
    ]);
    rawProblem(upgrade, 403);
    const read = await get("/theblock/health", evil);
    assertEquals([read.status, read.headers.get("access-control-allow-origin")], [200, null]);
    await read.body?.cancel();
  });
});

Deno.test("404 for paths and markets that do not exist", async () => {
  await withProgram({}, async ({ get, post, key }) => {
    const paths = [
      "/nothing",
      "/theblock",
      "/theblock/",
      "/theblock/health/",
      "/theblock/markets",
      "/theblock/markets/",
      "/theblock/markets/ads",
      "/theblock/markets/Compute",
      "/theblock/markets/compute%2Fx",
      "/theblock/markets/__proto__",
      "/theblock/markets/%E0%A4",
      `/theblock/markets/${"x".repeat(200)}`,
      "/HEALTH",
      "/web",
      "/web/",
      "/web/index.html",
      "/web/deno.json",
    ];
    for (const path of paths) await problem(await get(path), 404, path);
    const market = await problem(await get("/theblock/markets/ads"), 404);
    assertStringIncludes(market.detail as string, "compute, storage, energy, ad");
    await problem(await post("/theblock/fullchecks", {}, { "x-api-key": key }), 404);
  });
});

Deno.test("405 with Allow for methods that the path does not have", async () => {
  await withProgram({}, async ({ url, port }) => {
    const cases: readonly [string, string, string][] = [
      ["POST", "/theblock/health", "GET, HEAD"],
      ["DELETE", "/", "GET, HEAD"],
      ["PUT", "/theblock/markets/ad", "GET, HEAD"],
      ["PATCH", "/metrics", "GET, HEAD"],
      ["GET", FULLCHECK, "POST"],
      ["POST", "/theblock/ws", "GET"],
    ];
    for (const [method, path, allow] of cases) {
      const response = await fetch(`${url}${path}`, { method });
      assertEquals(response.headers.get("allow"), allow, `${method} ${path}`);
      await problem(response, 405, `${method} ${path}`);
    }
    const upgrade = await rawRequest(port, [
      "GET /theblock/health HTTP/1.1",
      "Host: localhost",
      "Upgrade: websocket",
    ]);
    rawProblem(upgrade, 405, "an upgrade of a path that is no stream");
  });
});

Deno.test("413 for bodies over the limit, announced or not", async () => {
  await withProgram({ config: "[server]\nmax_body_bytes = 2048\n" }, async (program) => {
    const headers = { "x-api-key": program.key };
    const fits = JSON.stringify({ domain: "a.block" }).padEnd(2_048, " ");
    const ok = await program.post(FULLCHECK, fits, headers);
    await ok.body?.cancel();
    assertEquals(ok.status, 200);
    const body = await problem(await program.post(FULLCHECK, `${fits} `, headers), 413);
    assertStringIncludes(body.detail as string, "2048 bytes");
    const announced = await rawRequest(
      program.port,
      postHead(program, ["Content-Type: application/json", "Content-Length: 99999999999"]),
    );
    rawProblem(announced, 413);
    const chunk = `400\r\n${" ".repeat(1_024)}\r\n`;
    const chunked = await rawRequest(
      program.port,
      postHead(program, ["Content-Type: application/json", "Transfer-Encoding: chunked"]),
      `${chunk.repeat(4)}0\r\n\r\n`,
    );
    rawProblem(chunked, 413);
  });
});

Deno.test("415 for bodies of another type", async () => {
  await withProgram({}, async (program) => {
    const headers = { "x-api-key": program.key };
    for (
      const type of ["text/plain", "application/x-www-form-urlencoded", "application/jsonp", "text/json", ""]
    ) {
      await problem(await program.post(FULLCHECK, "{}", { ...headers, "content-type": type }), 415, type);
    }
    const none = await rawRequest(program.port, postHead(program, ["Content-Length: 2"]), "{}");
    rawProblem(none, 415, "no type");
    for (const type of ["application/json;charset=utf-8", "Application/JSON ; a=b"]) {
      const response = await program.post(FULLCHECK, "{}", { ...headers, "content-type": type });
      await response.body?.cancel();
      assertEquals(response.status, 200, type);
    }
  });
});

Deno.test("421 for names that are not ours, on every kind of request", async () => {
  await withProgram({ config: '[server]\nallowed_hosts = ["bb.example"]\n' }, async ({ port }) => {
    const ask = (host: string, line = "GET /theblock/health HTTP/1.1", extra: readonly string[] = []) =>
      rawRequest(port, [line, `Host: ${host}`, ...extra]);
    for (const host of ["localhost", `127.0.0.1:${port}`, "[::1]:9", "bb.example", "BB.Example:443"]) {
      assertEquals((await ask(host)).status, 200, host);
    }
    const foreign = [
      "evil.example",
      "127.0.0.1.evil.example",
      "localhost.evil.example",
      "10.0.0.1",
      "0.0.0.0",
      "metadata.internal:80",
      "x",
      "bb.example.evil",
    ];
    for (const host of foreign) rawProblem(await ask(host), 421, host);
    rawProblem(await ask("evil.example", "GET / HTTP/1.1", ["Accept: text/html"]), 421, "the page");
    rawProblem(await ask("evil.example", "GET /web/main.ts HTTP/1.1"), 421, "a file");
    rawProblem(await ask("evil.example", "GET /health HTTP/1.1"), 421, "health");
    rawProblem(await ask("evil.example", "OPTIONS / HTTP/1.1"), 421, "a preflight");
    const upgrade = [
      "Upgrade: websocket",
      "Sec-WebSocket-Version: 13",
      "Sec-WebSocket-Key: AAAAAAAAAAAAAAAAAAAAAA==",
    ];
    rawProblem(await ask("evil.example", "GET /theblock/ws HTTP/1.1", upgrade), 421, "a stream");
  });
});

Deno.test("422 for JSON that breaks the schema, with every field", async () => {
  await withProgram({}, async ({ post, key }) => {
    const headers = { "x-api-key": key };
    const body = await problem(
      await post(FULLCHECK, { domain: 5, nonsense: 1, file: { sha256: "x" } }, headers),
      422,
    );
    const fields = (body.errors as Json[]).map(({ field }) => field);
    for (const field of ["domain", "nonsense", "file.sha256"]) assert(fields.includes(field), field);
    for (const value of [[], '"text"', 5, null]) await problem(await post(FULLCHECK, value, headers), 422);
    await problem(await post(FULLCHECK, '{"__proto__": {"domain": "a.block"}}', headers), 422);
  });
});

Deno.test("426 for a plain GET of a stream", async () => {
  await withProgram({}, async ({ get }) => {
    const response = await get("/theblock/ws");
    assertEquals(response.headers.get("upgrade"), "websocket");
    await problem(response, 426);
  });
});

Deno.test("429 with Retry-After after ten wrong keys", async () => {
  await withProgram({}, async ({ get, json, key }) => {
    for (let i = 0; i < 10; i++) {
      await problem(await get("/theblock/logs", { "x-api-key": `guess-${i}` }), 401);
    }
    const response = await get("/theblock/logs", { "x-api-key": key });
    assertMatch(response.headers.get("retry-after") ?? "", /^\d+$/);
    await problem(response, 429);
    assertEquals(typeof (await json("/theblock/health")).block_height, "number");
  });
});

Deno.test("503 with Retry-After when there are as many WebSocket clients as there may be", async () => {
  await withProgram({ config: "[server]\nmax_clients = 1\n" }, async ({ url, port, json, get }) => {
    const stream = await new Stream(`${url.replace("http", "ws")}/theblock/ws`).opened();
    await stream.next();
    const refused = await rawRequest(port, [
      "GET /theblock/ws HTTP/1.1",
      "Host: localhost",
      "Upgrade: websocket",
      "Sec-WebSocket-Version: 13",
      "Sec-WebSocket-Key: AAAAAAAAAAAAAAAAAAAAAA==",
    ]);
    assertEquals(refused.headers.get("retry-after"), "5");
    rawProblem(refused, 503);
    assertMatch(await (await get("/metrics")).text(), /^bb_ws_clients_refused_total 1$/m);
    await stream.close();
    assertEquals((await json("/health")).status, "ok");
  });
});

Deno.test("requests that no client should send never cost more than their own connection", async () => {
  await withProgram({}, async ({ port, json, log }) => {
    const heads: readonly (readonly string[])[] = [
      ["GET / HTTP/1.1"],
      ["GET / HTTP/1.1", "Host: localhost", "Host: evil.example"],
      ["GET http://evil.example/theblock/health HTTP/1.1", "Host: localhost"],
      ["GET //evil.example/theblock/health HTTP/1.1", "Host: localhost"],
      ["GET * HTTP/1.1", "Host: localhost"],
      ["OPTIONS * HTTP/1.1", "Host: localhost"],
      ["CONNECT localhost:80 HTTP/1.1", "Host: localhost"],
      ["GET /theblock/health?%%% HTTP/1.1", "Host: localhost"],
      ["GET /\\..\\deno.json HTTP/1.1", "Host: localhost"],
      ["GET / HTTP/1.1", "Host: local host"],
      ["GET / HTTP/1.1", "Host: [::1"],
      ["GET / HTTP/1.1", "Host: localhost:99999999"],
      ["GET / HTTP/1.1", "Host: \u0000"],
      ["get / HTTP/1.1", "Host: localhost"],
      ["BREW /pot HTTP/1.1", "Host: localhost"],
      ["GET / HTTP/1.0"],
      ["TRACE / HTTP/1.1", "Host: localhost"],
      [`POST ${FULLCHECK} HTTP/1.1`, "Host: localhost", "Content-Length: -1"],
      ["GET /theblock/ws HTTP/1.1", "Host: localhost", "Upgrade: websocket"],
      ["GET /theblock/ws HTTP/1.1", "Host: localhost", "Upgrade: websocket", "Sec-WebSocket-Version: 8"],
    ];
    for (const head of heads) {
      const { status } = await rawRequest(port, head);
      assert(
        status !== 500 && (status === 0 || status === 200 || status >= 400),
        `${head.join(" | ")}: ${status}`,
      );
    }
    const bugs = log.tail(500).filter(({ event }) => event === "server.bug" || event === "server.error");
    assertEquals(bugs, []);
    assertEquals((await json("/health")).status, "ok");
  });
});

Deno.test("paths that climb out of the page's folder reach nothing", async () => {
  const targets = ["deno.json", "main.ts", "src/config.ts", "etc/passwd", "api.key"];
  const climbs = [
    "/web/../",
    "/web/../../",
    "/web/%2e%2e/",
    "/web/..%2f",
    "/web/%2e%2e%2f",
    "/web/..%5c",
    "/web/..\\",
    "/web/....//",
    "/web/%252e%252e%252f",
    "/web/..;/",
    "/web/.%2e/",
    "/web/%c0%ae%c0%ae/",
    "/web//",
    "/web/%00/",
    "//web/../",
    "/../",
  ];
  await withProgram({}, async ({ port }) => {
    let tried = 0;
    for (const climb of climbs) {
      for (const target of targets) {
        const path = `${climb}${target}`;
        const { status, body } = await rawRequest(port, [`GET ${path} HTTP/1.1`, "Host: localhost"]);
        assert(status === 404 || status === 400, `${path}: ${status}`);
        assert(!/"tasks"|root:|import |SETTINGS|^[0-9a-f]{64}\s*$/.test(body), path);
        tried++;
      }
    }
    assert(tried >= 40);
  });
});
