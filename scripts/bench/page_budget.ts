// deno-lint-ignore-file no-console
/// <reference lib="dom" />
/**
 * What the page costs, in a real Chromium beside a program of ours: rounds of the first route and of a blank page take
 * turns, so that what the machine does meanwhile falls on both. Prints a table of medians.
 *
 * `deno task bench:page [--minutes N]`: with minutes, also the slope of the heap at ten times the pace of a chain.
 */
import { type Browser, chromium } from "npm:playwright-core@1.64.1";
import { CHROMIUM, startProgram } from "../../tests/browser/harness.ts";

const ROUNDS = 7;
const SLOWDOWN = 4;

/** How long a page is watched after it was loaded. */
const WATCH_MS = 3_000;

interface Load {
  readonly fcpMs: number;
  readonly lcpMs: number;
  /** When the verdict has been said from data; NaN on a page without one. */
  readonly verdictMs: number;
  readonly cls: number;
  /** Script, style and layout, as the browser counts them. */
  readonly taskMs: number;
}

async function load(browser: Browser, url: string): Promise<Load> {
  const context = await browser.newContext({ viewport: { width: 1440, height: 900 } });
  const page = await context.newPage();
  const session = await context.newCDPSession(page);
  await session.send("Performance.enable");
  await session.send("Emulation.setCPUThrottlingRate", { rate: SLOWDOWN });
  await page.addInitScript(() => {
    const seen = { fcp: NaN, lcp: NaN, cls: 0, verdict: NaN };
    Object.assign(globalThis, { seen });
    new PerformanceObserver((list) => {
      for (const entry of list.getEntries()) {
        if (entry.name === "first-contentful-paint") seen.fcp = entry.startTime;
      }
    }).observe({ type: "paint", buffered: true });
    new PerformanceObserver((list) => {
      for (const entry of list.getEntries()) seen.lcp = entry.startTime;
    }).observe({ type: "largest-contentful-paint", buffered: true });
    new PerformanceObserver((list) => {
      for (const entry of list.getEntries()) {
        seen.cls += (entry as PerformanceEntry & { value: number }).value;
      }
    }).observe({ type: "layout-shift", buffered: true });
    const look = () => {
      const said = document.querySelector<HTMLElement>("#verdict .sentence");
      const visible = said?.checkVisibility({ visibilityProperty: true }) ?? false;
      if (visible && !/^(Waiting|$)/.test(said!.textContent!)) seen.verdict = performance.now();
      else requestAnimationFrame(look);
    };
    requestAnimationFrame(look);
  });
  await page.goto(url);
  await page.waitForTimeout(WATCH_MS);
  const { fcp, lcp, cls, verdict } = await page.evaluate(() =>
    (globalThis as unknown as { seen: { fcp: number; lcp: number; cls: number; verdict: number } }).seen
  );
  const { metrics } = await session.send("Performance.getMetrics");
  const taskMs = 1000 * (metrics.find(({ name }) => name === "TaskDuration")?.value ?? NaN);
  await context.close();
  return { fcpMs: fcp, lcpMs: lcp, verdictMs: verdict, cls, taskMs };
}

/** Bytes on the wire, headers included, in a load of its own: a browser that tells of every request paints later. */
async function wireBytes(browser: Browser, url: string): Promise<number> {
  const context = await browser.newContext({ viewport: { width: 1440, height: 900 } });
  const page = await context.newPage();
  const session = await context.newCDPSession(page);
  await session.send("Network.enable");
  let bytes = 0;
  session.on("Network.loadingFinished", ({ encodedDataLength }) => bytes += encodedDataLength);
  await page.goto(url);
  await page.waitForTimeout(WATCH_MS);
  await context.close();
  return bytes;
}

interface Steady {
  readonly messagesPerS: number;
  /** Share of its main thread, in processor time. */
  readonly share: number;
  readonly textWrites: number;
  /** Writes of text that changed nothing that is seen: the same again, or twice before a frame. */
  readonly idleWrites: number;
}

