/** One file for whoever helps: what server and page know of themselves, without secrets. */
import { el, setHidden, setText, text } from "../dom.ts";
import { formatBytes, formatTime } from "../format.ts";
import { addPanel } from "../panel.ts";
import { redact } from "../redact.ts";
import type { View } from "../router.ts";
import { saveFile } from "../save.ts";

/** Bodies that tell of the program and nothing of accounts or money. */
const PATHS = [
  "/version",
  "/theblock/status",
  "/theblock/health",
  "/theblock/capabilities",
  "/theblock/alerts",
];

const LOG_LINES = 200;

/** Adds the panel. */
export function addDiagnostics(view: View): void {
  addPanel(view, {
    id: "diagnostics",
    title: "Diagnostics",
    span: 12,
    topics: [],
    build(body) {
      const done = text();
      const doneEl = el("p", { class: "dim", role: "status", hidden: true }, done);
      const button = el(
        "button",
        { class: "button primary", click: () => void save() },
        "Save diagnostics bundle",
      );
      const save = async () => {
        button.disabled = true;
        const written = JSON.stringify(redact(await collect(view), [view.app.api.key ?? ""]), null, 2);
        saveFile("block-buster-diagnostics.json", "application/json", [written]);
        setText(
          done,
          `Saved at ${formatTime(Date.now())}: ${
            formatBytes(written.length)
          }. Read it before you pass it on.`,
        );
        setHidden(doneEl, false);
        button.disabled = false;
      };
      body.append(
        el(
          "p",
          {},
          "Version, status, health, capabilities and alerts of the server, the newest log lines where a key is known, and " +
            "how this page is doing. Keys, passwords, credentials in addresses and long hexadecimal texts are taken out.",
        ),
        el("div", { class: "buttons" }, button),
        doneEl,
      );
      return () => {};
    },
  });
}

/** Everything of the bundle; what cannot be read says why. */
async function collect(view: View): Promise<object> {
  const { api, store, link } = view.app;
  const paths = api.key === null ? PATHS : [...PATHS, `/theblock/logs?limit=${LOG_LINES}&level=debug`];
  const server = await Promise.all(paths.map(async (path) => {
    const answer = await api.get(path).catch((problem) => ({ error: String(problem) }));
    return [path, answer] as const;
  }));
  const topics = [...store.received].map(([topic, messages]) => ({
    topic,
    messages,
    as_of_ms: store.live(topic)?._meta.as_of_ms ?? null,
    stale: store.live(topic)?._meta.stale ?? null,
    problem: store.problem(topic) ?? null,
  }));
  return {
    made_at: new Date().toISOString(),
    server: Object.fromEntries(server),
    page: {
      base: api.base,
      remote: api.remote,
      has_key: api.key !== null,
      link: link.state,
      rtt_ms: link.rttMs,
      messages: link.messages,
      losses: link.losses,
      resyncs: link.resyncs,
      flushes: store.flushes,
      topics,
      path: location.hash.split("?")[0],
      browser: navigator.userAgent,
      window: { width: innerWidth, height: innerHeight, ratio: devicePixelRatio },
      elements: document.querySelectorAll("*").length,
      settings: { ...document.documentElement.dataset },
    },
  };
}
