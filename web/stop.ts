/** The emergency stop, and the way back: a press and a confirmation, from every page, with or without a mouse. */
import { act, wordsOf } from "./act.ts";
import type { App } from "./context.ts";
import { openDialog } from "./dialogs.ts";
import { el, setHidden, setText, text } from "./dom.ts";

/** Only one such dialog stands open. */
let standing: HTMLDialogElement | null = null;

/** Asks whether to stop trading; where it is stopped, whether to resume. */
export function askToStop(app: App): void {
  if (standing?.open) return;
  const state = app.store.live("engine");
  const dialog = state?.trading_state === "HALTED" ? askToResume(app, state.halt_reason) : askForStop(app);
  standing = dialog;
  dialog.classList.add("stop-dialog");
  dialog.querySelector<HTMLElement>("[data-first]")?.focus();
}

function askForStop(app: App): HTMLDialogElement {
  const flatten = el("input", { type: "checkbox", id: "stop-flatten" });
  return ask(app, {
    title: "Emergency stop",
    words: [
      "Orders that would enter a position are cancelled, and new ones are refused, by hand and by agents. Cancels and " +
      "exits pass. What is held stays held. Only resuming, with an admin key, ends it.",
    ],
    field: el(
      "p",
      { class: "check" },
      flatten,
      el("label", { for: "stop-flatten" }, "Sell everything that is held, at the market"),
    ),
    button: "Stop trading now",
    danger: true,
    why: "Stopping needs a key with the scope “trade”.",
    run: () =>
      app.api.post("/risk/stop", { reason: "emergency stop on the dashboard", flatten: flatten.checked }),
  });
}

function askToResume(app: App, reason: string | null): HTMLDialogElement {
  return ask(app, {
    title: "Trading is stopped",
    words: [
      reason === null ? "No reason is known." : `Reason: ${reason}.`,
      "Resuming lets orders enter again, by hand and by agents that are switched on. After a drawdown halt the " +
      "drawdown is measured from the equity of that moment.",
    ],
    field: null,
    button: "Resume trading",
    danger: false,
    why: "Resuming needs a key with the scope “admin”.",
    run: () => app.api.post("/risk/resume", {}),
  });
}

interface Question {
  readonly title: string;
  readonly words: readonly string[];
  readonly field: HTMLElement | null;
  readonly button: string;
  readonly danger: boolean;
  readonly why: string;
  readonly run: () => Promise<unknown>;
}

function ask(app: App, { title, words, field, button, danger, why, run }: Question): HTMLDialogElement {
  const error = text();
  const errorEl = el("p", { class: "form-error", role: "alert", hidden: true }, error);
  const confirm = el("button", {
    class: danger ? "button danger" : "button primary",
    "data-first": true,
  }, button);
  const send = async () => {
    confirm.disabled = true;
    setHidden(errorEl, true);
    try {
      await act(app, why, run);
      dialog.close();
    } catch (problem) {
      setText(error, `Not done: ${wordsOf(problem)}`);
      setHidden(errorEl, false);
      confirm.disabled = false;
      confirm.focus();
    }
  };
  const form = el(
    "form",
    {
      submit: (event: SubmitEvent) => {
        event.preventDefault();
        void send();
      },
    },
    ...words.map((sentence) => el("p", {}, sentence)),
    field,
    errorEl,
    confirm,
  );
  const dialog = openDialog(title, form);
  return dialog;
}