/** What a page costs that is looked at, at full speed. */
async function steady(browser: Browser, url: string, seconds: number): Promise<Steady> {
  const context = await browser.newContext({ viewport: { width: 1440, height: 900 } });
  const page = await context.newPage();
  const session = await context.newCDPSession(page);
  await session.send("Performance.enable", { timeDomain: "threadTicks" });
  await page.goto(url);
  await page.waitForTimeout(10_000);
  const count = async () => {
    const { metrics } = await session.send("Performance.getMetrics");
    const { messages } = await page.evaluate(() =>
      (globalThis as unknown as { __dash: { stats: { messages: number } } }).__dash.stats
    );
    return { messages, busyS: metrics.find(({ name }) => name === "TaskDuration")!.value };
  };
  const before = await count();
  const beganMs = performance.now();
  await page.waitForTimeout(1000 * seconds);
  const after = await count();
  const elapsedS = (performance.now() - beganMs) / 1000;
  // Watching the writes costs more than they do.
  const writes = await page.evaluate(async (ms) => {
    const found = { all: 0, idle: 0 };
    const observer = new MutationObserver((records) => {
      const first = new Map<Node, string>();
      for (const { target, oldValue } of records) {
        found.all++;
        if (first.has(target)) found.idle++;
        else first.set(target, oldValue!);
      }
      for (const [node, old] of first) if ((node as Text).data === old) found.idle++;
    });
    observer.observe(document, { subtree: true, characterData: true, characterDataOldValue: true });
    await new Promise((done) => setTimeout(done, ms));
    observer.disconnect();
    return found;
  }, 1000 * seconds);
  await context.close();
  return {
    messagesPerS: (after.messages - before.messages) / elapsedS,
    share: (after.busyS - before.busyS) / elapsedS,
    textWrites: writes.all,
    idleWrites: writes.idle,
  };
}

/** Listeners and nodes after a collection, before and after so many changes of the page. */
async function wandering(browser: Browser, url: string, changes: number): Promise<string> {
  const context = await browser.newContext({ viewport: { width: 1440, height: 900 } });
  const page = await context.newPage();
  const session = await context.newCDPSession(page);
  await session.send("Performance.enable");
  const paths = ["network", "markets", "trading", "receipts", "signals", "system", "backtest", "theblock"];
  const go = async (times: number) => {
    for (let i = 0; i < times; i++) {
      await page.evaluate((path) => void (location.hash = `#/${path}`), paths[i % paths.length]!);
      await page.waitForTimeout(150);
    }
    await page.waitForTimeout(3_000);
    await session.send("HeapProfiler.collectGarbage");
    const { metrics } = await session.send("Performance.getMetrics");
    const of = (name: string) => metrics.find((metric) => metric.name === name)!.value;
    return `${of("JSEventListeners")} listeners, ${of("Nodes")} nodes`;
  };
  await page.goto(`${url}/#/theblock`);
  await page.waitForTimeout(10_000);
  const told = [await go(2 * paths.length), await go(changes)];
  await context.close();
  return told.join(" → ");
}

/** Bytes of heap after a collection, once a minute. */
async function heap(browser: Browser, url: string, minutes: number): Promise<readonly number[]> {
  const context = await browser.newContext({ viewport: { width: 1440, height: 900 } });
  const page = await context.newPage();
  const session = await context.newCDPSession(page);
  await page.goto(url);
  await page.waitForTimeout(60_000); // Windows of an hour's history fill first.
  const sizes: number[] = [];
  for (let minute = 0; minute <= minutes; minute++) {
    await session.send("HeapProfiler.collectGarbage");
    const { usedSize } = await session.send("Runtime.getHeapUsage");
    sizes.push(usedSize);
    if (minute < minutes) await page.waitForTimeout(60_000);
  }
  await context.close();
  return sizes;
}

/** Slope of sizes per hour, with the upper bound of its 95 % interval (normal quantile). */
function slopePerHour(sizes: readonly number[]): readonly [slope: number, upper: number] {
  const n = sizes.length;
  const meanX = (n - 1) / 2;
  const meanY = sizes.reduce((sum, size) => sum + size, 0) / n;
  const spread = sizes.reduce((sum, _, x) => sum + (x - meanX) ** 2, 0);
  const slope = sizes.reduce((sum, size, x) => sum + (x - meanX) * (size - meanY), 0) / spread;
  const rest = sizes.reduce((sum, size, x) => sum + (size - meanY - slope * (x - meanX)) ** 2, 0);
  const error = Math.sqrt(rest / Math.max(1, n - 2) / spread);
  return [60 * slope, 60 * (slope + 1.96 * error)];
}

