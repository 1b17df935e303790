/** The operator's settings in words, to be compared. */
import { formatAmount, formatNumber } from "./format.ts";
import type { AgentSettingsBody, EngineState } from "../src/server/wire.ts";

/** A change; what is absent stays. */
export interface StatePatch {
  readonly running?: boolean;
  readonly paper_assets?: readonly string[];
  readonly paper_capital?: number;
  readonly settings?: { readonly agents: Readonly<Record<string, Partial<AgentSettingsBody>>> };
}

/** One setting in words. */
export type Line = readonly [name: string, value: string];

/** Every setting as a line. */
export function linesOf(state: Partial<EngineState> | StatePatch): readonly Line[] {
  const lines: Line[] = [];
  const { running, paper_assets: assets, paper_capital: capital, settings } = state;
  if ("mode" in state && state.mode !== undefined) lines.push(["Mode", state.mode]);
  if (running !== undefined) lines.push(["Agents decide", running ? "on" : "off"]);
  if (assets !== undefined) lines.push(["Instruments", assets.join(", ") || "none"]);
  if (capital !== undefined) lines.push(["Paper capital", formatAmount(capital)]);
  for (const [name, { enabled, share, params }] of Object.entries(settings?.agents ?? {})) {
    if (enabled !== undefined) lines.push([`${name}: switched`, enabled ? "on" : "off"]);
    if (share !== undefined) lines.push([`${name}: share of equity`, `${formatNumber(share * 100, 1)} %`]);
    for (const [parameter, value] of Object.entries(params ?? {})) {
      lines.push([`${name}: ${parameter}`, String(value)]);
    }
  }
  return lines;
}

/** The settings that differ, with their value before (or a dash) and after. */
export function changesBetween(
  before: readonly Line[],
  after: readonly Line[],
): readonly (readonly [name: string, before: string, after: string])[] {
  const old = new Map(before);
  const now = new Map(after);
  return [...new Set([...old.keys(), ...now.keys()])].flatMap((name) => {
    const [was, is] = [old.get(name) ?? "—", now.get(name) ?? "—"];
    return was === is ? [] : [[name, was, is] as const];
  });
}
