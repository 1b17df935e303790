/** Alerts: what is wrong, what was, and for how long. */
import { el } from "../dom.ts";
import { formatCount, formatDuration, formatStamp, formatWhen } from "../format.ts";
import { addListing } from "../listing.ts";
import { Status } from "../icons.ts";
import { addPanel, facts } from "../panel.ts";
import type { Page, View } from "../router.ts";
import type { AlertBody } from "../../src/server/wire.ts";
import { pairs } from "./details.ts";
import { SEVERITY_TONES } from "./latest.ts";

/** The page. */
export const page: Page = {
  title: "Alerts",
  mount(view) {
    const { store } = view.app;
    addTotals(view);
    addListing<AlertBody>(view, {
      id: "alert-list",
      title: "Alerts, newest first",
      topic: "alerts",
      exports: null,
      empty: "No alert has been raised since this store was created. The rules are tested every second.",
      shorten: (ids) => ids,
      titleOf: ({ rule }) => words(rule),
      filters: [{
        name: "state",
        label: "State",
        choices: [["open", "open"], ["resolved", "resolved"]],
        matches: ({ state }, value) => state === value,
      }],
      columns: [
        { id: "id", label: "Alert", path: "alerts[].id", value: ({ id }) => id, format: String },
        {
          id: "severity",
          label: "Severity",
          path: "alerts[].severity",
          value: ({ severity }) => severity,
          format: String,
          tone: ({ severity }) => [SEVERITY_TONES[severity], severity],
        },
        {
          id: "state",
          label: "State",
          path: "alerts[].state",
          value: ({ state }) => state,
          format: String,
          tone: ({ state }) => [state === "open" ? "warn" : "ok", state],
        },
        {
          id: "message",
          label: "What was found",
          priority: 1,
          class: "long",
          path: "alerts[].message",
          value: ({ message }) => message,
          format: String,
          full: ({ message }) => message,
        },
        {
          id: "raised_at",
          label: "Raised",
          num: true,
          path: "alerts[].raised_at",
          value: ({ raised_at: at }) => at,
          format: (at) => formatWhen(Number(at) * 1_000, store.shownMs()),
          full: ({ raised_at: at }) => formatStamp(at * 1_000),
        },
        {
          id: "lasted",
          label: "Lasted",
          num: true,
          priority: 2,
          path: "alerts[].resolved_at",
          value: (alert) => lasted(alert, store.shownMs()),
          format: (ms, { state }) => `${formatDuration(Number(ms))}${state === "open" ? " so far" : ""}`,
        },
      ],
      details: (alert) => [
        pairs([
          ["Severity", alert.severity],
          ["State", alert.state],
          ["What was found", alert.message],
          ["Raised", formatStamp(alert.raised_at * 1_000)],
          ["Resolved", alert.resolved_at === null ? "still open" : formatStamp(alert.resolved_at * 1_000)],
          ["Rule", alert.rule],
          ["Identifier", alert.id],
        ]),
        el(
          "p",
          { class: "hint" },
          "An alert is resolved by itself once its cause has been gone for a while.",
        ),
      ],
    });
  },
};

function addTotals(view: View): void {
  const { store } = view.app;
  addPanel(view, {
    id: "totals",
    title: "Now",
    span: 12,
    topics: ["alerts"],
    build(body) {
      const verdict = new Status(el("p"));
      const list = facts(store, [
        ["Open", ["alerts", "open", formatCount]],
        ["Of these critical", ["alerts", "critical", formatCount]],
        ["In all", ["alerts", "total", formatCount]],
      ]);
      list.el.classList.add("inline");
      body.append(verdict.el, list.el);
      return () => {
        const { open, critical } = store.get("alerts")!;
        if (open === 0) verdict.show("ok", "Nothing needs you: no alert is open.");
        else {verdict.show(
            critical > 0 ? "bad" : "warn",
            `${open === 1 ? "One alert is" : `${formatCount(open)} alerts are`} open.`,
          );}
        list.show();
      };
    },
  });
}

function words(rule: string): string {
  return rule.replaceAll("_", " ");
}

function lasted({ raised_at: from, resolved_at: to }: AlertBody, nowMs: number): number {
  return Math.max(0, (to === null ? nowMs : to * 1_000) - from * 1_000);
}
