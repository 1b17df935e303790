/** The one port: HTTP, WebSocket and the dashboard, with every limit in one place. */
// @ts-types="#types/std_http_etag.d.ts"
import { ifNoneMatch } from "@std/http/etag";
import type { SimulationInfo } from "../engine/event.ts";
import type { Clock } from "../runtime/ports/clock.ts";
import { StoreError } from "../runtime/ports/store.ts";
import type { Log } from "../telemetry/log.ts";
import type { Counter, Histogram } from "../telemetry/metrics.ts";
import { type Auth, type HostRules, type Identity, PROTOCOL } from "./auth.ts";
import { Encoded } from "./frame.ts";
import type { Hub, SocketSession } from "./hub.ts";
import { Problem, problemResponse } from "./problem.ts";
import { parseQuery } from "./query.ts";
import type { Match, Reply, Route, RouteContext, Router } from "./router.ts";
import { wantsEncoding } from "./negotiation.ts";
import { WEB_PREFIX, type WebAssets } from "./static.ts";

/** Characters of a URL. */
export const URL_MAX = 8_192;

/** How long open connections get to end. */
const DRAIN_MS = 4_000;

/** What the parts of the page are called in metrics. */
const WEB_ROUTE = `${WEB_PREFIX}*`;

/** Headers that every response has. */
const SECURITY_HEADERS: Readonly<Record<string, string>> = {
  "x-content-type-options": "nosniff",
};

/**
 * Headers of everything that a browser could open, or that holds data; the parts of the page are neither, and many.
 */
const DOCUMENT_HEADERS: Readonly<Record<string, string>> = {
  "cross-origin-resource-policy": "same-origin",
  "referrer-policy": "no-referrer",
  "cross-origin-opener-policy": "same-origin",
  "x-frame-options": "DENY",
};

/** RED metrics of the server. */
export interface ServerMetrics {
  readonly requests: Counter;
  readonly seconds: Histogram;
}

/** What {@link Server} needs. */
export interface ServerOptions {
  readonly hostname: string;
  readonly port: number;
  /** Largest body of a request, where its route does not allow more. */
  readonly bodyBytesMax: number;
  readonly router: Router;
  readonly hub: Hub;
  readonly auth: Auth;
  readonly hosts: HostRules;
  readonly web: WebAssets;
  /** What the data is simulated from, as far as the node has said. */
  readonly simulation: () => SimulationInfo | null;
  readonly clock: Clock;
  readonly log: Log;
  readonly metrics: ServerMetrics;
}

/** The HTTP and WebSocket server. */
export class Server {
  readonly #options: ServerOptions;
  readonly #stop = new AbortController();
  #http: Deno.HttpServer<Deno.NetAddr> | null = null;
  #requests = 0;

  constructor(options: ServerOptions) {
    this.#options = options;
  }

  /**
   * Starts listening.
   *
   * @returns The URL to reach it
   * @throws {Deno.errors.AddrInUse} If the port is taken
   * @throws {Deno.errors.AddrNotAvailable} If the address is none of this machine's, or the port is not for us
   */
  listen(): string {
    this.#http = this.#serve();
    const { hostname, port } = this.#http.addr;
    return `http://${hostname.includes(":") ? `[${hostname}]` : hostname}:${port}`;
  }

