/** Providers: who does the work in each market, how much of it, and what the node lists of them. */
import {
  formatAmount,
  formatCompact,
  formatCount,
  formatHeight,
  formatNumber,
  shortenAll,
} from "../format.ts";
import { addPanel, exact } from "../panel.ts";
import type { Page, View } from "../router.ts";
import type { Topic } from "../store.ts";
import { type DataColumn, DataTable } from "../table.ts";
import type { ProviderRow } from "../../src/server/wire.ts";

/** The page. */
export const page: Page = {
  title: "Providers",
  mount(view) {
    const { store } = view.app;
    addProviderTable(view, "providers", () => store.get("providers")!.providers, 12);
  },
};

const yesNo = (value: unknown) => value === true ? "yes" : "no";
const share = (value: unknown) => `${formatNumber(Number(value) * 100, 1)} %`;

/** A column of a number. */
function figure(
  id: keyof ProviderRow,
  label: string,
  priority: 0 | 1 | 2 | 3 | 4 | null,
  format: (value: number | string, row: ProviderRow) => string,
): DataColumn<ProviderRow> {
  return {
    id,
    label,
    num: true,
    ...(priority === null ? {} : { priority }),
    path: `providers[].${id}`,
    value: (row) => exact(row, id),
    format: (value, row) => format(value as number | string, row),
    full: (row) => {
      const value = exact(row, id);
      return typeof value === "number" && Math.abs(value) >= 10_000 ? formatAmount(value) : undefined;
    },
  };
}

const COLUMNS: readonly DataColumn<ProviderRow>[] = [
  { id: "provider", label: "Provider", path: "providers[].id", value: ({ id }) => id, format: String },
  {
    id: "market",
    label: "Market",
    market: true,
    path: "providers[].market",
    value: ({ market }) => market,
    format: String,
  },
  figure("volume_100", "Volume", null, formatCompact),
  figure("share", "Share", 0, share),
  figure("receipts_100", "Receipts", 1, (count) => formatCount(Number(count))),
  figure("disputes_100", "Disputes", 2, (count) => formatCount(Number(count))),
  figure("last_height", "Last in block", 2, (height) => formatHeight(Number(height))),
  figure("price", "Price", 3, formatAmount),
  figure("available", "Available", 3, withUnit),
  figure("capacity", "Capacity", 3, withUnit),
  {
    id: "region",
    label: "Region",
    priority: 4,
    path: "providers[].region",
    value: ({ region }) => region,
    format: String,
  },
  figure("reputation", "Reputation", 4, (score) => formatNumber(Number(score), 3)),
  figure("stake", "Stake", 4, formatCompact),
  {
    id: "listed",
    label: "Listed",
    priority: 4,
    path: "providers[].listed",
    value: ({ listed }) => listed,
    format: yesNo,
  },
  {
    id: "ours",
    label: "Ours",
    priority: 1,
    path: "providers[].ours",
    value: ({ ours }) => ours,
    format: yesNo,
  },
];

function withUnit(amount: number | string, { capacity_unit: unit }: ProviderRow): string {
  return `${formatCompact(amount)}${unit === null ? "" : ` ${unit}`}`;
}

/** A table of providers, of all markets or of one. */
export function addProviderTable(
  view: View,
  topic: Topic,
  rows: () => readonly ProviderRow[],
  span: number,
): void {
  const { store } = view.app;
  addPanel(view, {
    id: "providers",
    title: "Providers",
    span,
    topics: [topic],
    lack: () =>
      rows().length > 0 ? null : {
        state: "empty",
        text:
          "No provider has been seen: none is named in receipts of the last 100 blocks, and the node lists none.",
      },
    build(body, panel) {
      const all = topic === "providers";
      const table = new DataTable<ProviderRow>(view, {
        name: "Providers",
        columns: all ? COLUMNS : COLUMNS.filter(({ id }) => id !== "market"),
        keyOf: ({ id }) => id,
        nameOf: ({ provider }) => provider,
        sort: all ? ["provider", false] : ["volume_100", true],
        shorten: (ids) => shortenAll(ids.map((id) => id.slice(id.indexOf(":") + 1)), "peer"),
      });
      body.append(table.el);
      return () => {
        panel.subtitle = `${formatCount(rows().length)} · volume, share and receipts of the last 100 blocks`;
        table.show(rows(), store.get(topic)!._meta);
      };
    },
  });
}
