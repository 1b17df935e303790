/** Trading by hand: the price, a ticket with its risk preview, what is held, what works, and what was filled. */
import { el, setAttr } from "../dom.ts";
import { formatCompact, formatQuantity, formatRatio, formatUnitPrice } from "../format.ts";
import { addPanel, chart, keyedTable, type Lack } from "../panel.ts";
import { Reading } from "../reading.ts";
import type { Page, View } from "../router.ts";
import type { Assets, PositionBody, PriceChart } from "../../src/server/wire.ts";
import { positionsOf, showAmount, showProfit } from "./account.ts";
import { addMode } from "./trading_mode.ts";
import { addFills, addOrders, addWorking } from "./trading_orders.ts";
import { addTicket, type Ticket } from "./trading_ticket.ts";

/** What can be traded. */
export const TOKENS = ["COMPUTE", "STORAGE", "ENERGY", "AD"] as const;

const WIDTHS = ["1m", "5m", "15m", "1H", "1D"];

/** The page. */
export const page: Page = {
  title: "Trading",
  mount(view) {
    const assets = new Reading<Assets>(view, { path: () => "/assets", everyMs: 3_000 });
    const token = () => TOKENS.find((name) => name === view.param("token")) ?? TOKENS[0];
    addChoices(view, "token", "Instrument", TOKENS, token);
    addMode(view);
    addPrice(view, token, assets);
    const ticket = addTicket(view, token, assets);
    addPositions(view, ticket);
    addWorking(view);
    addFills(view);
    addOrders(view);
  },
};

/** A choice beside the headline that lives in the address. */
function addChoices(
  view: View,
  name: string,
  label: string,
  values: readonly string[],
  chosen: () => string,
): void {
  const group = el("fieldset", { class: "range" }, el("legend", { class: "sr" }, label));
  for (const value of values) {
    const radio = el("input", {
      type: "radio",
      name,
      class: "sr",
      change: () => view.setParam(name, value),
    });
    group.append(el("label", {}, radio, value));
    view.onQuery(() => radio.checked = chosen() === value);
  }
  view.actions.append(group);
}

function addPrice(view: View, token: () => string, assets: Reading<Assets>): void {
  const width = () => WIDTHS.find((name) => name === view.param("tf")) ?? WIDTHS[0]!;
  const candles = new Reading<PriceChart>(view, {
    path: () => `/chart/${token()}?tf=${width()}&limit=120`,
    everyMs: 3_000,
  });
  const lack = (): Lack | null =>
    candles.body!.candles.length > 0 ? null : {
      state: "empty",
      text: `No price of ${token()} yet: nothing has settled, and the node quotes nothing.`,
    };
  addPanel(view, {
    id: "price",
    title: "Price",
    span: 8,
    medium: 12,
    topics: [],
    readings: [candles, assets],
    lack,
    build(body, panel) {
      const widths = el("select", {
        id: "price-width",
        "aria-label": "Width of a candle",
        change: () => view.setParam("tf", widths.value),
      }, ...WIDTHS.map((name) => el("option", { value: name }, name)));
      view.onQuery(() => widths.value = width());
      const drawn = chart(view, {
        kind: "candles",
        label: "Unit price",
        series: ["open", "high", "low", "close"].map((label) => ({ label, token: "--text-2" })),
        format: formatUnitPrice,
        axis: { per: 1, unit: "" },
        source: () => {
          const rows = candles.body?.candles ?? [];
          const first = rows[0];
          if (!first) return null;
          const step = rows.length > 1 ? rows[1]!.t - first.t : 60;
          const column = (pick: (row: PriceChart["candles"][number]) => number) =>
            Float64Array.from(rows, pick);
          return {
            times: column(({ t }) => t * 1_000),
            values: [
              column(({ open }) => open),
              column(({ high }) => high),
              column(({ low }) => low),
              column(({ close }) => close),
            ],
            domain: [(first.t - step) * 1_000, (rows.at(-1)!.t + step) * 1_000],
            note: `${width()} a candle, chain time`,
          };
        },
      });
      panel.el.querySelector(".subtitle")!.after(widths);
      widths.classList.add("small");
      body.append(drawn);
      return () => {
        const { unit, candles: rows } = candles.body!;
        const asset = assets.body!.instruments.find(({ id }) => id === token());
        const price = asset?.price ?? null;
        panel.subtitle = `${token()} · ${
          price === null ? "—" : formatUnitPrice(price)
        } base units / ${unit} · gate ${asset?.gate ?? "unknown"}${asset?.stale ? " · stale" : ""} · ${
          rows.at(-1)?.price_source.replaceAll("_", " ")
        }`;
      };
    },
  });
}

function addPositions(view: View, ticket: Ticket): void {
  const { store } = view.app;
  const meta = () => store.get("positions")!._meta;
  addPanel(view, {
    id: "positions",
    title: "Positions",
    span: 8,
    medium: 12,
    topics: ["positions"],
    lack: () =>
      positionsOf(store.get("positions")!).length > 0 ? null : {
        state: "empty",
        text: "Nothing is held. What is bought appears here with the block that fills it.",
      },
    build(body, panel) {
      const table = keyedTable<PositionBody>("Positions", ({ token }) => token, [
        "Instrument",
        (cell) => {
          const square = cell.appendChild(el("span", { class: "square" }));
          const name = cell.appendChild(document.createTextNode(""));
          return ({ token }) => {
            setAttr(square, "data-market", token.toLowerCase());
            name.data = token;
          };
        },
      ], [
        { label: "Quantity", num: true, show: (value, { qty }) => value.write(formatQuantity(qty)) },
        {
          label: "Mean cost",
          num: true,
          priority: 2,
          show: (value, { cost, token }) => value.show(cost, formatUnitPrice, meta(), `${token}.cost`),
        },
        {
          label: "Price",
          num: true,
          priority: 1,
          show: (value, { price, token }) => value.show(price, formatUnitPrice, meta(), `${token}.price`),
        },
        {
          label: "Value",
          num: true,
          show: (value, row) => showAmount(value, row.value, meta(), `${row.token}.value`),
        },
        {
          label: "Unrealised",
          num: true,
          class: "profit",
          show: (value, row) => showProfit(value, row.unrealized, meta(), `${row.token}.unrealized`),
        },
        {
          label: "Realised",
          num: true,
          class: "profit",
          priority: 3,
          show: (value, row) => showProfit(value, row.realized, meta(), `${row.token}.realized`),
        },
        {
          label: "Drawdown",
          num: true,
          priority: 4,
          show: (value, row) => value.show(row.drawdown, formatRatio, meta(), `${row.token}.drawdown`),
        },
        {
          label: "",
          num: true,
          fill: (cell) => {
            let row: PositionBody;
            const button = cell.appendChild(
              el("button", { class: "button", click: () => ticket.sell(row.token, row.qty) }, "Sell…"),
            );
            return (now) => {
              row = now;
              setAttr(button, "aria-label", `Sell ${now.token}: fill the ticket`);
            };
          },
        },
      ]);
      body.append(table.el);
      return () => {
        const rows = positionsOf(store.get("positions")!);
        panel.subtitle = `worth ${formatCompact(rows.reduce((sum, { value }) => sum + value, 0))} base units`;
        table.show(rows);
      };
    },
  });
}
