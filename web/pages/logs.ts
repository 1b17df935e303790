/** The newest lines of the server's log. They need a key, because they can hold what bodies do not. */
import { Problem } from "../api.ts";
import { el, Rows, setHidden, setText, text, Value } from "../dom.ts";
import { formatCount, formatDateTime } from "../format.ts";
import { Status, type Tone } from "../icons.ts";
import { addPanel } from "../panel.ts";
import type { View } from "../router.ts";

/** Lines that are shown. */
const LINES = 200;

/** Seconds between two questions. */
const EVERY_S = 3;

const LEVELS = ["debug", "info", "warn", "error"];
const TONES: Readonly<Record<string, Tone>> = { debug: "unknown", info: "ok", warn: "warn", error: "bad" };

/** One line. */
export interface LogLine {
  readonly id: number;
  readonly at: number;
  readonly level: string;
  readonly event: string;
  readonly fields: Readonly<Record<string, unknown>>;
}

/** Adds the panel. */
export function addLogs(view: View): void {
  const { app } = view;
  addPanel(view, {
    id: "logs",
    title: "Log",
    span: 12,
    topics: [],
    build(body, panel) {
      let lines: readonly LogLine[] = [];
      let asking = false;
      let ticks = 0;
      const message = text();
      const messageEl = el("p", { class: "dim" }, message);
      const enter = el(
        "button",
        { class: "button", hidden: true, click: () => void giveKey() },
        "Enter API key",
      );
      const level = el("select", { id: "log-level", change: () => view.setParam("level", level.value) });
      level.append(...LEVELS.map((name) => el("option", { value: name }, name)));
      const search = el("input", {
        id: "log-text",
        type: "search",
        "data-filter": true,
        placeholder: "text (/)",
        input: () => show(),
      });
      const rows = el("tbody");
      const pool = new Rows<LogLine>(rows, ({ id }) => String(id), (line) => {
        const status = new Status(el("td"));
        status.show(TONES[line.level] ?? "unknown", line.level);
        const fields = new Value(el("td", { class: "mono wrap" }));
        fields.write(fieldsOf(line));
        return {
          el: el(
            "tr",
            {},
            el("th", { scope: "row" }, formatDateTime(line.at)),
            status.el,
            el("td", { class: "mono" }, line.event),
            fields.el,
          ),
          update: () => {},
        };
      });
      const heads = ["Time", "Level", "Event", "Fields"].map((name) => el("th", { scope: "col" }, name));
      const table = el(
        "div",
        { class: "scroll logs", tabindex: 0, role: "region", "aria-label": "Log lines", hidden: true },
        el(
          "table",
          { class: "data" },
          el("caption", { class: "sr" }, "Log lines, newest first"),
          el("thead", {}, el("tr", {}, ...heads)),
          rows,
        ),
      );
      const show = () => {
        const needle = search.value.trim().toLowerCase();
        const matching = lines.filter((line) =>
          needle === "" || `${line.event} ${line.level} ${fieldsOf(line)}`.toLowerCase().includes(needle)
        );
        pool.show(matching);
        panel.subtitle = needle === ""
          ? `newest ${formatCount(lines.length)}`
          : `${formatCount(matching.length)} of ${formatCount(lines.length)} match`;
      };
      const ask = async () => {
        if (asking || app.store.paused) return;
        if (app.api.key === null) {
          setText(message, "The log needs a key with the scope “read”.");
          setHidden(enter, false);
          setHidden(messageEl, false);
          return;
        }
        asking = true;
        try {
          const answer = await app.api.get(`/theblock/logs?limit=${LINES}&level=${level.value}`);
          if (view.signal.aborted) return;
          lines = (answer as { readonly lines: readonly LogLine[] }).lines;
          setHidden(table, false);
          setHidden(messageEl, true);
          setHidden(enter, true);
          show();
        } catch (problem) {
          setHidden(messageEl, false);
          setHidden(
            enter,
            !(problem instanceof Problem && (problem.status === 401 || problem.status === 403)),
          );
          setText(message, `Not read: ${problem instanceof Error ? problem.message : String(problem)}.`);
        } finally {
          asking = false;
        }
      };
      const giveKey = async () => {
        if (
          await app.askForKey("The log can hold what no body does, so it needs a key with the scope “read”.")
        ) {
          void ask();
        }
      };
      body.append(
        el(
          "div",
          { class: "table-tools" },
          el("label", { for: "log-level" }, "From level"),
          level,
          el("label", { for: "log-text" }, "Filter"),
          search,
        ),
        messageEl,
        el("div", { class: "buttons" }, enter),
        table,
      );
      view.onQuery((query) => {
        const wanted = query.get("level") ?? "info";
        const next = LEVELS.includes(wanted) ? wanted : "info";
        const changed = level.value !== next;
        level.value = next;
        if (changed || ticks === 0) void ask();
      });
      view.everySecond(() => {
        if (++ticks % EVERY_S === 0 && app.api.key !== null) void ask();
      });
      return () => {};
    },
  });
}

function fieldsOf({ fields }: LogLine): string {
  return Object.entries(fields ?? {}).map(([name, value]) =>
    `${name}=${typeof value === "string" ? value : JSON.stringify(value)}`
  ).join(" ");
}
