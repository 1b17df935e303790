/** Views of the trading desk. Everything here is the paper account's and marked as such by `mode`. */
import type { CoreState } from "../../engine/state.ts";
import { absent, isKnown, type Known, mapKnown } from "../../engine/reason.ts";
import type { DeskState } from "../../engine/trading/desk.ts";
import { DENIAL_CODES } from "../../engine/trading/denial.ts";
import { unitsOf } from "../../engine/trading/money.ts";
import {
  averagePrice,
  type Fill,
  type Order,
  type OrderIntent,
  remainingMicro,
} from "../../engine/trading/order.ts";
import { type Holding, type Portfolio, portfolioOf, tailRisk } from "../../engine/trading/portfolio.ts";
import type { OrderPreview } from "../../engine/trading/preview.ts";
import { type AccountState, type Lock, tradingState } from "../../engine/trading/state.ts";
import type { OrderFilter, OrderRow, PageRequest, Queries } from "../../runtime/ports/store.ts";
import { type Draft, estimated } from "../body.ts";
import type {
  Dashboard,
  EngineState,
  FillBody,
  LockBody,
  OrderBody,
  OrderPreviewBody,
  Orders,
  PositionBody,
  RiskPortfolio,
} from "../wire.ts";
import { type Ambient, round, type View } from "./view.ts";

type DraftOf<T> = { readonly [K in keyof T]: Draft<T[K]> };

/** Orders of the first page, which is the topic's body. */
const ORDERS_SHOWN = 50;

/** An open account changes with every block and is as old as the last one; a closed one is as it is. */
export function deskFreshness(
  { epoch }: DeskState,
): { readonly slices: readonly ["head"] | readonly []; readonly ttlMs?: number } {
  return epoch > 0 ? { slices: ["head"] } : { slices: [], ttlMs: CLOSED_TTL_MS };
}

/** How often a body about an account that nobody has opened is dated anew. */
const CLOSED_TTL_MS = 10_000;

const NEVER_OPENED = absent(
  "DISABLED",
  "no paper account has been opened: POST /state with mode paper opens one",
);

/** Units of orders. */
export const ORDER_UNITS = {
  "orders.quantity": "units of the instrument",
  "orders.price": "base units per unit",
  "orders.limit_price": "base units per unit",
  "orders.slippage": "base units per unit",
  "orders.fee": "base units",
  "orders.amount": "base units",
  "orders.timestamp": "Unix s",
  "orders.updated_at": "Unix s",
};

/** Units of one order. */
export const ORDER_UNITS_ALONE = Object.fromEntries(
  Object.entries(ORDER_UNITS).map(([path, unit]) => [path.replace("orders.", ""), unit]),
);

/** `GET /state`. */
export const engineView: View<EngineState> = {
  units: { paper_capital: "base units", epoch_since: "Unix s" },
  build: (state) => ({ draft: stateDraft(state.desk), slices: [], ttlMs: 10_000, source: "engine" }),
};

/** What the operator set. */
export function stateDraft(desk: DeskState): DraftOf<EngineState> {
  const halt = desk.account?.halt ?? null;
  return {
    running: desk.running,
    emergency_stop: halt?.code === "EMERGENCY_STOP",
    mode: desk.mode,
    paper_assets: desk.paperAssets,
    paper_capital: desk.paperCapital,
    settings: desk.settings as Draft<EngineState["settings"]>,
    rev: desk.rev,
    epoch: desk.epoch,
    epoch_since: desk.epoch === 0 ? NEVER_OPENED : Math.floor(desk.epochMs / 1000),
    trading_state: desk.account ? tradingState(desk.account) : "ACTIVE",
    halt_reason: halt?.reason ?? absent("UNDEFINED", "trading is not halted"),
  };
}

/** `GET /orders`, the newest ones. */
export const ordersView: View<Orders> = {
  units: ORDER_UNITS,
  build: (state, { queries }) => ({
    draft: ordersDraft(queries, {}, { limit: ORDERS_SHOWN }),
    ...deskFreshness(state.desk),
    source: "engine",
  }),
};

