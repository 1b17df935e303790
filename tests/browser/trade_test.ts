/// <reference lib="dom" />
/** Acting from the page: orders on paper, modes, the emergency stop, agents, settings of the engine, backtests. */
// @ts-types="#types/std_assert.d.ts"
import { assert, assertEquals, assertMatch, assertStringIncludes } from "@std/assert";
import {
  browserSuite,
  keyOf,
  loaded,
  type Page,
  type Running,
  settles,
  stateOf,
  textOf,
  unlock,
  until,
} from "./harness.ts";

const suite = browserSuite("acting on a simulated chain", { args: ["--simulate", "--speed", "4"] });

/** Asks the server, past the page. */
async function ask(
  server: Running,
  method: string,
  path: string,
  body?: unknown,
): Promise<Record<string, unknown>> {
  const response = await fetch(`${server.url}${path}`, {
    method,
    headers: { "x-api-key": await keyOf(server), "content-type": "application/json" },
    ...(body === undefined ? {} : { body: JSON.stringify(body) }),
  });
  return await response.json();
}

/** Waits until a part of the page says something. */
const says = (page: Page, selector: string, words: string | RegExp) =>
  page.locator(selector).filter({ hasText: words }).first().waitFor();

suite("what needs a key is locked, says so, and opens when a key is given", async ({ server, visit }) => {
  await visit(server.url, { expected: /401/ }, async ({ page, go }) => {
    await go("#/portfolio");
    await loaded(page);
    for (const id of ["account", "equity", "risk-figures", "positions", "daily", "locks"]) {
      assertEquals(await stateOf(page, id), "locked", id);
    }
    const button = page.locator("#account").getByRole("button", { name: "Enter API key" });
    await button.click();
    const prompt = page.getByRole("dialog", { name: "API key needed" });
    await prompt.getByLabel("API key").fill(await keyOf(server));
    await prompt.getByRole("button", { name: "Use key" }).click();
    await settles(page, () => !document.querySelector('.panel[data-state~="locked"]'));
    assertStringIncludes(await textOf(page, "#account"), "No paper account has been opened");
  });
});

suite("an order on paper: previewed, placed, filled, held, and sold again", async ({ server, visit }) => {
  await visit(server.url, {}, async ({ page, go }) => {
    await unlock(page, server);
    await go("#/trading?token=COMPUTE");
    await loaded(page);
    await says(page, "#ticket-why", "only watches in monitor mode");
    await page.getByLabel("Quantity").fill("2");
    await says(page, ".ticket-verdict", "Would be denied: MODE_FORBIDS");
    const buy = page.locator("#ticket [data-side]");
    assertEquals(await buy.isDisabled(), true);
    await page.getByRole("button", { name: "PAPER", exact: true }).click();
    const dialog = page.getByRole("dialog", { name: "Switch from MONITOR to PAPER" });
    assertMatch(await dialog.innerText(), /A new paper account is opened with 1,000,000,000 base units/);
    await dialog.getByRole("button", { name: "Switch to PAPER" }).click();
    await says(page, "#mode", "PAPER");
    await says(page, ".ticket-verdict", "would let it pass");
    assertMatch(
      await textOf(page, "#ticket dl"),
      /Fill price\s+[\d,.]+[^]*Fee\s+\d[^]*Costs with fee\s+[\d,]+/,
    );
    // Enter in a field sends nothing.
    await page.getByLabel("Quantity").press("Enter");
    await page.getByLabel("Quantity").fill("900000000");
    await says(page, ".ticket-verdict", /Would be denied: (INSUFFICIENT_CASH|MAX_EXPOSURE)/);
    await page.getByLabel("Quantity").fill("2");
    await says(page, ".ticket-verdict", "would let it pass");
    assertEquals((await ask(server, "GET", "/orders")).total, 0);
    assertEquals(await buy.innerText(), "Buy 2 COMPUTE on paper");
    await buy.click();
    await says(page, ".ticket-outcome", "Order o-1, buy 2 COMPUTE: working");
    await says(page, "#positions tbody tr", "COMPUTE");
    await says(page, "#fills tbody tr", "buy 2 COMPUTE");
    await says(page, "#order-list tbody tr", "filled");
    const [order] = (await ask(server, "GET", "/orders")).orders as readonly Record<string, string>[];
    assertMatch(order!.client_order_id!, /^web-[0-9a-f]{24}$/);
    await page.getByRole("button", { name: "Sell COMPUTE: fill the ticket" }).click();
    assertEquals(await page.getByLabel("Reduce only").isChecked(), true);
    await page.getByRole("button", { name: "Sell 2 COMPUTE on paper" }).click();
    await says(page, "#positions", "Nothing is held");
    await says(page, "#fills tbody tr", "sell 2 COMPUTE");
    await page.evaluate(() => void (location.hash = "#/portfolio"));
    await says(page, "#account .kpi", /^[\d.]+[MB]$/);
    await says(page, "#by-market tbody tr", /COMPUTE\s*▼ −\d/);
    assertMatch(
      (await page.locator("#risk-figures dd[data-v=none]").first().getAttribute("title"))!,
      /^unknown: .+/,
    );
  });
});

