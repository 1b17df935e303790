/** Operations: everything that settled or waits to, ours and that of others. */
import { el, Value } from "../dom.ts";
import { formatAmount, formatCount, formatHeight, shorten, shortenAll } from "../format.ts";
import { MARKETS } from "../history.ts";
import {
  addListing,
  amountColumn,
  HEIGHT_FILTERS,
  identityColumn,
  MARKET_FILTER,
  OWN_FILTER,
} from "../listing.ts";
import { addPanel, exact } from "../panel.ts";
import type { Page, View } from "../router.ts";
import type { Meta, OperationBody } from "../../src/server/wire.ts";
import { copyButton, pairs, section } from "./details.ts";
import { formatMoment, OPERATION_TONES, receiptLink } from "./latest.ts";
import { unknown } from "./unknown.ts";

const STATUSES = ["pending", "submitted", "confirmed", "failed", "expired", "rejected", "reversed"];

/** The page. */
export const page: Page = {
  title: "Operations",
  mount(view) {
    addTotals(view);
    addList(view);
  },
};

/** How many there are, market by market. */
function addTotals(view: View): void {
  const { store } = view.app;
  addPanel(view, {
    id: "by-market",
    title: "By market",
    span: 12,
    topics: ["operations"],
    build(body) {
      const list = el("dl", { class: "facts inline" });
      const counts = MARKETS.map(({ id, label }) => {
        const value = new Value();
        list.append(
          el("div", {}, el("dt", {}, el("span", { class: "square", "data-market": id }), label), value.el),
        );
        return { id, value };
      });
      body.append(list);
      return () => {
        const { by_market: totals } = store.get("operations")!;
        for (const { id, value } of counts) value.write(formatCount(totals[id]));
      };
    },
  });
}

function addList(view: View): void {
  addListing<OperationBody>(view, {
    id: "operation-list",
    title: "Operations, newest first",
    topic: "operations",
    exports: "operations",
    empty: "No operation yet. They appear here as blocks bring receipts.",
    shorten: (ids) => shortenAll(ids, "peer"),
    titleOf: ({ id }) => `Operation ${shorten(id, "peer", 12)}`,
    filters: [
      { ...MARKET_FILTER, matches: ({ type }, value) => type === value },
      {
        name: "status",
        label: "Status",
        choices: STATUSES.map((status) => [status, status] as const),
        matches: ({ status }, value) => status === value,
      },
      OWN_FILTER,
      {
        name: "provider",
        label: "Provider",
        kind: "text",
        matches: ({ provider }, value) => provider === value,
      },
      ...HEIGHT_FILTERS,
    ],
    columns: [
      { id: "id", label: "Operation", path: "operations[].id", value: ({ id }) => id, format: String },
      {
        id: "type",
        label: "Market",
        priority: 0,
        market: true,
        path: "operations[].type",
        value: ({ type }) => type,
        format: String,
      },
      identityColumn(
        { id: "provider", label: "Provider", priority: 1, path: "operations[].provider" },
        ({ provider }) => provider,
      ),
      identityColumn(
        { id: "consumer", label: "Consumer", priority: 3, path: "operations[].consumer" },
        ({ consumer }) => consumer,
      ),
      amountColumn("operations[].amount"),
      {
        id: "status",
        label: "Status",
        path: "operations[].status",
        value: ({ status }) => status,
        format: String,
        tone: ({ status }) => [OPERATION_TONES[status] ?? "unknown", status],
      },
      {
        id: "own",
        label: "Whose",
        priority: 2,
        path: "operations[].own",
        value: ({ own }) => own,
        format: (own) => own === true ? "ours" : "of others",
      },
      {
        id: "block_height",
        label: "Block",
        num: true,
        priority: 2,
        path: "operations[].block_height",
        value: ({ block_height: height }) => height,
        format: (height) => formatHeight(Number(height)),
      },
      {
        id: "timestamp",
        label: "Chain time",
        num: true,
        priority: 5,
        path: "operations[].timestamp",
        value: ({ timestamp }) => timestamp,
        format: (at) => formatMoment(Number(at)),
      },
    ],
    details,
    find: async ({ app }, id) => {
      const row = await app.api.get(`/theblock/operations/${encodeURIComponent(id)}`) as OperationBody & {
        readonly _meta: Meta;
      };
      return { row, meta: row._meta };
    },
  });
}

function details(row: OperationBody, meta: Meta): readonly Node[] {
  const amount = exact(row, "amount");
  const receipt = row.details.receipt_id;
  return [
    pairs([
      ["Market", row.type],
      ["Status", row.status],
      ["Amount", amount === null ? unknown(meta, "amount") : `${formatAmount(amount)} base units`],
      ["Provider", row.provider ?? unknown(meta, "provider")],
      ["Consumer", row.consumer ?? unknown(meta, "consumer")],
      ["Whose", row.own ? "ours" : "of others"],
      ["Block", row.block_height === null ? unknown(meta, "block_height") : formatHeight(row.block_height)],
      ["Chain time", formatMoment(row.timestamp)],
      ["Identifier", row.id],
      ...(typeof receipt === "string" && row.block_height !== null
        ? [
          ["Receipt", el("a", { href: receiptLink(receipt, row.block_height) }, "Open its receipt")] as const,
        ]
        : []),
    ]),
    section("Details", row.details),
    el("div", { class: "buttons" }, copyButton("Copy as JSON", JSON.stringify(row, null, 2))),
  ];
}
