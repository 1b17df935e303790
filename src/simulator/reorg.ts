import { Random } from "../engine/random.ts";

/** Heights per window; each window holds one fork, so forks never overlap. */
export const FORK_WINDOW = 40;

const DEEP_DEPTH = 12;
const DEEP_CHANCE = 0.05;
const DEPTH_MAX = 6;

/** Which of the two contents of a height is meant: 0 canonical, 1 orphaned. */
export type Variant = 0 | 1;
/** The content that stays. */
export const CANONICAL: Variant = 0;
/** The content that a reorganization takes back. */
export const ORPHAN: Variant = 1;

/**
 * A planned reorganization. While the tip is in (height, height + depth] the blocks above `height` are orphans;
 * when it reaches height + depth + 1 all of them have been replaced by the canonical ones.
 */
export interface Fork {
  /** Last block that both branches share. */
  readonly height: number;
  /** How many blocks will be taken back, 1..6 or 12. */
  readonly depth: number;
}

/** The fork in the window of a height. A fork's orphans and its resolution lie in the same window. */
export function forkOf(key: number, height: number): Fork {
  const window = Math.floor(height / FORK_WINDOW);
  const random = new Random(key, window);
  const depth = random.chance(DEEP_CHANCE) ? DEEP_DEPTH : random.integer(1, DEPTH_MAX);
  return { height: window * FORK_WINDOW + random.integer(1, FORK_WINDOW - depth - 2), depth };
}

/** The fork whose orphans are visible at a tip, if the tip is inside one. */
export function openForkAt(key: number, tip: number): Fork | undefined {
  if (tip < 0) return undefined;
  const fork = forkOf(key, tip);
  return tip > fork.height && tip <= fork.height + fork.depth ? fork : undefined;
}
