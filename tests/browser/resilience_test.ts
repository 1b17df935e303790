/// <reference lib="dom" />
/** What the page does when the server, the socket or the node goes away, and when the reader wants it to stand still. */
// @ts-types="#types/std_assert.d.ts"
import { assert, assertEquals, assertMatch } from "@std/assert";
import {
  browserTest,
  loaded,
  type Page,
  pause,
  settles,
  startProgram,
  stateOf,
  textOf,
  until,
  visit,
} from "./harness.ts";

const height = async (page: Page) => Number((await textOf(page, ".height b")).replace(/\D/g, ""));
const chip = (page: Page) => textOf(page, ".chip");

browserTest("a restarted server is found again, and the page goes on from where it was", async () => {
  let server = await startProgram({ args: ["--simulate"] });
  try {
    await visit(
      server.url,
      { expected: /WebSocket connection|ERR_CONNECTION|Failed to load/ },
      async ({ page, go }) => {
        const subs: { since: Record<string, number>; epoch?: string }[] = [];
        page.on("websocket", (socket) =>
          socket.on("framesent", ({ payload }) => {
            const message = JSON.parse(String(payload));
            if (message.op === "sub") subs.push(message);
          }));
        await go("#/theblock");
        await loaded(page);
        const before = await height(page);
        const { port } = new URL(server.url);
        await server.stop();
        await settles(
          page,
          () => /^RECONNECTING \d+ (in \d+ s|now)/.test(document.querySelector(".chip")!.textContent!),
        );
        assertEquals(await textOf(page, "#alert"), "Connection lost. Reconnecting.");
        assertMatch(await page.title(), /RECONNECTING/);
        assertEquals(await page.locator("#strip").isVisible(), true, "simulated values lost their mark");
        await settles(
          page,
          () => document.querySelector("#chain")!.matches('[data-state~="stale"], [data-state~="dead"]'),
        );
        assertMatch(await textOf(page, "#chain .mark"), /s old$|^last /);
        assert(await height(page) >= before, "the last value is gone");
        await settles(
          page,
          () =>
            /^No news since \d\d:\d\d:\d\d UTC\.$/.test(document.querySelector(".sentence")!.textContent!),
        );
        server = await startProgram({ args: ["--simulate"], port: Number(port) });
        await page.locator(".chip").click();
        await settles(page, () => document.querySelector(".chip")!.textContent!.startsWith("SIM"));
        assertEquals(await textOf(page, "#status"), "Connection is back.");
        assertEquals(await textOf(page, "#alert"), "");
        await settles(page, () => document.querySelector("#chain")!.matches('[data-state~="fresh"]'));
        const again = await height(page);
        await until(async () => await height(page) > again, "blocks to come again");
        const resumed = subs.findLast(({ epoch }) => epoch !== undefined)!;
        assert(
          resumed.since.health! > 0 && resumed.since.gates! > 0,
          "the subscription said nothing of what was known",
        );
      },
    );
  } finally {
    await server.stop();
  }
});

browserTest("a browser whose sockets are blocked polls instead, and says so", async () => {
  await using server = await startProgram({ args: ["--simulate"] });
  await visit(server.url, { expected: /WebSocket connection/ }, async ({ page, go }) => {
    await page.routeWebSocket(/\/theblock\/ws/, (socket) => socket.close());
    await go("#/theblock");
    await loaded(page);
    await settles(page, () => /RECONNECTING .*polling/.test(document.querySelector(".chip")!.textContent!));
    for (const id of ["gates", "chain", "scheduler", "markets"]) {
      assertMatch(await stateOf(page, id), /simulated/, id);
    }
    const before = await height(page);
    await until(async () => await height(page) > before, "a poll to bring a block");
    await page.unrouteAll();
  });
});

browserTest("pause holds every value, counts what waits, and lets it go again", async () => {
  await using server = await startProgram({ args: ["--simulate"] });
  await visit(server.url, {}, async ({ page, go }) => {
    await go("#/theblock");
    await loaded(page);
    await pause(1_500);
    await page.keyboard.press("Space");
    const held = await height(page);
    const panel = await textOf(page, "#chain dl");
    await page.locator(".pause", { hasText: /Paused \d\d:\d\d:\d\d · \d+ held/ }).waitFor();
    const count = async () => Number(/(\d+) held/.exec(await textOf(page, ".pause"))![1]);
    const first = await count();
    await until(async () => await count() > first, "the count of held updates to grow");
    await pause(1_500);
    assertEquals([await height(page), await textOf(page, "#chain dl")], [held, panel]);
    assertEquals(await stateOf(page, "chain"), "fresh simulated paused");
    assertEquals(await textOf(page, "#chain .mark"), "paused");
    assertEquals(await page.locator(".pause").getAttribute("aria-pressed"), "true");
    assertMatch(await chip(page), /^SIM/);
    await page.getByRole("link", { name: "Network", exact: true }).click();
    await page.getByRole("heading", { level: 1, name: "Network" }).waitFor();
    assertMatch(
      await textOf(page, "#figures dl"),
      new RegExp(`#${held}\\b`),
      "another page shows a later moment",
    );
    await page.getByRole("button", { name: /^Resume/ }).click();
    await until(async () => await height(page) > held, "the page to go on");
    assertEquals(await stateOf(page, "figures"), "fresh simulated");
  });
});

browserTest(
  "when the node dies the page says OFFLINE and its values grow stale, and both pass when it is back",
  async () => {
    let node = await startProgram({ verb: "simulator" });
    const { port } = new URL(node.url);
    try {
      await using server = await startProgram({
        env: { TB_RPC_URL: node.url, TB_WS_URL: node.url.replace("http", "ws") },
      });
      await visit(server.url, {}, async ({ page, go }) => {
        await go("#/theblock");
        await loaded(page);
        await settles(page, () => document.querySelector(".chip")!.textContent!.startsWith("SIM"));
        await node.stop();
        await settles(
          page,
          () => /^OFFLINE node does not answer/.test(document.querySelector(".chip")!.textContent!),
          40_000,
        );
        assertEquals(await textOf(page, "#alert"), "The node does not answer.");
        assertEquals(await textOf(page, ".sentence"), "The node does not answer.");
        for (const id of ["chain", "scheduler"]) {
          await settles(
            page,
            () =>
              [...document.querySelectorAll("#chain, #scheduler")].every((panel) =>
                panel.matches('[data-state~="stale"], [data-state~="dead"]')
              ),
            40_000,
          );
          assertMatch(
            await textOf(page, `#${id} .mark`),
            /^\d+(\.\d)? (s|min) old$|^last \d\d:\d\d:\d\d UTC$/,
            id,
          );
        }
        assertMatch(await textOf(page, "#verdict"), /[1-9]\d* stale feeds?/);
        node = await startProgram({ verb: "simulator", port: Number(port) });
        await settles(page, () => document.querySelector(".chip")!.textContent!.startsWith("SIM"), 40_000);
        await settles(page, () => document.querySelector("#chain")!.matches('[data-state~="fresh"]'), 40_000);
        assertEquals(await textOf(page, "#status"), "The node answers again.");
      });
    } finally {
      await node.stop();
    }
  },
);
