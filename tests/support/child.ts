/** The program as a process of its own: started, watched by its log, killed. */
const MAIN = new URL("../../main.ts", import.meta.url).href;

/** One log line. */
export type LogLine = Readonly<Record<string, unknown>> & { readonly event: string };

/** A running process. */
export interface Child {
  readonly pid: number;
  /** Lines so far. */
  readonly lines: readonly LogLine[];
  /** The first line of an event, as soon as there is one; null when the process ends without it. */
  line(event: string): Promise<LogLine | null>;
  kill(signal: Deno.Signal): void;
  /** Waits for the end; the exit code, or null when a signal ended it. */
  readonly ended: Promise<number | null>;
  /** What it wrote to standard error. */
  readonly errors: Promise<string>;
}

/**
 * Starts `main.ts` with these arguments.
 *
 * @param script Flags of the runtime and a file to run in its place
 */
export function startChild(
  args: readonly string[],
  env: Readonly<Record<string, string>> = {},
  script: readonly string[] = [MAIN],
): Child {
  const process = new Deno.Command(Deno.execPath(), {
    args: ["run", "-A", ...script, ...args],
    env: { NO_COLOR: "1", ...env },
    stdout: "piped",
    stderr: "piped",
  }).spawn();
  const lines: LogLine[] = [];
  const waiting = new Set<() => void>();
  const wake = () => {
    for (const resolve of waiting) resolve();
    waiting.clear();
  };
  let over = false;
  const reading = (async () => {
    const decoder = new TextDecoder();
    let text = "";
    for await (const chunk of process.stdout) {
      text += decoder.decode(chunk, { stream: true });
      const whole = text.split("\n");
      text = whole.pop()!;
      for (const line of whole) if (line.startsWith("{")) lines.push(JSON.parse(line));
      wake();
    }
    over = true;
    wake();
  })();
  const errors = new Response(process.stderr).text();
  return {
    pid: process.pid,
    lines,
    async line(event) {
      for (;;) {
        const found = lines.find((line) => line.event === event);
        if (found || over) return found ?? null;
        await new Promise<void>((resolve) => waiting.add(resolve));
      }
    },
    kill(signal) {
      try {
        process.kill(signal);
      } catch (error) {
        if (!(error instanceof TypeError) && !(error instanceof Deno.errors.NotFound)) throw error; // Already gone.
      }
    },
    ended: (async () => {
      const [status] = await Promise.all([process.status, reading, errors]);
      return status.signal === null ? status.code : null;
    })(),
    errors,
  };
}
