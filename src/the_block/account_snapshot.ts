/**
 * Accounts with their nonces, from one frame of the node's `/state_stream`. A single byte sent on that stream, even a
 * close frame, stalls the live node for everybody; so this is no WebSocket client: the upgrade is written by hand,
 * one frame is read, and the TCP connection is closed.
 */
import type { Clock } from "../runtime/ports/clock.ts";
import { NodeError } from "./errors.ts";
import { parseExact } from "./json.ts";

/** Largest frame that is read. */
export const FRAME_BYTES_MAX = 10 * 1024 * 1024;

/** Shortest time between two frames: each one makes the node prove every account that it has. */
export const SNAPSHOT_EVERY_MS = 5_000;

const HEAD_BYTES_MAX = 16_384;
const STREAM = "/state_stream";

/** What RFC 6455 appends to the key of a handshake. */
const HANDSHAKE_GUID = "258EAFA5-E914-47DA-95CA-C5AB0DC85B11";

/** One account. */
export interface Account {
  /** Base units. */
  readonly balance: bigint;
  /** Nonce of its newest transaction on the chain; 0 before the first. */
  readonly nonce: number;
}

/** All accounts at one moment. */
export interface AccountSnapshot {
  /** Height of the newest block; 0 on an empty chain too. */
  readonly tipHeight: number;
  readonly accounts: ReadonlyMap<string, Account>;
}

/** What {@link readAccountSnapshot} needs. */
export interface SnapshotOptions {
  /** JSON-RPC endpoint of the node. */
  readonly url: string;
  readonly timeoutMs: number;
  readonly clock: Clock;
  readonly signal?: AbortSignal;
}

/**
 * Reads one frame.
 *
 * @throws {NodeError} `connection`, `timeout`, `empty_reply`, `http`, `oversized`, `malformed`, `aborted`
 */
export async function readAccountSnapshot(options: SnapshotOptions): Promise<AccountSnapshot> {
  const { url, timeoutMs, clock, signal } = options;
  const settled = new AbortController();
  let connection: Deno.Conn | null = null;
  let ended: "timeout" | "aborted" | null = null;
  const end = (why: "timeout" | "aborted") => {
    ended ??= why;
    closeQuietly(connection);
  };
  const onAbort = () => end("aborted");
  signal?.addEventListener("abort", onAbort, { once: true });
  clock.sleep(timeoutMs, settled.signal).then(() => {
    if (!settled.signal.aborted) end("timeout");
  });
  try {
    if (signal?.aborted) throw new NodeError("aborted", STREAM, "not asked: stopping");
    connection = await connect(url);
    if (ended !== null) throw new Error("too late");
    return decodeSnapshot(await readFrame(connection, new URL(url)));
  } catch (error) {
    if (ended === "timeout") throw new NodeError("timeout", STREAM, `no frame within ${timeoutMs} ms`);
    if (ended === "aborted") throw new NodeError("aborted", STREAM, "given up: stopping");
    if (error instanceof NodeError) throw error;
    const kind = connection === null ? "connection" : "empty_reply";
    const why = connection === null ? "no connection to the node" : "the connection broke off";
    throw new NodeError(kind, STREAM, why, { cause: error });
  } finally {
    settled.abort();
    signal?.removeEventListener("abort", onAbort);
    closeQuietly(connection);
  }
}

async function connect(url: string): Promise<Deno.Conn> {
  const { protocol, hostname: name, port: given } = new URL(url);
  const secure = protocol === "https:";
  const hostname = name.replace(/^\[|\]$/g, "");
  const port = given === "" ? (secure ? 443 : 80) : Number(given);
  return secure ? await Deno.connectTls({ hostname, port }) : await Deno.connect({ hostname, port });
}

