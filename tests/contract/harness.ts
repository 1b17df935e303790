/** Starts the whole program inside the test, beside a simulated chain, and speaks to it over real sockets. */
import { Buffer } from "node:buffer";
// @ts-types="#types/std_path.d.ts"
import { join } from "@std/path";
import { type App, startApp } from "../../src/app.ts";
import { loadConfig } from "../../src/config.ts";
import { systemClock } from "../../src/runtime/clock.ts";
import type { Dialect, ScenarioName } from "../../src/simulator/scenario.ts";
import { Log } from "../../src/telemetry/log.ts";

/** A JSON object. */
export type Json = Record<string, unknown>;

/** How to start it. */
export interface ProgramOptions {
  /** Null to use `config` alone. */
  readonly dialect?: Dialect | null;
  readonly scenario?: ScenarioName;
  readonly speed?: number;
  /** TOML on top of the defaults. */
  readonly config?: string;
  readonly env?: Readonly<Record<string, string>>;
  readonly flags?: Readonly<Record<string, string>>;
  /** Default true: return when `/health/ready` says so. */
  readonly untilReady?: boolean;
}

/** A running program. */
export interface Program {
  readonly url: string;
  readonly port: number;
  /** The key that it made for this machine; empty where one is configured. */
  readonly key: string;
  readonly log: Log;
  get(path: string, headers?: Readonly<Record<string, string>>): Promise<Response>;
  /** The body of a GET that must succeed. */
  json(path: string, headers?: Readonly<Record<string, string>>): Promise<Json>;
  post(path: string, body: unknown, headers?: Readonly<Record<string, string>>): Promise<Response>;
}

/** Longest wait for anything that a test waits for. */
const PATIENCE_MS = 20_000;

/** Runs a test against a program of its own. */
export async function withProgram(
  options: ProgramOptions,
  test: (program: Program) => Promise<void>,
): Promise<void> {
  const dataDir = await Deno.makeTempDir({ prefix: "bb contract " });
  const log = new Log("debug", () => {});
  let app: App | null = null;
  try {
    app = await startApp({
      config: loadConfig({
        ...(options.config === undefined ? {} : { file: { path: "test.toml", text: options.config } }),
        ...(options.env === undefined ? {} : { env: options.env }),
        flags: { port: "0", "data-dir": dataDir, ...options.flags },
      }),
      simulate: options.dialect === null ? null : {
        seed: 1,
        scenario: options.scenario ?? "calm",
        dialect: options.dialect ?? "readme",
        speed: options.speed ?? 1,
      },
      clock: systemClock,
      log,
    });
    const { url } = app;
    const get: Program["get"] = (path, headers = {}) =>
      fetch(`${url}${path}`, { headers, redirect: "manual" });
    if (options.untilReady !== false) {
      await until("the program is ready", async () => {
        const response = await get("/health/ready");
        await response.body?.cancel();
        return response.status === 200;
      });
    }
    await test({
      url,
      port: Number(new URL(url).port),
      key: await readKey(dataDir),
      log,
      get,
      json: async (path, headers) => {
        const response = await get(path, headers);
        if (response.status !== 200) {
          throw new Error(`GET ${path} answers ${response.status}: ${await response.text()}`);
        }
        return await response.json();
      },
      post: (path, body, headers = {}) =>
        fetch(`${url}${path}`, {
          method: "POST",
          headers: { "content-type": "application/json", ...headers },
          body: typeof body === "string" ? body : JSON.stringify(body),
        }),
    });
  } finally {
    await app?.stop();
    await Deno.remove(dataDir, { recursive: true });
  }
}

async function readKey(dataDir: string): Promise<string> {
  try {
    return (await Deno.readTextFile(join(dataDir, "api.key"))).trim();
  } catch {
    return "";
  }
}

/** Waits for a condition. */
export async function until(what: string, holds: () => boolean | Promise<boolean>): Promise<void> {
  const deadline = systemClock.monotonicMs() + PATIENCE_MS;
  while (!await holds()) {
    if (systemClock.monotonicMs() > deadline) throw new Error(`waited in vain until ${what}`);
    await systemClock.sleep(25);
  }
}

/** A response as it came over the wire; each character of the body is one byte. */
export interface RawResponse {
  readonly status: number;
  readonly headers: Headers;
  readonly body: string;
}

