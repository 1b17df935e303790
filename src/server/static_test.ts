import { createHash } from "node:crypto";
import { brotliDecompressSync, gunzipSync } from "node:zlib";
// @ts-types="#types/std_assert.d.ts"
import { assert, assertEquals, assertMatch, assertNotMatch, assertStringIncludes } from "@std/assert";
import { readWebSources, toJavaScript, WEB_PREFIX, WebAssets, type WebSource } from "./static.ts";

const INDEX = `<!doctype html>
<html lang="en">
  <head>
    <!-- importmap -->
    <link rel="stylesheet" href="./app.css">
    <link rel="modulepreload" href="./views/one.js">
    <script type="module" src="./main.js"></script>
  </head>
</html>
`;

const SOURCES: readonly WebSource[] = [
  { path: "app.css", text: `body { color: red; } ${"/* pad */".repeat(200)}` },
  { path: "icon.svg", text: "<svg xmlns='http://www.w3.org/2000/svg'/>" },
  { path: "index.html", text: INDEX },
  { path: "main.ts", text: 'import { one } from "./views/one.ts";\nexport const n: number = one;\n' },
  { path: "theme.js", text: "document.title = '$& $1';\n" },
  { path: "views/one.ts", text: "export const one: number = 1;\n" },
];

function get(path: string, headers: Record<string, string> = {}): Request {
  return new Request(`http://127.0.0.1:8000${path}`, { headers });
}

/** The import map of a page. */
function importsOf(html: string): Record<string, string> {
  return JSON.parse(/<script type="importmap">(.*?)<\/script>/s.exec(html)![1]!).imports;
}

Deno.test("toJavaScript() erases types and keeps line numbers", () => {
  const text = toJavaScript({
    path: "a.ts",
    text:
      'interface A {\n  b: number;\n}\nexport const c: A = { b: 1 };\nconst d: string = "x  y" as string;\n',
  });
  assertEquals(text.split("\n").length, 6);
  assertEquals(text.split("\n")[3], "export const c = { b: 1 };");
  assertEquals(text.split("\n")[4], 'const d = "x  y" ;');
  assertNotMatch(text, /interface|number/);
  assertEquals(toJavaScript({ path: "a.js", text: "x: y" }), "x: y");
});

Deno.test("toJavaScript() leaves comments and indentation out, and nothing else", () => {
  const text = toJavaScript({
    path: "a.js",
    text: [
      "/**",
      " * What it is.",
      " */",
      "  const url = 'http://a/*b'; // kept",
      "  // gone",
      "  /* gone */ const two = 2;",
      "const three = /* kept */ 3;",
    ].join("\n"),
  });
  assertEquals(text.split("\n"), [
    "",
    "",
    "",
    "const url = 'http://a/*b'; // kept",
    "",
    "const two = 2;",
    "const three = /* kept */ 3;",
  ]);
});

Deno.test("toJavaScript() may compact every module of the page: no template has text over several lines", async () => {
  for (const source of await readWebSources(new URL("../../web/", import.meta.url))) {
    if (!/\.[jt]s$/.test(source.path)) continue;
    const stack: string[] = [];
    toJavaScript(source).split("\n").forEach((line, number) => {
      for (let i = 0; i < line.length; i++) {
        const top = stack.at(-1);
        const char = line[i]!;
        if (top === "`" || top === "'" || top === '"') {
          if (char === "\\") i++;
          else if (char === top) stack.pop();
          else if (top === "`" && line.startsWith("${", i)) stack.push("{") && i++;
        } else if ("`'\"{".includes(char)) stack.push(char);
        else if (char === "}") stack.pop();
      }
      // A quote in a regular expression is no string.
      while (stack.at(-1) === "'" || stack.at(-1) === '"') stack.pop();
      assert(stack.at(-1) !== "`", `${source.path}:${number + 1} ends within the text of a template`);
    });
  }
});

