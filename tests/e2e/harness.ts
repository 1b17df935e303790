/** Runs the program as its users do: as a child process, from a clone of the project. */
import { systemClock } from "../../src/runtime/clock.ts";

/** A JSON object. */
export type Json = Record<string, unknown>;

/** How long anything may take before a test gives up. */
const PATIENCE_MS = 30_000;

/** How long the program may take to end after a signal. */
export const STOP_MS = 6_000;

/** Names that the program reads; a test starts without those of the machine that it runs on. */
const CLEAN = /^(TB_|BB_|SERVER_|LOG_LEVEL|COMMIT_SHA|SCHEMA_HASH|NO_COLOR)/;

/** What a finished process left. */
export interface Ended {
  readonly code: number;
  readonly out: string;
  readonly err: string;
}

/** A running child process. */
export class Child {
  readonly #process: Deno.ChildProcess;
  readonly #ended: Promise<Ended>;
  readonly #lines: string[] = [];
  #hasEnded = false;

  /**
   * Starts a command.
   *
   * @param args Arguments of `deno`
   * @param options Folder and further environment
   */
  constructor(
    args: readonly string[],
    options: { readonly cwd: string; readonly env?: Readonly<Record<string, string>> },
  ) {
    const inherited = Object.entries(Deno.env.toObject()).filter(([name]) => !CLEAN.test(name));
    this.#process = new Deno.Command(Deno.execPath(), {
      args: [...args],
      cwd: options.cwd,
      clearEnv: true,
      env: { ...Object.fromEntries(inherited), NO_COLOR: "1", ...options.env },
      stdin: "null",
      stdout: "piped",
      stderr: "piped",
    }).spawn();
    const out = this.#read(this.#process.stdout, (text) => this.#keep(text));
    const err = this.#read(this.#process.stderr, () => {});
    this.#ended = Promise.all([this.#process.status, out, err]).then(([{ code }, out, err]) => {
      this.#hasEnded = true;
      return { code, out, err };
    });
  }

  /** The next log line with this event, from the start of the process on. */
  async event(name: string): Promise<Json> {
    let found: Json | undefined;
    await until(`the log says ${name}`, () => {
      found = this.events(name)[0];
      if (!found && this.#hasEnded) {
        throw new Error(`the process ended before it said ${name}: ${this.#lines.join("\n")}`);
      }
      return found !== undefined;
    });
    return found!;
  }

  /** All log lines with this event so far. */
  events(name: string): readonly Json[] {
    return this.#lines.filter((line) => line.includes(`"${name}"`)).map((line) => JSON.parse(line) as Json)
      .filter(({ event }) => event === name);
  }

  /** Sends a signal. */
  kill(signal: Deno.Signal): void {
    if (!this.#hasEnded) this.#process.kill(signal);
  }

  /** Waits for the end; a process that outlives the patience is ended and has the code −1. */
  async ended(patienceMs = PATIENCE_MS): Promise<Ended> {
    const patience = new AbortController();
    const late = systemClock.sleep(patienceMs, patience.signal).then(() => null);
    const ended = await Promise.race([this.#ended, late]);
    patience.abort();
    if (ended) return ended;
    this.kill("SIGKILL");
    return { ...await this.#ended, code: -1 };
  }

  /** Asks it to end and waits; for the end of a test. */
  async stop(): Promise<Ended> {
    this.kill("SIGTERM");
    return await this.ended(STOP_MS);
  }

  #keep(text: string): void {
    this.#lines.push(...text.split("\n").filter((line) => line !== ""));
  }

  /** Collects a stream, and hands on whole lines as they come. */
  async #read(
    stream: ReadableStream<Uint8Array<ArrayBuffer>>,
    onLines: (text: string) => void,
  ): Promise<string> {
    let all = "";
    let rest = "";
    for await (const text of stream.pipeThrough(new TextDecoderStream())) {
      all += text;
      rest += text;
      const end = rest.lastIndexOf("\n") + 1;
      onLines(rest.slice(0, end));
      rest = rest.slice(end);
    }
    onLines(rest);
    return all;
  }
}

/** Runs a test beside a child process and sees to it that the process has ended afterwards. */
export async function withChild(
  args: readonly string[],
  options: { readonly cwd: string; readonly env?: Readonly<Record<string, string>> },
  test: (child: Child) => Promise<void>,
): Promise<void> {
  const child = new Child(args, options);
  try {
    await test(child);
  } finally {
    await child.stop();
  }
}

/** Runs a command to its end. */
export async function runDeno(
  args: readonly string[],
  options: { readonly cwd: string; readonly env?: Readonly<Record<string, string>> },
): Promise<Ended> {
  return await new Child(args, options).ended();
}

/** Waits for a condition. */
export async function until(what: string, holds: () => boolean | Promise<boolean>): Promise<void> {
  const deadline = systemClock.monotonicMs() + PATIENCE_MS;
  while (!await holds()) {
    if (systemClock.monotonicMs() > deadline) throw new Error(`waited in vain until ${what}`);
    await systemClock.sleep(50);
  }
}

/** The body of a GET, whatever its status. */
export async function getJson(url: string, headers: Readonly<Record<string, string>> = {}): Promise<Json> {
  return await (await fetch(url, { headers })).json();
}

/** The status of a GET; 0 while nobody listens. */
export async function statusOf(url: string, headers: Readonly<Record<string, string>> = {}): Promise<number> {
  try {
    const response = await fetch(url, { headers });
    await response.body?.cancel();
    return response.status;
  } catch {
    return 0;
  }
}

/** A port that is free now. */
export function freePort(): number {
  const listener = Deno.listen({ hostname: "127.0.0.1", port: 0 });
  const { port } = listener.addr;
  listener.close();
  return port;
}
