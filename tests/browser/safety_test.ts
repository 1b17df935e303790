/// <reference lib="dom" />
/** What strangers can do to the page: a hostile node, a page on another origin, a folder that is not ours. */
// @ts-types="#types/std_assert.d.ts"
import { assert, assertEquals, assertMatch, assertRejects, assertStringIncludes } from "@std/assert";
import { exportWeb } from "../../scripts/web_export.ts";
import { browserTest, loaded, PAGES, pause, settles, startProgram, textOf, visit } from "./harness.ts";

const WEB = new URL("../../web/", import.meta.url);

/** Markup that runs a script where it is taken for markup. */
const ATTACK = `<img src=x onerror="globalThis.pwned=1">`;

/** The same intent in every spelling that a careless page would execute; each has a number of its own. */
const PAYLOADS: readonly string[] = [
  (n: number) => `<script>globalThis.pwned=${n}</script>`,
  (n: number) => `"><script>globalThis.pwned=${n}</script>`,
  (n: number) => `'><script>globalThis.pwned=${n}</script>`,
  (n: number) => `</title><script>globalThis.pwned=${n}</script>`,
  (n: number) => `<img src=x onerror=globalThis.pwned=${n}>`,
  (n: number) => `"><img src=x onerror="globalThis.pwned=${n}">`,
  (n: number) => `<svg onload=globalThis.pwned=${n}>`,
  (n: number) => `<svg><script>globalThis.pwned=${n}</script></svg>`,
  (n: number) => `<svg><animate onbegin=globalThis.pwned=${n} attributeName=x dur=1s>`,
  (n: number) => `<iframe srcdoc="<script>parent.pwned=${n}</script>">`,
  (n: number) => `<iframe src="javascript:parent.pwned=${n}">`,
  (n: number) => `<a href="javascript:globalThis.pwned=${n}">x</a>`,
  (n: number) => `javascript:globalThis.pwned=${n}`,
  (n: number) => `<body onload=globalThis.pwned=${n}>`,
  (n: number) => `<details open ontoggle=globalThis.pwned=${n}>`,
  (n: number) => `<input autofocus onfocus=globalThis.pwned=${n}>`,
  (n: number) => `<video><source onerror=globalThis.pwned=${n}>`,
  (n: number) => `<object data="javascript:globalThis.pwned=${n}">`,
  (n: number) => `<math><mtext><img src=x onerror=globalThis.pwned=${n}>`,
  (n: number) => `<style>@import "javascript:globalThis.pwned=${n}"</style>`,
  (n: number) => `<base href="javascript:globalThis.pwned=${n}//">`,
  (n: number) => `<meta http-equiv=refresh content="0;url=javascript:globalThis.pwned=${n}">`,
  (n: number) => `\${globalThis.pwned=${n}}`,
  (n: number) => `{{constructor.constructor("globalThis.pwned=${n}")()}}`,
  (n: number) => `onmouseover=globalThis.pwned=${n} x="`,
].map((spell, n) => spell(n + 1));

/** Stands before a simulated node, hides that it is one, and puts markup wherever the node may put text. */
function hostileNode(upstream: string): Deno.HttpServer<Deno.NetAddr> {
  return Deno.serve({ hostname: "127.0.0.1", port: 0, onListen: () => {} }, async (request) => {
    const body = await request.text();
    const asked: unknown = JSON.parse(body);
    const methods = new Map(
      (Array.isArray(asked) ? asked : [asked]).map((one) => [one.id, String(one.method)]),
    );
    const response = await fetch(upstream, {
      method: "POST",
      body,
      headers: { "content-type": "application/json" },
    });
    const answered: unknown = await response.json();
    const poisoned = (Array.isArray(answered) ? answered : [answered]).map((one) =>
      poison(one, methods.get(one.id) ?? "")
    );
    return Response.json(Array.isArray(answered) ? poisoned : poisoned[0], { status: response.status });
  }) as Deno.HttpServer<Deno.NetAddr>;
}

