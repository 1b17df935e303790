/** Overview's lower half: what happened last on the chain, and what needs someone. */
import { el, setAttr, setHidden, setText, text } from "../dom.ts";
import {
  formatAge,
  formatAmount,
  formatCompact,
  formatCount,
  formatHeight,
  formatStamp,
  formatWhen,
  shorten,
} from "../format.ts";
import type { Tone } from "../icons.ts";
import { addPanel, exact, type Filler, fixed, keyedTable, type Lack } from "../panel.ts";
import type { View } from "../router.ts";
import type { Store } from "../store.ts";
import type { AlertBody, OperationBody, ReceiptBody } from "../../src/server/wire.ts";

/** Rows of each panel. */
const ROWS = 8;

/** How an operation ended. */
export const OPERATION_TONES: Readonly<Record<string, Tone>> = {
  pending: "clock",
  submitted: "clock",
  confirmed: "ok",
  failed: "bad",
  rejected: "bad",
  expired: "warn",
  reversed: "warn",
};

/** How bad an alert is. */
export const SEVERITY_TONES: Readonly<Record<AlertBody["severity"], Tone>> = {
  critical: "bad",
  warning: "warn",
  info: "info",
};

/** A market's square and name. */
function marketCell<T>(marketOf: (row: T) => string): Filler<T> {
  return (cell) => {
    const square = el("span", { class: "square" });
    const name = text();
    cell.append(square, name);
    return (row) => {
      setAttr(square, "data-market", marketOf(row));
      setText(name, marketOf(row));
    };
  };
}

/** A name that leads somewhere. */
function linkCell<T>(of: (row: T) => readonly [words: string, href: string, full: string]): Filler<T> {
  return (cell) => {
    const words = text();
    const anchor = el("a", { class: "mono" }, words);
    cell.append(anchor);
    return (row) => {
      const [short, href, full] = of(row);
      setText(words, short);
      setAttr(anchor, "href", href);
      setAttr(anchor, "title", full);
    };
  };
}

/** Rows are written over: a list that moves on with each block would make and drop as many elements. */
const byPlace = (_row: unknown, place: number) => String(place);

/** The newest operations. */
export function addLatestOperations(view: View): void {
  const { store } = view.app;
  addPanel(view, {
    id: "operations",
    title: "Latest operations",
    span: 8,
    medium: 12,
    topics: ["operations"],
    lack: () => nothing(store.get("operations")!.operations, "operations"),
    build(body, panel) {
      panel.el.classList.add("latest");
      const meta = () => store.get("operations")!._meta;
      const table = keyedTable<OperationBody>("Latest operations", byPlace, [
        "Operation",
        linkCell(({ id }) => [shorten(id, "hash"), `#/operations?id=${encodeURIComponent(id)}`, id]),
      ], [
        { label: "Market", priority: 1, fill: marketCell(({ type }) => type) },
        {
          label: "Provider",
          priority: 2,
          class: "mono clip",
          show: (value, { provider }) =>
            value.show(
              provider,
              (name) => shorten(name, "address"),
              meta(),
              "operations[].provider",
              provider ?? "",
            ),
        },
        {
          label: "Amount",
          num: true,
          show: (value, row) =>
            value.show(exact(row, "amount"), formatCompact, meta(), "operations[].amount", base(row)),
        },
        { label: "Status", tone: ({ status }) => [OPERATION_TONES[status] ?? "unknown", status] },
        {
          label: "Age",
          num: true,
          priority: 0,
          show: (value, { timestamp }) => value.write(formatAgo(timestamp, store), formatMoment(timestamp)),
        },
      ]);
      body.append(table.el, more("#/operations", "All operations"));
      return () => {
        const { operations, total } = store.get("operations")!;
        panel.subtitle = `${formatCount(Math.min(ROWS, operations.length))} of ${formatCount(total)}`;
        table.show(operations.slice(0, ROWS));
      };
    },
  });
}

