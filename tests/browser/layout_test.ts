/// <reference lib="dom" />
/** How the page fits: every width from 320 px up, every theme, and fingers. */
// @ts-types="#types/std_assert.d.ts"
import { assertEquals, assertNotEquals } from "@std/assert";
import {
  browserSuite,
  browserTest,
  loaded,
  type Page,
  PAGES,
  pause,
  startProgram,
  visit,
} from "./harness.ts";

const WIDTHS = [320, 390, 640, 1024, 1440];
const EVERY_WIDTH = [320, 390, 500, 640, 800, 1024, 1200, 1440, 1920];

/** Pages that look different where the node offers less. */
const SPARSE = [
  "#/theblock",
  "#/network",
  "#/markets",
  "#/markets/compute",
  "#/markets/ad",
  "#/receipts",
  "#/system",
];

/** Lets the browser lay out and draw. */
const settled = (page: Page) =>
  page.evaluate(() =>
    new Promise((done) => requestAnimationFrame(() => requestAnimationFrame(() => done(null))))
  );

const calm = browserSuite("layout of a calm simulated chain", { args: ["--simulate"] });

browserTest("no width makes the page scroll sideways or a panel overflow", async () => {
  await using plain = await startProgram({ args: ["--simulate"] });
  await using sparse = await startProgram({
    args: ["--simulate", "--dialect", "live", "--scenario", "throttled-ads"],
  });
  const overflowing: string[] = [];
  for (const server of [plain, sparse]) {
    await visit(server.url, {}, async ({ page, go }) => {
      const hashes = server === plain ? [...PAGES.map(([hash]) => hash), "#/nothing"] : SPARSE;
      for (const hash of hashes) {
        await go(hash);
        if (hash !== "#/nothing") await loaded(page);
        for (const width of hash === "#/theblock" || hash === "#/network" ? EVERY_WIDTH : WIDTHS) {
          await page.setViewportSize({ width, height: 900 });
          await settled(page);
          const problems = await page.evaluate(() => {
            const found: string[] = [];
            const root = document.documentElement;
            if (root.scrollWidth > root.clientWidth) found.push(`page is ${root.scrollWidth} px wide`);
            for (
              const box of document.querySelectorAll<HTMLElement>(
                ".panel, .verdict, .bar, .page-head, figcaption",
              )
            ) {
              if (box.scrollWidth > box.clientWidth + 1) {
                found.push(`${box.id || box.className} needs ${box.scrollWidth} of ${box.clientWidth} px`);
              }
            }
            return found;
          });
          overflowing.push(...problems.map((problem) => `${hash} at ${width} px: ${problem}`));
        }
      }
    });
  }
  assertEquals(overflowing, []);
});

calm("the bar keeps to its width with the longest state and a tall chain", async ({ server, visit }) => {
  await visit(server.url, { width: 320 }, async ({ page, go }) => {
    await go("#/theblock");
    await loaded(page);
    await page.keyboard.press("Space");
    for (const width of [320, 390, 640, 800, 1024]) {
      await page.setViewportSize({ width, height: 800 });
      const [needs, has, chip] = await page.evaluate(() => {
        document.getElementById("chip-word")!.textContent = "RECONNECTING";
        document.getElementById("chip-detail")!.textContent = "12 in 30 s, polling";
        document.getElementById("height")!.textContent = "#37,843,209";
        const bar = document.querySelector(".bar")!;
        return [bar.scrollWidth, bar.clientWidth, document.getElementById("chip")!.clientWidth];
      });
      assertEquals(
        [needs! <= has!, chip! >= 40],
        [true, true],
        `${needs} of ${has} px, chip ${chip} px at ${width} px`,
      );
    }
  });
});

calm("nothing in the bar, the rail or a panel's head overlaps its neighbour", async ({ server, visit }) => {
  await visit(server.url, {}, async ({ page, go }) => {
    await go("#/network");
    await loaded(page);
    for (const width of [320, 390, 640, 1024, 1440]) {
      await page.setViewportSize({ width, height: 900 });
      await pause(150);
      const overlaps = await page.evaluate(() => {
        const found: string[] = [];
        for (const row of document.querySelectorAll(".bar, .panel-head, .rail ul, .range")) {
          const boxes = [...row.children].map((child) => ({ child, box: child.getBoundingClientRect() }))
            .filter(({ box }) => box.width > 0 && box.height > 0);
          for (let i = 1; i < boxes.length; i++) {
            const [a, b] = [boxes[i - 1]!.box, boxes[i]!.box];
            const across = Math.min(a.right, b.right) - Math.max(a.left, b.left);
            const down = Math.min(a.bottom, b.bottom) - Math.max(a.top, b.top);
            if (across > 1 && down > 1) {
              found.push(`${boxes[i]!.child.outerHTML.slice(0, 60)} by ${across} × ${down}`);
            }
          }
        }
        return found;
      });
      assertEquals(overlaps, [], `at ${width} px`);
    }
  });
});

