/** What a backtest is asked to do: the body of `POST /backtest`, checked strictly, every default filled in. */
import { resolveParameters } from "../engine/trading/agents/agent.ts";
import { agentOf, AGENTS } from "../engine/trading/agents/registry.ts";
import { isToken, type Token, TOKENS } from "../engine/trading/instrument.ts";
import { MONEY_MAX } from "../engine/trading/money.ts";
import { DEFAULT_RULES, type TradingRules } from "../engine/trading/rules.ts";
import type { FieldError } from "../runtime/ports/backtest.ts";
import { Fields } from "./fields.ts";
import { RowChecker } from "./row_checker.ts";
import { DataError } from "./series.ts";

/** Rows that come with a request. */
export const INLINE_ROWS_MAX = 100_000;

/** Largest body of a request: enough for that many rows. */
export const BODY_BYTES_MAX = 12 * 1024 * 1024;

/** Slots of a simulated chain. */
export const SLOTS_MAX = 200_000;

/** Agents of one run. */
export const AGENTS_MAX = 8;

/** Variants of a grid. */
export const VARIANTS_MAX = 1_000;

/** Points at which the data are cut for the lookahead check. */
export const LOOKAHEAD_POINTS_MAX = 1_000;

/** Folds of a walk-forward analysis. */
export const FOLDS_MAX = 50;

/** Orders of the trades that are tried. */
export const SHUFFLES_MAX = 100_000;

/** Scenarios of the simulator. The room of backtests does not know it, its worker does; a test compares. */
export const SCENARIOS = ["calm", "stress", "outage", "fee-spike", "throttled-ads", "reorgs"] as const;

/** Costs over plain prices, where the request does not say. */
const FEE_RATE = 0.001;
const SLIPPAGE_RATE = 0.0005;

/** Over plain prices there are the guardrails that the request asks for, and no others. */
const NO_LIMITS = { maxDrawdownRatio: null, maxPosition: null, maxConcurrentTrades: null } as const;

const SEED_MAX = 4_294_967_295;
const UNIX_S_MAX = 100_000_000_000;

/** Where the bars come from. */
export type DataRequest =
  | { readonly kind: "csv"; readonly path: string; readonly token: Token }
  | { readonly kind: "inline"; readonly token: Token; readonly rows: number }
  | { readonly kind: "simulator"; readonly seed: number; readonly scenario: string; readonly slots: number }
  | {
    /** Unix seconds of event time, both included; null = as far as the journal reaches. */
    readonly kind: "journal";
    /** Whether blocks count that were only caught up with. Without them the bars are the ticks of paper trading. */
    readonly catch_up: boolean;
    readonly from: number | null;
    readonly to: number | null;
  };

/** One agent and its parameters, defaults filled in. */
export interface AgentRequest {
  readonly name: string;
  readonly params: Readonly<Record<string, number>>;
}

/** Parameters to try, for the first agent. */
export type Grid = Readonly<Record<string, readonly number[]>>;

/** What is done besides the run itself. */
export interface AnalysisRequest {
  /** Cuts the data at so many points and compares what the agents decide. */
  readonly lookahead: { readonly points: number } | null;
  readonly walk_forward: {
    readonly mode: "rolling" | "anchored";
    readonly folds: number;
    /** Bars to choose parameters on, as a multiple of the bars to test on. */
    readonly train_ratio: number;
  } | null;
  readonly monte_carlo: { readonly runs: number } | null;
  readonly grid: Grid | null;
}

/** A checked request. */
export interface BacktestRequest {
  readonly data: DataRequest;
  readonly agents: readonly AgentRequest[];
  /** Base units. */
  readonly capital: number;
  readonly fees: { readonly rate: number };
  readonly slippage: { readonly rate: number };
  readonly guardrails: {
    readonly max_drawdown: number | null;
    /** Base units. */
    readonly max_position: number | null;
    readonly max_concurrent_trades: number | null;
  };
  readonly fill: "next_bar" | "same_bar";
  readonly seed: number;
  readonly analysis: AnalysisRequest;
}

/** A request, or everything that is wrong with it. */
export type ReadRequest =
  | { readonly request: BacktestRequest; readonly rows: Uint8Array<ArrayBuffer> | null }
  | { readonly problems: readonly FieldError[] };

/**
 * Reads the body of a request. Inline rows are checked too, and become columns.
 *
 * @param live The rules of paper trading: what is not said about a run over a chain is as there
 */
