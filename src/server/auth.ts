/** Keys and scopes, Host and Origin. */
import { createHash, timingSafeEqual } from "node:crypto";
import { type ApiKey, isLoopback, type Scope, SCOPES } from "../config.ts";
import type { Clock } from "../runtime/ports/clock.ts";
import type { Log } from "../telemetry/log.ts";
import { Problem } from "./problem.ts";
import type { RouteScope } from "./router.ts";

/** Wrong keys of one address per minute before it has to wait. */
const FAILURES_MAX = 10;
const FAILURE_WINDOW_MS = 60_000;

/** Addresses whose failures are remembered. */
const ADDRESSES_MAX = 10_000;

/** The second WebSocket subprotocol carries the key of a browser. */
const KEY_PROTOCOL = "key.";

/** Our WebSocket subprotocol. */
export const PROTOCOL = "bb.v1";

/** Who a request is from. */
export interface Identity {
  /** Name of the key; null without one. */
  readonly name: string | null;
  readonly scopes: ReadonlySet<Scope>;
}

interface StoredKey {
  readonly name: string;
  readonly digest: Uint8Array;
  readonly scopes: ReadonlySet<Scope>;
}

const NOBODY: Identity = { name: null, scopes: new Set() };

/** Recognises keys. */
export class Auth {
  readonly #keys: readonly StoredKey[];
  readonly #protectReads: boolean;
  readonly #clock: Clock;
  readonly #log: Log;
  readonly #failures = new Map<string, { count: number; sinceMs: number }>();

  constructor(
    options: {
      readonly keys: readonly ApiKey[];
      readonly protectReads: boolean;
      readonly clock: Clock;
      readonly log: Log;
    },
  ) {
    this.#keys = options.keys.map(({ name, sha256, scopes }) => ({
      name,
      digest: fromHex(sha256),
      scopes: withIncluded(scopes),
    }));
    this.#protectReads = options.protectReads;
    this.#clock = options.clock;
    this.#log = options.log;
  }

  /**
   * Finds out who asks.
   *
   * @throws {Problem} 401 for a key that is wrong, 429 after too many of those
   */
  identify(request: Request, address: string): Identity {
    const key = request.headers.get("x-api-key") ?? protocolKey(request);
    if (key === null) return NOBODY;
    this.#refuseGuessing(address);
    const digest = sha256(key);
    // Every key is compared, in constant time, so that neither the match nor its place shows in the time.
    let found: StoredKey | null = null;
    for (const stored of this.#keys) if (timingSafeEqual(stored.digest, digest)) found = stored;
    if (found) return { name: found.name, scopes: found.scopes };
    this.#recordFailure(address);
    this.#log.warn("auth.wrong_key", { address, path: new URL(request.url).pathname });
    throw new Problem(401, "the API key is not known", { headers: { "www-authenticate": "ApiKey" } });
  }

  /**
   * Checks that an identity may use a route.
   *
   * @throws {Problem} 401 without a key, 403 with one that lacks the scope
   */
  authorize(identity: Identity, scope: RouteScope): void {
    const needed: Scope | null = scope === "open"
      ? null
      : scope === "public"
      ? (this.#protectReads ? "read" : null)
      : scope;
    if (needed === null || identity.scopes.has(needed)) return;
    if (identity.name === null) {
      throw new Problem(401, `an API key with the scope "${needed}" is needed (header X-API-Key)`, {
        headers: { "www-authenticate": "ApiKey" },
      });
    }
    throw new Problem(403, `the key "${identity.name}" does not have the scope "${needed}"`);
  }

  #refuseGuessing(address: string): void {
    const failures = this.#failures.get(address);
    if (!failures) return;
    const ageMs = this.#clock.monotonicMs() - failures.sinceMs;
    if (ageMs >= FAILURE_WINDOW_MS) this.#failures.delete(address);
    else if (failures.count >= FAILURES_MAX) {
      const seconds = Math.ceil((FAILURE_WINDOW_MS - ageMs) / 1000);
      throw new Problem(429, `too many wrong keys from this address; try again in ${seconds} s`, {
        headers: { "retry-after": String(seconds) },
      });
    }
  }

  #recordFailure(address: string): void {
    const failures = this.#failures.get(address);
    if (failures) failures.count++;
    else {
      if (this.#failures.size >= ADDRESSES_MAX) this.#failures.clear();
      this.#failures.set(address, { count: 1, sinceMs: this.#clock.monotonicMs() });
    }
  }
}

/** SHA-256 of a key, as the configuration holds it. */
export function sha256Hex(text: string): string {
  return createHash("sha256").update(text).digest("hex");
}

/** Which names a request may call us by, and from which pages requests may come. */
export class HostRules {
  readonly #hosts: ReadonlySet<string>;
  readonly #origins: ReadonlySet<string>;

  constructor(options: {
    readonly host: string;
    readonly allowedHosts: readonly string[];
    readonly allowedOrigins: readonly string[];
  }) {
    const names = ["localhost", "127.0.0.1", "[::1]", ...options.allowedHosts];
    if (!isLoopback(options.host) && !/^(0\.0\.0\.0|::|\[::\])$/.test(options.host)) names.push(options.host);
    this.#hosts = new Set(names.map((name) => name.toLowerCase()));
    this.#origins = new Set(options.allowedOrigins.map((origin) => origin.toLowerCase()));
  }

  /** @throws {Problem} 421 when the request names a host that is not ours (DNS rebinding) */
  checkHost(request: Request): void {
    const host = request.headers.get("host");
    if (host === null || !this.#hosts.has(nameOf(host))) {
      throw new Problem(421, "this server does not answer for that host name; see server.allowed_hosts");
    }
  }

  /**
   * A request from a page of another origin may not act. One without an Origin comes from a program.
   *
   * @returns The origin, when it is one of the configured foreign ones and must be told so
   * @throws {Problem} 403 for any other foreign origin
   */
  checkOrigin(request: Request): string | null {
    const origin = request.headers.get("origin");
    if (origin === null) return null;
    if (this.#origins.has(origin.toLowerCase())) return origin;
    const url = URL.parse(origin);
    const host = request.headers.get("host");
    if (url && host !== null && origin.toLowerCase() === `${url.protocol}//${host.toLowerCase()}`) {
      return null;
    }
    throw new Problem(403, "requests from pages of that origin are not allowed; see server.allowed_origins");
  }
}

function nameOf(host: string): string {
  return host.toLowerCase().replace(/:\d+$/, "");
}

function protocolKey(request: Request): string | null {
  const protocols =
    request.headers.get("sec-websocket-protocol")?.split(",").map((protocol) => protocol.trim()) ?? [];
  return protocols.find((protocol) => protocol.startsWith(KEY_PROTOCOL))?.slice(KEY_PROTOCOL.length) ?? null;
}

/** admin ⊃ trade ⊃ read. */
function withIncluded(scopes: readonly Scope[]): ReadonlySet<Scope> {
  const highest = Math.max(...scopes.map((scope) => SCOPES.indexOf(scope)));
  return new Set(SCOPES.slice(0, highest + 1));
}

function sha256(text: string): Uint8Array {
  return createHash("sha256").update(text).digest();
}

function fromHex(hex: string): Uint8Array {
  return Uint8Array.from(hex.match(/../g) ?? [], (pair) => parseInt(pair, 16));
}
