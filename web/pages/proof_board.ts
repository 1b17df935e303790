/** The proof board: one check of the chain, the markets and a name, step by step, on demand. */
import { Problem } from "../api.ts";
import { el, setAttr, setHidden, setText, text } from "../dom.ts";
import { formatBytes, formatClock, formatDuration, formatTime, NONE } from "../format.ts";
import { Status, type Tone } from "../icons.ts";
import { addPanel } from "../panel.ts";
import type { View } from "../router.ts";
import { reasonOf } from "../store.ts";
import type { Meta } from "../../src/server/wire.ts";

/** A file is read as a whole to be hashed. */
const FILE_BYTES_MAX = 256 * 1024 * 1024;

/** Runs that are remembered until the page is closed. */
const RUNS_MAX = 20;

interface Step {
  readonly id: string;
  readonly label: string;
  readonly status: "ok" | "warn" | "error" | "skipped";
  readonly duration_ms: number;
  readonly data: Readonly<Record<string, unknown>>;
}

interface Run {
  readonly started_at: number;
  readonly duration_ms: number;
  readonly summary_score: number;
  readonly steps: readonly Step[];
  readonly _meta: Meta;
  /** What was asked for; ours, not the server's. */
  readonly subject: string;
}

const TONES: Readonly<Record<Step["status"], Tone>> = {
  ok: "ok",
  warn: "warn",
  error: "bad",
  skipped: "unknown",
};

/** Every run since the page was loaded, newest first. */
const runs: Run[] = [];

/** Adds the board. */
export function addProofBoard(view: View): void {
  addPanel(view, {
    id: "proof",
    title: "Proof board",
    span: 12,
    topics: [],
    simulated: () => runs.some(({ _meta }) => _meta.source === "simulated"),
    build(body, panel) {
      panel.subtitle = "checks chain, peers, markets and a name; writes nothing on the node";
      const result = el("div", { class: "proof-result", "aria-live": "polite" });
      const past = el("ol", { class: "runs", hidden: true, "aria-label": "Runs since the page was loaded" });
      const show = (run: Run) => {
        result.replaceChildren(...runContent(run));
        for (const button of past.querySelectorAll("button")) {
          setAttr(button, "aria-current", button.dataset.run === String(runs.indexOf(run)) ? "true" : null);
        }
      };
      const list = (shown: Run) => {
        past.replaceChildren(...runs.map((run, i) =>
          el(
            "li",
            {},
            el(
              "button",
              { class: "run", "data-run": i, click: () => show(run) },
              el("b", {}, String(run.summary_score)),
              ` ${formatTime(run.started_at * 1_000)} `,
              el("span", { class: "dim" }, run.subject),
            ),
          )
        ));
        setHidden(past, runs.length < 2);
        show(shown);
      };
      const form = proofForm(view, (run) => {
        runs.unshift(run);
        if (runs.length > RUNS_MAX) runs.pop();
        list(run);
        panel.refresh();
      });
      body.append(el("div", { class: "proof" }, form, el("div", {}, result, past)));
      if (runs[0]) list(runs[0]);
      else {
        result.append(
          el(
            "p",
            { class: "dim" },
            "Seven steps with their findings appear here after a run. It takes about a second.",
          ),
        );
      }
      return () => {};
    },
  });
}

