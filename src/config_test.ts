// @ts-types="#types/std_toml_parse.d.ts"
import { parse as parseToml } from "@std/toml/parse";
// @ts-types="#types/std_assert.d.ts"
import { assert, assertEquals, assertNotMatch, assertStringIncludes, assertThrows } from "@std/assert";
import {
  type Config,
  ConfigError,
  type ConfigSources,
  ENVIRONMENT,
  isLoopback,
  loadConfig,
  type Setting,
  SETTINGS,
  settingsTable,
} from "./config.ts";

const FILE_SETTINGS = SETTINGS.filter(({ environmentOnly }) => !environmentOnly);
const SHA = "0123456789abcdef".repeat(4);

/** TOML text of one setting. */
function toml(key: string, value: unknown): string {
  const parts = key.split(".");
  const name = parts.pop()!;
  return `[${parts.join(".")}]\n${name} = ${tomlValue(value)}\n`;
}

function tomlValue(value: unknown): string {
  if (value instanceof Date) return value.toISOString();
  if (Array.isArray(value)) return `[${value.map(tomlValue).join(", ")}]`;
  if (typeof value === "object" && value !== null) {
    return `{ ${Object.entries(value).map(([key, item]) => `${key} = ${tomlValue(item)}`).join(", ")} }`;
  }
  return typeof value === "number" && !Number.isFinite(value)
    ? String(value).replace("NaN", "nan").replace("Infinity", "inf")
    : JSON.stringify(value);
}

function fromFile(text: string, more: Omit<ConfigSources, "file"> = {}): Config {
  return loadConfig({ file: { path: "my.toml", text }, ...more });
}

function problemsOf(sources: ConfigSources): readonly string[] {
  return assertThrows(() => loadConfig(sources), ConfigError).problems;
}

/** Values of the wrong type or form for a setting. */
function wrongValues({ type, form }: Setting): readonly unknown[] {
  switch (type) {
    case "integer":
      return ["5", true, [1], 1.5, NaN, Infinity, -Infinity, new Date(0)];
    case "number":
      return ["5", true, [1], NaN, Infinity];
    case "boolean":
      return ["true", 1, "auto", []];
    case "switch":
      return ["yes", 1, []];
    case "choice":
      return ["verbose", 1, true, "INFO", ""];
    case "texts":
      return ["one", 1, [1], [""], ["x".repeat(257)], [["nested"]]];
    case "start":
      return ["head", -1, 1.5, true, "12"];
    case "keys":
      return [
        "key",
        ["key"],
        [{ name: "a", scopes: ["read"] }],
        [{ name: "a", scopes: ["root"], sha256: SHA }],
        [{ name: "a", scopes: [], sha256: SHA }],
        [{ name: "", scopes: ["read"], sha256: SHA }],
        [{ name: "a", scopes: ["read"], sha256: SHA.slice(1) }],
        [{ name: "a", scopes: ["read"], sha256: SHA, key: "plain" }],
        [{ name: "a", scopes: ["read"], sha256: SHA }, { name: "a", scopes: ["read"], sha256: SHA }],
      ];
    case "text":
      return [1, true, ["a"], ...(form === undefined ? [] : wrongUrls(form))];
  }
}

function wrongUrls(form: NonNullable<Setting["form"]>): readonly string[] {
  const scheme = form === "ws url" ? "ws" : "http";
  const other = form === "ws url" ? "http" : "ws";
  return [
    "localhost:8332",
    `${other}://localhost:8332`,
    `${scheme}://user:secret@localhost:8332`,
    "not a url",
    "file:///etc/passwd",
    ...(form === "optional http url" ? [] : [""]),
  ];
}

Deno.test("config/default.toml holds exactly the table's settings with the table's defaults", async () => {
  const text = await Deno.readTextFile(new URL("../config/default.toml", import.meta.url));
  const found: Record<string, unknown> = {};
  const walk = (table: Record<string, unknown>, prefix: string) => {
    for (const [name, value] of Object.entries(table)) {
      const isTable = typeof value === "object" && value !== null && !Array.isArray(value);
      if (isTable) walk(value as Record<string, unknown>, `${prefix}${name}.`);
      else found[`${prefix}${name}`] = value;
    }
  };
  walk(parseToml(text), "");
  assertEquals(found, Object.fromEntries(FILE_SETTINGS.map((setting) => [setting.key, setting.default])));
  assertEquals(Object.keys(found), FILE_SETTINGS.map(({ key }) => key), "in the same order");
  for (const { env, environmentOnly } of SETTINGS) {
    if (env && !/^(COMMIT_SHA|SCHEMA_HASH)$/.test(env)) {
      assertStringIncludes(text, env, `the comments name ${env} (environment only: ${environmentOnly})`);
    }
  }
});

