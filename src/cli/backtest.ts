/** `backtest`: runs agents over prices from a file or over a simulated chain, and prints what came of it. */
import { runLocally } from "../backtest/local_run.ts";
import { type BacktestRequest, readRequest } from "../backtest/request.ts";
import { AGENTS } from "../engine/trading/agents/registry.ts";
import { TOKENS } from "../engine/trading/instrument.ts";
import { systemClock } from "../runtime/clock.ts";
import { type Arguments, type Flag, UsageError } from "./args.ts";
import { summaryTable } from "./backtest_summary.ts";
import { ProgressBar } from "./progress_bar.ts";
import { untilSignal } from "./signals.ts";
import { EXIT, print, type Verb } from "./verb.ts";

/** Entry of the worker. */
const WORKER = new URL("../backtest_worker.ts", import.meta.url);

/** Exit code of a run that a guardrail or the operator ended. */
const ENDED_EARLY = 4;

const NAMES = AGENTS.map(({ name }) => name).join(", ");

const FLAGS: readonly Flag[] = [
  {
    name: "data",
    value: "FILE",
    meaning: "CSV: timestamp,price[,volume] or timestamp,open,high,low,close[,volume]",
  },
  { name: "simulator", value: "SCENARIO", meaning: "a simulated chain instead of a file" },
  { name: "slots", value: "N", meaning: "blocks of the simulated chain (default 5000)" },
  { name: "token", value: "T", meaning: `instrument of the file: ${TOKENS.join(", ")} (default COMPUTE)` },
  { name: "agent", value: "NAME", meaning: `${NAMES}; several by comma` },
  { name: "param", value: "K=V,…", meaning: "parameters of the first agent" },
  { name: "capital", value: "X", meaning: "base units to begin with (default 1000)" },
  { name: "fee", value: "R", meaning: "fee as a ratio of a fill (default 0.001)" },
  { name: "slippage", value: "R", meaning: "slippage as a ratio of the price (default 0.0005)" },
  { name: "max-drawdown", value: "R", meaning: "drawdown at which trading halts" },
  { name: "max-position", value: "X", meaning: "largest value of a position, base units" },
  { name: "max-concurrent", value: "N", meaning: "most positions at once" },
  { name: "fill", value: "F", meaning: "next_bar (default) or same_bar" },
  { name: "seed", value: "N", meaning: "seed of the simulator and of the analyses (default 1)" },
  { name: "lookahead", meaning: "check that the agents do not know the future" },
  { name: "walk-forward", value: "MODE", meaning: "rolling or anchored, 5 folds" },
  { name: "monte-carlo", value: "N", meaning: "shuffle the trades N times" },
  { name: "grid", value: "K=A:B:C,…", meaning: "try these values of the first agent's parameters" },
  { name: "json", meaning: "print the whole result as JSON" },
];

/** `backtest`. */
export const backtest: Verb = {
  name: "backtest",
  summary: "run agents over prices from a file or over a simulated chain",
  flags: FLAGS,
  run: async (args) => {
    const { request, file } = requestOf(args);
    const bar = new ProgressBar(complain, Deno.stderr.isTerminal());
    const beganMs = systemClock.monotonicMs();
    let last = { progress: 0, phase: "reading", bars: 0, elapsedMs: 0 };
    const stop = new AbortController();
    const signal = untilSignal();
    signal.received.then(() => stop.abort());
    try {
      const end = await runLocally({
        request,
        file,
        clock: systemClock,
        workerUrl: WORKER,
        signal: stop.signal,
        onProgress: ({ progress, phase, bars }) => {
          last = { progress, phase, bars, elapsedMs: systemClock.monotonicMs() - beganMs };
          bar.show(last);
        },
      });
      const elapsedMs = systemClock.monotonicMs() - beganMs;
      if (end.status === "failed") {
        bar.end({ ...last, phase: "failed", elapsedMs });
        complain(`${end.reason}\n`);
        for (const { field, message } of end.errors) complain(`  ${field}: ${message}\n`);
        return EXIT.failed;
      }
      const bars = Math.max(last.bars, Number(end.result?.bars ?? 0));
      const progress = end.status === "done" ? 1 : last.progress;
      bar.end({ progress, phase: end.status, bars, elapsedMs });
      if (end.reason !== null) complain(`${end.status}: ${end.reason}\n`);
      if (end.result) {
        print(
          args.switches.has("json")
            ? JSON.stringify({ status: end.status, reason: end.reason, request, ...end.result }, null, 2)
            : summaryTable(request, end.status, end.result),
        );
      }
      return end.status === "done" ? EXIT.ok : ENDED_EARLY;
    } finally {
      signal.ignore();
    }
  },
};