calm("every control is at least 24 px in both directions", async ({ server, visit }) => {
  await visit(server.url, {}, async ({ page, go }) => {
    for (const [hash] of PAGES) {
      await go(hash);
      await loaded(page);
      await page.waitForTimeout(300);
      const small = await page.evaluate(() =>
        [...document.querySelectorAll<HTMLElement>("button, a, summary, select, input:not([type=checkbox])")]
          .filter(
            (control) => {
              const { width, height } = control.getBoundingClientRect();
              const inline = control.matches("p a, .skip, li a, dd a");
              return width > 0 && !inline && (width < 24 || height < 24);
            },
          ).map((control) =>
            `${control.outerHTML.slice(0, 80)} ${control.offsetWidth}×${control.offsetHeight}`
          )
      );
      assertEquals(small, [], hash);
    }
  });
});

calm(
  "a theme applies at once, is there before the first paint next time, and auto follows the system",
  async ({ server, visit }) => {
    await visit(server.url, { colorScheme: "light" }, async ({ page, go }) => {
      const ground = () => page.evaluate(() => getComputedStyle(document.documentElement).backgroundColor);
      await go("#/theblock");
      await loaded(page);
      assertEquals(await ground(), "rgb(245, 247, 250)");
      const seen = new Set<string>();
      for (const theme of ["dark", "light", "contrast", "auto"]) {
        await page.getByRole("button", { name: /^Theme: / }).click();
        assertEquals(await page.locator("html").getAttribute("data-theme"), theme);
        seen.add(await ground());
      }
      assertEquals(seen, new Set(["rgb(11, 14, 20)", "rgb(245, 247, 250)", "rgb(0, 0, 0)"]));
      await page.emulateMedia({ colorScheme: "dark" });
      assertEquals(await ground(), "rgb(11, 14, 20)");
      await page.evaluate(() => localStorage.setItem("bb.theme", "contrast"));
      await page.addInitScript(() => {
        const paints = new PerformanceObserver((list) => {
          for (const { name } of list.getEntries()) {
            (globalThis as { themeAt?: string }).themeAt ??=
              `${name}: ${document.documentElement.dataset.theme}`;
          }
        });
        paints.observe({ type: "paint", buffered: true });
      });
      await page.reload();
      await loaded(page);
      assertEquals(
        await page.evaluate(() => (globalThis as { themeAt?: string }).themeAt),
        "first-paint: contrast",
      );
    });
  },
);

calm("charts take their colours anew when the theme changes", async ({ server, visit }) => {
  await visit(server.url, { colorScheme: "dark" }, async ({ page, go }) => {
    await go("#/theblock");
    await loaded(page);
    await page.locator("#utilization canvas").waitFor();
    await page.keyboard.press("Space");
    await pause(1_500);
    const picture = () =>
      page.locator("#utilization canvas").evaluate((canvas) => (canvas as HTMLCanvasElement).toDataURL());
    const dark = await picture();
    await page.emulateMedia({ colorScheme: "light" });
    await pause(500);
    assertNotEquals(await picture(), dark);
  });
});

calm("below 1024 px the rail is a drawer, below 640 px a bar at the bottom", async ({ server, visit }) => {
  await visit(server.url, { width: 800 }, async ({ page, go }) => {
    await go("#/theblock");
    await loaded(page);
    const rail = page.getByRole("navigation", { name: "Pages" });
    const link = rail.getByRole("link", { name: "Network" });
    assertEquals(await link.isVisible(), false);
    const menu = page.getByRole("button", { name: "Pages" });
    await menu.click();
    assertEquals(await menu.getAttribute("aria-expanded"), "true");
    await page.keyboard.press("Escape");
    await link.waitFor({ state: "hidden" });
    await menu.click();
    await link.click();
    await page.getByRole("heading", { level: 1, name: "Network" }).waitFor();
    assertEquals(await link.isVisible(), false);
    await page.setViewportSize({ width: 390, height: 844 });
    const monitor = rail.getByRole("button", { name: "Monitor" });
    const box = (await monitor.boundingBox())!;
    assertEquals([box.y + box.height >= 840, box.height >= 44, box.width >= 44], [true, true, true]);
    await monitor.click();
    assertEquals(await monitor.getAttribute("aria-expanded"), "true");
    await rail.getByRole("link", { name: "Alerts" }).click();
    await page.getByRole("heading", { level: 1, name: "Alerts" }).waitFor();
    await rail.getByRole("link", { name: "Alerts" }).waitFor({ state: "hidden" });
    await page.getByRole("button", { name: "More" }).click();
    await page.getByRole("button", { name: "Help and keys" }).click();
    await page.getByRole("dialog", { name: "Help" }).waitFor();
  });
});

calm.run();
