import { formatCount, formatDuration } from "../format.ts";
import type { Tone } from "../icons.ts";
import { addPanel, facts, fixed, keyedTable } from "../panel.ts";
import type { View } from "../router.ts";
import type { CapabilityBody } from "../../src/server/wire.ts";

const TONES: Readonly<Record<string, Tone>> = { offered: "ok", missing: "warn", unauthorized: "bad" };

/** Adds the matrix of what the node offers, question by question. */
export function addCapabilities(view: View): void {
  const { store } = view.app;
  addPanel(view, {
    id: "capabilities",
    title: "What this node offers",
    span: 12,
    topics: ["capabilities"],
    lack: () =>
      store.get("capabilities")!.capabilities.length > 0 ? null : {
        state: "empty",
        text: "The node has not been asked yet. Its answers appear here once it has.",
      },
    build(body, panel) {
      const figures = facts(store, [
        ["Requests per minute", ["capabilities", "rpc_calls", formatCount]],
        ["Errors per minute", ["capabilities", "rpc_errors", formatCount]],
        [
          "Answer p50 / p95",
          ["capabilities", "rpc_p50_ms", formatDuration],
          ["capabilities", "rpc_p95_ms", formatDuration],
        ],
      ]);
      figures.el.classList.add("inline");
      const table = keyedTable<CapabilityBody>(
        "Capabilities of the node",
        ({ id }) => id,
        ["Question", fixed(({ question }) => [question])],
        [
          { label: "Answer", tone: ({ status }) => [TONES[status] ?? "unknown", status] },
          {
            label: "Methods",
            priority: 1,
            class: "mono",
            show: (value, { methods }) => value.write(methods.join(", ")),
          },
          // Nothing to tell apart or to add is no unknown value.
          { label: "Spelling", priority: 2, show: (value, { dialect }) => value.write(dialect ?? "any") },
          {
            label: "Detail",
            priority: 3,
            class: "dim wrap",
            show: (value, { detail }) => value.write(detail ?? ""),
          },
        ],
      );
      table.el.classList.add("wrap-heads");
      body.append(figures.el, table.el);
      return () => {
        const { offered, missing, dialect, capabilities } = store.get("capabilities")!;
        const spelling = dialect === null ? "" : ` · dialect ${dialect}`;
        panel.subtitle = `${formatCount(offered)} offered, ${formatCount(missing)} not${spelling}`;
        figures.show();
        table.show(capabilities);
      };
    },
  });
}