suite(
  "an order that waits is cancelled, and a lost answer is asked for again, not sent twice",
  async ({ server, visit }) => {
    await visit(server.url, { expected: /ERR_FAILED|Failed to load/ }, async ({ page, go }) => {
      await unlock(page, server);
      await go("#/trading?token=AD");
      await loaded(page);
      await page.locator('#ticket label[data-value="limit"]').click();
      await page.getByLabel("Quantity").fill("1");
      await page.getByLabel("Limit, base units per unit").fill("1");
      await says(page, "#ticket", "The limit is not reached now");
      let lost = 0;
      await page.route("**/orders", async (route) => {
        if (route.request().method() !== "POST" || lost++ > 0) return route.continue();
        // The server has it, the page never hears of it.
        await route.fetch();
        await route.abort();
      });
      const buy = page.getByRole("button", { name: "Buy 1 AD on paper" });
      await buy.click();
      await says(page, "#ticket .form-error", "not known whether the order was placed");
      await buy.click();
      await says(page, ".ticket-outcome", "buy 1 AD: working");
      await settles(page, () => document.querySelectorAll("#working tbody tr").length === 1);
      await page.locator("#working").getByRole("button", { name: /^Cancel order o-/ }).click();
      await says(page, "#working", "No order works");
      // Rows do not move under the reader's eyes: what is new is counted, and shown when asked for.
      await page.locator("#order-list .fresh").click();
      await says(page, "#order-list tbody tr", /AD.*cancelled/);
    });
  },
);

suite("live mode needs its name typed, offers no order, and is left again", async ({ server, visit }) => {
  await visit(server.url, { expected: /409/ }, async ({ page, go }) => {
    await unlock(page, server);
    await go("#/trading");
    await loaded(page);
    await page.getByRole("button", { name: "LIVE", exact: true }).click();
    const dialog = page.getByRole("dialog", { name: "Switch from PAPER to LIVE" });
    const confirm = dialog.getByRole("button", { name: "Switch to LIVE" });
    assertStringIncludes(await dialog.innerText(), "Limits that will apply");
    assertEquals(await confirm.isDisabled(), true);
    await dialog.getByLabel("Type LIVE to confirm").fill("live");
    assertEquals(await confirm.isDisabled(), true);
    await dialog.getByLabel("Type LIVE to confirm").fill("LIVE");
    await confirm.click();
    await says(page, "#mode", "LIVE");
    await says(page, "#ticket-why", "there are no live orders");
    await page.getByRole("button", { name: "PAPER", exact: true }).click();
    await page.getByRole("button", { name: "Switch to PAPER" }).click();
    await says(page, "#mode", "PAPER");
  });
});

