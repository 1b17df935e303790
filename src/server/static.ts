/**
 * The dashboard's files, held in memory: TypeScript with its types stripped, everything hashed and compressed once at
 * start. An import map in the page leads from the names in the source to the hashed ones, so files can be cached for
 * ever without a bundler.
 */
import { createHash } from "node:crypto";
import { stripTypeScriptTypes } from "node:module";
import { brotliCompressSync, constants, gzipSync } from "node:zlib";
// @ts-types="#types/std_http_etag.d.ts"
import { ifNoneMatch } from "@std/http/etag";
import type { SimulationInfo } from "../engine/event.ts";
import { wantsEncoding } from "./negotiation.ts";

/** Where the files are served. */
export const WEB_PREFIX = "/web/";

const TYPES: Readonly<Record<string, string>> = {
  css: "text/css; charset=utf-8",
  html: "text/html; charset=utf-8",
  // Modules are always UTF-8, and the one script that is none is ASCII.
  js: "text/javascript",
  svg: "image/svg+xml",
};

const BROTLI = {
  [constants.BROTLI_PARAM_QUALITY]: constants.BROTLI_MAX_QUALITY,
  [constants.BROTLI_PARAM_MODE]: constants.BROTLI_MODE_TEXT,
};

/** One file as it goes out. */
interface Asset {
  readonly bytes: Uint8Array<ArrayBuffer>;
  readonly gzip: Uint8Array<ArrayBuffer>;
  readonly brotli: Uint8Array<ArrayBuffer>;
  readonly type: string;
  readonly etag: string;
  /** Whether the URL carries the hash of the content. */
  readonly immutable: boolean;
}

/** A source file of the page. */
export interface WebSource {
  /** Path below `web/`. */
  readonly path: string;
  readonly text: string;
}

/** Reads the page's files. Tests of the page and notes beside the files are not served. */
export async function readWebSources(root: URL): Promise<readonly WebSource[]> {
  const sources: WebSource[] = [];
  await collect(root, "", sources);
  return sources.sort((a, b) => (a.path < b.path ? -1 : 1));
}

async function collect(folder: URL, prefix: string, sources: WebSource[]): Promise<void> {
  for await (const entry of Deno.readDir(folder)) {
    const path = `${prefix}${entry.name}`;
    if (entry.isDirectory) await collect(new URL(`${entry.name}/`, folder), `${path}/`, sources);
    else if (/\.(ts|js|css|html|svg)$/.test(entry.name) && !/_(test|bench)\.ts$|\.d\.ts$/.test(entry.name)) {
      sources.push({ path, text: await Deno.readTextFile(new URL(entry.name, folder)) });
    }
  }
}

/**
 * A source as it is served: TypeScript as JavaScript, and scripts and styles without the comments that have lines of their own and without indentation: half
 * of the bytes, and of no use to a browser. Lines keep their numbers. Only erasable syntax is understood, and the text
 * of a template must stay on one line.
 */
export function toJavaScript({ path, text }: WebSource): string {
  if (path.endsWith(".ts")) return compact(withoutTypes(text));
  return /\.(js|css)$/.test(path) ? compact(text) : text;
}

/** Types are stripped to spaces of the same length; one will do. What the source itself has spaces in, it keeps. */
function withoutTypes(text: string): string {
  const stripped = stripTypeScriptTypes(text);
  if (stripped.length !== text.length) return stripped;
  return stripped.replace(/ {2,}/g, (run, at) => text.startsWith(run, at) ? run : " ");
}

function compact(text: string): string {
  let within = false;
  return text.split("\n").map((line) => {
    const trimmed = line.trim();
    if (!within && !trimmed.startsWith("/*")) return trimmed.startsWith("//") ? "" : trimmed;
    const end = trimmed.indexOf("*/");
    within = end < 0;
    // What stands behind a comment on its last line is code.
    return within ? "" : trimmed.slice(end + 2).trim();
  }).join("\n");
}

/** The files of the page, ready to be sent. */
export class WebAssets {
  readonly #assets = new Map<string, Asset>();
  readonly #page: Asset;
  readonly #text: string;
  /** The page of what was simulated last. */
  #simulated: { readonly what: string; readonly page: Asset } | null = null;
  /** Content-Security-Policy of the page. */
  readonly policy: string;

