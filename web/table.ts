/** Tables that can be sorted and filtered, and that only draw the rows in sight when there are many. */
import { el, keepFocus, setAttr, setHidden, setText, text, Value } from "./dom.ts";
import { formatCount } from "./format.ts";
import { icon, Status, type Tone } from "./icons.ts";
import { cellClass } from "./panel.ts";
import type { View } from "./router.ts";
import { reasonOf } from "./store.ts";
import type { Meta } from "../src/server/wire.ts";

/** More rows than this are drawn only where they are in sight. */
export const ROWS_DRAWN_MAX = 200;

/** Every row of a long table has this height; the stylesheet has the same ones. */
const ROW_PX = 28;
const ROW_PX_BY_DENSITY: Readonly<Record<string, number>> = { compact: 26, comfortable: 40 };

/** Rows drawn above and below the visible ones. */
const OVERSCAN = 10;

/** What stands in a column. */
export interface DataColumn<T> {
  readonly id: string;
  readonly label: string;
  readonly num?: boolean;
  readonly priority?: 0 | 1 | 2 | 3 | 4 | 5;
  /** Further classes. */
  readonly class?: string;
  /** Where the value is in the body, for its reason. */
  readonly path: string;
  /** What rows are sorted and filtered by. */
  value(row: T): string | number | boolean | null;
  format(value: string | number | boolean, row: T): string;
  /** The exact value, for hovering. */
  full?(row: T): string | undefined;
  /** For a column of words with a tone. */
  tone?(row: T): readonly [Tone, string];
  /** For a column of markets: a square in the market's colour before the word. */
  readonly market?: true;
}

/** What a table is made from. */
export interface DataTableSpec<T> {
  readonly name: string;
  readonly columns: readonly DataColumn<T>[];
  readonly keyOf: (row: T) => string;
  /** Column and direction at the start; rows without it stay in the order in which they are given. */
  readonly sort?: readonly [column: string, descending: boolean];
  /** The first column: how its identifiers are shown, all of them at once. */
  readonly shorten: (ids: readonly string[]) => readonly string[];
  /** What is copied of a row; its key when left out. */
  readonly nameOf?: (row: T) => string;
  /** What a row leads to; without it, the first column copies its identifier. */
  readonly open?: (row: T) => void;
}

/** The rows to draw for a scroll position: first index, and one after the last. */
export function rowWindow(
  count: number,
  scrollPx: number,
  viewportPx: number,
  rowPx = ROW_PX,
): readonly [from: number, to: number] {
  if (count <= ROWS_DRAWN_MAX) return [0, count];
  const from = Math.max(0, Math.floor(scrollPx / rowPx) - OVERSCAN);
  const to = Math.min(count, Math.ceil((scrollPx + viewportPx) / rowPx) + OVERSCAN);
  return [Math.min(from, to), to];
}

/** Orders values; unknown ones come last either way. */
export function compareValues(
  a: string | number | boolean | null,
  b: string | number | boolean | null,
  descending: boolean,
): number {
  if (a === null || b === null) return a === b ? 0 : a === null ? 1 : -1;
  const order = typeof a === "string" && typeof b === "string"
    ? a.localeCompare(b, "en")
    : Number(a) - Number(b);
  return descending ? -order : order;
}

interface DrawnRow<T> {
  readonly el: HTMLTableRowElement;
  update(row: T, short: string, meta: Meta): void;
}

/** A table over rows that are given anew whenever they change. */
export class DataTable<T> {
  readonly el: HTMLElement;
  readonly #view: View;
  readonly #spec: DataTableSpec<T>;
  readonly #body = el("tbody");
  readonly #above = el("tr", { class: "spacer", "aria-hidden": "true" });
  readonly #below = el("tr", { class: "spacer", "aria-hidden": "true" });
  readonly #table: HTMLTableElement;
  readonly #scroller: HTMLElement;
  readonly #heads: readonly HTMLTableCellElement[];
  readonly #count = text();
  readonly #missing = text();
  readonly #missingEl: HTMLElement;
  readonly #filter: HTMLInputElement;
  readonly #clear: HTMLElement;
  readonly #pool = new Map<string, DrawnRow<T>>();
  #rows: readonly T[] = [];
  #shown: readonly T[] = [];
  #shorts: readonly string[] = [];
  #meta: Meta | null = null;
  #hidden: ReadonlySet<string> = new Set();

