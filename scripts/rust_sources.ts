/**
 * The hash of the Rust sources, which stands beside the module that was built from them; run alone, writes it.
 *
 *     deno run -A scripts/rust_sources.ts
 */

/** SHA-256 over everything that decides what the WebAssembly module is: manifest, lock file and sources, by name. */
export async function rustSourcesHash(root: URL): Promise<string> {
  const names = ["Cargo.toml", "Cargo.lock"];
  for await (const { name } of Deno.readDir(new URL("rustcore/src/", root))) {
    if (name.endsWith(".rs")) names.push(`src/${name}`);
  }
  let text = "";
  for (const name of names.sort()) {
    text += `${name}\n${await Deno.readTextFile(new URL(`rustcore/${name}`, root))}\n`;
  }
  const digest = await crypto.subtle.digest("SHA-256", new TextEncoder().encode(text));
  return Array.from(new Uint8Array(digest), (byte) => byte.toString(16).padStart(2, "0")).join("");
}

/** Writes the hash beside the module. */
export async function writeRustSourcesHash(root: URL): Promise<void> {
  const path = new URL("src/engine/features/rustcore.hash", root);
  await Deno.writeTextFile(path, `${await rustSourcesHash(root)}\n`);
}

if (import.meta.main) await writeRustSourcesHash(new URL("../", import.meta.url));
