/**
 * `@std/*` is imported under its own names from an npm package that ships no types. These tests keep the way back
 * open: the same specifiers and names exist in the real packages, and our declarations promise nothing that the
 * loaded modules lack.
 */
// @ts-types="#types/std_assert.d.ts"
import { assert, assertEquals } from "@std/assert";
// @ts-types="#types/std_path.d.ts"
import { join } from "@std/path";
import denoJson from "../../deno.json" with { type: "json" };
import { PROJECT } from "../../scripts/project_copy.ts";
import jsr from "../fixtures/jsr_std.json" with { type: "json" };

interface Import {
  readonly file: string;
  readonly specifier: string;
  readonly names: readonly string[];
  /** The line above, which names the declarations. */
  readonly typesLine: string;
}

const PACKAGES = jsr.packages as Readonly<
  Record<string, { readonly version: string; readonly exports: Readonly<Record<string, readonly string[]>> }>
>;
const IMPORT_MAP = denoJson.imports as Readonly<Record<string, string>>;

async function sourceFiles(folder: string): Promise<string[]> {
  const files: string[] = [];
  for await (const entry of Deno.readDir(join(PROJECT, folder))) {
    const path = `${folder}/${entry.name}`;
    if (entry.isDirectory) files.push(...await sourceFiles(path));
    else if (entry.name.endsWith(".ts") && !entry.name.endsWith(".d.ts")) files.push(path);
  }
  return files;
}

async function stdImports(): Promise<readonly Import[]> {
  const folders = await Promise.all(["src", "tests", "scripts", "web"].map(sourceFiles));
  const found: Import[] = [];
  for (const file of ["main.ts", ...folders.flat()]) {
    const text = await Deno.readTextFile(join(PROJECT, file));
    for (const match of text.matchAll(/^(?:import|export)\b[^;]*?from "(@std\/[^"]+)";/gm)) {
      const names = /\{([^}]*)\}/.exec(match[0])?.[1];
      assert(names !== undefined, `${file}: ${match[0]} does not import by name`);
      const before = text.slice(0, match.index).trimEnd();
      found.push({
        file,
        specifier: match[1]!,
        names: names.split(",").map((name) => name.replace(/\btype\b/, "").split(" as ")[0]!.trim())
          .filter((name) => name !== ""),
        typesLine: before.slice(before.lastIndexOf("\n") + 1),
      });
    }
  }
  return found;
}

/** `@std/http/etag` is the sub-path `./etag` of the package `@std/http`. */
function exportsOf(specifier: string): readonly string[] | undefined {
  const [scope, name, ...rest] = specifier.split("/");
  return PACKAGES[`${scope}/${name}`]?.exports[rest.length === 0 ? "." : `./${rest.join("/")}`];
}

function declarationsFile(specifier: string): string {
  return `std_${specifier.slice("@std/".length).replaceAll("/", "_")}.d.ts`;
}

/** Names that a declarations file promises, types left out. */
async function declaredNames(file: string): Promise<readonly string[]> {
  const text = await Deno.readTextFile(join(PROJECT, "types", file));
  const names = [...text.matchAll(/^export (?:function|class|const) (\w+)/gm)].map(([, name]) => name!);
  assertEquals(
    text.match(/^export /gm)?.length,
    names.length,
    `${file} has exports that this test cannot read`,
  );
  return [...new Set(names)];
}

Deno.test("every @std import exists under the same name in the real package", async () => {
  const imports = await stdImports();
  assert(imports.length > 50, `only ${imports.length} imports were seen`);
  for (const { file, specifier, names } of imports) {
    const real = exportsOf(specifier);
    assert(real !== undefined, `${file}: ${specifier} is no path of a package of @std`);
    assert(Object.hasOwn(IMPORT_MAP, specifier), `${file}: ${specifier} is not in the import map`);
    for (const name of names) assert(real.includes(name), `${file}: ${specifier} does not export ${name}`);
  }
});

Deno.test("every @std import is typed by the declarations of its module", async () => {
  for (const { file, specifier, names, typesLine } of await stdImports()) {
    assertEquals(typesLine, `// @ts-types="#types/${declarationsFile(specifier)}"`, `${file}: ${specifier}`);
    const declared = await declaredNames(declarationsFile(specifier));
    for (const name of names) {
      assert(declared.includes(name), `${file}: ${specifier} does not declare ${name}`);
    }
  }
});

Deno.test("declarations only promise names that the loaded modules and the real packages have", async () => {
  const specifiers = Object.keys(IMPORT_MAP).filter((name) => name.startsWith("@std/"));
  const expected = specifiers.map(declarationsFile).sort();
  const found: string[] = [];
  for await (const { name } of Deno.readDir(join(PROJECT, "types"))) {
    if (name.endsWith(".d.ts")) found.push(name);
  }
  assertEquals(found.sort(), expected, "one file for each module");
  for (const specifier of specifiers) {
    const loaded = await import(specifier) as Record<string, unknown>;
    for (const name of await declaredNames(declarationsFile(specifier))) {
      assert(typeof loaded[name] === "function" || typeof loaded[name] === "object", `${specifier} ${name}`);
      assert(exportsOf(specifier)?.includes(name), `the real ${specifier} has no ${name}`);
    }
  }
});

Deno.test("all of @std comes from one version of one package, pinned with its integrity", async () => {
  const targets = Object.entries(IMPORT_MAP).filter(([name]) => name.startsWith("@std/")).map(([, to]) => to);
  const packages = new Set(targets.map((target) => /^npm:([^@]+@\d+\.\d+\.\d+)\//.exec(target)?.[1]));
  assertEquals(packages.size, 1);
  const lock = JSON.parse(await Deno.readTextFile(join(PROJECT, "deno.lock")));
  assert(/^sha512-/.test(lock.npm[[...packages][0]!].integrity));
});
