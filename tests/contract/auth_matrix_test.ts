// @ts-types="#types/std_assert.d.ts"
import { assert, assertEquals } from "@std/assert";
import { routeTable } from "../../src/app.ts";
import type { Scope } from "../../src/config.ts";
import { type Topic, TOPIC_NAMES } from "../../src/engine/topic.ts";
import { sha256Hex } from "../../src/server/auth.ts";
import type { Route } from "../../src/server/router.ts";
import { type Json, type Program, Stream, withProgram } from "./harness.ts";
import { statusOf, upgradeHeaders } from "./status_line.ts";

/** What a route needs: nothing ever, a key only where reads are protected, or a scope. */
type Policy = "open" | "public" | Scope;

/**
 * Who may use what, as the contract says it and not as the route table does. The first row that fits counts. A route
 * that fits none fails: whoever adds a route decides here who may use it.
 */
const POLICIES: readonly (readonly [methods: string, path: RegExp, policy: Policy])[] = [
  ["GET", /^\/(health|health\/ready|version)$/, "open"],
  ["GET", /^\/theblock\/logs$/, "read"],
  ["POST", /^\/(theblock\/fullcheck|orders\/preview)$/, "read"],
  ["GET WS", /^\/theblock\//, "public"],
  ["GET", /^\/(metrics|openapi\.json|license|state|assets|providers|market\/active)?$/, "public"],
  ["GET", /^\/chart\/portfolio$/, "read"],
  ["GET", /^\/chart\/:\w+$/, "public"],
  ["GET WS", /^\/(features|posterior|strategy)(\/|$)/, "public"],
  ["GET WS", /^\/(positions|dashboard|orders|fills|risk|pnl|backtest|export)(\/|$)/, "read"],
  ["WS", /^\/ws$/, "read"],
  ["POST", /^\/(orders|backtest|state|risk\/stop)$/, "trade"],
  ["DELETE", /^\/(orders|backtest)\/:\w+$/, "trade"],
  ["DELETE", /^\/risk\/locks?(\/|$)/, "trade"],
  ["POST", /^\/(risk\/resume|operations)$/, "admin"],
];

/** Topics by scope. A topic that is not here fails: whoever adds one decides here who may see it. */
const TOPIC_POLICIES: Readonly<Record<string, "public" | "read">> = {
  health: "public",
  status: "public",
  pnl: "public",
  gates: "public",
  network: "public",
  markets: "public",
  "market.compute": "public",
  "market.storage": "public",
  "market.energy": "public",
  "market.ad": "public",
  scheduler: "public",
  peers: "public",
  mempool: "public",
  capabilities: "public",
  providers: "public",
  operations: "public",
  receipts: "public",
  alerts: "public",
  orders: "read",
  positions: "read",
  engine: "read",
  risk: "read",
  dashboard: "read",
  strategies: "public",
  features: "public",
  posterior: "public",
  logs: "read",
};

const SCOPES: readonly Scope[] = ["read", "trade", "admin"];
const KEYS: Readonly<Record<Scope, string>> = {
  read: "a-key-that-may-read",
  trade: "a-key-that-may-trade",
  admin: "a-key-that-may-all",
};

type Who = "none" | "wrong" | Scope;
const EVERYBODY: readonly Who[] = ["none", "wrong", ...SCOPES];

const KEYS_CONFIG = `[auth]\nkeys = [${
  SCOPES.map((scope) => `{ name = "${scope}", scopes = ["${scope}"], sha256 = "${sha256Hex(KEYS[scope])}" }`)
    .join(", ")
}]\n`;

function policyOf({ method, path }: Route): Policy {
  const row = POLICIES.find(([methods, fits]) => methods.split(" ").includes(method) && fits.test(path));
  assert(row, `${method} ${path} has no policy: say in POLICIES of this file who may use it`);
  return row[2];
}

/** What the contract makes of a request: `in`, or the status that refuses it. */
function expected(policy: Policy, who: Who, readsProtected: boolean): "in" | 401 | 403 {
  if (who === "wrong") return 401;
  if (policy === "open" || (policy === "public" && !readsProtected)) return "in";
  if (who === "none") return 401;
  const needed = policy === "public" ? "read" : policy;
  return SCOPES.indexOf(who) >= SCOPES.indexOf(needed) ? "in" : 403;
}

/** What the server makes of it. A request that is let in may still be wrong in every other way. */
async function found(port: number, route: Route, who: Who, address: number): Promise<"in" | number> {
  const path = route.path.replace(/:\w+/g, "nothing");
  const key = who === "none" ? [] : [`X-API-Key: ${who === "wrong" ? "not-a-key" : KEYS[who]}`];
  const status = route.method === "WS"
    ? await statusOf(port, [`GET ${path} HTTP/1.1`, ...upgradeHeaders(), ...key], address)
    : await statusOf(port, [`${route.method} ${path} HTTP/1.1`, "Content-Length: 0", ...key], address);
  return status === 401 || status === 403 || status === 429 ? status : "in";
}

Deno.test("every route has a policy, and the route table says the same", () => {
  for (const route of routeTable()) {
    assertEquals(route.scope, policyOf(route), `${route.method} ${route.path}`);
  }
});

for (const readsProtected of [false, true]) {
  const name = readsProtected ? " where reads are protected" : "";
  Deno.test(`every route lets in whom the contract lets in, of none, wrong, read, trade and admin${name}`, async () => {
    const config = `${KEYS_CONFIG}protect_reads = ${readsProtected}\n`;
    await withProgram({ config }, async ({ port }) => {
      const cells: string[] = [];
      const wanted: string[] = [];
      for (const [number, route] of routeTable().entries()) {
        const policy = policyOf(route);
        for (const who of EVERYBODY) {
          const cell = `${route.method} ${route.path} with ${who}: `;
          // Wrong keys come from another address each time: after ten of them an address has to wait.
          cells.push(cell + await found(port, route, who, who === "wrong" ? 2 + number : 1));
          wanted.push(cell + expected(policy, who, readsProtected));
        }
      }
      assertEquals(cells, wanted);
      assertEquals(cells.length, EVERYBODY.length * routeTable().length);
    });
  });
}

/** Topics that were accepted and that were refused. */
async function topicsFor(program: Program, options: ConstructorParameters<typeof Stream>[1]) {
  const stream = await new Stream(`${program.url.replace("http", "ws")}/theblock/ws`, options).opened();
  stream.say({ op: "sub", topics: TOPIC_NAMES });
  const refused: unknown[] = [];
  for (;;) {
    const message: Json = await stream.next(({ op }) => op === "ok" || op === "error");
    if (message.op === "ok") {
      await stream.close();
      return { accepted: message.topics as readonly Topic[], refused };
    }
    assertEquals(message.code, "FORBIDDEN");
    refused.push(message.topic);
  }
}

Deno.test("every topic is for whom the contract says, of none, read, trade and admin", async () => {
  for (const topic of TOPIC_NAMES) {
    assert(
      Object.hasOwn(TOPIC_POLICIES, topic),
      `topic ${topic} has no policy: say in TOPIC_POLICIES who may see it`,
    );
  }
  const open = TOPIC_NAMES.filter((topic) => TOPIC_POLICIES[topic] === "public");
  const closed = TOPIC_NAMES.filter((topic) => TOPIC_POLICIES[topic] !== "public");
  await withProgram({ config: KEYS_CONFIG }, async (program) => {
    assertEquals(await topicsFor(program, {}), { accepted: open, refused: closed });
    for (const scope of SCOPES) {
      const all = { accepted: TOPIC_NAMES, refused: [] };
      assertEquals(await topicsFor(program, { headers: { "x-api-key": KEYS[scope] } }), all, scope);
      assertEquals(await topicsFor(program, { protocols: ["bb.v1", `key.${KEYS[scope]}`] }), all, scope);
    }
  });
});

Deno.test("every stream and every route that acts refuses pages of foreign origins, whatever key they bring", async () => {
  const config = `${KEYS_CONFIG}[server]\nallowed_origins = ["https://dash.example"]\n`;
  await withProgram({ config }, async ({ port }) => {
    const origins: readonly (readonly [origin: string | null, allowed: boolean])[] = [
      [null, true],
      [`http://127.0.0.1:${port}`, true],
      [`HTTP://127.0.0.1:${port}`, true],
      ["https://dash.example", true],
      ["https://DASH.example", true],
      ["null", false],
      ["", false],
      ["http://evil.example", false],
      ["https://dash.example.evil", false],
      ["https://evil-dash.example", false],
      ["http://dash.example", false],
      ["https://dash.example:444", false],
      [`http://127.0.0.1:${port + 1}`, false],
      [`http://127.0.0.1:${port}.evil.example`, false],
      ["https://dash.example, http://evil.example", false],
      ["file://", false],
    ];
    for (const route of routeTable()) {
      if (route.method === "GET") continue;
      const path = route.path.replace(/:\w+/g, "nothing");
      for (const [origin, allowed] of origins) {
        const head = route.method === "WS"
          ? [`GET ${path} HTTP/1.1`, ...upgradeHeaders()]
          : [`${route.method} ${path} HTTP/1.1`, "Content-Length: 0"];
        const status = await statusOf(port, [
          ...head,
          `X-API-Key: ${KEYS.admin}`,
          ...(origin === null ? [] : [`Origin: ${origin}`]),
        ]);
        assertEquals(status === 403, !allowed, `${route.method} ${path} from ${origin}: ${status}`);
      }
    }
  });
});
