/** Heights between two checkpoints. */
export const CHECKPOINT_BLOCKS = 1_000;
/** Stretches of {@link CHECKPOINT_BLOCKS} heights that stay in memory. */
const SEGMENTS_MAX = 4;

/**
 * A value per height that is defined by the one before, with cheap random access: one checkpoint per 1,000
 * heights stays forever, the last four stretches stay whole, and anything else costs at most 1,000 steps.
 * Memory grows by one value per 1,000 heights.
 */
export class SteppedHistory<T extends object> {
  readonly #next: (previous: T, height: number) => T;
  readonly #checkpoints: T[];
  readonly #segments = new Map<number, T[]>();
  #latestIndex = -1;
  #latest: T[] = [];

  /**
   * @param first The value at height 0
   * @param next Computes the value at `height` from the one before; must not change its argument
   */
  constructor(first: T, next: (previous: T, height: number) => T) {
    this.#next = next;
    this.#checkpoints = [first];
  }

  /**
   * The value at a height.
   *
   * @throws {RangeError} If the height is not an integer ≥ 0
   */
  at(height: number): T {
    if (!Number.isInteger(height) || height < 0) {
      throw new RangeError(`Cannot read height ${height}: expected an integer ≥ 0`);
    }
    const index = Math.floor(height / CHECKPOINT_BLOCKS);
    const start = index * CHECKPOINT_BLOCKS;
    if (height === start && index < this.#checkpoints.length) return this.#checkpoints[index]!;
    const segment = this.#segment(index);
    for (let at = start + segment.length; at <= height; at++) {
      segment.push(this.#next(segment[segment.length - 1]!, at));
    }
    return segment[height - start]!;
  }

  #segment(index: number): T[] {
    if (index === this.#latestIndex) return this.#latest;
    let segment = this.#segments.get(index);
    if (segment === undefined) segment = [this.#checkpoint(index)];
    else this.#segments.delete(index);
    this.#segments.set(index, segment);
    for (const oldest of this.#segments.keys()) {
      if (this.#segments.size <= SEGMENTS_MAX) break;
      this.#segments.delete(oldest);
    }
    this.#latestIndex = index;
    this.#latest = segment;
    return segment;
  }

  #checkpoint(index: number): T {
    for (let done = this.#checkpoints.length; done <= index; done++) {
      const start = (done - 1) * CHECKPOINT_BLOCKS;
      const known = this.#segments.get(done - 1);
      let value = known === undefined ? this.#checkpoints[done - 1]! : known[known.length - 1]!;
      const from = start + (known?.length ?? 1);
      for (let at = from; at <= done * CHECKPOINT_BLOCKS; at++) value = this.#next(value, at);
      this.#checkpoints.push(value);
    }
    return this.#checkpoints[index]!;
  }
}
