/**
 * Long lists of the server, page by page: filters that live in the address, older rows on demand, and a count of what
 * is new instead of rows that move under the reader's eyes.
 */
import { openDialog } from "./dialogs.ts";
import { el, setHidden, setText, text } from "./dom.ts";
import { formatAmount, formatCount, shorten } from "./format.ts";
import { icon } from "./icons.ts";
import { addPanel, exact, type Panel } from "./panel.ts";
import type { View } from "./router.ts";
import { type Topic, TOPIC_PATHS } from "./store.ts";
import { type DataColumn, DataTable } from "./table.ts";
import type { Meta } from "../src/server/wire.ts";

/** Rows that are fetched at once. */
const PAGE_ROWS = 50;

/** More rows than this are not kept on the page: a narrower filter or an export is the way then. */
const LOADED_MAX = 2_000;

/** Typing may pause so long before a filter applies. */
const TYPING_MS = 400;

/** A filter: a parameter of the route and of the page's address. */
export interface Filter<T> {
  readonly name: string;
  /** The route's parameter, where the address has another name for it. */
  readonly query?: string;
  readonly label: string;
  /** Values and what they are called; without any, it is a field to type in. */
  readonly choices?: readonly (readonly [value: string, label: string])[];
  /** What may be typed. */
  readonly kind?: "text" | "height";
  /** Whether a new row passes. */
  matches(row: T, value: string): boolean;
}

/** What a list is made from. */
export interface ListingSpec<T> {
  readonly id: string;
  readonly title: string;
  /** The newest rows; its path is also where pages come from. */
  readonly topic: Topic & ("operations" | "receipts" | "alerts" | "orders");
  /** Whether it needs a key: without one nothing is asked for. */
  readonly locked?: boolean;
  readonly columns: readonly DataColumn<T>[];
  readonly filters: readonly Filter<T>[];
  readonly shorten: (ids: readonly string[]) => readonly string[];
  /** What stands here when there is nothing, and why. */
  readonly empty: string;
  readonly exports: "receipts" | "operations" | null;
  /** What a row says when it is opened. */
  details(row: T, meta: Meta): readonly Node[];
  /** Title of an opened row. */
  titleOf(row: T): string;
  /** Looks for a row that an address names and that is not on the page. */
  find?(view: View, id: string): Promise<{ readonly row: T; readonly meta: Meta } | null>;
}

interface ListRow {
  readonly id: string;
}

interface PageBody {
  readonly total: number;
  readonly next_cursor: string | null;
  readonly _meta: Meta;
}

/** Adds the panel of a list. */
export function addListing<T extends ListRow>(view: View, spec: ListingSpec<T>): Panel {
  return addPanel(view, {
    id: spec.id,
    title: spec.title,
    span: 12,
    topics: [spec.topic],
    build: (body, panel) => new Listing(view, spec, body, panel).onTopic,
  });
}

class Listing<T extends ListRow> {
  readonly #view: View;
  readonly #spec: ListingSpec<T>;
  readonly #panel: Panel;
  readonly #table: DataTable<T>;
  readonly #fields = new Map<string, HTMLInputElement | HTMLSelectElement>();
  readonly #fresh = text();
  readonly #freshButton: HTMLElement;
  readonly #clear: HTMLElement;
  readonly #note = text();
  readonly #noteEl = el("p", { class: "list-note", role: "status", hidden: true }, this.#note);
  readonly #error = text();
  readonly #errorEl: HTMLElement;
  readonly #count = text();
  readonly #more: HTMLButtonElement;
  #rows: readonly T[] = [];
  #known = new Set<string>();
  #meta: Meta | null = null;
  #cursor: string | null = null;
  /** Filters of the rows that are shown, as a query string. */
  #shownFilter: string | null = null;
  /** Counts the loads, so that a late answer to an old one is dropped. */
  #load = 0;
  #opened: string | null = null;
  #dialog: HTMLDialogElement | null = null;

