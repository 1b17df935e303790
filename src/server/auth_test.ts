// @ts-types="#types/std_assert.d.ts"
import { assert, assertEquals, assertMatch, assertNotMatch, assertThrows } from "@std/assert";
import type { ApiKey, Scope } from "../config.ts";
import { ManualClock } from "../runtime/clock.ts";
import { Log } from "../telemetry/log.ts";
import { Auth, HostRules, PROTOCOL, sha256Hex } from "./auth.ts";
import { Problem } from "./problem.ts";
import type { RouteScope } from "./router.ts";

const KEYS: Readonly<Record<Scope, string>> = {
  read: "read-key-0123456789abcdef",
  trade: "trade-key",
  admin: "admin-key-0123456789abcdef-0123456789abcdef-0123456789abcdef",
};

function newAuth(options: { protectReads?: boolean; keys?: readonly ApiKey[] } = {}) {
  const lines: string[] = [];
  const clock = new ManualClock();
  const keys = options.keys ?? (Object.entries(KEYS) as [Scope, string][]).map(([scope, key]): ApiKey => ({
    name: `the ${scope} key`,
    scopes: [scope],
    sha256: sha256Hex(key),
  }));
  const log = new Log("info", (line) => lines.push(line), () => clock.nowMs());
  return { auth: new Auth({ keys, protectReads: options.protectReads ?? false, clock, log }), clock, lines };
}

function request(headers: Record<string, string> = {}): Request {
  return new Request("http://127.0.0.1:8000/theblock/health", { headers });
}

function withKey(key: string): Request {
  return request({ "x-api-key": key });
}

/** The status that a call ends in; 200 where it does not throw. */
function statusOf(fn: () => unknown): number {
  try {
    fn();
    return 200;
  } catch (error) {
    if (error instanceof Problem) return error.status;
    throw error;
  }
}

Deno.test("sha256Hex() is SHA-256 of the UTF-8 text", () => {
  assertEquals(sha256Hex("abc"), "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad");
});

Deno.test("Auth.authorize() follows the matrix of routes and keys", () => {
  const matrix: Record<string, Record<"none" | Scope, number>> = {
    "open": { none: 200, read: 200, trade: 200, admin: 200 },
    "public": { none: 200, read: 200, trade: 200, admin: 200 },
    "public, reads protected": { none: 401, read: 200, trade: 200, admin: 200 },
    "open, reads protected": { none: 200, read: 200, trade: 200, admin: 200 },
    "read": { none: 401, read: 200, trade: 200, admin: 200 },
    "trade": { none: 401, read: 403, trade: 200, admin: 200 },
    "admin": { none: 401, read: 403, trade: 403, admin: 200 },
  };
  for (const [row, expected] of Object.entries(matrix)) {
    const { auth } = newAuth({ protectReads: row.endsWith("protected") });
    const scope = row.split(",")[0] as RouteScope;
    for (const [who, status] of Object.entries(expected)) {
      const asked = who === "none" ? request() : withKey(KEYS[who as Scope]);
      assertEquals(
        statusOf(() => auth.authorize(auth.identify(asked, "10.0.0.1"), scope)),
        status,
        `${row} with ${who}`,
      );
    }
  }
});

Deno.test("Auth.authorize() says which scope is missing and how to bring a key", () => {
  const { auth } = newAuth();
  const without = assertThrows(() => auth.authorize(auth.identify(request(), "a"), "trade"), Problem);
  assertEquals(without.headers["www-authenticate"], "ApiKey");
  assertMatch(without.message, /"trade".*X-API-Key/);
  const identity = auth.identify(withKey(KEYS.read), "a");
  const weak = assertThrows(() => auth.authorize(identity, "admin"), Problem);
  assertEquals(weak.message, 'the key "the read key" does not have the scope "admin"');
});

Deno.test("Auth.identify() refuses keys that are not known, and logs no part of them", () => {
  const { auth, lines } = newAuth();
  const wrong = ["x", KEYS.read.slice(0, -1), `${KEYS.read}x`, KEYS.read.toUpperCase(), sha256Hex(KEYS.read)];
  for (const [i, key] of wrong.entries()) {
    assertEquals(statusOf(() => auth.identify(withKey(key), `10.0.0.${i}`)), 401, key);
    assertMatch(lines[i]!, /"event":"auth.wrong_key"/);
    assertEquals(lines[i]!.includes(key) && key.length > 1, false);
  }
  assertEquals(statusOf(() => auth.identify(withKey(""), "a")), 401, "an empty key is a wrong key");
});

Deno.test("Auth.identify() works without any configured key", () => {
  const { auth } = newAuth({ keys: [] });
  assertEquals(statusOf(() => auth.identify(withKey("anything"), "a")), 401);
  assertEquals(auth.identify(request(), "a"), { name: null, scopes: new Set<Scope>() });
});

Deno.test("Auth.identify() takes the key of a browser from the second subprotocol", () => {
  const { auth } = newAuth();
  const offered = (value: string) => auth.identify(request({ "sec-websocket-protocol": value }), "a").name;
  assertEquals(offered(`${PROTOCOL}, key.${KEYS.trade}`), "the trade key");
  assertEquals(offered(`key.${KEYS.read},${PROTOCOL}`), "the read key");
  assertEquals(offered(PROTOCOL), null);
  assertEquals(statusOf(() => offered(`${PROTOCOL}, key.nonsense`)), 401);
  const both = request({ "x-api-key": KEYS.admin, "sec-websocket-protocol": `${PROTOCOL}, key.nonsense` });
  assertEquals(auth.identify(both, "a").name, "the admin key", "the header comes first");
});