  /** Stops accepting, lets requests finish within the deadline, then lets go. */
  async close(): Promise<void> {
    this.#stop.abort();
    this.#options.hub.stop();
    if (!this.#http) return;
    const patience = new AbortController();
    await Promise.race([this.#http.shutdown(), this.#options.clock.sleep(DRAIN_MS, patience.signal)]);
    patience.abort();
  }

  #serve(): Deno.HttpServer<Deno.NetAddr> {
    const { hostname, port, log } = this.#options;
    const onError = (error: unknown) => {
      log.error("server.error", { error });
      return problemResponse(new Problem(500, "the server made a mistake; its log says which"), "-");
    };
    try {
      return Deno.serve(
        { hostname, port, onListen: () => {}, onError },
        (request, info) => this.#handle(request, info),
      );
    } catch (error) {
      if (error instanceof Deno.errors.AddrInUse || error instanceof Deno.errors.NotCapable) throw error;
      const why = error instanceof Error ? error.message : String(error);
      throw new Deno.errors.AddrNotAvailable(`Cannot listen on ${hostname}:${port}: ${why}`);
    }
  }

  async #handle(request: Request, info: Deno.ServeHandlerInfo<Deno.NetAddr>): Promise<Response> {
    const began = this.#options.clock.monotonicMs();
    const requestId = `${(++this.#requests).toString(36)}-${crypto.randomUUID().slice(0, 8)}`;
    let route = "none";
    let response: Response;
    try {
      response = await this.#answer(request, info, requestId, (path) => route = path);
    } catch (error) {
      response = this.#failure(error, requestId, request);
    }
    const origin = allowedOrigin(this.#options.hosts, request);
    if (origin !== null && response.status !== 101) allowOrigin(response, origin);
    const status = String(response.status);
    this.#options.metrics.requests.add(1, { method: request.method.slice(0, 8), route, status });
    this.#options.metrics.seconds.observe((this.#options.clock.monotonicMs() - began) / 1000, { route });
    if (response.status === 101) return response;
    for (const [name, value] of Object.entries(SECURITY_HEADERS)) response.headers.set(name, value);
    if (route === WEB_ROUTE) return response;
    for (const [name, value] of Object.entries(DOCUMENT_HEADERS)) response.headers.set(name, value);
    response.headers.set("x-request-id", requestId);
    return response;
  }

  async #answer(
    request: Request,
    info: Deno.ServeHandlerInfo<Deno.NetAddr>,
    requestId: string,
    named: (route: string) => void,
  ): Promise<Response> {
    const { router, hosts, auth, web, simulation } = this.#options;
    if (request.url.length > URL_MAX) throw new Problem(400, `the URL is longer than ${URL_MAX} characters`);
    hosts.checkHost(request);
    const url = URL.parse(request.url);
    if (url === null) throw new Problem(400, "the URL or the Host header cannot be read");
    const upgrade = request.headers.get("upgrade")?.toLowerCase() === "websocket";
    const reads = (request.method === "GET" || request.method === "HEAD") && !upgrade;
    if (!reads) hosts.checkOrigin(request);
    if (request.method === "OPTIONS") return preflight(router.match("GET", url.pathname));
    if (url.pathname.startsWith(WEB_PREFIX) && reads) {
      const file = web.file(request, url.pathname);
      if (file) {
        named(WEB_ROUTE);
        return file;
      }
    }
    if (url.pathname === "/" && reads && request.headers.get("accept")?.includes("text/html")) {
      named("/");
      return web.page(request, simulation());
    }
    const match = router.match(upgrade ? "WS" : request.method, url.pathname);
    if (match === null) {
      throw new Problem(404, `there is nothing at ${request.method} ${url.pathname.slice(0, 200)}`);
    }
    if ("allow" in match) {
      const allow = match.allow.join(", ");
      throw new Problem(405, `${url.pathname} only understands ${allow}`, { headers: { allow } });
    }
    named(match.route.path);
    const identity = auth.identify(request, info.remoteAddr.hostname);
    auth.authorize(identity, match.route.scope);
    if (match.route.method === "WS") {
      return this.#upgrade(request, match.route, match.params, identity, upgrade);
    }
    const context: RouteContext = {
      request,
      url,
      params: match.params,
      query: parseQuery(url, match.route.query ?? {}),
      body: request.method === "POST" && !(match.route.bodyOptional && isEmpty(request))
        ? await readJson(request, match.route.bodyBytesMax ?? this.#options.bodyBytesMax)
        : undefined,
      requestId,
      scopes: identity.scopes,
      signal: this.#stop.signal,
    };
    return this.#respond(request, await match.route.handle!(context));
  }

  #respond(request: Request, reply: Reply): Response {
    if (reply instanceof Response) return reply;
    if ("topic" in reply) return encodedResponse(request, this.#options.hub.frame(reply.topic).encoded, 200);
    return encodedResponse(
      request,
      new Encoded(JSON.stringify(reply.json)),
      reply.status ?? 200,
      reply.headers,
    );
  }

  #upgrade(
    request: Request,
    route: Route,
    params: Readonly<Record<string, string>>,
    identity: Identity,
    upgrade: boolean,
  ): Response {
    if (!upgrade) throw new Problem(426, "this is a WebSocket", { headers: { upgrade: "websocket" } });
    const { hub } = this.#options;
    if (hub.full) {
      hub.refuse();
      throw new Problem(503, "too many clients", { headers: { "retry-after": "5" } });
    }
    const offered = request.headers.get("sec-websocket-protocol")?.split(",").map((name) => name.trim()) ??
      [];
    const { socket, response } = upgradeOf(request, offered.includes(PROTOCOL));
    let session: SocketSession | null = null;
    const mayRead = identity.scopes.has("read");
    socket.onopen = () => {
      session = route.session ? hub.connect(socket, route.session, mayRead) : route.connect!(socket, params);
    };
    socket.onmessage = ({ data }) => session?.onMessage(data);
    socket.onclose = () => session?.onClose();
    socket.onerror = () => session?.onClose();
    return response;
  }

  #failure(error: unknown, requestId: string, request: Request): Response {
    if (error instanceof Problem) return problemResponse(error, requestId);
    if (error instanceof StoreError) {
      this.#options.log.error("server.store_failed", { request_id: requestId, kind: error.kind, error });
      const headers = { "retry-after": "5" };
      return problemResponse(
        new Problem(503, `the store cannot be read (${error.kind}); the log says more`, { headers }),
        requestId,
      );
    }
    this.#options.log.error("server.bug", {
      request_id: requestId,
      method: request.method,
      url: request.url.slice(0, URL_MAX),
      error,
      stack: error instanceof Error ? error.stack : undefined,
    });
    return problemResponse(new Problem(500, "the server made a mistake; its log says which"), requestId);
  }
}

