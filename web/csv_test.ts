/// <reference lib="deno.ns" />
// @ts-types="#types/std_assert.d.ts"
import { assertEquals } from "@std/assert";
import { toCsv } from "./csv.ts";
import type { Meta } from "../src/server/wire.ts";

const META = { source: "simulated", as_of_ms: 5 } as Meta;

Deno.test("toCsv() says where the rows are from, quotes, and ends every line as RFC 4180 wants", () => {
  assertEquals(
    toCsv([{ id: 'a"b', n: 1, none: null }, { id: "c,d\ne", n: -2, extra: { x: [1] } }], META).split("\r\n"),
    [
      '# {"source":"simulated","as_of_ms":5}',
      "id,n,none,extra",
      '"a""b",1,,',
      '"c,d\ne",-2,,"{""x"":[1]}"',
      "",
    ],
  );
});

Deno.test("toCsv() takes the power from texts that a sheet would compute", () => {
  for (const text of ["=1+1", "+1", "-1", "@a", "\t=1"]) {
    assertEquals(toCsv([{ a: text }], null).split("\r\n")[2], `'${text}`);
  }
});

Deno.test("toCsv() without rows has no columns", () => {
  assertEquals(toCsv([], null), '# {"source":null,"as_of_ms":null}\r\n\r\n');
});
