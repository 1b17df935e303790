// @ts-types="#types/std_assert.d.ts"
import { assertEquals, assertStringIncludes } from "@std/assert";
import { withProgram } from "./harness.ts";

const ALLOWED = "http://localhost:4173";

Deno.test("a page of an allowed origin may read every answer, errors and 304 included", async () => {
  await withProgram({}, async ({ get, post, key }) => {
    const check = async (response: Response, status: number) => {
      await response.body?.cancel();
      assertEquals(response.status, status);
      assertEquals(response.headers.get("access-control-allow-origin"), ALLOWED);
      assertEquals(response.headers.get("access-control-expose-headers"), "ETag, X-Request-Id");
      assertEquals(response.headers.get("access-control-allow-credentials"), null);
      assertStringIncludes(response.headers.get("vary") ?? "", "Origin");
    };
    const origin = { origin: ALLOWED };
    const first = await get("/openapi.json", origin);
    await check(first, 200);
    await check(await get("/openapi.json", { ...origin, "if-none-match": first.headers.get("etag")! }), 304);
    await check(await get("/nothing", origin), 404);
    await check(await get("/theblock/logs", origin), 401);
    await check(await post("/theblock/fullcheck", {}, origin), 401);
    await check(await post("/theblock/fullcheck", [], { ...origin, "x-api-key": key }), 422);
    await check(await post("/theblock/fullcheck", {}, { ...origin, "x-api-key": key }), 200);
  });
});

Deno.test("a preflight of an allowed origin says what it may send", async () => {
  await withProgram({}, async ({ url }) => {
    const ask = (path: string, origin: string) =>
      fetch(`${url}${path}`, {
        method: "OPTIONS",
        headers: {
          origin,
          "access-control-request-method": "POST",
          "access-control-request-headers": "content-type,x-api-key",
        },
      });
    for (const path of ["/theblock/fullcheck", "/theblock/health", "/theblock/markets/ad", "/"]) {
      const response = await ask(path, ALLOWED);
      assertEquals([response.status, await response.text()], [204, ""], path);
      assertEquals(response.headers.get("access-control-allow-origin"), ALLOWED);
      assertStringIncludes(response.headers.get("access-control-allow-methods") ?? "", "POST");
      for (const name of ["Content-Type", "X-API-Key", "If-None-Match"]) {
        assertStringIncludes(response.headers.get("access-control-allow-headers") ?? "", name);
      }
    }
    const missing = await ask("/nothing", ALLOWED);
    await missing.body?.cancel();
    assertEquals(missing.status, 404);
    const foreign = await ask("/theblock/fullcheck", "https://evil.example");
    await foreign.body?.cancel();
    assertEquals([foreign.status, foreign.headers.get("access-control-allow-origin")], [403, null]);
  });
});

Deno.test("a page of any other origin is told nothing, and our own page needs no word", async () => {
  await withProgram({}, async ({ url, get }) => {
    for (const origin of ["https://evil.example", "null", "http://localhost:4174", url]) {
      const response = await get("/theblock/health", { origin });
      await response.body?.cancel();
      assertEquals(
        [response.status, response.headers.get("access-control-allow-origin")],
        [200, null],
        origin,
      );
    }
  });
});

Deno.test("the allowed origins are those of the configuration", async () => {
  const config = '[server]\nallowed_origins = ["https://dash.example"]\n';
  await withProgram({ config }, async ({ get }) => {
    const of = async (origin: string) => {
      const response = await get("/theblock/health", { origin });
      await response.body?.cancel();
      return response.headers.get("access-control-allow-origin");
    };
    assertEquals([await of("https://dash.example"), await of(ALLOWED)], ["https://dash.example", null]);
  });
});
