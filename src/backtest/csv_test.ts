// @ts-types="#types/std_assert.d.ts"
import { assert, assertEquals, assertStringIncludes, assertThrows } from "@std/assert";
import { Random } from "../engine/random.ts";
import { CsvReader, LINE_BYTES_MAX } from "./csv.ts";
import { BAD_ROWS_SHOWN_MAX, DataError, type Series } from "./series.ts";

const encoder = new TextEncoder();

/** Reads a text as a file, in pieces of a length. */
function read(text: string, pieceBytes = 1 << 20): Series {
  const reader = new CsvReader("p.csv");
  const bytes = encoder.encode(text);
  for (let at = 0; at < bytes.length; at += pieceBytes) reader.push(bytes.slice(at, at + pieceBytes));
  return reader.finish("COMPUTE");
}

function problem(text: string): DataError {
  return assertThrows(() => read(text), DataError);
}

/** Places and messages of what is wrong. */
function wrong(text: string): readonly string[] {
  return problem(text).errors.map(({ field, message }) => `${field} ${message}`);
}

Deno.test("CsvReader reads timestamp,price with and without volume, in any order of columns", () => {
  const { timesMs, instruments: [bars], length } = read("timestamp,price\n1,10\n2,11.5\n");
  assertEquals([length, [...timesMs], [...bars!.close], [...bars!.open]], [2, [1000, 2000], [10, 11.5], [
    10,
    11.5,
  ]]);
  assertEquals([bars!.volume, bars!.token], [null, "COMPUTE"]);
  const other = read("note,Volume,PRICE,Timestamp\nx,5,10,1\n,0,11,2\n").instruments[0]!;
  assertEquals([[...other.close], [...other.volume!]], [[10, 11], [5, 0]]);
});

Deno.test("CsvReader reads OHLCV", () => {
  const { instruments: [bars] } = read(
    "timestamp,open,high,low,close,volume\n1,10,12,9,11,5\n2,11,11,11,11,0",
  );
  assertEquals([...bars!.open, ...bars!.high, ...bars!.low, ...bars!.close], [10, 11, 12, 11, 9, 11, 11, 11]);
});

Deno.test("CsvReader takes a byte order mark, CRLF, quotes, empty lines and a missing last line break", () => {
  const { length, instruments: [bars] } = read('\ufeff"timestamp",price\r\n1,"10"\r\n\r\n 2 , 1e1 \r\n3,+.5');
  assertEquals([length, [...bars!.close]], [3, [10, 10, 0.5]]);
});

Deno.test("CsvReader takes seconds, milliseconds and ISO dates as UTC", () => {
  const times = (
    cells: readonly string[],
  ) => [...read(`timestamp,price\n${cells.map((c) => `${c},1`).join("\n")}`).timesMs];
  assertEquals(times(["1700000000", "1700000000.5"]), [1_700_000_000_000, 1_700_000_000_500]);
  assertEquals(times(["1700000000000", "1700000000001"]), [1_700_000_000_000, 1_700_000_000_001]);
  assertEquals(
    times(["2023-11-14", "2023-11-14T22:13:20Z", "2023-11-14 22:13:21", "2023-11-15T00:00:00+01:00"]),
    [
      Date.UTC(2023, 10, 14),
      1_700_000_000_000,
      1_700_000_001_000,
      Date.UTC(2023, 10, 14, 23),
    ],
  );
});

Deno.test("CsvReader gives the same series however the bytes are cut", () => {
  const text = "timestamp,price,volume\r\n" +
    Array.from({ length: 40 }, (_, i) => `${i + 1},${100 + i / 7},${i}`).join("\r\n");
  const whole = read(text);
  for (const pieceBytes of [1, 2, 3, 7, 64, 1_000]) {
    assertEquals(read(text, pieceBytes), whole, String(pieceBytes));
  }
});