export function readRequest(body: unknown, live: TradingRules = DEFAULT_RULES): ReadRequest {
  const problems: FieldError[] = [];
  const fields = new Fields(body, "", problems);
  const { data, rows } = readData(fields.object("data"), fields, problems);
  const agents = readAgents(fields, problems);
  const capital = fields.number("capital", 1e-6, MONEY_MAX);
  const fees = fields.object("fees");
  const slippage = fields.object("slippage");
  const guardrails = fields.object("guardrails");
  const overChain = data.kind === "simulator" || data.kind === "journal";
  const limits = overChain ? live.limits : NO_LIMITS;
  const request: BacktestRequest = {
    data,
    agents,
    capital,
    fees: { rate: fees.number("rate", 0, 0.5, overChain ? live.fees.ratio : FEE_RATE) },
    slippage: {
      rate: slippage.number("rate", 0, 0.25, overChain ? live.costs.slippageRatio : SLIPPAGE_RATE),
    },
    guardrails: {
      max_drawdown: guardrails.numberOrNull("max_drawdown", 1e-9, 1, limits.maxDrawdownRatio),
      max_position: guardrails.numberOrNull("max_position", 1e-9, MONEY_MAX, limits.maxPosition),
      max_concurrent_trades: guardrails.integerOrNull(
        "max_concurrent_trades",
        1,
        1_000,
        limits.maxConcurrentTrades,
      ),
    },
    fill: fields.word("fill", ["next_bar", "same_bar"], "next_bar"),
    seed: fields.integer("seed", 0, SEED_MAX, 1),
    analysis: readAnalysis(fields.object("analysis"), agents[0], problems),
  };
  if (overChain && !Number.isInteger(capital)) {
    fields.complain("capital", "must be whole base units, as on the chain that these data come from");
  }
  for (const part of [fees, slippage, guardrails, fields]) part.end();
  return problems.length > 0 ? { problems } : { request, rows };
}

function readData(
  data: Fields,
  body: Fields,
  problems: FieldError[],
): { readonly data: DataRequest; readonly rows: Uint8Array<ArrayBuffer> | null } {
  if (!body.has("data")) {
    body.complain("data", "is missing; it says where the bars come from");
    return { data: { kind: "journal", catch_up: true, from: null, to: null }, rows: null };
  }
  const kind = data.word("kind", ["csv", "inline", "simulator", "journal"]);
  let read: DataRequest;
  let rows: Uint8Array<ArrayBuffer> | null = null;
  switch (kind) {
    case "csv":
      read = { kind, path: data.text("path", 1_024), token: tokenOf(data) };
      break;
    case "inline": {
      const list = data.list("rows", 2, INLINE_ROWS_MAX);
      rows = list.length === 0 ? null : readRows(list, problems);
      read = { kind, token: tokenOf(data), rows: list.length };
      break;
    }
    case "simulator":
      read = {
        kind,
        seed: data.integer("seed", 0, SEED_MAX, 1),
        scenario: data.word("scenario", SCENARIOS, "calm"),
        slots: data.integer("slots", 2, SLOTS_MAX, 5_000),
      };
      break;
    case "journal": {
      const from = data.numberOrNull("from", 0, UNIX_S_MAX);
      const to = data.numberOrNull("to", 0, UNIX_S_MAX);
      if (from !== null && to !== null && from > to) data.complain("from", "must not be after to");
      read = { kind, catch_up: data.boolean("catch_up", true), from, to };
      break;
    }
    default:
      return unreachable(kind);
  }
  data.end();
  return { data: read, rows };
}

function tokenOf(data: Fields): Token {
  const token = data.word("token", TOKENS, "COMPUTE");
  return isToken(token) ? token : "COMPUTE";
}

const NO_ROW: readonly unknown[] = [];

/** Checks inline rows and packs them: row by row time, price, volume; NaN where there is no volume. */
function readRows(list: readonly unknown[], problems: FieldError[]): Uint8Array<ArrayBuffer> | null {
  const first = list[0];
  const width = Array.isArray(first) ? first.length : 0;
  if (width !== 2 && width !== 3) {
    problems.push({
      field: "data.rows[0]",
      message: "must be [timestamp, price] or [timestamp, price, volume]",
    });
    return null;
  }
  const packed = new Float64Array(list.length * 3);
  const checker = new RowChecker(
    { ohlc: false, volume: width === 3 },
    (row, column) => `data.rows[${row}]${column === "*" ? "" : `.${column}`}`,
  );
  for (let i = 0; i < list.length; i++) {
    const row = list[i];
    const [time, price, volume] = Array.isArray(row) && row.length === width ? row : NO_ROW;
    if (
      typeof time !== "number" || typeof price !== "number" || (width === 3 && typeof volume !== "number")
    ) {
      checker.reject(i, "*", `must be a list of ${width} numbers, as the first row`);
      continue;
    }
    const units = width === 3 ? volume : NaN;
    checker.add(i, time, price, price, price, price, units);
    packed[i * 3] = time;
    packed[i * 3 + 1] = price;
    packed[i * 3 + 2] = units;
  }
  try {
    checker.finish("COMPUTE", "data.rows");
  } catch (error) {
    if (!(error instanceof DataError)) throw error;
    if (error.errors.length === 0) problems.push({ field: "data.rows", message: error.message });
    problems.push(...error.errors);
  }
  return new Uint8Array(packed.buffer);
}

