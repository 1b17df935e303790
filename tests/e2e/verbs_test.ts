// @ts-types="#types/std_assert.d.ts"
import { assert, assertEquals, assertMatch, assertStringIncludes } from "@std/assert";
// @ts-types="#types/std_path.d.ts"
import { join } from "@std/path";
import { PROJECT } from "../../scripts/project_copy.ts";
import { Child, freePort, getJson, type Json, runDeno, withChild } from "./harness.ts";

const MAIN = ["run", "-A", "main.ts"];

/** Runs a test in a scratch folder for data and files. */
async function inFolder(test: (folder: string) => Promise<void>): Promise<void> {
  const folder = await Deno.makeTempDir({ prefix: "bb verbs " });
  try {
    await test(folder);
  } finally {
    await Deno.remove(folder, { recursive: true });
  }
}

function verb(args: readonly string[], env: Readonly<Record<string, string>> = {}) {
  return runDeno([...MAIN, ...args], { cwd: PROJECT, env });
}

Deno.test("main.ts simulator is a node, and main.ts doctor finds it and lists what it offers", async () => {
  await inFolder(async (folder) => {
    for (const dialect of ["readme", "live"]) {
      const args = [...MAIN, "simulator", "--port", "0", "--dialect", dialect, "--seed", "7"];
      await withChild(args, { cwd: PROJECT }, async (node) => {
        const { url, websocket } = await node.event("simulator.listening") as {
          url: string;
          websocket: string;
        };
        assertMatch(websocket, /^ws:\/\/127\.0\.0\.1:\d+\/ws$/);
        const answer = await fetch(url, {
          method: "POST",
          body: JSON.stringify({ jsonrpc: "2.0", id: 1, method: "simulator.info", params: {} }),
        });
        const { result } = await answer.json() as { result: Json };
        assertEquals([result.seed, result.dialect], [7, dialect]);
        const { code, out } = await verb(["doctor", "--port", "0", "--data-dir", folder], {
          TB_RPC_URL: url,
        });
        assertEquals(code, 0, out);
        assertMatch(out, /^data folder {2}ok: /m);
        assertMatch(out, /^port {9}ok: 127\.0\.0\.1:0 is free$/m);
        assertMatch(
          out,
          new RegExp(`^node {9}ok: ${url} answers \\(dialect ${dialect}, SIMULATED, height \\d+\\)$`, "m"),
        );
        assertMatch(out, /^ {2}✓ headers /m);
        if (dialect === "live") assertMatch(out, /^ {2}– finality .*method not found/m);
        assertMatch(out, /^permissions {2}--no-prompt /m);
        assertEquals((await node.stop()).code, 0);
      });
    }
  });
});

Deno.test("main.ts doctor without a node says so, looks where a node listens by default, and ends with 1", async () => {
  await inFolder(async (folder) => {
    const env = { TB_RPC_URL: `http://127.0.0.1:${freePort()}` };
    const { code, out } = await verb(["doctor", "--port", "0", "--data-dir", folder], env);
    assertEquals(code, 1);
    assertStringIncludes(out, `PROBLEM: ${env.TB_RPC_URL} does not answer`);
    assertStringIncludes(out, "trying http://127.0.0.1:3030, where a node of The Block listens by default");
    const next = /TB_RPC_URL=http:\/\/127\.0\.0\.1:3030 deno task start|deno task start --simulate/;
    assertMatch(out, next, "it says what to do next");
  });
});

Deno.test("main.ts doctor names a port that is taken and a folder that cannot be written", async () => {
  await inFolder(async (folder) => {
    const taken = Deno.listen({ hostname: "127.0.0.1", port: 0 });
    const file = join(folder, "a file");
    await Deno.writeTextFile(file, "");
    try {
      const port = String(taken.addr.port);
      const env = { TB_RPC_URL: `http://127.0.0.1:${freePort()}` };
      const { code, out } = await verb(["doctor", "--port", port, "--data-dir", join(file, "data")], env);
      assertEquals(code, 1);
      assertStringIncludes(out, `PROBLEM: cannot listen on 127.0.0.1:${port}`);
      assertStringIncludes(out, "cannot be written");
    } finally {
      taken.close();
    }
  });
});

