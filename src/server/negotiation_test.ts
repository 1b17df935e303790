// @ts-types="#types/std_assert.d.ts"
import { assertEquals } from "@std/assert";
import { wantsEncoding } from "./negotiation.ts";

Deno.test("wantsEncoding() only says yes to a client that asked for it", () => {
  const wants = (accept: string | null, encoding = "gzip") =>
    wantsEncoding(
      new Request("http://h/", accept === null ? {} : { headers: { "accept-encoding": accept } }),
      encoding,
    );
  for (const accept of ["gzip", "gzip, deflate, br", "br;q=0.5, gzip;q=1", "*", "identity;q=0.5, gzip"]) {
    assertEquals(wants(accept), true, accept);
  }
  for (const accept of [null, "", "identity", "br", "gzip;q=0", "identity, gzip;q=0.5", "*;q=0"]) {
    assertEquals(wants(accept), false, `accept-encoding: ${accept}`);
  }
  assertEquals(wants("gzip, deflate, br", "br"), true);
  assertEquals(wants("gzip", "br"), false);
});
