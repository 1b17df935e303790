/** One agent: its switch, share and parameters, saved as they are changed. */
import type { App } from "../context.ts";
import { el, setAttr, setHidden, setText, text } from "../dom.ts";
import { formatClock, formatCount, formatNumber } from "../format.ts";
import { Status } from "../icons.ts";
import { saveState } from "../engine_settings.ts";
import type { Agents, AgentSettingsBody, Body, EngineState, StrategyBody } from "../../src/server/wire.ts";

/** Share of equity of an agent that nobody has set; the server's default. */
const SHARE = 0.25;

/** Typing may pause so long before a change is saved. */
const TYPING_MS = 400;

type Agent = Agents["agents"][number];

/** A card on the page. */
export class AgentCard {
  readonly el: HTMLElement;
  readonly #app: App;
  readonly #agent: Agent;
  readonly #switch: HTMLInputElement;
  readonly #share: HTMLInputElement;
  readonly #fields = new Map<string, HTMLInputElement>();
  readonly #state = new Status(el("p"));
  readonly #said = text();
  readonly #saidEl: HTMLElement;
  /** The state that the reader saw when he began to change something; null while he does not. */
  #seen: Body<EngineState> | null = null;
  #engine: Body<EngineState> | null = null;
  #typing = 0;

  constructor(app: App, agent: Agent) {
    [this.#app, this.#agent] = [app, agent];
    const { id } = agent;
    this.#switch = el("input", {
      type: "checkbox",
      role: "switch",
      id: `agent-${id}`,
      change: () => this.#save({ enabled: this.#switch.checked }),
    });
    this.#share = this.#number(`share-${id}`, () => {
      const percent = Number(this.#share.value);
      return this.#share.value.trim() === "" ? null : { share: percent / 100 };
    });
    const rows = agent.parameters.map(({ id: name, unit, min, max, meaning, default: usual }) => {
      const field = this.#number(`param-${id}-${name}`, () => ({ params: this.#params() }));
      this.#fields.set(name, field);
      setAttr(field, "placeholder", String(usual));
      return el(
        "div",
        { class: "setting" },
        el("label", { for: field.id, title: meaning }, `${name.replaceAll("_", " ")}, ${unit}`),
        field,
        el("p", { class: "hint" }, `${meaning}; ${min} to ${max}, usually ${usual}`),
      );
    });
    this.#saidEl = el("p", { class: "saved", role: "status" }, this.#said);
    this.el = el(
      "section",
      { class: "card", "aria-labelledby": `agent-title-${id}` },
      el(
        "header",
        {},
        el("h3", { id: `agent-title-${id}` }, agent.title),
        el("label", { class: "check", for: `agent-${id}` }, this.#switch, "on"),
      ),
      this.#state.el,
      el("p", { class: "hint" }, agent.hypothesis),
      el(
        "div",
        { class: "setting" },
        el("label", { for: `share-${id}` }, "Share of equity, %"),
        this.#share,
      ),
      el("details", {}, el("summary", {}, `Parameters (${formatCount(agent.parameters.length)})`), ...rows),
      this.#saidEl,
    );
  }

  /** Shows how the agent stands. What the reader is changing is left alone. */
  show(engine: Body<EngineState>, row: StrategyBody | undefined): void {
    // What was just saved is newer than what the stream has brought so far.
    if (this.#engine && engine.rev < this.#engine.rev) return;
    this.#engine = engine;
    const own = engine.settings.agents[this.#agent.id];
    if (this.#seen === null) this.#fill(own);
    if (row?.suspended) this.#state.show("bad", `suspended: ${row.suspended}`);
    else if (!own?.enabled) this.#state.show("unknown", "off");
    else if (engine.mode !== "paper") this.#state.show("warn", `on, but the mode is ${engine.mode}`);
    else if (!engine.running) this.#state.show("warn", "on, but agents do not decide");
    else {
      const trades = row?.trades ?? 0;
      this.#state.show(
        "ok",
        `on · ${formatCount(trades)} closed trades${row?.few_trades ? ", too few to judge" : ""}`,
      );
    }
  }

  #fill(own: AgentSettingsBody | undefined): void {
    if (this.#switch.checked !== (own?.enabled ?? false)) this.#switch.checked = own?.enabled ?? false;
    write(this.#share, formatNumber((own?.share ?? SHARE) * 100, 2).replace(/\.?0+$/, ""));
    for (const [name, field] of this.#fields) {
      const set = own?.params[name];
      write(field, set === undefined ? "" : String(set));
    }
  }

  /** A field whose change is saved when typing pauses. */
  #number(id: string, change: () => Partial<AgentSettingsBody> | null): HTMLInputElement {
    const save = () => {
      clearTimeout(this.#typing);
      const patch = change();
      if (patch) this.#save(patch);
    };
    return el("input", {
      id,
      inputmode: "decimal",
      autocomplete: "off",
      spellcheck: "false",
      maxlength: 24,
      input: () => {
        this.#seen ??= this.#engine;
        clearTimeout(this.#typing);
        this.#typing = setTimeout(save, TYPING_MS);
      },
    });
  }

  /** The parameters that are set; what is empty keeps its default. */
  #params(): Readonly<Record<string, number>> {
    const set: Record<string, number> = {};
    for (const [name, field] of this.#fields) {
      if (field.value.trim() !== "") set[name] = Number(field.value);
    }
    return set;
  }

  async #save(patch: Partial<AgentSettingsBody>): Promise<void> {
    const seen = this.#seen ??= this.#engine!;
    if ([patch.share ?? 0, ...Object.values(patch.params ?? {})].some(Number.isNaN)) {
      setText(this.#said, "Not saved: that is no number.");
      return setAttr(this.#saidEl, "data-bad", "");
    }
    setText(this.#said, "Saving…");
    setAttr(this.#saidEl, "data-bad", null);
    const saved = await saveState(this.#app, { settings: { agents: { [this.#agent.id]: patch } } }, seen);
    if (saved.kind === "failed") {
      setText(this.#said, `Not saved: ${saved.why}`);
      setAttr(this.#saidEl, "data-bad", "");
      if ("enabled" in patch) this.#seen = null;
      if ("enabled" in patch) this.#fill(seen.settings.agents[this.#agent.id]);
      return;
    }
    this.#seen = null;
    this.#engine = saved.state;
    this.#fill(saved.state.settings.agents[this.#agent.id]);
    setText(this.#said, saved.kind === "saved" ? `Saved ${formatClock(Date.now())}` : "Theirs was kept");
    setHidden(this.#saidEl, false);
  }
}

/** Writes a field that the reader is not in. */
function write(field: HTMLInputElement, content: string): void {
  if (field !== document.activeElement && field.value !== content) field.value = content;
}
