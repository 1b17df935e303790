/** Panels: one frame for all, with one attribute that says how the data stands. */
import type { ChartSpec } from "./charts/chart.ts";
import { type Child, el, Rows, setAttr, setHidden, setText, text, Value } from "./dom.ts";
import { formatAge, formatClock, formatStamp } from "./format.ts";
import { icon, Status, type Tone } from "./icons.ts";
import type { View } from "./router.ts";
import { isLocked, reasonOf, type Store, type Topic, type TopicProblem } from "./store.ts";
import type { Body, Meta } from "../src/server/wire.ts";

/** Slack for messages on their way before data counts as stale here. */
const GRACE_MS = 1_500;

/** Data this many times older than its time to live is dead, but none younger than {@link DEAD_MIN_MS}. */
const DEAD_TTLS = 5;
const DEAD_MIN_MS = 10_000;

/** A load that takes longer says so. */
const SLOW_MS = 8_000;

/** Why a panel has nothing to show though its data is there. */
export interface Lack {
  readonly state: "empty" | "unsupported" | "gated";
  readonly text: string;
}

/** How the data of a panel stands. */
export type Condition = "loading" | "fresh" | "stale" | "dead" | "error" | "locked" | Lack["state"];

/** What {@link conditionOf} looks at. */
export interface Facts {
  /** One per topic; undefined where nothing has come. */
  readonly metas: readonly (Meta | undefined)[];
  readonly problems: readonly (TopicProblem | undefined)[];
  readonly lack: Lack | null;
  readonly nowMs: number;
}

/** Whether data is past its time, or missing. */
export function isOld(meta: Meta | undefined, nowMs: number): boolean {
  return !meta || meta.stale || nowMs > meta.as_of_ms + meta.ttl_ms + GRACE_MS;
}

/** The one word for how the data of a panel stands. */
export function conditionOf({ metas, problems, lack, nowMs }: Facts): Condition {
  const missing = metas.findIndex((meta, i) => meta === undefined && problems[i] !== undefined);
  if (missing >= 0) return isLocked(problems[missing]) ? "locked" : "error";
  if (metas.includes(undefined)) return "loading";
  const known = metas as readonly Meta[];
  const age = (meta: Meta) => nowMs - meta.as_of_ms;
  if (known.some((meta) => age(meta) > Math.max(DEAD_TTLS * meta.ttl_ms, DEAD_MIN_MS))) return "dead";
  if (lack) return lack.state;
  return known.some((meta) => isOld(meta, nowMs)) ? "stale" : "fresh";
}

/** The lack of a value that everything in a panel depends on, or null when it is there. */
export function lackOf(value: unknown, meta: Meta, path: string, what: string): Lack | null {
  if (value !== null) return null;
  const reason = reasonOf(meta, path);
  if (reason?.code === "NOT_OFFERED") {
    return { state: "unsupported", text: `This node does not offer ${what}.` };
  }
  return { state: "empty", text: `No ${what} yet${reason ? `: ${reason.because}` : ""}.` };
}

/** What a panel is made from. */
export interface PanelSpec {
  readonly id: string;
  readonly title: string;
  /** Columns of twelve. */
  readonly span: number;
  /** Columns of twelve where the window is not wide; the same when left out. */
  readonly medium?: number;
  /** Nothing is shown before all of these have come. */
  readonly topics: readonly Topic[];
  /** Nor before these, which no topic carries. */
  readonly readings?: readonly Source[];
  /** Builds the content, once; the result writes the newest values into it. */
  build(body: HTMLElement, panel: Panel): () => void;
  /** Looked at before each update. */
  lack?(): Lack | null;
  /** For what a panel shows besides its topics: whether that is simulated. */
  simulated?(): boolean;
}

/** A body that no topic carries. */
export interface Source {
  readonly body: Body<object> | undefined;
  readonly problem: TopicProblem | undefined;
  /** Calls back whenever one of them has changed, until the view ends. */
  onChange(run: () => void): void;
}

