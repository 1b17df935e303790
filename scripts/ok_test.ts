// @ts-types="#types/std_assert.d.ts"
import { assertEquals } from "@std/assert";
import { CHECKS, countTests, readSummary } from "./ok.ts";

Deno.test("readSummary() reads every form of the closing line", () => {
  const forms: readonly (readonly [string, number, number])[] = [
    ["ok | 5 passed | 0 failed (3s)", 5, 0],
    ["FAILED | 1 passed | 1 failed (1 step) | 1 ignored (8ms)", 1, 1],
    ["ok | 12 passed (3 steps) | 0 failed | 2 filtered out (1m2s)", 12, 0],
    ["FAILED | 0 passed | 3 failed (2s)", 0, 3],
    ["\u001b[0m\u001b[32mok\u001b[0m | 7 passed | 0 failed \u001b[38;5;245m(1s)\u001b[0m", 7, 0],
  ];
  for (const [line, passed, failed] of forms) {
    assertEquals(readSummary(`a test ... ok (1ms)\n\n${line}\n\n`), { passed, failed }, line);
  }
});

Deno.test("readSummary() takes the last line of its kind, and no other line", () => {
  const text =
    "a test writes\nok | 1 passed | 0 failed (1s)\nand more\n\nFAILED | 8 passed | 2 failed (4s)\n";
  assertEquals(readSummary(text), { passed: 8, failed: 2 });
  for (const other of ["", "5 passed, 0 failed", "note: ok | 5 passed | 0 failed", "ok | no test"]) {
    assertEquals(readSummary(other), null, other);
  }
});

Deno.test("countTests() counts a run that ends badly without a failed test as one failure", () => {
  const good = "\nok | 5 passed | 0 failed (3s)\n";
  assertEquals(countTests(good, 0), { passed: 5, failed: 0 });
  assertEquals(countTests(good, 1), { passed: 5, failed: 1 }, "an error outside of the tests");
  assertEquals(countTests("error: Module not found\n", 1), { passed: 0, failed: 1 });
  assertEquals(countTests("\nFAILED | 3 passed | 2 failed (1s)\n", 1), { passed: 3, failed: 2 });
  assertEquals(countTests("\nok | 0 passed | 0 failed (1s)\n", 0), { passed: 0, failed: 1 }, "nothing ran");
});

Deno.test("CHECKS are the checks of the contributors' guide", () => {
  assertEquals(CHECKS.map(({ name }) => name), ["format", "lint", "types", "layers", "rust"]);
});
