/// <reference lib="dom" />
/** Every page at a glance, the long lists with their filters, details and exports, settings, and the self-diagnosis. */
// @ts-types="#types/std_assert.d.ts"
import { assert, assertEquals, assertMatch, assertStringIncludes } from "@std/assert";
import { browserSuite, keyOf, loaded, type Page, PAGES, settles, textOf, until } from "./harness.ts";

const suite = browserSuite("every page of a simulated chain", {
  args: ["--simulate", "--scenario", "stress"],
});

/** The cells of a column of a list. */
const column = (page: Page, list: string, index: number) =>
  page.locator(`${list} tbody tr:not(.spacer) > :nth-child(${index})`).allInnerTexts();

const rows = (page: Page, list: string) => page.locator(`${list} tbody tr:not(.spacer)`).count();

/** What is wrong with the page as a document. */
function faults(page: Page): Promise<string[]> {
  return page.evaluate(() => {
    const found: string[] = [];
    if (document.querySelectorAll("h1").length !== 1) found.push("not one h1");
    for (const landmark of ["header", "nav[aria-label]", "main", "footer"]) {
      if (document.querySelectorAll(landmark.replace(/^(header|footer)$/, "body > $1")).length !== 1) {
        found.push(`not one ${landmark}`);
      }
    }
    const ids = [...document.querySelectorAll("[id]")].map(({ id }) => id);
    const twice = ids.filter((id, i) => ids.indexOf(id) !== i);
    if (twice.length > 0) found.push(`used twice: ${twice}`);
    for (const table of document.querySelectorAll("table")) {
      if (!table.caption) found.push("a table without caption");
    }
    for (
      const element of document.querySelectorAll("button, a, input, select, canvas, section[aria-labelledby]")
    ) {
      if (!element.checkVisibility()) continue;
      const labels = "labels" in element ? [...(element as HTMLInputElement).labels ?? []] : [];
      const by = element.getAttribute("aria-labelledby");
      const name = element.getAttribute("aria-label") ?? (by && document.getElementById(by)?.textContent) ??
        (labels.map((label) => label.textContent).join("") || element.textContent);
      if (!name?.trim()) found.push(`nameless: ${element.outerHTML.slice(0, 100)}`);
    }
    for (const panel of document.querySelectorAll(".panel")) {
      if (panel.matches('[data-state~="error"]')) {
        found.push(`${panel.id}: ${panel.textContent!.slice(0, 200)}`);
      }
    }
    for (const anchor of document.querySelectorAll<HTMLAnchorElement>('main a[href^="#/"]')) {
      const path = anchor.hash.slice(1).split("?")[0];
      if (!document.querySelector(`#rail a[href="#${path}"]`)) found.push(`leads nowhere: ${anchor.hash}`);
    }
    return found;
  });
}

suite(
  "every route renders, with one h1, landmarks, names, and links that lead somewhere",
  async ({ server, visit }) => {
    await visit(server.url, {}, async ({ page, go }) => {
      await go("#/theblock");
      for (const [hash, title] of PAGES) {
        await page.evaluate((to) => void (location.hash = to), hash);
        await page.getByRole("heading", { level: 1, name: title, exact: true }).waitFor();
        await loaded(page);
        assertEquals(await faults(page), [], hash);
        const here = page.locator("#rail [aria-current=page]");
        assertEquals(await here.count(), 1, hash);
        assertEquals(await here.getAttribute("href"), hash);
        assertMatch(await page.title(), new RegExp(`^${title} · SIM · block-buster$`));
        for (
          const id of await page.locator(
            '.panel:not([data-state~="simulated"], [data-state~="locked"], [data-state~="empty"])',
          ).evaluateAll((all) => all.map((p) => p.id))
        ) {
          assert(
            [
              "api-map",
              "logs",
              "diagnostics",
              "display",
              "access",
              "refresh",
              "keyboard",
              "stored",
              "proof",
              "backtest-form",
            ]
              .includes(id) ||
              hash === "#/help",
            `${hash} #${id} shows simulated data without a mark`,
          );
        }
      }
    });
  },
);

