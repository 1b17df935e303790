/// <reference lib="dom" />
/**
 * What the browser tests share: a server in a process of its own, a Chromium, and an ear for everything that goes
 * wrong on the page. Everything that is started is ended, whatever the test does.
 */
import { type Browser, chromium, type Page } from "npm:playwright-core@1.64.1";

export type { Page };

const MAIN = new URL("../../main.ts", import.meta.url).href;

const FLAGS = [
  "--headless",
  "--no-sandbox",
  "--disable-gpu",
  "--disable-quic",
  "--no-first-run",
  "--disable-background-networking",
  "--disable-component-update",
  "--disable-sync",
];

/** Every page of the rail: its address and its headline. */
export const PAGES: readonly (readonly [hash: string, title: string])[] = [
  ["#/theblock", "Overview"],
  ["#/network", "Network"],
  ["#/alerts", "Alerts"],
  ["#/markets", "Markets"],
  ["#/markets/compute", "Compute market"],
  ["#/markets/storage", "Storage market"],
  ["#/markets/energy", "Energy market"],
  ["#/markets/ad", "Ad market"],
  ["#/providers", "Providers"],
  ["#/trading", "Trading"],
  ["#/portfolio", "Portfolio"],
  ["#/strategies", "Strategies"],
  ["#/backtest", "Backtest"],
  ["#/signals", "Signals"],
  ["#/operations", "Operations"],
  ["#/receipts", "Receipts"],
  ["#/system", "System"],
  ["#/settings", "Settings"],
  ["#/help", "Help"],
];

/** How long anything may take to appear. */
export const PATIENCE_MS = 20_000;

/** How long a process may take to end by itself. */
const GRACE_MS = 6_000;

const CANDIDATES = [
  "/usr/bin/chromium",
  "/usr/bin/chromium-browser",
  "/usr/bin/google-chrome",
  "/opt/google/chrome/chrome",
];

/** Where Chromium is, or null. */
export const CHROMIUM = Deno.env.get("CHROMIUM_PATH") ?? CANDIDATES.find(exists) ?? null;

function exists(path: string): boolean {
  try {
    return Deno.statSync(path).isFile;
  } catch {
    return false;
  }
}

/** Without a browser a test is skipped and says so; in CI (the variable `CI` is set) it fails. */
export function browserTest(name: string, run: (t: Deno.TestContext) => Promise<void>): void {
  const skip = CHROMIUM === null && Deno.env.get("CI") === undefined;
  Deno.test({
    name: skip ? `${name} (SKIPPED: no Chromium found; install it or set CHROMIUM_PATH)` : name,
    ignore: skip,
    fn: async (t) => {
      if (CHROMIUM === null) {
        throw new Error(
          "Cannot test the page: no Chromium found, and CI must have one; install it or set CHROMIUM_PATH",
        );
      }
      await run(t);
    },
  });
}

/** A case of a suite: what {@link visit} does, in the suite's browser and with its server. */
export type SuiteCase = (given: {
  readonly server: Running;
  readonly visit: (url: string, options: VisitOptions, run: (given: Visit) => Promise<void>) => Promise<void>;
}) => Promise<void>;

/** Cases that share one server and one browser; `run` comes last and makes them one test with a step for each. */
export interface Suite {
  (name: string, run: SuiteCase): void;
  run(): void;
}

/** Makes a suite. Its cases must leave the server as they found it. */
export function browserSuite(name: string, options: ProgramOptions): Suite {
  const cases: (readonly [string, SuiteCase])[] = [];
  const add = (title: string, run: SuiteCase) => void cases.push([title, run]);
  const run = () =>
    browserTest(name, async (t) => {
      await using server = await startProgram(options);
      const browser = await launch();
      try {
        for (const [title, run] of cases) {
          await t.step({
            name: title,
            // Server and browser go on beyond the step; the test around all of them is the one that cleans up.
            sanitizeOps: false,
            sanitizeResources: false,
            fn: () => run({ server, visit: (url, how, go) => visitIn(browser, url, how, go) }),
          });
        }
      } finally {
        await browser.close();
      }
    });
  return Object.assign(add, { run });
}

