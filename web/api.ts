/** Where the server is, the reader's key, and plain requests. */

/** An answer that is not the one that was asked for. */
export class Problem extends Error {
  override readonly name = "Problem";
  /** HTTP status; 0 when nothing answered. */
  readonly status: number;
  /** Fields of the request that are wrong. */
  readonly errors: readonly { readonly field: string; readonly message: string }[];

  constructor(status: number, detail: string, errors: Problem["errors"] = []) {
    super(detail);
    this.status = status;
    this.errors = errors;
  }
}

/** Longest wait for an answer. */
const TIMEOUT_MS = 10_000;

const KEY_ITEM = "bb.key:";

/** The server's HTTP interface. */
export class Api {
  /** Origin of the server, without a slash at the end. */
  readonly base: string;
  /** Whether page and server have different origins. */
  readonly remote: boolean;
  #key: string | null;

  /**
   * @param page Address of the page
   * @param declared Content of `<meta name="api-base">`, which the exported page has: then `?api=` may say otherwise
   */
  constructor(page: Pick<URL, "origin" | "search">, declared: string | null) {
    const asked = declared === null ? null : new URLSearchParams(page.search).get("api");
    this.base = originOf(asked) ?? originOf(declared) ?? page.origin;
    this.remote = this.base !== page.origin;
    this.#key = stored(this.base);
  }

  /** The reader's key, which is never part of a URL. */
  get key(): string | null {
    return this.#key;
  }

  /**
   * Keeps a key in memory.
   *
   * @param remember Whether to keep it in this tab over reloads as well
   */
  setKey(key: string | null, remember = false): void {
    this.#key = key;
    try {
      if (key !== null && remember) sessionStorage.setItem(KEY_ITEM + this.base, key);
      else sessionStorage.removeItem(KEY_ITEM + this.base);
    } catch {
      // Storage is switched off; memory it is.
    }
  }

  /** Address of a WebSocket. */
  socketUrl(path: string): string {
    return this.base.replace(/^http/, "ws") + path;
  }

  /** Subprotocols of a WebSocket: ours, and the key where there is one that can be sent so. */
  protocols(): string[] {
    return this.#key !== null && /^[\w.~!#$%&'*+^\x60|-]+$/.test(this.#key)
      ? ["bb.v1", `key.${this.#key}`]
      : ["bb.v1"];
  }

  /** @throws {Problem} When the answer is not a success or not JSON, or none comes */
  get(path: string): Promise<unknown> {
    return this.#request(path, {});
  }

  /** @throws {Problem} When the answer is not a success or not JSON, or none comes */
  post(path: string, body: unknown): Promise<unknown> {
    return this.#request(path, {
      method: "POST",
      headers: { "content-type": "application/json" },
      body: JSON.stringify(body),
    });
  }

  /** @throws {Problem} When the answer is not a success or not JSON, or none comes */
  delete(path: string): Promise<unknown> {
    return this.#request(path, { method: "DELETE" });
  }

  /** @throws {Problem} When the answer is not a success, or none comes */
  open(path: string): Promise<Response> {
    return this.#answer(path, {}, this.#key);
  }

  /**
   * Tries a key without keeping it.
   *
   * @throws {Problem} When the server does not know it, or it may not read
   */
  async tryKey(key: string): Promise<void> {
    await this.#request("/theblock/logs?limit=1", {}, key);
  }

  async #request(path: string, init: RequestInit, key = this.#key): Promise<unknown> {
    const response = await this.#answer(path, { ...init, signal: AbortSignal.timeout(TIMEOUT_MS) }, key);
    const value: unknown = await response.json().catch(() => null);
    if (value === null) throw new Problem(response.status, "the answer is not JSON");
    return value;
  }

  /** An answer with success. */
  async #answer(path: string, init: RequestInit, key: string | null): Promise<Response> {
    const headers = new Headers(init.headers);
    headers.set("accept", "application/json");
    if (key !== null) headers.set("x-api-key", key);
    let response: Response;
    try {
      response = await fetch(this.base + path, { ...init, headers, cache: "no-cache", credentials: "omit" });
    } catch {
      const or = this.remote ? ", or it does not allow this page's origin (server.allowed_origins)" : "";
      throw new Problem(0, `nothing answers at ${this.base}${or}`);
    }
    if (response.ok) return response;
    // A key that is wrong is worse than none: it shuts out of what everyone may read.
    if (response.status === 401 && key !== null && key === this.#key) this.setKey(null);
    const body = await response.json().catch(() => null) as {
      readonly detail?: unknown;
      readonly errors?: Problem["errors"];
    } | null;
    const detail = body?.detail;
    throw new Problem(
      response.status,
      typeof detail === "string" ? detail : `the server answered ${response.status}`,
      Array.isArray(body?.errors) ? body.errors : [],
    );
  }
}

function originOf(address: string | null): string | null {
  const url = address === null ? null : URL.parse(address);
  return url && /^https?:$/.test(url.protocol) ? url.origin : null;
}

function stored(base: string): string | null {
  try {
    return sessionStorage.getItem(KEY_ITEM + base);
  } catch {
    return null;
  }
}