/** The same request as over HTTP, read by the same rules. */
function requestOf(args: Arguments): { readonly request: BacktestRequest; readonly file: string | null } {
  const { flags } = args;
  const file = flags.data ?? null;
  if ((file === null) === (flags.simulator === undefined)) {
    throw new UsageError("give either --data FILE or --simulator SCENARIO");
  }
  if (flags.agent === undefined) throw new UsageError(`--agent is missing; there are ${NAMES}`);
  const agents = flags.agent.split(",").map((name, i) => ({
    name: name.trim(),
    params: i === 0 ? pairsOf("param", flags.param, numberOf) : {},
  }));
  const seed = optional("seed", flags.seed);
  const analysis = {
    ...(args.switches.has("lookahead") ? { lookahead: {} } : {}),
    ...(flags["walk-forward"] === undefined ? {} : { walk_forward: { mode: flags["walk-forward"] } }),
    ...(flags["monte-carlo"] === undefined
      ? {}
      : { monte_carlo: { runs: numberOf("monte-carlo", flags["monte-carlo"]) } }),
    ...(flags.grid === undefined ? {} : {
      grid: pairsOf("grid", flags.grid, (name, text) => text.split(":").map((one) => numberOf(name, one))),
    }),
  };
  const read = readRequest({
    data: file !== null
      ? { kind: "csv", path: file, ...(flags.token === undefined ? {} : { token: flags.token }) }
      : { kind: "simulator", scenario: flags.simulator, ...seed, ...optional("slots", flags.slots) },
    agents,
    capital: flags.capital === undefined ? 1_000 : numberOf("capital", flags.capital),
    fees: optional("rate", flags.fee, "fee"),
    slippage: optional("rate", flags.slippage, "slippage"),
    guardrails: {
      ...optional("max_drawdown", flags["max-drawdown"], "max-drawdown"),
      ...optional("max_position", flags["max-position"], "max-position"),
      ...optional("max_concurrent_trades", flags["max-concurrent"], "max-concurrent"),
    },
    ...(flags.fill === undefined ? {} : { fill: flags.fill }),
    ...seed,
    analysis,
  });
  if ("problems" in read) {
    throw new UsageError(read.problems.map(({ field, message }) => `${field} ${message}`).join("\n"));
  }
  return { request: read.request, file };
}

function optional(
  name: string,
  text: string | undefined,
  flag = name,
): Readonly<Record<string, number>> {
  return text === undefined ? {} : { [name]: numberOf(flag, text) };
}

function numberOf(flag: string, text: string): number {
  const value = Number(text);
  if (text.trim() === "" || !Number.isFinite(value)) {
    throw new UsageError(`--${flag} must be a number, found "${text}"`);
  }
  return value;
}

/** `a=1,b=2` */
function pairsOf<T>(
  flag: string,
  text: string | undefined,
  read: (name: string, text: string) => T,
): Readonly<Record<string, T>> {
  if (text === undefined) return {};
  return Object.fromEntries(
    text.split(",").map((pair) => {
      const [name, value, ...more] = pair.split("=");
      if (!name || value === undefined || more.length > 0) {
        throw new UsageError(`--${flag} must be a list of name=value, found "${pair}"`);
      }
      return [name.trim(), read(name.trim(), value)];
    }),
  );
}

/** Progress and complaints go to standard error: standard output holds the result alone. */
function complain(text: string): void {
  const bytes = new TextEncoder().encode(text);
  for (let written = 0; written < bytes.length;) written += Deno.stderr.writeSync(bytes.subarray(written));
}
