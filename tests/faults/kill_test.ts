// @ts-types="#types/std_assert.d.ts"
import { assert, assertEquals } from "@std/assert";
import { Core } from "../../src/engine/core.ts";
import { tipOf } from "../../src/engine/chain.ts";
import { perMarket } from "../../src/engine/market.ts";
import { Random } from "../../src/engine/random.ts";
import { quantile } from "../../src/engine/statistics.ts";
import { systemClock } from "../../src/runtime/clock.ts";
import { ForkableChain } from "../../src/simulator/forkable_chain.ts";
import { storeFile, storeFolder } from "../../src/store/folder.ts";
import { SqliteStore } from "../../src/store/store.ts";
import { startChild } from "../support/child.ts";
import { compareHeld } from "../truth/compare.ts";
import { FINALITY_DEPTH } from "../truth/world.ts";
import { SOAK } from "./lane.ts";

const SEED = Number(Deno.env.get("BB_FIRST_SEED") ?? 1);
const KILLS = SOAK ? 200 : 10;
const READY_MS_MAX = 2_000;
const CHAIN = { seed: SEED, scenario: "reorgs", dialect: "readme" } as const;
const CHAIN_FLAGS = ["--scenario", CHAIN.scenario, "--seed", String(CHAIN.seed), "--speed", "20"];

/** What the store of a stopped program holds, against the chain; null when the tip is one that will be replaced. */
function storeDifferences(dataDir: string): readonly string[] | null {
  const chain = new ForkableChain(CHAIN);
  const core = new Core({ finalityDepth: FINALITY_DEPTH, enabled: perMarket(() => true) });
  const store = new SqliteStore(storeFile(storeFolder(dataDir, CHAIN)));
  try {
    store.recover(
      (state) => state !== null && core.restore(state),
      (event) => {
        core.apply(event);
        core.takeChanges();
      },
    );
    const tip = tipOf(core.state.chain)?.height;
    if (tip === undefined || core.state.receiptsThrough !== tip) return null;
    if (chain.openForkAt(tip) !== undefined) return null;
    return compareHeld({ chain, tip, core, store }, false);
  } finally {
    store.close();
  }
}

/** Starts, kills and starts again; in the end everything must be there once. */
async function killAndCompare(
  name: string,
  args: readonly string[],
  env: Record<string, string>,
): Promise<void> {
  const random = new Random("kill", SEED, name);
  const dataDir = await Deno.makeTempDir({ prefix: "bb-kill-" });
  const readyMs: number[] = [];
  try {
    const start = () => startChild([...args, "--data-dir", dataDir, "--port", "0"], env);
    for (let kills = 0; kills < KILLS; kills++) {
      const child = start();
      // Most are killed at work, the others while they start.
      const atWork = random.chance(0.7);
      const ready = atWork ? await child.line("server.ready") : null;
      if (ready) readyMs.push(ready.ms as number);
      await systemClock.sleep(atWork ? random.integer(5, 500) : random.integer(200, 2_000));
      child.kill("SIGKILL");
      assertEquals(
        await child.ended,
        null,
        `kill ${kills} of seed ${SEED}: it had ended: ${await child.errors}`,
      );
    }
    for (let attempt = 0;; attempt++) {
      assert(attempt < 20, `seed ${SEED}: no settled block was found`);
      const child = start();
      await child.line("server.ready");
      await systemClock.sleep(1_000);
      child.kill("SIGTERM");
      assertEquals(await child.ended, 0, await child.errors);
      const found = storeDifferences(dataDir);
      if (found === null) continue;
      assertEquals(found, [], `seed ${SEED}`);
      break;
    }
  } finally {
    await Deno.remove(dataDir, { recursive: true });
  }
  // deno-lint-ignore no-console -- the figures are what the long set is run for
  console.log(
    `  ${KILLS} kills; ready ${readyMs.length} times, p95 after ${
      Math.round(quantile(readyMs, 0.95) ?? 0)
    } ms`,
  );
  if (SOAK) assert(quantile(readyMs, 0.95)! <= READY_MS_MAX, "it was not ready in time");
}

Deno.test("main.ts start --simulate loses nothing and doubles nothing when it is killed again and again", async () => {
  await killAndCompare("embedded", ["start", "--simulate", ...CHAIN_FLAGS], {});
});

Deno.test("main.ts start loses nothing beside a node that goes on while it is killed again and again", async () => {
  const node = startChild(["simulator", "--port", "0", ...CHAIN_FLAGS]);
  try {
    const listening = await node.line("simulator.listening");
    if (!listening) throw new Error(`the simulator did not start: ${await node.errors}`);
    await killAndCompare("external", ["start"], {
      TB_RPC_URL: listening.url as string,
      TB_WS_URL: listening.websocket as string,
    });
  } finally {
    node.kill("SIGTERM");
    await node.ended;
  }
});