function proofForm(view: View, done: (run: Run) => void): HTMLElement {
  const domain = el("input", {
    id: "proof-domain",
    placeholder: "example.block",
    autocomplete: "off",
    spellcheck: "false",
    maxlength: 253,
  });
  const file = el("input", { id: "proof-file", type: "file", change: () => void describe() });
  const dryRun = el("input", { id: "proof-dry-run", type: "checkbox" });
  dryRun.checked = true;
  const about = text("Only its name, size and SHA-256 are sent. The hash is computed here.");
  const error = text();
  const errorEl = el("p", { class: "form-error", role: "alert", hidden: true }, error);
  const label = text("Run check");
  const button = el("button", { class: "button primary" }, label);
  const describe = async () => {
    const chosen = file.files?.[0];
    if (chosen) {
      setText(about, `${formatBytes(chosen.size)}, SHA-256 ${(await sha256Of(chosen)).slice(0, 16)}…`);
    }
  };
  const run = async () => {
    setHidden(errorEl, true);
    button.disabled = true;
    setText(label, "Checking…");
    try {
      const chosen = file.files?.[0];
      const request = {
        ...(domain.value.trim() === "" ? {} : { domain: domain.value.trim() }),
        ...(chosen
          ? { file: { name: chosen.name, size_bytes: chosen.size, sha256: await sha256Of(chosen) } }
          : {}),
        storage_dry_run: dryRun.checked,
      };
      const subject = [request.domain, chosen?.name].filter(Boolean).join(", ") || "network only";
      done({ ...await post(view, request) as Omit<Run, "subject">, subject });
    } catch (problem) {
      setText(error, problem instanceof Error ? problem.message : String(problem));
      setHidden(errorEl, false);
    } finally {
      button.disabled = false;
      setText(label, "Run check");
    }
  };
  return el(
    "form",
    {
      class: "proof-form",
      "aria-label": "Proof board",
      submit: (event: SubmitEvent) => {
        event.preventDefault();
        void run();
      },
    },
    el("label", { for: "proof-domain" }, "Domain"),
    domain,
    el("label", { for: "proof-file" }, "File"),
    file,
    el("p", { class: "hint" }, about),
    el("p", { class: "check" }, dryRun, el("label", { for: "proof-dry-run" }, "Dry run")),
    errorEl,
    button,
  );
}

/** Sends the request; where a key is needed, asks for one and tries again. */
async function post(view: View, request: object): Promise<unknown> {
  const { api, askForKey } = view.app;
  try {
    return await api.post("/theblock/fullcheck", request);
  } catch (problem) {
    if (!(problem instanceof Problem) || problem.status !== 401) throw problem;
    if (
      !await askForKey(
        "The proof board makes the server ask the node, so it needs a key with the scope “read”.",
      )
    ) {
      throw new Problem(401, "not run: no API key was given");
    }
    return api.post("/theblock/fullcheck", request);
  }
}

/** @throws {RangeError} If the file is too large, or the page is not served over a secure origin */
async function sha256Of(file: File): Promise<string> {
  if (file.size > FILE_BYTES_MAX) {
    throw new RangeError(`the file is larger than ${formatBytes(FILE_BYTES_MAX)}`);
  }
  if (!isSecureContext) {
    throw new RangeError("the browser only computes hashes on https or on this machine itself");
  }
  const digest = await crypto.subtle.digest("SHA-256", await file.arrayBuffer());
  return Array.from(new Uint8Array(digest), (byte) => byte.toString(16).padStart(2, "0")).join("");
}

function runContent(run: Run): readonly Node[] {
  const failed = run.steps.filter(({ status }) => status === "error").length;
  const warned = run.steps.filter(({ status }) => status === "warn").length;
  const summary = failed > 0 ? `${failed} failed` : warned > 0 ? `${warned} to look at` : "all passed";
  const head = el(
    "p",
    { class: "proof-score" },
    el("b", {}, String(run.summary_score)),
    el(
      "span",
      {},
      ` of 100 · ${summary} · ${formatClock(run.started_at * 1_000)} · ${formatDuration(run.duration_ms)}`,
    ),
  );
  const steps = el("ol", { class: "steps" });
  for (const step of run.steps) {
    const status = new Status();
    status.show(TONES[step.status], step.status);
    const data = el("dl", { class: "step-data" });
    for (const [key, value] of flat(step.data, "")) {
      const reason = value === null ? reasonOf(run._meta, `steps[].data.${key}`) : null;
      const shown = value === null ? (reason ? `${NONE} ${reason.because}` : NONE) : String(value);
      data.append(el("div", {}, el("dt", {}, key.replaceAll("_", " ")), el("dd", { class: "wrap" }, shown)));
    }
    steps.append(
      el(
        "li",
        {},
        el(
          "details",
          { open: step.status === "error" || step.status === "warn" },
          el(
            "summary",
            {},
            status.el,
            el("span", { class: "step-label" }, step.label),
            el("span", { class: "dim" }, formatDuration(step.duration_ms)),
          ),
          data,
        ),
      ),
    );
  }
  return [head, steps];
}

/** The findings of a step as dotted names and plain values. */
function* flat(value: Readonly<Record<string, unknown>>, prefix: string): Generator<[string, unknown]> {
  for (const [key, member] of Object.entries(value)) {
    if (typeof member === "object" && member !== null) {
      yield* flat(member as Readonly<Record<string, unknown>>, `${prefix}${key}.`);
    } else yield [`${prefix}${key}`, member];
  }
}