/** A page of orders. */
export function ordersDraft(queries: Queries, filter: OrderFilter, page: PageRequest): DraftOf<Orders> {
  const { items, total, nextCursor } = queries.orders(filter, page);
  return {
    orders: items.map(orderDraft),
    total,
    next_cursor: nextCursor ?? absent("UNDEFINED", "this is the last page"),
  };
}

/** One order. */
export function orderDraft({ order, epoch }: OrderRow): DraftOf<OrderBody> {
  const unfilled = absent("UNDEFINED", "nothing of it is filled");
  const notDenied = absent("UNDEFINED", "it was not denied");
  const { denial } = order;
  const bare = denial ? absent("UNDEFINED", "this code compares nothing") : notDenied;
  return {
    id: order.id,
    client_order_id: order.clientOrderId ?? absent("UNDEFINED", "the client gave none"),
    token: order.token,
    quantity: unitsOf(order.qtyMicro),
    side: order.side,
    price: averagePrice(order) ?? unfilled,
    limit_price: order.limit ?? absent("UNDEFINED", "it is a market order"),
    slippage: order.filledMicro > 0 ? order.slippageCost / unitsOf(order.filledMicro) : unfilled,
    fee: order.fee,
    amount: order.gross,
    filled: unitsOf(order.filledMicro),
    remaining: unitsOf(remainingOf(order)),
    status: order.status,
    time_in_force: order.timeInForce,
    reduce_only: order.reduceOnly,
    agent: order.agent ?? absent("UNDEFINED", "the operator placed it"),
    cause: order.cause,
    timestamp: Math.floor(order.placedMs / 1000),
    updated_at: Math.floor(order.updatedMs / 1000),
    code: denial?.code ?? notDenied,
    limit: denial?.limit ?? bare,
    actual: denial?.actual ?? bare,
    detail: order.detail ?? absent("UNDEFINED", "there is nothing to say"),
    epoch,
  };
}

function remainingOf(order: Readonly<Order>): number {
  return order.status === "working" || order.status === "partially_filled"
    ? remainingMicro(order as Order)
    : 0;
}

/** One execution. */
export function fillDraft(fill: Fill): DraftOf<FillBody> {
  return {
    id: fill.id,
    order_id: fill.orderId,
    token: fill.token,
    side: fill.side,
    quantity: unitsOf(fill.qtyMicro),
    price: fill.price,
    slippage: fill.slippage,
    amount: fill.gross,
    fee: fill.fee,
    realized: fill.realized,
    agent: fill.agent ?? absent("UNDEFINED", "the operator placed it"),
    cause: fill.cause,
    block_height: fill.height,
    timestamp: Math.floor(fill.timeMs / 1000),
  };
}

/** Units of executions. */
export const FILL_UNITS = {
  "fills.quantity": "units of the instrument",
  "fills.price": "base units per unit",
  "fills.slippage": "base units per unit",
  "fills.amount": "base units",
  "fills.fee": "base units",
  "fills.realized": "base units",
  "fills.timestamp": "Unix s",
};

/** Units of a preview. */
export const PREVIEW_UNITS = {
  quote: "base units per unit",
  price: "base units per unit",
  amount: "base units",
  fee: "base units",
  total: "base units",
  largest_quantity: "units of the instrument",
  quantity_per_block: "units of the instrument",
};

const AHEAD = "the last price with half the spread, slippage and the impact of all of it on the last volume";

