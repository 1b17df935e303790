/** The route table's types and the matcher: a map for fixed paths, patterns only where a path has a parameter. */
import type { Scope } from "../config.ts";
import type { Topic } from "../engine/topic.ts";
import type { QuerySpec, QueryValues } from "./query.ts";
import type { SessionKind, Socket, SocketSession } from "./hub.ts";

/** Who may use a route: anyone (on loopback, unless reads are protected), always anyone, or a scope. */
export type RouteScope = "open" | "public" | Scope;

/** What a handler gets. */
export interface RouteContext {
  readonly request: Request;
  readonly url: URL;
  readonly params: Readonly<Record<string, string>>;
  readonly query: QueryValues;
  /** Parsed JSON body of a POST. */
  readonly body: unknown;
  readonly requestId: string;
  /** Scopes of the key that came with the request. */
  readonly scopes: ReadonlySet<Scope>;
  readonly signal: AbortSignal;
}

/** What a handler answers. */
export type Reply =
  | { readonly topic: Topic }
  | { readonly json: unknown; readonly status?: number; readonly headers?: Readonly<Record<string, string>> }
  | Response;

/** One route of the table. */
export interface Route {
  readonly method: "GET" | "POST" | "DELETE" | "WS";
  /** Path with `:name` for parameters. */
  readonly path: string;
  readonly summary: string;
  /**
   * `open`: never needs a key. `public`: needs one only when reads are protected. Otherwise the scope that is needed.
   */
  readonly scope: RouteScope;
  readonly query?: QuerySpec;
  /** Largest body of a POST, where it may be larger than the configured one. */
  readonly bodyBytesMax?: number;
  /** Whether a POST may come without a body. */
  readonly bodyOptional?: boolean;
  /** Where the body of the answer is typed, for the documentation. */
  readonly shape?: string;
  /** Streams: what is spoken on the socket. */
  readonly session?: SessionKind;
  /** Streams that are about one thing of the path: takes over the open socket. */
  readonly connect?: (socket: Socket, params: Readonly<Record<string, string>>) => SocketSession;
  readonly handle?: (context: RouteContext) => Reply | Promise<Reply>;
}

/** A route that was found, or the methods that the path has instead. */
export type Match =
  | { readonly route: Route; readonly params: Readonly<Record<string, string>> }
  | { readonly allow: readonly string[] }
  | null;

interface Pattern {
  readonly pattern: RegExp;
  readonly names: readonly string[];
  readonly routes: ReadonlyMap<string, Route>;
}

/** Finds routes by method and path. */
export class Router {
  readonly routes: readonly Route[];
  readonly #fixed = new Map<string, Map<string, Route>>();
  readonly #patterns: Pattern[] = [];

  /** @throws {TypeError} If two routes are the same */
  constructor(routes: readonly Route[]) {
    this.routes = routes;
    const byPath = new Map<string, Map<string, Route>>();
    for (const route of routes) {
      const methods = byPath.get(route.path) ?? new Map<string, Route>();
      if (methods.has(route.method)) throw new TypeError(`Cannot route ${route.method} ${route.path} twice`);
      methods.set(route.method, route);
      byPath.set(route.path, methods);
    }
    for (const [path, methods] of byPath) {
      if (!path.includes(":")) this.#fixed.set(path, methods);
      else {
        const names = [...path.matchAll(/:(\w+)/g)].map((match) => match[1]!);
        const pattern = new RegExp(`^${path.replace(/[.]/g, "\\.").replace(/:\w+/g, "([^/]{1,128})")}$`);
        this.#patterns.push({ pattern, names, routes: methods });
      }
    }
  }

  /**
   * @param method HTTP method, or `WS` for an upgrade
   * @param path Path of the URL, still encoded
   */
  match(method: string, path: string): Match {
    const fixed = this.#fixed.get(path);
    if (fixed) return pick(fixed, method, {});
    for (const { pattern, names, routes } of this.#patterns) {
      const match = pattern.exec(path);
      if (!match) continue;
      const params: Record<string, string> = {};
      for (const [i, name] of names.entries()) {
        const value = decode(match[i + 1]!);
        if (value === null) return null;
        params[name] = value;
      }
      return pick(routes, method, params);
    }
    return null;
  }
}

function pick(
  routes: ReadonlyMap<string, Route>,
  method: string,
  params: Readonly<Record<string, string>>,
): Match {
  const asked = method === "HEAD" ? "GET" : method;
  // A plain GET of a stream finds it too, and is told to upgrade.
  const route = routes.get(asked) ?? (asked === "GET" ? routes.get("WS") : undefined);
  if (route) return { route, params };
  const allow = [...routes.keys()].flatMap((known) =>
    known === "WS" ? ["GET"] : known === "GET" ? ["GET", "HEAD"] : known
  );
  return { allow: [...new Set(allow)] };
}

function decode(text: string): string | null {
  try {
    return decodeURIComponent(text);
  } catch {
    return null;
  }
}
