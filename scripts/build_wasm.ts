/**
 * Builds `rustcore/` into `src/engine/features/` where only crates.io can be reached: cargo for the module, then
 * `wasm-bindgen --target bundler` for the bindings, which is the layout that wasmbuild writes too. Beside them goes the
 * hash of the Rust sources, so that a test notices when the module and its sources have drifted apart.
 *
 * Needs a cargo with the wasm32-unknown-unknown target (or one that can build its standard library: `RUSTC`,
 * `RUSTC_BOOTSTRAP=1` and `CARGO_TARGET_WASM32_UNKNOWN_UNKNOWN_LINKER` are passed on), and wasm-bindgen of the version
 * that Cargo.toml names.
 *
 *     deno run -A scripts/build_wasm.ts [--cargo PATH] [--wasm-bindgen PATH] [--build-std]
 */
import { parseArgs } from "node:util";
import { writeRustSourcesHash } from "./rust_sources.ts";

const TARGET = "wasm32-unknown-unknown";
const root = new URL("../", import.meta.url);

const { values } = parseArgs({
  args: Deno.args,
  options: {
    cargo: { type: "string", default: "cargo" },
    "wasm-bindgen": { type: "string", default: "wasm-bindgen" },
    "build-std": { type: "boolean", default: false },
    "target-dir": { type: "string", default: new URL("rustcore/target", root).pathname },
  },
});

await run(values.cargo, [
  "build",
  "--release",
  "--target",
  TARGET,
  "--target-dir",
  values["target-dir"],
  ...(values["build-std"] ? ["-Zbuild-std=std,panic_abort"] : []),
], { RUSTFLAGS: "-C target-feature=+simd128" });
await run(values["wasm-bindgen"], [
  "--target",
  "bundler",
  "--out-dir",
  new URL("src/engine/features", root).pathname,
  `${values["target-dir"]}/${TARGET}/release/rustcore.wasm`,
], {});
await writeRustSourcesHash(root);

async function run(command: string, args: readonly string[], env: Record<string, string>): Promise<void> {
  const { success } = await new Deno.Command(command, {
    args: [...args],
    cwd: new URL("rustcore", root),
    env,
    stdout: "inherit",
    stderr: "inherit",
  }).output();
  if (!success) Deno.exit(1);
}