function poison(answer: { id: unknown; result?: unknown }, method: string): unknown {
  if (method.startsWith("simulator.")) {
    return { jsonrpc: "2.0", id: answer.id, error: { code: -32601, message: "method not found" } };
  }
  if (method === "net.peers") {
    const peers = Array.from({ length: 300 }, (_, i) => ({
      id: `${ATTACK}${i}`,
      peer_id: `${ATTACK}${i}`,
      address: `${ATTACK}:${i}`,
      version: ATTACK,
      latency_ms: i,
      height: 1,
      is_validator: false,
      reputation: 0.5,
      connected_at: 1,
    }));
    return {
      ...answer,
      result: Array.isArray(answer.result) ? peers : { ...answer.result as object, peers },
    };
  }
  if (method === "receipt.audit") return { ...answer, result: withPayloads(answer.result) };
  return { ...answer, result: withReasons(answer.result) };
}

/** Receipts whose every free text is an attack, another one each. */
function withPayloads(result: unknown): unknown {
  let next = 0;
  const payload = () => PAYLOADS[next++ % PAYLOADS.length]!;
  const { receipts, ...rest } = result as { receipts: Record<string, unknown>[] };
  return {
    ...rest,
    receipts: receipts.map((receipt) => ({
      ...receipt,
      provider_identity: payload(),
      invariants: [payload()],
      causality: [payload()],
      audit_queries: [payload()],
      disputes: [{ id: payload(), reason: payload(), status: payload() }],
      receipt: {
        ...receipt.receipt as object,
        ...Object.fromEntries(["consumer", "buyer", "advertiser"].map((name) => [name, payload()])),
        [payload()]: { [payload()]: [payload()] },
      },
    })),
  };
}

/** Every reason and version anywhere in an answer becomes markup. */
function withReasons(value: unknown): unknown {
  if (Array.isArray(value)) return value.map(withReasons);
  if (typeof value !== "object" || value === null) return value;
  return Object.fromEntries(
    Object.entries(value).map(([key, member]) => [
      key,
      /reason|note|lane$/.test(key) && typeof member === "string" ? ATTACK : withReasons(member),
    ]),
  );
}

browserTest(
  "text of the node stays text, a real node is LIVE, and a long list only draws what is in sight",
  async () => {
    await using node = await startProgram({ verb: "simulator" });
    await using proxy = hostileNode(node.url);
    await using server = await startProgram({
      env: { TB_RPC_URL: `http://127.0.0.1:${proxy.addr.port}`, TB_WS_URL: "ws://127.0.0.1:9/none" },
    });
    await visit(server.url, {}, async ({ page, go }) => {
      await go("#/network");
      await loaded(page);
      await settles(page, () => document.querySelector(".chip")!.textContent!.startsWith("LIVE"));
      assertEquals(await page.locator("#strip").isVisible(), false);
      assertEquals(await page.locator('[data-state~="simulated"]').count(), 0);
      await settles(page, () => document.querySelectorAll("#peers tbody .copy").length > 0);
      assertStringIncludes((await page.locator("#peers tbody .copy").first().getAttribute("title"))!, ATTACK);
      assertStringIncludes(await textOf(page, "#peers tbody"), "<img src=x");
      await pause(1_000);
      assertEquals(await page.evaluate(() => (globalThis as { pwned?: number }).pwned), undefined);
      assertEquals(await page.locator("main img, main script").count(), 0);
      const drawn = await page.locator("#peers tbody tr:not(.spacer)").count();
      assert(drawn > 10 && drawn < 60, `${drawn} of 300 rows are drawn`);
      assertStringIncludes(await textOf(page, "#peers .table-tools"), "300 in all");
      await page.locator("#peers .scroll").evaluate((scroller) => scroller.scrollTo(0, 1e6));
      await settles(page, () =>
        document.querySelector("#peers tbody")!.textContent!.includes('e=1">299') ||
        [...document.querySelectorAll("#peers tbody .copy")].some((row) =>
          row.getAttribute("title")!.includes(">299")
        ));
      await go("#/theblock");
      await loaded(page);
      await pause(500);
      assertEquals(await page.locator("main img, main script").count(), 0);
      assertEquals(await page.evaluate(() => (globalThis as { pwned?: number }).pwned), undefined);
    });
  },
);

