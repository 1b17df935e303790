/** What the query tables have to learn from an event, in order. State itself is not in them: it is replayed. */
import type { Candle, CandleStep } from "./candle.ts";
import type { FeatureRow } from "./features/feed.ts";
import type { LedgerEntry } from "./ledger.ts";
import type { MarketId } from "./market.ts";
import type { Receipt } from "./receipt.ts";

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
  };
