/**
 * Everything that CI runs, in order, whatever fails on the way. The last line counts: `N passed, N failed`. A check
 * that fails counts as one failure, so does a test run that ends badly without naming a failed test.
 */

/** One thing to run. */
interface Step {
  readonly name: string;
  /** Arguments of `deno`. */
  readonly args: readonly string[];
}

/** Checks before the tests. */
export const CHECKS: readonly Step[] = [
  { name: "format", args: ["fmt", "--check"] },
  { name: "lint", args: ["task", "lint"] },
  { name: "types", args: ["task", "check"] },
  { name: "layers", args: ["task", "layers"] },
  { name: "rust", args: ["run", "-A", "scripts/cargo_test.ts"] },
];

/** One after the other: on a small machine tests that run side by side only make each other late. */
const TESTS: Step = { name: "tests", args: ["task", "test", "--no-check"] };

/** Tests that passed and failed. */
export interface Counts {
  readonly passed: number;
  readonly failed: number;
}

/**
 * Reads the closing line of `deno test`, `ok | 5 passed (2 steps) | 0 failed | 1 ignored (3s)`.
 *
 * @returns The counts of the last such line, or null when there is none
 */
export function readSummary(output: string): Counts | null {
  // deno-lint-ignore no-control-regex
  const plain = output.replace(/\u001b\[[0-9;]*m/g, "");
  const lines = [...plain.matchAll(
    /^(?:ok|FAILED) \| (\d+) passed(?: \([^)]*\))? \| (\d+) failed\b.*$/gm,
  )];
  const last = lines[lines.length - 1];
  return last ? { passed: Number(last[1]), failed: Number(last[2]) } : null;
}

/** What a test run counts for, given its output and exit code. */
export function countTests(output: string, code: number): Counts {
  const { passed, failed } = readSummary(output) ?? { passed: 0, failed: 0 };
  const silent = passed === 0 && failed === 0;
  return { passed, failed: failed === 0 && (code !== 0 || silent) ? 1 : failed };
}

/** Runs a step, shows what it writes and gives that back. */
async function run({ name, args }: Step): Promise<{ readonly code: number; readonly output: string }> {
  say(`\n== ${name}: deno ${args.join(" ")}\n`);
  const process = new Deno.Command(Deno.execPath(), {
    args: [...args],
    stdin: "null",
    stdout: "piped",
    stderr: "piped",
  }).spawn();
  let output = "";
  const pass = async (stream: ReadableStream<Uint8Array<ArrayBuffer>>, keep: boolean) => {
    for await (const text of stream.pipeThrough(new TextDecoderStream())) {
      if (keep) output += text;
      say(text);
    }
  };
  await Promise.all([pass(process.stdout, true), pass(process.stderr, false)]);
  const { code } = await process.status;
  return { code, output };
}

function say(text: string): void {
  const bytes = new TextEncoder().encode(text);
  for (let written = 0; written < bytes.length;) written += Deno.stdout.writeSync(bytes.subarray(written));
}

if (import.meta.main) {
  const failedChecks: string[] = [];
  for (const check of CHECKS) {
    const { code } = await run(check);
    if (code !== 0) failedChecks.push(check.name);
  }
  const { code, output } = await run(TESTS);
  const { passed, failed } = countTests(output, code);
  if (failedChecks.length > 0) say(`\nfailed checks: ${failedChecks.join(", ")}\n`);
  const failures = failed + failedChecks.length;
  say(`\n${passed} passed, ${failures} failed\n`);
  Deno.exit(failures === 0 ? 0 : 1);
}
