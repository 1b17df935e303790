/**
 * Exports: rows in the order of time as CSV or NDJSON, made in parts so that neither the size of the table nor a slow
 * reader costs memory. The first line says what the columns are, in which unit, and from what the data come.
 */
import { createHash } from "node:crypto";
import { FEATURES } from "../engine/features/spec.ts";
import type { ExportKind, ExportRow, Queries } from "../runtime/ports/store.ts";
import type { Source } from "./wire.ts";

/** Formats of an export. */
export const EXPORT_FORMATS = ["csv", "ndjson"] as const;

/** Format of an export. */
export type ExportFormat = (typeof EXPORT_FORMATS)[number];

/** Rows of one part. */
const PART_ROWS = 1_000;

/** A column; `unit` is empty for names and words. */
interface Column {
  readonly name: string;
  readonly unit: string;
}

function columns(...pairs: readonly (readonly [name: string, unit: string])[]): readonly Column[] {
  return pairs.map(([name, unit]) => ({ name, unit }));
}

/** The columns of each export, in order. */
export const EXPORT_COLUMNS: Readonly<Record<ExportKind, readonly Column[]>> = {
  receipts: columns(
    ["time", "Unix s, event time"],
    ["id", ""],
    ["market", ""],
    ["block_height", "block"],
    ["receipt_index", ""],
    ["provider", ""],
    ["consumer", ""],
    ["amount", "base units"],
    ["deducted", "base units"],
    ["units", "receipt units of the market"],
    ["subsidies", "base units"],
    ["verified", ""],
    ["disputes", "count"],
    ["own", ""],
    ["source", ""],
    ["digest", ""],
  ),
  operations: columns(
    ["time", "Unix s, event time"],
    ["id", ""],
    ["type", ""],
    ["status", ""],
    ["block_height", "block"],
    ["provider", ""],
    ["consumer", ""],
    ["amount", "base units"],
    ["own", ""],
  ),
  pnl: columns(
    ["time", "Unix s, event time"],
    ["id", ""],
    ["kind", ""],
    ["market", ""],
    ["block_height", "block"],
    ["amount", "base units"],
    ["debit", ""],
    ["credit", ""],
    ["receipt_id", ""],
  ),
  fills: columns(
    ["time", "Unix s, event time"],
    ["id", ""],
    ["order_id", ""],
    ["epoch", "paper account"],
    ["token", ""],
    ["side", ""],
    ["agent", ""],
    ["quantity", "units of the instrument"],
    ["price", "base units per unit"],
    ["slippage", "base units per unit"],
    ["amount", "base units"],
    ["fee", "base units"],
    ["realized", "base units, after fees"],
    ["cause", ""],
    ["block_height", "block"],
  ),
  equity: columns(
    ["time", "Unix s, begin of the minute, event time"],
    ["epoch", "paper account"],
    ["equity", "base units"],
    ["low", "base units"],
    ["high", "base units"],
    ["cash", "base units"],
    ["realized", "base units, after fees"],
  ),
  candles: columns(
    ["time", "Unix s, begin of the candle, event time"],
    ["step", "s"],
    ["market", ""],
    ["open_micro", "µ base units per price unit"],
    ["high_micro", "µ base units per price unit"],
    ["low_micro", "µ base units per price unit"],
    ["close_micro", "µ base units per price unit"],
    ["amount", "base units"],
    ["units", "receipt units of the market"],
    ["count", "receipts"],
    ["price_source", ""],
  ),
  features: columns(
    ["time", "Unix s, event time"],
    ["block_height", "block"],
    ...FEATURES.flatMap(({ name, unit }) => [[name, unit], [`${name}.z`, "z-score"]] as const),
  ),
};

/** What is exported. */
export interface ExportRequest {
  readonly kind: ExportKind;
  readonly format: ExportFormat;
  /** Unix seconds of event time, both included. */
  readonly fromS: number;
  readonly toS: number;
  readonly source: Source;
}

/** Hash of an export's columns and units; a reader notices when they change. */
export function exportSchemaHash(kind: ExportKind): string {
  return createHash("sha256").update(JSON.stringify([kind, EXPORT_COLUMNS[kind]])).digest("hex").slice(0, 16);
}

/** The text of an export, part by part. */
export function* exportText(queries: Queries, request: ExportRequest): Generator<string> {
  const { kind, format, fromS, toS, source } = request;
  const meta = {
    export: kind,
    schema: exportSchemaHash(kind),
    source,
    from: fromS,
    to: toS,
    columns: Object.fromEntries(EXPORT_COLUMNS[kind].map(({ name, unit }) => [name, unit])),
  };
  const names = EXPORT_COLUMNS[kind].map(({ name }) => name);
  yield format === "csv"
    ? `# ${JSON.stringify(meta)}\r\n${names.join(",")}\r\n`
    : `${JSON.stringify({ _meta: meta })}\n`;
  let after: string | null = null;
  do {
    const part = queries.exportPart(kind, fromS, toS, after, PART_ROWS);
    if (part.rows.length > 0) yield part.rows.map((row) => line(row, names, format)).join("");
    after = part.next;
  } while (after !== null);
}

function line(row: ExportRow, names: readonly string[], format: ExportFormat): string {
  if (format === "ndjson") {
    return `${JSON.stringify(Object.fromEntries(names.map((name) => [name, row[name] ?? null])))}\n`;
  }
  return `${names.map((name) => cell(row[name] ?? null)).join(",")}\r\n`;
}

/** One CSV cell (RFC 4180). A text that a spreadsheet would take for a formula gets a leading apostrophe. */
export function cell(value: string | number | null): string {
  if (value === null) return "";
  if (typeof value === "number") return String(value);
  const text = /^[=+\-@\t\r]/.test(value) && !/^-?\d+(\.\d+)?$/.test(value) ? `'${value}` : value;
  return /[",\r\n]/.test(text) ? `"${text.replaceAll('"', '""')}"` : text;
}
