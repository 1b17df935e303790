// @ts-types="#types/std_assert.d.ts"
import { assertEquals, assertThrows } from "@std/assert";
import { type Route, Router } from "./router.ts";

function route(method: Route["method"], path: string): Route {
  return { method, path, summary: "", scope: "public" };
}

const ROUTER = new Router([
  route("GET", "/"),
  route("GET", "/orders"),
  route("POST", "/orders"),
  route("DELETE", "/orders/:id"),
  route("GET", "/chart/portfolio"),
  route("GET", "/chart/:symbol"),
  route("GET", "/a.json"),
  route("GET", "/x/:one/y/:two"),
  route("WS", "/ws"),
]);

/** A match in one line: the route's path with its parameters, the methods instead, or null. */
function found(method: string, path: string): unknown {
  const match = ROUTER.match(method, path);
  if (match === null) return null;
  return "allow" in match
    ? match.allow.join(",")
    : `${match.route.method} ${match.route.path} ${JSON.stringify(match.params)}`;
}

Deno.test("Router.match() finds fixed paths by method", () => {
  assertEquals(found("GET", "/"), "GET / {}");
  assertEquals(found("GET", "/orders"), "GET /orders {}");
  assertEquals(found("POST", "/orders"), "POST /orders {}");
  assertEquals(found("HEAD", "/orders"), "GET /orders {}");
});

Deno.test("Router.match() prefers a fixed path to one with a parameter", () => {
  assertEquals(found("GET", "/chart/portfolio"), "GET /chart/portfolio {}");
  assertEquals(found("GET", "/chart/COMPUTE"), 'GET /chart/:symbol {"symbol":"COMPUTE"}');
});

Deno.test("Router.match() decodes parameters, and an encoded slash stays inside its segment", () => {
  assertEquals(found("DELETE", "/orders/a%2Fb"), 'DELETE /orders/:id {"id":"a/b"}');
  assertEquals(found("DELETE", "/orders/%E2%82%AC"), 'DELETE /orders/:id {"id":"€"}');
  assertEquals(found("GET", "/x/1/y/2"), 'GET /x/:one/y/:two {"one":"1","two":"2"}');
  assertEquals(found("DELETE", "/orders/__proto__"), 'DELETE /orders/:id {"id":"__proto__"}');
});

Deno.test("Router.match() finds nothing for other paths", () => {
  const paths = [
    "/nothing",
    "/orders/",
    "//orders",
    "/Orders",
    "/orders/1/2",
    "/orders/%E0%A4",
    "/orders/%",
    `/orders/${"x".repeat(129)}`,
    "/aXjson",
    "/chart/",
    "",
  ];
  for (const path of paths) {
    for (const method of ["GET", "DELETE"]) assertEquals(found(method, path), null, `${method} ${path}`);
  }
});

Deno.test("Router.match() lists the methods of a path that has others", () => {
  assertEquals(found("DELETE", "/orders"), "GET,HEAD,POST");
  assertEquals(found("GET", "/orders/1"), "DELETE");
  assertEquals(found("WS", "/orders"), "GET,HEAD,POST");
  assertEquals(found("POST", "/ws"), "GET");
  assertEquals(found("BREW", "/"), "GET,HEAD");
});

Deno.test("Router.match() finds a stream for an upgrade, and for a plain GET that has to be told so", () => {
  assertEquals(found("WS", "/ws"), "WS /ws {}");
  assertEquals(found("GET", "/ws"), "WS /ws {}");
});

Deno.test("Router refuses the same route twice", () => {
  assertThrows(
    () => new Router([route("GET", "/a/:x"), route("GET", "/a/:x")]),
    TypeError,
    "Cannot route GET /a/:x twice",
  );
});
