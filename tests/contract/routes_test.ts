// @ts-types="#types/std_assert.d.ts"
import { assert, assertEquals, assertMatch } from "@std/assert";
import { MARKET_IDS } from "../../src/engine/market.ts";
import type { Dialect } from "../../src/simulator/scenario.ts";
import { assertBody, metaOf, nullPaths, pathsWith, valuesByPath } from "./bodies.ts";
import { type Json, type Program, until, withProgram } from "./harness.ts";
import { withNode } from "./node.ts";
import { type Endpoint, expectedIndex, hasBody, needsKey, runBacktest, samplePaths } from "./paths.ts";

/** Bodies that other things than the node decide, so that they are not called simulated. */
const OWN_BODIES: ReadonlySet<string> = new Set([
  "/",
  "/health",
  "/health/ready",
  "/version",
  "/license",
  "/strategy/agents",
]);

async function endpointsOf(program: Program): Promise<readonly Endpoint[]> {
  return (await program.json("/")).endpoints as readonly Endpoint[];
}

/** README fields by path of the route; each has to be known in dialect `readme`. */
const README_FIELDS: Readonly<Record<string, readonly string[]>> = {
  "/theblock/health": ["block_height", "finalized_height", "sync_status", "peer_count", "timestamp"],
  "/theblock/status": ["uptime_seconds"],
  "/theblock/gates": [
    ...MARKET_IDS.flatMap((id) => [`${id}.state`, `${id}.ready`]),
    "timestamp",
  ],
  "/theblock/network/metrics": [
    "network_strength",
    "block_height",
    "finality_time",
    "peer_count",
    "tps",
    "bandwidth_in",
    "bandwidth_out",
    "active_connections",
    "timestamp",
  ],
  "/theblock/markets/health": [
    "overall_status",
    "healthy_markets",
    "total_markets",
    "timestamp",
    ...MARKET_IDS.flatMap((id) =>
      [
        "status",
        "utilization_ppm",
        "provider_margin_ppm",
        "active_providers",
        "pending_operations",
        "volume_24h",
        "unit_price_micro",
        "gate",
      ].map((field) => `markets.${id}.${field}`)
    ),
  ],
  "/theblock/scheduler/stats": [
    "queue_depth",
    "avg_wait_time_ms",
    "processed_per_block",
    "throughput",
    "timestamp",
  ],
  "/theblock/peers/list": [
    "total",
    "timestamp",
    ...["id", "address", "connected_at", "latency_ms", "version", "is_validator", "reputation"]
      .map((field) => `peers[].${field}`),
  ],
};

/** What depends on receipts of a market; the live node gives none for storage and ads. */
const RECEIPT_FIELDS = ["volume_24h", "volume_100", "units_100", "success_rate_ppm"];

/** What a market says of its providers; the live compute market lists none. */
const LISTING_FIELDS = ["capacity", "available", "capacity_unit", "price", "region", "reputation", "stake"]
  .map((field) => `providers[].${field}`);

/** What a node of the live dialect offers nothing for, by route: exactly these fields are null for that reason. */
const LIVE_NOT_OFFERED: Readonly<Record<string, readonly string[]>> = {
  "/theblock/health": ["block_time", "finalized_height"],
  "/theblock/gates": [],
  "/theblock/network/metrics": [
    "active_connections",
    "active_stake",
    "avg_latency_ms",
    "bandwidth_in",
    "bandwidth_out",
    "finality_lag",
    "finality_time",
    "finalized_height",
    "strength.factors[].points",
    "strength.factors[].value",
    "total_stake",
    "validator_count",
  ],
  "/theblock/markets/health": [
    "markets.ad.pending_operations",
    "markets.ad.volume_24h",
    "markets.energy.pending_operations",
    "markets.storage.pending_operations",
    "markets.storage.volume_24h",
  ],
  "/theblock/markets/compute": LISTING_FIELDS,
  "/theblock/markets/storage": [
    "oldest_wait_ms",
    "pending_operations",
    "providers[].available",
    ...RECEIPT_FIELDS,
  ],
  "/theblock/markets/energy": ["oldest_wait_ms", "pending_operations"],
  "/theblock/markets/ad": ["oldest_wait_ms", "pending_operations", ...RECEIPT_FIELDS],
  "/theblock/scheduler/stats": ["avg_wait_time_ms"],
  "/theblock/peers/list": [
    "peers[].address",
    "peers[].connected_at",
    "peers[].height",
    "peers[].is_validator",
    "peers[].latency_ms",
    "peers[].synced",
    "peers[].throttle_reason",
    "peers[].version",
  ],
  "/theblock/mempool": [],
  "/theblock/capabilities": [],
  "/theblock/providers": LISTING_FIELDS,
  "/theblock/receipts": ["receipts[].consumer", "receipts[].provider_identity", "receipts[].verified"],
};

