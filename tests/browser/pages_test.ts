/// <reference lib="dom" />
/** What the pages show, where they lead, and how they are reached without a mouse. */
import { Buffer } from "node:buffer";
// @ts-types="#types/std_assert.d.ts"
import { assert, assertEquals, assertMatch, assertNotMatch, assertStringIncludes } from "@std/assert";
import {
  browserSuite,
  browserTest,
  keyOf,
  loaded,
  type Page,
  PAGES,
  pause,
  settles,
  startProgram,
  stateOf,
  textOf,
  until,
  visit,
} from "./harness.ts";

const calm = browserSuite("pages of a calm simulated chain", { args: ["--simulate"] });

/** The links of the rail, in their order. */
const RAIL = [
  "Overview",
  "Network",
  "Alerts",
  "Compare",
  "Compute",
  "Storage",
  "Energy",
  "Ad",
  "Providers",
  "Trading",
  "Portfolio",
  "Strategies",
  "Backtest",
  "Signals",
  "Operations",
  "Receipts",
  "System",
  "Settings",
  "Help",
];

/** The texts of all elements that match, without the empty ones. */
async function texts(page: Page, selector: string): Promise<string[]> {
  return (await page.locator(selector).allInnerTexts()).map((text) => text.trim()).filter((text) =>
    text !== ""
  );
}

/** Whether a canvas shows anything. */
function painted(page: Page, selector: string): Promise<boolean> {
  return page.locator(selector).evaluate((canvas) => {
    const { width, height } = canvas as HTMLCanvasElement;
    const { data } = (canvas as HTMLCanvasElement).getContext("2d")!.getImageData(0, 0, width, height);
    return data.some((byte) => byte !== 0);
  });
}