Deno.test("loadConfig() without sources gives the defaults in the program's units", () => {
  const config = loadConfig();
  assertEquals(config.rpc, {
    url: "http://localhost:8332",
    timeoutMs: 5_000,
    requestsPerSecond: 20,
    energyRequestsPerSecond: 4,
    banMs: 60_000,
    authToken: null,
  });
  assertEquals(config.websocket, { url: "ws://localhost:8332/ws", reconnectMs: 5_000, attemptsMax: 0 });
  assertEquals([config.server.host, config.server.port], ["127.0.0.1", 8_000]);
  assertEquals(config.server.allowedOrigins, ["http://localhost:4173"]);
  assertEquals(config.auth, { protectReads: false, keys: [], apiKey: null });
  assertEquals(config.enabled, { compute: true, storage: true, energy: true, ad: true });
  assertEquals([config.ingest.start, config.ingest.startSet], ["tip", false]);
  assertEquals([config.store.dataDir, config.log.level], ["var", "info"]);
  assertEquals(config.build, { commit: null, schemaHash: null });
});

Deno.test("loadConfig() accepts the default and both ends of every range", () => {
  for (const setting of FILE_SETTINGS) {
    for (const value of [setting.default, setting.min, setting.max, ...(setting.words ?? [])]) {
      if (value !== undefined) fromFile(toml(setting.key, value));
    }
  }
});

Deno.test("loadConfig() refuses wrong types and forms of every key, naming key, file and what is wanted", () => {
  for (const setting of FILE_SETTINGS) {
    for (const value of wrongValues(setting)) {
      const problems = problemsOf({ file: { path: "my.toml", text: toml(setting.key, value) } });
      assertEquals(problems.length, 1, `${setting.key} = ${value}: ${problems}`);
      assert(problems[0]!.startsWith(`${setting.key} must `), problems[0]!);
      assert(problems[0]!.endsWith("(my.toml)"), problems[0]!);
      assertStringIncludes(problems[0]!, ", found ");
    }
  }
});

Deno.test("loadConfig() refuses numbers outside the range of every key and names the range", () => {
  let tried = 0;
  for (const { key, type, min, max } of FILE_SETTINGS) {
    if (min === undefined || max === undefined) continue;
    const step = type === "integer" ? 1 : 0.001;
    for (const value of [min - step, max + step, -1e300, 1e300]) {
      const problems = problemsOf({ file: { path: "my.toml", text: toml(key, value) } });
      assertEquals(problems.length, 1);
      assertStringIncludes(problems[0]!, `${key} must be a`);
      assertStringIncludes(problems[0]!, `within ${min}..${max}`);
      tried++;
    }
  }
  assert(tried >= 40, `only ${tried} values were tried`);
});

Deno.test("loadConfig() refuses unknown keys and says what was probably meant", () => {
  const problem = (text: string) => problemsOf({ file: { path: "my.toml", text } });
  assertEquals(problem("[rpc]\ntimeuot = 5\n"), [
    'unknown key "rpc.timeuot" in my.toml (did you mean rpc.timeout?)',
  ]);
  assertEquals(problem("port = 5\n"), ['unknown key "port" in my.toml (did you mean server.port?)']);
  assertEquals(problem("[completely]\ndifferent = 1\n"), ['unknown key "completely.different" in my.toml']);
  for (const setting of FILE_SETTINGS) {
    const key = `${setting.key}_x`;
    assertEquals(problem(toml(key, setting.default)), [
      `unknown key "${key}" in my.toml (did you mean ${setting.key}?)`,
    ]);
  }
});

