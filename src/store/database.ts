/** Opens the database file: pragmas, the folder's lock, migrations. */
import { DatabaseSync } from "node:sqlite";
import { StoreError, type StoreErrorKind } from "../runtime/ports/store.ts";
import { MIGRATIONS } from "./migrations.ts";

/** Version of the schema that this program writes. */
export const SCHEMA_VERSION = MIGRATIONS.length;

/** How long a writer waits for a reader of another process, such as a backup. */
const BUSY_MS = 2_000;

/**
 * Opens a database, bringing an older schema up to date after copying the file.
 *
 * @param path File, or `:memory:`
 * @param migrations The steps to the schema; only tests give others
 * @throws {StoreError} `newer`, `corrupt`, `read_only`, `full` or `other`
 */
export function openDatabase(
  path: string,
  readOnly = false,
  migrations: readonly string[] = MIGRATIONS,
): DatabaseSync {
  const db = guarded(path, () => new DatabaseSync(path, { readOnly }));
  try {
    return guarded(path, () => {
      db.exec(`PRAGMA busy_timeout = ${BUSY_MS}`);
      if (readOnly) return requireCurrent(db, path);
      // Only heard while the file is empty, and the journal mode is what is written into it first.
      if (versionOf(db) === 0) db.exec("PRAGMA auto_vacuum = INCREMENTAL");
      db.exec("PRAGMA journal_mode = WAL");
      db.exec("PRAGMA synchronous = NORMAL");
      db.exec("PRAGMA foreign_keys = ON");
      db.exec("PRAGMA cell_size_check = ON");
      db.exec("PRAGMA temp_store = MEMORY");
      migrate(db, path, migrations);
      return db;
    });
  } catch (error) {
    db.close();
    throw error;
  }
}

/** A reader cannot migrate: only the present schema will do. */
function requireCurrent(db: DatabaseSync, path: string): DatabaseSync {
  const found = versionOf(db);
  if (found === SCHEMA_VERSION) return db;
  throw new StoreError(
    "newer",
    `Cannot read ${path}: it has schema ${found}, this program reads ${SCHEMA_VERSION}`,
  );
}

/** Version that a database was written with; 0 = empty. */
export function versionOf(db: DatabaseSync): number {
  return Number((db.prepare("PRAGMA user_version").get() as { user_version: number }).user_version);
}

function migrate(db: DatabaseSync, path: string, migrations: readonly string[]): void {
  const found = versionOf(db);
  const wanted = migrations.length;
  if (found > wanted) {
    throw new StoreError(
      "newer",
      `Cannot open ${path}: it has schema ${found}, this program knows up to ${wanted}; start a newer program`,
    );
  }
  if (found === wanted) return;
  if (found > 0 && path !== ":memory:") copyBefore(db, path, found);
  for (let version = found; version < wanted; version++) {
    db.exec("BEGIN IMMEDIATE");
    try {
      db.exec(migrations[version]!);
      db.exec(`PRAGMA user_version = ${version + 1}`);
      db.exec("COMMIT");
    } catch (error) {
      db.exec("ROLLBACK");
      throw error;
    }
  }
}

/** Keeps the file as it was before a migration. A copy that was not finished never has the name of one. */
function copyBefore(db: DatabaseSync, path: string, version: number): void {
  const copy = `${path}.schema-${version}.bak`;
  const part = `${copy}.part`;
  try {
    Deno.removeSync(part);
  } catch (error) {
    if (!(error instanceof Deno.errors.NotFound)) throw error;
  }
  db.prepare("VACUUM INTO ?").run(part);
  Deno.renameSync(part, copy);
}

/** Runs something on a database; what it throws becomes a {@link StoreError} that names the file. */
export function guarded<T>(path: string, action: () => T): T {
  try {
    return action();
  } catch (error) {
    throw storeError(path, error);
  }
}

/** Primary result codes of SQLite that have a kind of their own. */
const KINDS: Readonly<Record<number, StoreErrorKind>> = {
  5: "locked",
  8: "read_only",
  10: "io",
  11: "corrupt",
  13: "full",
  14: "read_only",
  26: "corrupt",
};

/** The same by SQLite's words, for what `exec()` and opening throw: they give no code. */
const KINDS_BY_WORDS: readonly (readonly [words: RegExp, kind: StoreErrorKind])[] = [
  [/database is (locked|busy)/, "locked"],
  [/readonly database|unable to open database file/, "read_only"],
  [/disk I\/O error/, "io"],
  [/database or disk is full/, "full"],
  [/malformed|not a database/, "corrupt"],
];

/** The error of the store for whatever was thrown. */
export function storeError(path: string, error: unknown): StoreError {
  if (error instanceof StoreError) return error;
  const { errcode, message } = error as { errcode?: unknown; message?: unknown };
  const kind = typeof errcode === "number"
    ? KINDS[errcode & 0xff] ?? "other"
    : KINDS_BY_WORDS.find(([words]) => words.test(String(message)))?.[1] ?? "other";
  return new StoreError(kind, `Cannot use the store ${path}: ${String(message ?? error)}`, { cause: error });
}
