/**
 * All agents and an operator trade on a simulated chain, through ingest, loop and store. The short set trades a few
 * minutes per scenario, the long one a day.
 */
// @ts-types="#types/std_assert.d.ts"
import { assert, assertEquals } from "@std/assert";
import { encode } from "../../src/engine/codec.ts";
import { hashText } from "../../src/engine/hash.ts";
import { Random } from "../../src/engine/random.ts";
import type { Fill } from "../../src/engine/trading/order.ts";
import { SCENARIO_NAMES } from "../../src/simulator/scenario.ts";
import { coreWith } from "../support/engine.ts";
import { inFolder } from "../support/store.ts";
import type { World } from "../truth/world.ts";
import { Books, reconcile } from "./desk_books.ts";
import { mine, openDesk } from "./desk_world.ts";

const SOAK = Deno.env.get("BB_SOAK") === "1";

/** A simulated chain makes about one block a second. */
const BLOCKS = SOAK ? Number(Deno.env.get("BB_DAY_BLOCKS") ?? 86_400) : 150;

for (const scenario of SCENARIO_NAMES) {
  Deno.test(`a desk on a simulated chain (${scenario}, ${BLOCKS} blocks): every figure agrees with the fills`, async () => {
    await inFolder(async (folder) => {
      const world = await openDesk(folder, scenario);
      await mine(world, BLOCKS, new Random("operator", scenario));
      const { fills, agents } = await reconcile(world);
      // deno-lint-ignore no-console
      if (SOAK) console.info(`${scenario}: ${fills} fills of ${agents} owners`);
      assert(fills >= 20 && agents >= 2, `${fills} fills of ${agents} owners`);
      await world.stop();
    });
  });
}

/** Hash of the desk and every fill that the store holds. */
function standOf(world: World): { readonly hash: string; readonly fills: readonly Fill[] } {
  world.life.loop.flush();
  return { hash: hashText(encode(world.life.loop.state.desk)), fills: new Books(world).fills() };
}

Deno.test("a store that traded recovers to the same desk, by replay and from a snapshot, and trades on", async () => {
  await inFolder(async (folder) => {
    const world = await openDesk(folder, "stress", 2);
    const random = new Random("recover", 2);
    for (const end of ["crash", "stop", "crash"] as const) {
      await mine(world, 60, random);
      const before = standOf(world);
      assert(before.fills.length > 5, `${before.fills.length} fills`);
      if (end === "stop") await world.stop(); // Leaves a snapshot behind.
      else world.crash();
      world.start();
      assertEquals(standOf(world), before, `after a ${end}`);
      await world.pass(5_000);
    }
    await mine(world, 30, random);
    await reconcile(world);
    await world.stop();
  });
});

Deno.test("a replay of the journal gives the fills and the desk that the store has", async () => {
  await inFolder(async (folder) => {
    const world = await openDesk(folder, "reorgs", 3);
    await mine(world, 200, new Random("replay", 3));
    const { hash, fills } = standOf(world);
    const core = coreWith();
    const replayed: Fill[] = [];
    world.life.store.journal.replay(0, (event) => {
      core.apply(event);
      for (const change of core.takeChanges()) {
        if (change.kind === "fill") replayed.push(change.fill);
      }
    });
    assert(fills.length > 5);
    assertEquals(replayed, fills);
    assertEquals(hashText(encode(core.state.desk)), hash);
    await world.stop();
  });
});
