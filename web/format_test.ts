/// <reference lib="deno.ns" />
// @ts-types="#types/std_assert.d.ts"
import { assertEquals } from "@std/assert";
import {
  formatAge,
  formatAmount,
  formatBps,
  formatBytes,
  formatCompact,
  formatDateTime,
  formatDuration,
  formatHeight,
  formatNumber,
  formatPpm,
  formatPrice,
  formatPriceUnit,
  formatProfit,
  formatRate,
  formatTime,
  formatWhen,
  numberWord,
  shorten,
  shortenAll,
} from "./format.ts";

/** One row per call: name, function applied, text. */
function table<T>(format: (value: T) => string, rows: readonly (readonly [value: T, text: string])[]): void {
  for (const [value, text] of rows) {
    Deno.test(`${format.name}(${typeof value === "string" ? `"${value}"` : value}) is ${text}`, () => {
      assertEquals(format(value), text);
    });
  }
}

table<number | bigint>(formatNumber, [[0, "0"], [-0, "0"], [1234567, "1,234,567"], [-12, "−12"], [
  2n ** 64n,
  "18,446,744,073,709,551,616",
]]);
table<number | string>(formatAmount, [
  [1_500_000, "1,500,000"],
  [-1_500_000, "−1,500,000"],
  ["9007199254740993", "9,007,199,254,740,993"],
]);
table<number | string>(formatCompact, [
  [9_999, "9,999"],
  [1_500_000, "1.50M"],
  [-2_345_678_901, "−2.35B"],
  ["18446744073709551616", "18,446,744.07T"],
]);
table(formatProfit, [[12.4, "▲ +12.40"], [-3.1, "▼ −3.10"], [0, "0.00"], [0.001, "0.00"], [-0.001, "0.00"]]);
table<number | string>(formatPrice, [
  [12_345_678, "12.345678"],
  [120_905_574_379, "120,906"],
  [997_926_666, "997.9267"],
  [2_500_000_000, "2,500.00"],
  [1, "0.000001"],
]);
table(formatPriceUnit, [["µ base units per kWh", "/ kWh"], [
  "µ base units per 1,000 impressions",
  "/ 1,000 impressions",
], [
  "odd",
  "odd",
]]);
table(formatPpm, [[640_000, "64.0 %"], [72_000, "7.20 %"], [1_234, "0.123 %"], [0, "0.000 %"], [
  -50_000,
  "−5.00 %",
], [1_000_000, "100.0 %"]]);
table(formatBps, [[17, "+17 bps"], [-17, "−17 bps"], [0, "0 bps"], [1_250, "+1,250 bps (+12.50 %)"]]);
table(formatHeight, [[37_843_209, "#37,843,209"], [0, "#0"]]);
table(formatRate, [[62.109, "62.1"], [62, "62.0"], [0.04, "0.0"]]);
table(formatBytes, [[0, "0 B"], [1_023, "1,023 B"], [1_024, "1.00 KiB"], [3_435_973_836, "3.20 GiB"], [
  123_456_789,
  "118 MiB",
]]);
table(formatDuration, [
  [0, "0 ms"],
  [0.0042, "4.20 µs"],
  [0.42, "420 µs"],
  [418, "418 ms"],
  [46.7, "46.7 ms"],
  [999.4, "999 ms"],
  [1_040, "1.04 s"],
  [61_000, "61.0 s"],
  [150_000, "2.50 m"],
  [9_000_000, "2.50 h"],
  [259_200_000, "3.00 d"],
]);
table(formatAge, [
  [-5, "0.0 s"],
  [400, "0.4 s"],
  [9_949, "9.9 s"],
  [12_700, "12 s"],
  [119_999, "119 s"],
  [121_000, "2 min"],
  [7_200_000, "2 h"],
  [
    200_000_000,
    "2 d",
  ],
]);
table(formatTime, [[0, "00:00:00"], [1_795_408_247_592, "04:30:47"]]);
table(formatDateTime, [[1_795_408_247_592, "2026-11-23 04:30:47"]]);
table(numberWord, [[0, "no"], [2, "two"], [12, "12"]]);

Deno.test("formatWhen() is a distance within a day, else a day; the future is a day", () => {
  const nowMs = Date.UTC(2026, 10, 23, 12);
  assertEquals(formatWhen(nowMs - 12_000, nowMs), "12 s ago");
  assertEquals(formatWhen(nowMs - 86_400_000, nowMs), "2026-11-22");
  assertEquals(formatWhen(nowMs + 5_000, nowMs), "2026-11-23");
});

Deno.test("shorten() keeps head and tail by kind, and leaves short identifiers whole", () => {
  const hash = "9f3c21ab00112233445566778899aabbccddeeff04d7e1";
  assertEquals(shorten(hash, "hash"), "9f3c21ab…04d7e1");
  assertEquals(shorten(hash, "peer"), "9f3c21ab00…d7e1");
  assertEquals(shorten("peer-1", "peer"), "peer-1");
});

Deno.test("shortenAll() widens every identifier until all can be told apart", () => {
  const ids = ["aaaaaaaaaaaa1111bbbbbbbb0000", "aaaaaaaaaaaa2222bbbbbbbb0000"];
  assertEquals(shortenAll(ids, "peer"), ["aaaaaaaaaaaa11…0000", "aaaaaaaaaaaa22…0000"]);
  assertEquals(shortenAll(["x", "x"], "peer"), ["x", "x"]);
});