Deno.test("Auth.identify() makes an address wait after ten wrong keys, whatever it brings then", async () => {
  const { auth, clock } = newAuth();
  const attempt = (key: string, address = "10.0.0.1") => statusOf(() => auth.identify(withKey(key), address));
  for (let i = 0; i < 10; i++) assertEquals(attempt(`guess ${i}`), 401);
  assertEquals(attempt("guess 11"), 429);
  assertEquals(attempt(KEYS.read), 429, "else guessing would go on unseen");
  assertEquals(attempt(KEYS.read, "10.0.0.2"), 200, "other addresses are served");
  assertEquals(statusOf(() => auth.identify(request(), "10.0.0.1")), 200, "and requests without a key");
  const problem = assertThrows(() => auth.identify(withKey("x"), "10.0.0.1"), Problem);
  assertEquals(problem.headers["retry-after"], "60");
  await clock.advance(59_999);
  assertEquals(attempt(KEYS.read), 429);
  await clock.advance(1);
  assertEquals(attempt(KEYS.read), 200);
});

Deno.test("Auth.identify() remembers no more addresses than its limit", () => {
  const { auth } = newAuth();
  for (let i = 0; i < 10; i++) statusOf(() => auth.identify(withKey("x"), "10.0.0.1"));
  for (let i = 0; i < 10_000; i++) statusOf(() => auth.identify(withKey("x"), `10.1.${i >> 8}.${i & 255}`));
  assertEquals(statusOf(() => auth.identify(withKey("x"), "10.0.0.1")), 401, "it was forgotten, not grown");
});

Deno.test("Auth compares digests in constant time and looks at every key", async () => {
  const source = await Deno.readTextFile(new URL("./auth.ts", import.meta.url));
  const loop = /for \(const stored of this\.#keys\)(.*)/.exec(source)?.[1] ?? "";
  assertMatch(loop, /timingSafeEqual\(stored\.digest, digest\)/);
  assertNotMatch(loop, /break|return/);
});

const RULES = new HostRules({
  host: "127.0.0.1",
  allowedHosts: ["bb.example", "Box.Local"],
  allowedOrigins: ["http://localhost:4173", "https://dash.example"],
});

Deno.test("HostRules.checkHost() answers for loopback and configured names only", () => {
  const status = (host: string | null) =>
    statusOf(() => RULES.checkHost({ headers: new Headers(host === null ? {} : { host }) } as Request));
  const good = [
    "localhost",
    "LOCALHOST:8000",
    "127.0.0.1",
    "127.0.0.1:8000",
    "[::1]",
    "[::1]:8000",
    "bb.example",
    "bb.example:443",
    "BB.Example",
    "box.local:1",
  ];
  for (const host of good) assertEquals(status(host), 200, host);
  const foreign = [
    null,
    "",
    "evil.example",
    "evil.example:8000",
    "localhost.evil.example",
    "127.0.0.1.evil.example",
    "127.0.0.2",
    "0.0.0.0:8000",
    "localhost:8000:9000",
    "localhost:x",
    "user@localhost",
    "localhost.",
    "[::2]",
    "::1",
    "bb.example.",
    "xbb.example",
  ];
  for (const host of foreign) assertEquals(status(host), 421, String(host));
});

Deno.test("HostRules.checkHost() knows the address that the server is bound to, except a wildcard", () => {
  const bound = (host: string, asked: string) =>
    statusOf(() =>
      new HostRules({ host, allowedHosts: [], allowedOrigins: [] }).checkHost(
        { headers: new Headers({ host: asked }) } as Request,
      )
    );
  assertEquals(bound("192.168.1.5", "192.168.1.5:8000"), 200);
  for (const wildcard of ["0.0.0.0", "::", "[::]"]) assertEquals(bound(wildcard, wildcard), 421, wildcard);
});

Deno.test("HostRules.checkOrigin() lets our own pages, configured origins and programs act", () => {
  const check = (origin: string | null, host = "127.0.0.1:8000") => {
    const headers = new Headers({ host, ...(origin === null ? {} : { origin }) });
    try {
      return RULES.checkOrigin({ headers } as Request) ?? "same";
    } catch (error) {
      assert(error instanceof Problem);
      return error.status;
    }
  };
  assertEquals(check(null), "same");
  assertEquals(check("http://127.0.0.1:8000"), "same");
  assertEquals(check("http://LocalHost:8000", "localhost:8000"), "same");
  assertEquals(check("https://bb.example", "bb.example"), "same", "behind a proxy that ends TLS");
  assertEquals(check("http://localhost:4173"), "http://localhost:4173");
  assertEquals(check("https://dash.example"), "https://dash.example");
  assertEquals(check("HTTPS://Dash.Example"), "HTTPS://Dash.Example");
  const foreign = [
    "null",
    "",
    "http://evil.example",
    "http://127.0.0.1:8001",
    "http://localhost:8000",
    "http://127.0.0.1",
    "http://127.0.0.1:8000.evil.example",
    "http://127.0.0.1:8000/",
    "http://user@127.0.0.1:8000",
    "http://dash.example",
    "https://dash.example:444",
    "https://sub.dash.example",
    "file://",
    "chrome-extension://abcdef",
    "http://localhost:4173, http://evil.example",
  ];
  for (const origin of foreign) assertEquals(check(origin), 403, origin);
});
