// @ts-types="#types/std_assert.d.ts"
import { assertEquals } from "@std/assert";
import { ERRORS_MAX, Problem, problemResponse } from "./problem.ts";

Deno.test("problemResponse() is problem+json with every member of the contract", async () => {
  const problem = new Problem(422, "file.sha256 must match", {
    errors: [{ field: "file.sha256", message: "must match" }],
    headers: { "retry-after": "5" },
  });
  const response = problemResponse(problem, "r-1");
  assertEquals(response.status, 422);
  assertEquals(response.headers.get("content-type"), "application/problem+json");
  assertEquals(response.headers.get("cache-control"), "no-store");
  assertEquals(response.headers.get("retry-after"), "5");
  assertEquals(await response.json(), {
    type: "about:blank#422",
    title: "Unprocessable Entity",
    status: 422,
    detail: "file.sha256 must match",
    request_id: "r-1",
    errors: [{ field: "file.sha256", message: "must match" }],
  });
});

Deno.test("problemResponse() leaves errors out where no field is to blame, and names every status", async () => {
  for (const status of [400, 401, 403, 404, 405, 409, 413, 415, 421, 422, 426, 429, 500, 501, 503]) {
    const body = await problemResponse(new Problem(status, "x"), "r").json();
    assertEquals(Object.keys(body), ["type", "title", "status", "detail", "request_id"]);
    assertEquals([body.status, body.title === "Error"], [status, false]);
  }
});

Deno.test("problemResponse() names a hundred fields and no more", async () => {
  const errors = Array.from({ length: 5_000 }, (_, i) => ({ field: `f${i}`, message: "is wrong" }));
  const body = await problemResponse(new Problem(422, "wrong", { errors }), "1").json();
  assertEquals(body.errors, errors.slice(0, ERRORS_MAX));
});
