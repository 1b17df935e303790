/** The inside of a worker: takes a job and its data, runs it, and tells how it goes. It opens no file and no store. */
import { decode, encode } from "../engine/codec.ts";
import type { EngineEvent } from "../engine/event.ts";
import { agentOf } from "../engine/trading/agents/registry.ts";
import type { ClosedTrade } from "../engine/trading/state.ts";
import { analyses, plannedBars } from "./analyses.ts";
import { CsvReader } from "./csv.ts";
import type { Effort } from "./effort.ts";
import { CONTROL, type FromWorker, type ToWorker, type WorkerJob } from "./protocol.ts";
import { ChainRecorder, type CoreMaker } from "./recorder.ts";
import { partsOf, resultOf } from "./report.ts";
import type { DataRequest } from "./request.ts";
import { RowChecker } from "./row_checker.ts";
import { rulesOf } from "./rules.ts";
import { type PreparedAgent, run, type RunState } from "./run.ts";
import { DataError, type Series } from "./series.ts";

/** Progress is told ten times a second. */
const TELL_EVERY_MS = 100;

/** Trades of one run. */
export const TRADES_MAX = 500_000;

/** Points of the curve that progress tells. */
const LIVE_POINTS_MAX = 1_000;

/** Events between two signs of life. */
const BEAT_EVENTS = 256;

/** What a worker cannot make itself: it gets them from its composition root. */
export interface WorkerParts {
  readonly post: (message: FromWorker, transfer?: readonly ArrayBuffer[]) => void;
  readonly nowMs: () => number;
  /** The events of a simulated chain. */
  readonly simulate: (data: Extract<DataRequest, { kind: "simulator" }>) => Iterable<EngineEvent>;
  readonly newCore: CoreMaker;
}

/** Thrown to leave a run that was cancelled before it had a result. */
class Cancelled extends Error {}

/** One worker. */
export class WorkerLoop {
  readonly #parts: WorkerParts;
  #job: WorkerJob | null = null;
  #source: DataSource | null = null;
  #toldMs = -Infinity;
  #control: Int32Array<ArrayBufferLike> = new Int32Array(2);

  constructor(parts: WorkerParts) {
    this.#parts = parts;
    parts.post({ kind: "ready" });
  }

  /** Takes a message; whatever goes wrong becomes an answer. */
  onMessage(message: ToWorker): void {
    try {
      this.#take(message);
    } catch (error) {
      this.#job = null;
      this.#source = null;
      const { post } = this.#parts;
      if (error instanceof DataError) post({ kind: "failed", reason: error.message, errors: error.errors });
      else if (error instanceof Cancelled) {
        post({ kind: "stopped" });
      } else {
        const reason = error instanceof Error ? `${error.name}: ${error.message}` : String(error);
        post({ kind: "failed", reason, errors: [] });
      }
    }
  }

