/** A copy of the project in a folder of its own, for tests that change files or need an untouched data folder. */
// @ts-types="#types/std_path.d.ts"
import { fromFileUrl, join } from "@std/path";

/** Folder of the project. */
export const PROJECT = fromFileUrl(new URL("../", import.meta.url));

/** What a clone needs to run; tests and history stay behind. */
const PARTS = ["main.ts", "deno.json", "deno.lock", "config", "src", "types", "web", "scripts"];

/**
 * Copies the project.
 *
 * @returns The folder, whose path has a space in it, and what removes it
 */
export async function copyProject(): Promise<{ readonly root: string; remove(): Promise<void> }> {
  const parent = await Deno.makeTempDir({ prefix: "block buster " });
  const root = join(parent, "the clone");
  await Deno.mkdir(root);
  for (const part of PARTS) await copy(join(PROJECT, part), join(root, part));
  return { root, remove: () => Deno.remove(parent, { recursive: true }) };
}

async function copy(from: string, to: string): Promise<void> {
  if ((await Deno.stat(from)).isFile) return await Deno.copyFile(from, to);
  await Deno.mkdir(to);
  for await (const { name } of Deno.readDir(from)) await copy(join(from, name), join(to, name));
}
