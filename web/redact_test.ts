/// <reference lib="deno.ns" />
// @ts-types="#types/std_assert.d.ts"
import { assertEquals } from "@std/assert";
import { redact } from "./redact.ts";

Deno.test("redact() takes named secrets out wherever they stand, also in names", () => {
  assertEquals(redact({ "a s3cr3t": ["x s3cr3t y", { z: "s3cr3t" }] }, ["s3cr3t"]), {
    "a [redacted]": ["x [redacted] y", { z: "[redacted]" }],
  });
});

Deno.test("redact() takes out what stands under a name of a secret, but no counts", () => {
  assertEquals(
    redact({ api_key: "abc", authToken: "d", keys: 3, nested: { password: "p", ok: true } }, []),
    { api_key: "[redacted]", authToken: "[redacted]", keys: 3, nested: { password: "[redacted]", ok: true } },
  );
});

Deno.test("redact() cuts long hexadecimal texts, credentials in addresses and queries", () => {
  const hex = "54427e3ce783371a228b1b53771591491aefc1f75262ce17a569dea433195b23";
  assertEquals(redact([hex, `at 0x${hex}.`], []), ["54427e…", "at 0x5442…."]);
  assertEquals(
    redact("http://user:pw@host/p?token=1 and more", []),
    "http://[redacted]@host/p?[redacted] and more",
  );
  assertEquals(redact("height 37843209", []), "height 37843209");
});

Deno.test("redact() ends at a depth, and leaves an empty secret alone", () => {
  let deep: unknown = "x";
  for (let i = 0; i < 40; i++) deep = [deep];
  assertEquals(JSON.stringify(redact(deep, [""])).includes("[redacted]"), true);
  assertEquals(redact("abc", [""]), "abc");
});
