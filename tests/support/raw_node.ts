/** A node made of raw bytes: it records what arrives and answers exactly what a test tells it to. */

/** One request as it arrived. */
export interface RawRequest {
  readonly requestLine: string;
  /** Names in lower case. */
  readonly headers: ReadonlyMap<string, string>;
  readonly body: string;
  /** The members of the body, when it is a JSON object. */
  readonly call: {
    readonly id?: unknown;
    readonly method?: string;
    readonly params?: unknown;
    readonly jsonrpc?: unknown;
  };
}

/** What to do with a request: bytes to send, `drop` to close at once, `hang` to stay silent, or both in turn. */
export type RawAnswer = string | Uint8Array | { readonly sendThenDrop: string };

/** A running raw node. */
export interface RawNode {
  readonly url: string;
  readonly requests: readonly RawRequest[];
  /** Connections that were accepted. */
  connections(): number;
  stop(): Promise<void>;
}

/** Starts a raw node on a free port of 127.0.0.1. */
export function startRawNode(answer: (request: RawRequest) => RawAnswer | Promise<RawAnswer>): RawNode {
  const listener = Deno.listen({ hostname: "127.0.0.1", port: 0 });
  const requests: RawRequest[] = [];
  const open = new Set<Deno.Conn>();
  const serving: Promise<void>[] = [];
  let accepted = 0;
  const accepting = (async () => {
    for await (const connection of listener) {
      accepted++;
      open.add(connection);
      serving.push(
        serve(connection).finally(() => {
          if (open.delete(connection)) connection.close();
        }),
      );
    }
  })();

  async function serve(connection: Deno.Conn): Promise<void> {
    const reader = new RequestReader(connection);
    try {
      for (;;) {
        const request = await reader.next();
        if (!request) return;
        requests.push(request);
        const bytes = await answer(request);
        if (bytes === "drop") return;
        if (bytes === "hang") continue;
        const breaksOff = typeof bytes === "object" && "sendThenDrop" in bytes;
        const data = breaksOff ? bytes.sendThenDrop : bytes;
        await writeAll(connection, typeof data === "string" ? new TextEncoder().encode(data) : data);
        if (breaksOff) return;
      }
    } catch (error) {
      if (!isGone(error)) throw error;
    }
  }

  return {
    url: `http://127.0.0.1:${listener.addr.port}/`,
    requests,
    connections: () => accepted,
    stop: async () => {
      listener.close();
      for (const connection of open) connection.close();
      open.clear();
      await accepting;
      await Promise.all(serving);
    },
  };
}

/** An HTTP response with a fixed length. */
export function http(status: number, body: string, headers: Readonly<Record<string, string>> = {}): string {
  const lines = Object.entries(headers).map(([name, value]) => `${name}: ${value}\r\n`).join("");
  const length = new TextEncoder().encode(body).length;
  return `HTTP/1.1 ${status} X\r\ncontent-type: application/json\r\ncontent-length: ${length}\r\n${lines}\r\n${body}`;
}

/** The answer to a request with this result, given as JSON text. */
export function resultText(request: RawRequest, json: string): string {
  return http(200, `{"id":${JSON.stringify(request.call.id)},"jsonrpc":"2.0","result":${json}}`);
}

/** The answer to a request with an error of the protocol. */
export function errorText(request: RawRequest, code: number, message: string): string {
  const error = JSON.stringify({ code, message });
  return http(200, `{"error":${error},"id":${JSON.stringify(request.call.id)},"jsonrpc":"2.0"}`);
}

class RequestReader {
  readonly #connection: Deno.Conn;
  #bytes = new Uint8Array();

  constructor(connection: Deno.Conn) {
    this.#connection = connection;
  }

  /** The next request; null at the end of the connection. */
  async next(): Promise<RawRequest | null> {
    let end: number;
    while ((end = indexOfBlankLine(this.#bytes)) < 0) if (!await this.#more()) return null;
    const [requestLine, ...lines] = new TextDecoder().decode(this.#bytes.subarray(0, end)).split("\r\n");
    const headers = new Map(lines.map((line) => {
      const colon = line.indexOf(":");
      return [line.slice(0, colon).toLowerCase(), line.slice(colon + 1).trim()] as const;
    }));
    const length = Number(headers.get("content-length") ?? 0);
    while (this.#bytes.length < end + 4 + length) if (!await this.#more()) return null;
    const body = new TextDecoder().decode(this.#bytes.subarray(end + 4, end + 4 + length));
    this.#bytes = this.#bytes.slice(end + 4 + length);
    return { requestLine: requestLine!, headers, body, call: callOf(body) };
  }

  async #more(): Promise<boolean> {
    const chunk = new Uint8Array(65_536);
    const size = await this.#connection.read(chunk);
    if (size === null) return false;
    const joined = new Uint8Array(this.#bytes.length + size);
    joined.set(this.#bytes);
    joined.set(chunk.subarray(0, size), this.#bytes.length);
    this.#bytes = joined;
    return true;
  }
}

function indexOfBlankLine(bytes: Uint8Array): number {
  for (let i = 0; i + 3 < bytes.length; i++) {
    if (bytes[i] === 13 && bytes[i + 1] === 10 && bytes[i + 2] === 13 && bytes[i + 3] === 10) return i;
  }
  return -1;
}

function callOf(body: string): RawRequest["call"] {
  try {
    const call: unknown = JSON.parse(body);
    return typeof call === "object" && call !== null ? call : {};
  } catch {
    return {};
  }
}

async function writeAll(connection: Deno.Conn, bytes: Uint8Array): Promise<void> {
  for (let sent = 0; sent < bytes.length;) sent += await connection.write(bytes.subarray(sent));
}

/** Whether the other side, or `stop`, ended the connection. */
function isGone(error: unknown): boolean {
  return error instanceof Deno.errors.ConnectionReset || error instanceof Deno.errors.BrokenPipe ||
    error instanceof Deno.errors.BadResource || error instanceof Deno.errors.Interrupted ||
    error instanceof Deno.errors.NotConnected || error instanceof Deno.errors.ConnectionAborted;
}