function median(values: readonly number[]): number {
  const known = values.filter((value) => !Number.isNaN(value)).sort((a, b) => a - b);
  return known.length === 0 ? NaN : known[Math.floor(known.length / 2)]!;
}

if (import.meta.main) {
  if (CHROMIUM === null) throw new Error("no Chromium found; install it or set CHROMIUM_PATH");
  const at = Deno.args.indexOf("--minutes");
  const minutes = at < 0 ? 0 : Number(Deno.args[at + 1]);
  await using program = await startProgram({ args: ["--simulate"] });
  const blank = Deno.serve(
    { port: 0, hostname: "127.0.0.1", onListen() {} },
    () =>
      new Response("<!doctype html><title>blank</title><p>blank</p>", {
        headers: { "content-type": "text/html" },
      }),
  );
  const browser = await chromium.launch({
    executablePath: CHROMIUM,
    args: [
      "--headless",
      "--no-sandbox",
      "--disable-gpu",
      "--disable-quic",
      "--disable-background-networking",
    ],
  });
  const ourUrl = `${program.url}/#/theblock`;
  const blankUrl = `http://127.0.0.1:${blank.addr.port}/`;
  const ours: Load[] = [];
  const none: Load[] = [];
  for (let round = 0; round < ROUNDS; round++) {
    ours.push(await load(browser, ourUrl));
    none.push(await load(browser, blankUrl));
  }
  const row = (name: string, pick: (load: Load) => number, budget: string) =>
    console.log(
      `| ${name} | ${median(ours.map(pick)).toFixed(3)} | ${median(none.map(pick)).toFixed(3)} | ${budget} |`,
    );
  console.log(
    `${ROUNDS} rounds, CPU slowed ${SLOWDOWN}×, medians, load average ${Deno.loadavg()[0]!.toFixed(1)}\n`,
  );
  console.log("| | first route | blank page | budget |\n|---|---|---|---|");
  row("first contentful paint, ms", ({ fcpMs }) => fcpMs, "≤ 400");
  row("largest contentful paint, ms", ({ lcpMs }) => lcpMs, "≤ 900");
  row("verdict from data, ms", ({ verdictMs }) => verdictMs, "–");
  row("layout shift", ({ cls }) => cls, "≤ 0.01");
  const bytes = [await wireBytes(browser, ourUrl), await wireBytes(browser, blankUrl)];
  console.log(`| bytes on the wire | ${bytes[0]} | ${bytes[1]} | ≤ 45,000 |`);
  row(`main thread within ${WATCH_MS / 1000} s of the load, ms`, ({ taskMs }) => taskMs, "–");
  await using fast = await startProgram({ args: ["--simulate", "--speed", "10"] });
  await using brisk = await startProgram({ args: ["--simulate", "--speed", "5"] });
  const { messagesPerS, share, textWrites, idleWrites } = await steady(
    browser,
    `${brisk.url}/#/theblock`,
    20,
  );
  console.log(
    `\nat ${messagesPerS.toFixed(0)} msg/s: ${
      (100 * share).toFixed(1)
    } % of a core (budget 6 % at 50 msg/s), ` +
      `${textWrites} writes of text in 20 s, ${idleWrites} of them without a change`,
  );
  console.log(`200 changes of the page: ${await wandering(browser, fast.url, 200)}`);
  if (minutes > 0) {
    const sizes = await heap(browser, `${fast.url}/#/theblock`, minutes);
    const [slope, upper] = slopePerHour(sizes);
    const mb = (bytes: number) => (bytes / 1e6).toFixed(2);
    console.log(`\nheap over ${minutes} min at 10× the pace: ${sizes.map(mb).join(", ")} MB`);
    console.log(`slope ${mb(slope)} MB/h, upper bound ${mb(upper)} MB/h (budget 3)`);
  }
  await browser.close();
  await blank.shutdown();
}
