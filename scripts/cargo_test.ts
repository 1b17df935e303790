/**
 * Runs the tests of `rustcore/` natively where cargo is present and its one dependency can be fetched; says so where
 * not. The WebAssembly module is tested without Rust; this finds out whether a native build agrees with it.
 *
 *     deno run -A scripts/cargo_test.ts
 */

/** Runs cargo in `rustcore/`; null when there is none. */
async function cargo(...args: readonly string[]): Promise<number | null> {
  try {
    const { code } = await new Deno.Command("cargo", {
      args: [...args],
      cwd: new URL("../rustcore", import.meta.url),
      stdin: "null",
    }).output().then((output) => {
      Deno.stdout.writeSync(output.stdout);
      Deno.stderr.writeSync(output.stderr);
      return output;
    });
    return code;
  } catch (error) {
    if (error instanceof Deno.errors.NotFound) return null;
    throw error;
  }
}

const fetched = await cargo("fetch", "--locked");
if (fetched !== 0) {
  const why = fetched === null ? "there is no cargo here" : "its dependency cannot be fetched";
  Deno.stdout.writeSync(new TextEncoder().encode(`rustcore: not tested natively, ${why}\n`));
} else {
  Deno.exit(await cargo("test", "--locked") ?? 1);
}
