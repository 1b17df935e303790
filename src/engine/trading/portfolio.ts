/** What an account is worth and what it risks now: the figures of the risk page. */
import { absent, type Known } from "../reason.ts";
import { type Token, TOKENS } from "./instrument.ts";
import { unitsOf } from "./money.ts";
import { historicalTail } from "./performance.ts";
import { type AccountState, exposureOf, type TradingState, tradingState } from "./state.ts";

/** An account at its last tick; money in base units. */
export interface Portfolio {
  readonly state: TradingState;
  readonly capital: number;
  readonly cash: number;
  readonly equity: number;
  readonly realized: number;
  readonly unrealized: number;
  readonly fees: number;
  readonly exposure: number;
  readonly leverage: Known<number>;
  /** Value of the largest position in one instrument. */
  readonly largestPosition: number;
  readonly drawdownRatio: number;
  readonly maxDrawdownRatio: number;
  readonly holdings: readonly Holding[];
}

/** What is held of one instrument by all owners together. */
export interface Holding {
  readonly token: Token;
  readonly qty: number;
  readonly averageCost: Known<number>;
  readonly price: Known<number>;
  readonly stale: boolean;
  readonly value: number;
  readonly cost: number;
  readonly realized: number;
  readonly unrealized: number;
  readonly fees: number;
  readonly drawdownRatio: number;
  readonly maxDrawdownRatio: number;
}

/** What an account is worth now. */
export function portfolioOf(account: AccountState): Portfolio {
  const holdings = TOKENS.map((token) => holdingOf(account, token));
  const exposure = exposureOf(account);
  return {
    state: tradingState(account),
    capital: account.capital,
    cash: account.cash,
    equity: account.equity,
    realized: account.realized,
    unrealized: holdings.reduce((sum, { unrealized }) => sum + unrealized, 0),
    fees: account.fees,
    exposure,
    leverage: account.equity > 0 ? exposure / account.equity : absent("UNDEFINED", "equity is 0"),
    largestPosition: Math.max(...holdings.map(({ value }) => value)),
    drawdownRatio: account.drawdownRatio,
    maxDrawdownRatio: account.maxDrawdownRatio,
    holdings,
  };
}

function holdingOf(account: AccountState, token: Token): Holding {
  const instrument = account.instruments[token];
  let micro = 0;
  for (const position of account.positions) if (position.token === token) micro += position.qtyMicro;
  const { value, cost } = instrument;
  return {
    token,
    qty: unitsOf(micro),
    averageCost: micro > 0 ? cost / unitsOf(micro) : absent("NO_SAMPLES", "nothing is held"),
    price: instrument.price > 0 ? instrument.price : absent("NO_PRICE", "no price was seen"),
    stale: instrument.stale,
    value,
    cost,
    realized: instrument.realized,
    unrealized: value - cost,
    fees: instrument.fees,
    drawdownRatio: instrument.drawdownRatio,
    maxDrawdownRatio: instrument.maxDrawdownRatio,
  };
}

/** Historical risk of the positions as they are now, base units over one interval of the prices. */
export interface TailRisk {
  readonly samples: number;
  readonly valueAtRisk: number;
  readonly expectedShortfall: number;
}

/**
 * What the positions of now would have lost over past price moves: 95 % value at risk and the mean loss beyond it.
 *
 * @param prices Closes per instrument at the same times, oldest first; the shortest list decides
 * @param samplesMin Returns that it needs at least
 */
export function tailRisk(
  account: AccountState,
  prices: Readonly<Partial<Record<Token, readonly number[]>>>,
  samplesMin?: number,
): Known<TailRisk> {
  const held = TOKENS.filter((token) => account.instruments[token].value > 0);
  if (held.length === 0) return { samples: 0, valueAtRisk: 0, expectedShortfall: 0 };
  const lists = held.map((token) => prices[token] ?? []);
  const length = Math.min(...lists.map((list) => list.length));
  const moves = new Float64Array(Math.max(0, length - 1));
  held.forEach((token, k) => {
    const list = lists[k]!;
    const from = list.length - length;
    for (let i = 1; i < length; i++) {
      moves[i - 1]! += account.instruments[token].value * (list[from + i]! / list[from + i - 1]! - 1);
    }
  });
  if (!moves.every(Number.isFinite)) return absent("UNDEFINED", "a past price is not positive");
  const tail = historicalTail(moves, samplesMin);
  return "valueAtRisk" in tail ? { samples: moves.length, ...tail } : tail;
}
