/**
 * Measures backtests: an EMA cross against grademark over the same bars, with the same trades, in interleaved rounds;
 * bars a second at 20 k and at 2 M bars; and a job of 100 k bars from POST to its last frame in a running program.
 * Writes its section of docs/BENCHMARKS.md.
 *
 *     deno run -A --lock=scripts/bench/backtest.lock scripts/bench/backtest.ts [--rounds N] [--write]
 */
import { parseArgs } from "node:util";
import { cpus } from "node:os";
import process from "node:process";
import { resultOf } from "../../src/backtest/report.ts";
import { rulesOf } from "../../src/backtest/rules.ts";
import { type PreparedAgent, run } from "../../src/backtest/run.ts";
import { reportOn, type Series } from "../../src/backtest/series.ts";
import { type Agent, buyIntent, NOTHING, sellIntent } from "../../src/engine/trading/agents/agent.ts";
import type { AnyAgent } from "../../src/engine/trading/agents/registry.ts";
import type { ClosedTrade } from "../../src/engine/trading/state.ts";
import { Random } from "../../src/engine/random.ts";
import { median, quantile } from "../../src/engine/statistics.ts";
import { agentWith, requestOver } from "../../tests/support/backtests.ts";
import type { Jobs } from "./backtest_jobs.ts";
import { writeSection } from "./section.ts";

/** Not literals in imports: nothing but this benchmark should ever ask for them. grademark does not declare chai. */
const PEER = "npm:grademark@0.3.0";
const FRAMES = "npm:data-forge@1.10.5";
const PEER_NEEDS = "npm:chai@4.5.0";

const FAST = 12;
const SLOW = 26;
const BARS = 100_000;

const T0 = 1_767_225_600_000;

/** One bar as the peer wants it. */
interface PeerBar {
  readonly time: number;
  readonly open: number;
  readonly high: number;
  readonly low: number;
  readonly close: number;
  readonly volume: number;
  readonly fast?: number;
  readonly slow?: number;
}

interface PeerTrade {
  readonly entryTime: number;
  readonly exitTime: number;
  readonly entryPrice: number;
  readonly exitPrice: number;
  readonly exitReason: string;
}

interface Frame {
  select(map: (bar: PeerBar) => PeerBar): Frame;
  bake(): Frame;
}

interface Peer {
  backtest(strategy: unknown, bars: unknown): readonly PeerTrade[];
  analyze(capital: number, trades: readonly PeerTrade[]): unknown;
}

const { values } = parseArgs({
  args: Deno.args,
  options: { rounds: { type: "string", default: "5" }, write: { type: "boolean", default: false } },
});

await import(PEER_NEEDS);
const { default: peer } = await import(PEER) as { default: Peer };
const { DataFrame } = await import(FRAMES) as { DataFrame: new (bars: readonly PeerBar[]) => Frame };

const request = requestOver([1, 2], {
  capital: 1e9,
  fill: "next_bar",
  guardrails: { max_drawdown: 0.99, max_position: 1e6, max_concurrent_trades: 3 },
});
const rules = rulesOf(request);

/** Bars of a random walk whose opens are the closes before. */
function barsOf(length: number): Series {
  const random = new Random("backtest-bench");
  const column = () => new Float64Array(length);
  const [timesMs, open, high, low, close] = [column(), column(), column(), column(), column()];
  let price = 100;
  for (let i = 0; i < length; i++) {
    timesMs[i] = T0 + 60_000 * i;
    open[i] = price;
    price *= Math.exp(0.001 * random.normal());
    close[i] = price;
    high[i] = Math.max(open[i]!, price);
    low[i] = Math.min(open[i]!, price);
  }
  const bars = { token: "COMPUTE" as const, open, high, low, close, volume: null, gate: null, stale: null };
  return {
    length,
    timesMs,
    heights: null,
    instruments: [bars],
    posterior: null,
    report: reportOn(timesMs, 0),
  };
}

interface LevelMemory {
  seen: number;
  fast: number;
  slow: number;
  held: number;
}

/**
 * The peer's rule: in while the fast mean is above the slow one. As the peer, it is not asked on the bar of a fill; the
 * shipped agent is, and may leave a bar earlier.
 */