Deno.test("CsvReader reads numbers exactly as Number() does", () => {
  for (let seed = 1; seed <= 200; seed++) {
    const random = new Random("csv numbers", seed);
    const cells = Array.from({ length: 20 }, () => {
      const digits = random.integer(1, 19);
      let text = String(random.integer(1, 9));
      for (let i = 1; i < digits; i++) text += random.integer(0, 9);
      const point = random.integer(0, text.length);
      const zeros = "0".repeat(random.integer(0, 3));
      return random.chance(0.8) ? `${zeros}${text.slice(0, point)}.${text.slice(point)}0` : `${text}`;
    });
    const { instruments: [bars] } = read(
      `timestamp,price\n${cells.map((cell, i) => `${i},${cell}`).join("\n")}`,
    );
    assertEquals([...bars!.close], cells.map(Number), `seed ${seed}`);
  }
});

Deno.test("CsvReader names file, line, column and reason of every bad row", () => {
  assertEquals(
    wrong(
      "timestamp,price,volume\n1,10,1\nx,10,1\n3,,1\n4,NaN,1\n5,-1,1\n6,0,1\n7,1e999,1\n8,10,\n9,10,-1\n10,10\n",
    ),
    [
      "p.csv:3:timestamp is not a time",
      "p.csv:4:price must be a number above 0",
      "p.csv:5:price must be a number above 0",
      "p.csv:6:price must be a number above 0",
      "p.csv:7:price must be a number above 0",
      "p.csv:8:price must be a number above 0",
      "p.csv:9:volume must be a number that is not negative",
      "p.csv:10:volume must be a number that is not negative",
      "p.csv:11:* has 2 cells, the header has 3",
    ],
  );
  assertEquals(
    wrong("timestamp,open,high,low,close\n1,10,11,9,10\n2,10,9,9,10\n3,10,12,11,10\n4,0,1,1,1\n"),
    [
      "p.csv:3:high is below open or close",
      "p.csv:4:low is above open or close",
      "p.csv:5:open must be a number above 0",
    ],
  );
});

Deno.test("CsvReader refuses times that fall and times that repeat with other values, and leaves repeated rows out", () => {
  assertEquals(wrong("timestamp,price\n2,10\n1,11\n3,12\n3,13\n"), [
    "p.csv:3:timestamp is before that of the row above",
    "p.csv:5:timestamp is that of the row above, with other values",
  ]);
  const { length, report } = read("timestamp,price\n1,10\n1,10\n1,10\n2,11\n");
  assertEquals([length, report.duplicates], [2, 2]);
});

Deno.test("CsvReader counts gaps and fills none", () => {
  const times = [0, 60, 120, 240, 300, 360, 1_000];
  const { length, report } = read(`timestamp,price\n${times.map((t) => `${t},1`).join("\n")}`);
  assertEquals(length, 7);
  assertEquals([report.gaps, report.longestGapSeconds, report.medianStepSeconds], [2, 640, 60]);
  assertEquals([report.from, report.to], [0, 1_000]);
});

Deno.test("CsvReader shows some bad rows and counts the others", () => {
  const { message, errors } = problem(`timestamp,price\n${"1,x\n".repeat(500)}`);
  assertEquals(errors.length, BAD_ROWS_SHOWN_MAX);
  assertStringIncludes(message, "500 rows are wrong");
});

Deno.test("CsvReader refuses what is no such file", () => {
  for (
    const [text, part] of [
      ["", "is empty"],
      ["\n\n", "is empty"],
      ["timestamp,price\n", "0 rows are too few"],
      ["timestamp,price\n1,2\n", "1 rows are too few"],
      ["a,b\n1,2\n", "it lacks timestamp, price"],
      ["timestamp,open,close\n", "it lacks high, low"],
      ["timestamp,price,close\n", "more than once"],
      [`${"x,".repeat(70)}timestamp,price\n`, "more than 64 columns"],
      [`timestamp,price\n1,${"1".repeat(LINE_BYTES_MAX)}\n`, `longer than ${LINE_BYTES_MAX} bytes`],
      ["x".repeat(3 * LINE_BYTES_MAX), `longer than ${LINE_BYTES_MAX} bytes`],
      ["\x7fELF\x00\x01\x02", "must be a header"],
    ] as const
  ) assertStringIncludes(problem(text).message, part);
});

Deno.test("CsvReader tells nothing of what a file holds that is none of ours", () => {
  const error = problem("bb_secret_key_0123456789abcdef\nanother secret line\n");
  assert(!JSON.stringify([error.message, error.errors]).includes("secret"));
});