/** `agents`, or one name as `strategy_mix`. */
function readAgents(body: Fields, problems: FieldError[]): readonly AgentRequest[] {
  const mix = body.raw("strategy_mix");
  if (mix !== undefined) {
    if (body.has("agents")) {
      body.raw("agents");
      body.complain("strategy_mix", "cannot be used together with agents");
      return [];
    }
    const agent = readAgent(mix, {}, "", "strategy_mix", problems);
    return agent ? [agent] : [];
  }
  const agents: AgentRequest[] = [];
  for (const [i, value] of body.list("agents", 1, AGENTS_MAX).entries()) {
    const item = new Fields(value, `agents[${i}]`, problems);
    const agent = readAgent(item.raw("name"), item.raw("params") ?? {}, `agents[${i}].`, "name", problems);
    item.end();
    if (!agent) continue;
    if (agents.some((other) => other.name === agent.name)) {
      item.complain("name", "is there twice; a run tells positions apart by the agent's name");
    }
    agents.push(agent);
  }
  return agents;
}

/** @param path Where the agent stands in the body, with a dot behind it */
function readAgent(
  name: unknown,
  params: unknown,
  path: string,
  nameField: string,
  problems: FieldError[],
): AgentRequest | null {
  const agent = typeof name === "string" ? agentOf(name) : undefined;
  if (!agent) {
    const known = AGENTS.map((shipped) => shipped.name).join(", ");
    const message = `${name === undefined ? "is missing; it " : ""}must be one of ${known}`;
    problems.push({ field: `${path}${nameField}`, message });
    return null;
  }
  if (typeof params !== "object" || params === null || Array.isArray(params)) {
    problems.push({ field: `${path}params`, message: "must be an object" });
    return null;
  }
  const resolved = resolveParameters(agent, params as Record<string, unknown>);
  for (const { field, message } of resolved.problems) {
    problems.push({ field: `${path}params.${field.slice(0, 64)}`, message });
  }
  return { name: agent.name, params: resolved.parameters };
}

function readAnalysis(
  fields: Fields,
  first: AgentRequest | undefined,
  problems: FieldError[],
): AnalysisRequest {
  const wanted = (name: string) => fields.raw(name) !== undefined && fields.raw(name) !== null;
  const analysis: Mutable<AnalysisRequest> = {
    lookahead: null,
    walk_forward: null,
    monte_carlo: null,
    grid: null,
  };
  if (wanted("lookahead")) {
    const part = fields.object("lookahead");
    analysis.lookahead = { points: part.integer("points", 1, LOOKAHEAD_POINTS_MAX, 100) };
    part.end();
  }
  if (wanted("walk_forward")) {
    const part = fields.object("walk_forward");
    analysis.walk_forward = {
      mode: part.word("mode", ["rolling", "anchored"], "rolling"),
      folds: part.integer("folds", 1, FOLDS_MAX, 5),
      train_ratio: part.number("train_ratio", 0.1, 20, 3),
    };
    part.end();
  }
  if (wanted("monte_carlo")) {
    const part = fields.object("monte_carlo");
    analysis.monte_carlo = { runs: part.integer("runs", 10, SHUFFLES_MAX, 1_000) };
    part.end();
  }
  if (wanted("grid")) analysis.grid = readGrid(fields.raw("grid"), first, problems);
  fields.end();
  return analysis;
}

/** Values to try for each parameter of the first agent; every combination has to be one that the agent takes. */
function readGrid(value: unknown, first: AgentRequest | undefined, problems: FieldError[]): Grid | null {
  const field = "analysis.grid";
  if (!first) return null;
  const isObject = typeof value === "object" && value !== null && !Array.isArray(value);
  const entries = isObject ? Object.entries(value) : [];
  if (entries.length === 0) {
    problems.push({ field, message: "must be an object with a list of values per parameter" });
    return null;
  }
  let variants = 1;
  for (const [name, values] of entries) {
    const fits = Array.isArray(values) && values.length > 0 &&
      values.every((item) => typeof item === "number");
    if (!fits) {
      problems.push({ field: `${field}.${name.slice(0, 64)}`, message: "must be a list of numbers" });
    } else variants *= values.length;
  }
  if (variants > VARIANTS_MAX) {
    problems.push({ field, message: `has ${variants} variants, at most ${VARIANTS_MAX} are tried` });
  }
  if (problems.length > 0) return null;
  const grid = value as Grid;
  const agent = agentOf(first.name)!;
  for (const [name, values] of entries as [string, number[]][]) {
    for (const tried of values) {
      // One value at a time; what must hold between parameters leaves single variants out later.
      const only = { parameters: agent.parameters };
      for (const { field: wrong, message } of resolveParameters(only, { [name]: tried }).problems) {
        problems.push({ field: `${field}.${wrong.slice(0, 64)}`, message });
      }
    }
  }
  return grid;
}

type Mutable<T> = { -readonly [K in keyof T]: T[K] };

function unreachable(kind: never): never {
  throw new TypeError(`Cannot read data of kind ${kind}`);
}
