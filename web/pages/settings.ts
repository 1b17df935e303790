/** Settings: everything is applied and kept at once; nothing has to be saved. */
import { el, setHidden, setText, text } from "../dom.ts";
import { formatClock, useZone } from "../format.ts";
import { enableKeys, keysEnabled } from "../keyboard.ts";
import { addPanel } from "../panel.ts";
import type { Page, View } from "../router.ts";
import { type ChoiceName, choiceOf, choose, forgetAll } from "../settings.ts";
import { addEngine } from "./settings_engine.ts";

/** What a choice is called, and its values. */
interface Choice {
  readonly name: ChoiceName;
  readonly label: string;
  readonly hint?: string;
  readonly values: Readonly<Record<string, string>>;
}

const DISPLAY: readonly Choice[] = [
  {
    name: "theme",
    label: "Theme",
    values: { auto: "as the system", dark: "dark", light: "light", contrast: "high contrast" },
  },
  {
    name: "density",
    label: "Density of tables",
    values: { default: "default", compact: "compact", comfortable: "comfortable" },
  },
  {
    name: "profit",
    label: "Colours of gain and loss",
    hint: "Sign and arrow always say the same.",
    values: { "green-red": "green and red", "blue-orange": "blue and orange", "red-green": "red and green" },
  },
  { name: "zone", label: "Times in", values: { utc: "UTC", local: "the zone of this machine" } },
];

const REFRESH: readonly Choice[] = [
  {
    name: "refresh",
    label: "Update the screen",
    hint: "Data is received all the same; this only says how often what is shown may change.",
    values: {
      "200": "at once",
      "500": "at most twice a second",
      "1000": "at most once a second",
      "5000": "every 5 seconds",
    },
  },
];

/** How long an undo is offered. */
const UNDO_MS = 10_000;

/** The page. */
export const page: Page = {
  title: "Settings",
  mount(view) {
    const saved = savedNote(view);
    view.actions.append(saved.el);
    addChoices(view, "display", "Display", DISPLAY, saved);
    addKey(view);
    addChoices(view, "refresh", "Refresh", REFRESH, saved);
    addKeyboard(view, saved);
    addEngine(view);
    addStored(view);
  },
};

interface SavedNote {
  readonly el: HTMLElement;
  /** Says that a change was kept, or why not, and offers to take it back. */
  say(label: string, why: string | null, undo: () => void): void;
}

function savedNote(view: View): SavedNote {
  const words = text("What is changed here is kept at once, in this browser.");
  let undo = () => {};
  let timer = 0;
  const button = el("button", { class: "button", hidden: true, click: () => undo() }, "Undo");
  view.signal.addEventListener("abort", () => clearTimeout(timer), { once: true });
  return {
    el: el("p", { class: "saved", role: "status" }, el("span", {}, words), button),
    say: (label, why, takeBack) => {
      setText(
        words,
        why === null ? `${label}: saved ${formatClock(Date.now())}` : `${label}: not saved, ${why}`,
      );
      setHidden(button, false);
      clearTimeout(timer);
      timer = setTimeout(() => setHidden(button, true), UNDO_MS);
      undo = () => {
        takeBack();
        setHidden(button, true);
      };
    },
  };
}

function addChoices(
  view: View,
  id: string,
  title: string,
  choices: readonly Choice[],
  saved: SavedNote,
): void {
  addPanel(view, {
    id,
    title,
    span: 6,
    topics: [],
    build(body) {
      for (const choice of choices) body.append(field(view, choice, saved));
      return () => {};
    },
  });
}

function field(view: View, { name, label, hint, values }: Choice, saved: SavedNote): HTMLElement {
  const { dataset } = document.documentElement;
  const apply = (value: string) => {
    const before = choiceOf(name, dataset);
    const why = choose(name, value);
    if (name === "zone") useZone(value);
    select.value = value;
    saved.say(label, why, () => {
      choose(name, before);
      if (name === "zone") useZone(before);
      select.value = before;
      saved.say(label, null, () => apply(value));
    });
  };
  const select = el(
    "select",
    {
      id: `choice-${name}`,
      "aria-describedby": hint ? `choice-${name}-hint` : null,
      change: () => apply(select.value),
    },
    ...Object.entries(values).map(([value, word]) => el("option", { value }, word)),
  );
  select.value = choiceOf(name, dataset);
  // The theme has a button and a key of its own, and another tab may choose as well.
  addEventListener("bb-theme", () => select.value = choiceOf(name, dataset), { signal: view.signal });
  addEventListener("storage", ({ key, newValue }) => {
    if (key !== `bb.${name}` || newValue === null) return;
    dataset[name] = newValue;
    dispatchEvent(new Event("bb-theme"));
  }, { signal: view.signal });
  return el(
    "div",
    { class: "setting" },
    el("label", { for: `choice-${name}` }, label),
    select,
    hint ? el("p", { class: "hint", id: `choice-${name}-hint` }, hint) : null,
  );
}

function addKey(view: View): void {
  const { api, askForKey, link } = view.app;
  addPanel(view, {
    id: "access",
    title: "Access",
    span: 6,
    topics: [],
    build(body) {
      const words = text();
      const forget = el("button", {
        class: "button",
        click: () => {
          api.setKey(null);
          link.reopen();
          show();
        },
      }, "Forget key");
      const enter = text();
      const show = () => {
        setText(
          words,
          api.key === null
            ? "No key. Public data needs none on this machine; the log, exports and acting do."
            : "A key is known. It stays in this tab, is never part of an address, and is in no export.",
        );
        setText(enter, api.key === null ? "Enter API key" : "Use another key");
        setHidden(forget, api.key === null);
      };
      body.append(
        el("p", {}, words),
        el(
          "div",
          { class: "buttons" },
          el("button", {
            class: "button",
            click: async () => {
              await askForKey("A key opens what this server does not show to everyone.");
              show();
            },
          }, enter),
          forget,
        ),
        el("p", { class: "hint" }, "Server: ", el("code", {}, api.base)),
      );
      show();
      return () => {};
    },
  });
}

function addKeyboard(view: View, saved: SavedNote): void {
  addPanel(view, {
    id: "keyboard",
    title: "Keyboard",
    span: 6,
    topics: [],
    build(body) {
      const apply = (on: boolean) => {
        box.checked = on;
        saved.say("Single-key shortcuts", enableKeys(on), () => apply(!on));
      };
      const box = el("input", { type: "checkbox", id: "settings-keys", change: () => apply(box.checked) });
      box.checked = keysEnabled();
      body.append(
        el("p", { class: "check" }, box, el("label", { for: "settings-keys" }, "Single-key shortcuts")),
        el(
          "p",
          { class: "hint" },
          "They do nothing in fields. No order can be sent by a key. ",
          el("a", { href: "#/help?panel=keys" }, "All keys"),
        ),
      );
      return () => {};
    },
  });
}

function addStored(view: View): void {
  addPanel(view, {
    id: "stored",
    title: "Stored in this browser",
    span: 6,
    topics: [],
    build(body) {
      body.append(
        el(
          "p",
          {},
          "Only the choices on this page, and the key if you asked for that. No data of the chain.",
        ),
        el(
          "div",
          { class: "buttons" },
          el("button", {
            class: "button",
            click: () => {
              forgetAll();
              location.reload();
            },
          }, "Forget all and reload"),
        ),
      );
      return () => {};
    },
  });
}
