const CONNECTIONS_MAX = 256;

/** How connections are treated: relayed, held without a byte either way, or closed at their first byte. */
export type FrontMode = "relay" | "half_open" | "reset";

/** A running relay. */
export interface TcpFront {
  readonly port: number;
  /** Treats connections otherwise from now on, the open ones too. What was held goes on when relaying does. */
  setMode(mode: FrontMode): void;
  /**
   * Ends a connection without answering on it: the client sees its socket close after zero bytes.
   *
   * @param upstreamPort Port from which the relay had dialled the server behind it
   */
  drop(upstreamPort: number): void;
  stop(): Promise<void>;
}

interface Connection {
  readonly client: Deno.TcpConn;
  readonly upstream: Deno.TcpConn;
  readonly done: Promise<void>;
}

/**
 * Relays bytes to a local HTTP server and can end a connection before the server's response is sent, which
 * `Deno.serve` itself cannot do. More than 256 connections at once are closed on arrival.
 *
 * @param controlPath Requests to this path pass in every mode, so that a node that is held can be let go
 */
export function startTcpFront(
  hostname: string,
  port: number,
  upstreamPort: number,
  controlPath?: string,
): TcpFront {
  const gate = new Gate(controlPath);
  const listener = Deno.listen({ hostname, port });
  const connections = new Map<number, Connection>();
  const accepting = (async () => {
    for await (const client of listener) {
      if (connections.size >= CONNECTIONS_MAX) {
        close(client);
        continue;
      }
      const upstream = await Deno.connect({ hostname: "127.0.0.1", port: upstreamPort }).catch(() =>
        undefined
      );
      if (upstream === undefined) {
        close(client);
        continue;
      }
      const key = upstream.localAddr.port;
      const done = relay(client, upstream, gate).then(() => void connections.delete(key));
      connections.set(key, { client, upstream, done });
    }
  })();
  const end = ({ client, upstream }: Connection) => {
    close(client);
    close(upstream);
  };
  return {
    port: listener.addr.port,
    setMode: (mode) => gate.setMode(mode),
    drop(key) {
      const connection = connections.get(key);
      if (connection !== undefined) end(connection);
    },
    async stop() {
      gate.setMode("relay"); // Held connections have to see that they are closed.
      listener.close();
      await accepting;
      const open = [...connections.values()];
      open.forEach(end);
      await Promise.all(open.map((connection) => connection.done));
    },
  };
}

/** Decides what becomes of the bytes of a connection. */
class Gate {
  readonly #controlPath: string | undefined;
  #mode: FrontMode = "relay";
  #changed = Promise.withResolvers<void>();

  constructor(controlPath: string | undefined) {
    this.#controlPath = controlPath;
  }

  setMode(mode: FrontMode): void {
    if (mode === this.#mode) return;
    this.#mode = mode;
    this.#changed.resolve();
    this.#changed = Promise.withResolvers();
  }

  /** Waits until bytes may pass; false when the connection is to be closed instead. */
  async pass(connection: { control: boolean }, fromClient: boolean, bytes: Uint8Array): Promise<boolean> {
    if (fromClient && this.#mode !== "relay") connection.control = this.#isControl(bytes);
    while (!connection.control && this.#mode !== "relay") {
      if (this.#mode === "reset") return false;
      await this.#changed.promise;
    }
    return true;
  }

  #isControl(bytes: Uint8Array): boolean {
    if (this.#controlPath === undefined) return false;
    const head = new TextDecoder().decode(bytes.subarray(0, 32));
    return head.startsWith(`POST ${this.#controlPath} `) || head.startsWith(`GET ${this.#controlPath} `);
  }
}

/** Copies both ways until either side ends, then closes both. */
async function relay(client: Deno.TcpConn, upstream: Deno.TcpConn, gate: Gate): Promise<void> {
  const connection = { control: false };
  const closeBoth = () => {
    close(client);
    close(upstream);
  };
  await Promise.all([
    copy(client, upstream, (bytes) => gate.pass(connection, true, bytes)).finally(closeBoth),
    copy(upstream, client, (bytes) => gate.pass(connection, false, bytes)).finally(closeBoth),
  ]);
}

async function copy(
  from: Deno.TcpConn,
  to: Deno.TcpConn,
  pass: (bytes: Uint8Array) => Promise<boolean>,
): Promise<void> {
  const chunk = new Uint8Array(16_384);
  try {
    for (;;) {
      const size = await from.read(chunk);
      if (size === null || !await pass(chunk.subarray(0, size))) return;
      for (let sent = 0; sent < size;) sent += await to.write(chunk.subarray(sent, size));
    }
  } catch {
    // The other direction has closed the sockets; there is nobody left to tell.
  }
}

function close(connection: Deno.TcpConn): void {
  try {
    connection.close();
  } catch {
    // Already closed by the other direction.
  }
}
