/** The dialogs of the shell: help with the keys, and the prompt for an API key. */
import { Problem } from "./api.ts";
import type { App } from "./context.ts";
import { el, setHidden } from "./dom.ts";
import { icon } from "./icons.ts";
import { enableKeys, KEYS, keysEnabled } from "./keyboard.ts";
import type { Route } from "./router.ts";
import { moreStyles } from "./styles.ts";

void moreStyles();

/** Dialogs so far: one can stand above another, and each has a title of its own. */
let count = 0;

/** A native dialog that is gone when it closes. */
export function openDialog(title: string, ...content: readonly Node[]): HTMLDialogElement {
  const titleId = `dialog-title-${++count}`;
  const dialog = el(
    "dialog",
    { class: "dialog", "aria-labelledby": titleId },
    el(
      "header",
      {},
      el("h2", { id: titleId }, title),
      el("button", {
        class: "icon-button",
        "aria-label": "Close",
        click: () => dialog.close(),
      }, icon("close")),
    ),
    ...content,
  );
  dialog.addEventListener("close", () => dialog.remove());
  dialog.addEventListener("click", ({ target }) => target === dialog && dialog.close());
  document.body.append(dialog);
  dialog.showModal();
  return dialog;
}

/** Shows what the marks and keys mean. */
export function showHelp(routes: readonly Route[]): void {
  if (document.querySelector("dialog[open]")) return;
  const keys = el("dl", { class: "keys" });
  const add = (names: string, meaning: string) => {
    const caps = names.split(" ").map((name) => el("kbd", {}, name));
    keys.append(el("div", {}, el("dt", {}, ...caps), el("dd", {}, meaning)));
  };
  for (const { key, title } of routes) if (key !== "") add(`g ${key}`, `Go to ${title}`);
  for (const [names, meaning] of KEYS) add(names, meaning);
  add("← → Home End", "Points of a focused chart; ↑ ↓ its lines, Enter a summary");
  const box = el("input", { type: "checkbox", id: "single-keys", change: () => enableKeys(box.checked) });
  box.checked = keysEnabled();
  openDialog(
    "Help",
    el("h3", {}, "Keys"),
    keys,
    el("p", { class: "check" }, box, el("label", { for: "single-keys" }, "Single-key shortcuts")),
    el("h3", {}, "Marks"),
    el(
      "dl",
      { class: "keys" },
      mark("—", "Unknown. Hover it, or open the notes of its panel, for the reason. It is never shown as 0."),
      mark("≈", "Our estimate; the reason says how it is made."),
      mark("SIM", "From a simulated chain. Nothing with this mark is real."),
      mark("12 s old", "The data is older than it should be. Hatched: much older."),
    ),
  );
}

function mark(sign: string, meaning: string): HTMLElement {
  return el("div", {}, el("dt", {}, sign), el("dd", {}, meaning));
}

/**
 * Asks for an API key and tries it.
 *
 * @param why What it is needed for
 * @returns Whether the server knows the key
 */
export function askForKey(app: App, why: string): Promise<boolean> {
  const answer = Promise.withResolvers<boolean>();
  const field = el("input", {
    type: "password",
    id: "api-key",
    autocomplete: "off",
    spellcheck: "false",
    required: true,
    "aria-describedby": "api-key-error",
  });
  const remember = el("input", { type: "checkbox", id: "api-key-remember" });
  const error = el("p", { class: "form-error", id: "api-key-error", role: "alert", hidden: true });
  const form = el(
    "form",
    {
      submit: (event: SubmitEvent) => {
        event.preventDefault();
        void tryKey();
      },
    },
    el("p", {}, why),
    el("label", { for: "api-key" }, "API key"),
    field,
    el(
      "p",
      { class: "check" },
      remember,
      el("label", { for: "api-key-remember" }, "Keep it in this tab until it is closed"),
    ),
    error,
    el(
      "p",
      { class: "hint" },
      "A server without configured keys writes one to ",
      el("code", {}, "api.key"),
      " in its data folder. The key stays in this page and goes only to ",
      el("code", {}, app.api.base),
      ".",
    ),
    el("button", { class: "button primary" }, "Use key"),
  );
  const dialog = openDialog("API key needed", form);
  dialog.addEventListener("close", () => answer.resolve(false));
  field.focus();
  const tryKey = async () => {
    const key = field.value.trim();
    try {
      await app.api.tryKey(key);
    } catch (problem) {
      error.textContent = problem instanceof Problem ? problem.message : String(problem);
      setHidden(error, false);
      field.focus();
      return;
    }
    app.api.setKey(key, remember.checked);
    answer.resolve(true);
    dialog.close();
    app.link.reopen();
  };
  return answer.promise;
}
