/** Routes that stream whole tables. */
import { EXPORT_KINDS, type ExportKind } from "../../runtime/ports/store.ts";
import { EXPORT_FORMATS, type ExportFormat, exportText } from "../export.ts";
import { Problem } from "../problem.ts";
import type { QuerySpec } from "../query.ts";
import type { Route } from "../router.ts";
import type { Services } from "../services.ts";

const QUERY: QuerySpec = {
  from: {
    type: "integer",
    min: 0,
    max: 100_000_000_000,
    default: 0,
    meaning: "Begin, Unix seconds of event time",
  },
  to: {
    type: "integer",
    min: 0,
    max: 100_000_000_000,
    default: 100_000_000_000,
    meaning: "End, Unix seconds",
  },
  format: { type: "choice", words: EXPORT_FORMATS, default: "csv", meaning: "csv or ndjson" },
};

const TYPES: Readonly<Record<ExportFormat, string>> = {
  csv: "text/csv; charset=utf-8",
  ndjson: "application/x-ndjson",
};

/** One route per table. */
export function exportRoutes(services: Services): readonly Route[] {
  return EXPORT_KINDS.map((kind): Route => ({
    method: "GET",
    path: `/export/${kind}`,
    summary: `All ${kind} of a time as CSV or NDJSON`,
    scope: "read",
    query: QUERY,
    handle: ({ query, signal }) => {
      const format = query.format as ExportFormat;
      const [fromS, toS] = [query.from as number, query.to as number];
      if (fromS > toS) {
        throw new Problem(400, 'query parameter "from" must not be after "to"', {
          errors: [{ field: "from", message: "must not be after to" }],
        });
      }
      const parts = exportText(services.queries(), { kind, format, fromS, toS, source: services.source() });
      return new Response(streamOf(parts, signal), {
        headers: {
          "content-type": TYPES[format],
          "cache-control": "no-store",
          "content-disposition": `attachment; filename="${
            fileName(kind, format, services.source() === "simulated")
          }"`,
        },
      });
    },
  }));
}

function fileName(kind: ExportKind, format: ExportFormat, simulated: boolean): string {
  return `block-buster-${kind}${simulated ? "-SIMULATED" : ""}.${format}`;
}

/** A stream that makes the next part only when the reader has taken the one before. */
function streamOf(parts: Generator<string>, signal: AbortSignal): ReadableStream<Uint8Array> {
  const encoder = new TextEncoder();
  return new ReadableStream({
    pull: (controller) => {
      const { value, done } = signal.aborted ? { value: undefined, done: true } : parts.next();
      if (done || value === undefined) controller.close();
      else controller.enqueue(encoder.encode(value));
    },
    cancel: () => {
      parts.return(undefined);
    },
  });
}
