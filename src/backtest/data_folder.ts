/** Files of prices: found below the data folder and nowhere else, and read in pieces. */
// @ts-types="#types/std_path.d.ts"
import { isAbsolute, join, relative } from "@std/path";

/** Largest file. */
export const FILE_BYTES_MAX = 1024 * 1024 * 1024;

/** Bytes of a piece. A row has at least four, so a piece holds at most 65,536 rows. */
export const CHUNK_BYTES = 256 * 1024;

/** Longest path. */
const PATH_MAX = 1_024;

/**
 * Finds a file that a request names.
 *
 * @param dataDir The data folder
 * @param path As the request says; relative to the data folder
 * @returns The real path, or why there is none
 */
export async function findDataFile(
  dataDir: string,
  path: string,
): Promise<{ readonly path: string } | { readonly problem: string }> {
  // The words do not tell whether something exists outside of the folder.
  const outside = { problem: "must name a .csv file inside the data folder" };
  if (path === "" || path.length > PATH_MAX || path.includes("\0") || path.includes("\\")) return outside;
  if (isAbsolute(path) || path.split("/").includes("..") || !/\.csv$/i.test(path)) return outside;
  try {
    const root = await Deno.realPath(dataDir);
    const real = await Deno.realPath(join(root, path));
    const below = relative(root, real);
    // A link may lead to another file of the folder, not out of it and not to one that is no CSV.
    if (below === "" || below.startsWith("..") || isAbsolute(below) || !/\.csv$/i.test(real)) return outside;
    const info = await Deno.stat(real);
    if (!info.isFile) return { problem: "is not a file" };
    if (info.size > FILE_BYTES_MAX) return { problem: `is larger than ${FILE_BYTES_MAX} bytes` };
    return { path: real };
  } catch (error) {
    if (error instanceof Deno.errors.NotFound) return { problem: "there is no such file in the data folder" };
    if (error instanceof Deno.errors.NotCapable) return outside;
    return { problem: `cannot be read (${error instanceof Error ? error.name : "unknown error"})` };
  }
}

/** Reads a file in pieces of at most {@link CHUNK_BYTES}, each in a buffer of its own. */
export async function* readPieces(path: string): AsyncGenerator<Uint8Array<ArrayBuffer>> {
  const file = await Deno.open(path, { read: true });
  try {
    let total = 0;
    for (;;) {
      const buffer = new Uint8Array(CHUNK_BYTES);
      const count = await file.read(buffer);
      if (count === null) return;
      total += count;
      if (total > FILE_BYTES_MAX) throw new RangeError(`the file is larger than ${FILE_BYTES_MAX} bytes`);
      yield count === buffer.length ? buffer : buffer.slice(0, count);
    }
  } finally {
    file.close();
  }
}
