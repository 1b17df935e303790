/** What several pages show of the paper account. */
import { setAttr, type Value } from "../dom.ts";
import { formatAmount, formatCompact, formatCompactProfit } from "../format.ts";
import type { Tone } from "../icons.ts";
import type { Meta, PositionBody, RiskPortfolio } from "../../src/server/wire.ts";

/** How good a state of trading is. */
export const STATE_TONES: Readonly<Record<RiskPortfolio["state"], Tone>> = {
  ACTIVE: "ok",
  REDUCING: "warn",
  HALTED: "bad",
};

/** How an order stands. */
export const ORDER_TONES: Readonly<Record<string, Tone>> = {
  received: "clock",
  accepted: "clock",
  working: "clock",
  partially_filled: "clock",
  filled: "ok",
  denied: "bad",
  rejected: "bad",
  cancelled: "warn",
  expired: "warn",
};

/** The positions of the topic's body, which holds them by token. */
export function positionsOf(body: object): readonly PositionBody[] {
  return Object.entries(body).flatMap(([key, value]) => /^[A-Z]+$/.test(key) ? [value as PositionBody] : []);
}

/** Shows a gain or loss in base units, with its colour. */
export function showProfit(value: Value, amount: number | null, meta: Meta, path: string): void {
  value.show(amount, formatCompactProfit, meta, path, `${formatAmount(amount ?? 0)} base units`);
  setAttr(value.el, "data-sign", amount === null ? null : String(Math.sign(amount)));
}

/** Shows an amount of base units, shortened. */
export function showAmount(value: Value, amount: number | null, meta: Meta, path: string): void {
  value.show(amount, formatCompact, meta, path, `${formatAmount(amount ?? 0)} base units`);
}
