/** The form of a backtest: what is left empty is as the server has it. */
import { act, wordsOf } from "../act.ts";
import { el, setHidden, setText, text } from "../dom.ts";
import { addPanel } from "../panel.ts";
import type { Reading } from "../reading.ts";
import type { View } from "../router.ts";
import type { Agents, BacktestId, Body } from "../../src/server/wire.ts";

const TOKENS = ["COMPUTE", "STORAGE", "ENERGY", "AD"];
const SCENARIOS = ["calm", "stress", "outage", "fee-spike", "throttled-ads", "reorgs"];

/** Rows that the field for them takes; the server has the same limit. */
const ROWS_MAX = 100_000;

type Field = HTMLInputElement | HTMLSelectElement | HTMLTextAreaElement;

/** What the form makes of its fields, or the first thing that is wrong with them. */
type Made = { readonly request: object } | { readonly wrong: string };

/** Adds the form. */
export function addForm(view: View, agents: Reading<Agents>, started: (id: string) => void): void {
  addPanel(view, {
    id: "backtest-form",
    title: "New backtest",
    span: 4,
    medium: 12,
    topics: [],
    readings: [agents],
    build(body) {
      let form: Form | null = null;
      return () => {
        if (form) return;
        form = new Form(view, agents.body!.agents, started);
        body.append(form.el);
      };
    },
  });
}