const level: Agent<LevelMemory> = {
  name: "level",
  title: "EMA level",
  hypothesis: "",
  parameters: [],
  warmup: () => SLOW,
  memory: () => ({ seen: 0, fast: 0, slow: 0, held: 0 }),
  decide(view, _parameters, memory) {
    const shown = view.instruments[0]!;
    const { price, qty } = shown;
    memory.fast = memory.seen === 0 ? price : memory.fast + 2 / (FAST + 1) * (price - memory.fast);
    memory.slow = memory.seen === 0 ? price : memory.slow + 2 / (SLOW + 1) * (price - memory.slow);
    const filled = qty !== memory.held;
    memory.held = qty;
    if (memory.seen++ < SLOW || filled || shown.working) return NOTHING;
    if (qty === 0 && memory.fast > memory.slow) return [buyIntent(shown.token, 1)];
    return qty > 0 && memory.fast < memory.slow ? [sellIntent(shown.token, qty)] : NOTHING;
  },
};

/** A run with everything that a job computes: fees, slippage, guardrails, metrics, hash. */
function ours(series: Series, agent: PreparedAgent): readonly ClosedTrade[] {
  const trades: ClosedTrade[] = [];
  const { capital } = request;
  const hooks = { onTrade: (trade: ClosedTrade) => trades.push(trade) };
  const state = run({ series, agents: [agent], rules, capital, hooks });
  resultOf({ series, state, trades, rules, capital });
  return trades;
}

/** The peer: indicators as its documentation makes them, or written into the bars before it is asked. */
function theirs(bars: readonly PeerBar[], prepared: boolean): readonly PeerTrade[] {
  let fast = 0;
  let slow = 0;
  const withMeans = (bar: PeerBar): PeerBar => {
    fast = bar.time === 0 ? bar.close : fast + 2 / (FAST + 1) * (bar.close - fast);
    slow = bar.time === 0 ? bar.close : slow + 2 / (SLOW + 1) * (bar.close - slow);
    return { ...bar, fast, slow };
  };
  const trades = peer.backtest({
    ...(prepared ? {} : {
      prepIndicators: ({ inputSeries }: { inputSeries: Frame }) => inputSeries.select(withMeans).bake(),
    }),
    fees: () => 0.1,
    entryRule: (enter: () => void, { bar }: { bar: Required<PeerBar> }) => {
      if (bar.time >= SLOW && bar.fast > bar.slow) enter();
    },
    exitRule: (exit: () => void, { bar }: { bar: Required<PeerBar> }) => {
      if (bar.fast < bar.slow) exit();
    },
  }, new DataFrame(prepared ? bars.map(withMeans) : bars));
  peer.analyze(request.capital, trades);
  return trades;
}

/** Wall and processor time of something, bars a second. */
function rate(bars: number, action: () => void): { wall: number; cpu: number } {
  const before = process.cpuUsage();
  const began = performance.now();
  action();
  const wallMs = performance.now() - began;
  const { user, system } = process.cpuUsage(before);
  return { wall: bars / wallMs * 1_000, cpu: bars / (user + system) * 1e6 };
}

/** The trades must be the same: times exactly, prices but for the slippage, to the last digits. */
function compare(own: readonly ClosedTrade[], other: readonly PeerTrade[]): number {
  const closed = other.filter(({ exitReason }) => exitReason !== "finalize");
  if (own.length !== closed.length) {
    throw new Error(`${own.length} trades against the peer's ${closed.length}`);
  }
  const near = (a: number, b: number) => Math.abs(a - b) <= 1e-12 * Math.abs(b);
  for (const [i, trade] of own.entries()) {
    const peers = closed[i]!;
    const same = (trade.openedMs - T0) / 60_000 === peers.entryTime &&
      (trade.closedMs - T0) / 60_000 === peers.exitTime &&
      near(trade.entryPrice / 1.0005, peers.entryPrice) && near(trade.exitPrice / 0.9995, peers.exitPrice);
    if (!same) throw new Error(`trade ${i} differs: ${JSON.stringify([trade, peers])}`);
  }
  return own.length;
}

const series = barsOf(BARS);
const peerBars: PeerBar[] = Array.from({ length: BARS }, (_, i) => {
  const { open, high, low, close } = series.instruments[0]!;
  return { time: i, open: open[i]!, high: high[i]!, low: low[i]!, close: close[i]!, volume: 1 };
});
const small = barsOf(20_000);
const large = barsOf(2_000_000);
const levelAgent: PreparedAgent = { agent: level as Agent<never> as AnyAgent, parameters: {} };
const shipped = agentWith("ema_cross", { fast: FAST, slow: SLOW, qty: 1 });
const trades = compare(ours(series, levelAgent), theirs(peerBars, false));
compare(ours(series, levelAgent), theirs(peerBars, true));

