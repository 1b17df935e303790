// @ts-types="#types/std_assert.d.ts"
import { assertEquals } from "@std/assert";
import { T0 } from "../../tests/support/engine.ts";
import type { Change } from "../engine/change.ts";
import { FEATURE_SCHEMA, FEATURES } from "../engine/features/spec.ts";
import { FEATURE_ROWS_MAX } from "./projection.ts";
import { SqliteStore } from "./store.ts";

const ALL = { schema: FEATURE_SCHEMA, fromS: 0, toS: 1e10, every: 1, limit: 1_000 };

function slot(height: number, schema = FEATURE_SCHEMA): Change {
  const raw = new Float64Array(FEATURES.length).fill(height + 0.1);
  const z = new Float32Array(FEATURES.length).fill(NaN);
  return { kind: "features", row: { height, timeMs: T0 + height, schema, raw, z } };
}

function storeWith(changes: readonly Change[]): SqliteStore {
  const store = new SqliteStore(":memory:");
  store.commit([{ event: { kind: "slot", atMs: T0, height: 0 }, changes }]);
  return store;
}

function heights(store: SqliteStore, range: Partial<typeof ALL> = {}): readonly number[] {
  return store.features({ ...ALL, ...range }).map(({ height }) => height);
}

Deno.test("SqliteStore.features() gives slots back as they were, by time and height, of one table of features", () => {
  const store = storeWith([slot(7), slot(5), slot(6, "another"), slot(10)]);
  try {
    assertEquals(heights(store), [5, 7, 10]);
    const [first] = store.features(ALL);
    assertEquals([first!.timeMs, first!.raw[0], first!.z[3]], [T0 + 5, 5.1, NaN]);
    assertEquals([first!.raw.length, first!.z.length], [FEATURES.length, FEATURES.length]);
    assertEquals(heights(store, { every: 5 }), [5, 10]);
    assertEquals(heights(store, { limit: 2 }), [5, 7]);
    assertEquals(heights(store, { fromS: T0 / 1000 + 1 }), []);
  } finally {
    store.close();
  }
});

Deno.test("SqliteStore takes slots back with their blocks and writes a slot that comes again", () => {
  const store = storeWith([slot(1), slot(2), slot(3), { kind: "revert", toHeight: 1 }, slot(2)]);
  try {
    assertEquals(heights(store), [1, 2]);
  } finally {
    store.close();
  }
});

Deno.test("SqliteStore.retain() keeps the newest slots up to a number", () => {
  const store = storeWith([slot(0), slot(1), slot(FEATURE_ROWS_MAX), slot(FEATURE_ROWS_MAX + 1)]);
  try {
    store.retain(T0);
    assertEquals(heights(store), [FEATURE_ROWS_MAX, FEATURE_ROWS_MAX + 1]);
  } finally {
    store.close();
  }
});
