// @ts-types="#types/std_assert.d.ts"
import { assertEquals } from "@std/assert";
import { Random } from "../../src/engine/random.ts";
import { systemClock } from "../../src/runtime/clock.ts";
import { caughtUp, withLane } from "../faults/lane.ts";
import { servedDifferences } from "../support/program_truth.ts";

const SEEDS = 10;
const FIRST = Number(Deno.env.get("BB_FIRST_SEED") ?? 1);
const BLOCKS = 300;

for (let seed = FIRST; seed < FIRST + SEEDS; seed++) {
  Deno.test({
    name:
      `startApp() holds the truth of ${BLOCKS} blocks with reorganisations over a real socket: seed ${seed}`,
    ignore: Deno.env.get("BB_SOAK") !== "1",
    fn: async () => {
      await withLane({ seed }, async (lane) => {
        const { chain, faults, node, program } = lane;
        const random = new Random("sockets", seed);
        faults.set({ fault: "latency", ms: 5, jitterMs: 100, probability: 0.2 });
        faults.set({ fault: "reset", probability: 0.01 });
        let forkedUntil = node.tip();
        for (let mined = 0; mined < BLOCKS; mined++) {
          if (node.tip() > forkedUntil + 2 && random.chance(1 / 20)) {
            const depth = random.integer(1, 12);
            chain.planFork(node.tip(), depth);
            forkedUntil = node.tip() + depth;
          }
          node.mine(1);
          await systemClock.sleep(random.integer(20, 300));
        }
        faults.heal();
        while (chain.openForkAt(node.tip()) !== undefined) node.mine(1);
        await caughtUp(lane);
        assertEquals(await servedDifferences(program.url, chain, node.tip()), [], `seed ${seed}`);
      });
    },
  });
}