/** A program of ours, running. */
export interface Running {
  readonly url: string;
  readonly dataDir: string;
  stop(): Promise<void>;
  [Symbol.asyncDispose](): Promise<void>;
}

/** What to start. */
export interface ProgramOptions {
  readonly verb?: "start" | "simulator";
  readonly args?: readonly string[];
  readonly env?: Readonly<Record<string, string>>;
  readonly port?: number;
  /** Folder of an earlier run; a new one when left out. */
  readonly dataDir?: string;
}

/** Starts `main.ts` and waits until it listens. */
export async function startProgram(options: ProgramOptions = {}): Promise<Running> {
  const verb = options.verb ?? "start";
  const dataDir = options.dataDir ?? await Deno.makeTempDir({ prefix: "bb-browser-" });
  const child = new Deno.Command(Deno.execPath(), {
    args: [
      "run",
      "--no-prompt",
      "--allow-net",
      "--allow-read",
      "--allow-write",
      "--allow-env",
      "--frozen=false",
      MAIN,
      verb,
      "--port",
      String(options.port ?? 0),
      ...(verb === "start" ? ["--data-dir", dataDir] : []),
      ...(options.args ?? []),
    ],
    env: { NO_COLOR: "1", ...options.env },
    stdout: "piped",
    stderr: "piped",
  }).spawn();
  const lines: string[] = [];
  const listening = Promise.withResolvers<string>();
  const read = Promise.all([child.stdout, child.stderr].map((stream) =>
    eachLine(stream, (line) => {
      lines.push(line);
      const found = /"event":"(server|simulator)\.listening","url":"([^"]+)"/.exec(line);
      if (found) listening.resolve(found[2]!);
    })
  ));
  void child.status.then(({ code }) =>
    listening.reject(new Error(`main.ts ${verb} ended with code ${code}:\n${lines.slice(-20).join("\n")}`))
  );
  listening.promise.catch(() => {});
  let stopping: Promise<void> | null = null;
  const stop = () =>
    stopping ??= (async () => {
      signal(child, "SIGTERM");
      const timer = setTimeout(() => signal(child, "SIGKILL"), GRACE_MS);
      await child.status;
      clearTimeout(timer);
      await read;
      if (options.dataDir === undefined) await Deno.remove(dataDir, { recursive: true }).catch(() => {});
    })();
  try {
    const url = await listening.promise;
    if (verb === "start") await ready(url);
    return { url, dataDir, stop, [Symbol.asyncDispose]: stop };
  } catch (error) {
    await stop();
    throw error;
  }
}

function signal(child: Deno.ChildProcess, name: Deno.Signal): void {
  try {
    child.kill(name);
  } catch {
    // It has ended already.
  }
}

async function eachLine(
  stream: ReadableStream<Uint8Array<ArrayBuffer>>,
  on: (line: string) => void,
): Promise<void> {
  let rest = "";
  for await (const chunk of stream.pipeThrough(new TextDecoderStream())) {
    const parts = (rest + chunk).split("\n");
    rest = parts.pop()!;
    for (const line of parts) on(line);
  }
  if (rest !== "") on(rest);
}

/** Waits until the node has been asked once. */
async function ready(url: string): Promise<void> {
  await until(async () => {
    const response = await fetch(`${url}/health/ready`);
    await response.body?.cancel();
    return response.ok;
  }, "the server to be ready");
}

/** Waits for something that is not on a page. */
export async function until(
  holds: () => boolean | Promise<boolean>,
  what: string,
  ms = PATIENCE_MS,
): Promise<void> {
  const deadline = Date.now() + ms;
  while (!await holds()) {
    if (Date.now() > deadline) throw new Error(`waited ${ms} ms for ${what}`);
    await pause(50);
  }
}

/** Lets time pass. */
export function pause(ms: number): Promise<void> {
  return new Promise((resolve) => setTimeout(resolve, ms));
}

/** The key that a server without configured keys writes for its operator. */
export async function keyOf(server: Running): Promise<string> {
  return (await Deno.readTextFile(`${server.dataDir}/api.key`)).trim();
}