Deno.test("loadConfig() keeps secrets out of files and never shows them", () => {
  for (const { key, env, environmentOnly, secret } of SETTINGS) {
    if (!environmentOnly) continue;
    const problems = problemsOf({ file: { path: "my.toml", text: toml(key, "hunter2-hunter2-hunter2") } });
    assertEquals(problems, [`${key} may not stand in a file (my.toml): set ${env}`]);
    if (secret) {
      const config = loadConfig({ env: { [env!]: "hunter2-hunter2-hunter2" } });
      assertStringIncludes(JSON.stringify(config), "hunter2-hunter2-hunter2");
    }
  }
  const short = assertThrows(() => loadConfig({ env: { BB_API_KEY: "hunter2" } }), ConfigError);
  assertStringIncludes(short.message, "at least 16 characters");
  assertNotMatch(short.message, /hunter2/);
});

/** Three values that a setting may have, none of them its default, as text. */
function threeValues(setting: Setting): readonly [string, string, string] {
  const { form, words, min, default: usual } = setting;
  if (words !== undefined) {
    return words.filter((word) => word !== usual).slice(0, 3) as [string, string, string];
  }
  if (min !== undefined) return [`${min + 1}`, `${min + 2}`, `${min + 3}`];
  if (form !== undefined) {
    const scheme = form === "ws url" ? "ws" : "http";
    return [`${scheme}://one.example:1`, `${scheme}://two.example:2`, `${scheme}://three.example:3`];
  }
  return ["127.0.0.2", "127.0.0.3", "127.0.0.4"];
}

Deno.test("loadConfig() takes the file over the defaults, the environment over the file, flags over all", () => {
  let tried = 0;
  for (const setting of FILE_SETTINGS) {
    const { key, env: name, flag } = setting;
    if (!name) {
      assertEquals(flag, undefined, `${key} has a flag and no environment variable`);
      continue;
    }
    const [one, two, three] = threeValues(setting);
    const text = toml(key, setting.min === undefined ? one : Number(one));
    const file = { path: "my.toml", text };
    const usual = loadConfig();
    const [fromText, fromEnv] = [loadConfig({ file }), loadConfig({ env: { [name]: two } })];
    assertEquals(new Set([usual, fromText, fromEnv].map((config) => JSON.stringify(config))).size, 3, key);
    assertEquals(loadConfig({ file, env: { [name]: two } }), fromEnv, key);
    assertEquals(loadConfig({ file, env: { [name]: "" } }), fromText, `${key}: an empty variable is not set`);
    if (flag) {
      const fromFlag = loadConfig({ flags: { [flag]: three } });
      assert(JSON.stringify(fromFlag) !== JSON.stringify(fromEnv), key);
      assertEquals(loadConfig({ file, env: { [name]: two }, flags: { [flag]: three } }), fromFlag, key);
    }
    tried++;
  }
  assert(tried >= 9, `only ${tried} settings were tried`);
});

Deno.test("loadConfig() reads the settings that only the environment has", () => {
  const config = loadConfig({
    env: { TB_RPC_AUTH_TOKEN: "t", BB_API_KEY: "k".repeat(16), COMMIT_SHA: "abc", SCHEMA_HASH: "def" },
  });
  assertEquals(config.rpc.authToken, "t");
  assertEquals(config.auth.apiKey, "k".repeat(16));
  assertEquals(config.build, { commit: "abc", schemaHash: "def" });
});

Deno.test("loadConfig() says in which variable or flag a wrong value stands", () => {
  assertEquals(problemsOf({ env: { SERVER_PORT: "http" } }), [
    'server.port must be an integer within 0..65535, found "http" (environment SERVER_PORT)',
  ]);
  assertEquals(problemsOf({ flags: { port: "70000" } }), [
    "server.port must be an integer within 0..65535, found 70000 (--port)",
  ]);
  assertEquals(problemsOf({ flags: { "log-level": "loud" } }), [
    'log.level must be one of debug, info, warn, error, found "loud" (--log-level)',
  ]);
});