  #take(message: ToWorker): void {
    switch (message.kind) {
      case "run": {
        this.#job = message.job;
        this.#control = new Int32Array(message.job.control);
        this.#source = this.#sourceOf(message.job);
        if (this.#source instanceof SimulatedSource) this.#execute(this.#source.finish());
        return;
      }
      case "data":
        if (!this.#source) return; // What was on its way when the job failed.
        this.#source.push(new Uint8Array(message.bytes));
        this.#beat();
        this.#tellReading();
        this.#parts.post({ kind: "ack" });
        return;
      case "data-end":
        if (this.#source) this.#execute(this.#source.finish());
        return;
      default:
        return message satisfies never;
    }
  }

  /** A sign of life. */
  #beat(): void {
    Atomics.add(this.#control, CONTROL.beat, 1);
  }

  #cancelled(): boolean {
    this.#beat();
    return Atomics.load(this.#control, CONTROL.cancel) === 1;
  }

  #sourceOf(job: WorkerJob): DataSource {
    const { data } = job.request;
    const recorder = () =>
      new ChainRecorder(
        this.#parts.newCore(job),
        data.kind === "simulator" || data.kind === "journal" && data.catch_up,
        rulesOf(job.request, job.rules).limits.staleAfterMs,
      );
    const stopIfCancelled = () => {
      if (this.#cancelled()) throw new Cancelled();
      this.#tellReading();
    };
    switch (data.kind) {
      case "csv":
        return new CsvSource(job.dataName, data);
      case "inline":
        return new InlineSource(data);
      case "simulator":
        return new SimulatedSource(recorder(), this.#parts.simulate(data), stopIfCancelled);
      case "journal":
        return new JournalSource(recorder(), data, stopIfCancelled);
      default:
        return data satisfies never;
    }
  }

  /** Whether progress is due. */
  #due(): boolean {
    const nowMs = this.#parts.nowMs();
    if (nowMs - this.#toldMs < TELL_EVERY_MS) return false;
    this.#toldMs = nowMs;
    return true;
  }

  #tellReading(): void {
    if (!this.#source || !this.#due()) return;
    const { bars } = this.#source;
    const equity = new Float64Array(0);
    const none = { trades: 0, wins: 0, drawdown: null, pnl: null, sharpe: null, equity };
    this.#parts.post({ kind: "progress", report: { progress: 0, phase: "reading", bars, ...none } });
  }

  #execute(series: Series): void {
    const job = this.#job!;
    const { request } = job;
    const { post } = this.#parts;
    const rules = rulesOf(request, job.rules);
    const agents = request.agents.map(({ name, params }): PreparedAgent => {
      const agent = agentOf(name);
      if (!agent) throw new RangeError(`there is no agent "${name}" any more`);
      return { agent, parameters: params };
    });
    const trades: ClosedTrade[] = [];
    const planned = plannedBars(request, series.length);
    let points = 0;
    const sharpe = new RunningSharpe(series);
    const tell = (state: RunState, phase: string, bars: number, isFirst: boolean) => {
      if (!this.#due()) return;
      const curve = isFirst ? curvePart(series, state, points) : [];
      points += curve.length / 2;
      const { account } = state;
      post({
        kind: "progress",
        report: {
          progress: Math.min(0.999, bars / planned),
          phase,
          bars,
          trades: account.closedTrades,
          wins: state.wins,
          drawdown: account.maxDrawdownRatio,
          pnl: account.equity - request.capital,
          sharpe: sharpe.until(state),
          equity: Float64Array.from(curve),
        },
      });
    };
    const state = run({
      series,
      agents,
      rules,
      capital: request.capital,
      hooks: {
        onTrade: (trade) => {
          if (trades.length >= TRADES_MAX) throw new RangeError(`more than ${TRADES_MAX} trades`);
          trades.push(trade);
        },
        onBeat: (running) => {
          tell(running, "running", running.bar, true);
          return this.#cancelled();
        },
      },
    });
    const input = { series, state, trades, rules, capital: request.capital };
    const result = resultOf(input);
    this.#beat();
    let cancelled = state.end === "cancelled";
    if (!cancelled) {
      const effort: Effort = {
        spent: state.bar,
        onBeat: (phase, bars) => {
          tell(state, phase, bars, false);
          return this.#cancelled();
        },
      };
      result.analysis = analyses({ request, series, agents, rules, trades, state }, effort);
      cancelled = this.#cancelled();
    }
    for (const part of partsOf(input)) {
      post({ kind: "part", part });
      this.#beat();
    }
    post({
      kind: "end",
      status: cancelled ? "cancelled" : state.end === "halted" ? "limit" : "done",
      reason: cancelled
        ? "cancelled; the figures are those up to then"
        : state.end === "halted"
        ? `the drawdown guardrail ended it: ${state.account.halt?.reason}`
        : null,
      result: encode(result),
    });
    this.#job = null;
    this.#source = null;
  }
}

/** Where a job's bars come from. */
interface DataSource {
  /** Bars so far. */
  readonly bars: number;
  push(bytes: Uint8Array): void;
  finish(): Series;
}

class CsvSource implements DataSource {
  readonly #reader: CsvReader;
  readonly #data: Extract<DataRequest, { kind: "csv" }>;

  constructor(name: string, data: Extract<DataRequest, { kind: "csv" }>) {
    this.#reader = new CsvReader(name);
    this.#data = data;
  }

  get bars(): number {
    return this.#reader.rows;
  }

  push(bytes: Uint8Array): void {
    this.#reader.push(bytes);
  }

  finish(): Series {
    return this.#reader.finish(this.#data.token);
  }
}

/** Rows that were checked when they came: time, price, volume or NaN. */
class InlineSource implements DataSource {
  readonly #data: Extract<DataRequest, { kind: "inline" }>;
  #rows: RowChecker | null = null;
  #count = 0;

  constructor(data: Extract<DataRequest, { kind: "inline" }>) {
    this.#data = data;
  }

  get bars(): number {
    return this.#count;
  }

  push(bytes: Uint8Array): void {
    const values = new Float64Array(bytes.buffer, bytes.byteOffset, bytes.byteLength / 8);
    this.#rows ??= new RowChecker(
      { ohlc: false, volume: !Number.isNaN(values[2]!) },
      (row, column) => `data.rows[${row}].${column}`,
    );
    for (let i = 0; i + 2 < values.length; i += 3) {
      const price = values[i + 1]!;
      this.#rows.add(this.#count++, values[i]!, price, price, price, price, values[i + 2]!);
    }
  }

  finish(): Series {
    if (!this.#rows) throw new DataError("data.rows: there are none", []);
    return this.#rows.finish(this.#data.token, "data.rows");
  }
}

class SimulatedSource implements DataSource {
  readonly #recorder: ChainRecorder;
  readonly #events: Iterable<EngineEvent>;
  readonly #beat: () => void;

  constructor(recorder: ChainRecorder, events: Iterable<EngineEvent>, beat: () => void) {
    this.#recorder = recorder;
    this.#events = events;
    this.#beat = beat;
  }

  get bars(): number {
    return this.#recorder.length;
  }

  push(): void {}

  finish(): Series {
    let count = 0;
    for (const event of this.#events) {
      this.#recorder.apply(event);
      if (++count % BEAT_EVENTS === 0) this.#beat();
    }
    return this.#recorder.finish("simulator", null, null);
  }
}

/** Encoded events, one a line; a piece ends with a whole line. */
class JournalSource implements DataSource {
  readonly #recorder: ChainRecorder;
  readonly #data: Extract<DataRequest, { kind: "journal" }>;
  readonly #beat: () => void;
  readonly #decoder = new TextDecoder();

  constructor(recorder: ChainRecorder, data: Extract<DataRequest, { kind: "journal" }>, beat: () => void) {
    this.#recorder = recorder;
    this.#data = data;
    this.#beat = beat;
  }

  get bars(): number {
    return this.#recorder.length;
  }

  push(bytes: Uint8Array): void {
    let count = 0;
    for (const line of this.#decoder.decode(bytes).split("\n")) {
      if (line === "") continue;
      this.#recorder.apply(decode(line) as EngineEvent);
      if (++count % BEAT_EVENTS === 0) this.#beat();
    }
  }

  finish(): Series {
    return this.#recorder.finish("journal", this.#data.from, this.#data.to);
  }
}

/** New points of the thinned-out curve, from point `from` on, flat. */
function curvePart(series: Series, state: RunState, from: number): number[] {
  const step = Math.max(1, Math.ceil(series.length / LIVE_POINTS_MAX));
  const flat: number[] = [];
  for (let point = from; point * step < state.bar; point++) {
    const bar = point * step;
    flat.push(series.timesMs[bar]! / 1000, state.equity[bar + 1]!);
  }
  return flat;
}

/** Sharpe of the days so far, for progress: mean over deviation of daily returns, √365. */
class RunningSharpe {
  readonly #series: Series;
  #bar = 0;
  #day = NaN;
  #close = 0;
  #before = NaN;
  #n = 0;
  #mean = 0;
  #m2 = 0;

  constructor(series: Series) {
    this.#series = series;
  }

  until({ bar, equity }: RunState): number | null {
    for (; this.#bar < bar; this.#bar++) {
      const day = Math.floor(this.#series.timesMs[this.#bar]! / 86_400_000);
      if (day !== this.#day) this.#closeDay();
      this.#day = day;
      this.#close = equity[this.#bar + 1]!;
    }
    const deviation = Math.sqrt(this.#m2 / (this.#n - 1));
    return this.#n > 1 && deviation > 0 ? this.#mean / deviation * Math.sqrt(365) : null;
  }

  #closeDay(): void {
    if (!Number.isNaN(this.#before) && this.#before > 0) {
      const value = this.#close / this.#before - 1;
      const delta = value - this.#mean;
      this.#mean += delta / ++this.#n;
      this.#m2 += delta * (value - this.#mean);
    }
    if (!Number.isNaN(this.#day)) this.#before = this.#close;
  }
}