Deno.test("WebAssets.page() holds an import map whose hash the policy names", async () => {
  const web = new WebAssets(SOURCES);
  const response = web.page(get("/"), null);
  const html = await response.text();
  const map = /<script type="importmap">(.*?)<\/script>/s.exec(html)![1]!;
  const policy = response.headers.get("content-security-policy")!;
  assertEquals(policy, web.policy);
  assertStringIncludes(policy, `'sha256-${createHash("sha256").update(map).digest("base64")}'`);
  assertEquals(Object.keys(importsOf(html)), ["/web/main.ts", "/web/theme.js", "/web/views/one.ts"]);
});

Deno.test("WebAssets.policy allows nothing that was not named", () => {
  const policy = new Map(
    new WebAssets(SOURCES).policy.split("; ").map((directive) => {
      const [name, ...values] = directive.split(" ");
      return [name!, values];
    }),
  );
  assertEquals(policy.get("default-src"), ["'none'"]);
  assertEquals(policy.get("style-src"), ["'self'"]);
  assertEquals(policy.get("connect-src"), ["'self'"]);
  assertEquals(policy.get("base-uri"), ["'none'"]);
  assertEquals(policy.get("form-action"), ["'none'"]);
  assertEquals(policy.get("frame-ancestors"), ["'none'"]);
  assertEquals(policy.get("require-trusted-types-for"), ["'script'"]);
  assertEquals(policy.get("trusted-types"), ["'none'"]);
  const scripts = policy.get("script-src")!;
  assertEquals(scripts[0], "'self'");
  assertEquals(scripts.slice(1).every((source) => source.startsWith("'sha256-")), true);
  assertNotMatch(new WebAssets(SOURCES).policy, /unsafe|\*|http:|https:/);
});

Deno.test("WebAssets.page() says from its first frame what is simulated, and nothing that a node could have made up", async () => {
  const index = '<p id="strip" hidden>SIMULATED<span id="simulation"></span>.</p>';
  const web = new WebAssets([{ path: "index.html", text: index }]);
  const of = async (scenario: string | null) => {
    const simulation = scenario === null ? null : { scenario, seed: 7, dialect: "live" as const };
    return await web.page(get("/"), simulation).text();
  };
  assertEquals(await of(null), index);
  assertEquals(
    await of("calm"),
    '<p id="strip">SIMULATED<span id="simulation"> — scenario calm, seed 7</span>.</p>',
  );
  for (const hostile of ["<script>", "$&", "", "a".repeat(41), 'x" onload="y']) {
    assertEquals(await of(hostile), '<p id="strip">SIMULATED<span id="simulation"></span>.</p>');
  }
  assertEquals(await of(null), index);
  const real = new WebAssets(await readWebSources(new URL("../../web/", import.meta.url)));
  const shown = await real.page(get("/"), { scenario: "calm", seed: 7, dialect: "live" }).text();
  assertMatch(shown, /id="strip"\s*><b>SIMULATED DATA<.b><span\s+id="simulation"> — scenario calm, seed 7</);
  assertMatch(await real.page(get("/"), null).text(), /id="strip"\s+hidden/);
});

