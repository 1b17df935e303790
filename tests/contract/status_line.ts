/** Requests of which only the status matters, from any address of this machine. */
import { connect, type Socket } from "node:net";

/** Header lines of a WebSocket handshake. */
export function upgradeHeaders(): readonly string[] {
  return [
    "Upgrade: websocket",
    "Connection: Upgrade",
    "Sec-WebSocket-Version: 13",
    "Sec-WebSocket-Key: AAAAAAAAAAAAAAAAAAAAAA==",
  ];
}

/**
 * Sends a request and reads the status of its answer; 0 when the server hung up.
 *
 * @param address Last byte of the address 127.0.0.x that is connected from
 */
export function statusOf(port: number, head: readonly string[], address = 1): Promise<number> {
  const text = `${[...head, `Host: 127.0.0.1:${port}`].join("\r\n")}\r\n\r\n`;
  return new Promise((resolve) => {
    let answer = "";
    const socket: Socket = connect({ host: "127.0.0.1", port, localAddress: `127.0.0.${address}` });
    const end = (status: number) => {
      resolve(status);
      socket.destroy();
    };
    socket.on("connect", () => socket.write(text));
    socket.on("data", (bytes) => {
      answer += bytes.toString("latin1");
      const status = /^HTTP\/1\.1 (\d{3})/.exec(answer)?.[1];
      if (status !== undefined) end(Number(status));
    });
    socket.on("error", () => end(0));
    socket.on("close", () => end(0));
  });
}
