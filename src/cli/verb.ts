import type { Arguments, Flag } from "./args.ts";

/** Exit codes. */
export const EXIT = { ok: 0, failed: 1, usage: 2, refused: 3 } as const;

/** One verb of the command line. */
export interface Verb {
  readonly name: string;
  readonly summary: string;
  /** Words after the verb, for the help. */
  readonly operands?: string;
  readonly operandsMax?: number;
  readonly flags: readonly Flag[];
  /** @returns The exit code */
  run(args: Arguments): Promise<number>;
}

/** Writes to standard output; the command line owns it. */
export function print(text: string): void {
  const bytes = new TextEncoder().encode(`${text}\n`);
  for (let written = 0; written < bytes.length;) written += Deno.stdout.writeSync(bytes.subarray(written));
}