  constructor(sources: readonly WebSource[]) {
    const imports: Record<string, string> = {};
    const urls = new Map<string, string>();
    for (const source of sources) {
      if (source.path === "index.html") continue;
      const text = toJavaScript(source);
      const hash = createHash("sha256").update(text).digest("hex").slice(0, 8);
      const [, stem, extension] = /^(.*)\.(\w+)$/.exec(source.path)!;
      const served = extension === "ts" ? "js" : extension!;
      const url = `${WEB_PREFIX}${stem}.${hash}.${served}`;
      this.#assets.set(url, asset(text, TYPES[served]!, true));
      this.#assets.set(`${WEB_PREFIX}${source.path}`, asset(text, TYPES[served]!, false));
      urls.set(source.path, url);
      if (served === "js") imports[`${WEB_PREFIX}${source.path}`] = url;
    }
    const map = JSON.stringify({ imports });
    const html = sources.find(({ path }) => path === "index.html")?.text ??
      "<!doctype html><title>block-buster</title>";
    this.#text = page(html, map, urls);
    this.#page = asset(this.#text, TYPES.html!, false);
    this.policy = [
      "default-src 'none'",
      `script-src 'self' 'sha256-${createHash("sha256").update(map).digest("base64")}'`,
      "style-src 'self'",
      "connect-src 'self'",
      "img-src 'self' data:",
      "base-uri 'none'",
      "form-action 'none'",
      "frame-ancestors 'none'",
      "require-trusted-types-for 'script'",
      "trusted-types 'none'",
    ].join("; ");
  }

  /** The page itself. Where all data is simulated, its first frame says so. */
  page(request: Request, simulation: SimulationInfo | null): Response {
    return send(request, simulation ? this.#simulatedPage(simulation) : this.#page, {
      "content-security-policy": this.policy,
      vary: "Accept, Accept-Encoding",
    });
  }

  #simulatedPage({ scenario, seed }: SimulationInfo): Asset {
    // It is the node that says so, and anybody can call himself a node.
    const what = /^[\w-]{1,40}$/.test(scenario) ? ` — scenario ${scenario}, seed ${seed}` : "";
    if (this.#simulated?.what !== what) {
      const text = this.#text.replace(/(id="strip")\s+hidden/, "$1")
        .replace('id="simulation">', (start) => start + what);
      this.#simulated = { what, page: asset(text, TYPES.html!, false) };
    }
    return this.#simulated.page;
  }

  /** A file of the page, or null when there is none of that name. */
  file(request: Request, path: string): Response | null {
    const found = this.#assets.get(path);
    return found ? send(request, found, { vary: "Accept-Encoding" }) : null;
  }
}

/** Puts the import map and the hashed names into the page. */
function page(html: string, map: string, urls: ReadonlyMap<string, string>): string {
  let text = html.replace("<!-- importmap -->", () => `<script type="importmap">${map}</script>`);
  for (const [path, url] of urls) {
    text = text.replaceAll(`"./${path.replace(/\.ts$/, ".js")}"`, `"${url}"`).replaceAll(
      `"./${path}"`,
      `"${url}"`,
    );
  }
  return text;
}

function asset(text: string, type: string, immutable: boolean): Asset {
  const bytes = new TextEncoder().encode(text);
  return {
    bytes,
    gzip: new Uint8Array(gzipSync(bytes, { level: 9 })),
    brotli: new Uint8Array(brotliCompressSync(bytes, { params: BROTLI })),
    type,
    etag: `"${createHash("sha256").update(bytes).digest("base64url").slice(0, 22)}"`,
    immutable,
  };
}

function send(request: Request, found: Asset, extra: Readonly<Record<string, string>>): Response {
  const headers: Record<string, string> = {
    "content-type": found.type,
    "cache-control": found.immutable ? "max-age=31536000, immutable" : "no-cache",
    ...extra,
  };
  const [body, suffix] = wantsEncoding(request, "br")
    ? [found.brotli, "-br"]
    : wantsEncoding(request, "gzip")
    ? [found.gzip, "-gzip"]
    : [found.bytes, ""];
  // What never changes under its name is never asked for again.
  if (!found.immutable) {
    headers.etag = `${found.etag.slice(0, -1)}${suffix}"`;
    if (!ifNoneMatch(request.headers.get("if-none-match"), headers.etag)) {
      return new Response(null, { status: 304, headers });
    }
  }
  if (suffix !== "") headers["content-encoding"] = suffix.slice(1);
  return new Response(body, { headers });
}