browserTest("#/theblock shows every value of a simulated chain, marked as simulated", async () => {
  await using server = await startProgram({ args: ["--simulate", "--seed", "7"] });
  await visit(server.url, {}, async ({ page, go }) => {
    await go("#/theblock");
    await loaded(page);
    assertEquals(await texts(page, "h1"), ["Overview"]);
    assertMatch(await textOf(page, ".chip"), /^SIM/);
    assertEquals(await page.locator("#strip").isVisible(), true);
    assertStringIncludes(await textOf(page, "#strip"), "scenario calm, seed 7");
    assertMatch(await page.title(), /^Overview · SIM · block-buster$/);
    assertMatch(await textOf(page, ".height"), /^#\d{3,} · lag \d+$/);
    for (const id of ["gates", "chain", "scheduler", "markets", "mempool", "utilization"]) {
      assertEquals(await stateOf(page, id), "fresh simulated", id);
    }
    assertEquals(await texts(page, "#gates tbody th"), ["Compute", "Storage", "Energy", "Ad"]);
    for (const word of await texts(page, "#gates tbody .status")) {
      assertMatch(word, /^(open|throttled|closed)$/);
    }
    assertMatch(await textOf(page, "#chain"), /Height \/ finalised\s+#\d+ \/ #\d+/);
    assertMatch(await textOf(page, "#chain"), /[\d.]+ tps/);
    for (const label of ["Queue", "Average wait", "Per block", "Throughput"]) {
      assertMatch(await textOf(page, "#scheduler dl"), new RegExp(`${label}\\s+\\d`));
    }
    assertEquals((await texts(page, "#markets tbody tr")).length, 4);
    for (const row of await texts(page, "#markets tbody tr")) {
      assertMatch(row, /\d+\.\d %\s+\d+\.\d %\s+\d+\s+[\d,.]+/);
      assertNotMatch(row, /—/);
    }
    assertEquals((await texts(page, "#mempool tbody th")).length >= 2, true);
    await settles(page, () => /rtt \d/.test(document.getElementById("foot")!.textContent!));
    assertMatch(await textOf(page, "#foot"), /as of \d\d:\d\d:\d\d UTC[^]*rtt [\d.]+ [µm]?s[^]*msg\/s/);
    await settles(page, () => document.querySelectorAll("#utilization .legend b").length === 4);
    await pause(1_500);
    assert(await painted(page, "#utilization canvas"), "the utilisation chart is blank");
    assertMatch(await textOf(page, "#utilization figcaption"), /Compute\s+\d+\.\d %[^]*since load/);
  });
});

calm(
  "#/network shows strength with its factors, peers and the market strip",
  async ({ server, visit }) => {
    await visit(server.url, {}, async ({ page, go }) => {
      await go("#/network");
      await loaded(page);
      assertEquals(await texts(page, "h1"), ["Network"]);
      assertMatch(await textOf(page, ".score"), /^\d{1,3}$/);
      assertEquals((await texts(page, "#strength tbody tr")).length, 9);
      assertEquals((await texts(page, "#figures dd")).filter((text) => text === "—"), []);
      assertEquals((await texts(page, "#figures dd")).length, 18);
      assertEquals((await texts(page, "#peers tbody th")).length, 24);
      assertEquals((await texts(page, "#markets tbody tr")).length, 4);
      await pause(1_500);
      for (const id of ["block-time", "tps", "peer-count"]) {
        assert(await painted(page, `#${id} canvas`), `${id} is blank`);
      }
    });
  },
);

calm("the table of peers sorts, filters, and keeps both in the address", async ({ server, visit }) => {
  await visit(server.url, {}, async ({ page, go }) => {
    await go("#/network?sort=reputation:desc");
    await loaded(page);
    const column = async (index: number) =>
      (await page.locator(`#peers tbody tr:not(.spacer) > :nth-child(${index})`).allInnerTexts()).map((
        text,
      ) => parseFloat(text));
    const reputations = await column(8);
    assertEquals(reputations, reputations.toSorted((a, b) => b - a));
    assertEquals(await page.locator("#peers [aria-sort]").getAttribute("aria-sort"), "descending");
    await page.getByRole("button", { name: "Latency", exact: true }).click();
    const latencies = await column(3);
    assertEquals(latencies, latencies.toSorted((a, b) => a - b));
    assertStringIncludes(page.url(), "sort=latency_ms%3Aasc");
    await page.keyboard.press("/");
    await settles(page, () => document.activeElement!.matches("[data-filter]"));
    await page.keyboard.type("rc1");
    await settles(page, () => /of 24 match/.test(document.querySelector(".table-tools")!.textContent!));
    await settles(
      page,
      () =>
        [...document.querySelectorAll("#peers tbody tr:not(.spacer)")].every((row) =>
          row.textContent!.includes("rc1")
        ),
    );
    for (const row of await texts(page, "#peers tbody tr:not(.spacer)")) assertStringIncludes(row, "rc1");
    assertStringIncludes(page.url(), "q=rc1");
    await page.keyboard.press("Escape");
    await settles(page, () => document.querySelectorAll("#peers tbody tr:not(.spacer)").length === 24);
  });
});

calm("rows that move or leave take nobody's place in the table away", async ({ server, visit }) => {
  await visit(server.url, {}, async ({ page, go }) => {
    const order = async (direction: string) => {
      await page.evaluate((to) => void (location.hash = to), `#/network?sort=reputation:${direction}`);
      await page.locator(`#peers [aria-sort="${direction}ending"]`).waitFor();
    };
    const focused = () => page.evaluate(() => document.activeElement!.getAttribute("aria-label"));
    await go("#/network?sort=reputation:desc");
    await loaded(page);
    await page.locator("#peers tbody .copy").first().focus();
    const name = await focused();
    for (const direction of ["asc", "desc"]) {
      await order(direction);
      assertEquals(await focused(), name, "a row that moved lost the focus");
    }
    const other = (await page.locator("#peers tbody .copy").nth(5).getAttribute("aria-label"))!;
    const id = /^Peer (\S+),/.exec(other)![1]!;
    await page.evaluate((to) => void (location.hash = to), `#/network?q=${id}`);
    await settles(page, () => document.querySelectorAll("#peers tbody tr:not(.spacer)").length === 1);
    assertEquals(await focused(), other, "the focus is not on the row that is left");
  });
});

calm(
  "#/system?panel=capabilities leads to that panel, from outside and from a link",
  async ({ server, visit }) => {
    await visit(server.url, {}, async ({ page, go }) => {
      const arrived = () =>
        settles(page, () => {
          const heading = document.getElementById("capabilities-title");
          const top = heading?.getBoundingClientRect().top ?? -1;
          return document.activeElement === heading && top >= 0 && top < innerHeight;
        });
      await go("#/system?panel=capabilities");
      await arrived();
      await go("#/theblock");
      await loaded(page);
      await page.locator("#verdict a", { hasText: "stale feed" }).click();
      await arrived();
    });
  },
);

calm("an unknown address gets a page that says so and names the nearest ones", async ({ server, visit }) => {
  await visit(server.url, {}, async ({ page, go }) => {
    await go("#/netwrok");
    await page.getByRole("heading", { level: 1, name: "No such page" }).waitFor();
    assertStringIncludes(await textOf(page, "main"), "#/netwrok");
    assertEquals((await texts(page, "main li a"))[0], "Network");
    await page.locator("main li a").first().click();
    await page.getByRole("heading", { level: 1, name: "Network" }).waitFor();
  });
});

calm(
  "the page has one h1, landmarks with names, and moves the focus with the reader",
  async ({ server, visit }) => {
    await visit(server.url, {}, async ({ page, go }) => {
      await go("");
      await loaded(page);
      for (const role of ["banner", "main", "contentinfo"] as const) {
        assertEquals(await page.getByRole(role).count(), 1, role);
      }
      const pages = page.getByRole("navigation", { name: "Pages" });
      assertEquals(await pages.locator("[aria-current=page]").innerText(), "Overview");
      await pages.getByRole("link", { name: "Network" }).click();
      await page.getByRole("heading", { level: 1, name: "Network" }).waitFor();
      await loaded(page);
      assertEquals(await page.locator("h1").count(), 1);
      assertEquals(await page.evaluate(() => document.activeElement?.tagName), "H1");
      assertEquals(await pages.locator("[aria-current=page]").innerText(), "Network");
      const nameless = await page.evaluate(() =>
        [...document.querySelectorAll("button, a, input, canvas, section")].filter((element) => {
          if (!element.checkVisibility()) return false;
          const labels = element instanceof HTMLInputElement ? [...element.labels ?? []] : [];
          const by = element.getAttribute("aria-labelledby");
          const name = element.getAttribute("aria-label") ??
            (by && document.getElementById(by)?.textContent) ??
            (labels.map((label) => label.textContent).join("") || element.textContent);
          return name === null || name.trim() === "";
        }).map((element) => element.outerHTML.slice(0, 120))
      );
      assertEquals(nameless, []);
      const ids = await page.evaluate(() => [...document.querySelectorAll("[id]")].map(({ id }) => id));
      assertEquals(ids.length, new Set(ids).size, "an id is used twice");
      const levels = await page.evaluate(() =>
        [...document.querySelectorAll("table")].filter((t) => !t.caption).length
      );
      assertEquals(levels, 0, "a table has no caption");
    });
  },
);

calm(
  "Tab goes from the skip link through bar, rail and page in the order of sight",
  async ({ server, visit }) => {
    await visit(server.url, {}, async ({ page, go }) => {
      await go("#/theblock");
      await loaded(page);
      const order: string[] = [];
      for (let i = 0; i < 10 + PAGES.length - 2; i++) {
        await page.keyboard.press("Tab");
        order.push(
          await page.evaluate(() => {
            const active = document.activeElement!;
            return (active.getAttribute("aria-label") ?? active.textContent ?? "").replace(/[\d.]+ s$/, "")
              .trim();
          }),
        );
      }
      assertEquals(order, [
        "Skip to content",
        "SIM",
        "Emergency stop",
        "Pause updates",
        "Theme: auto",
        "Help and keys",
        ...RAIL,
        "",
        "chain synced",
      ]);
      assertEquals(
        await page.evaluate(() => getComputedStyle(document.activeElement!).outlineStyle),
        "solid",
      );
      await page.keyboard.press("Shift+Tab");
      assertEquals(await page.evaluate(() => document.activeElement?.closest("label")?.textContent), "5m");
      await page.locator(".skip").focus();
      await page.keyboard.press("Enter");
      assertEquals(await page.evaluate(() => document.activeElement?.tagName), "H1");
      assertEquals(new URL(page.url()).hash, "#/theblock");
    });
  },
);

calm(
  "keys go to pages, pause, switch themes and open the help, and do nothing in fields or switched off",
  async ({ server, visit }) => {
    await visit(server.url, {}, async ({ page, go }) => {
      await go("#/theblock");
      await loaded(page);
      await settles(page, () => document.querySelector(".rail a") !== null);
      await pause(300);
      const press = async (...keys: string[]) => {
        for (const key of keys) await page.keyboard.press(key);
      };
      const hash = () => new URL(page.url()).hash;
      // The second key has a second and a half, which a busy machine can use up.
      await until(async () => {
        await press("g", "n");
        await pause(300);
        return hash() === "#/network";
      }, "g n to lead to the network page");
      await page.getByRole("heading", { level: 1, name: "Network" }).waitFor();
      await press("[");
      await page.getByRole("heading", { level: 1, name: "Overview" }).waitFor();
      await press("t");
      assertEquals(hash(), "#/theblock?range=15m");
      await press("d");
      assertEquals(await page.locator("html").getAttribute("data-theme"), "dark");
      await press("?");
      const help = page.getByRole("dialog", { name: "Help" });
      await help.waitFor();
      await press("d");
      assertEquals(
        await page.locator("html").getAttribute("data-theme"),
        "dark",
        "a key works behind the dialog",
      );
      await page.getByLabel("Single-key shortcuts").uncheck();
      await press("Escape");
      await help.waitFor({ state: "detached" });
      await press("d");
      assertEquals(
        await page.locator("html").getAttribute("data-theme"),
        "dark",
        "a key works though they are off",
      );
      await page.evaluate(() => localStorage.setItem("bb.keys", "on"));
      await go("#/network");
      await loaded(page);
      await page.locator("[data-filter]").focus();
      await page.keyboard.type("gd?");
      assertEquals(await page.locator("[data-filter]").inputValue(), "gd?");
      assertEquals(hash().split("?")[0], "#/network");
    });
  },
);

calm(
  "a chart is read by keys, shares its crosshair, and has a table that says the same",
  async ({ server, visit }) => {
    await visit(server.url, {}, async ({ page, go }) => {
      await go("#/theblock");
      await loaded(page);
      const readout = page.locator("#utilization [role=status]");
      await page.locator("#utilization canvas").waitFor();
      await pause(4_000);
      await page.locator("#utilization canvas").focus();
      await page.keyboard.press("End");
      await page.keyboard.press("ArrowLeft");
      await page.keyboard.press("ArrowDown");
      await readout.filter({ hasText: /^Storage, \d\d:\d\d:\d\d: \d+\.\d+ %$/ }).waitFor();
      for (const id of ["utilization", "chain", "scheduler"]) {
        await page.locator(`#${id} .caption`, { hasText: /^at \d\d:\d\d:\d\d$/ }).waitFor();
      }
      await page.keyboard.press("Enter");
      await readout.filter({ hasText: /Compute: from .* lowest .* highest/ }).waitFor();
      await page.keyboard.press("Escape");
      await page.locator("#chain .caption", { hasText: "since" }).waitFor();
      await page.getByRole("button", { name: "View Utilisation of the four markets as table" }).click();
      const table = page.getByRole("table", { name: "Utilisation of the four markets" });
      await table.waitFor();
      assertEquals(await table.locator("thead th").allInnerTexts(), [
        "Time, UTC",
        "Compute",
        "Storage",
        "Energy",
        "Ad",
      ]);
      assertMatch(await table.locator("tbody tr").first().innerText(), /^\d\d:\d\d:\d\d\s+\d+\.\d+ %/);
      assertEquals(await page.locator("#utilization canvas").isVisible(), false);
    });
  },
);

browserTest(
  "what a node does not tell is a dash with its reason, never a zero, and what we estimate says how",
  async () => {
    await using server = await startProgram({ args: ["--simulate", "--dialect", "live"] });
    await visit(server.url, {}, async ({ page, go }) => {
      await go("#/theblock");
      await loaded(page);
      await page.locator("#profit-series .caption", { hasText: "chain time" }).waitFor();
      const final = page.locator("#chain dd span").nth(1);
      assertEquals(await final.innerText(), "—");
      assertMatch(
        (await final.getAttribute("title"))!,
        /^unknown: .*consensus\.finality_status.*\(NOT_OFFERED\)$/,
      );
      assertEquals(await final.getAttribute("aria-description"), await final.getAttribute("title"));
      const tps = page.locator('#chain dd.v[data-v="est"]');
      await tps.waitFor();
      assertMatch((await tps.getAttribute("title"))!, /^estimated: /);
      assertStringIncludes(
        await tps.evaluate((element) => getComputedStyle(element, "::before").content),
        "≈",
      );
      await page.getByRole("button", { name: "Notes on Chain" }).click();
      const notes = page.getByRole("dialog", { name: "Notes on Chain" });
      assertMatch(await notes.innerText(), /Throughput\s+estimated: /);
      await page.keyboard.press("Escape");
      await notes.waitFor({ state: "hidden" });
      assertEquals(
        await page.evaluate(() => document.activeElement?.getAttribute("aria-label")),
        "Notes on Chain: what is unknown or estimated",
      );
      await go("#/network");
      await loaded(page);
      assertEquals(await stateOf(page, "latencies"), "unsupported simulated");
      assertStringIncludes(await textOf(page, "#latencies"), "This node does not offer latencies of peers.");
      assertEquals(
        await page.locator("#latencies").getByRole("link", { name: "What this node offers" }).getAttribute(
          "href",
        ),
        "#/system?panel=capabilities",
      );
      assertMatch(await textOf(page, "#peers .footnote"), /^Unknown for every row: .*latency/);
      const factor = page.locator("#strength tbody tr", { hasText: "Finality lag" });
      assertMatch(await factor.innerText(), /—\s+.*— \/ 15/s);
      assertMatch((await factor.locator("[data-v=none]").first().getAttribute("title"))!, /NOT_OFFERED/);
    });
  },
);

calm(
  "the proof board asks for a key once, hashes the file here, and keeps its runs",
  async ({ server, visit }) => {
    const key = await keyOf(server);
    await visit(server.url, { expected: /401/ }, async ({ page, go }) => {
      await go("#/network");
      await loaded(page);
      await page.getByLabel("Domain").fill("alpha.block");
      await page.getByLabel("File").setInputFiles({
        name: "a <b>.txt",
        mimeType: "text/plain",
        buffer: Buffer.from("hello"),
      });
      await page.locator("#proof", { hasText: "5 B, SHA-256 2cf24dba5fb0a30e…" }).waitFor();
      await page.getByRole("button", { name: "Run check" }).click();
      const prompt = page.getByRole("dialog", { name: "API key needed" });
      await prompt.getByLabel("API key").fill("wrong");
      await prompt.getByRole("button", { name: "Use key" }).click();
      await prompt.getByRole("alert").filter({ hasText: "not known" }).waitFor();
      await prompt.getByLabel("API key").fill(key);
      await prompt.getByRole("button", { name: "Use key" }).click();
      await page.locator("#proof .steps").waitFor();
      assertEquals(await page.locator("#proof .steps > li").count(), 7);
      assertMatch(await textOf(page, ".proof-score"), /^\d+ of 100/);
      assertEquals(await stateOf(page, "proof"), "fresh simulated");
      await page.locator("#proof summary", { hasText: "Storage" }).click();
      assertStringIncludes(await textOf(page, "#proof .steps"), "2cf24dba5fb0a30e");
      await page.getByRole("button", { name: "Run check" }).click();
      await settles(page, () => document.querySelectorAll("#proof .run").length === 2);
      assertEquals(
        await page.evaluate(() => Object.keys(sessionStorage)),
        [],
        "the key was kept without being asked to",
      );
      assertEquals(page.url().includes(key), false);
    });
  },
);

calm.run();
