import type { Clock } from "../runtime/ports/clock.ts";
import type { SimulatedChain } from "./chain.ts";

/** Blocks that one wake-up mines at most before others get a turn. */
const BLOCKS_PER_TURN_MAX = 1_000;
/** Shortest sleep; at high speeds several blocks fall due in one. */
const SLEEP_MS_MIN = 5;

/**
 * Moves the tip as time passes. Which block is due follows from the time since the start, never from adding up
 * sleeps, so late wake-ups do not slow the chain down.
 */
export class Miner {
  readonly #chain: SimulatedChain;
  readonly #clock: Clock;
  readonly #speed: number;
  readonly #onBlock: (tip: number) => void;
  readonly #stopping = new AbortController();
  #tip: number;
  /** Chain time at `#anchorMs` of the clock. */
  #anchorChainMs = 0;
  #anchorMs = 0;
  #running: Promise<void> | undefined;

  /**
   * @param tip Height of the newest block, −1 for none
   * @param speed Chain milliseconds per clock millisecond
   * @param onBlock Called after each new block
   */
  constructor(
    chain: SimulatedChain,
    clock: Clock,
    tip: number,
    speed: number,
    onBlock: (tip: number) => void,
  ) {
    this.#chain = chain;
    this.#clock = clock;
    this.#tip = tip;
    this.#speed = speed;
    this.#onBlock = onBlock;
  }

  /** Height of the newest block, −1 for none. */
  get tip(): number {
    return this.#tip;
  }

  /** Begins to mine by the clock. */
  start(): void {
    this.#anchor();
    this.#running ??= this.#run();
  }

  /** Mines blocks at once; mining by the clock goes on from there. */
  mine(count: number): void {
    for (let mined = 0; mined < count; mined++) this.#advance();
    this.#anchor();
  }

  async stop(): Promise<void> {
    this.#stopping.abort();
    await this.#running;
  }

  async #run(): Promise<void> {
    const { signal } = this.#stopping;
    while (!signal.aborted) {
      const nextMs = this.#mineDue();
      await this.#clock.sleep(Math.max(SLEEP_MS_MIN, nextMs), signal);
    }
  }

  /** Mines what is due and says in how many clock milliseconds the next block will be. */
  #mineDue(): number {
    for (let mined = 0; mined < BLOCKS_PER_TURN_MAX; mined++) {
      const chainMs = this.#anchorChainMs + (this.#clock.monotonicMs() - this.#anchorMs) * this.#speed;
      const waitMs = (this.#chain.stateAt(this.#tip + 1).timestampMs - chainMs) / this.#speed;
      if (waitMs > 0) return waitMs;
      this.#advance();
    }
    return 0;
  }

  #advance(): void {
    this.#tip += 1;
    this.#onBlock(this.#tip);
  }

  #anchor(): void {
    this.#anchorMs = this.#clock.monotonicMs();
    this.#anchorChainMs = this.#chain.stateAt(Math.max(0, this.#tip)).timestampMs;
  }
}
