/// <reference lib="deno.ns" />
// @ts-types="#types/std_assert.d.ts"
import { assertEquals } from "@std/assert";
import { suggest } from "./pages/not_found.ts";
import { parseHash, toHash } from "./router.ts";

for (
  const [hash, path, query] of [
    ["", "/theblock", ""],
    ["#", "/theblock", ""],
    ["#/", "/theblock", ""],
    ["#/theblock", "/theblock", ""],
    ["#theblock", "/theblock", ""],
    ["#/network/", "/network", ""],
    ["#//network", "/network", ""],
    ["#/network?panel=capabilities", "/network", "panel=capabilities"],
    ["#/network?q=a%3Fb&sort=x", "/network", "q=a%3Fb&sort=x"],
    ["#/energy", "/markets/energy", ""],
    ["#/ads?range=1h", "/markets/ad", "range=1h"],
    ["#/%6eetwork", "/network", ""],
    ["#/100%", "/100%", ""],
    ["#/a/b", "/a/b", ""],
  ] as const
) {
  Deno.test(`parseHash("${hash}") is ${path}${query && ` with ${query}`}`, () => {
    const address = parseHash(hash);
    assertEquals([address.path, address.query.toString()], [path, query]);
  });
}

Deno.test("toHash() writes what parseHash() reads", () => {
  for (const hash of ["#/network", "#/network?panel=peers&q=a+b"]) {
    assertEquals(toHash(parseHash(hash)), hash);
  }
});

Deno.test("suggest() names the nearest paths first", () => {
  assertEquals(suggest("/netwrok", ["/theblock", "/network", "/net"], 2), ["/network", "/net"]);
});
