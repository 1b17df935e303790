/// <reference lib="dom" />
/** What the page may cost: bytes, requests, shifts, nodes and writes. */
// @ts-types="#types/std_assert.d.ts"
import { assert, assertEquals } from "@std/assert";
import { gzipSync } from "node:zlib";
import { browserSuite, loaded, type Page, pause, settles } from "./harness.ts";

const calm = browserSuite("what the page costs", { args: ["--simulate"] });

const KB = 1_000;

/** Bytes of the first route: on the wire as they come, headers included, and of its scripts under gzip. */
const BUDGET = { wire: 44.5 * KB, js: 38 * KB } as const;

interface Stats {
  readonly textWrites: number;
  readonly nodesAdded: number;
  readonly messages: number;
  readonly flushes: number;
}

const statsOf = (page: Page) =>
  page.evaluate(() => (globalThis as unknown as { __dash: { stats: Stats } }).__dash.stats);

calm(
  "the first route keeps to its bytes, and needs at most 12 modules before it shows data",
  async ({ server, visit }) => {
    await visit(server.url, {}, async ({ page, go }) => {
      const session = await page.context().newCDPSession(page);
      await session.send("Network.enable");
      const urls = new Map<string, string>();
      let wire = 0;
      session.on("Network.responseReceived", ({ requestId, response }) => urls.set(requestId, response.url));
      session.on("Network.loadingFinished", ({ encodedDataLength }) => wire += encodedDataLength);
      await go("#/theblock");
      await loaded(page);
      await settles(page, () => document.querySelectorAll("canvas").length >= 4);
      await pause(1_000);
      const scripts = [...urls.values()].filter((url) => url.endsWith(".js"));
      const textsOf = async (wanted: readonly string[]) =>
        await Promise.all(wanted.map(async (url) => await (await fetch(url)).text()));
      const sizeOf = (text: string) => gzipSync(text, { level: 9 }).length;
      const sources = await textsOf(scripts);
      const js = sources.map(sizeOf).reduce((sum, size) => sum + size, 0);
      const [style] = await textsOf([...urls.values()].filter((url) => url.endsWith(".css")));
      const css = sizeOf(style!);
      const html = (await Deno.stat(new URL("../../web/index.html", import.meta.url))).size;
      const early = await page.evaluate(() => {
        const preloaded = document.querySelectorAll<HTMLLinkElement>("link[rel=modulepreload]");
        return new Set([...preloaded].map(({ href }) => href)).size;
      });
      const unlisted = await page.evaluate(() => {
        const listed = new Set(
          [...document.querySelectorAll<HTMLLinkElement>("link")].map(({ href }) => href),
        );
        const needed = performance.getEntriesByType("resource").map(({ name }) => name).filter((name) =>
          name.endsWith(".js")
        );
        return needed.filter((name) => !listed.has(name)).map((name) =>
          name.replace(/^.*\/web\/|\.\w{8}\.js$/g, "")
        );
      });
      assert(wire <= BUDGET.wire, `${wire} bytes on the wire, ${BUDGET.wire} allowed`);
      assert(js <= BUDGET.js, `${js} bytes of scripts, ${BUDGET.js} allowed`);
      assert(css <= 10 * KB, `${css} bytes of style`);
      assert(html <= 4 * KB, `${html} bytes of markup`);
      assert(early > 0 && early <= 12, `${early} modules before the first data`);
      assertEquals(unlisted.toSorted(), [
        "boot",
        "charts/chart",
        "charts/paint",
        "charts/scale",
        "pages/latest",
      ]);
    });
  },
);

/** Waits until what Overview fetches last is there as well. */
const complete = (page: Page) => page.locator("#mempool").waitFor({ state: "attached" });

calm("data that arrives writes text and adds no nodes, and nothing shifts", async ({ server, visit }) => {
  await visit(server.url, {}, async ({ page, go }) => {
    await page.addInitScript(() => {
      const state = globalThis as { shift?: number };
      state.shift = 0;
      new PerformanceObserver((list) => {
        for (const entry of list.getEntries()) state.shift! += (entry as unknown as { value: number }).value;
      }).observe({ type: "layout-shift", buffered: true });
    });
    for (const hash of ["#/theblock", "#/network"]) {
      await go(hash);
      await complete(page);
      await loaded(page);
      await pause(2_000);
      const before = await statsOf(page);
      await pause(5_000);
      const after = await statsOf(page);
      const messages = after.messages - before.messages;
      assert(messages > 10, `only ${messages} messages`);
      assert(after.flushes - before.flushes <= 52, `${after.flushes - before.flushes} flushes in 5 s`);
      assert(after.textWrites > before.textWrites, "nothing was written");
      assertEquals(after.nodesAdded - before.nodesAdded, 0, `${hash} added nodes`);
      const nodes = await page.evaluate(() => document.querySelectorAll("*").length);
      assert(nodes <= 1_500, `${nodes} elements on ${hash}`);
      const shift = await page.evaluate(() => (globalThis as { shift?: number }).shift!);
      assert(shift <= 0.01, `layout shift of ${shift} on ${hash}`);
    }
  });
});

calm("leaving pages again and again leaves nothing behind", async ({ server, visit }) => {
  await visit(server.url, {}, async ({ page, go }) => {
    const session = await page.context().newCDPSession(page);
    await session.send("Performance.enable");
    const count = async () => {
      await session.send("HeapProfiler.collectGarbage");
      const { metrics } = await session.send("Performance.getMetrics");
      const of = (name: string) => metrics.find((metric) => metric.name === name)!.value;
      return { listeners: of("JSEventListeners"), nodes: of("Nodes") };
    };
    const visitAll = async (times: number) => {
      for (let i = 0; i < times; i++) {
        for (const [key, title] of [["n", "Network"], ["o", "Overview"]]) {
          await page.evaluate((path) => location.hash = path, key === "n" ? "#/network" : "#/theblock");
          await page.getByRole("heading", { level: 1, name: title! }).waitFor();
        }
      }
    };
    await go("#/theblock");
    await loaded(page);
    await visitAll(3);
    await pause(1_000);
    const before = await count();
    await visitAll(25);
    await pause(1_000);
    const after = await count();
    assert(
      Math.abs(after.listeners - before.listeners) <= 5,
      `listeners ${before.listeners} → ${after.listeners}`,
    );
    assert(after.nodes <= before.nodes * 1.05 + 20, `nodes ${before.nodes} → ${after.nodes}`);
  });
});

calm("a hidden page writes nothing and catches up when it is seen again", async ({ server, visit }) => {
  await visit(server.url, {}, async ({ page, go }) => {
    await go("#/theblock");
    await complete(page);
    await loaded(page);
    await pause(500);
    const hide = (hidden: boolean) =>
      page.evaluate((value) => {
        Object.defineProperty(document, "hidden", { value, configurable: true });
        document.dispatchEvent(new Event("visibilitychange"));
      }, hidden);
    await hide(true);
    await pause(500);
    const before = await statsOf(page);
    await pause(2_500);
    const after = await statsOf(page);
    assert(after.messages > before.messages, "the socket was given up");
    assertEquals(after.textWrites, before.textWrites);
    await hide(false);
    await pause(500);
    assert((await statsOf(page)).textWrites > after.textWrites);
  });
});

calm.run();
