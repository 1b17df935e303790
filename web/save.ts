/** Files for the reader: what is loaded, and the server's exports. */
import { Problem } from "./api.ts";
import type { App } from "./context.ts";
import { toCsv } from "./csv.ts";
import { openDialog } from "./dialogs.ts";
import { el, setHidden, setText, text } from "./dom.ts";
import { formatBytes, formatCount } from "./format.ts";
import type { Meta } from "../src/server/wire.ts";

/** An export is held in memory before it is saved; a larger one is the command line's business. */
export const EXPORT_BYTES_MAX = 256 * 1024 * 1024;

/** What {@link askForExport} offers. */
export interface ExportChoice {
  /** Name of the table: `GET /export/{kind}`; null where the server has none. */
  readonly kind: "receipts" | "operations" | "candles" | "pnl" | null;
  /** The rows on the page. */
  readonly rows: readonly object[];
  readonly meta: Meta | null;
  readonly name: string;
}

/** Hands a text to the reader as a file. */
export function saveFile(name: string, type: string, parts: BlobPart[]): void {
  const url = URL.createObjectURL(new Blob(parts, { type }));
  const anchor = el("a", { href: url, download: name });
  anchor.click();
  // The download has its own hold on the data once it has begun.
  setTimeout(() => URL.revokeObjectURL(url), 60_000);
}

/** Asks what to save, and saves it. */
export function askForExport(app: App, { kind, rows, meta, name }: ExportChoice): void {
  const simulated = meta?.source === "simulated" ? "-SIMULATED" : "";
  const error = text();
  const errorEl = el("p", { class: "form-error", role: "alert", hidden: true }, error);
  const format = el(
    "select",
    { id: "export-format" },
    el("option", { value: "csv" }, "CSV"),
    el("option", { value: "ndjson" }, "NDJSON (a JSON object per line)"),
  );
  const saveLoaded = () => {
    const csv = format.value === "csv";
    saveFile(
      `block-buster-${name}${simulated}.${format.value}`,
      csv ? "text/csv" : "application/x-ndjson",
      [csv ? toCsv(rows, meta) : rows.map((row) => `${JSON.stringify(row)}\n`).join("")],
    );
  };
  const everything = el(
    "button",
    { class: "button", type: "button", click: () => void saveAll() },
    "Save all",
  );
  const saveAll = async () => {
    everything.disabled = true;
    setHidden(errorEl, true);
    try {
      const blob = await download(app, `/export/${kind}?format=${format.value}`);
      saveFile(`block-buster-${kind}${simulated}-all.${format.value}`, blob.type, [blob]);
    } catch (problem) {
      setText(error, problem instanceof Error ? problem.message : String(problem));
      setHidden(errorEl, false);
    } finally {
      everything.disabled = false;
    }
  };
  openDialog(
    "Export",
    el(
      "div",
      { class: "form" },
      el("label", { for: "export-format" }, "Format"),
      format,
      el("p", { class: "hint" }, `The ${formatCount(rows.length)} rows on the page, with their filter:`),
      el(
        "button",
        { class: "button primary", type: "button", disabled: rows.length === 0, click: saveLoaded },
        `Save ${formatCount(rows.length)} rows`,
      ),
      ...(kind === null ? [] : [
        el(
          "p",
          { class: "hint" },
          `Everything that the server keeps, without a filter. It needs a key with the scope “read”: `,
          el("code", {}, `${app.api.base}/export/${kind}`),
        ),
        everything,
        errorEl,
      ]),
    ),
  );
}

/** Reads an export; asks for a key where one is needed. */
async function download(app: App, path: string): Promise<Blob> {
  try {
    return await blobOf(await app.api.open(path));
  } catch (problem) {
    if (!(problem instanceof Problem) || problem.status !== 401) throw problem;
    if (!await app.askForKey("Exports hold whole tables, so they need a key with the scope “read”.")) {
      throw new Problem(401, "not exported: no API key was given");
    }
    return blobOf(await app.api.open(path));
  }
}

/** @throws {RangeError} When it is larger than what the page holds */
async function blobOf(response: Response): Promise<Blob> {
  const parts: BlobPart[] = [];
  let bytes = 0;
  const reader = response.body!.getReader();
  for (let next = await reader.read(); !next.done; next = await reader.read()) {
    parts.push(next.value);
    bytes += next.value.length;
    if (bytes <= EXPORT_BYTES_MAX) continue;
    await reader.cancel();
    throw new RangeError(
      `The export is larger than ${
        formatBytes(EXPORT_BYTES_MAX)
      }. Use the command line for it: main.ts export`,
    );
  }
  return new Blob(parts, { type: response.headers.get("content-type") ?? "" });
}