  constructor(view: View, spec: DataTableSpec<T>) {
    this.#view = view;
    this.#spec = spec;
    this.#filter = el("input", {
      type: "search",
      "data-filter": true,
      placeholder: "Filter (/)",
      "aria-label": `Filter ${spec.name}`,
      input: () => view.setParam("q", this.#filter.value || null),
    });
    this.#heads = spec.columns.map((column) =>
      el(
        "th",
        { scope: "col", class: cellClass(column), "data-column": column.id },
        spec.sort
          ? el("button", { class: "sort", click: () => this.#sortBy(column.id) }, column.label, icon("down"))
          : column.label,
      )
    );
    this.#body.append(this.#above, this.#below);
    this.#table = el(
      "table",
      { class: "data fixed-rows", "data-notes": "columns" },
      el("caption", { class: "sr" }, spec.name),
      el("thead", {}, el("tr", {}, ...this.#heads)),
      this.#body,
    );
    this.#scroller = el("div", {
      class: "scroll",
      role: "group",
      "aria-label": `${spec.name}, rows`,
      scroll: () => this.#draw(),
      keydown: (event: KeyboardEvent) => this.#onKey(event),
    }, this.#table);
    this.#missingEl = el("p", { class: "footnote", hidden: true }, this.#missing);
    this.#clear = el("button", {
      class: "button",
      hidden: true,
      click: () => {
        this.#filter.value = "";
        view.setParam("q", null);
      },
    }, "Clear filter");
    this.el = el(
      "div",
      { class: "data-table" },
      spec.sort
        ? el(
          "div",
          { class: "table-tools" },
          this.#filter,
          this.#clear,
          el("span", { class: "dim" }, this.#count),
        )
        : null,
      this.#scroller,
      this.#missingEl,
    );
    view.onQuery((query) => {
      const q = query.get("q") ?? "";
      if (this.#filter.value !== q) this.#filter.value = q;
      this.#arrange();
    });
  }

  /** Shows rows. */
  show(rows: readonly T[], meta: Meta): void {
    this.#rows = rows;
    this.#meta = meta;
    this.#arrange();
  }

  get #sort(): readonly [string, boolean] | undefined {
    const [column, direction] = (this.#view.param("sort") ?? "").split(":");
    return this.#spec.columns.some(({ id }) => id === column)
      ? [column!, direction === "desc"]
      : this.#spec.sort;
  }

  #sortBy(id: string): void {
    const [column, descending] = this.#sort!;
    this.#view.setParam("sort", `${id}:${column === id && !descending ? "desc" : "asc"}`);
  }

  /** Filters, sorts and draws. */
  #arrange(): void {
    if (!this.#meta) return;
    const { columns, keyOf, shorten } = this.#spec;
    const [sortId, descending] = this.#spec.sort ? this.#sort! : [null, false];
    const needle = sortId === null ? "" : (this.#view.param("q") ?? "").trim().toLowerCase();
    const sorter = columns.find(({ id }) => id === sortId);
    const matches = (row: T) =>
      columns.some((column) => {
        const value = column.value(row);
        const said = typeof value === "boolean" ? column.format(value, row) : String(value ?? "");
        return said.toLowerCase().includes(needle);
      });
    this.#shown = needle === "" ? [...this.#rows] : this.#rows.filter(matches);
    if (sorter) {
      (this.#shown as T[]).sort((a, b) => compareValues(sorter.value(a), sorter.value(b), descending));
    }
    this.#shorts = shorten(this.#shown.map(keyOf));
    this.#hideUnknown();
    this.#heads.forEach((head, i) => {
      const sorted = columns[i]!.id === sortId;
      setAttr(head, "aria-sort", sorted ? (descending ? "descending" : "ascending") : null);
    });
    const [all, shown] = [formatCount(this.#rows.length), formatCount(this.#shown.length)];
    setText(this.#count, needle === "" ? `${all} in all` : `${shown} of ${all} match`);
    setHidden(this.#clear, needle === "");
    setAttr(this.#table, "aria-rowcount", String(this.#shown.length + 1));
    this.#draw();
  }

  /** Columns of which the node tells nothing at all are named below instead of being full of dashes. */
  #hideUnknown(): void {
    const unknown = this.#spec.columns.filter((column) =>
      this.#rows.length > 0 && this.#rows.every((row) => column.value(row) === null)
    );
    this.#hidden = new Set(unknown.map(({ id }) => id));
    this.#heads.forEach((head) => setHidden(head, this.#hidden.has(head.dataset.column!)));
    setHidden(this.#missingEl, unknown.length === 0);
    setText(
      this.#missing,
      `Unknown for every row: ${unknown.map(({ label }) => label.toLowerCase()).join(", ")}.`,
    );
    const reasons = new Set(
      unknown.map(({ path }) => reasonOf(this.#meta!, path)?.because ?? "no reason given"),
    );
    setAttr(this.#missingEl, "title", [...reasons].join("\n"));
    setAttr(this.#missingEl, "aria-description", [...reasons].join("; "));
    setAttr(this.#missingEl, "data-v", unknown.length === 0 ? null : "none");
  }

  #draw(): void {
    const count = this.#shown.length;
    const rowPx = ROW_PX_BY_DENSITY[document.documentElement.dataset.density ?? ""] ?? ROW_PX;
    // Where the reader has scrolled to is only asked when it matters: the question makes the browser lay out.
    const [from, to] = count <= ROWS_DRAWN_MAX
      ? [0, count]
      : rowWindow(count, this.#scroller.scrollTop, this.#scroller.clientHeight || 420, rowPx);
    setHidden(this.#above, from === 0);
    setHidden(this.#below, to === count);
    this.#above.style.setProperty("height", `${from * rowPx}px`);
    this.#below.style.setProperty("height", `${(count - to) * rowPx}px`);
    keepFocus(this.#body, () => this.#place(from, to));
    this.#rove();
  }

  /** Puts the rows in place, and takes away those that are not shown. */
  #place(from: number, to: number): void {
    const drawn = new Set<string>();
    let at: Element = this.#above;
    for (let i = from; i < to; i++) {
      const row = this.#shown[i]!;
      const key = this.#spec.keyOf(row);
      drawn.add(key);
      let pooled = this.#pool.get(key);
      if (!pooled) this.#pool.set(key, pooled = this.#makeRow(this.#spec.nameOf?.(row) ?? key));
      pooled.update(row, this.#shorts[i]!, this.#meta!);
      setAttr(pooled.el, "aria-rowindex", String(i + 2));
      if (at.nextElementSibling !== pooled.el) at.after(pooled.el);
      at = pooled.el;
    }
    for (const [key, pooled] of this.#pool) {
      if (drawn.has(key)) continue;
      pooled.el.remove();
      this.#pool.delete(key);
    }
  }

  #makeRow(full: string): DrawnRow<T> {
    const [first, ...others] = this.#spec.columns;
    const name = text();
    let newest: T | null = null;
    const { open } = this.#spec;
    const copy = el("button", {
      class: "copy mono",
      tabindex: -1,
      title: open ? full : `${full} (click to copy)`,
      "aria-label": `${first!.label} ${full}, ${open ? "details" : "copy"}`,
      "aria-haspopup": open ? "dialog" : null,
      click: () => open ? open(newest!) : void copyText(copy, full),
    }, name);
    const cells = others.map((column) => {
      const cell = el("td", { class: cellClass(column) });
      if (column.tone) {
        const status = new Status(cell);
        return { column, el: cell, show: (row: T) => status.show(...column.tone!(row)) };
      }
      const square = column.market ? cell.appendChild(el("span", { class: "square" })) : null;
      const value = new Value(cell);
      return {
        column,
        el: cell,
        show: (row: T, meta: Meta) => {
          const known = column.value(row);
          if (square) setAttr(square, "data-market", String(known));
          value.show(known, (some) => column.format(some, row), meta, column.path, column.full?.(row));
        },
      };
    });
    return {
      el: el(
        "tr",
        {},
        el("th", { scope: "row", class: cellClass(first!) }, copy),
        ...cells.map((cell) => cell.el),
      ),
      update: (row, short, meta) => {
        newest = row;
        setText(name, short);
        for (const { column, el: cell, show } of cells) {
          setHidden(cell, this.#hidden.has(column.id));
          show(row, meta);
        }
      },
    };
  }

  /** One row can be reached with Tab, the others from there with the arrows. */
  #rove(): void {
    const buttons = this.#body.querySelectorAll<HTMLElement>(".copy");
    if (![...buttons].some((button) => button.tabIndex === 0)) buttons[0]?.setAttribute("tabindex", "0");
  }

  #onKey(event: KeyboardEvent): void {
    const buttons = [...this.#body.querySelectorAll<HTMLElement>(".copy")];
    const at = buttons.indexOf(document.activeElement as HTMLElement);
    const to = {
      ArrowDown: at + 1,
      ArrowUp: at - 1,
      j: at + 1,
      k: at - 1,
      Home: 0,
      End: buttons.length - 1,
    }[event.key];
    if (at < 0 || to === undefined) return;
    const next = buttons[Math.max(0, Math.min(buttons.length - 1, to))]!;
    buttons[at]!.tabIndex = -1;
    next.tabIndex = 0;
    next.focus();
    event.preventDefault();
    event.stopPropagation();
  }
}

/** Copies a text and says so for a moment. */
async function copyText(button: HTMLElement, content: string): Promise<void> {
  try {
    await navigator.clipboard.writeText(content);
    button.dataset.copied = "";
    setTimeout(() => delete button.dataset.copied, 1_200);
  } catch {
    // The browser forbids it here; the text can be selected.
  }
}
