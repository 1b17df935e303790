import type { Meta } from "../src/server/wire.ts";

/** Rows as CSV after RFC 4180, with a first line that says where they are from; nothing that a sheet would compute. */
export function toCsv(rows: readonly object[], meta: Meta | null): string {
  const columns = [...new Set(rows.flatMap((row) => Object.keys(row)))];
  const lines = [`# ${JSON.stringify({ source: meta?.source ?? null, as_of_ms: meta?.as_of_ms ?? null })}`];
  lines.push(columns.map(csvCell).join(","));
  for (const row of rows) {
    lines.push(columns.map((column) => csvCell((row as Record<string, unknown>)[column])).join(","));
  }
  return `${lines.join("\r\n")}\r\n`;
}

function csvCell(value: unknown): string {
  if (value === null || value === undefined) return "";
  if (typeof value === "number" || typeof value === "boolean") return String(value);
  const written = typeof value === "object" ? JSON.stringify(value) : String(value);
  const harmless = /^[=+\-@\t\r]/.test(written) ? `'${written}` : written;
  return /[",\r\n]/.test(harmless) ? `"${harmless.replaceAll('"', '""')}"` : harmless;
}
