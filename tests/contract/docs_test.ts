// @ts-types="#types/std_assert.d.ts"
import { assert, assertEquals, assertStringIncludes } from "@std/assert";
// @ts-types="#types/std_path.d.ts"
import { join } from "@std/path";
import { PROJECT } from "../../scripts/project_copy.ts";
import { documents } from "../../scripts/write_docs.ts";
import { routeTable } from "../../src/app.ts";
import { SETTINGS } from "../../src/config.ts";
import { REASON_CODES } from "../../src/engine/reason.ts";
import { TOPIC_NAMES } from "../../src/engine/topic.ts";

Deno.test("docs/API.md, docs/CONFIG.md and docs/FEATURES.md are what the tables say; deno task schema writes them", async () => {
  for (const [path, text] of Object.entries(await documents())) {
    assertEquals(
      await Deno.readTextFile(join(PROJECT, path)),
      text,
      `${path} is out of date: deno task schema`,
    );
  }
});

Deno.test("documents() name every route, query parameter, topic, reason code and setting", async () => {
  const { "docs/API.md": api, "docs/CONFIG.md": config } = await documents();
  for (const { method, path, query, summary } of routeTable()) {
    const row = api!.split("\n").find((line) =>
      line.startsWith(`| ${method} `) && line.includes(`\`${path.replace(/:(\w+)/g, "{$1}")}\``)
    );
    assert(row?.includes(summary), `${method} ${path}`);
    for (const name of Object.keys(query ?? {})) assertStringIncludes(api!, `\`${name}\``);
  }
  for (const name of [...TOPIC_NAMES, ...Object.keys(REASON_CODES)]) {
    assertStringIncludes(api!, `\`${name}\``);
  }
  for (const { key, env, flag } of SETTINGS) {
    assertStringIncludes(config!, `\`${key}\``);
    if (env) assertStringIncludes(config!, `\`${env}\``);
    if (flag) assertStringIncludes(config!, `\`--${flag}\``);
  }
});