suite(
  "every page can be walked with Tab alone, forwards to its end, and always shows where one is",
  async ({ server, visit }) => {
    await visit(server.url, {}, async ({ page, go }) => {
      await go("#/theblock");
      for (const [hash, title] of PAGES) {
        await page.evaluate((to) => void (location.hash = to), hash);
        await page.getByRole("heading", { level: 1, name: title, exact: true }).waitFor();
        await loaded(page);
        const seen = new Set<string>();
        let invisible = "";
        for (let i = 0; i < 120; i++) {
          await page.keyboard.press("Tab");
          const at = await page.evaluate(() => {
            const active = document.activeElement!;
            if (active === document.body) return null;
            const { outlineStyle } = getComputedStyle(
              active.matches(".sr") ? active.closest("label")! : active,
            );
            const { width, height } = active.getBoundingClientRect();
            const path = [
              active.closest(".panel")?.id ?? "shell",
              active.id || active.textContent || active.tagName,
            ];
            return { id: path.join(" "), shown: outlineStyle !== "none" && width > 0 && height > 0 };
          });
          if (at === null) break;
          seen.add(at.id.split(" ")[0]!);
          if (!at.shown) invisible ||= at.id;
        }
        assertEquals(invisible, "", `${hash} focuses what is not seen`);
        const reachable = await page.evaluate(() =>
          [...document.querySelectorAll(".panel")].filter((panel) =>
            panel.querySelector('a[href], button:not([tabindex="-1"]), select, input, [tabindex="0"]')
              ?.checkVisibility()
          ).map(({ id }) => id)
        );
        assertEquals(
          reachable.filter((id) => !seen.has(id)),
          [],
          `${hash} has panels that Tab does not reach`,
        );
      }
    });
  },
);

suite("receipts come page by page, without a gap or a repetition", async ({ server, visit }) => {
  await visit(server.url, {}, async ({ page, go }) => {
    await go("#/receipts");
    await settles(page, () => document.querySelectorAll("#receipt-list tbody .copy").length === 50);
    for (const count of [100, 150]) {
      await page.getByRole("button", { name: "Load older ones" }).click();
      await until(async () => await rows(page, "#receipt-list") === count, `${count} rows`);
    }
    const ids = await page.locator("#receipt-list tbody .copy").evaluateAll((all) =>
      all.map((row) => row.getAttribute("title")!)
    );
    assertEquals(new Set(ids).size, 150);
    const places = ids.map((id) => id.split("-").map(Number)).map(([height, index]) =>
      height! * 1e6 + index!
    );
    assertEquals(places, places.toSorted((a, b) => b - a));
    assertMatch(await textOf(page, "#receipt-list .list-bar"), /^150 of [\d,]+ shown/);
  });
});

