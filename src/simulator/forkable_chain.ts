import { type ChainOptions, SimulatedChain } from "./chain.ts";
import { ChainView } from "./chain_view.ts";
import type { Fork } from "./reorg.ts";

interface PlannedFork extends Fork {
  /** Replaced before the chain grew past it. */
  resolved: boolean;
}

/**
 * A chain that also forks on demand. Like a fork of a scenario, one that is planned makes the next `depth` blocks
 * orphans, which are replaced by canonical blocks when the tip goes beyond them. What is canonical in the end never
 * changes, so `simulator.truth` stays the truth. Do not plan forks where the scenario has its own.
 */
export class ForkableChain extends SimulatedChain {
  readonly #forks: PlannedFork[] = [];
  #view: ChainView | undefined;

  constructor(options: ChainOptions) {
    super(options);
  }

  /**
   * Makes the blocks height + 1 … height + depth orphans.
   *
   * @throws {RangeError} If the depth is not a positive integer or another planned fork is in the way
   */
  planFork(height: number, depth: number): void {
    if (!Number.isInteger(depth) || depth < 1) {
      throw new RangeError(`Cannot plan a fork of depth ${depth}: expected an integer ≥ 1`);
    }
    const last = this.#forks.at(-1);
    if (last !== undefined && height <= last.height + last.depth) {
      throw new RangeError(
        `Cannot fork at ${height}: a fork at ${last.height} reaches ${last.depth} further`,
      );
    }
    this.#forks.push({ height, depth, resolved: false });
    this.#view = undefined;
  }

  /** Replaces the orphans of every planned fork now, whatever the tip. */
  resolveForks(): void {
    for (const fork of this.#forks) fork.resolved = true;
    this.#view = undefined;
  }

  override forkAt(height: number): Fork | undefined {
    return this.#plannedAt(height) ?? super.forkAt(height);
  }

  override openForkAt(tip: number): Fork | undefined {
    const planned = this.#plannedAt(tip);
    return planned === undefined ? super.openForkAt(tip) : planned.resolved ? undefined : planned;
  }

  override viewAt(tip: number): ChainView {
    if (this.#view?.tip !== tip) this.#view = new ChainView(this, tip);
    return this.#view;
  }

  #plannedAt(height: number): PlannedFork | undefined {
    return this.#forks.findLast((fork) => height > fork.height && height <= fork.height + fork.depth);
  }
}