const rounds: Record<string, { wall: number; cpu: number }>[] = [];
for (let i = -1; i < Number(values.rounds); i++) {
  const round = {
    peer: rate(BARS, () => theirs(peerBars, false)),
    prepared: rate(BARS, () => theirs(peerBars, true)),
    ours: rate(10 * BARS, () => {
      for (let k = 0; k < 10; k++) ours(series, levelAgent);
    }),
    shipped: rate(10 * BARS, () => {
      for (let k = 0; k < 10; k++) ours(series, shipped);
    }),
    small: rate(100 * small.length, () => {
      for (let k = 0; k < 100; k++) ours(small, shipped);
    }),
    large: rate(large.length, () => ours(large, shipped)),
  };
  if (i >= 0) rounds.push(round); // The first round only warms up.
}

/** The jobs are watched in a process of their own: this one's garbage would be counted as lateness. */
async function jobs(kind: string): Promise<Jobs> {
  const script = new URL("./backtest_jobs.ts", import.meta.url).href;
  const { stdout, success, stderr } = await new Deno.Command(Deno.execPath(), {
    args: ["run", "-A", script, kind],
  }).output();
  if (!success) throw new Error(new TextDecoder().decode(stderr));
  return JSON.parse(new TextDecoder().decode(stdout)) as Jobs;
}

function jobLine(kind: string, { idleLagMs, ms, lagMs, ranMs, rssBytes }: Jobs): string {
  return `- A job of ${BARS} bars (${kind}) in a program beside a simulated chain, from POST to its last frame: median ${
    Math.round(median(ms)!)
  } ms (${ms.map((one) => Math.round(one)).join(", ")}); timers of the program were late by ${
    quantile(lagMs, 0.5)!.toFixed(1)
  } ms in the median, ${quantile(lagMs, 0.99)!.toFixed(1)} ms at the 99th percentile, ${
    Math.max(...lagMs).toFixed(0)
  } ms at most (${lagMs.length} samples, client and server in one process; ${
    quantile(idleLagMs, 0.99)!.toFixed(1)
  } ms before any job). Between two timers its thread computed for at most ${
    quantile(ranMs, 0.99)!.toFixed(1)
  } ms in 99 % of the cases; the rest of the lateness is other programs. Resident memory after each job: ${
    rssBytes.map((bytes) => Math.round(bytes / 1e6)).join(", ")
  } MB.`;
}

const jobLines = [jobLine("CSV", await jobs("csv")), jobLine("inline", await jobs("inline"))];

type Kind = "peer" | "prepared" | "ours" | "shipped" | "small" | "large";
const of = (name: Kind, kind: "wall" | "cpu") => median(rounds.map((round) => round[name]![kind]))!;
const million = (value: number) => (value / 1e6).toFixed(2);
const row = (what: string, name: Kind) => {
  const all = rounds.map((round) => round[name]!.cpu);
  return `| ${what} | ${million(of(name, "cpu"))} (${million(Math.min(...all))}–${
    million(Math.max(...all))
  }) | ${million(of(name, "wall"))} |`;
};
const ratiosTo = (name: Kind) => rounds.map((round) => round.ours!.cpu / round[name]!.cpu);
const ratios = ratiosTo("peer");
const text = [
  `${cpus()[0]!.model}, ${cpus().length} threads; Deno ${Deno.version.deno}, V8 ${Deno.version.v8}; ${
    PEER.slice(4)
  } on the same runtime; ${values.rounds} interleaved rounds.`,
  "",
  "| million bars a second, median (least–most) | of processor time | of wall time |",
  "|---|---|---|",
  row(`\`grademark\`, EMA cross, ${BARS} bars: \`prepIndicators\`, \`backtest\`, \`analyze\``, "peer"),
  row("the same with both means written into the bars beforehand", "prepared"),
  row("ours, the same rule and trades, with fees, slippage, guardrails, metrics and hash", "ours"),
  row("ours, the shipped `ema_cross`", "shipped"),
  row("the same at 20,000 bars", "small"),
  row("the same at 2,000,000 bars", "large"),
  "",
  `- The lists of ${trades} trades agree: times exactly, prices without the slippage to 1e-12.`,
  `- ${median(ratios)!.toFixed(1)} × as many bars per second of processor time as \`grademark\` (${
    Math.min(...ratios).toFixed(1)
  }–${Math.max(...ratios).toFixed(1)} over the rounds), ${
    median(ratiosTo("prepared"))!.toFixed(1)
  } × without its indicators.`,
  `- 2 M bars run at ${(of("large", "cpu") / of("small", "cpu")).toFixed(2)} of the rate at 20 k.`,
  ...jobLines,
].join("\n");
// deno-lint-ignore no-console
console.log(text);
if (values.write) await writeSection("backtest", text);