class Form {
  readonly el: HTMLElement;
  readonly #view: View;
  readonly #fields = new Map<string, Field>();
  readonly #kinds = new Map<string, HTMLElement>();
  readonly #agents: readonly {
    readonly id: string;
    readonly box: HTMLInputElement;
    readonly params: readonly string[];
  }[];
  readonly #error = text();
  readonly #errorEl = el("p", { class: "form-error", role: "alert", hidden: true }, this.#error);
  readonly #button = el("button", { class: "button primary" }, "Start backtest");
  readonly #started: (id: string) => void;

  constructor(view: View, agents: Agents["agents"], started: (id: string) => void) {
    [this.#view, this.#started] = [view, started];
    const part = (kind: string, ...children: readonly HTMLElement[]) => {
      const box = el("div", { class: "form-grid", hidden: kind !== "simulator" }, ...children);
      this.#kinds.set(kind, box);
      return box;
    };
    const kind = this.#select("kind", "Data", [
      ["simulator", "the simulator"],
      ["journal", "what was recorded here"],
      ["csv", "a CSV file of the server"],
      ["inline", "rows typed or pasted here"],
    ]);
    const rows = el("textarea", {
      id: "bt-rows",
      rows: 6,
      spellcheck: "false",
      placeholder: "1767225600, 10.5\n1767225660, 10.7, 250",
    });
    this.#fields.set("rows", rows);
    this.#agents = agents.map(({ id }) => ({
      id,
      box: el("input", { type: "checkbox", id: `bt-agent-${id}` }),
      params: agents.find((agent) => agent.id === id)!.parameters.map((parameter) => parameter.id),
    }));
    const agentBoxes = agents.map(({ id, title, parameters }, i) =>
      el(
        "div",
        {},
        el("p", { class: "check" }, this.#agents[i]!.box, el("label", { for: `bt-agent-${id}` }, title)),
        el(
          "details",
          {},
          el("summary", { class: "hint" }, `Parameters of ${title}`),
          el(
            "div",
            { class: "form-grid" },
            ...parameters.map((parameter) =>
              this.#input(
                `${id}.${parameter.id}`,
                `${parameter.id.replaceAll("_", " ")}, ${parameter.unit}`,
                String(parameter.default),
              )
            ),
          ),
        ),
      )
    );
    const analyses = [["lookahead", "Lookahead check"], ["walk_forward", "Walk-forward"], [
      "monte_carlo",
      "Monte Carlo over the trades",
    ]].map(([id, label]) => this.#box(`analysis-${id}`, label!));
    this.el = el(
      "form",
      {
        class: "backtest-form",
        "aria-label": "New backtest",
        submit: (event: SubmitEvent) => {
          event.preventDefault();
          void this.#send();
        },
      },
      kind,
      part(
        "simulator",
        this.#select("scenario", "Scenario", SCENARIOS.map((name) => [name, name])),
        this.#input("slots", "Blocks", "5000"),
        this.#input("data-seed", "Seed of the chain", "1"),
      ),
      part(
        "journal",
        this.#input("from", "From, UTC", "2026-01-31 00:00"),
        this.#input("to", "To, UTC", "as far as it reaches"),
        this.#box("no-catch-up", "Only blocks that were followed live"),
      ),
      part(
        "csv",
        this.#input("path", "Path within the data folder", "prices.csv"),
        this.#select("csv-token", "Instrument", TOKENS.map((name) => [name, name])),
      ),
      part(
        "inline",
        this.#select("inline-token", "Instrument", TOKENS.map((name) => [name, name])),
        el(
          "div",
          { class: "field full" },
          el("label", { for: "bt-rows" }, "Rows: Unix seconds, price, and volume where it is known"),
          rows,
        ),
      ),
      el("h3", {}, "Agents"),
      ...agentBoxes,
      el("h3", {}, "Account"),
      el(
        "div",
        { class: "form-grid" },
        this.#input("capital", "Capital, base units", "1000000"),
        this.#input("fee", "Fee, %", "as on paper"),
        this.#input("slippage", "Slippage, %", "as on paper"),
        this.#select("fill", "Filled at", [["next_bar", "the next bar"], [
          "same_bar",
          "the same bar (looks ahead)",
        ]]),
        this.#input("seed", "Seed", "1"),
      ),
      el("h3", {}, "Guardrails"),
      el(
        "div",
        { class: "form-grid" },
        this.#input("max_drawdown", "Drawdown that halts, %", "as on paper"),
        this.#input("max_position", "Largest position, base units", "as on paper"),
        this.#input("max_concurrent_trades", "Positions at once", "as on paper"),
      ),
      el("h3", {}, "Analyses"),
      el("div", { class: "boxes" }, ...analyses),
      this.#errorEl,
      this.#button,
    );
    const kindField = this.#fields.get("kind")!;
    kindField.addEventListener("change", () => {
      for (const [name, box] of this.#kinds) setHidden(box, name !== kindField.value);
    });
    this.#fields.get("capital")!.value = "1000000";
    this.#agents[0] && (this.#agents.at(-1)!.box.checked = true);
  }

  #input(name: string, label: string, placeholder: string): HTMLElement {
    const id = `bt-${name}`;
    const field = el("input", {
      id,
      placeholder,
      autocomplete: "off",
      spellcheck: "false",
      maxlength: 1_024,
    });
    this.#fields.set(name, field);
    return el("div", { class: "field" }, el("label", { for: id }, label), field);
  }

  #select(
    name: string,
    label: string,
    values: readonly (readonly [value: string, word: string])[],
  ): HTMLElement {
    const id = `bt-${name}`;
    const field = el("select", { id }, ...values.map(([value, word]) => el("option", { value }, word)));
    this.#fields.set(name, field);
    return el("div", { class: "field" }, el("label", { for: id }, label), field);
  }

  #box(name: string, label: string): HTMLElement {
    const box = el("input", { type: "checkbox", id: `bt-${name}` });
    this.#fields.set(name, box);
    return el("span", { class: "check" }, box, el("label", { for: box.id }, label));
  }

  #text(name: string): string {
    return this.#fields.get(name)!.value.trim();
  }

  #checked(name: string): boolean {
    return (this.#fields.get(name) as HTMLInputElement).checked;
  }

  /** A number of a field; undefined when it is empty. What is no number goes to the server, which says so. */
  #number(name: string, factor = 1): number | string | undefined {
    const written = this.#text(name).replaceAll(",", "");
    if (written === "") return undefined;
    const value = Number(written);
    return Number.isFinite(value) ? (factor === 1 ? value : value / factor) : written;
  }

  #data(): object | string {
    switch (this.#text("kind")) {
      case "simulator":
        return given({
          kind: "simulator",
          scenario: this.#text("scenario"),
          slots: this.#number("slots"),
          seed: this.#number("data-seed"),
        });
      case "journal": {
        const [from, to] = [timeOf(this.#text("from")), timeOf(this.#text("to"))];
        if (Number.isNaN(from) || Number.isNaN(to)) return "Times are written as 2026-01-31 12:00.";
        return given({
          kind: "journal",
          from,
          to,
          catch_up: this.#checked("no-catch-up") ? false : undefined,
        });
      }
      case "csv":
        return { kind: "csv", path: this.#text("path"), token: this.#text("csv-token") };
      default: {
        const lines = this.#text("rows").split("\n").filter((line) => line.trim() !== "");
        if (lines.length > ROWS_MAX) {
          return `At most ${ROWS_MAX} rows can be sent; use a CSV file of the server.`;
        }
        const rows = lines.map((line) => line.split(/[,;\s]+/).filter(Boolean).map(Number));
        const wrong = rows.findIndex((row) => row.some(Number.isNaN));
        if (wrong >= 0) return `Row ${wrong + 1} holds something that is no number.`;
        return { kind: "inline", token: this.#text("inline-token"), rows };
      }
    }
  }

  #request(): Made {
    const data = this.#data();
    if (typeof data === "string") return { wrong: data };
    const agents = this.#agents.filter(({ box }) => box.checked).map(({ id, params }) => ({
      name: id,
      params: given(Object.fromEntries(params.map((name) => [name, this.#number(`${id}.${name}`)]))),
    }));
    if (agents.length === 0) return { wrong: "Choose at least one agent." };
    const analysis = ["lookahead", "walk_forward", "monte_carlo"].filter((id) =>
      this.#checked(`analysis-${id}`)
    );
    return {
      request: {
        data,
        agents,
        ...given({ capital: this.#number("capital"), seed: this.#number("seed") }),
        fees: given({ rate: this.#number("fee", 100) }),
        slippage: given({ rate: this.#number("slippage", 100) }),
        guardrails: given({
          max_drawdown: this.#number("max_drawdown", 100),
          max_position: this.#number("max_position"),
          max_concurrent_trades: this.#number("max_concurrent_trades"),
        }),
        fill: this.#text("fill"),
        analysis: Object.fromEntries(analysis.map((id) => [id, {}])),
      },
    };
  }

  async #send(): Promise<void> {
    const made = this.#request();
    setHidden(this.#errorEl, !("wrong" in made));
    if ("wrong" in made) return setText(this.#error, made.wrong);
    const { app } = this.#view;
    this.#button.disabled = true;
    try {
      const post = () => app.api.post("/backtest", made.request);
      const { id } = await act(app, "Backtests need a key with the scope “trade”.", post) as Body<BacktestId>;
      this.#started(id);
    } catch (problem) {
      setText(this.#error, `Not started: ${wordsOf(problem)}`);
      setHidden(this.#errorEl, false);
    } finally {
      this.#button.disabled = false;
    }
  }
}

/** An object without what was not given. */
function given(values: Readonly<Record<string, unknown>>): object {
  return Object.fromEntries(Object.entries(values).filter(([, value]) => value !== undefined));
}

/** Unix seconds of a written time; undefined when there is none, NaN when it is none. */
function timeOf(written: string): number | undefined {
  if (written === "") return undefined;
  const iso = /^\d{4}-\d\d-\d\d([ T]\d\d:\d\d(:\d\d)?)?$/.test(written)
    ? `${written.replace(" ", "T")}${written.length > 10 ? "Z" : ""}`
    : "";
  return Date.parse(iso) / 1_000;
}
