// @ts-types="#types/std_assert.d.ts"
import { assertEquals, assertThrows } from "@std/assert";
// @ts-types="#types/std_path.d.ts"
import { join } from "@std/path";
import { DatabaseSync } from "node:sqlite";
import { applied, inFolder } from "../../tests/support/store.ts";
import { StoreError } from "../runtime/ports/store.ts";
import { openDatabase, SCHEMA_VERSION, storeError, versionOf } from "./database.ts";
import { MIGRATIONS } from "./migrations.ts";
import { SqliteStore } from "./store.ts";

function pragma(db: DatabaseSync, name: string): unknown {
  return Object.values(db.prepare(`PRAGMA ${name}`).get() as Record<string, unknown>)[0];
}

/** The schema as a store of some version has it. */
function schemaOf(db: DatabaseSync): unknown {
  return db.prepare("SELECT type, name, sql FROM sqlite_master WHERE name NOT LIKE 'sqlite_%' ORDER BY name")
    .all();
}

Deno.test("openDatabase() makes a store that can shrink, with a write-ahead log, at the newest schema", async () => {
  await inFolder((folder) => {
    const db = openDatabase(join(folder, "x.db"));
    assertEquals([pragma(db, "auto_vacuum"), pragma(db, "journal_mode")], [2, "wal"]);
    assertEquals([versionOf(db), SCHEMA_VERSION], [MIGRATIONS.length, MIGRATIONS.length]);
    db.close();
  });
});

/** The schema of today, and two steps that nobody has taken yet. */
const NEXT: readonly string[] = [
  ...MIGRATIONS,
  "ALTER TABLE meta ADD COLUMN note TEXT NOT NULL DEFAULT 'none'",
  "CREATE TABLE more (id INTEGER PRIMARY KEY); INSERT INTO more VALUES (7)",
];

Deno.test("openDatabase() brings every older schema to the newest, after a copy of the file as it was", async () => {
  const fresh = openDatabase(":memory:", false, NEXT);
  const newest = schemaOf(fresh);
  fresh.close();
  for (let version = 1; version < NEXT.length; version++) {
    await inFolder((folder) => {
      const path = join(folder, "x.db");
      const old = openDatabase(path, false, NEXT.slice(0, version));
      old.exec("INSERT INTO meta (key, value) VALUES ('kept', 'yes')");
      old.close();
      // A copy that an earlier attempt did not finish is none.
      Deno.writeTextFileSync(`${path}.schema-${version}.bak.part`, "torn");
      const db = openDatabase(path, false, NEXT);
      assertEquals([versionOf(db), schemaOf(db)], [NEXT.length, newest], `from ${version}`);
      assertEquals(db.prepare("SELECT value FROM meta WHERE key = 'kept'").get()?.value, "yes");
      db.close();
      const copy = new DatabaseSync(`${path}.schema-${version}.bak`, { readOnly: true });
      assertEquals([versionOf(copy), copy.prepare("SELECT value FROM meta").get()?.value], [version, "yes"]);
      copy.close();
      openDatabase(path, false, NEXT).close();
      const names = [...Deno.readDirSync(folder)].map(({ name }) => name).sort();
      assertEquals(names, ["x.db", `x.db.schema-${version}.bak`], "one copy, and nothing else");
    });
  }
});

Deno.test("openDatabase() leaves the file at the step before one that fails, and can go on from there", async () => {
  await inFolder((folder) => {
    const path = join(folder, "x.db");
    openDatabase(path).close();
    const broken = [...NEXT.slice(0, -1), "CREATE TABLE half (id); INSERT INTO nothing VALUES (1)"];
    assertThrows(() => openDatabase(path, false, broken), StoreError, "nothing");
    const db = openDatabase(path, false, NEXT);
    assertEquals([versionOf(db), db.prepare("SELECT id FROM more").get()?.id], [NEXT.length, 7]);
    assertEquals(db.prepare("SELECT COUNT(*) AS n FROM sqlite_master WHERE name = 'half'").get()?.n, 0);
    db.close();
  });
});

Deno.test("openDatabase() refuses a newer schema by name, and leaves the file as it is", async () => {
  await inFolder((folder) => {
    const path = join(folder, "x.db");
    openDatabase(path).close();
    const newer = new DatabaseSync(path);
    newer.exec(`PRAGMA user_version = ${SCHEMA_VERSION + 1}; PRAGMA wal_checkpoint(TRUNCATE)`);
    newer.close();
    const before = Deno.readFileSync(path);
    for (const readOnly of [false, true]) {
      const error = assertThrows(
        () => openDatabase(path, readOnly),
        StoreError,
        `schema ${SCHEMA_VERSION + 1}`,
      );
      assertEquals(error.kind, "newer");
    }
    assertEquals(Deno.readFileSync(path), before);
  });
});

Deno.test("openDatabase() names a file that is no database, and a folder that is not there", async () => {
  await inFolder((folder) => {
    const path = join(folder, "x.db");
    Deno.writeTextFileSync(path, "not a database, but long enough to look at ".repeat(20));
    assertEquals(assertThrows(() => openDatabase(path), StoreError, path).kind, "corrupt");
    const missing = join(folder, "no", "x.db");
    assertEquals(assertThrows(() => openDatabase(missing), StoreError, missing).kind, "read_only");
  });
});

Deno.test("a second process can read a store while it is written, and cannot write it", async () => {
  await inFolder((folder) => {
    const path = join(folder, "x.db");
    const writer = new SqliteStore(path);
    writer.commit([applied(1)]);
    const reader = new SqliteStore(path, undefined, true);
    writer.commit([applied(2)]);
    assertEquals(reader.receipts({}, { limit: 10 }).total, 2);
    assertEquals(assertThrows(() => reader.commit([applied(3)]), StoreError).kind, "read_only");
    reader.close();
    writer.close();
  });
});

Deno.test("storeError() knows what went wrong by SQLite's code, and keeps an error of its own", () => {
  const kindOf = (errcode: number) => storeError("x.db", Object.assign(new Error("why"), { errcode })).kind;
  assertEquals([5, 8, 10, 11, 13, 14, 26, 1].map(kindOf), [
    "locked",
    "read_only",
    "io",
    "corrupt",
    "full",
    "read_only",
    "corrupt",
    "other",
  ]);
  assertEquals(kindOf(10 | (3 << 8)), "io", "an extended code is of the kind of its primary one");
  const kindFor = (message: string) => storeError("x.db", new Error(message)).kind;
  assertEquals(kindFor("database or disk is full"), "full", "exec() gives words only");
  assertEquals(kindFor("disk I/O error"), "io");
  assertEquals(kindFor("whatever"), "other");
  const own = new StoreError("newer", "own");
  assertEquals(storeError("x.db", own), own);
});
