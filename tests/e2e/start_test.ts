/** The same suite for both tasks that start the program: one with open permissions, one with exact ones. */
// @ts-types="#types/std_assert.d.ts"
import { assert, assertEquals, assertMatch, assertStringIncludes } from "@std/assert";
// @ts-types="#types/std_path.d.ts"
import { join } from "@std/path";
import { copyProject } from "../../scripts/project_copy.ts";
import { type Endpoint, needsKey, runBacktest, samplePaths } from "../contract/paths.ts";
import {
  Child,
  freePort,
  getJson,
  type Json,
  runDeno,
  statusOf,
  STOP_MS,
  until,
  withChild,
} from "./harness.ts";

/** Asks every GET route and checks that it answers with 200. */
async function assertAllAnswer(url: string, key: string): Promise<void> {
  const { endpoints } = await getJson(url) as { endpoints: readonly Endpoint[] };
  await runBacktest(url, key);
  let asked = 0;
  for (const endpoint of endpoints) {
    if (endpoint.method !== "GET") continue;
    const headers: Record<string, string> = needsKey(endpoint) ? { "x-api-key": key } : {};
    for (
      const path of await samplePaths(endpoint, (path) => getJson(`${url}${path}`, { "x-api-key": key }))
    ) {
      assertEquals(await statusOf(`${url}${path}`, headers), 200, path);
      asked++;
    }
  }
  assert(asked > 20, `only ${asked} paths were asked for`);
}

/** The key that the program made in its data folder. */
async function localKeyOf(root: string): Promise<string> {
  const names = (await Array.fromAsync(Deno.readDir(join(root, "var")))).map(({ name }) => name);
  assert(names.includes("api.key"), `var holds ${names}`);
  return (await Deno.readTextFile(join(root, "var", "api.key"))).trim();
}

/** Runs steps in a clone of its own, so that the data folder of the default configuration is free. */
async function inClone(steps: (root: string) => Promise<void>): Promise<void> {
  const { root, remove } = await copyProject();
  try {
    await steps(root);
  } finally {
    await remove();
  }
}

function partialOf(body: Json): Readonly<Record<string, string>> {
  return (body._meta as { partial: Record<string, string> }).partial;
}

