// @ts-types="#types/std_assert.d.ts"
import { assert, assertEquals } from "@std/assert";
import { routeTable } from "../app.ts";
import { openApi } from "./openapi.ts";
import { PAGING } from "./query.ts";
import type { Route } from "./router.ts";

interface Operation {
  readonly summary: string;
  readonly operationId: string;
  readonly parameters: readonly {
    readonly name: string;
    readonly in: string;
    readonly required: boolean;
    readonly schema: Readonly<Record<string, unknown>>;
  }[];
  readonly requestBody?: unknown;
  readonly security?: readonly unknown[];
  readonly "x-scope": string;
}

interface Document {
  readonly openapi: string;
  readonly info: { readonly version: string };
  readonly paths: Readonly<Record<string, Readonly<Record<string, Operation>>>>;
  readonly "x-websockets": readonly { readonly path: string; readonly scope: string }[];
  readonly components: { readonly schemas: Readonly<Record<string, unknown>> };
}

function documentOf(routes: readonly Route[]): Document {
  return JSON.parse(JSON.stringify(openApi(routes, "1.2.3"))) as Document;
}

Deno.test("openApi() holds every HTTP route of the program and nothing else", () => {
  const routes = routeTable();
  const document = documentOf(routes);
  const described = Object.entries(document.paths).flatMap(([path, operations]) =>
    Object.keys(operations).map((method) => `${method.toUpperCase()} ${path}`)
  );
  const expected = routes.filter(({ method }) => method !== "WS")
    .map(({ method, path }) => `${method} ${path.replace(/:(\w+)/g, "{$1}")}`);
  assertEquals(described.sort(), expected.sort());
  assertEquals(
    document["x-websockets"].map(({ path }) => path),
    routes.filter(({ method }) => method === "WS").map(({ path }) => path),
  );
  assertEquals([document.openapi, document.info.version], ["3.1.0", "1.2.3"]);
});

Deno.test("openApi() describes path and query parameters as the routes read them", () => {
  const document = documentOf(routeTable());
  for (const route of routeTable()) {
    if (route.method === "WS") continue;
    const path = route.path.replace(/:(\w+)/g, "{$1}");
    const { parameters } = document.paths[path]![route.method.toLowerCase()]!;
    const inPath = parameters.filter((parameter) => parameter.in === "path").map(({ name }) => name);
    assertEquals(inPath, [...path.matchAll(/\{(\w+)\}/g)].map(([, name]) => name), path);
    const inQuery = parameters.filter((parameter) => parameter.in === "query").map(({ name }) => name);
    assertEquals(inQuery, Object.keys(route.query ?? {}), path);
    for (const parameter of parameters) {
      assertEquals(parameter.required, parameter.in === "path", `${path} ${parameter.name}`);
    }
  }
});

Deno.test("openApi() gives the limits of every kind of parameter", () => {
  const document = documentOf([{
    method: "GET",
    path: "/things/:id/parts",
    summary: "Parts",
    scope: "read",
    query: {
      ...PAGING,
      kind: { type: "choice", words: ["a", "b"], default: "a", meaning: "Kind" },
      any: { type: "choice", words: ["x"], meaning: "Any" },
      name: { type: "text", maxLength: 9, pattern: /^\w+$/, meaning: "Name" },
    },
  }]);
  const { parameters } = document.paths["/things/{id}/parts"]!.get!;
  assertEquals(Object.fromEntries(parameters.map(({ name, schema }) => [name, schema])), {
    id: { type: "string" },
    limit: { type: "integer", minimum: 1, maximum: 500, default: 50 },
    offset: { type: "integer", minimum: 0, maximum: Number.MAX_SAFE_INTEGER },
    cursor: { type: "string", maxLength: 256 },
    kind: { enum: ["a", "b"], default: "a" },
    any: { enum: ["x"] },
    name: { type: "string", maxLength: 9, pattern: "^\\w+$" },
  });
});

Deno.test("openApi() names every operation once and says which scope it needs", () => {
  const routes = routeTable();
  const document = documentOf(routes);
  const ids = new Set<string>();
  for (const route of routes) {
    if (route.method === "WS") continue;
    const operation = document.paths[route.path.replace(/:(\w+)/g, "{$1}")]![route.method.toLowerCase()]!;
    assert(!ids.has(operation.operationId), operation.operationId);
    ids.add(operation.operationId);
    assertEquals(operation["x-scope"], route.scope);
    assertEquals(operation.summary, route.summary);
    assertEquals(operation.security === undefined, route.scope === "open", route.path);
    assertEquals(operation.requestBody !== undefined, route.method === "POST", route.path);
  }
});

Deno.test("openApi() only points at schemas that it holds", () => {
  const document = documentOf(routeTable());
  const references = [...JSON.stringify(document).matchAll(/"\$ref":"#\/components\/schemas\/(\w+)"/g)];
  assert(references.length > 0);
  for (const [, name] of references) assert(Object.hasOwn(document.components.schemas, name!), name);
});
