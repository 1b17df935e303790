/**
 * Proves that no room imports what it must not. The rooms and what they may import are one table; the edges come from
 * `deno info --json`, for every file under `src` and `web`, so that workers, page modules and files that nothing
 * imports yet are seen too.
 */
// @ts-types="#types/std_path.d.ts"
import { fromFileUrl, join, relative, toFileUrl } from "@std/path";
import { SIMULATOR_SOCKETS } from "./lint_engine.ts";

/** One room: which files belong to it, and what they may import. */
interface Room {
  readonly name: string;
  readonly files: RegExp;
  /** Rooms besides its own. */
  readonly may: readonly string[];
  /** Files of which it may import types. */
  readonly types?: RegExp;
  /** Whether `@std/*` and `node:` modules may be used. */
  readonly platform: boolean;
}

const EVERY_ROOM = [
  "engine",
  "simulated chain",
  "simulator",
  "the_block",
  "store",
  "backtest",
  "ports",
  "runtime",
  "server",
  "config",
  "telemetry",
];

/** The table; a file belongs to the first room that it matches. */
export const ROOMS: readonly Room[] = [
  { name: "engine", files: /^src\/engine\//, may: [], platform: false },
  {
    name: "simulator",
    files: SIMULATOR_SOCKETS,
    may: ["engine", "simulated chain", "ports", "telemetry"],
    platform: true,
  },
  { name: "simulated chain", files: /^src\/simulator\//, may: ["engine"], platform: false },
  {
    name: "the_block",
    files: /^src\/the_block\//,
    may: ["engine", "ports", "telemetry", "config"],
    platform: true,
  },
  { name: "store", files: /^src\/store\//, may: ["engine", "ports", "telemetry", "config"], platform: true },
  {
    name: "backtest",
    files: /^src\/backtest\//,
    may: ["engine", "ports", "telemetry", "config"],
    platform: true,
  },
  { name: "ports", files: /^src\/runtime\/ports\//, may: ["engine"], platform: false },
  {
    name: "runtime",
    files: /^src\/runtime\//,
    may: ["engine", "ports", "telemetry", "config"],
    platform: true,
  },
  {
    name: "server",
    files: /^src\/server\//,
    may: ["engine", "runtime", "ports", "telemetry", "config"],
    platform: true,
  },
  { name: "config", files: /^(src\/config\.ts|config\/)/, may: [], types: /^src\/engine\//, platform: true },
  { name: "telemetry", files: /^src\/telemetry\//, may: [], types: /^src\/engine\//, platform: true },
  { name: "app", files: /^(src\/app\.ts|deno\.json)$/, may: EVERY_ROOM, platform: true },
  { name: "cli", files: /^src\/cli\//, may: [...EVERY_ROOM, "app"], platform: true },
  {
    name: "worker",
    files: /^src\/backtest_worker\.ts$/,
    may: ["engine", "backtest", "simulated chain", "simulator", "config"],
    platform: true,
  },
  {
    name: "client",
    files: /^src\/client\.ts$/,
    may: [],
    types: /^src\/(engine\/topic|server\/wire)\.ts$/,
    platform: false,
  },
  { name: "main", files: /^main\.ts$/, may: ["cli"], platform: false },
  { name: "web", files: /^web\//, may: [], types: /^src\/server\/wire\.ts$/, platform: false },
];

/** The package that `@std/*` comes from. */
const STD_PACKAGE = /^(npm:\/?deno-std@|jsr:\/?@std\/)/;

/** Files that are not part of the program. */
const NOT_SHIPPED = /_(test|bench)\.ts$|\.d\.ts$/;

/** The part of `deno info --json` that is read. */
interface Graph {
  readonly modules: readonly {
    readonly specifier: string;
    readonly error?: string;
    readonly dependencies?: readonly {
      readonly specifier: string;
      readonly code?: { readonly specifier?: string; readonly error?: string };
      readonly type?: { readonly specifier?: string; readonly error?: string };
    }[];
  }[];
}

/** What was looked at, and what is wrong with it. */
export interface LayerReport {
  readonly files: number;
  readonly imports: number;
  readonly violations: readonly string[];
}

/**
 * Checks a project.
 *
 * @param root Its folder
 */
export async function checkLayers(root: string): Promise<LayerReport> {
  const violations = new Set<string>();
  const seen = new Set<string>();
  let imports = 0;
  const isShipped = (file: string) => /^(main\.ts$|src\/|web\/)/.test(file) && !NOT_SHIPPED.test(file);
  for (const entry of ["main.ts", ...await filesBelow(root, "src"), ...await filesBelow(root, "web")]) {
    if (seen.has(entry) || !isShipped(entry)) continue;
    for (const module of (await graphOf(root, entry)).modules) {
      const file = pathOf(root, module.specifier);
      if (file === null || seen.has(file)) continue;
      if (!isShipped(file) && file !== entry) continue;
      seen.add(file);
      if (module.error) violations.add(`${file} cannot be loaded: ${firstLine(module.error)}`);
      for (const { specifier, code, type } of module.dependencies ?? []) {
        imports++;
        const error = code?.error ?? type?.error;
        const target = code?.specifier ?? type?.specifier;
        if (error || !target) violations.add(`${file}: "${specifier}" leads nowhere`);
        else {
          const problem = problemWith(file, pathOf(root, target) ?? target, code === undefined);
          if (problem) violations.add(problem);
        }
      }
    }
  }
  return { files: seen.size, imports, violations: [...violations].sort() };
}

/** What is wrong with one import, or null. */
function problemWith(file: string, target: string, typeOnly: boolean): string | null {
  const room = roomOf(file);
  if (!room) return `${file} belongs to no room; add one to the table of scripts/check_layers.ts`;
  const words = `${file} (${room.name}) must not import`;
  if (/^[a-z]+:/.test(target)) {
    const known = target.startsWith("node:") || STD_PACKAGE.test(target);
    return known && room.platform ? null : `${words} ${target}`;
  }
  if (target.startsWith("types/")) return null;
  const other = roomOf(target);
  if (!other) return `${words} ${target}, which is no part of the program`;
  if (other === room || room.may.includes(other.name)) return null;
  if (room.types?.test(target)) {
    return typeOnly ? null : `${words} ${target} (${other.name}) but for its types`;
  }
  return `${words} ${target} (${other.name})`;
}

function roomOf(file: string): Room | undefined {
  return ROOMS.find(({ files }) => files.test(file));
}

/** Path below the root, or null for what is no file there. */
function pathOf(root: string, specifier: string): string | null {
  if (!specifier.startsWith("file://")) return null;
  const path = relative(root, fromFileUrl(specifier));
  return path.startsWith("..") ? null : path.replaceAll("\\", "/");
}

async function filesBelow(root: string, folder: string): Promise<string[]> {
  const files: string[] = [];
  for await (const entry of Deno.readDir(join(root, folder))) {
    const path = `${folder}/${entry.name}`;
    if (entry.isDirectory) files.push(...await filesBelow(root, path));
    else if (/\.(ts|js)$/.test(entry.name)) files.push(path);
  }
  return files.sort();
}

async function graphOf(root: string, entry: string): Promise<Graph> {
  const { success, stdout, stderr } = await new Deno.Command(Deno.execPath(), {
    args: ["info", "--json", entry],
    cwd: root,
    env: { NO_COLOR: "1" },
  }).output();
  if (success) return JSON.parse(new TextDecoder().decode(stdout)) as Graph;
  const error = new TextDecoder().decode(stderr).trim();
  return { modules: [{ specifier: toFileUrl(join(root, entry)).href, error }] };
}

function firstLine(text: string): string {
  return text.split("\n")[0]!;
}

if (import.meta.main) {
  const { files, imports, violations } = await checkLayers(Deno.cwd());
  // deno-lint-ignore no-console
  for (const violation of violations) console.error(violation);
  // deno-lint-ignore no-console
  console.log(`layers: ${files} files, ${imports} imports, ${violations.length} violations`);
  if (violations.length > 0) Deno.exit(1);
}