for (const task of ["start", "start:locked"]) {
  Deno.test(`deno task ${task} --simulate serves every route and ends with 0 on SIGTERM`, async () => {
    await inClone(async (root) => {
      await withChild(["task", task, "--simulate", "--port", "0"], { cwd: root }, async (program) => {
        const { url } = await program.event("server.listening") as { url: string };
        assertMatch(url, /^http:\/\/127\.0\.0\.1:\d+$/);
        await program.event("server.ready");
        assertEquals(program.events("simulated").length, 1, "it says that the data is simulated");
        await assertAllAnswer(url, await localKeyOf(root));
        const page = await fetch(url, { headers: { accept: "text/html" } });
        assertMatch(await page.text(), /^<!doctype html>/i);
        const health = await getJson(`${url}/theblock/health`);
        assertEquals((health._meta as Json).source, "simulated");
        const { code, err } = await program.stop();
        assertEquals(code, 0, err);
        assertEquals(program.events("server.stopped").length, 1);
      });
    });
  });

  Deno.test(`deno task ${task} ends with 1 when the port is taken, and says which`, async () => {
    await inClone(async (root) => {
      const taken = Deno.listen({ hostname: "127.0.0.1", port: 0 });
      const { port } = taken.addr;
      try {
        const program = new Child(["task", task, "--simulate", "--port", String(port)], { cwd: root });
        assertEquals((await program.ended()).code, 1);
        const [line] = program.events("server.port_taken");
        assertEquals([line?.level, line?.host, line?.port], ["error", "127.0.0.1", port]);
      } finally {
        taken.close();
      }
    });
  });

  Deno.test(`deno task ${task} ends with 2 and every problem when the configuration is wrong`, async () => {
    await inClone(async (root) => {
      const env = { TB_RPC_URL: "nonsense", SERVER_PORT: "99999", LOG_LEVEL: "loud" };
      const { code, err } = await runDeno(["task", task, "--host", "0.0.0.0"], { cwd: root, env });
      assertEquals(code, 2);
      for (
        const part of [
          "Cannot load the configuration: ",
          "rpc.url must be a URL",
          "(environment TB_RPC_URL)",
          "server.port must be an integer within 0..65535, found 99999 (environment SERVER_PORT)",
          "log.level must be one of",
          "server.host is 0.0.0.0, which others can reach",
          "BB_API_KEY",
        ]
      ) assertStringIncludes(err, part);
    });
  });

  Deno.test(`deno task ${task} starts without a node, finds it when it comes, and marks its data when it goes`, async () => {
    await inClone(async (root) => {
      const port = freePort();
      const node = ["run", "-A", "main.ts", "simulator", "--port", String(port)];
      const env = {
        TB_RPC_URL: `http://127.0.0.1:${port}`,
        TB_WS_URL: `ws://127.0.0.1:${port}/ws`,
        SERVER_PORT: "0",
      };
      await withChild(["task", task], { cwd: root, env }, async (program) => {
        const { url } = await program.event("server.listening") as { url: string };
        await program.event("server.ready");
        const health = () => getJson(`${url}/theblock/health`);
        const cold = await health();
        assertEquals([cold.sync_status, cold.node_up, cold.block_height], ["unreachable", false, null]);
        assertMatch(partialOf(cold).block_height!, /^NODE_DOWN: /);
        await assertAllAnswer(url, await localKeyOf(root));
        await withChild(node, { cwd: root }, async (simulator) => {
          await simulator.event("simulator.listening");
          await until("the node is found and read", async () => {
            const { sync_status, block_height } = await health();
            return sync_status === "synced" && (block_height as number) >= 299;
          });
          const warm = await health();
          assertEquals((warm._meta as Json).stale, false);
          assertEquals(
            (warm._meta as Json).source,
            "simulated",
            "a simulated node is never taken for a real one",
          );
          assertEquals((await simulator.stop()).code, 0);
        });
        await until("its data is stale", async () => ((await health())._meta as Json).stale === true);
        await until("it is unreachable", async () => (await health()).sync_status === "unreachable");
        const gone = await health();
        assert((gone.block_height as number) >= 299, "the last known height stays, marked");
        assertEquals((await program.stop()).code, 0);
      });
    });
  });
}

Deno.test("deno task start:locked names the way to the right permissions when they do not suffice", async () => {
  await inClone(async (root) => {
    const env = { SERVER_HOST: "127.0.0.2", SERVER_PORT: "0" };
    const { code, err } = await runDeno(["task", "start:locked", "--simulate"], { cwd: root, env });
    assertEquals(code, 1);
    assertStringIncludes(err, "127.0.0.2");
    assertStringIncludes(err, "--allow-net");
    assertStringIncludes(err, 'Run "main.ts doctor --flags"');
    const flags = await runDeno(["run", "-A", "main.ts", "doctor", "--flags"], { cwd: root, env });
    const args = ["run", ...flags.out.trim().split(" "), "main.ts", "start", "--simulate"];
    await withChild(args, { cwd: root, env }, async (program) => {
      await program.event("server.ready");
      assertEquals((await program.stop()).code, 0);
    });
  });
});

Deno.test("main.ts start ends with 0 on SIGINT too, and says which signal it was", async () => {
  await inClone(async (root) => {
    await withChild(
      ["run", "-A", "main.ts", "start", "--simulate", "--port", "0"],
      { cwd: root },
      async (program) => {
        await program.event("server.ready");
        program.kill("SIGINT");
        assertEquals((await program.ended(STOP_MS)).code, 0);
        assertEquals(program.events("server.stopping")[0]?.signal, "SIGINT");
      },
    );
  });
});
