/**
 * The folder of one store: its file, the lock that keeps a second program out, and a restored file that waits to be
 * taken over.
 */
// @ts-types="#types/std_path.d.ts"
import { join } from "@std/path";
import { StoreError } from "../runtime/ports/store.ts";
import { type Retention, SqliteStore } from "./store.ts";

const FILE = "block-buster.db";
const INCOMING = "incoming.db";
const LOCK = "lock";

/** A chain that is simulated, as far as the folder's name goes. */
export interface SimulatedChainName {
  readonly scenario: string;
  readonly seed: number;
  readonly dialect: string;
}

/** Folder of the store for a chain; simulated chains never share one with a real chain. */
export function storeFolder(dataDir: string, simulated: SimulatedChainName | null): string {
  if (simulated === null) return dataDir;
  const { scenario, seed, dialect } = simulated;
  // The name comes from a node, and a node may say anything.
  const safe = scenario.replace(/[^a-z0-9-]/gi, "_").slice(0, 64);
  return join(dataDir, "simulated", `${safe}-${seed}-${dialect}`);
}

/** A store that is open and locked. */
export interface OpenFolder {
  readonly store: SqliteStore;
  readonly folder: string;
  /** Whether a restored file waits to replace the store. */
  restoreWaits(): boolean;
  /** Lets other programs in; the store must be closed before. */
  unlock(): void;
}

/**
 * Opens the store of a folder, taking over a restored file first.
 *
 * @throws {StoreError} `locked` when another program has the folder, and whatever opening the file throws
 */
export function openFolder(folder: string, retention: Retention): OpenFolder {
  const lock = writing(folder, () => {
    Deno.mkdirSync(folder, { recursive: true, mode: 0o700 });
    return lockFolder(folder);
  });
  try {
    takeOver(folder);
    return {
      store: new SqliteStore(storeFile(folder), retention),
      folder,
      restoreWaits: () => exists(join(folder, INCOMING)),
      unlock: () => lock.close(),
    };
  } catch (error) {
    lock.close();
    throw error;
  }
}

/**
 * Does something that writes into a folder of the store.
 *
 * @throws {StoreError} If the file system does not let it
 */
function writing<T>(folder: string, action: () => T): T {
  try {
    return action();
  } catch (error) {
    throw fileError(folder, error);
  }
}

/** The error of the store for one of the file system. */
export function fileError(folder: string, error: unknown): unknown {
  const { code, message } = error as { code?: unknown; message?: unknown };
  if (error instanceof StoreError || typeof code !== "string") return error;
  const kind = code === "ENOSPC" || code === "EDQUOT"
    ? "full"
    : code === "EROFS" || code === "EACCES" || code === "EPERM"
    ? "read_only"
    : "io";
  return new StoreError(
    kind,
    `Cannot write into ${folder}: ${
      String(message)
    }; free or permit it, or choose another folder (--data-dir)`,
    { cause: error },
  );
}

/** Path of the store's file in a folder. */
export function storeFile(folder: string): string {
  return join(folder, FILE);
}

/** Path where a restored file waits. */
export function incomingFile(folder: string): string {
  return join(folder, INCOMING);
}

/** Whether a program has the folder open. */
export function isLocked(folder: string): boolean {
  try {
    lockFolder(folder).close();
    return false;
  } catch (error) {
    if (error instanceof StoreError && error.kind === "locked") return true;
    throw error;
  }
}

/** Moves the present store aside and the restored one into its place. */
function takeOver(folder: string): void {
  const incoming = join(folder, INCOMING);
  if (!exists(incoming)) return;
  const file = storeFile(folder);
  for (const suffix of ["", "-wal", "-shm"]) {
    if (exists(`${file}${suffix}`)) Deno.renameSync(`${file}${suffix}`, `${file}.replaced${suffix}`);
  }
  Deno.renameSync(incoming, file);
}

function lockFolder(folder: string): Deno.FsFile {
  const file = Deno.openSync(join(folder, LOCK), { create: true, write: true });
  if (file.tryLockSync(true)) return file;
  file.close();
  throw new StoreError("locked", `Cannot use ${folder}: another block-buster has it open`);
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
