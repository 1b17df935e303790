// @ts-types="#types/std_assert.d.ts"
import { assertEquals, assertStringIncludes } from "@std/assert";
import { compact, ProgressBar } from "./progress_bar.ts";

const AT = (progress: number, elapsedMs: number) => ({ progress, phase: "running", bars: 50_000, elapsedMs });

Deno.test("ProgressBar writes over its line on a terminal and leaves the last one", () => {
  const written: string[] = [];
  const bar = new ProgressBar((text) => written.push(text), true);
  bar.show(AT(0.5, 1_000));
  bar.end(AT(1, 2_000));
  assertEquals(written.length, 3);
  assertStringIncludes(
    written[0]!,
    "\r[██████████████░░░░░░░░░░░░░░]  50 % · running · 50.0 k bars · 50.0 k bars/s · 1.0 s · ETA 1.0 s",
  );
  assertStringIncludes(written[1]!, "[████████████████████████████] 100 %");
  assertEquals(written[2], "\n");
});

Deno.test("ProgressBar writes a plain line every two seconds where it cannot write over", () => {
  const written: string[] = [];
  const bar = new ProgressBar((text) => written.push(text), false);
  for (const ms of [100, 200, 1_900, 2_100, 2_200, 4_200, 70_000]) bar.show(AT(0.001, ms));
  bar.end(AT(1, 80_000));
  assertEquals(written.length, 4);
  assertEquals(written[0], "  0 % · running · 50.0 k bars · 500.0 k bars/s · 0.1 s\n");
  assertStringIncludes(written[3]!, "1 min 10 s");
});

Deno.test("compact() shortens counts", () => {
  assertEquals([0, 9_999, 10_000, 999_949, 1_000_000, 12_345_678].map(compact), [
    "0",
    "9999",
    "10.0 k",
    "999.9 k",
    "1.00 M",
    "12.35 M",
  ]);
});
