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

/** Folders of tests that mostly wait: for processes, for blocks, for a browser. */
const WAITING: readonly (readonly string[])[] = [
  ["e2e", "faults", "operations", "soak", "trading", "truth"].map((room) => `tests/${room}`),
  ["tests/browser"],
];

/** The tests, in groups that run side by side. Types were checked before. */
export const TESTS: readonly Step[] = [
  { name: "tests", args: ["task", "test", "--no-check", `--ignore=${WAITING.flat().join(",")}`] },
  ...WAITING.map((folders) => ({
    name: `tests of ${folders.join(", ")}`,
    args: ["task", "test", "--no-check", ...folders],
  })),
];

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

/**
 * Runs a step and gives back what it wrote.
 *
 * @param show Receives what is written, as it comes
 */
async function run(
  { name, args }: Step,
  show: (text: string) => void = say,
): Promise<{ readonly code: number; readonly output: string }> {
  show(`\n== ${name}: deno ${args.join(" ")}\n`);
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
      show(text);
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
  let later = "";
  const shown = await Promise.all(
    TESTS.map((group, i) => run(group, i === 0 ? say : (text) => later += text)),
  );
  say(later); // Shown at the end, so that the groups do not get mixed up.
  const counts = shown.map(({ code, output }) => countTests(output, code));
  const passed = counts.reduce((sum, count) => sum + count.passed, 0);
  const failed = counts.reduce((sum, count) => sum + count.failed, 0);
  if (failedChecks.length > 0) say(`\nfailed checks: ${failedChecks.join(", ")}\n`);
  const failures = failed + failedChecks.length;
  say(`\n${passed} passed, ${failures} failed\n`);
  Deno.exit(failures === 0 ? 0 : 1);
}