Deno.test("main.ts check-config shows what file, environment and flags come to, and keeps secrets", async () => {
  await inFolder(async (folder) => {
    const path = join(folder, "my settings.toml");
    await Deno.writeTextFile(path, "[rpc]\ntimeout = 9\n[markets]\nad_enabled = false\n");
    const env = { BB_API_KEY: "a-secret-key-of-mine", TB_RPC_AUTH_TOKEN: "a-secret-token" };
    const { code, out, err } = await verb(["check-config", "--config", path, "--port", "81"], env);
    assertEquals(code, 0, err);
    const shown = JSON.parse(out) as Record<string, Json>;
    assertEquals([shown.rpc!.timeoutMs, shown.server!.port, shown.enabled!.ad], [9_000, 81, false]);
    assertEquals([shown.auth!.apiKey, shown.rpc!.authToken], ["•••", "•••"]);
    assert(!`${out}${err}`.includes("a-secret"));
    await Deno.writeTextFile(path, "[rpc]\ntimeout = 0\nhost = 1\n");
    const wrong = await verb(["check-config", "--config", path]);
    assertEquals([wrong.code, wrong.out], [2, ""]);
    assertStringIncludes(wrong.err, `(${path})`);
    assertStringIncludes(wrong.err, 'unknown key "rpc.host"');
  });
});

Deno.test("main.ts version, help and schema answer without a configuration", async () => {
  const { version } = JSON.parse(await Deno.readTextFile(join(PROJECT, "deno.json")));
  const env = { SERVER_PORT: "nonsense" };
  const answers = await Promise.all([verb(["version"], env), verb(["help"], env), verb(["schema"], env)]);
  assertEquals(answers.map(({ code }) => code), [0, 0, 0]);
  assertStringIncludes(answers[0]!.out, `block-buster ${version} (deno `);
  assertStringIncludes(answers[1]!.out, "main.ts [VERB] [FLAGS]");
  assertEquals(JSON.parse(answers[2]!.out).info.version, version);
});

Deno.test("main.ts refuses to be reachable by others without a key, and serves them with one", async () => {
  await inFolder(async (folder) => {
    const args = ["start", "--simulate", "--host", "0.0.0.0", "--port", "0", "--data-dir", folder];
    const refused = await verb(args);
    assertEquals(refused.code, 2);
    assertStringIncludes(refused.err, "set BB_API_KEY, or add a key with its SHA-256 under [auth] keys");
    const env = { BB_API_KEY: "an-operators-key-0123" };
    await withChild([...MAIN, ...args], { cwd: PROJECT, env }, async (program) => {
      const { url } = await program.event("server.listening") as { url: string };
      await program.event("server.ready");
      const local = url.replace("0.0.0.0", "127.0.0.1");
      assertEquals((await getJson(`${local}/theblock/health`)).status, 401);
      const health = await getJson(`${local}/theblock/health`, { "x-api-key": env.BB_API_KEY });
      assertEquals(health.sync_status, "synced");
      assertEquals((await getJson(`${local}/health`)).status, "ok");
      assertEquals((await program.stop()).code, 0);
    });
  });
});

Deno.test("main.ts simulator ends with 1 when its port is taken, and says which", async () => {
  const taken = Deno.listen({ hostname: "127.0.0.1", port: 0 });
  try {
    const { port } = taken.addr;
    const node = new Child([...MAIN, "simulator", "--port", String(port)], { cwd: PROJECT });
    assertEquals((await node.ended()).code, 1);
    assertEquals(node.events("simulator.port_taken")[0]?.port, port);
  } finally {
    taken.close();
  }
});

Deno.test("main.ts ends with 1 and one line when the machine refuses", async () => {
  await inFolder(async (folder) => {
    await Deno.writeTextFile(join(folder, "api.key"), "damaged");
    const { code, err } = await verb(["start", "--simulate", "--port", "0", "--data-dir", folder]);
    assertEquals(code, 1);
    assertMatch(err.trim(), /^InvalidData: Cannot use .*api\.key: it does not hold a key; delete it$/);
  });
});
