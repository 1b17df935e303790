// @ts-types="#types/std_assert.d.ts"
import { assertEquals } from "@std/assert";
// @ts-types="#types/std_path.d.ts"
import { join } from "@std/path";
import plugin, { isPure } from "./lint_engine.ts";
import { copyProject } from "./project_copy.ts";

/** What the rule says about one line of the engine. */
function complaints(code: string, file = "/p/src/engine/x.ts"): readonly string[] {
  return Deno.lint.runPlugin(plugin, file, code).map(({ message }) => message.split(" does not")[0]!);
}

/** Code that reaches outside, and what it is told for. */
const IMPURE: readonly (readonly [code: string, reach: string])[] = [
  ["export const t = Date.now();", "Date.now"],
  ["export const t = Date['now']();", "Date.now"],
  ["export const t = new Date();", "Date"],
  ["export const t = Date();", "Date"],
  ["const { now } = Date; export const t = now();", "Date"],
  ["export const r = Math.random();", "Math.random"],
  ["export const r = Math['random']();", "Math.random"],
  ["const { random } = Math; export const r = random();", "Math as a value"],
  ["export const t = performance.now();", "performance"],
  ["export const f = fetch('http://x');", "fetch"],
  ["export const f = { fetch };", "fetch"],
  ["setTimeout(() => {}, 1);", "setTimeout"],
  ["setInterval(() => {}, 1);", "setInterval"],
  ["queueMicrotask(() => {});", "queueMicrotask"],
  ["export const e = Deno.env.get('A');", "Deno"],
  ["console.log(1);", "console"],
  ["export const u = crypto.randomUUID();", "crypto"],
  ["export const d = globalThis.Date.now();", "globalThis"],
  ["export const p = process.env;", "process"],
];

const PURE = [
  "export const d = new Date(5).toISOString();",
  "export const d = Date.UTC(2026, 0);",
  "export const m = Math.max(1, 2);",
  "export const o = { fetch: 1, console: 2, Deno: 3 };",
  "export const v = (o: { performance: number }) => o.performance;",
  "export interface A { readonly performance: number; setTimeout(): void }",
  "export class B { fetch(): void {} console = 1; }",
  "export type D = Date;",
];

Deno.test("house/pure finds everything in the engine that reaches outside", () => {
  for (const [code, reach] of IMPURE) assertEquals(complaints(code), [reach], code);
});

Deno.test("house/pure lets calculations and names be", () => {
  for (const code of PURE) assertEquals(complaints(code), [], code);
});

Deno.test("house/pure only looks at the engine and the pure part of the simulator", () => {
  assertEquals(isPure("/p/src/engine/agents/momentum.ts"), true);
  assertEquals(isPure("/p/src/simulator/chain.ts"), true);
  assertEquals(isPure("/p/src/simulator/answers/live.ts"), true);
  assertEquals(isPure("C:\\p\\src\\engine\\core.ts"), true);
  const others = [
    "/p/src/engine/core_test.ts",
    "/p/src/engine/core_bench.ts",
    "/p/src/simulator/rpc_server.ts",
    "/p/src/simulator/miner.ts",
    "/p/src/runtime/clock.ts",
    "/p/web/store.ts",
  ];
  for (const path of others) {
    assertEquals(isPure(path), false, path);
    assertEquals(complaints("export const t = Date.now();", path), [], path);
  }
});

Deno.test("deno lint runs house/pure on the project", async () => {
  const { root, remove } = await copyProject();
  try {
    for (const [i, [code]] of IMPURE.entries()) {
      const room = i % 2 === 0 ? "engine" : "simulator";
      await Deno.writeTextFile(join(root, "src", room, `planted_${i}.ts`), `${code}\n`);
    }
    const { stdout } = await new Deno.Command(Deno.execPath(), {
      args: ["lint", "--json", "src/engine", "src/simulator"],
      cwd: root,
      env: { NO_COLOR: "1" },
      stderr: "null",
    }).output();
    const { diagnostics } = JSON.parse(new TextDecoder().decode(stdout)) as {
      diagnostics: readonly { filename: string; code: string }[];
    };
    const hits = diagnostics.filter(({ code }) => code === "house/pure").map(({ filename }) =>
      Number(/planted_(\d+)\.ts$/.exec(filename)?.[1])
    );
    assertEquals([...new Set(hits)].sort((a, b) => a - b), IMPURE.map((_, i) => i));
  } finally {
    await remove();
  }
});
