/// <reference lib="deno.ns" />
// @ts-types="#types/std_assert.d.ts"
import { assertEquals } from "@std/assert";
import {
  formatAge,
  formatAmount,
  formatBytes,
  formatCompact,
  formatDateTime,
  formatDuration,
  formatHeight,
  formatNumber,
  formatPpm,
  formatPrice,
  formatPriceUnit,
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

Deno.test("formatNumber() and formatCompact() round and group as Intl does, over 200,000 numbers", () => {
  let state = 7;
  const random = () => (state = Math.imul(state, 1_664_525) + 1_013_904_223 | 0) / 2 ** 32 + 0.5;
  const options = (decimals: number) => ({
    minimumFractionDigits: decimals,
    maximumFractionDigits: decimals,
  });
  const plain = [0, 1, 2, 3, 4, 5, 6].map((decimals) => new Intl.NumberFormat("en", options(decimals)));
  const compact = new Intl.NumberFormat("en", { ...options(2), notation: "compact" });
  // A zero has no sign, and a minus is a minus.
  const ours = (text: string) => /[1-9∞]/.test(text) ? text.replace("-", "−") : text.replace("-", "");
  for (let i = 0; i < 200_000; i++) {
    const decimals = i % plain.length;
    // Sizes from 10^-9 to 10^21, halves among them.
    let value = (random() - 0.5) * 10 ** (random() * 30 - 9);
    if (i % 3 === 0) value = Number(`${Math.round(random() * 10 ** (random() * 9))}5e-${decimals + 1}`);
    assertEquals(
      formatNumber(value, decimals),
      ours(plain[decimals]!.format(value)),
      `${value}, ${decimals}`,
    );
    // Thousands of T are grouped as everything else is, which Intl begins later.
    if (Math.abs(value) >= 10_000 && Math.abs(value) < 1e15) {
      assertEquals(formatCompact(value), ours(compact.format(value)), `${value}`);
    }
  }
  for (const value of [NaN, Infinity, -Infinity, 5e-324, 1.7976931348623157e308, 1e15, 1e21, -0]) {
    assertEquals(formatNumber(value, 2), ours(plain[2]!.format(value)), `${value}`);
  }
});
