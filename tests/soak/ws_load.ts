/**
 * A load of WebSocket clients, to be run as a process of its own: `ws_load.ts PORT HEALTHY STALLED SECONDS`. Prints how
 * long frames took from the server's clock to the healthy clients.
 */
import { quantile } from "../../src/engine/statistics.ts";
import { stalledClient } from "./stalled_client.ts";

const [port, healthy, stalled, seconds] = Deno.args.map(Number) as [number, number, number, number];
const TOPICS = ["health", "network", "markets", "pnl", "scheduler"];

const latencies: number[] = [];
let closed = 0;
let measuring = false;
const sockets = await Promise.all(
  Array.from({ length: healthy }, () =>
    new Promise<WebSocket>((resolve, reject) => {
      const socket = new WebSocket(`ws://127.0.0.1:${port}/theblock/ws`);
      socket.onopen = () => {
        socket.send(JSON.stringify({ op: "sub", topics: TOPICS }));
        resolve(socket);
      };
      socket.onerror = () => reject(new Error("a healthy client was refused"));
      socket.onclose = () => closed++;
      socket.onmessage = ({ data }) => {
        if (!measuring) return;
        const ts = /^\{"v":1,[^{]*"ts":(\d+)/.exec(data as string)?.[1];
        if (ts !== undefined) latencies.push(Date.now() - Number(ts));
      };
    })),
);
const jammed = await Promise.all(Array.from({ length: stalled }, () => stalledClient(port)));
await new Promise((resolve) => setTimeout(resolve, 500));
measuring = true;
await new Promise((resolve) => setTimeout(resolve, 1_000 * seconds));
measuring = false;
// deno-lint-ignore no-console -- this is what the other process reads
console.log(JSON.stringify({
  frames: latencies.length,
  p50: quantile(latencies, 0.5),
  p99: quantile(latencies, 0.99),
  closed,
}));
for (const connection of jammed) connection.close();
for (const socket of sockets) socket.close();
Deno.exit(0);
