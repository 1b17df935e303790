// @ts-types="#types/std_assert.d.ts"
import { assertEquals, assertThrows } from "@std/assert";
import { ConfigError, loadConfig, SETTINGS } from "../config.ts";
import { tradingRules } from "./trading_rules.ts";

const RISK = SETTINGS.filter(({ key }) => /^(trading|risk)\./.test(key));

function rulesOf(key: string, value: unknown) {
  const [table, name] = key.split(".");
  const text = `[${table}]\n${name} = ${value}\n`;
  return tradingRules(loadConfig({ file: { path: "test.toml", text } }));
}

Deno.test("tradingRules() are rules of an account at both ends of every setting", () => {
  let ends = 0;
  for (const { key, min, max } of RISK) {
    for (const value of [min, max]) {
      if (value === undefined) continue;
      assertEquals(typeof rulesOf(key, value).limits.maxExposureRatio, "number", `${key} = ${value}`);
      ends++;
    }
  }
  assertEquals(ends > 20, true);
});

Deno.test("tradingRules() refuses a ratio that is too small to mean anything", () => {
  assertThrows(() => rulesOf("trading.stop_loss_ratio", 1e-9), ConfigError, "stopLossRatio must be within");
});

Deno.test("tradingRules() takes 0 as off where the configuration says so", () => {
  const rules = rulesOf("risk.max_drawdown", 0);
  assertEquals(rules.limits.maxDrawdownRatio, null);
  assertEquals(rulesOf("risk.stoploss_guard", 0).protections.map(({ kind }) => kind), ["equity_drawdown"]);
});