/** The handshake; @throws {Problem} 400 where the request lacks a part of it. */
function upgradeOf(request: Request, named: boolean): Deno.WebSocketUpgrade {
  try {
    return Deno.upgradeWebSocket(request, { idleTimeout: 60, ...(named ? { protocol: PROTOCOL } : {}) });
  } catch (error) {
    throw new Problem(400, error instanceof Error ? error.message : "the handshake is not complete");
  }
}

/** Sends encoded JSON with a strong ETag that knows its encoding; 304 where the client has it. */
function encodedResponse(
  request: Request,
  encoded: Encoded,
  status: number,
  extra: Readonly<Record<string, string>> = {},
): Response {
  const gzip = wantsEncoding(request, "gzip") ? encoded.gzip() : null;
  const etag = gzip ? `${encoded.etag.slice(0, -1)}-gzip"` : encoded.etag;
  const headers: Record<string, string> = {
    "content-type": "application/json; charset=utf-8",
    "cache-control": "no-cache",
    vary: "Accept-Encoding",
    ...extra,
    etag,
  };
  if (status === 200 && !ifNoneMatch(request.headers.get("if-none-match"), etag)) {
    return new Response(null, { status: 304, headers });
  }
  if (gzip) headers["content-encoding"] = "gzip";
  return new Response(gzip ?? encoded.json, { status, headers });
}

function isEmpty(request: Request): boolean {
  return request.body === null || request.headers.get("content-length") === "0";
}

/** Reads a JSON body within the limit. */
async function readJson(request: Request, bytesMax: number): Promise<unknown> {
  const type = request.headers.get("content-type")?.split(";")[0]?.trim().toLowerCase();
  if (type !== "application/json") throw new Problem(415, "the body must be application/json");
  const tooLarge = () => new Problem(413, `the body is larger than ${bytesMax} bytes`);
  if (Number(request.headers.get("content-length") ?? 0) > bytesMax) throw tooLarge();
  const decoder = new TextDecoder("utf-8", { fatal: true });
  let text = "";
  let bytes = 0;
  try {
    for await (const chunk of request.body ?? []) {
      bytes += chunk.byteLength;
      if (bytes > bytesMax) throw tooLarge();
      text += decoder.decode(chunk, { stream: true });
    }
    return JSON.parse(text + decoder.decode());
  } catch (error) {
    if (error instanceof Problem) throw error;
    throw new Problem(400, "the body is not JSON");
  }
}

/** For a plain read, a foreign origin is only told nothing: the browser keeps the answer from its page. */
function allowedOrigin(hosts: HostRules, request: Request): string | null {
  try {
    return hosts.checkOrigin(request);
  } catch {
    return null;
  }
}

function allowOrigin(response: Response, origin: string): void {
  response.headers.set("access-control-allow-origin", origin);
  response.headers.set("access-control-expose-headers", "ETag, X-Request-Id");
  response.headers.append("vary", "Origin");
}

function preflight(match: Match): Response {
  if (match === null) throw new Problem(404, "there is nothing here");
  return new Response(null, {
    status: 204,
    headers: {
      "access-control-allow-methods": "GET, HEAD, POST, DELETE",
      "access-control-allow-headers": "Content-Type, X-API-Key, If-None-Match",
      "access-control-max-age": "600",
    },
  });
}
