// @ts-types="#types/std_assert.d.ts"
import { assertEquals, assertMatch, assertNotEquals, assertRejects } from "@std/assert";
// @ts-types="#types/std_path.d.ts"
import { join } from "@std/path";
import { localKey } from "./local_key.ts";

async function inFolder(test: (folder: string) => Promise<void>): Promise<void> {
  const folder = await Deno.makeTempDir();
  try {
    await test(folder);
  } finally {
    await Deno.remove(folder, { recursive: true });
  }
}

Deno.test("localKey() makes a key that only its owner can read, and finds it again", async () => {
  await inFolder(async (folder) => {
    const dataDir = join(folder, "deep", "data");
    const made = await localKey(dataDir);
    assertEquals([made.created, made.path], [true, join(dataDir, "api.key")]);
    assertMatch(made.key, /^[0-9a-f]{64}$/);
    assertEquals((await Deno.stat(made.path)).mode! & 0o777, 0o600);
    assertEquals(await Deno.readTextFile(made.path), `${made.key}\n`);
    assertEquals(await localKey(dataDir), { ...made, created: false });
  });
});

Deno.test("localKey() makes another key for every folder", async () => {
  await inFolder(async (folder) => {
    const [one, two] = [await localKey(join(folder, "1")), await localKey(join(folder, "2"))];
    assertNotEquals(one.key, two.key);
  });
});

Deno.test("localKey() takes a key that the operator put there", async () => {
  await inFolder(async (folder) => {
    const key = "my-own_key-0123456789-0123456789-ABC";
    await Deno.writeTextFile(join(folder, "api.key"), `  ${key}\r\n`);
    assertEquals((await localKey(folder)).key, key);
  });
});

Deno.test("localKey() does not guess what a damaged file meant", async () => {
  await inFolder(async (folder) => {
    const path = join(folder, "api.key");
    for (
      const text of [
        "",
        "short",
        "has spaces in it has spaces in it",
        "x".repeat(129),
        "a".repeat(40) + "\nb",
      ]
    ) {
      await Deno.writeTextFile(path, text);
      await assertRejects(() => localKey(folder), Deno.errors.InvalidData, `Cannot use ${path}`);
      assertEquals(await Deno.readTextFile(path), text, "it is left as it is");
    }
  });
});