suite(
  "the emergency stop works from any page by keyboard alone, and so does resuming",
  async ({ server, visit }) => {
    await visit(server.url, {}, async ({ page, go }) => {
      await unlock(page, server);
      await go("#/network");
      await loaded(page);
      await page.keyboard.press("Control+Shift+Period");
      const dialog = page.getByRole("dialog", { name: "Emergency stop" });
      await dialog.waitFor();
      await page.keyboard.press("Escape");
      await dialog.waitFor({ state: "detached" });
      assertEquals((await ask(server, "GET", "/state")).emergency_stop, false);
      // From within a field too.
      await page.locator("[data-filter]").focus();
      await page.keyboard.press("Control+Shift+Period");
      await dialog.waitFor();
      await page.keyboard.press("Enter");
      await says(page, "#stop", "Stopped");
      assertEquals((await ask(server, "GET", "/state")).emergency_stop, true);
      await page.evaluate(() => void (location.hash = "#/trading"));
      await page.getByLabel("Quantity").fill("1");
      await says(page, ".ticket-verdict", "Would be denied: EMERGENCY_STOP");
      await says(page, "#mode-panel", "Trading is halted: emergency stop on the dashboard");
      await page.keyboard.press("Control+Shift+Period");
      await page.getByRole("dialog", { name: "Trading is stopped" }).waitFor();
      await page.keyboard.press("Enter");
      await settles(page, () => document.getElementById("stop-text")!.textContent === "Stop");
      assertEquals((await ask(server, "GET", "/state")).trading_state, "ACTIVE");
    });
  },
);

suite(
  "settings of the engine are saved as they change, undone, and never over another's change",
  async ({ server, visit }) => {
    await visit(server.url, { expected: /409|422/ }, async ({ page, go }) => {
      await unlock(page, server);
      await go("#/settings");
      await loaded(page);
      const capital = page.getByLabel("Paper capital, base units");
      const server_ = async (field: string) => (await ask(server, "GET", "/state"))[field];
      const panel = page.locator("#engine-settings");
      await capital.fill("5,000,000");
      await says(page, "#engine-settings .saved", /Paper capital: saved \d\d:/);
      assertEquals(await server_("paper_capital"), 5_000_000);
      await panel.getByRole("button", { name: "Undo" }).click();
      await until(async () => await server_("paper_capital") === 1_000_000_000, "the undo");
      await panel.getByLabel("AD").uncheck();
      await says(page, "#engine-settings .saved", "Instruments: saved");
      assertEquals(await server_("paper_assets"), ["COMPUTE", "STORAGE", "ENERGY"]);
      await capital.fill("nonsense");
      await says(page, "#engine-settings .saved", "Paper capital: not saved. It is no number.");
      // Somebody else changes something while the reader is still typing.
      const conflict = async (theirs: number, mine: string) => {
        await page.evaluate(() => document.querySelector<HTMLElement>("h1")!.focus());
        await capital.focus();
        await page.keyboard.press("End");
        await page.keyboard.type(" ");
        await ask(server, "POST", "/state", { paper_capital: theirs, paper_assets: ["COMPUTE"] });
        await capital.fill(mine);
        const dialog = page.getByRole("dialog", { name: "Changed meanwhile" });
        await dialog.waitFor();
        return dialog;
      };
      await page.reload();
      await loaded(page);
      const first = await conflict(7_000_000, "8000000");
      assertMatch(await first.innerText(), /Paper capital\s+1,000,000,000\s+7,000,000[^]*8,000,000/);
      await first.getByRole("button", { name: "Take theirs" }).click();
      await settles(
        page,
        () => (document.getElementById("setting-capital") as HTMLInputElement).value === "7,000,000",
      );
      assertEquals(await server_("paper_capital"), 7_000_000);
      const second = await conflict(6_000_000, "9000000");
      await second.getByRole("button", { name: "Save mine over it" }).click();
      await until(async () => await server_("paper_capital") === 9_000_000, "mine to be saved");
      await ask(server, "POST", "/state", { paper_assets: ["COMPUTE", "STORAGE", "ENERGY", "AD"] });
    });
  },
);

