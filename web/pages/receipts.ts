/** Receipts: what the chain says was done and paid, down to the genesis block. */
import { el } from "../dom.ts";
import { formatAmount, formatCount, formatHeight, formatUnits, NONE, shorten } from "../format.ts";
import {
  addListing,
  amountColumn,
  HEIGHT_FILTERS,
  identityColumn,
  MARKET_FILTER,
  OWN_FILTER,
} from "../listing.ts";
import { exact } from "../panel.ts";
import type { Page } from "../router.ts";
import type { Meta, ReceiptBody } from "../../src/server/wire.ts";
import { copyButton, pairs, section } from "./details.ts";
import { formatMoment } from "./latest.ts";
import { unknown } from "./unknown.ts";

/** Parts of an identifier that stay: block, index, and the begin of the digest. */
const DIGEST_HEAD = 8;

/** The page. */
export const page: Page = {
  title: "Receipts",
  mount(view) {
    addListing<ReceiptBody>(view, {
      id: "receipt-list",
      title: "Receipts, newest first",
      topic: "receipts",
      exports: "receipts",
      empty: "No receipt yet. They appear here as blocks bring them.",
      shorten: (ids) => ids.map(shortId),
      titleOf: ({ block_height: height, receipt_index: index }) =>
        `Receipt ${formatCount(index)} of block ${formatHeight(height)}`,
      filters: [
        MARKET_FILTER,
        OWN_FILTER,
        {
          name: "disputed",
          label: "Disputes",
          choices: [["true", "disputed"], ["false", "none"]],
          matches: ({ disputes }, value) => String(disputes.length > 0) === value,
        },
        {
          name: "provider",
          label: "Provider",
          kind: "text",
          matches: ({ provider_identity: id }, value) => id === value,
        },
        ...HEIGHT_FILTERS,
      ],
      columns: [
        { id: "id", label: "Receipt", path: "receipts[].id", value: ({ id }) => id, format: String },
        {
          id: "market",
          label: "Market",
          priority: 0,
          market: true,
          path: "receipts[].market",
          value: ({ market }) => market,
          format: String,
        },
        {
          id: "block_height",
          label: "Block",
          num: true,
          priority: 2,
          path: "receipts[].block_height",
          value: ({ block_height: height }) => height,
          format: (height) => formatHeight(Number(height)),
        },
        identityColumn(
          { id: "provider_identity", label: "Provider", priority: 1, path: "receipts[].provider_identity" },
          ({ provider_identity: id }) => id,
        ),
        identityColumn(
          { id: "consumer", label: "Consumer", priority: 3, path: "receipts[].consumer" },
          ({ consumer }) => consumer,
        ),
        amountColumn("receipts[].amount"),
        {
          id: "units",
          label: "Units",
          num: true,
          priority: 2,
          path: "receipts[].units",
          value: (row) => exact(row, "units"),
          format: (units, { unit }) => formatUnits(units as number | string, unit),
        },
        {
          id: "disputes",
          label: "Disputes",
          num: true,
          priority: 3,
          path: "receipts[].disputes",
          value: ({ disputes }) => disputes.length,
          format: (count) => formatCount(Number(count)),
        },
        {
          id: "own",
          label: "Whose",
          priority: 1,
          path: "receipts[].own",
          value: ({ own }) => own,
          format: (own) => own === true ? "ours" : "of others",
        },
        {
          id: "timestamp",
          label: "Chain time",
          num: true,
          priority: 5,
          path: "receipts[].timestamp",
          value: ({ timestamp }) => timestamp,
          format: (at) => formatMoment(Number(at)),
        },
      ],
      details,
    });
  },
};

/** `<height>-<index>-<digest>` with the digest cut; what has no digest stays as it is. */
function shortId(id: string): string {
  const at = id.indexOf("-", id.indexOf("-") + 1);
  return at < 0 || id.length - at <= DIGEST_HEAD + 2
    ? shorten(id, "peer", 12)
    : `${id.slice(0, at + 1 + DIGEST_HEAD)}…`;
}

function details(row: ReceiptBody, meta: Meta): readonly Node[] {
  const amount = (field: "amount" | "deducted") => {
    const value = exact(row, field);
    return value === null ? unknown(meta, field) : `${formatAmount(value)} base units`;
  };
  const units = exact(row, "units");
  const operation = `${row.market}-${row.block_height}-${row.receipt_index}`;
  return [
    pairs([
      ["Market", row.market],
      ["Type", row.receipt_type],
      ["Amount", amount("amount")],
      ["Deducted", amount("deducted")],
      ["Units", units === null ? unknown(meta, "units") : formatUnits(units, row.unit)],
      ["Provider", row.provider_identity ?? unknown(meta, "provider_identity")],
      ["Consumer", row.consumer ?? unknown(meta, "consumer")],
      ["Verified", row.verified === null ? unknown(meta, "verified") : row.verified ? "yes" : "no"],
      ["Whose", row.own ? "ours" : "of others"],
      ["Block, index", `${formatHeight(row.block_height)}, ${formatCount(row.receipt_index)}`],
      ["Chain time", formatMoment(row.timestamp)],
      ["Read from", row.source],
      ["Digest", row.digest_hex],
      [
        "Operation",
        el("a", { href: `#/operations?id=${encodeURIComponent(operation)}` }, operation),
      ],
    ]),
    section("Subsidies, base units", subsidies(row)),
    section(
      "Disputes",
      row.disputes.length === 0 ? [] : row.disputes.map(({ id, reason, status }) => ({ id, status, reason })),
    ),
    section("As the node gave it", row.receipt),
    section("Invariants", row.invariants),
    section("Causality", row.causality),
    section("Audit queries", row.audit_queries),
    el("div", { class: "buttons" }, copyButton("Copy as JSON", JSON.stringify(row, null, 2))),
  ];
}

function subsidies({ subsidies: parts }: ReceiptBody): unknown {
  const known = Object.entries(parts);
  return known.length === 0 ? [] : Object.fromEntries(
    known.map(([name, amount]) => [name, amount === null ? NONE : formatAmount(amount)]),
  );
}