Deno.test("loadConfig() reports everything that is wrong in one message", () => {
  const sources: ConfigSources = {
    file: { path: "my.toml", text: "[rpc]\ntimeout = 0\nurls = 1\n[markets]\nad_enabled = 1\n" },
    env: { TB_RPC_URL: "nonsense" },
    flags: { port: "-1", host: "0.0.0.0" },
  };
  const error = assertThrows(() => loadConfig(sources), ConfigError);
  assertEquals(error.problems.length, 6);
  for (
    const part of [
      "Cannot load the configuration: ",
      "rpc.timeout must be a number within 0.1..120 s, found 0 (my.toml)",
      'unknown key "rpc.urls" in my.toml (did you mean rpc.url?)',
      "markets.ad_enabled must be true or false, found 1 (my.toml)",
      'rpc.url must be a URL that begins with http:// or https://, found "nonsense" (environment TB_RPC_URL)',
      "server.port must be an integer within 0..65535, found -1 (--port)",
      "server.host is 0.0.0.0",
    ]
  ) assertStringIncludes(error.message, part);
});

Deno.test("loadConfig() says where a file stops to be TOML", () => {
  const [problem] = problemsOf({ file: { path: "my.toml", text: "[rpc\nurl = 5" } });
  assert(problem!.startsWith("my.toml is not TOML ("), problem);
  assertEquals(problem!.includes("\n"), false);
});

Deno.test("loadConfig() cuts long values in its messages", () => {
  const [problem] = problemsOf({ env: { TB_RPC_URL: `x${"y".repeat(10_000)}` } });
  assert(problem!.length < 300, String(problem!.length));
});

Deno.test("loadConfig() only exposes a server whose operator chose a key", () => {
  const key = "k".repeat(16);
  const keys = `[auth]\nkeys = [{ name = "a", scopes = ["read"], sha256 = "${SHA}" }]\n`;
  for (const host of ["0.0.0.0", "::", "192.168.1.5", "example.test", "128.0.0.1", ""]) {
    const [problem, ...more] = problemsOf({ flags: { host } });
    assertEquals(more, []);
    assertStringIncludes(problem!, "BB_API_KEY");
    assertStringIncludes(problem!, "[auth] keys");
    assertStringIncludes(problem!, "127.0.0.1");
    assertEquals(loadConfig({ flags: { host }, env: { BB_API_KEY: key } }).auth.protectReads, true);
    assertEquals(fromFile(keys, { flags: { host } }).server.host, host);
  }
  for (const host of ["127.0.0.1", "127.8.9.10", "localhost", "::1", "[::1]"]) {
    assertEquals(loadConfig({ flags: { host } }).auth.protectReads, false, host);
    assertEquals(isLoopback(host), true);
  }
});

Deno.test("loadConfig() protects reads when told to, and leaves them open when told to", () => {
  const env = { BB_API_KEY: "k".repeat(16) };
  assertEquals(fromFile("[auth]\nprotect_reads = true\n").auth.protectReads, true);
  const open = fromFile("[auth]\nprotect_reads = false\n", { env, flags: { host: "0.0.0.0" } });
  assertEquals(open.auth.protectReads, false);
});

Deno.test("loadConfig() reads keys with their digest in lower case", () => {
  const text =
    `[[auth.keys]]\nname = "grafana"\nscopes = ["read", "trade"]\nsha256 = "${SHA.toUpperCase()}"\n`;
  assertEquals(fromFile(text).auth.keys, [{ name: "grafana", scopes: ["read", "trade"], sha256: SHA }]);
});

Deno.test("loadConfig() knows whether the start of the ledger was set", () => {
  assertEquals(fromFile('[ingest]\nstart = "tip"\n').ingest.startSet, true);
  assertEquals(fromFile('[ingest]\nstart = "genesis"\n').ingest.start, "genesis");
  assertEquals(fromFile("[ingest]\nstart = 1200\n").ingest.start, 1_200);
});

Deno.test("ENVIRONMENT names every variable once", () => {
  assertEquals(new Set(ENVIRONMENT).size, ENVIRONMENT.length);
  for (const name of ENVIRONMENT) assert(/^[A-Z][A-Z_]+$/.test(name), name);
});

Deno.test("settingsTable() has one row per setting with its environment variable and flag", () => {
  const rows = settingsTable().split("\n").slice(2);
  assertEquals(rows.length, SETTINGS.length);
  for (const [i, { key, env, flag }] of SETTINGS.entries()) {
    assert(rows[i]!.startsWith(`| \`${key}\` |`), rows[i]);
    if (env) assertStringIncludes(rows[i]!, `\`${env}\``);
    if (flag) assertStringIncludes(rows[i]!, `\`--${flag}\``);
  }
});
