/** The key of a server that only this machine can reach, for an operator who configured none. */
// @ts-types="#types/std_path.d.ts"
import { join } from "@std/path";
import { fileError } from "./folder.ts";

/** A key that lies in the data folder. */
export interface LocalKey {
  readonly key: string;
  readonly path: string;
  readonly created: boolean;
}

/**
 * Reads the key of the data folder, or makes one that only the owner can read.
 *
 * @throws {Deno.errors.InvalidData} If the file exists and does not hold a key
 * @throws {StoreError} If the file system does not let it be written
 */
export async function localKey(dataDir: string): Promise<LocalKey> {
  const path = join(dataDir, "api.key");
  try {
    await Deno.mkdir(dataDir, { recursive: true });
  } catch (error) {
    throw fileError(dataDir, error);
  }
  try {
    const key = (await Deno.readTextFile(path)).trim();
    if (!/^[\w-]{32,128}$/.test(key)) {
      throw new Deno.errors.InvalidData(`Cannot use ${path}: it does not hold a key; delete it`);
    }
    return { key, path, created: false };
  } catch (error) {
    if (!(error instanceof Deno.errors.NotFound)) throw error;
  }
  const bytes = crypto.getRandomValues(new Uint8Array(32));
  const key = Array.from(bytes, (byte) => byte.toString(16).padStart(2, "0")).join("");
  try {
    await Deno.writeTextFile(path, `${key}\n`, { mode: 0o600, createNew: true });
  } catch (error) {
    throw fileError(dataDir, error);
  }
  return { key, path, created: true };
}
