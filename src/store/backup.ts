/** Copies of a store: taken while it is in use, checked before it is believed, and put back. */
import { DatabaseSync } from "node:sqlite";
import { StoreError } from "../runtime/ports/store.ts";
import { guarded, SCHEMA_VERSION, versionOf } from "./database.ts";
import { incomingFile, isLocked, storeFile } from "./folder.ts";
import { SqliteStore } from "./store.ts";

/** How long a running server gets to take a restored store over. */
const TAKEOVER_MS = 10_000;

/**
 * Writes a copy of the store as it is at this moment; the server may go on writing.
 *
 * @param target File that must not exist yet
 * @throws {StoreError} If the store cannot be read or the file cannot be written
 */
export function backupStore(folder: string, target: string): void {
  if (exists(target)) throw new StoreError("other", `Cannot back up to ${target}: the file exists`);
  const path = storeFile(folder);
  if (!exists(path)) throw new StoreError("other", `Cannot back up ${folder}: there is no store`);
  guarded(path, () => {
    const db = new DatabaseSync(path, { readOnly: true });
    try {
      db.exec("PRAGMA busy_timeout = 10000");
      db.prepare("VACUUM INTO ?").run(target);
    } finally {
      db.close();
    }
  });
  checkBackup(target);
}

/** What a backup holds. */
export interface BackupFacts {
  readonly schema: number;
  readonly journalSeq: number;
  readonly chainIdentity: string | null;
}

/**
 * Checks that a file is a whole store of ours: SQLite's own check, a snapshot or the beginning of the journal, and
 * every checksum from there on.
 *
 * @param scratch Where a copy can be put for the time of the check; the file itself may lie where nothing is written
 * @throws {StoreError} Naming what is wrong
 */
export function checkBackup(path: string, scratch = `${path}.check`): BackupFacts {
  if (!exists(path)) throw new StoreError("other", `Cannot use ${path}: there is no such file`);
  return guarded(path, () => {
    const db = new DatabaseSync(path, { readOnly: true });
    let schema: number;
    try {
      schema = versionOf(db);
      if (schema === 0 || schema > SCHEMA_VERSION) {
        throw new StoreError(
          schema === 0 ? "other" : "newer",
          `Cannot use ${path}: schema ${schema} is not one of 1..${SCHEMA_VERSION}`,
        );
      }
      const check = db.prepare("PRAGMA quick_check(1)").get() as { quick_check: string };
      if (check.quick_check !== "ok") {
        throw new StoreError("corrupt", `Cannot use ${path}: ${check.quick_check}`);
      }
    } finally {
      db.close();
    }
    return recoverable(path, scratch, schema);
  });
}

/** Recovers from a private copy, so that looking at a backup never changes it. */
function recoverable(path: string, copy: string, schema: number): BackupFacts {
  Deno.copyFileSync(path, copy);
  try {
    const store = new SqliteStore(copy);
    try {
      const { cutAt } = store.recover(() => {}, () => {});
      if (cutAt !== null) {
        throw new StoreError("corrupt", `Cannot use ${path}: journal row ${cutAt} is damaged`);
      }
      return { schema, journalSeq: store.journalSeq(), chainIdentity: store.chainIdentity() };
    } finally {
      store.close();
    }
  } finally {
    for (const suffix of ["", "-wal", "-shm", `.schema-${schema}.bak`]) {
      if (exists(`${copy}${suffix}`)) Deno.removeSync(`${copy}${suffix}`);
    }
  }
}

/**
 * Puts a backup in the place of the store. A running server takes it over by itself; the store that was there is
 * kept beside it as `block-buster.db.replaced`.
 *
 * @returns Whether a running server took it over
 * @throws {StoreError} If the backup is not whole, or the server does not take it over
 */
export async function restoreStore(
  folder: string,
  source: string,
  sleep: (ms: number) => Promise<void>,
): Promise<{ readonly facts: BackupFacts; readonly takenOver: boolean }> {
  const incoming = incomingFile(folder);
  Deno.mkdirSync(folder, { recursive: true, mode: 0o700 });
  const facts = checkBackup(source, `${incoming}.check`);
  Deno.copyFileSync(source, `${incoming}.part`);
  Deno.renameSync(`${incoming}.part`, incoming);
  if (!isLocked(folder)) return { facts, takenOver: false };
  for (let waitedMs = 0; waitedMs < TAKEOVER_MS; waitedMs += 100) {
    if (!exists(incoming)) return { facts, takenOver: true };
    await sleep(100);
  }
  throw new StoreError(
    "locked",
    `The server on ${folder} has not taken the restored store over yet; it waits in ${incoming}`,
  );
}

function exists(path: string): boolean {
  try {
    Deno.statSync(path);
    return true;
  } catch (error) {
    if (error instanceof Deno.errors.NotFound) return false;
    throw error;
  }
}
