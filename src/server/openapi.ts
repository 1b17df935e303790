/** The OpenAPI document, made from the route table. */
import type { QueryParameter } from "./query.ts";
import type { Route } from "./router.ts";

/** OpenAPI 3.1 of all HTTP routes; streams are described in a vendor field, because OpenAPI has none. */
export function openApi(routes: readonly Route[], version: string): Readonly<Record<string, unknown>> {
  const paths: Record<string, Record<string, unknown>> = {};
  for (const route of routes) {
    if (route.method === "WS") continue;
    const path = route.path.replace(/:(\w+)/g, "{$1}");
    (paths[path] ??= {})[route.method.toLowerCase()] = operation(route);
  }
  return {
    openapi: "3.1.0",
    info: {
      title: "block-buster",
      version,
      description:
        "Monitoring and trading beside a node of The Block. Every null has a reason in _meta.partial.",
    },
    paths,
    "x-websockets": routes.filter(({ method }) => method === "WS").map(({ path, summary, scope }) => ({
      path,
      summary,
      scope,
    })),
    components: {
      securitySchemes: { apiKey: { type: "apiKey", in: "header", name: "X-API-Key" } },
      schemas: { Meta: META_SCHEMA, Problem: PROBLEM_SCHEMA, Body: BODY_SCHEMA },
    },
  };
}

const BODY_SCHEMA = {
  type: "object",
  required: ["timestamp", "_meta"],
  properties: { timestamp: { type: "integer" }, _meta: { $ref: "#/components/schemas/Meta" } },
};

const META_SCHEMA = {
  type: "object",
  required: ["source", "as_of_ms", "ttl_ms", "stale", "seq", "units", "partial", "estimated"],
  properties: {
    source: { enum: ["node", "engine", "simulated"] },
    as_of_ms: { type: "integer" },
    ttl_ms: { type: "integer" },
    stale: { type: "boolean" },
    seq: { type: "integer" },
    units: { type: "object", additionalProperties: { type: "string" } },
    partial: { type: "object", additionalProperties: { type: "string" } },
    estimated: { type: "object", additionalProperties: { type: "string" } },
  },
};

const PROBLEM_SCHEMA = {
  type: "object",
  required: ["type", "title", "status", "detail", "request_id"],
  properties: {
    type: { type: "string" },
    title: { type: "string" },
    status: { type: "integer" },
    detail: { type: "string" },
    request_id: { type: "string" },
    errors: {
      type: "array",
      items: {
        type: "object",
        required: ["field", "message"],
        properties: { field: { type: "string" }, message: { type: "string" } },
      },
    },
  },
};

function operation(route: Route): Readonly<Record<string, unknown>> {
  const pathParameters = [...route.path.matchAll(/:(\w+)/g)].map(([, name]) => ({
    name,
    in: "path",
    required: true,
    schema: { type: "string" },
  }));
  const query = Object.entries(route.query ?? {}).map(([name, parameter]) => ({
    name,
    in: "query",
    required: false,
    description: parameter.meaning,
    schema: parameterSchema(parameter),
  }));
  return {
    summary: route.summary,
    operationId: `${route.method.toLowerCase()}${route.path.replace(/[^a-zA-Z0-9]+/g, "_")}`,
    parameters: [...pathParameters, ...query],
    ...(route.method === "POST"
      ? { requestBody: { required: true, content: { "application/json": { schema: { type: "object" } } } } }
      : {}),
    responses: {
      "200": {
        description: route.shape ? `Body of shape ${route.shape}` : "As described",
        ...(route.shape
          ? { content: { "application/json": { schema: { $ref: "#/components/schemas/Body" } } } }
          : {}),
      },
      default: {
        description: "A problem",
        content: { "application/problem+json": { schema: { $ref: "#/components/schemas/Problem" } } },
      },
    },
    "x-scope": route.scope,
    ...(route.scope === "open" ? {} : { security: [{}, { apiKey: [] }] }),
  };
}

function parameterSchema(parameter: QueryParameter): Readonly<Record<string, unknown>> {
  switch (parameter.type) {
    case "integer":
      return {
        type: "integer",
        minimum: parameter.min,
        maximum: parameter.max,
        ...(parameter.default === undefined ? {} : { default: parameter.default }),
      };
    case "choice":
      return {
        enum: parameter.words,
        ...(parameter.default === undefined ? {} : { default: parameter.default }),
      };
    case "text":
      return {
        type: "string",
        maxLength: parameter.maxLength,
        ...(parameter.pattern ? { pattern: parameter.pattern.source } : {}),
      };
  }
}