for (const dialect of ["readme", "live"] satisfies Dialect[]) {
  Deno.test(`every route of the index answers by the contract in dialect ${dialect}`, async () => {
    await withProgram({ dialect }, async (program) => {
      const endpoints = await endpointsOf(program);
      assertEquals(endpoints, expectedIndex());
      await runBacktest(program.url, program.key);
      await trade(program);
      for (const endpoint of endpoints) {
        if (endpoint.method !== "GET") continue;
        const headers: Record<string, string> = needsKey(endpoint) ? { "x-api-key": program.key } : {};
        const paths = await samplePaths(endpoint, (path) => program.json(path, { "x-api-key": program.key }));
        assert(paths.length > 0, `there is nothing to ask ${endpoint.path} for`);
        for (const path of paths) await checkRoute(program, endpoint, path, headers);
      }
    });
  });
}

/** Opens a paper account and buys, so that the routes of trading have something to show. */
async function trade(program: Program): Promise<void> {
  const headers = { "x-api-key": program.key };
  for (
    const [path, body] of [["/state", { mode: "paper" }], ["/orders", {
      token: "COMPUTE",
      qty: 1,
      side: "buy",
    }]] as const
  ) {
    const response = await program.post(path, body, headers);
    assertEquals(response.status, 200, `${path}: ${await response.text()}`);
  }
}

async function checkRoute(
  program: Program,
  endpoint: Endpoint,
  path: string,
  headers: Readonly<Record<string, string>>,
): Promise<void> {
  const response = await program.get(path, headers);
  assertEquals(response.status, 200, path);
  assertEquals(response.headers.get("x-content-type-options"), "nosniff", path);
  assertEquals(response.headers.get("referrer-policy"), "no-referrer", path);
  assertEquals(response.headers.get("x-frame-options"), "DENY", path);
  assertMatch(response.headers.get("x-request-id") ?? "", /^[0-9a-z]+-[0-9a-f]{8}$/, path);
  const text = await response.text();
  if (path === "/metrics") {
    assertEquals(response.headers.get("content-type"), "text/plain; version=0.0.4; charset=utf-8");
    assertMatch(text, /^bb_http_requests_total\{method="GET",route="\/",status="200"\} \d+$/m);
  } else if (hasBody(endpoint.path) || path === "/openapi.json") {
    assertEquals(response.headers.get("content-type"), "application/json; charset=utf-8", path);
    assertEquals(response.headers.get("cache-control"), "no-cache", path);
    assertMatch(response.headers.get("etag") ?? "", /^"[\w-]{22}(-gzip)?"$/, path);
    assertMatch(response.headers.get("vary") ?? "", /Accept-Encoding/, path);
  }
  if (hasBody(endpoint.path)) {
    const body = JSON.parse(text) as Json;
    assertBody(body, path);
    assertEquals(metaOf(body).source, OWN_BODIES.has(endpoint.path) ? "engine" : "simulated", path);
  }
  const head = await fetch(`${program.url}${path}`, { method: "HEAD", headers });
  assertEquals([head.status, await head.text()], [200, ""], `HEAD ${path}`);
  for (const name of ["content-type", "cache-control", "x-content-type-options"]) {
    assertEquals(head.headers.get(name), response.headers.get(name), `HEAD ${path} ${name}`);
  }
}

Deno.test("README fields are known in dialect readme as soon as the program is ready", async () => {
  for (const scenario of ["calm", "stress", "outage"] as const) {
    await withProgram({ scenario }, async (program) => {
      for (const [path, fields] of Object.entries(README_FIELDS)) {
        const body = await program.json(path);
        const values = valuesByPath(body);
        for (const field of fields) {
          const found = values.get(field) ?? [];
          assert(found.length > 0, `${scenario} ${path}: there is no ${field}`);
          assert(
            !found.includes(null),
            `${scenario} ${path}: ${field} is null: ${metaOf(body).partial[field]}`,
          );
        }
      }
    });
  }
});

Deno.test("fields are null in dialect live exactly where the live node offers nothing", async () => {
  await withNode({ dialect: "live" }, async (program, node) => {
    for (const [path, expected] of Object.entries(LIVE_NOT_OFFERED)) {
      const body = await program.json(path);
      assertEquals(pathsWith(body, "NOT_OFFERED"), [...expected].sort(), path);
    }
    // What was only not known yet is known once blocks have come.
    for (let i = 0; i < 2; i++) {
      const tip = node.mine(1);
      await until(
        "the block arrived",
        async () => (await program.json("/theblock/health")).block_height === tip,
      );
    }
    const network = await program.json("/theblock/network/metrics");
    assertEquals(nullPaths(network), [...LIVE_NOT_OFFERED["/theblock/network/metrics"]!].sort());
    for (const field of ["block_time_ms", "tps"]) {
      assert(Object.hasOwn(metaOf(network).estimated, field), field);
    }
  });
});

