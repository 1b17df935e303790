/**
 * Turns the events of a chain, recorded or simulated, into bars: they go through the core that the program itself
 * runs on, and after each block its state gives one bar per instrument.
 */
import type { Core } from "../engine/core.ts";
import { blockAt } from "../engine/chain.ts";
import type { EngineEvent } from "../engine/event.ts";
import { TOKENS } from "../engine/trading/instrument.ts";
import { learnedPosterior, marketTick } from "../engine/trading/market_tick.ts";
import type { WorkerJob } from "./protocol.ts";
import { type Bars, BARS_MAX, Column, DataError, GATES, reportOn, type Series } from "./series.ts";

/** Makes the core of a job, with the state that it begins from. */
export type CoreMaker = (job: WorkerJob) => Core;

/** Records bars. */
export class ChainRecorder {
  readonly #core: Core;
  readonly #catchUp: boolean;
  readonly #staleAfterMs: number;
  readonly #times = new Column();
  readonly #heights = new Column();
  readonly #posterior = [new Column(), new Column(), new Column(), new Column()];
  readonly #prices = TOKENS.map(() => new Column());
  readonly #volumes = TOKENS.map(() => new Column());
  readonly #gates = TOKENS.map(() => new Column());
  readonly #stale = TOKENS.map(() => new Column());

  /**
   * @param catchUp Whether blocks become bars that were only caught up with
   * @param staleAfterMs Age from which on a price is stale
   */
  constructor(core: Core, catchUp: boolean, staleAfterMs: number) {
    this.#core = core;
    this.#staleAfterMs = staleAfterMs;
    this.#catchUp = catchUp;
  }

  /** Bars so far. */
  get length(): number {
    return this.#times.length;
  }

  apply(event: EngineEvent): void {
    this.#core.apply(event);
    this.#core.takeChanges();
    if (event.kind !== "slot") return;
    const { state } = this.#core;
    const block = blockAt(state.chain, event.height);
    if (!block || (block.catchUp && event.newest !== true && !this.#catchUp)) return;
    const tick = marketTick(state, event.height, this.#staleAfterMs);
    if (this.#times.length >= BARS_MAX) throw new DataError(`more than ${BARS_MAX} blocks`, []);
    // A reorganisation can turn the chain's time back; the desk's never falls.
    this.#times.push(Math.max(tick.timeMs, this.#times.length === 0 ? 0 : this.#times.last));
    this.#heights.push(tick.height);
    const posterior = learnedPosterior(state, state.features.height);
    const values = posterior ? [posterior.trend, posterior.revert, posterior.chop, posterior.rug] : NOTHING;
    for (let i = 0; i < 4; i++) this.#posterior[i]!.push(values[i]!);
    for (let i = 0; i < TOKENS.length; i++) {
      const quote = tick.quotes[TOKENS[i]!];
      this.#prices[i]!.push(quote?.price ?? NaN);
      this.#volumes[i]!.push(quote?.volume ?? NaN);
      this.#gates[i]!.push(quote ? GATES.indexOf(quote.gate) : GATES.indexOf("unknown"));
      this.#stale[i]!.push(quote && !quote.stale ? 0 : 1);
    }
  }

  /**
   * The bars within a time; what came before has only brought the state there.
   *
   * @param fromS Unix seconds of event time, included; null = the first
   * @param toS Included; null = the last
   * @throws {DataError} If fewer than two bars lie within
   */
  finish(name: string, fromS: number | null, toS: number | null): Series {
    const times = this.#times.values();
    let first = 0;
    let end = times.length;
    while (fromS !== null && first < end && times[first]! < fromS * 1000) first++;
    while (toS !== null && end > first && times[end - 1]! > toS * 1000 + 999) end--;
    const length = end - first;
    if (length < 2) {
      throw new DataError(`${name}: ${length} blocks lie in that time; a run needs at least 2`, []);
    }
    const cut = (column: Column) => column.values().slice(first, end);
    const bytes = (column: Column) => Uint8Array.from(cut(column));
    const instruments = TOKENS.map((token, i): Bars => {
      const close = cut(this.#prices[i]!);
      const volume = cut(this.#volumes[i]!);
      const gate = bytes(this.#gates[i]!);
      return {
        token,
        open: close,
        high: close,
        low: close,
        close,
        volume,
        gate,
        stale: bytes(this.#stale[i]!),
      };
    });
    const posterior = new Float64Array(length * 4);
    for (let i = 0; i < 4; i++) posterior.set(cut(this.#posterior[i]!), i * length);
    const timesMs = cut(this.#times);
    return {
      length,
      timesMs,
      heights: cut(this.#heights),
      instruments,
      posterior,
      report: reportOn(timesMs, 0),
    };
  }
}

const NOTHING: readonly number[] = [NaN, NaN, NaN, NaN];