/** The text of the first whole message. */
async function readFrame(connection: Deno.Conn, { host }: URL): Promise<string> {
  const key = btoa(String.fromCharCode(...crypto.getRandomValues(new Uint8Array(16))));
  const request = new TextEncoder().encode([
    `GET ${STREAM} HTTP/1.1`,
    `Host: ${host}`,
    "Upgrade: websocket",
    "Connection: Upgrade",
    `Sec-WebSocket-Key: ${key}`,
    "Sec-WebSocket-Version: 13",
    "",
    "",
  ].join("\r\n"));
  for (let written = 0; written < request.length;) {
    written += await connection.write(request.subarray(written));
  }
  const reader = new ByteReader(connection);
  checkUpgrade(await reader.head(), await acceptOf(key));
  const parts: Uint8Array[] = [];
  let size = 0;
  for (;;) {
    const [first, second] = await reader.take(2) as unknown as [number, number];
    if ((first & 0x70) !== 0 || (second & 0x80) !== 0) throw malformed("a frame is not one of a server");
    const opcode = first & 0x0f;
    const length = await lengthOf(reader, second & 0x7f);
    if (opcode >= 0x8) {
      if (opcode === 0x8) throw new NodeError("empty_reply", STREAM, "the node closed the stream");
      await reader.take(length); // A ping is not answered: nothing may be sent.
      continue;
    }
    if (opcode !== (parts.length === 0 ? 0x1 : 0x0)) throw malformed(`a frame has opcode ${opcode}`);
    size += length;
    if (size > FRAME_BYTES_MAX) {
      throw new NodeError("oversized", STREAM, `the list of accounts is over ${FRAME_BYTES_MAX} bytes`);
    }
    parts.push(await reader.take(length));
    if ((first & 0x80) !== 0) break;
  }
  const decoder = new TextDecoder();
  return parts.map((part) => decoder.decode(part, { stream: true })).join("") + decoder.decode();
}

async function lengthOf(reader: ByteReader, short: number): Promise<number> {
  if (short < 126) return short;
  const bytes = await reader.take(short === 126 ? 2 : 8);
  let length = 0;
  for (const byte of bytes) length = length * 256 + byte;
  if (length > FRAME_BYTES_MAX) {
    throw new NodeError("oversized", STREAM, `the list of accounts is over ${FRAME_BYTES_MAX} bytes`);
  }
  return length;
}

async function acceptOf(key: string): Promise<string> {
  const digest = await crypto.subtle.digest("SHA-1", new TextEncoder().encode(key + HANDSHAKE_GUID));
  return btoa(String.fromCharCode(...new Uint8Array(digest)));
}

function checkUpgrade(head: string, accept: string): void {
  const [first = "", ...lines] = head.split("\r\n");
  const status = Number(/^HTTP\/1\.1 (\d{3})/.exec(first)?.[1] ?? NaN);
  if (status === 429) throw new NodeError("rate_limited", STREAM, "the node refuses us", { status });
  if (status === 404) throw new NodeError("missing", STREAM, "the node has no such stream", { status });
  if (!(status >= 100)) throw malformed("the answer to the upgrade is not HTTP");
  if (status !== 101) throw new NodeError("http", STREAM, `the node answered HTTP ${status}`, { status });
  const given = lines.find((line) => /^sec-websocket-accept:/i.test(line))?.split(":")[1]?.trim();
  if (given !== accept) throw malformed("the upgrade is not the answer to ours");
}

/** Reads a connection in exact amounts. */
class ByteReader {
  readonly #connection: Deno.Conn;
  #rest = new Uint8Array(0);

  constructor(connection: Deno.Conn) {
    this.#connection = connection;
  }