browserTest("no payload in chain data is executed on any page, opened or not", async () => {
  assert(PAYLOADS.length >= 20);
  await using node = await startProgram({ verb: "simulator" });
  await using proxy = hostileNode(node.url);
  await using server = await startProgram({
    env: { TB_RPC_URL: `http://127.0.0.1:${proxy.addr.port}`, TB_WS_URL: "ws://127.0.0.1:9/none" },
  });
  await visit(server.url, {}, async ({ page, go }) => {
    const shown = new Set<string>();
    const look = async () => {
      const texts = await page.evaluate(() =>
        [...document.querySelectorAll("main, dialog")].map((root) =>
          root.textContent +
          [...root.querySelectorAll("[title]")].map((one) => one.getAttribute("title")).join()
        ).join()
      );
      for (const payload of PAYLOADS) if (texts.includes(payload)) shown.add(payload);
    };
    for (const [hash] of PAGES) {
      await go(hash);
      await loaded(page);
      if (hash === "#/receipts" || hash === "#/operations") {
        await settles(page, () => document.querySelectorAll("main tbody .copy").length > 20);
        for (const place of [0, 1, 2]) {
          await page.locator("main tbody .copy").nth(place).click();
          await page.getByRole("dialog").waitFor();
          await look();
          await page.keyboard.press("Escape");
          await page.getByRole("dialog").waitFor({ state: "detached" });
        }
      }
      await look();
      const state = await page.evaluate(() => ({
        pwned: (globalThis as { pwned?: number }).pwned,
        alien:
          document.querySelectorAll("main :is(img, script, iframe, object, style, base, meta, video, math)")
            .length,
        scripts: [...document.querySelectorAll<HTMLAnchorElement>("a[href]")].filter(({ protocol }) =>
          protocol === "javascript:"
        ).length,
      }));
      assertEquals(state, { pwned: undefined, alien: 0, scripts: 0 }, hash);
    }
    assertEquals(
      PAYLOADS.filter((payload) => !shown.has(payload)),
      [],
      "some payloads never reached the page",
    );
  });
});

browserTest("the policy forbids inline scripts, markup sinks and foreign connections", async () => {
  await using server = await startProgram({ args: ["--simulate"] });
  const response = await fetch(`${server.url}/`, { headers: { accept: "text/html" } });
  const policy = response.headers.get("content-security-policy")!;
  await response.body?.cancel();
  for (
    const directive of [
      "default-src 'none'",
      "connect-src 'self'",
      "trusted-types 'none'",
      "frame-ancestors 'none'",
    ]
  ) {
    assertStringIncludes(policy, directive);
  }
  await visit(
    server.url,
    { expected: /policy violated|Content Security|TrustedHTML|TrustedScript|Refused|ws:|violates/i },
    async ({ page, go, complaints }) => {
      await go("#/theblock");
      await loaded(page);
      assertEquals(complaints, []);
      const outcome = await page.evaluate(async () => {
        const script = document.createElement("script");
        const thrown: string[] = [];
        try {
          script.textContent = "globalThis.pwned = 1";
          document.body.append(script);
        } catch {
          thrown.push("script");
        }
        try {
          document.body.insertAdjacentHTML("beforeend", "<b></b>");
        } catch {
          thrown.push("markup");
        }
        try {
          await fetch("http://127.0.0.1:1/");
        } catch {
          thrown.push("connection");
        }
        return { thrown, pwned: (globalThis as { pwned?: number }).pwned };
      });
      assertEquals(outcome.pwned, undefined);
      assert(
        outcome.thrown.includes("markup") && outcome.thrown.includes("connection"),
        outcome.thrown.join(),
      );
    },
  );
});

