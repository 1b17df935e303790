// @ts-types="#types/std_assert.d.ts"
import { assert, assertEquals } from "@std/assert";
// @ts-types="#types/std_path.d.ts"
import { join } from "@std/path";
import { Random } from "../../src/engine/random.ts";
import { systemClock } from "../../src/runtime/clock.ts";
import { type Child, startChild } from "../support/child.ts";
import { SOAK } from "./lane.ts";

const SEED = Number(Deno.env.get("BB_FIRST_SEED") ?? 1);
const KILLS = SOAK ? 200 : 10;

/** Longest life of a program; one that has not done by then what the test waits for is killed, and the test fails. */
const LIFE_MS = SOAK ? 600_000 : 60_000;

const TOKENS = ["COMPUTE", "STORAGE", "ENERGY", "AD"] as const;

interface OrderBody {
  readonly id: string;
  readonly client_order_id: string;
  readonly token: string;
  readonly side: "buy" | "sell";
  readonly quantity: number;
  readonly filled: number;
}

interface FillBody {
  readonly id: string;
  readonly quantity: number;
}

/** Starts a program and waits until it is ready; it does not outlive the test. */
async function withChild(
  flags: readonly string[],
  use: (url: string, child: Child) => Promise<void>,
): Promise<void> {
  const child = startChild(flags);
  const guard = setTimeout(() => child.kill("SIGKILL"), LIFE_MS);
  try {
    const listening = await child.line("server.listening");
    if (listening === null || await child.line("server.ready") === null) {
      throw new Error(`the program did not get ready: ${await child.errors}`);
    }
    await use(listening.url as string, child);
  } finally {
    clearTimeout(guard);
    child.kill("SIGKILL");
    await child.ended;
  }
}

/** Sends one order after the other until the program is gone; keeps what was acknowledged. */
async function trade(
  url: string,
  key: string,
  random: Random,
  name: string,
  acknowledged: Map<string, OrderBody>,
): Promise<void> {
  for (let n = 0;; n++) {
    const body = {
      token: TOKENS[random.integer(0, 3)],
      qty: random.integer(1, 20),
      side: random.chance(0.6) ? "buy" : "sell",
      client_order_id: `${name}-${n}`,
    };
    try {
      const response = await fetch(`${url}/orders`, {
        method: "POST",
        headers: { "content-type": "application/json", "x-api-key": key },
        body: JSON.stringify(body),
      });
      const order = await response.json() as OrderBody;
      if (response.status === 200) acknowledged.set(body.client_order_id, order);
    } catch {
      return; // It was killed: this one was not acknowledged.
    }
  }
}

Deno.test(`kill -9 during order flow loses no acknowledged order and doubles no fill, ${KILLS} times`, async () => {
  const random = new Random("order kill", SEED);
  const dataDir = await Deno.makeTempDir({ prefix: "bb-order-kill-" });
  const config = join(dataDir, "kill.toml");
  await Deno.writeTextFile(config, "[risk]\norders_per_minute = 10000\n");
  const acknowledged = new Map<string, OrderBody>();
  const flags = [
    "start",
    "--simulate",
    "--speed",
    "20",
    "--config",
    config,
    "--data-dir",
    dataDir,
    "--port",
    "0",
  ];
  try {
    let key = "";
    const post = async (url: string, path: string, body: unknown) => {
      const headers = { "content-type": "application/json", "x-api-key": key };
      const response = await fetch(`${url}${path}`, { method: "POST", headers, body: JSON.stringify(body) });
      assertEquals(response.status, 200, await response.text());
    };
    for (let kill = 0; kill < KILLS; kill++) {
      await withChild(flags, async (url, child) => {
        key ||= (await Deno.readTextFile(join(dataDir, "api.key"))).trim();
        if (kill === 0) await post(url, "/state", { mode: "paper" });
        const trading = trade(url, key, random, `k${kill}`, acknowledged);
        await systemClock.sleep(random.integer(100, 900));
        child.kill("SIGKILL");
        await trading;
        assertEquals(await child.ended, null);
      });
    }
    await withChild(flags, async (url, child) => {
      await post(url, "/state", { mode: "monitor" }); // Nothing fills any more.
      const get = async (path: string) =>
        await (await fetch(`${url}${path}`, { headers: { "x-api-key": key } })).json();
      const held: Record<string, number> = Object.fromEntries(TOKENS.map((token) => [token, 0]));
      const seen = new Map<string, OrderBody>();
      const fills = new Set<string>();
      for (let cursor = ""; cursor !== "end";) {
        const page = await get(`/orders?limit=500${cursor}`);
        for (const order of page.orders as OrderBody[]) {
          assert(!seen.has(order.client_order_id), `two orders of ${order.client_order_id}, seed ${SEED}`);
          seen.set(order.client_order_id, order);
          if (order.filled === 0) continue;
          const { fills: own } = await get(`/orders/${order.id}`) as { fills: readonly FillBody[] };
          for (const { id } of own) {
            assert(!fills.has(id), `fill ${id} twice, seed ${SEED}`);
            fills.add(id);
          }
          const filled = own.reduce((sum, { quantity }) => sum + quantity, 0);
          assertEquals(
            Math.round(filled * 1e6),
            Math.round(order.filled * 1e6),
            `order ${order.id}, seed ${SEED}`,
          );
          held[order.token]! += order.side === "buy" ? filled : -filled;
        }
        cursor = page.next_cursor === null ? "end" : `&cursor=${page.next_cursor}`;
      }
      for (const [client, order] of acknowledged) {
        assertEquals(
          seen.get(client)?.id,
          order.id,
          `${client} was acknowledged as ${order.id}, seed ${SEED}`,
        );
      }
      const positions = await get("/positions");
      for (const token of TOKENS) {
        assertEquals(
          Math.round((positions[token]?.qty ?? 0) * 1e6),
          Math.round(held[token]! * 1e6),
          `${token}, seed ${SEED}`,
        );
      }
      assert(
        acknowledged.size >= KILLS && fills.size > 0,
        `only ${acknowledged.size} orders and ${fills.size} fills`,
      );
      child.kill("SIGTERM");
      assertEquals(await child.ended, 0);
    });
  } finally {
    await Deno.remove(dataDir, { recursive: true });
  }
});
