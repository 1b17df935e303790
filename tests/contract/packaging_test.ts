/**
 * There is no container engine where this runs, so the Dockerfile is taken at its word: its files are copied by its
 * rules into an empty folder, and its commands are run there.
 */
// @ts-types="#types/std_assert.d.ts"
import { assert, assertEquals, assertMatch, assertStringIncludes } from "@std/assert";
// @ts-types="#types/std_path.d.ts"
import { dirname, join, resolve, toFileUrl } from "@std/path";
import denoJson from "../../deno.json" with { type: "json" };
import { PROJECT } from "../../scripts/project_copy.ts";
import { VERBS } from "../../src/cli/cli.ts";
import { ENVIRONMENT } from "../../src/config.ts";
import { readWebSources, WebAssets } from "../../src/server/static.ts";
import { freePort, getJson, statusOf, STOP_MS } from "../e2e/harness.ts";
import { until } from "./harness.ts";

interface Instruction {
  readonly name: string;
  readonly text: string;
  /** Which FROM it belongs to, from 0; −1 before the first. */
  readonly stage: number;
}

async function instructions(): Promise<readonly Instruction[]> {
  const text = await Deno.readTextFile(join(PROJECT, "Dockerfile"));
  const lines = text.replace(/^#.*\n/gm, "").replace(/\\\n\s*/g, "").split("\n").filter((line) =>
    line.trim() !== ""
  );
  let stage = -1;
  return lines.map((line) => {
    const [, name, rest] = /^([A-Z]+)\s+(.*)$/.exec(line)!;
    if (name === "FROM") stage++;
    return { name: name!, text: rest!, stage };
  });
}

function allOf(list: readonly Instruction[], name: string): readonly string[] {
  return list.filter((instruction) => instruction.name === name).map(({ text }) => text);
}

/** Sources of a COPY out of the project, and where they go. */
function copiesOf(list: readonly Instruction[]): readonly { readonly from: string; readonly to: string }[] {
  return allOf(list, "COPY").filter((text) => !text.includes("--from=")).flatMap((text) => {
    const words = text.split(/\s+/).filter((word) => !word.startsWith("--"));
    const to = words.pop()!;
    return words.map((from) => ({ from, to: to.endsWith("/") ? join(to, from) : to }));
  });
}

/** Whether .dockerignore keeps a path out: the last pattern that fits decides. */
function ignores(patterns: readonly string[], path: string): boolean {
  const parts = path.split("/");
  const above = parts.map((_, i) => parts.slice(0, i + 1).join("/"));
  let ignored = false;
  for (const pattern of patterns) {
    const negated = pattern.startsWith("!");
    const source = pattern.replace(/^!/, "").replace(/[.+^$()]/g, "\\$&")
      .replace(/\*\*\/|\*/g, (star) => star === "*" ? "[^/]*" : "(?:.*/)?");
    if (above.some((prefix) => new RegExp(`^${source}$`).test(prefix))) ignored = !negated;
  }
  return ignored;
}

async function ignorePatterns(): Promise<readonly string[]> {
  const text = await Deno.readTextFile(join(PROJECT, ".dockerignore"));
  return text.split("\n").map((line) => line.trim()).filter((line) => line !== "" && !line.startsWith("#"));
}

/** Copies a file or folder of the project, leaving out what .dockerignore names. */
async function copyInto(root: string, from: string, to: string, patterns: readonly string[]): Promise<void> {
  if (ignores(patterns, from)) return;
  const { isFile } = await Deno.stat(join(PROJECT, from));
  if (isFile) {
    await Deno.mkdir(dirname(join(root, to)), { recursive: true });
    return await Deno.copyFile(join(PROJECT, from), join(root, to));
  }
  for await (const { name } of Deno.readDir(join(PROJECT, from))) {
    await copyInto(root, `${from}/${name}`, `${to}/${name}`, patterns);
  }
}

