/** Why an order is not accepted: one table, from which the documentation is made. A denial is an answer. */

/** Every code with its sentence and what `limit` and `actual` hold; null where there is nothing to compare. */
export const DENIAL_CODES = {
  INVALID_QUANTITY: {
    sentence: "The quantity is not positive, too large, or has more than 6 decimals.",
    values: "largest quantity, quantity asked for",
  },
  INVALID_LIMIT: {
    sentence: "The limit price is not positive or too large.",
    values: "largest price, limit asked for",
  },
  MODE_FORBIDS: {
    sentence: "The program does not trade in this mode.",
    values: null,
  },
  MARKET_DISABLED: {
    sentence: "The market is switched off in the configuration.",
    values: null,
  },
  REDUCE_ONLY: {
    sentence: "A buy cannot be reduce-only, because nothing is ever sold short.",
    values: null,
  },
  POSITION_TOO_SMALL: {
    sentence: "More would be sold than is held and not already being sold.",
    values: "units that can be sold, units asked for",
  },
  EMERGENCY_STOP: {
    sentence: "Trading is halted by the operator; only cancels and exits pass until it is resumed.",
    values: null,
  },
  DRAWDOWN_HALT: {
    sentence: "Equity fell too far below its peak; only cancels and exits pass until trading is resumed.",
    values: "largest drawdown, drawdown (ratios)",
  },
  REDUCING: {
    sentence: "Positions may only be reduced at present.",
    values: null,
  },
  LOCKED: {
    sentence: "A protection has locked the instrument or the whole account for a while.",
    values: "Unix ms until which it is locked, Unix ms now",
  },
  AGENT_SUSPENDED: {
    sentence: "The agent is suspended; only its exits pass.",
    values: null,
  },
  NO_PRICE: {
    sentence: "The market has neither receipts nor a quote.",
    values: null,
  },
  STALE_DATA: {
    sentence: "The last price is too old to trade on.",
    values: "largest age, age (ms)",
  },
  GATE_CLOSED: {
    sentence: "The market's gate is not open.",
    values: null,
  },
  RATE_LIMIT: {
    sentence: "Too many orders within the window.",
    values: "orders allowed, orders within the window",
  },
  TOO_MANY_ORDERS: {
    sentence: "Too many orders are working; cancel one first.",
    values: "orders allowed, orders working",
  },
  MAX_CONCURRENT: {
    sentence: "Too many positions are open or being opened.",
    values: "positions allowed, positions with this one",
  },
  MAX_ORDER: {
    sentence: "The order's value is above the limit for one order.",
    values: "largest value, value (base units)",
  },
  MAX_POSITION: {
    sentence: "The position's value would be above the limit for one instrument.",
    values: "largest value, value (base units)",
  },
  MAX_EXPOSURE: {
    sentence: "All positions together would be worth more than the allowed share of equity.",
    values: "largest exposure, exposure (base units)",
  },
  CAPITAL_SHARE: {
    sentence: "The agent's positions would be worth more than its share of equity.",
    values: "largest value, value (base units)",
  },
  TOKEN_DRAWDOWN: {
    sentence: "The instrument has lost too much since its best moment; it may only be reduced.",
    values: "largest drawdown, drawdown (ratios of the capital)",
  },
  INSUFFICIENT_CASH: {
    sentence: "The order costs more than the cash that is not reserved for other orders.",
    values: "cash available, cost with fee (base units)",
  },
} as const satisfies Record<string, { sentence: string; values: string | null }>;

/** A code of {@link DENIAL_CODES}. */
export type DenialCode = keyof typeof DENIAL_CODES;

/** A refusal, with what was compared. */
export interface Denial {
  readonly code: DenialCode;
  readonly limit: number | null;
  readonly actual: number | null;
}

/** Makes a {@link Denial}. */
export function deny(code: DenialCode, limit: number | null = null, actual: number | null = null): Denial {
  return { code, limit, actual };
}
