/** The server's own settings, saved as they are changed, with the revision that was seen. */
import { el, setAttr, setHidden, setText, text } from "../dom.ts";
import { saveState } from "../engine_settings.ts";
import { formatAmount, formatClock } from "../format.ts";
import { addPanel } from "../panel.ts";
import type { View } from "../router.ts";
import type { StatePatch } from "../state_lines.ts";
import type { Body, EngineState } from "../../src/server/wire.ts";

const TOKENS = ["COMPUTE", "STORAGE", "ENERGY", "AD"];

/** Typing may pause so long before a change is saved, and so long an undo is offered. */
const TYPING_MS = 400;
const UNDO_MS = 10_000;

/** A part of the form: it writes what the server has, unless the reader is changing it. */
interface Part {
  readonly el: HTMLElement;
  show(state: EngineState): void;
}

/** Saves changes one after the other, and says how that went. */
class Saver {
  readonly el: HTMLElement;
  readonly #view: View;
  readonly #said = text("Every change is saved at the server at once.");
  readonly #line = el("span", {}, this.#said);
  readonly #button = el("button", { class: "button", hidden: true, click: () => this.#act() });
  readonly #word = text();
  #act = () => {};
  #timer = 0;
  #running: Promise<void> = Promise.resolve();
  /** The state that the reader saw when he began to change something. */
  #seen: Body<EngineState> | null = null;
  #newest: Body<EngineState> | null = null;
  readonly #shown: () => void;