async function inImage(test: (app: string, data: string) => Promise<void>): Promise<void> {
  const folder = await Deno.makeTempDir({ prefix: "bb-image-" });
  try {
    const patterns = await ignorePatterns();
    for (const { from, to } of copiesOf(await instructions())) {
      await copyInto(join(folder, "app"), from, to, patterns);
    }
    await test(join(folder, "app"), join(folder, "data"));
  } finally {
    await Deno.remove(folder, { recursive: true });
  }
}

/** Environment in which `deno` is the one that runs this test. */
function environment(extra: Readonly<Record<string, string>>): Record<string, string> {
  return { PATH: `${dirname(Deno.execPath())}:${Deno.env.get("PATH")}`, NO_COLOR: "1", ...extra };
}

Deno.test("Dockerfile pins its base by a digest, in two stages, and does not run as root", async () => {
  const list = await instructions();
  const bases = allOf(list, "FROM");
  assertEquals(bases.length, 2);
  for (const base of bases) assertMatch(base, /^denoland\/deno:2\.9\.6@\$\{DENO_DIGEST[}:]/);
  const [digest, ...others] = allOf(list.filter(({ stage }) => stage === -1), "ARG");
  assertMatch(digest ?? "", /^DENO_DIGEST=sha256:[0-9a-f]{64}$/);
  assertEquals(others, []);
  const last = list.filter(({ stage }) => stage === 1);
  assertEquals(allOf(last, "USER"), ["deno"]);
  assert(last.findIndex(({ name }) => name === "USER") < last.findIndex(({ name }) => name === "ENTRYPOINT"));
  assertEquals(allOf(last, "EXPOSE"), ["8000"]);
  assertEquals(allOf(last, "VOLUME"), ["/data"]);
});

Deno.test("Dockerfile only sets variables that the program or Deno reads, build arguments among them", async () => {
  const list = (await instructions()).filter(({ stage }) => stage === 1);
  const names = allOf(list, "ENV").flatMap((text) => [...text.matchAll(/(\w+)=/g)].map(([, name]) => name!));
  for (const name of names) assert(ENVIRONMENT.includes(name) || name.startsWith("DENO_"), name);
  for (const argument of ["COMMIT_SHA", "SCHEMA_HASH"]) {
    assert(allOf(list, "ARG").includes(`${argument}=""`), argument);
    assert(names.includes(argument), argument);
  }
});

Deno.test("Dockerfile copies paths that exist and that .dockerignore lets through", async () => {
  const patterns = await ignorePatterns();
  const copies = copiesOf(await instructions());
  assert(copies.length >= 7);
  for (const { from } of copies) {
    await Deno.stat(join(PROJECT, from));
    assertEquals(ignores(patterns, from), false, from);
  }
  for (
    const needed of [
      "src/app.ts",
      "web/index.html",
      "web/deno.json",
      "config/default.toml",
      "types/std_path.d.ts",
    ]
  ) {
    assertEquals(ignores(patterns, needed), false, needed);
  }
  const others = [
    ".git/config",
    "tests/contract/harness.ts",
    "var/api.key",
    "scripts/ok.ts",
    ".env",
    "src/config_test.ts",
  ];
  for (const other of others) assertEquals(ignores(patterns, other), true, other);
});

