// @ts-types="#types/std_assert.d.ts"
import { assert, assertEquals } from "@std/assert";
// @ts-types="#types/std_path.d.ts"
import { join } from "@std/path";
import { CHUNK_BYTES, findDataFile, readPieces } from "./data_folder.ts";

/** Runs a test over a data folder with a secret beside it. */
async function withFolder(test: (dataDir: string, outside: string) => Promise<void>): Promise<void> {
  const root = await Deno.makeTempDir({ prefix: "bb data " });
  const dataDir = join(root, "var");
  await Deno.mkdir(join(dataDir, "sub"), { recursive: true });
  await Deno.writeTextFile(join(root, "secret.csv"), "timestamp,price\n1,1\n");
  await Deno.writeTextFile(join(dataDir, "api.key"), "secret");
  await Deno.writeTextFile(join(dataDir, "prices.csv"), "timestamp,price\n1,1\n");
  await Deno.writeTextFile(join(dataDir, "sub", "more.CSV"), "timestamp,price\n1,1\n");
  try {
    await test(dataDir, root);
  } finally {
    await Deno.remove(root, { recursive: true });
  }
}

Deno.test("findDataFile() finds files below the data folder", async () => {
  await withFolder(async (dataDir) => {
    const root = await Deno.realPath(dataDir);
    assertEquals(await findDataFile(dataDir, "prices.csv"), { path: join(root, "prices.csv") });
    assertEquals(await findDataFile(dataDir, "./sub/more.CSV"), { path: join(root, "sub", "more.CSV") });
  });
});

Deno.test("findDataFile() lets no path out of the data folder, and none to what is no CSV", async () => {
  await withFolder(async (dataDir, outside) => {
    await Deno.symlink(join(outside, "secret.csv"), join(dataDir, "link.csv"));
    await Deno.symlink(outside, join(dataDir, "folder"));
    await Deno.symlink(join(dataDir, "api.key"), join(dataDir, "key.csv"));
    await Deno.symlink("/dev/zero", join(dataDir, "zero.csv"));
    const wanted = { problem: "must name a .csv file inside the data folder" };
    for (
      const path of [
        "",
        ".",
        "..",
        "../secret.csv",
        "sub/../../secret.csv",
        "sub/..%2f..%2fsecret.csv/../../../secret.csv",
        join(outside, "secret.csv"),
        "/etc/passwd",
        "//etc/passwd.csv",
        "api.key",
        "link.csv",
        "folder/secret.csv",
        "key.csv",
        "zero.csv",
        "prices.csv\0",
        "prices.csv\0.csv",
        "..\\secret.csv",
        "sub",
        `${"a/".repeat(600)}x.csv`,
      ]
    ) assertEquals(await findDataFile(dataDir, path), wanted, JSON.stringify(path.slice(0, 40)));
  });
});

Deno.test("findDataFile() follows links that stay inside, and says what is not there or no file", async () => {
  await withFolder(async (dataDir) => {
    await Deno.symlink(join(dataDir, "prices.csv"), join(dataDir, "alias.csv"));
    await Deno.mkdir(join(dataDir, "dir.csv"));
    assert("path" in await findDataFile(dataDir, "alias.csv"));
    assertEquals(await findDataFile(dataDir, "dir.csv"), { problem: "is not a file" });
    const missing = { problem: "there is no such file in the data folder" };
    assertEquals(await findDataFile(dataDir, "nothing.csv"), missing);
    assertEquals(await findDataFile(join(dataDir, "gone"), "prices.csv"), missing);
  });
});

Deno.test("readPieces() gives the bytes in buffers of their own and closes the file, also when it is left", async () => {
  await withFolder(async (dataDir) => {
    const path = join(dataDir, "big.csv");
    const bytes = new Uint8Array(2 * CHUNK_BYTES + 17).map((_, i) => i % 251);
    await Deno.writeFile(path, bytes);
    const pieces = await Array.fromAsync(readPieces(path));
    assert(pieces.every((piece) => piece.byteLength <= CHUNK_BYTES && piece.byteOffset === 0));
    assertEquals(new Uint8Array(pieces.flatMap((piece) => [...piece])), bytes);
    for await (const _ of readPieces(path)) break; // The sanitizer sees a file that stays open.
  });
});
