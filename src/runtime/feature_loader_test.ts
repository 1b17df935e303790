// @ts-types="#types/std_assert.d.ts"
import { assert, assertEquals, assertStringIncludes } from "@std/assert";
// @ts-types="#types/std_path.d.ts"
import { join } from "@std/path";
import { copyProject } from "../../scripts/project_copy.ts";
import { loadFeatureEngines } from "./feature_loader.ts";

Deno.test("loadFeatureEngines() loads the WebAssembly module that is committed, an engine for each who asks", async () => {
  const engines = await loadFeatureEngines();
  assertEquals([engines.kind, engines.fallback], ["wasm", null]);
  const [one, other] = [engines.create(), engines.create()];
  one.pushEvent(0, 1);
  one.onSlotEnd(7);
  assertEquals([one.kind, one.slot, other.slot], ["wasm", 7, -1]);
  one.free();
  other.free();
});

Deno.test("loadFeatureEngines() falls back to TypeScript and says why when the module does not load", async () => {
  const engines = await loadFeatureEngines(() =>
    Promise.reject(new WebAssembly.CompileError("no such opcode"))
  );
  assertEquals([engines.kind, engines.fallback], ["typescript", "no such opcode"]);
  const engine = engines.create();
  engine.pushEvent(0, 2);
  engine.onSlotEnd(0);
  assertEquals([engine.kind, engine.raw(0)], ["typescript", 2]);
});

Deno.test("loadFeatureEngines() falls back when the module loads and its engine does not work", async () => {
  class Broken {
    constructor() {
      throw new Error("unreachable executed");
    }
  }
  const engines = await loadFeatureEngines(() => Promise.resolve({ WasmFeatureEngine: Broken as never }));
  assertEquals([engines.kind, engines.fallback], ["typescript", "unreachable executed"]);
});

Deno.test("a program whose module does not compile runs with the TypeScript engine", async () => {
  const { root, remove } = await copyProject();
  try {
    const module = join(root, "src/engine/features/rustcore_bg.wasm");
    const bytes = await Deno.readFile(module);
    // The header stays right, so that only compiling can find it out.
    for (
      const [what, broken] of [["cut off", bytes.slice(0, 20_000)], ["spoiled", spoiled(bytes)]] as const
    ) {
      await Deno.writeFile(module, broken);
      const { code, stdout, stderr } = await new Deno.Command(Deno.execPath(), {
        args: ["eval", "--no-check", SCRIPT],
        cwd: root,
      }).output();
      const text = new TextDecoder().decode(stdout);
      assertEquals(code, 0, new TextDecoder().decode(stderr));
      const { kind, fallback } = JSON.parse(text);
      assertEquals(kind, "typescript", what);
      assert(fallback.length > 5, what);
      assertStringIncludes(text, "fallback");
    }
  } finally {
    await remove();
  }
});

const SCRIPT = `import { loadFeatureEngines } from "./src/runtime/feature_loader.ts";
console.log(JSON.stringify(await loadFeatureEngines()));`;

function spoiled(bytes: Uint8Array): Uint8Array {
  const copy = bytes.slice();
  copy.fill(0xff, 10_000, 10_400);
  return copy;
}
