/** Tables that only one market has. Their columns are what the node gives; nothing is known of them in advance. */
import { el, Rows, setHidden, setText, text, Value } from "../dom.ts";
import { formatAmount, formatCount, formatDuration, formatNumber, formatPpm, shorten } from "../format.ts";
import type { MarketId } from "../history.ts";
import { addPanel } from "../panel.ts";
import type { View } from "../router.ts";
import type { Scalar } from "../../src/server/wire.ts";

/** More rows than this are not drawn. */
const ROWS_MAX = 100;

/** What names a row, best first. */
const NAMES = ["provider_id", "job_id", "campaign_id", "contract_id", "id", "lane", "provider", "domain"];

/** What says how a row stands. */
const STANDING: ReadonlySet<string> = new Set(["status", "state", "active", "verified", "resolved"]);

type Row = Readonly<Record<string, Scalar | null>>;

/** Adds a panel that holds every table of a market's own. */
export function addDomainTables(view: View, id: MarketId): void {
  const { store } = view.app;
  const topic = `market.${id}` as const;
  const tables = () => Object.entries(store.get(topic)!.tables);
  addPanel(view, {
    id: "tables",
    title: "What only this market has",
    span: 12,
    topics: [topic],
    lack: () =>
      tables().length > 0 ? null : {
        state: "empty",
        text: "This node gives no lists of this market: neither jobs, contracts nor campaigns.",
      },
    build(body) {
      const holders = new Map<string, Holder>();
      return () => {
        const { _meta: meta } = store.get(topic)!;
        const now = tables();
        for (const [name, holder] of holders) setHidden(holder.el, !now.some(([known]) => known === name));
        for (const [name, rows] of now) {
          let holder = holders.get(name);
          if (!holder) {
            holders.set(name, holder = new Holder(name));
            body.append(holder.el);
          }
          holder.show(rows, (value, field) => value.show(null, String, meta, `tables.${name}[].${field}`));
        }
      };
    },
  });
}

/** One table. It is built anew when the node names other columns. */
class Holder {
  readonly el: HTMLElement;
  readonly #name: string;
  readonly #count = text();
  readonly #place = el("div", { class: "scroll-x" });
  #columns = "";
  #rows: Rows<Row> | null = null;
  #onNull: (value: Value, field: string) => void = () => {};

  constructor(name: string) {
    this.#name = headOf(name);
    this.el = el(
      "section",
      { class: "domain-table" },
      el("h3", {}, this.#name, " ", el("span", { class: "subtitle" }, this.#count)),
      this.#place,
    );
  }

  show(rows: readonly Row[], onNull: (value: Value, field: string) => void): void {
    this.#onNull = onNull;
    const shown = rows.slice(0, ROWS_MAX);
    const fields = [...new Set(shown.flatMap((row) => Object.keys(row)))];
    const first = NAMES.find((name) => fields.includes(name)) ?? fields[0];
    // How it stands comes before what it counts: on a narrow page the last columns have to be scrolled to.
    const rank = (name: string) => name === first ? 0 : STANDING.has(name) ? 1 : 2;
    const columns = fields.toSorted((a, b) => rank(a) - rank(b));
    if (columns.join() !== this.#columns) this.#build(columns);
    setText(
      this.#count,
      rows.length === 0
        ? "none listed"
        : rows.length > ROWS_MAX
        ? `first ${ROWS_MAX} of ${formatCount(rows.length)}`
        : formatCount(rows.length),
    );
    setHidden(this.#place, rows.length === 0);
    this.#rows?.show(shown);
  }

  #build(columns: readonly string[]): void {
    this.#columns = columns.join();
    const body = el("tbody");
    this.#rows = new Rows<Row>(body, (_row, place) => String(place), () => {
      const values = columns.map((_, i) => new Value(i === 0 ? el("th", { scope: "row" }) : el("td")));
      return {
        el: el("tr", {}, ...values.map((value) => value.el)),
        update: (row) =>
          columns.forEach((field, i) => {
            const known = row[field];
            const value = values[i]!;
            if (known === undefined) return value.write("");
            if (known === null) return this.#onNull(value, field);
            value.el.classList.toggle("num", typeof known === "number");
            const shown = formatCell(known, field);
            value.write(shown, typeof known === "string" && shown !== known ? known : null);
          }),
      };
    });
    const heads = columns.map((field) => el("th", { scope: "col" }, headOf(field)));
    this.#place.replaceChildren(
      el(
        "table",
        { class: "data" },
        el("caption", { class: "sr" }, this.#name),
        el("thead", {}, el("tr", {}, ...heads)),
        body,
      ),
    );
  }
}

function headOf(field: string): string {
  const words = field.replace(/_usd_micros$/, ", USD").replace(/_(ppm|ms)$/, "").replaceAll("_", " ");
  return words.charAt(0).toUpperCase() + words.slice(1);
}

/** Longer texts are cut; they are whole on hover. */
const TEXT_MAX = 40;

function cut(text: string): string {
  return text.length <= TEXT_MAX ? text : `${text.slice(0, TEXT_MAX - 1)}…`;
}

/** A value by what its name says of its unit. */
export function formatCell(value: Scalar, field: string): string {
  if (typeof value === "boolean") return value ? "yes" : "no";
  if (typeof value === "string") {
    return /^(0x)?[0-9a-f]{20,}$/i.test(value) ? shorten(value, "address") : cut(value);
  }
  if (field.endsWith("_ppm")) return formatPpm(value);
  if (field.endsWith("_ms")) return formatDuration(value);
  if (field.endsWith("_usd_micros")) return formatNumber(value / 1e6, 2);
  return Number.isInteger(value) ? formatAmount(value) : formatNumber(value, 3);
}
