// @ts-types="#types/std_assert.d.ts"
import { assert, assertEquals, assertMatch, assertStringIncludes } from "@std/assert";
// @ts-types="#types/std_path.d.ts"
import { fromFileUrl, join } from "@std/path";
import { DatabaseSync } from "node:sqlite";
import { EXPORT_KINDS } from "../../src/runtime/ports/store.ts";
import { exportSchemaHash } from "../../src/server/export.ts";
import { storeFile, storeFolder } from "../../src/store/folder.ts";
import { until } from "../contract/harness.ts";
import { startChild } from "../support/child.ts";
import { World } from "../truth/world.ts";

const MAIN = fromFileUrl(new URL("../../main.ts", import.meta.url));
const CHAIN = { seed: 5, scenario: "calm", dialect: "readme" } as const;
const CHAIN_FLAGS = ["--simulate", "--seed", String(CHAIN.seed)];

interface Ended {
  readonly code: number;
  readonly out: string;
  readonly errors: string;
}

/** Runs a verb to its end. */
async function verb(dataDir: string, ...args: readonly string[]): Promise<Ended> {
  const { code, stdout, stderr } = await new Deno.Command(Deno.execPath(), {
    args: ["run", "-A", MAIN, ...args, "--data-dir", dataDir, ...CHAIN_FLAGS],
    env: { NO_COLOR: "1" },
  }).output();
  const text = (bytes: Uint8Array) => new TextDecoder().decode(bytes);
  return { code, out: text(stdout), errors: text(stderr) };
}

/** What the file of a store holds. */
function rowsIn(path: string): { readonly receipts: number; readonly seq: number } {
  const db = new DatabaseSync(path, { readOnly: true });
  try {
    return {
      receipts: db.prepare("SELECT COUNT(*) AS n FROM receipts").get()!.n as number,
      seq: db.prepare("SELECT MAX(seq) AS n FROM journal").get()!.n as number,
    };
  } finally {
    db.close();
  }
}

async function inDataDir(test: (dataDir: string, file: string) => Promise<void>): Promise<void> {
  const dataDir = await Deno.makeTempDir({ prefix: "bb-verbs-" });
  const folder = storeFolder(dataDir, CHAIN);
  try {
    await Deno.mkdir(folder, { recursive: true });
    const world = new World({ ...CHAIN, folder });
    world.start();
    for (let mined = 0; mined < 40; mined++) {
      world.tip++;
      await world.pass(1_000);
    }
    await world.stop();
    await test(dataDir, storeFile(folder));
  } finally {
    await Deno.remove(dataDir, { recursive: true });
  }
}

Deno.test("main.ts backup, restore and store reset keep what they promise without a server", async () => {
  await inDataDir(async (dataDir, file) => {
    const copy = join(dataDir, "copy.db");
    const held = rowsIn(file);
    assert(held.receipts > 0);
    const made = await verb(dataDir, "backup", copy);
    assertEquals([made.code, made.errors, rowsIn(copy)], [0, "", held]);
    const again = await verb(dataDir, "backup", copy);
    assertEquals(again.code !== 0, true, "an existing file is not overwritten");
    assertStringIncludes(again.out + again.errors, "exists");

    const reset = await verb(dataDir, "store", "reset");
    assertEquals(reset.code, 0, reset.errors);
    assertMatch(reset.out, /block-buster\.db\.reset-/);
    assertEquals(await Deno.stat(file).then(() => true, () => false), false);
    const nothing = await verb(dataDir, "store", "reset");
    assertEquals([nothing.code, nothing.out.includes("holds no store")], [0, true]);

    const restored = await verb(dataDir, "restore", copy);
    assertEquals([restored.code, restored.errors], [0, ""]);
    assertStringIncludes(restored.out, `${held.seq} events`);
    assertStringIncludes(restored.out, "next start");
    const left = [...Deno.readDirSync(dataDir)].map(({ name }) => name).sort();
    assertEquals(left, ["copy.db", "simulated"], "a check leaves nothing behind");
  });
});

