// @ts-types="#types/std_assert.d.ts"
import { assert, assertEquals, assertMatch, assertNotEquals } from "@std/assert";
import { EXPORT_KINDS, type ExportKind, type ExportRow, type Queries } from "../runtime/ports/store.ts";
import { cell, EXPORT_COLUMNS, exportSchemaHash, exportText } from "./export.ts";

/** Rows that come in parts of two. */
function rowsOf(rows: readonly ExportRow[]): Queries {
  return {
    exportPart: (_kind: ExportKind, _fromS: number, _toS: number, after: string | null) => {
      const from = Number(after ?? 0);
      return { rows: rows.slice(from, from + 2), next: from + 2 < rows.length ? String(from + 2) : null };
    },
  } as unknown as Queries;
}

const REQUEST = { kind: "pnl", fromS: 1, toS: 2, source: "simulated" } as const;

const ROWS: readonly ExportRow[] = [
  {
    time: 1.5,
    id: "=1+1",
    kind: "revenue",
    market: "ad",
    amount: "-18446744073709551615",
    debit: 'a"b',
    credit: "c,d",
  },
  { time: 2, id: "plain", kind: "cost", market: null, amount: "7", debit: "x\r\ny", credit: "ü" },
  { time: 3, id: "@x", kind: "cost", market: null, block_height: 9, amount: "-7", debit: "", credit: "" },
];

/** A reader of RFC 4180, written for the test. */
function parseCsv(text: string): string[][] {
  const rows: string[][] = [[]];
  let field = "";
  let quoted = false;
  for (let i = 0; i < text.length; i++) {
    const char = text[i]!;
    if (quoted) {
      if (char !== '"') field += char;
      else if (text[i + 1] === '"') field += text[++i];
      else quoted = false;
    } else if (char === '"') quoted = true;
    else if (char === "," || char === "\n") {
      rows.at(-1)!.push(field);
      field = "";
      if (char === "\n") rows.push([]);
    } else if (char !== "\r") field += char;
  }
  return rows.slice(0, -1);
}

Deno.test("exportText() as CSV begins with names, units and the schema's hash, then the column names", () => {
  const text = [...exportText(rowsOf(ROWS), { ...REQUEST, format: "csv" })].join("");
  const [head, names] = text.split("\r\n");
  assertMatch(head!, /^# \{/);
  const meta = JSON.parse(head!.slice(2));
  assertEquals([meta.export, meta.source, meta.from, meta.to], ["pnl", "simulated", 1, 2]);
  assertEquals(meta.schema, exportSchemaHash("pnl"));
  assertEquals(meta.columns, Object.fromEntries(EXPORT_COLUMNS.pnl.map(({ name, unit }) => [name, unit])));
  assertEquals(names, Object.keys(meta.columns).join(","));
});

Deno.test("exportText() as CSV gives every row back to a reader, over all parts", () => {
  const text = [...exportText(rowsOf(ROWS), { ...REQUEST, format: "csv" })].join("");
  const [names, ...rows] = parseCsv(text.slice(text.indexOf("\r\n") + 2));
  const read = rows.map((row) => Object.fromEntries(names!.map((name, i) => [name, row[i]])));
  assertEquals(read.map(({ id }) => id), ["'=1+1", "plain", "'@x"]);
  assertEquals(read.map(({ amount }) => amount), ["-18446744073709551615", "7", "-7"]);
  assertEquals([read[0]!.debit, read[0]!.credit, read[1]!.debit], ['a"b', "c,d", "x\r\ny"]);
  assertEquals([read[1]!.market, read[2]!.block_height], ["", "9"]);
});

Deno.test("exportText() as NDJSON is one object a line: the header, then rows with every column", () => {
  const text = [...exportText(rowsOf(ROWS), { ...REQUEST, format: "ndjson" })].join("");
  const [meta, ...rows] = text.trimEnd().split("\n").map((line) => JSON.parse(line));
  assertEquals(meta._meta.schema, exportSchemaHash("pnl"));
  assertEquals(
    rows.map(({ id }) => id),
    ["=1+1", "plain", "@x"],
    "nothing is changed that no spreadsheet reads",
  );
  for (const row of rows) assertEquals(Object.keys(row), EXPORT_COLUMNS.pnl.map(({ name }) => name));
});

Deno.test("exportText() of nothing is the header alone", () => {
  assertEquals([...exportText(rowsOf([]), { ...REQUEST, format: "csv" })].length, 1);
});

Deno.test("cell() takes away the meaning of a formula, and leaves numbers as they are", () => {
  const formulas = ["=SUM(A1)", "+1+1", "-1+1", "@cmd", "\t=1", "\r=1", "=", "-", "+1", "-1e5", "--1", "-1-"];
  for (const text of formulas) {
    const made = cell(text);
    assert(
      made.startsWith("'") || made.startsWith("\"'"),
      `${JSON.stringify(text)} became ${JSON.stringify(made)}`,
    );
  }
  for (const text of ["-5", "-5.25", "-18446744073709551616", "5", "a=b", "p-1", ""]) {
    assertEquals(cell(text), text);
  }
  assertEquals([cell(null), cell(-5), cell(1.5)], ["", "-5", "1.5"]);
});

Deno.test("cell() quotes what would end a cell", () => {
  assertEquals(cell('say "a,b"'), '"say ""a,b"""');
  assertEquals(cell("two\nlines"), '"two\nlines"');
  assertEquals(cell("a\rb"), '"a\rb"');
  assertEquals(cell('=HYPERLINK("http://evil")'), `"'=HYPERLINK(""http://evil"")"`);
});

Deno.test("exportSchemaHash() differs for every table", () => {
  assertEquals(new Set(EXPORT_KINDS.map(exportSchemaHash)).size, EXPORT_KINDS.length);
  assertNotEquals(exportSchemaHash("pnl"), "");
});
