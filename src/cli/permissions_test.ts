// @ts-types="#types/std_assert.d.ts"
import { assert, assertEquals } from "@std/assert";
import denoJson from "../../deno.json" with { type: "json" };
import { ENVIRONMENT, loadConfig } from "../config.ts";
import { permissionFlags } from "./permissions.ts";

const FOLDERS = { web: "./web", sources: "./src", dataDir: "./var", files: [] };

/** The part of a task's command between `deno run` and `main.ts`. */
function flagsOf(command: string): readonly string[] {
  const [, flags] = /^deno run (.*) main\.ts start$/.exec(command) ?? [];
  assert(flags !== undefined, command);
  return flags.split(" ");
}

function netOf(env: Record<string, string>): readonly string[] {
  const config = loadConfig({ env: { BB_API_KEY: "k".repeat(16), ...env } });
  const flag = permissionFlags(config, FOLDERS).find((text) => text.startsWith("--allow-net="))!;
  return flag.slice("--allow-net=".length).split(",");
}

Deno.test("permissionFlags() of the default configuration are those of the task start:locked", () => {
  const config = loadConfig();
  const flags = permissionFlags(config, { ...FOLDERS, dataDir: config.store.dataDir });
  assertEquals(flagsOf(denoJson.tasks["start:locked"].command), flags);
});

Deno.test("the task start lets the configuration decide about hosts and folders, and names the environment", () => {
  assertEquals(flagsOf(denoJson.tasks.start.command), [
    "--no-prompt",
    "--allow-net",
    "--allow-read",
    "--allow-write",
    `--allow-env=${ENVIRONMENT.join(",")}`,
  ]);
});

Deno.test("permissionFlags() name every host once, with its port", () => {
  assertEquals(netOf({}), ["127.0.0.1", "localhost:8332"]);
  assertEquals(netOf({ TB_RPC_URL: "http://127.0.0.1:3030", TB_WS_URL: "ws://127.0.0.1:3030/ws" }), [
    "127.0.0.1",
  ]);
  assertEquals(netOf({ TB_RPC_URL: "https://node.example", TB_WS_URL: "wss://node.example/ws" }), [
    "127.0.0.1",
    "node.example:443",
  ]);
  assertEquals(netOf({ TB_RPC_URL: "http://node.example", TB_WS_URL: "ws://other.example:81" }), [
    "127.0.0.1",
    "node.example:80",
    "other.example:81",
  ]);
  assertEquals(netOf({ SERVER_HOST: "0.0.0.0", SERVER_PORT: "9000" }), [
    "127.0.0.1",
    "0.0.0.0:9000",
    "localhost:8332",
  ]);
  assertEquals(netOf({ SERVER_HOST: "::", TB_RPC_URL: "http://[::1]:3030" })[1], "[::]:8000");
  assertEquals(netOf({ SERVER_HOST: "localhost", SERVER_PORT: "0" })[1], "localhost");
});

Deno.test("permissionFlags() let the program write its data folder only, and read that, the page, the sources and named files", () => {
  const flags = permissionFlags(loadConfig(), {
    web: "/app/web",
    sources: "/app/src",
    dataDir: "/data",
    files: ["/etc/bb.toml"],
  });
  assertEquals(flags.filter((flag) => /read|write/.test(flag)), [
    "--allow-read=/app/web,/app/src,/data,/etc/bb.toml",
    "--allow-write=/data",
  ]);
  assert(!flags.some((flag) => /run|ffi|sys|import|all$/.test(flag)));
});

Deno.test("permissionFlags() let the program read the key file, and not write it", () => {
  const config = loadConfig({ env: { TB_KEY_FILE: "/keys/a.pem" } });
  const flags = permissionFlags(config, {
    web: "/app/web",
    sources: "/app/src",
    dataDir: "/data",
    files: [],
  });
  const flag = (name: string) => flags.find((text) => text.startsWith(`--allow-${name}=`));
  assertEquals([flag("read"), flag("write")], [
    "--allow-read=/app/web,/app/src,/data,/keys/a.pem",
    "--allow-write=/data",
  ]);
});

Deno.test("permissionFlags() let the program read the files of agents, and not write them", () => {
  const text = '[trading]\nagents = ["mine.ts", "/agents/other.js"]';
  const flags = permissionFlags(loadConfig({ file: { path: "bb.toml", text } }), FOLDERS);
  assertEquals(flags.filter((flag) => /read|write/.test(flag)), [
    "--allow-read=./web,./src,./var,mine.ts,/agents/other.js",
    "--allow-write=./var",
  ]);
});
