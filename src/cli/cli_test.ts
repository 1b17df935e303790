// @ts-types="#types/std_assert.d.ts"
import { assertEquals, assertMatch, assertStringIncludes } from "@std/assert";
import { REASON_CODES } from "../engine/reason.ts";
import { TOPICS } from "../engine/topic.ts";
import { run, VERBS } from "./cli.ts";
import { EXIT } from "./verb.ts";

interface Outcome {
  readonly code: number;
  readonly out: string;
  readonly err: string;
}

/** Runs the command line in this process and keeps what it writes. */
async function cli(...args: string[]): Promise<Outcome> {
  const written = { out: "", err: "" };
  const decoder = new TextDecoder();
  const real = { out: Deno.stdout.writeSync, err: Deno.stderr.writeSync };
  const into = (where: "out" | "err") => (bytes: Uint8Array) => {
    written[where] += decoder.decode(bytes);
    return bytes.length;
  };
  Deno.stdout.writeSync = into("out");
  Deno.stderr.writeSync = into("err");
  try {
    return { code: await run(args), ...written };
  } finally {
    Deno.stdout.writeSync = real.out;
    Deno.stderr.writeSync = real.err;
  }
}

Deno.test("run() lists every verb in its help", async () => {
  for (const word of ["help", "--help", "-h"]) {
    const { code, out, err } = await cli(word);
    assertEquals([code, err], [EXIT.ok, ""]);
    for (const { name, summary } of VERBS) assertMatch(out, new RegExp(`^  ${name} +`, "m"), summary);
  }
});

Deno.test("run() lists the flags of a verb in the help of that verb, without running it", async () => {
  for (const verb of VERBS) {
    const { code, out } = await cli(verb.name, "--help");
    assertEquals(code, EXIT.ok);
    assertStringIncludes(out, `main.ts ${verb.name}`);
    for (const { name, meaning } of verb.flags) {
      assertStringIncludes(out, `--${name}`);
      assertStringIncludes(out, meaning);
    }
  }
  assertStringIncludes((await cli("--help")).out, "main.ts [VERB] [FLAGS]");
});

Deno.test("run() names the verbs when it is given another", async () => {
  const { code, out, err } = await cli("strat");
  assertEquals([code, out], [EXIT.usage, ""]);
  assertStringIncludes(err, 'there is no verb "strat"');
  for (const { name } of VERBS) assertStringIncludes(err, name);
  assertStringIncludes(err, 'See "main.ts help"');
});

Deno.test("run() refuses unknown flags of every verb, the default one included", async () => {
  for (const args of [...VERBS.map(({ name }) => [name]), []]) {
    const { code, out, err } = await cli(...args, "--bogus");
    assertEquals([code, out], [EXIT.usage, ""], args.join(" "));
    assertStringIncludes(err, "--bogus");
  }
  for (const { name } of VERBS) assertEquals((await cli(name, "a", "b", "c")).code, EXIT.usage, name);
});

Deno.test("run() refuses wrong values of chain flags, and chain flags without a chain", async () => {
  const cases: readonly [string[], string][] = [
    [["start", "--simulate", "--speed", "0"], "--speed must be a number within 0.01..1000"],
    [["start", "--simulate", "--seed", "1.5"], "--seed must be an integer"],
    [["start", "--simulate", "--scenario", "storm"], "--scenario must be one of calm"],
    [["start", "--simulate", "--dialect", "old"], "--dialect must be one of readme, live"],
    [["start", "--seed", "1"], "--seed only means something together with --simulate"],
    [["simulator", "--port", "70000"], "--port must be an integer within 0..65535"],
    [["simulator", "--blocks", "0"], "--blocks must be an integer"],
  ];
  for (const [args, wanted] of cases) {
    const { code, err } = await cli(...args);
    assertEquals(code, EXIT.usage, args.join(" "));
    assertStringIncludes(err, wanted);
  }
});

Deno.test("run() ends with 2 and all problems when the configuration is wrong", async () => {
  for (const verb of ["start", "check-config", "doctor"]) {
    const { code, err } = await cli(verb, "--port", "x", "--log-level", "loud", "--host", "0.0.0.0");
    assertEquals(code, EXIT.usage, verb);
    for (const part of ["server.port", "--port", "log.level", "--log-level", "BB_API_KEY"]) {
      assertStringIncludes(err, part);
    }
  }
  const missing = await cli("check-config", "--config", "/nowhere/at/all.toml");
  assertEquals(missing.code, EXIT.usage);
  assertStringIncludes(missing.err, "/nowhere/at/all.toml cannot be read");
});

Deno.test("run() check-config shows the configuration without its secrets", async () => {
  const path = await Deno.makeTempFile({ suffix: ".toml" });
  const digest = "ab".repeat(32);
  await Deno.writeTextFile(
    path,
    `[rpc]\ntimeout = 7\n[[auth.keys]]\nname = "g"\nscopes = ["read"]\nsha256 = "${digest}"\n`,
  );
  const { code, out } = await cli("check-config", "--config", path, "--port", "0").finally(() =>
    Deno.remove(path)
  );
  assertEquals(code, EXIT.ok);
  const shown = JSON.parse(out);
  assertEquals([shown.rpc.timeoutMs, shown.server.port], [7_000, 0]);
  assertEquals(shown.auth.keys, [{ name: "g", scopes: ["read"] }]);
  assertEquals(out.includes(digest), false);
});

Deno.test("run() version names the program, its version and the runtime", async () => {
  const { code, out } = await cli("version");
  assertEquals(code, EXIT.ok);
  assertMatch(out, /^block-buster \d+\.\d+\.\d+ \(deno \d+\.\d+\.\d+, v8 [\d.\w-]+\)\n$/);
});

Deno.test("run() schema prints each table as JSON", async () => {
  const table = async (...args: string[]) => JSON.parse((await cli("schema", ...args)).out);
  assertEquals((await table()).openapi, "3.1.0");
  assertEquals(await table("topics"), JSON.parse(JSON.stringify(TOPICS)));
  assertEquals(await table("reasons"), JSON.parse(JSON.stringify(REASON_CODES)));
  assertEquals((await table("settings"))[0].key, "rpc.url");
  const { code, err } = await cli("schema", "toString");
  assertEquals(code, EXIT.usage);
  assertStringIncludes(err, 'there is no table "toString"');
});

Deno.test("run() doctor --flags prints the permissions of this configuration and nothing else", async () => {
  const { code, out } = await cli("doctor", "--flags", "--data-dir", "/srv/bb", "--port", "0");
  assertEquals(code, EXIT.ok);
  assertMatch(
    out,
    /^--no-prompt --allow-net=\S+ --allow-read=\.\/web,\.\/src,\/srv\/bb --allow-write=\/srv\/bb --allow-env=\S+\n$/,
  );
});