/** Adds a panel to a view. */
export function addPanel(view: View, spec: PanelSpec): Panel {
  const panel = new Panel(view, spec);
  view.root.append(panel.el);
  return panel;
}

/** A panel on the page. */
export class Panel {
  readonly el: HTMLElement;
  readonly body: HTMLElement;
  readonly #view: View;
  readonly #spec: PanelSpec;
  readonly #update: () => void;
  readonly #subtitle = text();
  readonly #mark = text();
  readonly #markEl: HTMLElement;
  readonly #notes: HTMLButtonElement;
  readonly #message: HTMLElement;
  readonly #messageText = text();
  readonly #matrixLink: HTMLElement;
  readonly #retry: HTMLElement;
  readonly #key: HTMLElement;
  readonly #madeMs = Date.now();
  #failure: string | null = null;

  constructor(view: View, spec: PanelSpec) {
    this.#view = view;
    this.#spec = spec;
    this.body = el("div", { class: "panel-body" });
    this.#markEl = el("span", { class: "mark" }, icon("clock"), this.#mark);
    this.#notes = el("button", {
      class: "icon-button notes",
      hidden: true,
      "aria-haspopup": "dialog",
      "aria-label": `Notes on ${spec.title}: what is unknown or estimated`,
      title: "What is unknown or estimated here",
      click: async () => (await import("./notes.ts")).showNotes(this.#notes, spec.title, this.body),
    }, icon("info"));
    this.#matrixLink = el("a", { href: "#/system?panel=capabilities" }, "What this node offers");
    this.#retry = el("button", { class: "button", click: () => view.app.link.retry() }, "Retry now");
    this.#key = el("button", {
      class: "button",
      click: () => void view.app.askForKey(`${spec.title} is not shown to everyone.`),
    }, "Enter API key");
    this.#message = el(
      "p",
      { class: "panel-message", hidden: true },
      this.#messageText,
      " ",
      this.#matrixLink,
      this.#retry,
      this.#key,
    );
    this.el = el(
      "section",
      {
        class: `panel w${spec.span} m${spec.medium ?? spec.span}`,
        id: spec.id,
        "aria-labelledby": `${spec.id}-title`,
        "data-state": "loading",
      },
      el(
        "header",
        { class: "panel-head" },
        el("h2", { id: `${spec.id}-title`, tabindex: -1 }, spec.title),
        el("span", { class: "subtitle" }, this.#subtitle),
        this.#notes,
        el("span", { class: "sim-tag", title: "Simulated data: no real node is behind it" }, "SIM"),
        this.#markEl,
      ),
      this.#message,
      this.body,
    );
    this.#update = spec.build(this.body, this);
    view.watch(spec.topics, () => this.update());
    for (const reading of spec.readings ?? []) reading.onChange(() => this.update());
    view.everySecond(() => this.refresh());
    this.update();
  }

  /** Text beside the title. */
  set subtitle(content: string) {
    setText(this.#subtitle, content);
  }

  /** Writes the newest values. A panel that fails says so and leaves the others alone. */
  update(): void {
    const { store } = this.#view.app;
    const { topics, readings = [] } = this.#spec;
    if (topics.every((topic) => store.get(topic)) && readings.every(({ body }) => body)) {
      try {
        if (!this.#spec.lack?.()) this.#update();
        this.#failure = null;
      } catch (error) {
        this.#failure = error instanceof Error ? error.message : String(error);
      }
      setHidden(this.#notes, this.body.querySelector("[data-v]") === null);
    }
    this.refresh();
  }

  /** Says how the data stands now. */
  refresh(): void {
    const { store, link } = this.#view.app;
    const nowMs = store.shownMs();
    const { topics, readings = [] } = this.#spec;
    const metas = [...topics.map((topic) => store.get(topic)), ...readings.map(({ body }) => body)]
      .map((body) => body?._meta);
    const problems = [
      ...topics.map((topic) => store.problem(topic)),
      ...readings.map(({ problem }) => problem),
    ];
    const complete = !metas.includes(undefined);
    const lack = complete && this.#failure === null ? this.#spec.lack?.() ?? null : null;
    const condition = this.#failure === null ? conditionOf({ metas, problems, lack, nowMs }) : "error";
    const simulated = metas.some((meta) => meta?.source === "simulated") || this.#spec.simulated?.();
    const state = [condition, simulated && "simulated", store.paused && "paused"].filter(Boolean).join(" ");
    setAttr(this.el, "data-state", state);
    setAttr(this.el, "aria-busy", condition === "loading" ? "true" : null);
    this.#writeMark(condition, metas, nowMs);
    const problem = problems.find((found, i) =>
      found && (metas[i] === undefined || found.code !== "NO_ANSWER")
    );
    const message = lack?.text ??
      (this.#failure !== null
        ? `This panel failed: ${this.#failure}`
        : condition === "locked"
        ? "This is shown with an API key only."
        : problem
        ? `${problem.detail} (${problem.code}).`
        : condition === "loading" && Date.now() - this.#madeMs > SLOW_MS
        ? `Still waiting for the first data, ${formatAge(Date.now() - this.#madeMs)} so far.`
        : null);
    setHidden(this.#message, message === null);
    if (message !== null) setText(this.#messageText, message);
    setHidden(this.#matrixLink, lack?.state !== "unsupported");
    setHidden(this.#retry, problem === undefined || condition === "locked" || link.state.kind === "open");
    setHidden(this.#key, condition !== "locked");
  }

  #writeMark(condition: Condition, metas: readonly (Meta | undefined)[], nowMs: number): void {
    const { store } = this.#view.app;
    const known = metas.filter((meta) => meta !== undefined);
    const oldest = known.reduce<Meta | null>((a, b) => (a && a.as_of_ms <= b.as_of_ms ? a : b), null);
    let mark = "";
    if (store.paused) mark = "paused";
    else if (oldest && condition !== "loading") {
      const age = formatAge(nowMs - oldest.as_of_ms);
      if (condition === "stale") mark = `${age} old`;
      else if (condition === "dead") mark = `last ${formatClock(oldest.as_of_ms)}`;
      else mark = oldest.source === "simulated" ? age : `${oldest.source} · ${age}`;
    }
    setText(this.#mark, mark);
    if (oldest) setAttr(this.#markEl, "title", `as of ${formatStamp(oldest.as_of_ms)}`);
  }
}

/** A figure that draws itself once the chart module is there; its room is kept from the start. */
export function chart(view: View, spec: ChartSpec): HTMLElement {
  const figure = el("figure", { class: `chart ${spec.kind}` });
  void import("./charts/chart.ts").then(({ mountChart }) => {
    if (!view.signal.aborted) mountChart(view, figure, spec);
  });
  return figure;
}

/** Something that is on the page and can be brought up to date. */
export interface Shown<T> {
  readonly el: HTMLElement;
  show(now: T): void;
}

/** A value of a topic: where it is, and how it reads. */
export type Field = readonly [topic: Topic, field: string, format: (value: never) => string];

/** A list of labelled values, some of them several on a line. */
export function facts(
  store: Store,
  rows: readonly (readonly [label: string, ...fields: readonly Field[]])[],
): Shown<void> {
  const values: (readonly [Value, Field])[] = [];
  const list = el("dl", { class: "facts" });
  for (const [label, ...fields] of rows) {
    const line = el("dd");
    for (const field of fields) {
      const value = new Value(fields.length === 1 ? line : el("span"));
      values.push([value, field]);
      if (fields.length > 1) line.append(...(line.firstChild ? [" / "] : []), value.el);
    }
    list.append(el("div", {}, el("dt", {}, label), line));
  }
  return {
    el: list,
    show: () => {
      for (const [value, [topic, field, format]] of values) {
        const body = store.get(topic)!;
        value.show(exact(body, field), format as (known: unknown) => string, body._meta, field);
      }
    },
  };
}

/** A member of a body; the exact digits where the number was too large for JSON. */
export function exact(holder: object, field: string): number | string | null {
  const members = holder as Readonly<Record<string, number | string | null>>;
  return members[field] ?? members[`${field}_exact`] ?? null;
}

/** A column of a table. */
export interface Column<T> {
  readonly label: string;
  /** Numbers stand to the right. */
  readonly num?: boolean;
  /** Columns of a higher number go first where there is little room; without one a column stays. */
  readonly priority?: 0 | 1 | 2 | 3 | 4 | 5;
  /** Further classes. */
  readonly class?: string;
  /** For a column of words with a tone. */
  readonly tone?: (row: T) => readonly [Tone, string];
  /** For a column of anything else. */
  readonly fill?: Filler<T>;
  /** For a column of values. */
  readonly show?: (value: Value, row: T) => void;
}

/** Builds a cell, once; the result brings it up to date. */
export type Filler<T> = (cell: HTMLElement) => (row: T) => void;

/** Fills a cell with what never changes as long as its row has the same key. */
export function fixed<T>(content: (row: T) => readonly Child[]): Filler<T> {
  return (cell) => (row) => {
    if (!cell.firstChild) {
      cell.append(...content(row).filter((child) => child !== null && child !== undefined));
    }
  };
}

/** Classes of the cells of a column. */
export function cellClass(column: Pick<Column<never>, "num" | "priority" | "class">): string {
  const { num, priority } = column;
  return `${num ? "num " : ""}${priority === undefined ? "" : `p${priority} `}${column.class ?? ""}`;
}

/**
 * A table whose rows are kept by their keys.
 *
 * @param head Label of the first column, and what names a row
 * @param keyOf Key of an item; its place in the list makes rows that are written over instead of replaced
 */
export function keyedTable<T>(
  caption: string,
  keyOf: (row: T, place: number) => string,
  head: readonly [label: string, fill: Filler<T>],
  columns: readonly Column<T>[],
): Shown<readonly T[]> {
  const body = el("tbody");
  const rows = new Rows<T>(body, keyOf, () => {
    const name = el("th", { scope: "row" });
    const updateName = head[1](name);
    const cells = columns.map((column) => {
      const cell = el("td", { class: cellClass(column) });
      if (column.tone) {
        const status = new Status(cell);
        return { cell, update: (row: T) => status.show(...column.tone!(row)) };
      }
      if (column.fill) return { cell, update: column.fill(cell) };
      const value = new Value(cell);
      return { cell, update: (row: T) => column.show!(value, row) };
    });
    return {
      el: el("tr", {}, name, ...cells.map(({ cell }) => cell)),
      update: (row) => {
        updateName(row);
        for (const { update } of cells) update(row);
      },
    };
  });
  const titles = [el("th", { scope: "col" }, head[0])];
  for (const column of columns) {
    titles.push(el("th", { scope: "col", class: cellClass(column) }, column.label));
  }
  return {
    el: el(
      "div",
      { class: "scroll-x" },
      el(
        "table",
        { class: "data" },
        el("caption", { class: "sr" }, caption),
        el("thead", {}, el("tr", {}, ...titles)),
        body,
      ),
    ),
    show: (now) => rows.show(now),
  };
}

const RANGES = [["5m", 300_000], ["15m", 900_000], ["1h", 3_600_000], ["24h", 86_400_000], [
  "7d",
  604_800_000,
]] as const;

/** Puts the choice of the visible time beside the headline; it lives in the address. */
export function rangePicker(view: View): () => number {
  const chosen = () => RANGES.find(([name]) => name === view.param("range")) ?? RANGES[0];
  const group = el("fieldset", { class: "range" }, el("legend", { class: "sr" }, "Time shown in charts"));
  for (const [name] of RANGES) {
    const radio = el("input", {
      type: "radio",
      name: "range",
      class: "sr",
      change: () => view.setParam("range", name),
    });
    group.append(el("label", {}, radio, name));
    view.onQuery(() => radio.checked = chosen()[0] === name);
  }
  view.actions.append(group);
  return () => chosen()[1];
}
