// @ts-types="#types/std_assert.d.ts"
import { assert, assertEquals } from "@std/assert";
// @ts-types="#types/std_path.d.ts"
import { join } from "@std/path";
import { DatabaseSync } from "node:sqlite";
import { systemClock } from "../../src/runtime/clock.ts";
import type { ForkableChain } from "../../src/simulator/forkable_chain.ts";
import { startSimulator } from "../../src/simulator/rpc_server.ts";
import { until, withProgram } from "../contract/harness.ts";
import { startChild } from "../support/child.ts";
import { bodyOf, servedDifferences } from "../support/program_truth.ts";
import { startReceiver } from "../support/receiver.ts";
import { SOAK } from "./lane.ts";

/** Mounts a small file system, where that is allowed. */
async function mountSmall(folder: string, options: string): Promise<boolean> {
  if (Deno.build.os !== "linux" || Deno.uid() !== 0) return false;
  return await run("mount", "-t", "tmpfs", "-o", options, "tmpfs", folder);
}

async function run(...[command, ...args]: readonly [string, ...string[]]): Promise<boolean> {
  try {
    return (await new Deno.Command(command, { args, stdout: "null", stderr: "null" }).output()).success;
  } catch (error) {
    if (error instanceof Deno.errors.NotFound) return false;
    throw error;
  }
}

/** Whether this machine lets us mount; it has to be known before the tests are registered. */
const MOUNTS = await (async () => {
  const folder = await Deno.makeTempDir({ prefix: "bb-mount-" });
  const mounted = await mountSmall(folder, "size=64k");
  if (mounted) await run("umount", folder);
  await Deno.remove(folder);
  return mounted;
})();

/** Takes every free byte of a folder's file system. */
function fill(folder: string): string {
  const path = join(folder, "filler");
  const file = Deno.openSync(path, { write: true, create: true });
  try {
    for (let size = 65_536; size >= 1;) {
      try {
        if (file.writeSync(new Uint8Array(size)) < size) size >>= 1;
      } catch {
        size >>= 1;
      }
    }
  } finally {
    file.close();
  }
  return path;
}

Deno.test({
  name: "EngineLoop stops writing on a full disk, goes on reading, and recovers by itself when there is room",
  ignore: !MOUNTS,
  fn: async () => {
    const dataDir = await Deno.makeTempDir({ prefix: "bb-full-" });
    assert(await mountSmall(dataDir, "size=6m"));
    const node = await startSimulator({
      seed: 1,
      scenario: "calm",
      dialect: "readme",
      speed: 1,
      clock: systemClock,
      mining: false,
      startBlocks: 30,
    });
    const chain = node.chain as ForkableChain;
    try {
      await withProgram({
        dialect: null,
        config: '[ingest]\nstart = "genesis"\n[websocket]\nreconnect_interval = 0.2\n',
        env: { TB_RPC_URL: node.url, TB_WS_URL: node.wsUrl },
        flags: { "data-dir": dataDir },
      }, async ({ url, get }) => {
        const height = async () => (await bodyOf(url, "/theblock/health")).block_height;
        const alertOpen = async () =>
          (await bodyOf(url, "/theblock/alerts") as {
            alerts: { rule: string; resolved_at: number | null }[];
          })
            .alerts.some(({ rule, resolved_at }) => rule === "store_error" && resolved_at === null);
        await until("it has caught up", async () => await height() === node.tip());
        const filler = fill(dataDir);
        await until("it says that nothing can be written", async () => {
          node.mine(1);
          const response = await get("/health/ready");
          return (await response.text()).includes("nothing can be written");
        });
        await until("the alert is open", alertOpen);
        const stuck = await height();
        for (
          const path of [
            "health",
            "pnl",
            "receipts",
            "operations",
            "markets/health",
            "status",
            "network/metrics",
          ]
        ) {
          await bodyOf(url, `/theblock/${path}`);
        }
        node.mine(3);
        await systemClock.sleep(SOAK ? 10_000 : 1_200);
        assertEquals(await height(), stuck, "blocks were followed that cannot be kept");
        await Deno.remove(filler);
        await until("it goes on", async () => await height() === node.tip());
        await until("the alert is resolved", async () => !await alertOpen());
        assertEquals(await servedDifferences(url, chain, node.tip()), []);
      });
    } finally {
      await node.stop();
      await run("umount", dataDir);
      await Deno.remove(dataDir, { recursive: true });
    }
  },
});

/** Lets nobody write a file any more, also those who have it open; false where this machine does not let us. */
async function freeze(path: string, frozen: boolean): Promise<boolean> {
  return await run("chattr", frozen ? "+i" : "-i", path);
}

/** Whether it does; it has to be known before the tests are registered. */
const FREEZES = await (async () => {
  if (Deno.build.os !== "linux" || Deno.uid() !== 0) return false;
  const path = await Deno.makeTempFile({ prefix: "bb-freeze-" });
  const file = await Deno.open(path, { write: true });
  const frozen = await freeze(path, true);
  const stopped = frozen && await file.write(new Uint8Array(1)).then(() => false, () => true);
  file.close();
  if (frozen) await freeze(path, false);
  await Deno.remove(path);
  return stopped;
})();

