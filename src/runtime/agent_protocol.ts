/** What an agent's worker and its host say to each other. */
import type { AgentView, Parameter } from "../engine/trading/agents/agent.ts";

/** Characters of an agent's memory as text; it travels with every question and answer, and into snapshots. */
export const MEMORY_TEXT_MAX = 65_536;

/** What a worker is started with. */
export interface AgentStart {
  /** URL of the agent's file. */
  readonly url: string;
}

/** A question for a decision. Everything that the answer may depend on is in it: the worker itself keeps nothing. */
export interface AgentQuestion {
  readonly seq: number;
  readonly view: AgentView;
  /** Values of its parameters; the rest are defaults. */
  readonly parameters: Readonly<Record<string, unknown>>;
  /** What it remembers, as the codec writes it; null = nothing yet. */
  readonly memory: string | null;
}

/** What the worker says. */
export type AgentReply =
  | {
    readonly kind: "ready";
    readonly name: string;
    readonly title: string;
    readonly hypothesis: string;
    readonly parameters: readonly Parameter[];
  }
  | { readonly kind: "refused"; readonly problem: string }
  | { readonly kind: "decided"; readonly seq: number; readonly intents: unknown; readonly memory: string }
  | { readonly kind: "failed"; readonly seq: number; readonly problem: string };