/** The newest receipts. */
export function addLatestReceipts(view: View): void {
  const { store } = view.app;
  addPanel(view, {
    id: "receipts",
    title: "Latest receipts",
    span: 8,
    medium: 12,
    topics: ["receipts"],
    lack: () => nothing(store.get("receipts")!.receipts, "receipts"),
    build(body, panel) {
      panel.el.classList.add("latest");
      const meta = () => store.get("receipts")!._meta;
      const table = keyedTable<ReceiptBody>("Latest receipts", byPlace, [
        "Receipt",
        linkCell(({ id, block_height: height, receipt_index: index }) => [
          `${formatHeight(height)} · ${formatCount(index)}`,
          receiptLink(id, height),
          id,
        ]),
      ], [
        { label: "Market", fill: marketCell(({ market }) => market) },
        {
          label: "Provider",
          priority: 2,
          class: "mono clip",
          show: (value, { provider_identity: id }) =>
            value.show(
              id,
              (name) => shorten(name, "address"),
              meta(),
              "receipts[].provider_identity",
              id ?? "",
            ),
        },
        {
          label: "Amount",
          num: true,
          show: (value, row) =>
            value.show(exact(row, "amount"), formatCompact, meta(), "receipts[].amount", base(row)),
        },
        {
          label: "Disputes",
          num: true,
          priority: 2,
          show: (value, { disputes }) => value.write(formatCount(disputes.length)),
        },
        { label: "Whose", priority: 1, show: (value, { own }) => value.write(own ? "ours" : "of others") },
      ]);
      body.append(table.el, more("#/receipts", "All receipts"));
      return () => {
        const { receipts, total } = store.get("receipts")!;
        panel.subtitle = `${formatCount(Math.min(ROWS, receipts.length))} of ${formatCount(total)}`;
        table.show(receipts.slice(0, ROWS));
      };
    },
  });
}

/** What is wrong now, gravest first. */
export function addOpenAlerts(view: View): void {
  const { store } = view.app;
  const open = () => store.get("alerts")!.alerts.filter(({ state }) => state === "open");
  const order = ["critical", "warning", "info"];
  addPanel(view, {
    id: "open-alerts",
    title: "Open alerts",
    span: 4,
    medium: 12,
    topics: ["alerts"],
    build(body, panel) {
      const none = el("p", { class: "dim" }, "Nothing needs you: no alert is open.");
      const table = keyedTable<AlertBody>("Open alerts", ({ id }) => id, [
        "Alert",
        fixed(({ rule }) => [rule.replaceAll("_", " ")]),
      ], [
        { label: "Severity", tone: ({ severity }) => [SEVERITY_TONES[severity], severity] },
        {
          label: "Since",
          num: true,
          show: (value, { raised_at: at }) =>
            value.write(formatWhen(at * 1_000, store.shownMs()), formatMoment(at)),
        },
      ]);
      table.el.classList.add("wrap-heads");
      body.append(none, table.el, more("#/alerts", "All alerts"));
      return () => {
        const rows = open().toSorted((a, b) => order.indexOf(a.severity) - order.indexOf(b.severity));
        const { open: count, total } = store.get("alerts")!;
        panel.subtitle = `${formatCount(count)} open, ${formatCount(total)} in all`;
        setHidden(none, rows.length > 0);
        setHidden(table.el, rows.length === 0);
        table.show(rows.slice(0, ROWS));
      };
    },
  });
}

/** Where a receipt is opened: among those of its block. */
export function receiptLink(id: string, height: number): string {
  return `#/receipts?from_height=${height}&to_height=${height}&id=${encodeURIComponent(id)}`;
}

function base(row: { readonly amount: number | null }): string {
  const amount = exact(row, "amount");
  return amount === null ? "" : `${formatAmount(amount)} base units`;
}

function nothing(rows: readonly unknown[], what: string): Lack | null {
  return rows.length > 0 ? null : {
    state: "empty",
    text: `No ${what} yet. They appear here as blocks bring them.`,
  };
}

function more(href: string, words: string): HTMLElement {
  return el("p", { class: "more-link" }, el("a", { href }, words));
}

/** The chain's own clock: when its newest block was made, and what has passed since. A simulated chain has its own. */
export function chainNowMs(store: Pick<Store, "get" | "shownMs">): number {
  const health = store.get("health");
  if (!health || health.block_time === null) return store.shownMs();
  return health.block_time * 1_000 + Math.max(0, store.shownMs() - health._meta.as_of_ms);
}

/** How long before the newest block something happened. */
export function formatAgo(atS: number, store: Pick<Store, "get" | "shownMs">): string {
  return `${formatAge(chainNowMs(store) - atS * 1_000)} ago`;
}

/** The exact time of something on the chain. */
export function formatMoment(atS: number): string {
  return formatStamp(atS * 1_000);
}
