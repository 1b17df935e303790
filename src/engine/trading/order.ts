/** Orders, their states, and the one table of what may follow what. */
import type { Token } from "./instrument.ts";
import type { Denial } from "./denial.ts";

/** Side of an order. */
export type Side = "buy" | "sell";

/** How long an order works. */
export const TIMES_IN_FORCE = {
  gtc: "until it is cancelled, or `orders.max_age` is over",
  day: "until the end of the UTC day that it was placed on",
  ioc: "at the next tick only; what is not filled then expires",
  fok: "at the next tick only, and only as a whole",
} as const;

/** A time in force of {@link TIMES_IN_FORCE}. */
export type TimeInForce = keyof typeof TIMES_IN_FORCE;

/** What somebody wants. */
export interface OrderIntent {
  readonly token: Token;
  readonly side: Side;
  /** Units, at most 6 decimals. */
  readonly qty: number;
  /** Worst price per unit that is acceptable, base units; null = any. */
  readonly limit: number | null;
  readonly timeInForce: TimeInForce;
  /** Whether it may only make a position smaller. */
  readonly reduceOnly: boolean;
  /** The client's idempotency key. */
  readonly clientOrderId: string | null;
  /** Name of the agent that wants it; null = the operator. */
  readonly agent: string | null;
}

/** Why an order exists. */
export type OrderCause = "intent" | "stop_loss" | "take_profit" | "flatten";

/** Every state of an order and the states that may follow it; a state that nothing follows is terminal. */
export const ORDER_TRANSITIONS = {
  received: ["accepted", "denied", "rejected"],
  accepted: ["working", "cancelled", "expired", "rejected"],
  denied: [],
  working: ["partially_filled", "filled", "cancelled", "expired", "rejected"],
  partially_filled: ["partially_filled", "filled", "cancelled", "expired"],
  filled: [],
  cancelled: [],
  expired: [],
  rejected: [],
} as const satisfies Record<string, readonly string[]>;

/** What each state means. */
export const ORDER_STATES: Readonly<Record<OrderStatus, string>> = {
  received: "it arrived; nothing has been decided",
  accepted: "the risk check let it pass",
  denied: "the risk check refused it; `code`, `limit` and `actual` say why",
  working: "it waits for the next tick",
  partially_filled: "a part is filled, the rest works",
  filled: "all of it is filled",
  cancelled: "somebody, a stop or a protection took it back; what was filled before stays",
  expired: "its time in force is over; what was filled before stays",
  rejected: "the other side refused it, after it was accepted",
};

/** State of an order. */
export type OrderStatus = keyof typeof ORDER_TRANSITIONS;

/** An order. Only the account writes to it. */
export interface Order {
  readonly id: string;
  readonly clientOrderId: string | null;
  readonly agent: string | null;
  readonly token: Token;
  readonly side: Side;
  /** Quantity asked for, micro units; 0 when what was asked for is no quantity. */
  readonly qtyMicro: number;
  readonly limit: number | null;
  readonly timeInForce: TimeInForce;
  readonly reduceOnly: boolean;
  readonly cause: OrderCause;
  readonly placedMs: number;
  readonly placedHeight: number;
  /** Price per unit that a buy reserves cash at, with costs; 0 for sells. */
  readonly reservePrice: number;
  status: OrderStatus;
  updatedMs: number;
  filledMicro: number;
  /** Number of its fills. */
  fills: number;
  /** Money paid or got for what is filled, without fees, base units. */
  gross: number;
  fee: number;
  /** Money lost against the unmoved price, base units. */
  slippageCost: number;
  denial: Denial | null;
  /** Why it was cancelled, expired or rejected. */
  detail: string | null;
}

/** One execution. */
export interface Fill {
  /** Order id and number of the fill within it: the same in every replay. */
  readonly id: string;
  readonly orderId: string;
  readonly token: Token;
  readonly side: Side;
  /** Owner of the position that it changes. */
  readonly agent: string | null;
  readonly qtyMicro: number;
  /** Base units per unit. */
  readonly price: number;
  /** How much worse than the unmoved price, base units per unit, never negative. */
  readonly slippage: number;
  /** Money paid or got, without the fee, rounded against us. */
  readonly gross: number;
  readonly fee: number;
  /** Profit that it realised after its fee; a buy realises minus its fee. */
  readonly realized: number;
  readonly cause: OrderCause;
  readonly height: number;
  readonly timeMs: number;
}

/** Whether nothing can happen to it any more. */
export function isTerminal(status: OrderStatus): boolean {
  return ORDER_TRANSITIONS[status].length === 0;
}

/**
 * Moves an order to another state.
 *
 * @throws {TypeError} If the table does not allow it
 */
export function moveOrder(order: Order, to: OrderStatus, atMs: number): void {
  if (!(ORDER_TRANSITIONS[order.status] as readonly OrderStatus[]).includes(to)) {
    throw new TypeError(`Cannot move order ${order.id} from ${order.status} to ${to}`);
  }
  order.status = to;
  order.updatedMs = atMs;
}

/** What is not filled yet, micro units. */
export function remainingMicro(order: Order): number {
  return order.qtyMicro - order.filledMicro;
}

/** Mean price of what is filled, base units per unit; null before the first fill. */
export function averagePrice(order: Order): number | null {
  return order.filledMicro > 0 ? order.gross / order.filledMicro * 1_000_000 : null;
}
