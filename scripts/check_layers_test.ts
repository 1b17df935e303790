// @ts-types="#types/std_assert.d.ts"
import { assert, assertEquals } from "@std/assert";
// @ts-types="#types/std_path.d.ts"
import { dirname, join } from "@std/path";
import { checkLayers } from "./check_layers.ts";
import { copyProject, PROJECT } from "./project_copy.ts";

/** One forbidden import per line of the table in this file: where it is planted, what it says, what is found. */
const PLANTED: readonly (readonly [file: string, text: string, found: string])[] = [
  [
    "src/engine/planted_server.ts",
    'import "../server/problem.ts";',
    "(engine) must not import src/server/problem.ts (server)",
  ],
  [
    "src/engine/planted_port.ts",
    'import type { Clock } from "../runtime/ports/clock.ts";\nexport type C = Clock;',
    "(engine) must not import src/runtime/ports/clock.ts (ports)",
  ],
  ["src/engine/planted_std.ts", 'import "@std/path";', "(engine) must not import npm:"],
  ["src/engine/planted_node.ts", 'import "node:fs";', "(engine) must not import node:fs"],
  [
    "src/simulator/planted_log.ts",
    'import "../telemetry/log.ts";',
    "(simulated chain) must not import src/telemetry/log.ts (telemetry)",
  ],
  [
    "src/simulator/planted_socket.ts",
    'import "./rpc_server.ts";',
    "(simulated chain) must not import src/simulator/rpc_server.ts (simulator)",
  ],
  [
    "src/the_block/planted_server.ts",
    'import "../server/problem.ts";',
    "(the_block) must not import src/server/problem.ts (server)",
  ],
  [
    "src/the_block/planted_runtime.ts",
    'import "../runtime/clock.ts";',
    "(the_block) must not import src/runtime/clock.ts (runtime)",
  ],
  [
    "src/store/planted_node.ts",
    'import "../the_block/errors.ts";',
    "(store) must not import src/the_block/errors.ts (the_block)",
  ],
  [
    "src/the_block/planted_store.ts",
    'import "../store/local_key.ts";',
    "(the_block) must not import src/store/local_key.ts (store)",
  ],
  [
    "src/runtime/planted_node.ts",
    'export const load = () => import("../the_block/errors.ts");',
    "(runtime) must not import src/the_block/errors.ts (the_block)",
  ],
  [
    "src/server/planted_simulator.ts",
    'import type { Dialect } from "../simulator/scenario.ts";\nexport type D = Dialect;',
    "(server) must not import src/simulator/scenario.ts (simulated chain)",
  ],
  [
    "src/server/planted_app.ts",
    'export { VERSION } from "../app.ts";',
    "(server) must not import src/app.ts (app)",
  ],
  [
    "src/telemetry/planted_value.ts",
    'import { MARKETS } from "../engine/market.ts";\nexport const n = MARKETS.length;',
    "(telemetry) must not import src/engine/market.ts (engine) but for its types",
  ],
  [
    "src/runtime/planted_test_code.ts",
    'import "../../scripts/project_copy.ts";',
    "(runtime) must not import scripts/project_copy.ts, which is no part of the program",
  ],
  [
    "src/cli/planted_remote.ts",
    'import "https://127.0.0.1:1/code.ts";',
    "(cli) must not import https://127.0.0.1:1/code.ts",
  ],
  [
    "web/planted_value.ts",
    'import * as wire from "../src/server/wire.ts";\nexport { wire };',
    "(web) must not import src/server/wire.ts (server) but for its types",
  ],
  [
    "web/planted_types.ts",
    'import type { Hub } from "../src/server/hub.ts";\nexport type H = Hub;',
    "(web) must not import src/server/hub.ts (server)",
  ],
  ["web/planted_std.ts", 'import "@std/path";', "(web) must not import npm:"],
  ["src/cellar/planted.ts", "export const a = 1;\n" + 'import "../config.ts";', "belongs to no room"],
];

/** Imports that look like the planted ones and are allowed, and one that leads nowhere. */
const ALLOWED: readonly (readonly [file: string, text: string])[] = [
  [
    "src/telemetry/allowed_type.ts",
    'import type { Market } from "../engine/market.ts";\nexport type M = Market;',
  ],
  ["web/allowed_type.ts", 'import type { Health } from "../src/server/wire.ts";\nexport type H = Health;'],
  ["src/simulator/allowed.ts", 'import "../engine/market.ts";'],
  ["src/server/allowed.ts", 'import "../runtime/clock.ts";\nimport "node:zlib";\nimport "@std/path";'],
  ["src/server/hole.ts", 'import "./no_such_file.ts";'],
  ["src/engine/allowed_test.ts", 'import "../server/problem.ts";'],
];

Deno.test("checkLayers() finds nothing to object to in the project", async () => {
  const { files, imports, violations } = await checkLayers(PROJECT);
  assertEquals(violations, []);
  assert(files > 100 && imports > 400, `only ${files} files and ${imports} imports were seen`);
});

Deno.test("checkLayers() finds every planted violation, also in files that nothing imports", async () => {
  const { root, remove } = await copyProject();
  try {
    const before = new Set((await checkLayers(root)).violations);
    for (const [file, text] of [...PLANTED, ...ALLOWED]) {
      await Deno.mkdir(dirname(join(root, file)), { recursive: true });
      await Deno.writeTextFile(join(root, file), `${text}\n`);
    }
    const violations = (await checkLayers(root)).violations.filter((text) => !before.has(text));
    for (const [file, , found] of PLANTED) {
      const hits = violations.filter((text) => text.startsWith(file) && text.includes(found));
      assertEquals(hits.length, 1, `${file}: wanted "${found}" in\n${violations.join("\n")}`);
    }
    const others = violations.filter((text) => !PLANTED.some(([file]) => text.startsWith(file)));
    assertEquals(others.map((text) => text.split(":")[0]), ["src/server/no_such_file.ts cannot be loaded"]);
  } finally {
    await remove();
  }
});
