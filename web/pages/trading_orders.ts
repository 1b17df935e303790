/** What works, what was filled, and every order there ever was. */
import { act, wordsOf } from "../act.ts";
import { el, setAttr, setHidden, setText, text } from "../dom.ts";
import {
  formatAmount,
  formatCompact,
  formatCount,
  formatQuantity,
  formatRatio,
  formatStamp,
  formatUnitPrice,
} from "../format.ts";
import { addListing } from "../listing.ts";
import { addPanel, fixed, keyedTable } from "../panel.ts";
import { Reading } from "../reading.ts";
import type { View } from "../router.ts";
import type { FillBody, Fills, Meta, OrderBody, Orders } from "../../src/server/wire.ts";
import { ORDER_TONES, showAmount, showProfit } from "./account.ts";
import { copyButton, pairs } from "./details.ts";
import { formatAgo, formatMoment } from "./latest.ts";
import { TOKENS } from "./trading.ts";
import { unknown } from "./unknown.ts";

const STATUSES = ["working", "partially_filled", "filled", "denied", "cancelled", "expired", "rejected"];

/** States in which an order can be taken back, and so has to be seen however old it is. */
const WORKING = ["working", "partially_filled"] as const;

/** Rows of the panel of executions. */
const FILLS = 50;

/** Adds the orders that work. */
export function addWorking(view: View): void {
  const { app, app: { store } } = view;
  const readings = WORKING.map((status) =>
    new Reading<Orders>(view, {
      path: () => `/orders?status=${status}&limit=500`,
      everyMs: 5_000,
      locked: true,
    })
  );
  view.watch(["orders"], () => readings.forEach((reading) => reading.again()));
  const rows = () => readings.flatMap(({ body }) => body!.orders);
  addPanel(view, {
    id: "working",
    title: "Working orders",
    span: 7,
    medium: 12,
    topics: ["orders"],
    readings,
    build(body, panel) {
      panel.el.classList.add("marked");
      const error = text();
      const errorEl = el("p", { class: "form-error", role: "alert", hidden: true }, error);
      const none = el(
        "p",
        { class: "dim" },
        "No order works. What is placed waits here for the block that fills it.",
      );
      const cancel = async (id: string, button: HTMLButtonElement) => {
        button.disabled = true;
        setHidden(errorEl, true);
        try {
          const path = `/orders/${encodeURIComponent(id)}`;
          await act(app, "Cancelling needs a key with the scope “trade”.", () => app.api.delete(path));
        } catch (problem) {
          setText(error, `${id} was not cancelled: ${wordsOf(problem)}`);
          setHidden(errorEl, false);
        } finally {
          button.disabled = false;
          readings.forEach((reading) => reading.again());
        }
      };
      const table = keyedTable<OrderBody>("Working orders", ({ id }) => id, [
        "Order",
        fixed(({ id, side, token }) => [`${side} ${token} `, el("span", { class: "dim mono" }, id)]),
      ], [
        {
          label: "Quantity",
          num: true,
          show: (value, { quantity }) => value.write(formatQuantity(quantity)),
        },
        {
          label: "Filled",
          num: true,
          priority: 1,
          show: (value, { filled, quantity }) =>
            value.write(formatRatio(filled / quantity), formatQuantity(filled)),
        },
        {
          label: "Limit",
          num: true,
          priority: 1,
          show: (value, { limit_price: limit }) =>
            value.write(limit === null ? "market" : formatUnitPrice(limit)),
        },
        {
          label: "In force",
          priority: 2,
          show: (value, row) => value.write(row.time_in_force.toUpperCase()),
        },
        { label: "Of", priority: 3, show: (value, { agent }) => value.write(agent ?? "by hand") },
        {
          label: "Age",
          num: true,
          priority: 2,
          show: (value, row) => value.write(formatAgo(row.timestamp, store), formatMoment(row.timestamp)),
        },
        {
          label: "",
          num: true,
          fill: (cell) => {
            let id = "";
            const button = cell.appendChild(
              el("button", { class: "button", click: () => void cancel(id, button) }, "Cancel"),
            );
            return (row) => {
              id = row.id;
              setAttr(button, "aria-label", `Cancel order ${row.id}`);
            };
          },
        },
      ]);
      body.append(none, errorEl, table.el);
      return () => {
        const now = rows();
        panel.subtitle = formatCount(now.length);
        setHidden(none, now.length > 0);
        setHidden(table.el, now.length === 0);
        table.show(now);
      };
    },
  });
}

/** Adds the newest executions. */
export function addFills(view: View): void {
  const { store } = view.app;
  const reading = new Reading<Fills>(view, {
    path: () => `/fills?limit=${FILLS}`,
    everyMs: 5_000,
    locked: true,
  });
  view.watch(["orders"], () => reading.again());
  addPanel(view, {
    id: "fills",
    title: "Fills",
    span: 5,
    medium: 12,
    topics: [],
    readings: [reading],
    lack: () =>
      reading.body!.fills.length > 0
        ? null
        : { state: "empty", text: "Nothing has been filled in this account yet." },
    build(body, panel) {
      panel.el.classList.add("marked");
      const meta = () => reading.body!._meta;
      const table = keyedTable<FillBody>("Fills, newest first", ({ id }) => id, [
        "Fill",
        fixed(({ side, token, quantity }) => [`${side} ${formatQuantity(quantity)} ${token}`]),
      ], [
        { label: "Price", num: true, show: (value, { price }) => value.write(formatUnitPrice(price)) },
        {
          label: "Amount",
          num: true,
          priority: 2,
          show: (value, { amount }) =>
            value.write(formatCompact(amount), `${formatAmount(amount)} base units`),
        },
        {
          label: "Fee",
          num: true,
          priority: 3,
          show: (value, row) => showAmount(value, row.fee, meta(), "fills[].fee"),
        },
        {
          label: "Realised",
          num: true,
          class: "profit",
          show: (value, row) => showProfit(value, row.realized, meta(), "fills[].realized"),
        },
        {
          label: "Age",
          num: true,
          priority: 0,
          show: (value, { timestamp }) => value.write(formatAgo(timestamp, store), formatMoment(timestamp)),
        },
      ]);
      table.el.classList.add("short");
      body.append(table.el);
      return () => {
        const { fills } = reading.body!;
        panel.subtitle = fills.length < FILLS ? formatCount(fills.length) : `the newest ${FILLS}`;
        table.show(fills);
      };
    },
  });
}