  constructor(view: View, shown: () => void) {
    [this.#view, this.#shown] = [view, shown];
    this.#button.append(this.#word);
    this.el = el("p", { class: "saved", role: "status" }, this.#line, this.#button);
    view.signal.addEventListener("abort", () => clearTimeout(this.#timer), { once: true });
  }

  /** The newest state that is known, of the stream or of an answer. */
  get state(): Body<EngineState> {
    const { store } = this.#view.app;
    const streamed = store.get("engine")!;
    return this.#newest && this.#newest.rev > streamed.rev ? this.#newest : streamed;
  }

  /** Whether the reader is changing something, so that nothing of it may be written over. */
  get editing(): boolean {
    return this.#seen !== null;
  }

  /** The reader begins: what he sees now is what his change is about. */
  begin(): void {
    this.#seen ??= this.state;
  }

  /** Saves a change after the ones before it; `before` undoes it. */
  save(label: string, patch: StatePatch, before: StatePatch | null): void {
    this.begin();
    this.#running = this.#running.then(() => this.#save(label, patch, before));
  }

  async #save(label: string, patch: StatePatch, before: StatePatch | null): Promise<void> {
    this.#say("Saving…");
    const saved = await saveState(this.#view.app, patch, this.#seen ?? this.state);
    if (saved.kind === "failed") {
      this.#say(`${label}: not saved. ${saved.why}`, true);
      return this.#offer("Retry", () => this.save(label, patch, before));
    }
    this.#newest = saved.state;
    this.#seen = null;
    this.#shown();
    if (saved.kind === "theirs") return this.#say(`${label}: theirs was kept`);
    this.#say(`${label}: saved ${formatClock(Date.now())}`);
    if (before) this.#offer("Undo", () => this.save(label, before, null));
  }

  /** Says why a change cannot even be sent. */
  refuse(label: string, why: string): void {
    this.#say(`${label}: not saved. ${why}`, true);
  }

  /** Forgets what the reader began. */
  drop(): void {
    this.#seen = null;
    this.#shown();
  }

  #say(words: string, bad = false): void {
    setText(this.#said, words);
    setAttr(this.#line, "class", bad ? "form-error" : null);
    setHidden(this.#button, true);
  }

  #offer(word: string, act: () => void): void {
    setText(this.#word, word);
    this.#act = act;
    setHidden(this.#button, false);
    clearTimeout(this.#timer);
    if (word === "Undo") this.#timer = setTimeout(() => setHidden(this.#button, true), UNDO_MS);
  }
}

/** Whether agents decide, where the agents are shown. */
export function addRunning(view: View): void {
  addEnginePanel(view, "running", "Decisions", 12, (saver) => [runningPart(saver)]);
}

/** Everything that the operator sets, but for the agents and the mode, which have pages of their own. */
export function addEngine(view: View): void {
  addEnginePanel(
    view,
    "engine-settings",
    "Engine",
    6,
    (saver) => [runningPart(saver), assetsPart(saver), capitalPart(view, saver)],
    el(
      "p",
      { class: "hint" },
      "The mode is switched on the page ",
      el("a", { href: "#/trading?panel=mode-panel" }, "Trading"),
      ", agents on the page ",
      el("a", { href: "#/strategies" }, "Strategies"),
      ". Limits are set in the configuration of the server.",
    ),
  );
}

function addEnginePanel(
  view: View,
  id: string,
  title: string,
  span: number,
  partsOf: (saver: Saver) => readonly Part[],
  ...more: readonly HTMLElement[]
): void {
  addPanel(view, {
    id,
    title,
    span,
    topics: ["engine"],
    build(body, panel) {
      const show = () => {
        if (saver.editing) return;
        const { state } = saver;
        panel.subtitle = `mode ${state.mode.toUpperCase()}, revision ${state.rev}`;
        for (const part of parts) part.show(state);
      };
      const saver: Saver = new Saver(view, show);
      const parts = partsOf(saver);
      body.append(...parts.map((part) => part.el), ...more, saver.el);
      return show;
    },
  });
}

function runningPart(saver: Saver): Part {
  const id = "setting-running";
  const box = el("input", {
    type: "checkbox",
    role: "switch",
    id,
    change: () => saver.save("Agents decide", { running: box.checked }, { running: !box.checked }),
  });
  return {
    el: el(
      "p",
      { class: "check" },
      box,
      el("label", { for: id }, "Agents decide: the ones that are switched on place orders after each block"),
    ),
    show: ({ running }) => {
      if (box.checked !== running) box.checked = running;
    },
  };
}

function assetsPart(saver: Saver): Part {
  const chosen = () => TOKENS.filter((_, i) => boxes[i]!.checked);
  const boxes = TOKENS.map((token) =>
    el("input", {
      type: "checkbox",
      id: `setting-${token}`,
      change: () => {
        const before = saver.state.paper_assets;
        saver.save("Instruments", { paper_assets: chosen() }, { paper_assets: before });
      },
    })
  );
  return {
    el: el(
      "fieldset",
      { class: "boxes" },
      el("legend", {}, "Instruments that are traded on paper"),
      ...TOKENS.map((token, i) =>
        el("span", { class: "check" }, boxes[i], el("label", { for: `setting-${token}` }, token))
      ),
    ),
    show: ({ paper_assets: assets }) => boxes.forEach((box, i) => box.checked = assets.includes(TOKENS[i]!)),
  };
}

function capitalPart(view: View, saver: Saver): Part {
  let timer = 0;
  const save = () => {
    clearTimeout(timer);
    const capital = Number(field.value.replace(/[\s,_']/g, ""));
    const before = saver.state.paper_capital;
    if (Number.isNaN(capital)) return saver.refuse("Paper capital", "It is no number.");
    if (capital === before) return saver.drop();
    saver.save("Paper capital", { paper_capital: capital }, { paper_capital: before });
  };
  const field = el("input", {
    id: "setting-capital",
    inputmode: "numeric",
    autocomplete: "off",
    spellcheck: "false",
    maxlength: 24,
    "aria-describedby": "setting-capital-hint",
    input: () => {
      saver.begin();
      clearTimeout(timer);
      timer = setTimeout(save, TYPING_MS);
    },
  });
  view.signal.addEventListener("abort", () => clearTimeout(timer), { once: true });
  return {
    el: el(
      "div",
      { class: "setting" },
      el("label", { for: "setting-capital" }, "Paper capital, base units"),
      field,
      el(
        "p",
        { class: "hint", id: "setting-capital-hint" },
        "Counts when paper mode is entered the next time: that opens a new account.",
      ),
    ),
    show: ({ paper_capital: capital }) => {
      const written = formatAmount(capital);
      if (field.value !== written) field.value = written;
    },
  };
}
