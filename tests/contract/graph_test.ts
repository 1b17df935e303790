// @ts-types="#types/std_assert.d.ts"
import { assert, assertEquals, assertMatch } from "@std/assert";
// @ts-types="#types/std_path.d.ts"
import { toFileUrl } from "@std/path";
import { PROJECT } from "../../scripts/project_copy.ts";

interface Graph {
  readonly modules: readonly { readonly specifier: string; readonly error?: string }[];
  readonly npmPackages?: Readonly<Record<string, { readonly dependencies: readonly string[] }>>;
}

/** The module graph holds sources, the settings, and the WebAssembly module with the bindings that came with it. */
const GRAPH_FILE =
  /^(main\.ts|deno\.json|config\/default\.toml|src\/.*\.ts|src\/engine\/features\/rustcore(_bg)?\.(js|wasm)|types\/.*\.d\.ts)$/;

async function graphOf(entry: string): Promise<Graph> {
  const { stdout } = await new Deno.Command(Deno.execPath(), {
    args: ["info", "--json", entry],
    cwd: PROJECT,
    stderr: "null",
  }).output();
  return JSON.parse(new TextDecoder().decode(stdout));
}

Deno.test("main.ts is made of the project, @std and Deno alone", async () => {
  const { modules, npmPackages } = await graphOf("main.ts");
  const project = toFileUrl(PROJECT).href;
  let own = 0;
  for (const { specifier, error } of modules) {
    assertEquals(error, undefined, specifier);
    if (!specifier.startsWith("file:")) {
      assertMatch(specifier, /^(node:[\w/]+|npm:\/?deno-std@[\d.]+\/[\w/.]+|jsr:\/?@std\/.*)$/);
      continue;
    }
    assert(specifier.startsWith(project), specifier);
    const path = specifier.slice(project.length);
    assertMatch(path, GRAPH_FILE);
    assert(!/_(test|bench)\.ts$/.test(path), path);
    own++;
  }
  assert(own > 80, `only ${own} files of the project were seen`);
  // The list holds every package of the lock file, those of the tests too.
  const std = Object.entries(npmPackages ?? {}).filter(([name]) => name.startsWith("deno-std@"));
  assertEquals(std.map(([, { dependencies }]) => dependencies), [[]], "it brings nothing along");
});

Deno.test("the dashboard is made of its own files alone", async () => {
  const { modules } = await graphOf("web/main.ts");
  for (const { specifier } of modules) assertMatch(specifier, /\/(web\/[\w/]+|src\/server\/wire)\.ts$/);
});
