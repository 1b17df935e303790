/**
 * Seeded pseudo-random numbers. The engine has no other source of randomness, so everything that uses one is a
 * pure function of its key.
 */

/** Mixes 32 bits so that every input bit reaches every output bit (the finalizer of MurmurHash3). */
export function mix32(value: number): number {
  let x = value | 0;
  x = Math.imul(x ^ (x >>> 16), 0x85ebca6b);
  x = Math.imul(x ^ (x >>> 13), 0xc2b2ae35);
  return (x ^ (x >>> 16)) >>> 0;
}

/** Folds integers of any size and strings into one 32-bit key. */
export function keyOf(...parts: readonly (number | string)[]): number {
  let key = 0x9e3779b9;
  for (const part of parts) {
    if (typeof part === "string") {
      for (let i = 0; i < part.length; i++) key = mix32(key ^ (part.charCodeAt(i) + 0x9e3779b9 + i));
    } else {
      key = mix32(key ^ (part >>> 0));
      key = mix32(key ^ Math.floor(part / 4_294_967_296));
    }
  }
  return key;
}

/** The generator sfc32: 128 bits of state, seeded from any key, same sequence on every machine. */
export class Random {
  #a: number;
  #b: number;
  #c: number;
  #d: number;
  #spare: number | undefined;

  /** @param key Numbers and strings that identify this sequence */
  constructor(...key: readonly (number | string)[]) {
    const seed = keyOf(...key);
    this.#a = mix32(seed ^ 0x243f6a88);
    this.#b = mix32(seed ^ 0x85a308d3);
    this.#c = mix32(seed ^ 0x13198a2e);
    this.#d = 1;
    for (let i = 0; i < 12; i++) this.uint32();
  }

  /** A uniform 32-bit unsigned integer. */
  uint32(): number {
    const sum = (this.#a + this.#b + this.#d) | 0;
    this.#d = (this.#d + 1) | 0;
    this.#a = this.#b ^ (this.#b >>> 9);
    this.#b = (this.#c + (this.#c << 3)) | 0;
    this.#c = ((this.#c << 21) | (this.#c >>> 11)) + sum | 0;
    return sum >>> 0;
  }

  /** A uniform float in [0, 1). */
  next(): number {
    return this.uint32() / 4_294_967_296;
  }

  /** A uniform integer in [low, high]. */
  integer(low: number, high: number): number {
    return low + Math.floor(this.next() * (high - low + 1));
  }

  /** Whether an event of this probability happens. */
  chance(probability: number): boolean {
    return this.next() < probability;
  }

  /** A standard normal deviate (Marsaglia's polar method). */
  normal(): number {
    if (this.#spare !== undefined) {
      const spare = this.#spare;
      this.#spare = undefined;
      return spare;
    }
    for (;;) {
      const u = 2 * this.next() - 1;
      const v = 2 * this.next() - 1;
      const s = u * u + v * v;
      if (s >= 1 || s === 0) continue;
      const factor = Math.sqrt(-2 * Math.log(s) / s);
      this.#spare = v * factor;
      return u * factor;
    }
  }

  /** A Poisson count with this mean (Knuth's method; meant for means below 30). */
  poisson(mean: number): number {
    const limit = Math.exp(-mean);
    let count = 0;
    for (let product = this.next(); product > limit; product *= this.next()) count++;
    return count;
  }

  /** One item of a non-empty list. */
  pick<T>(items: readonly T[]): T {
    return items[this.integer(0, items.length - 1)]!;
  }
}
