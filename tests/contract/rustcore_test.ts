// @ts-types="#types/std_assert.d.ts"
import { assertEquals, assertMatch, assertNotEquals, assertStringIncludes } from "@std/assert";
// @ts-types="#types/std_path.d.ts"
import { join, toFileUrl } from "@std/path";
import { copyProject, PROJECT } from "../../scripts/project_copy.ts";
import { rustSourcesHash } from "../../scripts/rust_sources.ts";

const read = (path: string) => Deno.readTextFile(join(PROJECT, path));

Deno.test("the committed WebAssembly module was built from the Rust sources that lie here", async () => {
  const built = (await read("src/engine/features/rustcore.hash")).trim();
  assertEquals(
    await rustSourcesHash(toFileUrl(PROJECT)),
    built,
    "rustcore/ has changed: scripts/build_wasm.ts or deno task wasmbuild",
  );
});

Deno.test("rustSourcesHash() notices a change of any source, of the manifest and of the lock file", async () => {
  const { root, remove } = await copyProject();
  try {
    await new Deno.Command("cp", { args: ["-r", join(PROJECT, "rustcore"), root] }).output();
    const rootUrl = toFileUrl(`${root}/`);
    const before = await rustSourcesHash(rootUrl);
    for (const name of ["src/engine.rs", "src/lib.rs", "src/state.rs", "Cargo.toml", "Cargo.lock"]) {
      const path = join(root, "rustcore", name);
      const text = await Deno.readTextFile(path);
      await Deno.writeTextFile(path, `${text}\n`);
      assertNotEquals(await rustSourcesHash(rootUrl), before, name);
      await Deno.writeTextFile(path, text);
    }
    assertEquals(await rustSourcesHash(rootUrl), before);
  } finally {
    await remove();
  }
});

Deno.test("rustcore depends on wasm-bindgen alone, at the version that deno task wasmbuild brings", async () => {
  const manifest = await read("rustcore/Cargo.toml");
  const dependencies = /\[dependencies\]\n([^[]*)/.exec(manifest)![1]!.trim();
  assertEquals(dependencies, 'wasm-bindgen = "=0.2.108"');
  assertMatch(manifest, /crate-type = \["cdylib", "rlib"\]/);
  const { command } = JSON.parse(await read("deno.json")).tasks.wasmbuild;
  assertStringIncludes(command, "jsr:@deno/wasmbuild@0.23.0");
  assertStringIncludes(command, "+simd128");
});
