// @ts-types="#types/std_assert.d.ts"
import { assertEquals, assertThrows } from "@std/assert";
import { Problem } from "./problem.ts";
import { PAGING, parseQuery, type QuerySpec } from "./query.ts";

const SPEC: QuerySpec = {
  ...PAGING,
  depth: { type: "integer", min: -5, max: 5, meaning: "" },
  market: { type: "choice", words: ["compute", "ad"], meaning: "" },
  level: { type: "choice", words: ["info", "warn"], default: "info", meaning: "" },
  name: { type: "text", maxLength: 4, pattern: /^[a-z]+$/, meaning: "" },
};

function parse(query: string): Record<string, unknown> {
  return { ...parseQuery(new URL(`http://localhost/x?${query}`), SPEC) };
}

/** The fields that are refused, and with which words. */
function problems(query: string): string[] {
  const problem = assertThrows(() => parse(query), Problem);
  assertEquals(problem.status, 400);
  for (const { field, message } of problem.errors) {
    assertEquals(problem.message.includes(`"${field}" ${message}`), true, "the detail says all of it");
  }
  return problem.errors.map(({ field, message }) => `${field} ${message}`);
}

Deno.test("parseQuery() fills in the defaults and leaves the rest out", () => {
  assertEquals(parse(""), { limit: 50, level: "info" });
  assertEquals(parse("market=ad&name=abc&depth=-5&limit=500&level=warn"), {
    limit: 500,
    level: "warn",
    market: "ad",
    name: "abc",
    depth: -5,
  });
});

Deno.test("parseQuery() refuses parameters that the route does not have", () => {
  assertEquals(problems("limits=5"), [
    "limits is not a parameter of this route; it has limit, offset, cursor, depth, market, level, name",
  ]);
  for (const name of ["__proto__", "constructor", "toString", "LIMIT", "limit\0", " limit"]) {
    const [problem, ...more] = problems(`${encodeURIComponent(name)}=1`);
    assertEquals([problem?.slice(0, name.length + 33), more], [
      `${name} is not a parameter of this route`,
      [],
    ]);
  }
  const none = assertThrows(() => parseQuery(new URL("http://h/?a"), {}), Problem);
  assertEquals(none.errors[0]!.message, "is not a parameter of this route; it has none");
});

Deno.test("parseQuery() refuses a parameter that is given twice, even with the same value", () => {
  assertEquals(problems("limit=5&limit=5"), ["limit is given more than once"]);
});

Deno.test("parseQuery() never clamps", () => {
  const refused = [
    "0",
    "501",
    "-1",
    "9007199254740993",
    "1e2",
    "1.0",
    "",
    " 5",
    "5 ",
    "0x10",
    "NaN",
    "∞",
    "５",
  ];
  for (const text of refused) {
    assertEquals(
      problems(`limit=${encodeURIComponent(text)}`),
      ["limit must be an integer within 1..500"],
      `limit=${text}`,
    );
  }
  for (const text of ["1", "500", "007"]) assertEquals(parse(`limit=${text}`).limit, Number(text));
  assertEquals(problems("offset=9007199254740992").length, 1);
  assertEquals(parse("offset=9007199254740991").offset, 9_007_199_254_740_991);
});

Deno.test("parseQuery() refuses words that are not on the list", () => {
  assertEquals(problems("market=ads"), ["market must be one of compute, ad"]);
  assertEquals(problems("market="), ["market must be one of compute, ad"]);
});

Deno.test("parseQuery() checks length and form of texts", () => {
  assertEquals(problems("name=abcde"), ["name must have at most 4 characters"]);
  assertEquals(problems("name=a1"), ["name must match ^[a-z]+$"]);
});

Deno.test("parseQuery() refuses offset together with cursor", () => {
  assertEquals(problems("offset=0&cursor=abc"), ["offset cannot be used together with cursor"]);
  assertEquals(parse("cursor=abc").cursor, "abc");
});

Deno.test("parseQuery() names everything that is wrong at once", () => {
  assertEquals(problems("limit=0&market=x&bogus=1").map((text) => text.split(" ")[0]), [
    "limit",
    "market",
    "bogus",
  ]);
});

Deno.test("parseQuery() cuts the name of a long unknown parameter", () => {
  assertEquals(problems(`${"n".repeat(5_000)}=1`)[0]!.split(" ")[0]!.length, 64);
});