Deno.test("Dockerfile names tasks, verbs and files that exist", async () => {
  const text = await Deno.readTextFile(join(PROJECT, "Dockerfile"));
  const verbs = [...text.matchAll(/main\.ts ([a-z-]+)(?=[ )"\\])/g)].map(([, verb]) => verb!);
  assert(verbs.length >= 3);
  for (const verb of verbs) assert(VERBS.some(({ name }) => name === verb), verb);
  for (const [, task] of text.matchAll(/deno task ([\w:]+)/g)) {
    assert(Object.hasOwn(denoJson.tasks, task!), task);
  }
});

Deno.test("the image's commands build, start, answer the health check and stop", async () => {
  const list = await instructions();
  await inImage(async (app, data) => {
    for (const command of allOf(list.filter(({ stage }) => stage === 0), "RUN")) {
      const args = command.split(" ");
      assertEquals(args.shift(), "deno");
      const { code } = await new Deno.Command(Deno.execPath(), { args, cwd: app, stderr: "null" }).output();
      assertEquals(code, 0, command);
    }
    const port = freePort();
    const env = environment({
      SERVER_HOST: "0.0.0.0",
      SERVER_PORT: String(port),
      BB_DATA_DIR: data,
      COMMIT_SHA: "abc123",
      SCHEMA_HASH: "def456",
    });
    const [shell, ...args] = JSON.parse(allOf(list, "ENTRYPOINT")[0]!) as string[];
    const run = (more: Readonly<Record<string, string>>) =>
      new Deno.Command(shell!, {
        args: [...args, "--simulate"],
        cwd: app,
        env: { ...env, ...more },
        stdout: "null",
        stderr: "piped",
      })
        .spawn();

    const keyless = await run({ BB_API_KEY: "" }).output();
    assertEquals(keyless.code, 2, "reachable by others without a key");
    assertStringIncludes(new TextDecoder().decode(keyless.stderr), "set BB_API_KEY");

    const process = run({ BB_API_KEY: "a-key-for-this-test" });
    const errors = process.stderr.pipeTo(new WritableStream());
    try {
      const url = `http://127.0.0.1:${port}`;
      await until("it is ready", async () => await statusOf(`${url}/health/ready`) === 200);
      const health = /CMD (\[.*\])$/.exec(allOf(list, "HEALTHCHECK")[0]!)![1]!;
      const [program, ...healthArgs] = JSON.parse(health) as string[];
      assertEquals(program, "deno");
      const check = async (more: Readonly<Record<string, string>>) =>
        (await new Deno.Command(Deno.execPath(), {
          args: healthArgs,
          env: { ...env, ...more },
          stderr: "null",
        }).output()).code;
      assertEquals(await check({}), 0);
      assert(await check({ SERVER_PORT: String(freePort()) }) !== 0, "nobody listens there");
      const version = await getJson(`${url}/version`);
      assertEquals([version.commit_sha, version.schema_hash], ["abc123", "def456"]);
      assertEquals(await statusOf(`${url}/theblock/health`), 401);
      assertEquals(await statusOf(`${url}/theblock/health`, { "x-api-key": "a-key-for-this-test" }), 200);
    } finally {
      process.kill("SIGTERM");
    }
    const timer = setTimeout(() => process.kill("SIGKILL"), STOP_MS);
    assertEquals((await process.status).code, 0);
    clearTimeout(timer);
    await errors;
  });
});

/** Folders that files of the program read at run time, relative to the project. */
async function foldersRead(folder: string): Promise<string[]> {
  const found: string[] = [];
  for await (const entry of Deno.readDir(join(PROJECT, folder))) {
    const path = `${folder}/${entry.name}`;
    if (entry.isDirectory) found.push(...await foldersRead(path));
    else if (entry.name.endsWith(".ts") && !/_(test|bench)\.ts$/.test(entry.name)) {
      const text = await Deno.readTextFile(join(PROJECT, path));
      for (const [call] of text.matchAll(/new URL\(([^()]|\([^()]*\))*import\.meta\.(url|dirname)\)/g)) {
        const literals = [...call.matchAll(/"([^"]+)"/g)].map(([, literal]) => literal!);
        assert(literals.length > 0, `${path}: ${call} names no folder`);
        found.push(...literals.map((literal) => resolve("/", dirname(path), literal).slice(1)));
      }
    }
  }
  return found;
}

Deno.test("deno task compile includes everything that the program reads beside its modules", async () => {
  const { command } = denoJson.tasks.compile;
  const included = [...command.matchAll(/--include (\S+)/g)].map(([, path]) => path!);
  const read = await foldersRead("src");
  assert(read.includes("dist/web"), "the exported dashboard");
  for (const folder of read) {
    // The sources of the dashboard are read by the program that is not compiled.
    if (folder === "web") continue;
    assert(
      included.some((path) => folder === path || folder.startsWith(`${path}/`)),
      `${folder} is not included`,
    );
  }
  assertMatch(command, /^deno task web:export dist\/web --embed && deno compile /, "exported first");
  const flags = (text: string) => text.split(" ").filter((word) => /^--(no-prompt|allow-)/.test(word));
  assertEquals(flags(command), flags(denoJson.tasks.start.command), "the permissions of deno task start");
});

Deno.test("the dashboard that is compiled in is served like its sources", async () => {
  const folder = await Deno.makeTempDir({ prefix: "bb export " });
  try {
    const { code, stderr } = await new Deno.Command(Deno.execPath(), {
      args: ["run", "--allow-read", "--allow-write", "scripts/web_export.ts", folder, "--embed"],
      cwd: PROJECT,
    }).output();
    assertEquals(code, 0, new TextDecoder().decode(stderr));
    const [sources, exported] = await Promise.all([
      readWebSources(toFileUrl(join(PROJECT, "web/"))),
      readWebSources(toFileUrl(`${folder}/`)),
    ]);
    const paths = exported.map(({ path }) => path);
    assertEquals(paths, sources.map(({ path }) => path.replace(/\.ts$/, ".js")).sort());
    const web = new WebAssets(exported);
    const html = await web.page(new Request("http://127.0.0.1/"), null).text();
    assert(
      !html.includes("Content-Security-Policy") && !html.includes("api-base"),
      "the server adds its own",
    );
    const map = JSON.parse(/<script type="importmap">(.*?)<\/script>/s.exec(html)![1]!) as {
      imports: Record<string, string>;
    };
    for (const { path, text } of exported.filter(({ path }) => path.endsWith(".js"))) {
      for (const [, specifier] of text.matchAll(/\bfrom\s*"(\.{1,2}\/[^"]+)"/g)) {
        const target = new URL(specifier!, `http://h/web/${path}`).pathname;
        assert(Object.hasOwn(map.imports, target), `${path} imports ${specifier}, which is not served`);
      }
    }
    for (const [, url] of html.matchAll(/(?:href|src)="(\/web\/[^"]+)"/g)) {
      assert(web.file(new Request("http://h/"), url!) !== null, url);
    }
  } finally {
    await Deno.remove(folder, { recursive: true });
  }
});

Deno.test("every task has a description and runs files that exist", async () => {
  for (const [name, { description, command }] of Object.entries(denoJson.tasks)) {
    assert(description.length > 10, name);
    for (const [path] of command.matchAll(/\b[\w/]+\.ts\b/g)) await Deno.stat(join(PROJECT, path));
    for (const [, task] of command.matchAll(/deno task ([\w:]+)/g)) {
      assert(Object.hasOwn(denoJson.tasks, task!), task);
    }
    assert(!/--allow-(run|ffi|sys|import|all)\b|-A\b/.test(name.startsWith("start") ? command : ""), name);
  }
});

Deno.test(".ci/run and the workflow run the task ok", async () => {
  const script = await Deno.readTextFile(join(PROJECT, ".ci/run"));
  assertStringIncludes(script, "task ok");
  assert(((await Deno.stat(join(PROJECT, ".ci/run"))).mode! & 0o100) !== 0, "it can be executed");
  assertMatch(await Deno.readTextFile(join(PROJECT, ".github/workflows/ci.yml")), /run: bash \.ci\/run/);
  assertStringIncludes(script, `DENO_VERSION=${Deno.version.deno}`);
});

/** Runs .ci/run in a folder whose task `ok` is a line of shell, with nothing in its path but what is given. */
async function ciRun(
  ok: string,
  tools: Readonly<Record<string, string>>,
): Promise<{ readonly code: number; readonly lines: readonly string[] }> {
  const folder = await Deno.makeTempDir({ prefix: "bb ci " });
  try {
    await Deno.mkdir(join(folder, ".ci"));
    await Deno.mkdir(join(folder, "bin"));
    await Deno.copyFile(join(PROJECT, ".ci/run"), join(folder, ".ci/run"));
    await Deno.writeTextFile(join(folder, "deno.json"), JSON.stringify({ tasks: { ok } }));
    for (const [name, script] of Object.entries(tools)) {
      await Deno.writeTextFile(join(folder, "bin", name), `#!/bin/sh\n${script}\n`, { mode: 0o755 });
    }
    for (const name of ["bash", "dirname", "grep", "id", "mktemp", "rm", "tail", "tee"]) {
      await Deno.symlink(await found(name), join(folder, "bin", name));
    }
    const { code, stdout } = await new Deno.Command(await found("bash"), {
      args: [join(folder, ".ci/run")],
      cwd: "/",
      clearEnv: true,
      env: { PATH: join(folder, "bin"), HOME: folder },
      stderr: "null",
    }).output();
    return { code, lines: new TextDecoder().decode(stdout).trimEnd().split("\n") };
  } finally {
    await Deno.remove(folder, { recursive: true });
  }
}

/** Where a tool of the machine is. */
async function found(name: string): Promise<string> {
  for (const folder of ["/usr/bin", "/bin", "/usr/local/bin"]) {
    if (await Deno.stat(`${folder}/${name}`).then(() => true, () => false)) return `${folder}/${name}`;
  }
  throw new Error(`this machine has no ${name}`);
}

const DENO = `exec "${Deno.execPath()}" "$@"`;

Deno.test(".ci/run ends with the count and exit code of the task ok", async () => {
  const tools = { deno: DENO, chromium: "exit 0" };
  const good = await ciRun("echo noise && echo && echo '12 passed, 0 failed'", tools);
  assertEquals([good.code, good.lines.at(-1)], [0, "12 passed, 0 failed"]);
  const bad = await ciRun("echo '11 passed, 2 failed' && exit 1", tools);
  assertEquals([bad.code, bad.lines.at(-1)], [1, "11 passed, 2 failed"]);
  for (
    const broken of ["exit 3", "echo '5 passed, 0 failed' && echo 'and then it broke'", "no_such_command"]
  ) {
    const { code, lines } = await ciRun(broken, tools);
    assertEquals([code, lines.at(-1)], [1, "0 passed, 1 failed"], broken);
  }
});

Deno.test(".ci/run brings Deno from npm, by npx where nothing may be installed, and Chromium from Debian", async () => {
  const count = "echo '1 passed, 0 failed'";
  const npx = `[ "$1 $2" = "--yes deno@${Deno.version.deno}" ] || exit 9; shift 2; ${DENO}`;
  const byNpx = await ciRun(count, { npm: "exit 1", npx, chromium: "exit 0" });
  assertEquals([byNpx.code, byNpx.lines.at(-1)], [0, "1 passed, 0 failed"]);
  const here = `"$(dirname "$0")"`;
  const npm = `[ "$*" = "install --global --no-fund --no-audit deno@${Deno.version.deno}" ] || exit 9
printf '#!/bin/sh\\n%s\\n' 'exec "${Deno.execPath()}" "$@"' > ${here}/deno; /bin/chmod +x ${here}/deno`;
  const byNpm = await ciRun(count, { npm, npx: "exit 1", chromium: "exit 0" });
  assertEquals([byNpm.code, byNpm.lines.at(-1)], [0, "1 passed, 0 failed"]);
  const none = await ciRun(count, { npm: "exit 1", npx: "exit 1", chromium: "exit 0" });
  assertEquals([none.code, none.lines.at(-1)], [1, "0 passed, 1 failed"]);
  const another = await ciRun(count, {
    deno: "echo 'deno 1.0.0 (x)'",
    npm: "exit 1",
    npx,
    chromium: "exit 0",
  });
  assertEquals([another.code, another.lines.at(-1)], [0, "1 passed, 0 failed"], "an older Deno is not used");
  const apt = { deno: DENO, sudo: 'shift; exec "$@"', env: 'shift; exec "$@"' };
  const installs = await ciRun(count, { ...apt, "apt-get": "exit 0" });
  assertEquals([installs.code, installs.lines.at(-1)], [0, "1 passed, 0 failed"]);
  const cannot = await ciRun(count, { ...apt, "apt-get": "exit 1" });
  assertEquals([cannot.code, cannot.lines.at(-1)], [1, "0 passed, 1 failed"]);
});
