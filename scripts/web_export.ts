/**
 * Writes the dashboard as plain files that any static server can hand out: types stripped, imports leading to `.js`.
 *
 *     deno run --allow-read --allow-write scripts/web_export.ts [FOLDER] [--api URL] [--embed]
 *
 * FOLDER is `dist/web` when left out. The exported page talks to `--api` (default `http://127.0.0.1:8000`), unless its
 * address says `?api=http://host:port`. With `--embed` the page is for the server itself, which adds its own policy
 * and import map and has the API on the same origin.
 */
import { readWebSources, toJavaScript, type WebSource } from "../src/server/static.ts";

/** Marks a folder as ours, and lists what we wrote into it. */
const MARKER = ".block-buster-export.json";

const DEFAULT_FOLDER = "dist/web";
const DEFAULT_API = "http://127.0.0.1:8000";

/** Policy of a page whose server sends none. `?api=` may name any host, so connections may go anywhere. */
const POLICY = [
  "default-src 'none'",
  "script-src 'self'",
  "style-src 'self'",
  "connect-src http: https: ws: wss:",
  "img-src 'self' data:",
  "base-uri 'none'",
  "form-action 'none'",
  "require-trusted-types-for 'script'",
  "trusted-types 'none'",
].join("; ");

/** What to write, and where. */
export interface ExportOptions {
  /** Folder of the sources. */
  readonly sources: URL;
  readonly folder: string;
  /** Origin of the API; null where page and API have the same one. */
  readonly api: string | null;
}

/**
 * Writes the page.
 *
 * @returns Paths of the written files, below the folder
 * @throws {Error} If the folder holds files that an export did not write
 */
export async function exportWeb({ sources, folder, api }: ExportOptions): Promise<readonly string[]> {
  const files = new Map((await readWebSources(sources)).map((source) => exported(source, api)));
  await clear(folder);
  for (const [path, text] of files) {
    const target = `${folder}/${path}`;
    await Deno.mkdir(target.slice(0, target.lastIndexOf("/")), { recursive: true });
    await Deno.writeTextFile(target, text);
  }
  const paths = [...files.keys()];
  await Deno.writeTextFile(`${folder}/${MARKER}`, `${JSON.stringify({ files: paths }, null, 2)}\n`);
  return paths;
}

/** Name and text of a file as it is written. */
function exported(source: WebSource, api: string | null): [path: string, text: string] {
  if (source.path === "index.html") {
    return [source.path, api === null ? source.text : pageFor(source.text, api)];
  }
  return [source.path.replace(/\.ts$/, ".js"), withJsImports(toJavaScript(source))];
}

/** Import specifiers lead to the files that are written. */
function withJsImports(text: string): string {
  return text.replace(/(\bfrom\s*|\bimport\s*\(?\s*)"(\.{1,2}\/[^"]+)\.ts"/g, '$1"$2.js"');
}

/** The policy comes before anything that it is to govern. */
function pageFor(html: string, api: string): string {
  const metas = `<meta http-equiv="Content-Security-Policy" content="${POLICY}">\n    ` +
    `<meta name="api-base" content="${new URL(api).origin}">`;
  return html.replace('<meta charset="utf-8">', (charset) => `${charset}\n    ${metas}`)
    .replace(/^ *<!-- importmap -->\n/m, "");
}

/** Removes what an earlier export wrote. A folder with anything in it that is not ours is left alone. */
async function clear(folder: string): Promise<void> {
  let names: string[];
  try {
    names = (await Array.fromAsync(Deno.readDir(folder))).map(({ name }) => name);
  } catch (error) {
    if (error instanceof Deno.errors.NotFound) return;
    throw error;
  }
  if (names.length === 0) return;
  if (!names.includes(MARKER)) {
    throw new Error(
      `Cannot export the dashboard into ${folder}: the folder is not empty and no export made it; name another one`,
    );
  }
  const { files } = JSON.parse(await Deno.readTextFile(`${folder}/${MARKER}`)) as { files: string[] };
  for (const path of files) {
    if (path.startsWith("/") || path.split("/").includes("..")) continue;
    try {
      await Deno.remove(`${folder}/${path}`);
    } catch (error) {
      if (!(error instanceof Deno.errors.NotFound)) throw error;
    }
  }
}

if (import.meta.main) {
  const args = [...Deno.args];
  const embed = args.includes("--embed");
  const apiAt = args.indexOf("--api");
  const api = apiAt >= 0 ? args[apiAt + 1] : DEFAULT_API;
  const folder = args.find((arg, i) => !arg.startsWith("--") && (apiAt < 0 || i !== apiAt + 1)) ??
    DEFAULT_FOLDER;
  const say = (line: string) => Deno.stderr.writeSync(new TextEncoder().encode(`${line}\n`));
  if (api === undefined || URL.parse(api) === null) {
    say(`Cannot export the dashboard: --api needs an address like ${DEFAULT_API}`);
    Deno.exit(2);
  }
  try {
    const paths = await exportWeb({
      sources: new URL("../web/", import.meta.url),
      folder: folder.replace(/\/+$/, ""),
      api: embed ? null : api,
    });
    say(`${paths.length} files written to ${folder}`);
    if (!embed) {
      say(
        `serve them: python3 -m http.server 4173 --directory ${folder}, then http://localhost:4173/#/theblock`,
      );
    }
  } catch (error) {
    say(error instanceof Error ? error.message : String(error));
    Deno.exit(1);
  }
}