  /** Everything up to the empty line. */
  async head(): Promise<string> {
    for (;;) {
      const text = new TextDecoder("latin1").decode(this.#rest);
      const end = text.indexOf("\r\n\r\n");
      if (end >= 0) {
        this.#rest = this.#rest.slice(end + 4);
        return text.slice(0, end);
      }
      if (this.#rest.length > HEAD_BYTES_MAX) throw malformed("the answer to the upgrade is too long");
      await this.#more(this.#rest.length + 1);
    }
  }

  async take(length: number): Promise<Uint8Array> {
    await this.#more(length);
    const taken = this.#rest.subarray(0, length);
    this.#rest = this.#rest.subarray(length);
    return taken;
  }

  /** Reads until so many bytes are there. */
  async #more(wanted: number): Promise<void> {
    if (this.#rest.length >= wanted) return;
    const buffer = new Uint8Array(Math.max(wanted, 4_096));
    buffer.set(this.#rest);
    let length = this.#rest.length;
    while (length < wanted) {
      const read = await this.#connection.read(buffer.subarray(length));
      if (read === null) throw new NodeError("empty_reply", STREAM, "the node closed the stream");
      length += read;
    }
    this.#rest = buffer.subarray(0, length);
  }
}

/** @throws {NodeError} `malformed` or `decode` */
function decodeSnapshot(text: string): AccountSnapshot {
  let value: unknown;
  try {
    value = parseExact(text);
  } catch (cause) {
    throw new NodeError("malformed", STREAM, "the frame is not JSON", { cause });
  }
  const wrong = (what: string) => new NodeError("decode", STREAM, `the frame has no ${what}`);
  if (typeof value !== "object" || value === null) throw wrong("object");
  const { tip_height, accounts, compressed } = value as Record<string, unknown>;
  if (!Number.isSafeInteger(tip_height) || (tip_height as number) < 0) throw wrong("tip_height");
  if (!Array.isArray(accounts) || compressed === true) throw wrong("plain list of accounts");
  const found = new Map<string, Account>();
  for (const item of accounts) {
    const { address, balance, account_seq } = Object(item) as Record<string, unknown>;
    const amount = typeof balance === "bigint" || Number.isSafeInteger(balance)
      ? BigInt(balance as number | bigint)
      : null;
    if (typeof address !== "string" || amount === null || amount < 0n) throw wrong("address and balance");
    if (!Number.isSafeInteger(account_seq) || (account_seq as number) < 0) throw wrong("account_seq");
    found.set(address, { balance: amount, nonce: account_seq as number });
  }
  return { tipHeight: tip_height as number, accounts: found };
}

function malformed(why: string): NodeError {
  return new NodeError("malformed", STREAM, why);
}

function closeQuietly(connection: Deno.Conn | null): void {
  try {
    connection?.close();
  } catch {
    // Closed already.
  }
}

/** Frames, no faster than every {@link SNAPSHOT_EVERY_MS}; what is younger is used again. */
export class AccountSnapshots {
  readonly #read: () => Promise<AccountSnapshot>;
  readonly #clock: Clock;
  readonly #everyMs: number;
  readonly #signal: AbortSignal | undefined;
  #newest: AccountSnapshot | null = null;
  #readMs = -Infinity;
  #reading: Promise<AccountSnapshot> | null = null;

  /** @param signal Ends a wait for the next frame */
  constructor(
    read: () => Promise<AccountSnapshot>,
    clock: Clock,
    everyMs = SNAPSHOT_EVERY_MS,
    signal?: AbortSignal,
  ) {
    this.#read = read;
    this.#clock = clock;
    this.#everyMs = everyMs;
    this.#signal = signal;
  }

  /** The newest frame, or another one when it is too old. @throws {NodeError} If it cannot be read */
  current(): Promise<AccountSnapshot> {
    const young = this.#clock.monotonicMs() - this.#readMs < this.#everyMs;
    if (young && this.#newest !== null && this.#reading === null) return Promise.resolve(this.#newest);
    return this.#reading ??= this.#next().finally(() => this.#reading = null);
  }

  /** Does not use the newest frame again: what it says has turned out to be wrong. */
  distrust(): void {
    this.#newest = null;
  }

  async #next(): Promise<AccountSnapshot> {
    const waitMs = this.#readMs + this.#everyMs - this.#clock.monotonicMs();
    if (waitMs > 0) await this.#clock.sleep(waitMs, this.#signal);
    this.#readMs = this.#clock.monotonicMs();
    this.#newest = null;
    return this.#newest = await this.#read();
  }
}