  constructor(view: View, spec: ListingSpec<T>, body: HTMLElement, panel: Panel) {
    this.#view = view;
    this.#spec = spec;
    this.#panel = panel;
    this.#clear = el(
      "button",
      { class: "button", hidden: true, click: () => this.#clearFilters() },
      "Clear filters",
    );
    this.#freshButton = el(
      "button",
      {
        class: "button fresh",
        hidden: true,
        click: () => void this.#reload(),
      },
      icon("up"),
      this.#fresh,
    );
    const retry = el("button", { class: "button", click: () => void this.#reload() }, "Try again");
    this.#errorEl = el("p", { class: "form-error", role: "alert", hidden: true }, this.#error, " ", retry);
    this.#more = el(
      "button",
      { class: "button", hidden: true, click: () => void this.#loadMore() },
      "Load older ones",
    );
    this.#table = new DataTable<T>(view, {
      name: spec.title,
      columns: spec.columns,
      keyOf: ({ id }) => id,
      shorten: spec.shorten,
      open: (row) => view.setParam("id", row.id),
    });
    const save = el("button", { class: "button", click: () => void this.#save() }, "Export…");
    body.append(
      el(
        "form",
        {
          class: "filters",
          "aria-label": `Filters of ${spec.title}`,
          submit: (event: Event) => event.preventDefault(),
        },
        ...spec.filters.map((filter) => this.#field(filter)),
        el("div", { class: "filter-buttons" }, this.#clear, save),
      ),
      this.#errorEl,
      // The line is always there, so that nothing moves when something new comes.
      el("div", { class: "list-bar" }, el("span", { class: "dim" }, this.#count), this.#freshButton),
      this.#noteEl,
      this.#table.el,
      el("div", { class: "buttons" }, this.#more),
    );
    view.onQuery((query) => {
      for (const [name, field] of this.#fields) {
        const value = query.get(name) ?? "";
        if (field.value !== value && field !== document.activeElement) field.value = value;
      }
      if (this.#filter() !== this.#shownFilter) void this.#reload();
      else this.#openNamed();
    });
  }

  /** What the topic brought: rows that are shown are replaced where they stand, new ones are counted. */
  readonly onTopic = (): void => {
    const body = this.#view.app.store.get(this.#spec.topic)!;
    // A list that needs a key is first asked for when its topic has come.
    if (this.#spec.locked && this.#shownFilter === null) return void this.#reload();
    if (!this.#meta) return;
    const newest = (body as unknown as Record<string, unknown>)[this.#spec.topic] as readonly T[];
    const update = new Map(newest.map((row) => [row.id, row]));
    if (this.#rows.some((row) => update.has(row.id) && update.get(row.id) !== row)) {
      this.#rows = this.#rows.map((row) => update.get(row.id) ?? row);
      this.#table.show(this.#rows, this.#meta);
    }
    const filters = this.#spec.filters.flatMap((filter) => {
      const value = this.#view.param(filter.name);
      return value === null ? [] : [[filter, value] as const];
    });
    const passing = newest.filter((row) =>
      !this.#known.has(row.id) && filters.every(([filter, value]) => filter.matches(row, value))
    );
    if (passing.length > 0 && this.#rows.length === 0) return void this.#reload();
    const count = passing.length === newest.length ? `${newest.length} or more` : formatCount(passing.length);
    setHidden(this.#freshButton, passing.length === 0);
    setText(this.#fresh, `${count} new: show`);
  };

  #field(filter: Filter<T>): HTMLElement {
    const { name, label, choices, kind } = filter;
    const id = `${this.#spec.id}-${name}`;
    let typing = 0;
    const apply = () => this.#view.setParam(name, field.value.trim() || null);
    const field = choices
      ? el(
        "select",
        { id, change: apply },
        el("option", { value: "" }, "all"),
        ...choices.map(([value, word]) => el("option", { value }, word)),
      )
      : el("input", {
        id,
        autocomplete: "off",
        spellcheck: "false",
        "data-filter": kind !== "height",
        inputmode: kind === "height" ? "numeric" : "text",
        pattern: kind === "height" ? "[0-9]{1,15}" : null,
        placeholder: kind === "height" ? "#" : "exact name (/)",
        maxlength: kind === "height" ? 15 : 512,
        change: apply,
        input: () => {
          clearTimeout(typing);
          typing = setTimeout(apply, TYPING_MS);
        },
      });
    this.#view.signal.addEventListener("abort", () => clearTimeout(typing), { once: true });
    this.#fields.set(name, field);
    return el("div", { class: "filter" }, el("label", { for: id }, label), field);
  }

  #clearFilters(): void {
    for (const [name, field] of this.#fields) {
      field.value = "";
      if (this.#view.param(name) !== null) this.#view.setParam(name, null);
    }
  }

  /** The filters that the address names, for the route. */
  #filter(): string {
    const query = new URLSearchParams();
    for (const { name, query: parameter = name } of this.#spec.filters) {
      const value = this.#view.param(name);
      if (value !== null) query.set(parameter, value);
    }
    return query.toString();
  }

  async #reload(): Promise<void> {
    if (this.#spec.locked && this.#view.app.api.key === null) return;
    const filter = this.#shownFilter = this.#filter();
    setHidden(this.#clear, filter === "");
    const body = await this.#fetch(`${filter === "" ? "" : `${filter}&`}limit=${PAGE_ROWS}`);
    if (!body) return;
    this.#rows = this.#rowsOf(body);
    this.#take(body);
    this.#openNamed();
  }

  async #loadMore(): Promise<void> {
    const filter = this.#shownFilter;
    const cursor = encodeURIComponent(this.#cursor ?? "");
    const body = await this.#fetch(`${filter === "" ? "" : `${filter}&`}limit=${PAGE_ROWS}&cursor=${cursor}`);
    if (!body) return;
    this.#rows = [...this.#rows, ...this.#rowsOf(body).filter(({ id }) => !this.#known.has(id))];
    this.#take(body);
  }

  #rowsOf(body: PageBody): readonly T[] {
    return (body as unknown as Record<string, readonly T[]>)[this.#spec.topic]!;
  }

  /** Asks for a page; null when it did not come, or came too late. */
  async #fetch(query: string): Promise<PageBody | null> {
    const load = ++this.#load;
    this.#more.disabled = true;
    try {
      const body = await this.#view.app.api.get(`${TOPIC_PATHS[this.#spec.topic]}?${query}`) as PageBody;
      if (load !== this.#load || this.#view.signal.aborted) return null;
      setHidden(this.#errorEl, true);
      return body;
    } catch (problem) {
      if (load !== this.#load) return null;
      setText(this.#error, `Not loaded: ${problem instanceof Error ? problem.message : String(problem)}.`);
      setHidden(this.#errorEl, false);
      return null;
    } finally {
      this.#more.disabled = false;
    }
  }

  #take({ total, next_cursor: cursor, _meta: meta }: PageBody): void {
    this.#known = new Set(this.#rows.map(({ id }) => id));
    this.#cursor = cursor;
    this.#meta = meta;
    this.#table.show(this.#rows, meta);
    const full = this.#rows.length >= LOADED_MAX;
    setHidden(this.#more, cursor === null || full);
    setHidden(this.#freshButton, true);
    setHidden(this.#table.el, this.#rows.length === 0);
    setText(
      this.#count,
      total === 0 ? "" : [
        `${formatCount(this.#rows.length)} of ${formatCount(total)} shown`,
        full && cursor !== null ? "narrow the filter, or export, for older ones" : "",
      ].filter(Boolean).join("; "),
    );
    const filtered = this.#shownFilter !== "";
    setHidden(this.#noteEl, total > 0);
    setText(this.#note, filtered ? "Nothing matches these filters." : this.#spec.empty);
    this.#panel.subtitle = `${formatCount(total)} ${filtered ? "matched" : "in all"} when read`;
  }

  /** Opens the row that the address names. */
  async #openNamed(): Promise<void> {
    const id = this.#view.param("id");
    if (id === null || id === this.#opened || !this.#meta) return;
    this.#opened = id;
    const here = this.#rows.find((row) => row.id === id);
    const found = here
      ? { row: here, meta: this.#meta }
      : await this.#spec.find?.(this.#view, id).catch(() => null) ?? null;
    if (this.#view.signal.aborted || this.#opened !== id) return;
    this.#dialog?.close();
    const dialog = this.#dialog = found
      ? openDialog(this.#spec.titleOf(found.row), ...this.#spec.details(found.row, found.meta))
      : openDialog(
        "Not found",
        el("p", {}, "There is no ", el("code", { class: "wrap" }, id), " among these rows."),
      );
    dialog.classList.add("wide");
    const close = () => dialog.close();
    this.#view.signal.addEventListener("abort", close, { once: true });
    dialog.addEventListener("close", () => {
      this.#view.signal.removeEventListener("abort", close);
      if (this.#dialog === dialog) this.#opened = this.#dialog = null;
      if (!this.#view.signal.aborted && this.#view.param("id") === id) this.#view.setParam("id", null);
    });
  }

  async #save(): Promise<void> {
    const { askForExport } = await import("./save.ts");
    const { exports, topic } = this.#spec;
    askForExport(this.#view.app, { kind: exports, rows: this.#rows, meta: this.#meta, name: topic });
  }
}

/** A column of identities: shortened, and whole where one looks. */
export function identityColumn<T>(
  given: Pick<DataColumn<T>, "id" | "label" | "path"> & { readonly priority: 1 | 3 },
  identityOf: (row: T) => string | null,
): DataColumn<T> {
  return {
    ...given,
    class: "mono",
    value: identityOf,
    format: (name) => shorten(String(name), "address"),
    full: (row) => identityOf(row) ?? undefined,
  };
}

/** The column of what was paid. */
export function amountColumn<T extends object>(path: string): DataColumn<T> {
  return {
    id: "amount",
    label: "Amount, base units",
    num: true,
    path,
    value: (row) => exact(row, "amount"),
    format: (amount) => formatAmount(amount as number | string),
  };
}

/** Filters that several lists share. */
export const MARKET_FILTER: Filter<{ readonly market: string }> = {
  name: "market",
  label: "Market",
  choices: [["compute", "compute"], ["storage", "storage"], ["energy", "energy"], ["ad", "ad"]],
  matches: (row, value) => row.market === value,
};

/** Ours, or those of others. */
export const OWN_FILTER: Filter<{ readonly own: boolean }> = {
  name: "own",
  label: "Whose",
  choices: [["true", "ours"], ["false", "of others"]],
  matches: (row, value) => String(row.own) === value,
};

/** From and to a block. */
export const HEIGHT_FILTERS: readonly Filter<{ readonly block_height: number | null }>[] = [
  {
    name: "from_height",
    label: "From block",
    kind: "height",
    matches: ({ block_height: height }, value) => height !== null && height >= Number(value),
  },
  {
    name: "to_height",
    label: "To block",
    kind: "height",
    matches: ({ block_height: height }, value) => height !== null && height <= Number(value),
  },
];
