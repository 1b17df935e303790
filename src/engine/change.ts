/** What the query tables have to learn from an event, in order. State itself is not in them: it is replayed. */
import type { Candle, CandleStep } from "./candle.ts";
import type { FeatureRow } from "./features/feed.ts";
import type { LedgerEntry } from "./ledger.ts";
import type { MarketId } from "./market.ts";
import type { Receipt } from "./receipt.ts";
import type { Fill, Order } from "./trading/order.ts";
import type { ClosedTrade } from "./trading/state.ts";

/** One change of the query tables. */
export type Change =
  | { readonly kind: "receipt"; readonly receipt: Receipt; readonly timeMs: number; readonly own: boolean }
  | { readonly kind: "entry"; readonly entry: LedgerEntry }
  | { readonly kind: "candle"; readonly market: MarketId; readonly step: CandleStep; readonly candle: Candle }
  | {
    /** Candles after this one are no longer true; null = none is left that we know of, from `fromT` on. */
    readonly kind: "candles-after";
    readonly market: MarketId;
    readonly step: CandleStep;
    readonly candle: Candle | null;
  }
  | { readonly kind: "features"; readonly row: FeatureRow }
  | {
    /** Receipts and entries above this height that are anchored there never happened, nor did its slots. */
    readonly kind: "revert";
    readonly toHeight: number;
  }
  | TradingChange;

/** What happened on the trading desk. Nothing of it is ever taken back. */
export type TradingChange =
  | { readonly kind: "order"; readonly epoch: number; readonly order: Readonly<Order> }
  | { readonly kind: "fill"; readonly epoch: number; readonly fill: Fill }
  | { readonly kind: "trade"; readonly epoch: number; readonly trade: ClosedTrade }
  | { readonly kind: "equity"; readonly epoch: number; readonly point: EquityPoint };

/** What an account was worth at one time, base units. */
export interface EquityPoint {
  readonly timeMs: number;
  readonly equity: number;
  readonly cash: number;
  /** Realised since the account was opened, after fees. */
  readonly realized: number;
}