/** A file server without manners: no headers beyond the type, like `python3 -m http.server`. */
function fileServer(folder: string): Deno.HttpServer<Deno.NetAddr> {
  const types: Readonly<Record<string, string>> = {
    html: "text/html",
    js: "text/javascript",
    css: "text/css",
  };
  return Deno.serve({ hostname: "127.0.0.1", port: 0, onListen: () => {} }, async (request) => {
    const { pathname } = new URL(request.url);
    const path = pathname === "/" ? "/index.html" : pathname;
    try {
      const type = types[path.slice(path.lastIndexOf(".") + 1)] ?? "application/octet-stream";
      return new Response(await Deno.readFile(folder + path), { headers: { "content-type": type } });
    } catch {
      return new Response("not found", { status: 404 });
    }
  }) as Deno.HttpServer<Deno.NetAddr>;
}

browserTest("the exported page works from a plain file server, over CORS, with its own policy", async () => {
  const folder = await Deno.makeTempDir({ prefix: "bb-export-" });
  const files = fileServer(`${folder}/web`);
  const origin = `http://localhost:${files.addr.port}`;
  const config = `${folder}/config.toml`;
  await Deno.writeTextFile(config, `[server]\nallowed_origins = ["${origin}"]\n`);
  try {
    await using server = await startProgram({ args: ["--simulate", "--config", config] });
    await exportWeb({ sources: WEB, folder: `${folder}/web`, api: "http://127.0.0.1:8000" });
    await visit(origin, {}, async ({ page }) => {
      await page.goto(`${origin}/?api=${server.url}#/theblock`);
      await loaded(page);
      assertMatch(await textOf(page, ".chip"), /^SIM/);
      assertStringIncludes(await textOf(page, "#foot"), `server ${server.url}`);
      await page.getByRole("link", { name: "Network", exact: true }).click();
      await page.getByRole("heading", { level: 1, name: "Network" }).waitFor();
      await loaded(page);
      assertEquals(await page.locator("#peers tbody .copy").count(), 24);
      assertEquals(await page.locator("meta[http-equiv=Content-Security-Policy]").count(), 1);
    });
    await exportWeb({ sources: WEB, folder: `${folder}/web`, api: server.url });
    await visit(origin, { expected: /WebSocket connection/ }, async ({ page }) => {
      await page.routeWebSocket(/\/theblock\/ws/, (socket) => socket.close());
      await page.goto(`${origin}/#/theblock`);
      await settles(page, () => /polling/.test(document.querySelector(".chip")!.textContent!));
      await page.unrouteAll();
    });
  } finally {
    await files.shutdown();
    await Deno.remove(folder, { recursive: true });
  }
});

Deno.test("exportWeb() replaces its own export, and refuses a folder with anything else in it", async () => {
  const folder = await Deno.makeTempDir({ prefix: "bb-export-" });
  try {
    const written = await exportWeb({ sources: WEB, folder, api: "http://127.0.0.1:8000" });
    assert(
      written.includes("main.js") && written.includes("charts/chart.js") &&
        !written.some((path) => path.endsWith(".ts")),
    );
    for (const path of written.filter((name) => name.endsWith(".js"))) {
      const text = await Deno.readTextFile(`${folder}/${path}`);
      assertEquals(/(?:from|import\()\s*"\.[^"]*\.ts"/.test(text), false, `${path} imports a .ts file`);
    }
    const html = await Deno.readTextFile(`${folder}/index.html`);
    assert(
      html.indexOf("Content-Security-Policy") < html.indexOf("<script"),
      "a script comes before the policy",
    );
    await Deno.remove(`${folder}/main.js`);
    await exportWeb({ sources: WEB, folder, api: null });
    await Deno.stat(`${folder}/main.js`);
    assertEquals((await Deno.readTextFile(`${folder}/index.html`)).includes("api-base"), false);
    const foreign = `${folder}/foreign`;
    await Deno.mkdir(foreign);
    await Deno.writeTextFile(`${foreign}/precious.txt`, "keep me");
    await assertRejects(
      () => exportWeb({ sources: WEB, folder: foreign, api: null }),
      Error,
      "the folder is not empty and no export made it",
    );
    assertEquals(await Deno.readTextFile(`${foreign}/precious.txt`), "keep me");
  } finally {
    await Deno.remove(folder, { recursive: true });
  }
});
