// @ts-types="#types/std_assert.d.ts"
import { assert, assertEquals } from "@std/assert";
import { BATCH_LENGTH, FEATURE_COUNT } from "../../src/engine/features/engine.ts";
import { loadFeatureEngines } from "../../src/runtime/feature_loader.ts";

const EVENTS = Number(Deno.env.get("BB_EVENTS") ?? 100_000_000);
const SLOT_BATCHES = 4;

/** What resident memory may grow by between the first tenth and the end: noise of the allocator, no slope. */
const GROWTH_BYTES_MAX = 8 * 1024 * 1024;

Deno.test({
  name: `FeatureEngine needs no more memory after ${EVENTS} events than after a tenth of them`,
  ignore: Deno.env.get("BB_SOAK") !== "1",
  fn: async () => {
    const engines = await loadFeatureEngines();
    assertEquals(engines.kind, "wasm");
    const engine = engines.create();
    const memory = engine.output().buffer.byteLength;
    let early = 0;
    let slot = 0;
    for (let pushed = 0; pushed < EVENTS; slot++) {
      for (let batch = 0; batch < SLOT_BATCHES; batch++, pushed += BATCH_LENGTH) {
        const { index, value } = engine.batch();
        for (let i = 0; i < BATCH_LENGTH; i++) {
          index[i] = i % FEATURE_COUNT;
          value[i] = Math.sin(slot + i);
        }
        engine.pushBatch(BATCH_LENGTH);
      }
      engine.onSlotEnd(slot);
      if (early === 0 && pushed >= EVENTS / 10) early = Deno.memoryUsage().rss;
    }
    const grown = Deno.memoryUsage().rss - early;
    assertEquals(engine.output().buffer.byteLength, memory, "the module asked for more memory");
    assert(grown < GROWTH_BYTES_MAX, `${grown} bytes more`);
    engine.free();
  },
});
