/** JSON lines with an event name. The only place in the program that writes to the console. */

/** Levels from the quietest to the loudest. */
export const LOG_LEVELS = ["debug", "info", "warn", "error"] as const;

/** A log level. */
export type LogLevel = (typeof LOG_LEVELS)[number];

/** What a line says besides its event. */
export type LogFields = Readonly<Record<string, unknown>>;

/** A line that was written. */
export interface LogLine {
  readonly seq: number;
  readonly atMs: number;
  readonly level: LogLevel;
  readonly event: string;
  readonly fields: LogFields;
}

/** Lines kept for the log page. */
const LINES_MAX = 1_000;

/** Characters of one text field. */
const TEXT_MAX = 2_000;

/** Writes log lines and remembers the newest. */
export class Log {
  readonly #write: (line: string) => void;
  readonly #nowMs: () => number;
  readonly #threshold: number;
  readonly #secrets: string[] = [];
  readonly #lines: LogLine[] = [];
  #seq = 0;
  #onLine: () => void = () => {};

  /**
   * @param level The quietest level that is written
   * @param write Receives each line; the console by default
   */
  constructor(
    level: LogLevel = "info",
    write: (line: string) => void = consoleLine,
    nowMs: () => number = Date.now,
  ) {
    this.#threshold = LOG_LEVELS.indexOf(level);
    this.#write = write;
    this.#nowMs = nowMs;
  }

  /** Never lets this text appear in a line. */
  hide(secret: string | null | undefined): void {
    if (secret && secret.length >= 4) this.#secrets.push(secret);
  }

  /** Tells of each line that is not a debug line. One listener; it must not log. */
  watch(onLine: () => void): void {
    this.#onLine = onLine;
  }

  debug(event: string, fields: LogFields = {}): void {
    this.#log("debug", event, fields);
  }

  info(event: string, fields: LogFields = {}): void {
    this.#log("info", event, fields);
  }

  warn(event: string, fields: LogFields = {}): void {
    this.#log("warn", event, fields);
  }

  error(event: string, fields: LogFields = {}): void {
    this.#log("error", event, fields);
  }

  /** The newest lines, newest first. */
  tail(limit: number, level: LogLevel = "debug"): readonly LogLine[] {
    const threshold = LOG_LEVELS.indexOf(level);
    const lines: LogLine[] = [];
    for (let i = this.#lines.length - 1; i >= 0 && lines.length < limit; i--) {
      const line = this.#lines[i]!;
      if (LOG_LEVELS.indexOf(line.level) >= threshold) lines.push(line);
    }
    return lines;
  }

  #log(level: LogLevel, event: string, fields: LogFields): void {
    if (LOG_LEVELS.indexOf(level) < this.#threshold) return;
    const atMs = this.#nowMs();
    const clean = this.#redact(JSON.parse(JSON.stringify(fields, jsonable))) as LogFields;
    this.#lines.push({ seq: ++this.#seq, atMs, level, event, fields: clean });
    if (this.#lines.length > LINES_MAX) this.#lines.shift();
    this.#write(JSON.stringify({ event, ...clean, level, ts: new Date(atMs).toISOString() }));
    if (level !== "debug") this.#onLine();
  }

  /** Hides secrets in every name and value, then cuts long texts: a secret that is cut would not be recognised. */
  #redact(value: unknown): unknown {
    if (Array.isArray(value)) return value.map((item) => this.#redact(item));
    if (typeof value === "object" && value !== null) {
      return Object.fromEntries(
        Object.entries(value).map(([name, item]) => [this.#hidden(name), this.#redact(item)]),
      );
    }
    const text = String(value);
    const hidden = this.#hidden(text);
    if (typeof value !== "string") return hidden === text ? value : hidden;
    return hidden.length > TEXT_MAX ? `${hidden.slice(0, TEXT_MAX)}…` : hidden;
  }

  #hidden(text: string): string {
    return this.#secrets.reduce((rest, secret) => rest.replaceAll(secret, "•••"), text);
  }
}

/** A log that writes nowhere; for tests and one-shot commands. */
export function silentLog(): Log {
  return new Log("debug", () => {});
}

function jsonable(_key: string, value: unknown): unknown {
  if (typeof value === "bigint") return value.toString();
  if (value instanceof Error) return `${value.name}: ${value.message}`;
  return value;
}

function consoleLine(line: string): void {
  // deno-lint-ignore no-console
  console.log(line);
}