Deno.test({
  name: "EngineLoop and Webhook say that the store became unwritable, once, and that it is well again",
  ignore: !FREEZES,
  fn: async () => {
    const dataDir = await Deno.makeTempDir({ prefix: "bb-frozen-" });
    const receiver = startReceiver("s3cret");
    const about = () =>
      receiver.received.filter(({ rule }) => rule === "store_error").map(({ state }) => state);
    const node = await startSimulator({
      seed: 2,
      scenario: "calm",
      dialect: "readme",
      speed: 1,
      clock: systemClock,
      mining: false,
      startBlocks: 30,
    });
    const store = join(dataDir, "simulated", "calm-2-readme", "block-buster.db-wal");
    try {
      await withProgram({
        dialect: null,
        config: '[ingest]\nstart = "genesis"\n[websocket]\nreconnect_interval = 0.2\n',
        env: {
          TB_RPC_URL: node.url,
          TB_WS_URL: node.wsUrl,
          BB_WEBHOOK_URL: receiver.url,
          BB_WEBHOOK_SECRET: "s3cret",
        },
        flags: { "data-dir": dataDir },
      }, async ({ url, get }) => {
        const height = async () => (await bodyOf(url, "/theblock/health")).block_height;
        const problems = async () =>
          (await (await get("/health/ready")).json()).problems as readonly string[];
        await until("it has caught up", async () => await height() === node.tip());
        assert(await freeze(store, true));
        node.mine(1);
        await until(
          "it says so",
          async () => (await problems()).some((text) => text.includes("nothing can be written")),
        );
        await until("the receiver was told", () => about().length > 0);
        const stuck = await height();
        for (const path of ["health", "pnl", "receipts", "operations", "alerts", "status"]) {
          await bodyOf(url, `/theblock/${path}`);
        }
        node.mine(3);
        await systemClock.sleep(SOAK ? 10_000 : 1_500);
        assertEquals([await height(), about()], [stuck, ["raised"]]);
        assert(await freeze(store, false));
        await until("it goes on", async () => await height() === node.tip());
        await until("the receiver was told of that too", () => about().length > 1);
        assertEquals([about(), await problems()], [["raised", "resolved"], []]);
        assertEquals(await servedDifferences(url, node.chain as ForkableChain, node.tip()), []);
      });
    } finally {
      await freeze(store, false);
      await node.stop();
      await receiver.close();
      await Deno.remove(dataDir, { recursive: true });
    }
  },
});

Deno.test("a damaged row is 503 where it would be shown, said on /health/ready and in alerts, and stops nothing else", async () => {
  const dataDir = await Deno.makeTempDir({ prefix: "bb-row-" });
  const node = await startSimulator({
    seed: 3,
    scenario: "calm",
    dialect: "readme",
    speed: 1,
    clock: systemClock,
    mining: false,
    startBlocks: 30,
  });
  try {
    await withProgram({
      dialect: null,
      config: '[ingest]\nstart = "genesis"\n',
      env: { TB_RPC_URL: node.url, TB_WS_URL: node.wsUrl },
      flags: { "data-dir": dataDir },
    }, async ({ url, get }) => {
      const height = async () => (await bodyOf(url, "/theblock/health")).block_height;
      await until("it has caught up", async () => await height() === node.tip());
      const db = new DatabaseSync(join(dataDir, "simulated", "calm-3-readme", "block-buster.db"));
      db.exec("PRAGMA busy_timeout = 5000; UPDATE receipts SET amount = '1' WHERE height > 20");
      db.close();
      node.mine(1);
      await until("blocks are followed on", async () => await height() === node.tip());
      await until("it was read again", async () => {
        const response = await get("/theblock/receipts");
        await response.body?.cancel();
        return response.status !== 200;
      });
      for (const path of ["/theblock/receipts", "/theblock/receipts?limit=40"]) {
        const response = await get(path);
        const problem = await response.json();
        assertEquals([response.status, response.headers.get("retry-after")], [503, "5"], path);
        assert(!JSON.stringify(problem).includes(dataDir), "a path of this machine is in the answer");
      }
      for (const path of ["health", "pnl", "operations", "receipts?to_height=20", "status"]) {
        await bodyOf(url, `/theblock/${path}`);
      }
      const { ready, problems } = await (await get("/health/ready")).json();
      assertEquals([ready, problems.length, /damaged/.test(problems[0])], [true, 1, true]);
      await until(
        "the alert is open",
        async () =>
          (await bodyOf(url, "/theblock/alerts") as { alerts: { rule: string; message: string }[] }).alerts
            .some(({ rule, message }) => rule === "store_error" && message.includes("damaged")),
      );
    });
  } finally {
    await node.stop();
    await Deno.remove(dataDir, { recursive: true });
  }
});

Deno.test({
  name: "main.ts start refuses a folder that it cannot write with one clear line",
  ignore: !MOUNTS,
  fn: async () => {
    const dataDir = await Deno.makeTempDir({ prefix: "bb-ro-" });
    assert(await mountSmall(dataDir, "size=6m,ro"));
    try {
      const child = startChild(["start", "--simulate", "--data-dir", dataDir, "--port", "0"]);
      const code = await child.ended;
      const text = JSON.stringify(child.lines) + await child.errors;
      assert(code !== 0 && code !== null, `it ended with ${code}`);
      assert(text.includes(dataDir), text);
      assert(!text.includes("    at "), `a stack is no clear line: ${text}`);
    } finally {
      await run("umount", dataDir);
      await Deno.remove(dataDir, { recursive: true });
    }
  },
});
