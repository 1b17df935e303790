/** Progress on a terminal as one line that is written over, elsewhere as a line every few seconds. */

/** Characters of the bar. */
const WIDTH = 28;

/** How often a line is written where nothing can be written over. */
const PLAIN_EVERY_MS = 2_000;

/** What is shown. */
export interface BarState {
  /** 0..1. */
  readonly progress: number;
  readonly phase: string;
  readonly bars: number;
  readonly elapsedMs: number;
}

/** Writes progress. */
export class ProgressBar {
  readonly #write: (text: string) => void;
  readonly #terminal: boolean;
  #writtenMs = -Infinity;
  #open = false;

  /** @param terminal Whether lines can be written over */
  constructor(write: (text: string) => void, terminal: boolean) {
    this.#write = write;
    this.#terminal = terminal;
  }

  show(state: BarState): void {
    const line = `${this.#terminal ? `${barOf(state.progress)} ` : ""}${figures(state)}`;
    if (this.#terminal) {
      this.#write(`\r${line}\x1b[K`);
      this.#open = true;
    } else if (state.elapsedMs - this.#writtenMs >= PLAIN_EVERY_MS) {
      this.#writtenMs = state.elapsedMs;
      this.#write(`${line}\n`);
    }
  }

  /** The end of the run: the line stays. */
  end(state: BarState): void {
    if (this.#terminal) this.show(state);
    if (this.#open) this.#write("\n");
    this.#open = false;
  }
}

function barOf(progress: number): string {
  const full = Math.round(Math.min(1, Math.max(0, progress)) * WIDTH);
  return `[${"█".repeat(full)}${"░".repeat(WIDTH - full)}]`;
}

function figures({ progress, phase, bars, elapsedMs }: BarState): string {
  const rate = elapsedMs > 0 ? bars / elapsedMs * 1000 : 0;
  const eta = progress > 0.01 && progress < 1
    ? ` · ETA ${seconds(elapsedMs / progress * (1 - progress))}`
    : "";
  return `${(progress * 100).toFixed(0).padStart(3)} % · ${phase} · ${compact(bars)} bars · ${
    compact(rate)
  } bars/s · ${seconds(elapsedMs)}${eta}`;
}

function seconds(ms: number): string {
  return ms < 60_000
    ? `${(ms / 1000).toFixed(1)} s`
    : `${Math.floor(ms / 60_000)} min ${Math.round(ms % 60_000 / 1000)} s`;
}

/** A count with at most four digits and its magnitude. */
export function compact(value: number): string {
  if (value < 10_000) return String(Math.round(value));
  if (value < 1_000_000) return `${(value / 1_000).toFixed(1)} k`;
  return `${(value / 1_000_000).toFixed(2)} M`;
}