/** Gives the page the server's key, as if the reader had asked to keep it in the tab. */
export async function unlock(page: Page, server: Running): Promise<void> {
  await page.addInitScript(([origin, key]) => {
    sessionStorage.setItem(`bb.key:${origin}`, key!);
  }, [new URL(server.url).origin, await keyOf(server)]);
}

/** A page under test. */
export interface Visit {
  readonly page: Page;
  readonly browser: Browser;
  /** Errors of the console, uncaught exceptions and reports of the policy, in order. */
  readonly complaints: string[];
  /** Goes to an address below the server's. */
  go(hash: string): Promise<void>;
}

/** How the browser is set up. */
export interface VisitOptions {
  readonly width?: number;
  readonly height?: number;
  readonly colorScheme?: "dark" | "light";
  /** Complaints that belong to the test: a request that is meant to fail, say. */
  readonly expected?: RegExp;
}

/** Opens a browser, runs the test, closes the browser, and fails on any complaint of the page. */
export async function visit(
  url: string,
  options: VisitOptions,
  run: (given: Visit) => Promise<void>,
): Promise<void> {
  const browser = await launch();
  try {
    await visitIn(browser, url, options, run);
  } finally {
    await browser.close();
  }
}

function launch(): Promise<Browser> {
  return chromium.launch({ executablePath: CHROMIUM!, args: FLAGS });
}

/** The same in a browser that is there already; the page has a profile of its own. */
async function visitIn(
  browser: Browser,
  url: string,
  options: VisitOptions,
  run: (given: Visit) => Promise<void>,
): Promise<void> {
  const complaints: string[] = [];
  const context = await browser.newContext({
    viewport: { width: options.width ?? 1440, height: options.height ?? 900 },
    colorScheme: options.colorScheme ?? "dark",
  });
  try {
    context.setDefaultTimeout(PATIENCE_MS);
    const page = await context.newPage();
    page.on("console", (message) => {
      if (message.type() === "error" || message.type() === "warning") complaints.push(message.text());
    });
    page.on("pageerror", (error) => complaints.push(`uncaught: ${error.message}`));
    await page.exposeFunction(
      "reportViolation",
      (text: string) => void complaints.push(`policy violated: ${text}`),
    );
    await page.addInitScript(() => {
      document.addEventListener("securitypolicyviolation", ({ violatedDirective, blockedURI, sample }) => {
        const { reportViolation } = globalThis as unknown as { reportViolation: (text: string) => void };
        reportViolation(`${violatedDirective} ${blockedURI} ${sample}`);
      });
    });
    await run({ page, browser, complaints, go: (hash) => goTo(page, `${url}/${hash}`) });
    const unexpected = complaints.filter((complaint) => !options.expected?.test(complaint));
    if (unexpected.length > 0) throw new Error(`the page complained:\n${unexpected.join("\n")}`);
  } finally {
    await context.close();
  }
}

/** Goes to an address and waits until its page is shown. */
async function goTo(page: Page, address: string): Promise<void> {
  await page.goto(address);
  await settles(page, () => {
    const shown = document.getElementById("main")?.dataset.path;
    return shown !== undefined && (!location.hash.startsWith("#/") || location.hash.startsWith(`#${shown}`));
  });
}

/** Waits until an expression holds on the page. */
export async function settles(page: Page, holds: () => boolean, ms = PATIENCE_MS): Promise<void> {
  await page.waitForFunction(holds, undefined, { timeout: ms });
}

/** The state of a panel, in words. */
export function stateOf(page: Page, id: string): Promise<string> {
  return page.locator(`#${id}`).getAttribute("data-state").then((state) => state ?? "");
}

/** Waits until every panel on the page has its data. */
export async function loaded(page: Page): Promise<void> {
  await settles(page, () => {
    const panels = [...document.querySelectorAll(".panel")];
    return panels.length > 0 && !document.querySelector("main[aria-busy=true]") &&
      panels.every((panel) => !panel.matches('[data-state~="loading"]'));
  });
}

/** Everything that a panel says. */
export function textOf(page: Page, selector: string): Promise<string> {
  return page.locator(selector).innerText();
}
