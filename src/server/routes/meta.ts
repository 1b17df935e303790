/** Routes about the program itself. */
import { LOG_LEVELS, type LogLevel } from "../../telemetry/log.ts";
import { absent } from "../../engine/reason.ts";
import { openApi } from "../openapi.ts";
import type { QuerySpec } from "../query.ts";
import { replyBody } from "../reply.ts";
import type { Route } from "../router.ts";
import type { Services } from "../services.ts";
import { lineDraft, LOG_UNITS } from "../views/logs.ts";

const LOG_QUERY: QuerySpec = {
  limit: { type: "integer", min: 1, max: 500, default: 50, meaning: "Lines" },
  level: { type: "choice", words: LOG_LEVELS, default: "info", meaning: "Quietest level" },
};

/** The routes about the program itself; `all` gives the whole table, for the index and the OpenAPI document. */
export function metaRoutes(services: Services, all: () => readonly Route[]): readonly Route[] {
  const { build, clock, metrics, log } = services;
  const engineMeta = () => ({ source: "engine" as const, asOfMs: clock.nowMs() });
  return [
    {
      method: "GET",
      path: "/",
      summary: "The dashboard for a browser, else this index",
      scope: "public",
      shape: "Index",
      handle: () => ({
        headers: { vary: "Accept, Accept-Encoding" },
        json: replyBody({
          name: "block-buster",
          version: build.version,
          endpoints: all().map(({ method, path, summary, scope }) => ({
            method,
            path: path.replace(/:(\w+)/g, "{$1}"),
            summary,
            scope,
          })),
        }, engineMeta()),
      }),
    },
    {
      method: "GET",
      path: "/health",
      summary: "Whether the process is alive",
      scope: "open",
      shape: "Alive",
      handle: () => ({
        json: replyBody({
          status: "ok",
          version: build.version,
          uptime_seconds: Math.floor((clock.nowMs() - services.startedMs) / 1000),
        }, engineMeta()),
      }),
    },
    {
      method: "GET",
      path: "/health/ready",
      summary: "Whether recovery has ended and the node has been asked once",
      scope: "open",
      shape: "Ready",
      handle: () => {
        const { ready, waitingFor, problems } = services.readiness();
        return {
          status: ready ? 200 : 503,
          headers: ready ? {} : { "retry-after": "1" },
          json: replyBody({ ready, waiting_for: waitingFor, problems }, engineMeta()),
        };
      },
    },
    {
      method: "GET",
      path: "/version",
      summary: "Which build this is",
      scope: "open",
      shape: "Version",
      handle: () => ({
        json: replyBody({
          name: "block-buster",
          version: build.version,
          commit_sha: build.commit ?? absent("UNDEFINED", "this build was not told its commit"),
          schema_hash: build.schemaHash ?? absent("UNDEFINED", "this build was not told its schema hash"),
          deno: Deno.version.deno,
          feature_engine: services.featureEngine.kind,
          feature_engine_fallback: services.featureEngine.fallback ??
            absent("UNDEFINED", "the WebAssembly module was loaded"),
        }, engineMeta()),
      }),
    },
    {
      method: "GET",
      path: "/metrics",
      summary: "Prometheus text",
      scope: "public",
      handle: () =>
        new Response(metrics.text(), {
          headers: {
            "content-type": "text/plain; version=0.0.4; charset=utf-8",
            "cache-control": "no-store",
          },
        }),
    },
    {
      method: "GET",
      path: "/openapi.json",
      summary: "The OpenAPI document of this API",
      scope: "public",
      handle: () => ({ json: openApi(all(), build.version) }),
    },
    {
      method: "GET",
      path: "/theblock/logs",
      summary: "The newest log lines, newest first",
      scope: "read",
      query: LOG_QUERY,
      shape: "Logs",
      handle: ({ url, query }) => {
        if (url.search === "") return { topic: "logs" };
        const lines = log.tail(query.limit as number, query.level as LogLevel).map(lineDraft);
        return { json: replyBody({ lines }, { ...engineMeta(), units: LOG_UNITS }) };
      },
    },
  ];
}