/** `POST /orders/preview`. */
export function previewDraft(preview: OrderPreview, { side }: OrderIntent): DraftOf<OrderPreviewBody> {
  const { denial, beyond, gross, fee } = preview;
  const passes = absent("UNDEFINED", "the risk check would let it pass");
  const bare = denial ? absent("UNDEFINED", "this code compares nothing") : passes;
  const priced = preview.price > 0;
  const none = absent("NO_PRICE", "the market has neither receipts nor a quote");
  const ahead = (value: number) => priced ? estimated(value, AHEAD) : none;
  return {
    allowed: denial === null,
    code: denial?.code ?? passes,
    detail: denial ? DENIAL_CODES[denial.code].sentence : passes,
    limit: denial?.limit ?? bare,
    actual: denial?.actual ?? bare,
    compared: (denial && DENIAL_CODES[denial.code].values) ?? bare,
    quote: preview.quote > 0 ? preview.quote : none,
    price: ahead(preview.price),
    marketable: preview.marketable,
    amount: ahead(gross),
    fee: ahead(fee),
    total: ahead(side === "buy" ? gross + fee : gross - fee),
    largest_quantity: unitsOf(preview.largestMicro),
    largest_code: beyond?.code ?? absent("UNDEFINED", "no limit but that of a quantity refuses more"),
    quantity_per_block: preview.tickMicro === null
      ? absent("NO_SAMPLES", "the volume of the last block is not known")
      : unitsOf(preview.tickMicro),
  };
}

/** `GET /positions`: what is held, by token. */
export const positionsView: View<Readonly<Record<string, PositionBody>>> = {
  units: {},
  build: (state) => {
    const draft = positionsDraft(state.desk);
    const units = Object.fromEntries(
      Object.keys(draft).flatMap((token) => [
        [`${token}.qty`, "units of the instrument"],
        [`${token}.cost`, "base units per unit"],
        [`${token}.price`, "base units per unit"],
        [`${token}.value`, "base units"],
        [`${token}.unrealized`, "base units"],
        [`${token}.realized`, "base units"],
        [`${token}.fees`, "base units"],
      ]),
    );
    return { draft, units, ...deskFreshness(state.desk), source: "engine" };
  },
};

function positionsDraft({ account }: DeskState): Readonly<Record<string, DraftOf<PositionBody>>> {
  if (!account) return {};
  const held = portfolioOf(account).holdings.filter(({ qty }) => qty > 0);
  return Object.fromEntries(held.map((holding) => [holding.token, positionDraft(holding)]));
}

function positionDraft(holding: Holding): DraftOf<PositionBody> {
  return {
    token: holding.token,
    qty: holding.qty,
    cost: holding.averageCost,
    price: holding.price,
    value: holding.value,
    unrealized: holding.unrealized,
    realized: holding.realized,
    fees: holding.fees,
    drawdown: holding.drawdownRatio,
    max_drawdown: holding.maxDrawdownRatio,
    stale: holding.stale,
  };
}

const RISK_UNITS = {
  equity: "base units",
  capital: "base units",
  cash: "base units",
  realized: "base units",
  unrealized: "base units",
  fees: "base units",
  change: "base units",
  change_pct: "%",
  exposure: "base units",
  leverage: "ratio of equity",
  position_size: "base units",
  drawdown: "ratio",
  max_drawdown: "ratio",
  var_95: "base units a minute",
  es_95: "base units a minute",
  sharpe: "a year of 365 days",
  sortino: "a year of 365 days",
  calmar: "a year of 365 days",
  volatility: "ratio a year of 365 days",
  "limits.max_position": "base units",
  "limits.stale_after": "s",
  "locks.since": "Unix s",
  "locks.until": "Unix s",
  "events.at": "Unix s",
};

/** `GET /risk/portfolio`. */
export const riskView: View<RiskPortfolio> = {
  units: RISK_UNITS,
  build: (state, ambient) => ({
    draft: riskDraft(state, ambient),
    ...deskFreshness(state.desk),
    source: "engine",
  }),
};

