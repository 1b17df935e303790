/** A WebSocket client that asks for much and reads nothing. */
import { TOPIC_NAMES } from "../../src/engine/topic.ts";
import { systemClock } from "../../src/runtime/clock.ts";

/**
 * How often it leaves and takes up every topic: each time it is sent a snapshot of each, which together fill
 * what the kernel buffers for a connection. Fewer messages than the server allows in a minute.
 */
const SUBSCRIPTIONS = 48;

/** Connects, asks, and never reads a byte. Close the connection in the end. */
export async function stalledClient(port: number): Promise<Deno.Conn> {
  const connection = await Deno.connect({ hostname: "127.0.0.1", port });
  const encoder = new TextEncoder();
  const key = btoa(String.fromCharCode(...crypto.getRandomValues(new Uint8Array(16))));
  await connection.write(encoder.encode(
    `GET /theblock/ws HTTP/1.1\r\nHost: 127.0.0.1:${port}\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n` +
      `Sec-WebSocket-Version: 13\r\nSec-WebSocket-Key: ${key}\r\n\r\n`,
  ));
  const head = new Uint8Array(64);
  await connection.read(head);
  if (!new TextDecoder().decode(head).includes(" 101 ")) throw new Error("the upgrade was refused");
  for (let message = 0; message < 2 * SUBSCRIPTIONS; message++) {
    const op = message % 2 === 0 ? "unsub" : "sub";
    await connection.write(textFrame(JSON.stringify({ op, topics: TOPIC_NAMES })));
    // What is sent at once counts as a jam of its own; the kernel has to take it first.
    await systemClock.sleep(30);
  }
  return connection;
}

/** A text frame as a client sends it, with a mask of zeros. */
function textFrame(text: string): Uint8Array {
  const payload = new TextEncoder().encode(text);
  if (payload.length < 126 || payload.length > 65_535) {
    throw new RangeError(`Cannot frame ${payload.length} bytes`);
  }
  return Uint8Array.from([
    0x81,
    0x80 | 126,
    payload.length >> 8,
    payload.length & 255,
    0,
    0,
    0,
    0,
    ...payload,
  ]);
}
