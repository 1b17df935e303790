/** What can be traded: one instrument per service market, priced in base units of the chain's coin. */
import { type MarketId, MARKETS } from "../market.ts";

/** Symbol of an instrument. */
export type Token = "COMPUTE" | "STORAGE" | "ENERGY" | "AD";

/** One instrument. */
export interface Instrument {
  readonly token: Token;
  readonly market: MarketId;
  /** The unit that quantities count and that prices are quoted for. */
  readonly unit: string;
}

/** One row per instrument, in the order in which they are shown; the markets' symbols and units. */
export const INSTRUMENTS: readonly Instrument[] = MARKETS.map(({ id, symbol, priceUnit }) => ({
  token: symbol as Token,
  market: id,
  unit: priceUnit,
}));

/** The symbols alone, in the order of {@link INSTRUMENTS}. */
export const TOKENS: readonly Token[] = INSTRUMENTS.map(({ token }) => token);

/** Whether a text names an instrument. */
export function isToken(text: string): text is Token {
  return (TOKENS as readonly string[]).includes(text);
}

/** The market of an instrument. */
export function marketOfToken(token: Token): MarketId {
  return token.toLowerCase() as MarketId;
}

/** Builds a record with one value per instrument, in table order. */
export function perToken<T>(valueOf: (token: Token) => T): Record<Token, T> {
  return Object.fromEntries(TOKENS.map((token) => [token, valueOf(token)])) as Record<Token, T>;
}