Deno.test("GET / is the page for a browser and the index for everyone else", async () => {
  await withProgram({}, async ({ get, json }) => {
    for (
      const accept of [
        "text/html",
        "text/html,application/xhtml+xml,*/*;q=0.8",
        "application/json, text/html",
      ]
    ) {
      const page = await get("/", { accept });
      assertEquals(page.headers.get("content-type"), "text/html; charset=utf-8", accept);
      assertMatch(page.headers.get("content-security-policy") ?? "", /default-src 'none'/);
      assertMatch(page.headers.get("vary") ?? "", /\bAccept\b(?!-)/);
      assertMatch(await page.text(), /^<!doctype html>/i);
    }
    for (const accept of ["application/json", "*/*", "text/plain"]) {
      const index = await get("/", { accept });
      assertMatch(index.headers.get("vary") ?? "", /\bAccept\b(?!-)/);
      assertEquals((await index.json()).name, "block-buster", accept);
    }
    assertEquals((await json("/")).version, (await json("/version")).version);
  });
});

Deno.test("GET /health answers before the first probe ended, GET /health/ready says what it waits for", async () => {
  // Nothing listens on port 1: the first probe fails, and that ends the waiting too.
  const env = { TB_RPC_URL: "http://127.0.0.1:1", TB_WS_URL: "ws://127.0.0.1:1/ws" };
  await withProgram({ dialect: null, env, untilReady: false }, async ({ get, json }) => {
    assertEquals((await json("/health")).status, "ok");
    await until("it is ready without a node", async () => {
      const response = await get("/health/ready");
      const body = await response.json() as Json;
      assertBody(body, "/health/ready");
      if (response.status === 200) return body.ready === true;
      assertEquals(response.status, 503);
      assertEquals(response.headers.get("retry-after"), "1");
      assertEquals(body.waiting_for, ["the first probe of the node"]);
      return false;
    });
    const health = await json("/theblock/health");
    assertEquals([health.sync_status, health.node_up, health.block_height], ["unreachable", false, null]);
    assertMatch(metaOf(health).partial.block_height!, /^NODE_DOWN: /);
  });
});

Deno.test("every route answers with reasons instead of values when there is no node", async () => {
  const env = { TB_RPC_URL: "http://127.0.0.1:1", TB_WS_URL: "ws://127.0.0.1:1/ws" };
  await withProgram({ dialect: null, env }, async (program) => {
    for (const endpoint of await endpointsOf(program)) {
      if (endpoint.method !== "GET" || !hasBody(endpoint.path)) continue;
      const headers = { "x-api-key": program.key };
      for (const path of await samplePaths(endpoint, (path) => program.json(path, headers))) {
        const body = await program.json(path, headers);
        assertBody(body, path);
        assert(metaOf(body).source !== "simulated", path);
      }
    }
    const down = (path: string) => program.json(path).then((body) => pathsWith(body, "NODE_DOWN"));
    assert((await down("/theblock/network/metrics")).includes("bandwidth_in"));
    assert((await down("/theblock/markets/health")).includes("markets.ad.volume_24h"));
    assertEquals(await down("/theblock/mempool"), ["lanes", "size"]);
    const gates = await program.json("/theblock/gates") as Record<string, Json>;
    assertEquals([gates.compute!.state, gates.compute!.ready], ["unknown", false]);
  });
});

Deno.test("POST /theblock/fullcheck runs its seven steps with a key and writes nothing on the node", async () => {
  const asked = new Set<string>();
  await withNode({ dialect: "readme", onAsked: (method) => asked.add(method) }, async (program) => {
    const body = {
      domain: "shop.block",
      file: { name: "a.txt", size_bytes: 12, sha256: "ab".repeat(32), preview_only: true },
      storage_dry_run: true,
    };
    const response = await program.post("/theblock/fullcheck", body, { "x-api-key": program.key });
    assertEquals(response.status, 200);
    const result = await response.json() as Json;
    assertBody(result, "fullcheck");
    const steps = result.steps as readonly { id: string; status: string }[];
    assertEquals(steps.map(({ id }) => id), [
      "consensus",
      "peers",
      "markets",
      "scheduler",
      "receipts",
      "storage_probe",
      "domain_probe",
    ]);
    assertEquals(steps[0]!.status, "ok");
    assert(asked.size > 10);
    for (const method of asked) {
      assertMatch(
        method,
        /\.(info|stats|status|\w*_status|headers|block_height|audit|peers|\w*_state|difficulty|dns_lookup|dns_verify)$|^balance$/,
      );
    }
  });
});