Deno.test("main.ts restore refuses what is no whole backup, and leaves the store alone", async () => {
  await inDataDir(async (dataDir, file) => {
    const held = rowsIn(file);
    const bad = join(dataDir, "bad.db");
    const whole = await verb(dataDir, "backup", bad);
    assertEquals(whole.code, 0);
    const db = new DatabaseSync(bad);
    db.exec(
      "UPDATE journal SET checksum = 1 WHERE seq = (SELECT MAX(seq) FROM journal); UPDATE snapshots SET sha256 = ''",
    );
    db.close();
    for (const path of [bad, join(dataDir, "missing.db"), MAIN]) {
      const { code, out, errors } = await verb(dataDir, "restore", path);
      assertEquals([code, `${out}${errors}`.includes(path)], [3, true], `${path}: ${out}${errors}`);
    }
    assertEquals(rowsIn(file), held);
    const names = [...Deno.readDirSync(join(file, ".."))].map(({ name }) => name);
    assertEquals(names.filter((name) => name.startsWith("incoming")), []);
  });
});

Deno.test("main.ts export writes every table to standard output with its header, and names one that there is not", async () => {
  await inDataDir(async (dataDir, file) => {
    for (const kind of EXPORT_KINDS) {
      const { code, out, errors } = await verb(dataDir, "export", kind);
      assertEquals([code, errors], [0, ""], kind);
      const [head, , ...rows] = out.split("\r\n");
      const meta = JSON.parse(head!.slice(2));
      assertEquals([meta.export, meta.source, meta.schema], [kind, "simulated", exportSchemaHash(kind)]);
      // Nobody has traded in this chain; the tables of trading have only their heads.
      assertEquals(rows.length > 1, kind !== "fills" && kind !== "equity", kind);
      if (kind === "receipts") assertEquals(rows.length - 1, rowsIn(file).receipts);
    }
    const lines = (await verb(dataDir, "export", "receipts", "--format", "ndjson", "--to", "1")).out.trimEnd()
      .split("\n");
    assertEquals([lines.length, JSON.parse(lines[0]!)._meta.to], [1, 1]);
    const unknown = await verb(dataDir, "export", "secrets");
    assertEquals(unknown.code, 2);
    assertStringIncludes(unknown.out + unknown.errors, "receipts, candles, operations, pnl");
  });
});

Deno.test("main.ts backup and restore work beside a running server, which takes the backup over", async () => {
  await inDataDir(async (dataDir, file) => {
    const child = startChild(["start", "--data-dir", dataDir, "--port", "0", ...CHAIN_FLAGS]);
    try {
      const listening = await child.line("server.listening");
      if (!listening) throw new Error(await child.errors);
      await child.line("server.ready");
      const copy = join(dataDir, "copy.db");
      const made = await verb(dataDir, "backup", copy);
      assertEquals([made.code, made.errors], [0, ""]);
      const refused = await verb(dataDir, "store", "reset");
      assertEquals([refused.code, (refused.out + refused.errors).includes("stop it first")], [3, true]);
      const restored = await verb(dataDir, "restore", copy);
      assertEquals([restored.code, restored.errors], [0, ""]);
      assertStringIncludes(restored.out, "has taken it over");
      await until(
        "it recovered from the backup",
        () => child.lines.filter(({ event }) => event === "store.recovered").length === 2,
      );
      const response = await fetch(`${listening.url}/theblock/pnl`);
      assertEquals(response.status, 200);
      await response.body?.cancel();
    } finally {
      child.kill("SIGTERM");
      assertEquals(await child.ended, 0);
    }
    assert(rowsIn(file).seq > 0);
    const names = [...Deno.readDirSync(join(file, ".."))].map(({ name }) => name);
    assert(names.includes("block-buster.db.replaced"), String(names));
  });
});
