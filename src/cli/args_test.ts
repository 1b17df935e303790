// @ts-types="#types/std_assert.d.ts"
import { assertEquals, assertStringIncludes, assertThrows } from "@std/assert";
import { choiceFlag, type Flag, numberFlag, readArguments, UsageError } from "./args.ts";

const FLAGS: readonly Flag[] = [
  { name: "port", value: "P", meaning: "" },
  { name: "simulate", meaning: "" },
];

Deno.test("readArguments() tells flags, switches and words apart", () => {
  const args = readArguments(["one", "--port", "80", "--simulate", "two"], FLAGS, 2);
  assertEquals({ ...args.flags }, { port: "80" });
  assertEquals([...args.switches], ["simulate"]);
  assertEquals(args.positionals, ["one", "two"]);
  assertEquals({ ...readArguments(["--port=81"], FLAGS).flags }, { port: "81" });
});

Deno.test("readArguments() refuses what the verb does not have", () => {
  const problem = (...args: string[]) =>
    assertThrows(() => readArguments(args, FLAGS, 1), UsageError).message;
  assertStringIncludes(problem("--prot", "80"), "--prot");
  assertStringIncludes(problem("--port"), "--port");
  assertStringIncludes(problem("--port", "--simulate"), "--port");
  assertStringIncludes(problem("--simulate=yes"), "--simulate");
  assertStringIncludes(problem("-x"), "-x");
  assertEquals(problem("one", "two", "three"), 'unexpected "two"');
  assertThrows(() => readArguments(["word"], FLAGS), UsageError);
});

Deno.test("numberFlag() takes numbers in its range and nothing else", () => {
  const read = (text: string | undefined, integer = true) =>
    numberFlag({ flags: { n: text }, switches: new Set(), positionals: [] }, "n", 7, {
      min: 1,
      max: 9,
      integer,
    });
  assertEquals([read(undefined), read("1"), read("9"), read("2.5", false)], [7, 1, 9, 2.5]);
  for (const text of ["0", "10", "2.5", "", " ", "x", "NaN", "Infinity", "1e9"]) {
    const error = assertThrows(() => read(text), UsageError);
    assertEquals(error.message, `--n must be an integer within 1..9, found "${text}"`);
  }
});

Deno.test("choiceFlag() takes words of its list and nothing else", () => {
  const read = (text: string | undefined) =>
    choiceFlag({ flags: { w: text }, switches: new Set(), positionals: [] }, "w", "a", ["a", "b"]);
  assertEquals([read(undefined), read("b")], ["a", "b"]);
  for (const text of ["", "A", "c", "toString"]) {
    assertEquals(
      assertThrows(() => read(text), UsageError).message,
      `--w must be one of a, b, found "${text}"`,
    );
  }
});