suite("filters apply, live in the address, and can be cleared", async ({ server, visit }) => {
  await visit(server.url, {}, async ({ page, go }) => {
    await go("#/receipts?market=energy&own=true");
    await settles(page, () => document.querySelectorAll("#receipt-list tbody .copy").length > 0);
    assertEquals(
      new Set((await column(page, "#receipt-list", 2)).map((text) => text.trim())),
      new Set(["energy"]),
    );
    assertEquals(await page.getByLabel("Market").inputValue(), "energy");
    assertEquals(await page.getByLabel("Whose").inputValue(), "true");
    const provider = (await column(page, "#receipt-list", 4))[0]!;
    await page.getByLabel("Whose").selectOption("");
    await page.keyboard.press("Escape");
    await page.getByLabel("Provider").fill(provider);
    await settles(page, () => location.hash.includes("provider="));
    await until(
      async () => new Set(await column(page, "#receipt-list", 4)).size === 1,
      "one provider to be left",
    );
    assertMatch(page.url(), /#\/receipts\?market=energy&provider=/);
    await page.getByLabel("From block").fill("999999999");
    await page.getByText("Nothing matches these filters.").waitFor();
    await page.getByRole("button", { name: "Clear filters" }).click();
    await until(async () => await rows(page, "#receipt-list") === 50, "all receipts to be back");
    assertEquals(new URL(page.url()).hash, "#/receipts");
  });
});

suite("new rows are counted and do not move what is read", async ({ server, visit }) => {
  await visit(server.url, {}, async ({ page, go }) => {
    await go("#/operations");
    await settles(page, () => document.querySelectorAll("#operation-list tbody .copy").length === 50);
    const first = page.locator("#operation-list tbody .copy").first();
    const before = [await first.getAttribute("title"), (await first.boundingBox())!.y];
    const fresh = page.getByRole("button", { name: /^\d+ (or more )?new: show$/ });
    await fresh.waitFor();
    assertEquals([await first.getAttribute("title"), (await first.boundingBox())!.y], before);
    await fresh.click();
    await until(async () => await first.getAttribute("title") !== before[0], "the new rows to be shown");
  });
});

suite(
  "a row opens with Enter, has an address of its own, and gives the focus back",
  async ({ server, visit }) => {
    await visit(server.url, { expected: /404/ }, async ({ page, go }) => {
      await go("#/receipts?market=compute");
      await settles(page, () => document.querySelectorAll("#receipt-list tbody .copy").length > 0);
      const first = page.locator("#receipt-list tbody .copy").first();
      await first.focus();
      await page.keyboard.press("ArrowDown");
      await page.keyboard.press("Enter");
      const dialog = page.getByRole("dialog", { name: /^Receipt \d+ of block #/ });
      await dialog.waitFor();
      const address = new URL(page.url()).hash;
      assertStringIncludes(address, "id=");
      assertMatch(await dialog.innerText(), /Digest\s+[0-9a-f]{64}/);
      assertMatch(await dialog.innerText(), /Invariants\s+1\s+amount == /);
      await page.keyboard.press("Escape");
      await dialog.waitFor({ state: "detached" });
      assertEquals(await page.evaluate(() => document.activeElement?.classList.contains("copy")), true);
      assertEquals(page.url().includes("id="), false);
      const [, height, id] = /id=(\d+)(-[^&]*)/.exec(address)!;
      await go(`#/receipts?from_height=${height}&to_height=${height}&id=${height}${id}`);
      await dialog.waitFor();
      await dialog.getByRole("link", { name: new RegExp(`^compute-${height}-`) }).click();
      const operation = page.getByRole("dialog", { name: /^Operation compute-/ });
      await operation.waitFor();
      assertMatch(await operation.innerText(), /Status\s+(confirmed|failed)/); // Receipts that were not verified are failed.
      await go("#/operations?id=nothing-of-that-name");
      await page.getByRole("dialog", { name: "Not found" }).waitFor();
    });
  },
);

suite(
  "what is loaded and what the server keeps can be saved, marked as simulated",
  async ({ server, visit }) => {
    const key = await keyOf(server);
    await visit(server.url, { expected: /401/ }, async ({ page, go }) => {
      await go("#/receipts?market=ad");
      await settles(page, () => document.querySelectorAll("#receipt-list tbody .copy").length === 50);
      await page.getByRole("button", { name: "Export…" }).click();
      const saved = async (name: string) => {
        const [download] = await Promise.all([
          page.waitForEvent("download"),
          page.getByRole("button", { name }).click(),
        ]);
        return { name: download.suggestedFilename(), text: await Deno.readTextFile(await download.path()) };
      };
      const loadedRows = await saved("Save 50 rows");
      assertEquals(loadedRows.name, "block-buster-receipts-SIMULATED.csv");
      const lines = loadedRows.text.trimEnd().split("\r\n");
      assertEquals(lines.length, 52);
      assertStringIncludes(lines[0]!, '"source":"simulated"');
      await page.getByRole("button", { name: "Save all" }).click();
      const prompt = page.getByRole("dialog", { name: "API key needed" });
      await prompt.getByLabel("API key").fill(key);
      const [download] = await Promise.all([
        page.waitForEvent("download"),
        prompt.getByRole("button", { name: "Use key" }).click(),
      ]);
      assertEquals(download.suggestedFilename(), "block-buster-receipts-SIMULATED-all.csv");
      const text = await Deno.readTextFile(await download.path());
      assertMatch(text, /^# \{"export":"receipts".*"source":"simulated"/);
      assert(text.split("\n").length > 500, "the export is short");
    });
  },
);

suite("settings apply and are kept at once, and can be taken back", async ({ server, visit }) => {
  await visit(server.url, { colorScheme: "light" }, async ({ page, go }) => {
    await go("#/settings");
    await page.getByLabel("Theme").selectOption("dark");
    assertEquals(
      await page.evaluate(() => getComputedStyle(document.documentElement).backgroundColor),
      "rgb(11, 14, 20)",
    );
    assertMatch(await textOf(page, ".page-head .saved"), /^Theme: saved \d\d:\d\d:\d\d UTC/);
    await page.getByRole("button", { name: "Undo" }).click();
    assertEquals(await page.locator("html").getAttribute("data-theme"), "auto");
    await page.getByLabel("Density of tables").selectOption("comfortable");
    await page.getByLabel("Times in").selectOption("local");
    await page.getByLabel("Colours of gain and loss").selectOption("blue-orange");
    await page.reload();
    await loaded(page);
    assertEquals(await page.getByLabel("Density of tables").inputValue(), "comfortable");
    assertEquals(await page.locator("html").getAttribute("data-density"), "comfortable");
    await settles(page, () => / local$/.test(document.getElementById("as-of")!.textContent!));
    await page.evaluate(() => {
      Storage.prototype.setItem = () => {
        throw new DOMException("full", "QuotaExceededError");
      };
    });
    await page.getByLabel("Theme").selectOption("contrast");
    assertMatch(
      await textOf(page, ".page-head .saved"),
      /^Theme: not saved, the browser does not keep anything/,
    );
    assertEquals(
      await page.locator("html").getAttribute("data-theme"),
      "contrast",
      "it was not applied either",
    );
    await page.getByRole("button", { name: "Forget all and reload" }).click();
    await settles(page, () => document.documentElement.dataset.density === undefined);
  });
});

suite(
  "the log wants a key, and the diagnostics hold neither that nor anything like it",
  async ({ server, visit }) => {
    const key = await keyOf(server);
    await visit(server.url, {}, async ({ page, go }) => {
      await go("#/system");
      await loaded(page);
      await page.locator("#logs").getByText("The log needs a key with the scope “read”.").waitFor();
      await page.locator("#logs").getByRole("button", { name: "Enter API key" }).click();
      const prompt = page.getByRole("dialog", { name: "API key needed" });
      await prompt.getByLabel("API key").fill(key);
      await prompt.getByRole("button", { name: "Use key" }).click();
      await page.locator("#logs tbody tr", { hasText: "server.ready" }).waitFor();
      await page.getByLabel("From level").selectOption("warn");
      await page.locator("#logs tbody tr", { hasText: "server.ready" }).waitFor({ state: "detached" });
      const [download] = await Promise.all([
        page.waitForEvent("download"),
        page.getByRole("button", { name: "Save diagnostics bundle" }).click(),
      ]);
      const text = await Deno.readTextFile(await download.path());
      const bundle = JSON.parse(text);
      assertEquals(bundle.server["/theblock/status"].node.up, true);
      assertEquals(bundle.page.has_key, true);
      assertEquals(text.includes(key), false, "the key is in the bundle");
      assertEquals(/[0-9a-f]{40}/i.test(text), false, "a digest or address is in the bundle");
      assert((await page.locator("#capabilities tbody tr").count()) >= 18);
      assert((await page.locator("#api-map tbody tr").count()) >= 20);
    });
  },
);

suite(
  "a market shows candles that can be read without seeing them, and what only it has",
  async ({ server, visit }) => {
    await visit(server.url, {}, async ({ page }) => {
      await page.goto(`${server.url}/#/energy`);
      await page.getByRole("heading", { level: 1, name: "Energy market" }).waitFor();
      await loaded(page);
      await page.locator("#prices canvas").focus();
      // What the keys do is fetched when the chart is focused.
      await until(async () => {
        await page.keyboard.press("ArrowLeft");
        return /^open, #\d/.test(await textOf(page, "#prices [role=status]"));
      }, "the chart to say a candle");
      await page.getByRole("button", { name: "View Unit price by block as table" }).click();
      await page.locator("#prices thead").waitFor();
      assertEquals(await page.locator("#prices thead th").allInnerTexts(), [
        "From block",
        "open",
        "high",
        "low",
        "close",
      ]);
      assert(
        (await page.locator("#tables tbody tr").count()) > 5,
        "the energy market has no list of its own",
      );
      assert((await page.locator("#providers tbody .copy").count()) > 3);
    });
  },
);

suite.run();