Deno.test("WebAssets.page() leads to files that exist, under names that carry their hash", async () => {
  const web = new WebAssets(SOURCES);
  const html = await web.page(get("/"), null).text();
  assertNotMatch(html, /"\.\//);
  const urls = [...html.matchAll(/(?:href|src)="([^"]+)"/g)].map(([, url]) => url!);
  assertEquals(urls.length, 3);
  for (const url of [...urls, ...Object.values(importsOf(html))]) {
    assertMatch(url, /^\/web\/[\w/]+\.[0-9a-f]{8}\.(js|css)$/);
    const response = web.file(get(url), url);
    assert(response !== null, url);
    assertEquals(response.headers.get("cache-control"), "max-age=31536000, immutable");
    const text = await response.text();
    assertEquals(createHash("sha256").update(text).digest("hex").slice(0, 8), url.split(".")[1]);
  }
});

Deno.test("WebAssets.file() serves the plain names too, to be asked again each time", async () => {
  const web = new WebAssets(SOURCES);
  const response = web.file(get("/web/main.ts"), "/web/main.ts")!;
  assertEquals(response.headers.get("cache-control"), "no-cache");
  assertEquals(response.headers.get("content-type"), "text/javascript");
  assertNotMatch(await response.text(), /: number/);
  const types = { "app.css": "text/css; charset=utf-8", "icon.svg": "image/svg+xml" };
  for (const [path, type] of Object.entries(types)) {
    assertEquals(web.file(get("/"), `/web/${path}`)!.headers.get("content-type"), type);
  }
});

Deno.test("WebAssets.file() changes the hashed name with the content", async () => {
  const hashed = async (text: string) => {
    const web = new WebAssets([...SOURCES.filter(({ path }) => path !== "views/one.ts"), {
      path: "views/one.ts",
      text,
    }]);
    return importsOf(await web.page(get("/"), null).text())["/web/views/one.ts"];
  };
  assertEquals(await hashed("export const one = 1;"), await hashed("export const one = 1;"));
  assert(await hashed("export const one = 1;") !== await hashed("export const one = 2;"));
});

Deno.test("WebAssets.file() negotiates brotli, gzip and plain bytes, each with its own strong ETag", async () => {
  const web = new WebAssets(SOURCES);
  const plain = SOURCES[0]!.text;
  const ask = (encoding: string | null, etag?: string) =>
    web.file(
      get("/web/app.css", {
        ...(encoding === null ? {} : { "accept-encoding": encoding }),
        ...(etag === undefined ? {} : { "if-none-match": etag }),
      }),
      "/web/app.css",
    )!;
  const etags = new Set<string>();
  const cases: readonly [string | null, string | null, (bytes: Uint8Array) => Uint8Array][] = [
    [null, null, (bytes) => bytes],
    ["identity", null, (bytes) => bytes],
    ["gzip", "gzip", gunzipSync],
    ["gzip, deflate, br", "br", brotliDecompressSync],
    ["br;q=0, gzip", "gzip", gunzipSync],
  ];
  for (const [asked, encoding, decode] of cases) {
    const response = ask(asked);
    assertEquals(response.headers.get("content-encoding"), encoding, String(asked));
    assertEquals(response.headers.get("vary"), "Accept-Encoding");
    assertEquals(new TextDecoder().decode(decode(new Uint8Array(await response.arrayBuffer()))), plain);
    const etag = response.headers.get("etag")!;
    assertMatch(etag, /^"[\w-]+"$/);
    etags.add(etag);
    assertEquals(ask(asked, etag).status, 304);
    assertEquals(ask(asked, `"other", ${etag}`).status, 304);
    assertEquals(ask(asked, '"other"').status, 200);
  }
  assertEquals(etags.size, 3);
  const notModified = ask("br", [...etags].find((etag) => etag.endsWith('-br"')));
  assertEquals([notModified.status, await notModified.text()], [304, ""]);
  assertEquals(notModified.headers.get("content-encoding"), null);
});

Deno.test("WebAssets.file() only knows the names that were read", () => {
  const web = new WebAssets(SOURCES);
  const names = [
    "index.html",
    "main.js",
    "../deno.json",
    "",
    "views/",
    "views",
    "__proto__",
    "MAIN.ts",
    "main.ts/",
  ];
  for (const name of names) assertEquals(web.file(get("/"), `${WEB_PREFIX}${name}`), null, name);
});

Deno.test("WebAssets without an index.html still has a page", async () => {
  assertStringIncludes(await new WebAssets([]).page(get("/"), null).text(), "<title>block-buster</title>");
});

Deno.test("readWebSources() reads what the page is made of and leaves tests, notes and declarations out", async () => {
  const root = await Deno.makeTempDir();
  try {
    await Deno.mkdir(`${root}/charts`);
    const files = ["main.ts", "app.css", "charts/line.ts", "index.html", "icon.svg", "theme.js"];
    const others = [
      "main_test.ts",
      "charts/line_bench.ts",
      "dom.d.ts",
      "deno.json",
      "README.md",
      "photo.png",
      ".env",
    ];
    for (const name of [...files, ...others]) await Deno.writeTextFile(`${root}/${name}`, `// ${name}`);
    const sources = await readWebSources(new URL(`file://${root}/`));
    assertEquals(sources.map(({ path }) => path), [...files].sort());
    assertEquals(sources.find(({ path }) => path === "charts/line.ts")!.text, "// charts/line.ts");
  } finally {
    await Deno.remove(root, { recursive: true });
  }
});
