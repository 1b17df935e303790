/** The verb `backtest` in a process of its own. */
// @ts-types="#types/std_assert.d.ts"
import { assert, assertEquals, assertStringIncludes } from "@std/assert";
// @ts-types="#types/std_path.d.ts"
import { join } from "@std/path";
import { PROJECT } from "../../scripts/project_copy.ts";
import { walkOf } from "../support/backtests.ts";
import { runDeno } from "./harness.ts";

async function withCsv(test: (path: string) => Promise<void>): Promise<void> {
  const folder = await Deno.makeTempDir({ prefix: "bb csv " });
  try {
    const path = join(folder, "prices.csv");
    const rows = walkOf(3_000, 1).map((price, i) => `${1_767_225_600 + 60 * i},${price}`);
    await Deno.writeTextFile(path, `timestamp,price\n${rows.join("\n")}\n`);
    await test(path);
  } finally {
    await Deno.remove(folder, { recursive: true });
  }
}

function backtest(...args: string[]) {
  return runDeno(["task", "backtest", ...args], { cwd: PROJECT });
}

Deno.test("deno task backtest prints a table or JSON on standard output, the same result each time", async () => {
  await withCsv(async (path) => {
    const args = [
      "--data",
      path,
      "--agent",
      "ema_cross",
      "--param",
      "fast=5,slow=20",
      "--monte-carlo",
      "50",
      "--lookahead",
    ];
    const table = await backtest(...args);
    assertEquals(table.code, 0, table.err);
    for (const part of ["largest drawdown", "sha256 of trades", "lookahead         passed at 100 points"]) {
      assertStringIncludes(table.out, part);
    }
    const json = await backtest(...args, "--json");
    const result = JSON.parse(json.out);
    assertEquals([json.code, result.status], [0, "done"]);
    assertStringIncludes(table.out, result.trades_sha256);
  });
});

Deno.test("deno task backtest ends with 1 for bad rows, 2 for wrong flags, 4 when a guardrail ended the run", async () => {
  await withCsv(async (path) => {
    const limited = await backtest("--data", path, "--agent", "momentum", "--max-drawdown", "0.001");
    assertEquals(limited.code, 4, limited.err);
    assertStringIncludes(limited.err, "limit: the drawdown guardrail ended it");
    await Deno.writeTextFile(path, "timestamp,price\n1,10\n2,-5\n");
    const bad = await backtest("--data", path, "--agent", "momentum");
    assertEquals([bad.code, bad.out], [1, ""]);
    assertStringIncludes(bad.err, `${path}:3:price: must be a number above 0`);
    const wrong = await backtest("--data", path, "--agent", "nobody", "--capital", "0");
    assertEquals([wrong.code, wrong.out], [2, ""]);
    for (const part of ["agents[0].name must be one of", "capital must be a number"]) {
      assertStringIncludes(wrong.err, part);
    }
    assert((await backtest("--agent", "momentum")).code === 2);
  });
});