/** Adds the list of all orders. */
export function addOrders(view: View): void {
  addListing<OrderBody>(view, {
    id: "order-list",
    title: "Orders, newest first",
    topic: "orders",
    locked: true,
    exports: null,
    empty: "No order yet.",
    shorten: (ids) => ids,
    titleOf: ({ id }) => `Order ${id}`,
    filters: [
      {
        name: "of",
        query: "token",
        label: "Instrument",
        choices: TOKENS.map((token) => [token, token] as const),
        matches: ({ token }, value) => token === value,
      },
      {
        name: "status",
        label: "Status",
        choices: STATUSES.map((status) => [status, status.replace("_", " ")] as const),
        matches: ({ status }, value) => status === value,
      },
      { name: "agent", label: "Agent", kind: "text", matches: ({ agent }, value) => agent === value },
    ],
    columns: [
      { id: "id", label: "Order", path: "orders[].id", value: ({ id }) => id, format: String },
      {
        id: "what",
        label: "What",
        path: "orders[].side",
        value: ({ side, token }) => `${side} ${token}`,
        format: String,
      },
      {
        id: "quantity",
        label: "Quantity",
        num: true,
        path: "orders[].quantity",
        value: ({ quantity }) => quantity,
        format: (value) => formatQuantity(Number(value)),
      },
      {
        id: "filled",
        label: "Filled",
        num: true,
        priority: 2,
        path: "orders[].filled",
        value: ({ filled }) => filled,
        format: (value) => formatQuantity(Number(value)),
      },
      {
        id: "price",
        label: "Mean price",
        num: true,
        priority: 1,
        path: "orders[].price",
        value: ({ price }) => price,
        format: (value) => formatUnitPrice(Number(value)),
      },
      {
        id: "fee",
        label: "Fee",
        num: true,
        priority: 4,
        path: "orders[].fee",
        value: ({ fee }) => fee,
        format: (value) => formatAmount(Number(value)),
      },
      {
        id: "status",
        label: "Status",
        path: "orders[].status",
        value: ({ status }) => status,
        format: String,
        tone: ({ status, code }) => [
          ORDER_TONES[status] ?? "unknown",
          code === null ? status.replace("_", " ") : `denied: ${code}`,
        ],
      },
      {
        id: "agent",
        label: "Of",
        priority: 3,
        path: "orders[].agent",
        value: ({ agent }) => agent ?? "by hand",
        format: String,
      },
      {
        id: "timestamp",
        label: "Placed",
        num: true,
        priority: 4,
        path: "orders[].timestamp",
        value: ({ timestamp }) => timestamp,
        format: (at) => formatMoment(Number(at)),
      },
    ],
    details,
    find: async ({ app }, id) => {
      const row = await app.api.get(`/orders/${encodeURIComponent(id)}`) as OrderBody & {
        readonly _meta: Meta;
      };
      return { row, meta: row._meta };
    },
  });
}

function details(row: OrderBody, meta: Meta): readonly Node[] {
  const known = (value: number | null, format: (value: number) => string, path: string) =>
    value === null ? unknown(meta, path) : format(value);
  return [
    pairs([
      ["Order", `${row.side} ${formatQuantity(row.quantity)} ${row.token}`],
      ["Status", row.status.replace("_", " ")],
      ...(row.code === null ? [] : [[
        "Denied because",
        `${row.code}${row.limit === null ? "" : ` (limit ${row.limit}, actual ${row.actual})`}`,
      ]] as const),
      ["Limit", row.limit_price === null ? "market" : formatUnitPrice(row.limit_price)],
      ["Filled", formatQuantity(row.filled)],
      ["Mean price", known(row.price, formatUnitPrice, "price")],
      ["Slippage per unit", known(row.slippage, formatUnitPrice, "slippage")],
      ["Amount", `${formatAmount(row.amount)} base units`],
      ["Fee", `${formatAmount(row.fee)} base units`],
      ["Time in force", row.time_in_force.toUpperCase()],
      ["Reduce only", row.reduce_only ? "yes" : "no"],
      ["Of", row.agent ?? "by hand"],
      ["Cause", row.cause.replaceAll("_", " ")],
      ["Placed", formatStamp(row.timestamp * 1_000)],
      ["Changed", formatStamp(row.updated_at * 1_000)],
      ["Key of the client", row.client_order_id ?? unknown(meta, "client_order_id")],
      ["Account", formatCount(row.epoch)],
      ...(row.detail === null ? [] : [["Detail", row.detail]] as const),
    ]),
    el("div", { class: "buttons" }, copyButton("Copy as JSON", JSON.stringify(row, null, 2))),
  ];
}
