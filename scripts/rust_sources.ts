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
