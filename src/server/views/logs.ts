/** View of the log. */
import type { LogLine } from "../../telemetry/log.ts";
import type { Draft } from "../body.ts";
import type { Logs } from "../wire.ts";
import type { View } from "./view.ts";

/** Lines of the topic's body. */
const LINES_SHOWN = 50;

/** Units of log lines. */
export const LOG_UNITS = { "lines.at": "Unix ms" };

/** `GET /theblock/logs`, the newest lines. */
export const logsView: View<Logs> = {
  units: LOG_UNITS,
  build: (_state, { logTail }) => ({
    draft: { lines: logTail(LINES_SHOWN).map(lineDraft) },
    slices: [],
    ttlMs: 60_000,
    source: "engine",
  }),
};

/** One line. */
export function lineDraft(line: LogLine): Draft<Logs["lines"][number]> {
  const { seq: id, atMs: at, level, event, fields } = line;
  return { id, at, level, event, fields: fields as Draft<Logs["lines"][number]["fields"]> };
}
