// @ts-types="#types/std_assert.d.ts"
import { assertEquals } from "@std/assert";
import { isMarketId, MARKET_IDS, marketOf, MARKETS, perMarket } from "./market.ts";

Deno.test("MARKETS names each market once in every column that identifies", () => {
  assertEquals(MARKET_IDS, ["compute", "storage", "energy", "ad"]);
  for (const column of ["id", "symbol", "receiptKind", "gate", "flag"] as const) {
    assertEquals(new Set(MARKETS.map((market) => market[column])).size, 4, column);
  }
});

Deno.test("MARKETS scales receipt units to price units: MiB, kWh in mWh, thousand impressions", () => {
  assertEquals(MARKETS.map((market) => market.receiptUnitsPerPriceUnit), [
    1n,
    1_048_576n,
    1_000_000n,
    1_000n,
  ]);
});

Deno.test("marketOf() returns the row of its own identifier", () => {
  for (const id of MARKET_IDS) assertEquals(marketOf(id).id, id);
});

Deno.test("isMarketId() accepts the four names and nothing inherited or cased otherwise", () => {
  assertEquals(MARKET_IDS.every(isMarketId), true);
  for (const text of ["ads", "Compute", "", "constructor", "__proto__", "toString"]) {
    assertEquals(isMarketId(text), false, text);
  }
});

Deno.test("perMarket() builds one value per market in table order", () => {
  assertEquals(Object.entries(perMarket(({ symbol }) => symbol)), [
    ["compute", "COMPUTE"],
    ["storage", "STORAGE"],
    ["energy", "ENERGY"],
    ["ad", "AD"],
  ]);
});