function riskDraft(state: CoreState, { tradingFigures }: Ambient): DraftOf<RiskPortfolio> {
  const { desk } = state;
  const { account, rules } = desk;
  const portfolio: Known<Portfolio> = account && desk.epoch > 0 ? portfolioOf(account) : NEVER_OPENED;
  const of = <T>(
    pick: (known: Portfolio) => Known<T>,
  ): Known<T> => (isKnown(portfolio) ? pick(portfolio) : portfolio);
  const figures = account && desk.epoch > 0 ? tradingFigures(state) : null;
  const dayAgo = figures?.equityDayAgo ?? absent("NO_SAMPLES", "the equity of a day ago is not kept");
  const statistics = figures?.statistics ?? NEVER_OPENED;
  const risk = account && figures ? tailRisk(account, figures.closes) : NEVER_OPENED;
  const limits = rules?.limits;
  const off = absent("DISABLED", "this limit is off ([risk] in the configuration)");
  return {
    equity: of(({ equity }) => equity),
    capital: of(({ capital }) => capital),
    cash: of(({ cash }) => cash),
    realized: of(({ realized }) => realized),
    unrealized: of(({ unrealized }) => unrealized),
    fees: of(({ fees }) => fees),
    change: of(({ equity }) => mapKnown(dayAgo, (before) => equity - before)),
    change_pct: of(({ equity }) =>
      dayAgo === 0
        ? absent("UNDEFINED", "equity was 0 a day ago")
        : mapKnown(dayAgo, (before) => round(100 * (equity / before - 1), 6))
    ),
    exposure: of(({ exposure }) => exposure),
    leverage: of(({ leverage }) => leverage),
    position_size: of(({ largestPosition }) => largestPosition),
    drawdown: of(({ drawdownRatio }) => drawdownRatio),
    max_drawdown: of(({ maxDrawdownRatio }) => maxDrawdownRatio),
    var_95: mapKnown(risk, ({ valueAtRisk }) => valueAtRisk),
    es_95: mapKnown(risk, ({ expectedShortfall }) => expectedShortfall),
    risk_samples: isKnown(risk) ? risk.samples : 0,
    sharpe: isKnown(statistics) ? statistics.sharpe : statistics,
    sortino: isKnown(statistics) ? statistics.sortino : statistics,
    calmar: isKnown(statistics) ? statistics.calmar : statistics,
    volatility: isKnown(statistics) ? statistics.volatility : statistics,
    statistics_samples: isKnown(statistics) ? statistics.samples : 0,
    state: account ? tradingState(account) : "ACTIVE",
    halt_reason: account?.halt?.reason ?? absent("UNDEFINED", "trading is not halted"),
    locks: (account?.locks ?? []).map(lockDraft),
    limits: {
      max_drawdown: limits?.maxDrawdownRatio ?? off,
      max_position: limits?.maxPosition ?? off,
      max_concurrent_trades: limits?.maxConcurrentTrades ?? off,
      max_exposure: limits?.maxExposureRatio ?? 1,
      orders_per_minute: limits?.orderRate.count ?? 0,
      stale_after: (limits?.staleAfterMs ?? 0) / 1000,
    },
    events: desk.riskEvents.map(({ kind, atMs, detail }, i) => ({
      id: `${atMs}-${i}`,
      kind,
      at: Math.floor(atMs / 1000),
      detail,
    })).reverse(),
  };
}

/** One lock. */
export function lockDraft(lock: Lock): DraftOf<LockBody> {
  return {
    id: lock.id,
    token: lock.token ?? absent("UNDEFINED", "it locks every instrument"),
    protection: lock.protection,
    reason: lock.reason,
    since: Math.floor(lock.sinceMs / 1000),
    until: Math.floor(lock.untilMs / 1000),
  };
}

/** `GET /dashboard`. */
export const dashboardView: View<Dashboard> = {
  units: { "risk.equity": "base units", "risk.drawdown": "ratio", ...ORDER_UNITS },
  build: (state, ambient) => {
    const risk = riskDraft(state, ambient);
    const { equity, realized, unrealized, sharpe, drawdown, position_size, leverage, exposure } = risk;
    return {
      draft: {
        mode: state.desk.mode,
        risk: { equity, realized, unrealized, sharpe, drawdown, position_size, leverage, exposure },
        positions: positionsDraft(state.desk),
        orders: ambient.queries.orders({}, { limit: 20 }).items.map(orderDraft),
      },
      ...deskFreshness(state.desk),
      source: "engine",
    };
  },
};

/** The account that figures are told of, or why there is none. */
export function openedAccount({ account, epoch }: DeskState): Known<AccountState> {
  return account && epoch > 0 ? account : NEVER_OPENED;
}