suite(
  "agents are switched, given a share and parameters, and refused what is out of range",
  async ({ server, visit }) => {
    await visit(server.url, { expected: /422/ }, async ({ page, go }) => {
      await unlock(page, server);
      await go("#/strategies");
      await loaded(page);
      const card = page.locator("section.card", { hasText: "One-tick momentum" });
      await card.getByRole("switch").check();
      await says(page, "section.card:has(#agent-momentum) .saved", /^Saved/);
      await card.getByLabel("Share of equity, %").fill("250");
      await says(page, "section.card:has(#agent-momentum) .saved", /Not saved: .*share/);
      await card.getByLabel("Share of equity, %").fill("40");
      await says(page, "section.card:has(#agent-momentum) .saved", /^Saved/);
      const settings = (await ask(server, "GET", "/state")).settings as {
        agents: Record<string, { enabled: boolean; share: number }>;
      };
      assertEquals([settings.agents.momentum!.enabled, settings.agents.momentum!.share], [true, 0.4]);
      await card.getByText("on, but agents do not decide").waitFor();
      await page.getByLabel(/^Agents decide/).check();
      await card.getByText(/on · \d+ closed trades/).waitFor();
      await says(page, "#performance tbody tr", /One-tick momentum\s*on/);
      assertMatch(await textOf(page, "#performance"), /too few trades/);
      await card.getByRole("switch").uncheck();
      await page.getByLabel(/^Agents decide/).uncheck();
      await until(async () => (await ask(server, "GET", "/state")).running === false, "agents to be off");
    });
  },
);

suite(
  "signals show every feature with its lags, and the posterior with what it is worth",
  async ({ server, visit }) => {
    await visit(server.url, {}, async ({ page, go }) => {
      await go("#/signals");
      await loaded(page);
      const total = ((await ask(server, "GET", "/features")).values as readonly unknown[]).length;
      await settles(page, () => document.querySelectorAll(".heat-cells > div").length > 0);
      assertEquals(await page.locator(".heat-cells > div").count(), total);
      assertEquals(await page.locator(".heat-cells > div > span").count(), 3 * total);
      assertEquals(await page.locator("#features tbody tr:not(.spacer)").count(), total);
      assertMatch(
        (await page.locator(".heat-cells").getAttribute("aria-label"))!,
        /^Heat strip of \d+ features/,
      );
      await says(page, "#posterior", "Skill on simulated data says nothing about a real market");
      for (const word of await page.locator("#skill tbody .status").allInnerTexts()) {
        assertMatch(word, /^(prior|learned)$/);
      }
      await page.locator("#features [data-filter]").fill("finality");
      await settles(
        page,
        () => /of \d+ match/.test(document.querySelector("#features .table-tools")!.textContent!),
      );
    });
  },
);

suite(
  "a backtest is started, watched, read, compared with another, and one that runs is cancelled",
  async ({ server, visit }) => {
    await visit(server.url, { expected: /422/ }, async ({ page, go }) => {
      await unlock(page, server);
      await go("#/backtest");
      await loaded(page);
      const form = page.locator("#backtest-form");
      const start = form.getByRole("button", { name: "Start backtest" });
      await form.getByLabel("Blocks", { exact: true }).fill("1");
      await start.click();
      await says(page, "#backtest-form .form-error", /data\.slots/);
      const finished = async (blocks: string) => {
        await form.getByLabel("Blocks", { exact: true }).fill(blocks);
        await start.click();
        await says(page, "#backtest-figures tbody tr", new RegExp(`Bars\\s*${blocks}$`));
        await says(page, "#backtest-run [role=status]", /^done$/);
      };
      await finished("300");
      assertMatch(await textOf(page, "#backtest-figures"), /Closed trades, n\s+\d+[^]*Win rate \(95 %\)/);
      assertMatch(page.url(), /#\/backtest\?id=[0-9a-f-]{36}$/);
      await finished("400");
      await page.locator("#backtests").getByRole("button", { name: /^Compare the opened/ }).first().click();
      await says(page, "#backtest-compare tbody tr", /Bars\s*400\s*300\s*100/);
      assertMatch(page.url(), /with=/);
      await form.getByLabel("Blocks", { exact: true }).fill("200000");
      await start.click();
      await says(page, "#backtest-run", /bars\/s/);
      await page.getByRole("button", { name: "Cancel backtest" }).click();
      await says(page, "#backtest-run [role=status]", /^cancelled/);
      const [row] = (await ask(server, "GET", "/backtest/history")).backtests as readonly Record<
        string,
        unknown
      >[];
      assertEquals(row!.status, "cancelled");
      // The address alone brings an ended run back.
      await page.reload();
      await says(page, "#backtest-run [role=status]", /^cancelled/);
      assert(await page.getByRole("button", { name: "Cancel backtest" }).isHidden());
    });
  },
);

suite.run();
