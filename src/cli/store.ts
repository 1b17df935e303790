/** Verbs that work on the store beside, or instead of, a running server. */
import { systemClock } from "../runtime/clock.ts";
import { EXPORT_KINDS, type ExportKind, StoreError } from "../runtime/ports/store.ts";
import { EXPORT_FORMATS, exportText } from "../server/export.ts";
import { backupStore, restoreStore } from "../store/backup.ts";
import { isLocked, storeFile, storeFolder } from "../store/folder.ts";
import { SqliteStore } from "../store/store.ts";
import { type Arguments, choiceFlag, type Flag, numberFlag, UsageError } from "./args.ts";
import { CONFIG_FLAGS, configuration } from "./configuration.ts";
import { CHAIN_FLAGS, chainFlags } from "./simulate_flags.ts";
import { EXIT, print, type Verb } from "./verb.ts";

/** Flags that say which store is meant. */
const STORE_FLAGS: readonly Flag[] = [
  { name: "simulate", meaning: "the store of a simulated chain, not of the real one" },
  ...CHAIN_FLAGS.filter(({ name }) => name !== "speed"),
  ...CONFIG_FLAGS,
];

/** `backup FILE`. */
export const backup: Verb = {
  name: "backup",
  summary: "write a checked copy of the store; the server may be running",
  operands: "FILE",
  operandsMax: 1,
  flags: STORE_FLAGS,
  run: async (args) => {
    const target = operand(args, "FILE");
    const folder = await folderOf(args);
    backupStore(folder, target);
    print(`backed up ${folder} to ${target}`);
    return EXIT.ok;
  },
};

/** `restore FILE`. */
export const restore: Verb = {
  name: "restore",
  summary: "put a backup in the place of the store; a running server takes it over",
  operands: "FILE",
  operandsMax: 1,
  flags: STORE_FLAGS,
  run: async (args) => {
    const source = operand(args, "FILE");
    const folder = await folderOf(args);
    const { facts, takenOver } = await restoreStore(folder, source, (ms) => systemClock.sleep(ms));
    print(`restored ${source} (schema ${facts.schema}, ${facts.journalSeq} events) into ${folder}`);
    print(takenOver ? "the running server has taken it over" : "it will be used at the next start");
    return EXIT.ok;
  },
};

/** `store reset`. */
export const store: Verb = {
  name: "store",
  summary: "store reset: put the store aside and begin with an empty one at the next start",
  operands: "reset",
  operandsMax: 1,
  flags: STORE_FLAGS,
  run: async (args) => {
    if (operand(args, "reset") !== "reset") {
      throw new UsageError('the only thing that can be done is "store reset"');
    }
    const folder = await folderOf(args);
    if (isLocked(folder)) {
      throw new StoreError("locked", `Cannot reset ${folder}: a server has it open; stop it first`);
    }
    const file = storeFile(folder);
    const aside = `${file}.reset-${new Date().toISOString().replaceAll(":", "-")}`;
    let moved = 0;
    for (const suffix of ["", "-wal", "-shm"]) {
      try {
        await Deno.rename(`${file}${suffix}`, `${aside}${suffix}`);
        moved++;
      } catch (error) {
        if (!(error instanceof Deno.errors.NotFound)) throw error;
      }
    }
    print(
      moved === 0
        ? `${folder} holds no store`
        : `the store is now ${aside}; delete it when it is not needed any more`,
    );
    return EXIT.ok;
  },
};

/** `export`. */
export const exportVerb: Verb = {
  name: "export",
  summary: `write a table to standard output: ${EXPORT_KINDS.join(", ")}`,
  operands: "TABLE",
  operandsMax: 1,
  flags: [
    { name: "from", value: "S", meaning: "begin, Unix seconds of event time" },
    { name: "to", value: "S", meaning: "end, Unix seconds of event time" },
    { name: "format", value: "csv|ndjson", meaning: "csv (default) or ndjson" },
    ...STORE_FLAGS,
  ],
  run: async (args) => {
    const kind = operand(args, "TABLE");
    if (!(EXPORT_KINDS as readonly string[]).includes(kind)) {
      throw new UsageError(`there is no table "${kind}"; there are ${EXPORT_KINDS.join(", ")}`);
    }
    const seconds = { min: 0, max: 100_000_000_000, integer: true };
    const request = {
      kind: kind as ExportKind,
      format: choiceFlag(args, "format", "csv", EXPORT_FORMATS),
      fromS: numberFlag(args, "from", 0, seconds),
      toS: numberFlag(args, "to", seconds.max, seconds),
      source: args.switches.has("simulate") ? "simulated" as const : "engine" as const,
    };
    const path = storeFile(await folderOf(args));
    const opened = new SqliteStore(path, undefined, true);
    try {
      const encoder = new TextEncoder();
      for (const text of exportText(opened, request)) await writeAll(encoder.encode(text));
    } finally {
      opened.close();
    }
    return EXIT.ok;
  },
};

async function folderOf(args: Arguments): Promise<string> {
  const config = await configuration(args);
  return storeFolder(config.store.dataDir, args.switches.has("simulate") ? chainFlags(args) : null);
}

function operand(args: Arguments, name: string): string {
  const given = args.positionals[0];
  if (given === undefined) throw new UsageError(`${name} is missing`);
  return given;
}

async function writeAll(bytes: Uint8Array): Promise<void> {
  for (let written = 0; written < bytes.length;) written += await Deno.stdout.write(bytes.subarray(written));
}