/**
 * Sends bytes that `fetch` would not send: odd paths, Host names and header lines. The head of the request gets
 * `Connection: close`.
 */
export async function rawRequest(
  port: number,
  head: readonly string[],
  body: string | Uint8Array = "",
): Promise<RawResponse> {
  const connection = await Deno.connect({ hostname: "127.0.0.1", port });
  try {
    const encoder = new TextEncoder();
    await writeAll(connection, encoder.encode(`${[...head, "Connection: close"].join("\r\n")}\r\n\r\n`));
    // The server may answer and hang up before it has read everything.
    await writeAll(connection, typeof body === "string" ? encoder.encode(body) : body).catch(() => {});
    let text = "";
    const buffer = Buffer.alloc(65_536);
    while (!isWhole(text)) {
      const count = await connection.read(buffer).catch(() => null);
      if (count === null) break;
      text += buffer.toString("latin1", 0, count);
    }
    return parseResponse(text);
  } finally {
    connection.close();
  }
}

async function writeAll(connection: Deno.Conn, bytes: Uint8Array): Promise<void> {
  for (let written = 0; written < bytes.length;) written += await connection.write(bytes.subarray(written));
}

/** Whether a response has all the bytes that it announced. */
function isWhole(text: string): boolean {
  const end = text.indexOf("\r\n\r\n");
  const length = /\r\ncontent-length: (\d+)/i.exec(text.slice(0, Math.max(0, end)))?.[1];
  return end >= 0 && length !== undefined && text.length >= end + 4 + Number(length);
}

function parseResponse(text: string): RawResponse {
  const end = text.indexOf("\r\n\r\n");
  const [first, ...lines] = text.slice(0, end).split("\r\n");
  const headers = new Headers();
  for (const line of lines) {
    headers.append(line.slice(0, line.indexOf(":")), line.slice(line.indexOf(":") + 1).trim());
  }
  return { status: Number(first?.split(" ")[1] ?? 0), headers, body: text.slice(end + 4) };
}

/** What a client may send with its handshake. */
export interface StreamOptions {
  readonly protocols?: readonly string[];
  readonly headers?: Readonly<Record<string, string>>;
}

/** Deno's WebSocket, which takes headers; the DOM library, which some tests bring along, does not know them. */
const HeaderWebSocket = WebSocket as unknown as new (url: string, options: StreamOptions) => WebSocket;

/** A WebSocket whose messages can be awaited one by one. */
export class Stream {
  readonly socket: WebSocket;
  readonly #queue: string[] = [];
  readonly #closed = Promise.withResolvers<CloseEvent>();
  #waiting: (() => void) | null = null;

  constructor(url: string, options: StreamOptions = {}) {
    this.socket = new HeaderWebSocket(url, options);
    this.socket.onmessage = ({ data }) => {
      this.#queue.push(data as string);
      this.#waiting?.();
    };
    this.socket.onclose = (event) => {
      this.#closed.resolve(event);
      this.#waiting?.();
    };
  }

  /** How it ended. */
  get closed(): Promise<CloseEvent> {
    return this.#closed.promise;
  }

  /** Resolves when it is open; rejects when it is refused. */
  async opened(): Promise<this> {
    if (this.socket.readyState !== WebSocket.OPEN) {
      await new Promise<void>((resolve, reject) => {
        this.socket.addEventListener("open", () => resolve(), { once: true });
        this.socket.addEventListener("error", () => reject(new Error("the socket was refused")), {
          once: true,
        });
      });
    }
    return this;
  }

  /** The text of the next message. */
  async nextText(): Promise<string> {
    while (this.#queue.length === 0) {
      if (this.socket.readyState === WebSocket.CLOSED) throw new Error("the socket is closed");
      await new Promise<void>((resolve) => this.#waiting = resolve);
    }
    return this.#queue.shift()!;
  }

  /** The next message that fits. */
  async next(fits: (message: Json) => boolean = () => true): Promise<Json> {
    for (;;) {
      const message = JSON.parse(await this.nextText()) as Json;
      if (fits(message)) return message;
    }
  }

  say(message: unknown): void {
    this.socket.send(typeof message === "string" ? message : JSON.stringify(message));
  }

  async close(): Promise<void> {
    if (this.socket.readyState === WebSocket.CLOSED) return;
    this.socket.close();
    await this.closed;
  }
}
