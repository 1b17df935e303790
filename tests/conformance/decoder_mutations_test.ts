// @ts-types="#types/std_assert.d.ts"
import { assert, assertEquals, fail } from "@std/assert";
import { Random } from "../../src/engine/random.ts";
import { Absent } from "../../src/engine/reason.ts";
import { README_METHODS } from "../../src/simulator/answers/readme.ts";
import { LIVE_METHODS } from "../../src/simulator/answers/live.ts";
import { SimulatedChain } from "../../src/simulator/chain.ts";
import { writeJson } from "../../src/simulator/json.ts";
import { fieldOf } from "../../src/the_block/decode/field.ts";
import { NodeError } from "../../src/the_block/errors.ts";
import { parseExact } from "../../src/the_block/json.ts";
import type { Spelling } from "../../src/the_block/question.ts";
import type { Params } from "../../src/the_block/transport.ts";
import { recordedAnswers } from "../support/fixtures.ts";
import { mutated } from "../support/mutation.ts";
import { everyQuestion } from "../support/questions.ts";

/** Mutated answers that are given in all. */
const ANSWERS_MIN = Deno.env.get("BB_SOAK") === "1" ? 100_000 : 25_000;

const TIP = 40;

/** What a node answers a method, from both simulated dialects and from the recorded answers. */
function answersOf(method: string, params: Params): readonly unknown[] {
  const known = ANSWERS.get(method);
  if (known) return known;
  const answers: unknown[] = recordedAnswers().filter((answer) => answer.method === method)
    .map(({ result }) => result);
  for (const [dialect, methods] of [["readme", README_METHODS], ["live", LIVE_METHODS]] as const) {
    const answer = methods.get(method);
    if (!answer) continue;
    const view = new SimulatedChain({ seed: 1, scenario: "calm", dialect }).viewAt(TIP);
    answers.push(
      parseExact(writeJson(answer({ ...params, limit: 4, page_size: 4 }, view, { callNumber: 1 }))),
    );
  }
  ANSWERS.set(method, answers);
  return answers;
}
const ANSWERS = new Map<string, readonly unknown[]>();

/** Keys whose numbers count something: integers from 0 to 2^53 − 1. */
const COUNTS = new Set([
  "height",
  "index",
  "size",
  "activePeers",
  "nextStartHeight",
  "lastHeight",
  "scannedTo",
  "epoch",
  "bits",
  "activeProviders",
  "pendingOperations",
  "pendingDecisions",
  "seed",
  "total",
  "ignored",
  "validatorCount",
  "completedTotal",
  "activeJobs",
  "connectedAtS",
  "finalizedHeight",
  "lastTransitionHeight",
]);

const U64_MAX = 2n ** 64n - 1n;
const CONTROL = /[\p{Cc}\u2028\u2029\u202a-\u202e\u2066-\u2069]/u;

/** Fails unless everything in a decoded value is what the engine may rely on. */
function check(value: unknown, key: string, path: string): void {
  if (value instanceof Absent || value === null || value === undefined) return;
  switch (typeof value) {
    case "number":
      assert(Number.isFinite(value) && Math.abs(value) <= 20_000 * 2 ** 64, `${path} is ${value}`);
      if (key.endsWith("Ppm")) {
        assert(Number.isInteger(value) && Math.abs(value) <= 10_000_000, `${path} is ${value}`);
      }
      if (key.endsWith("Ms")) assert(value >= 0, `${path} is ${value}`);
      if (COUNTS.has(key)) assert(Number.isSafeInteger(value) && value >= 0, `${path} is ${value}`);
      return;
    case "bigint":
      assert(value >= 0n && value <= U64_MAX * 1_000_000n, `${path} is ${value}`);
      if (key !== "priceMicro" && key !== "units") assert(value <= U64_MAX, `${path} is ${value}`);
      return;
    case "string":
      assert(value.length <= 20_000, `${path} has ${value.length} characters`);
      if (key !== "payload") assert(!CONTROL.test(value), `${path} is ${JSON.stringify(value)}`);
      return;
    case "boolean":
      return;
    case "object":
      for (const [name, item] of Object.entries(value)) {
        assert(name.length <= 128 && !CONTROL.test(name), `${path} has a member ${JSON.stringify(name)}`);
        check(item, Array.isArray(value) ? key : name, `${path}.${name}`);
      }
      if ("deducted" in value && "amount" in value) {
        assert(
          (value.deducted as bigint) <= (value.amount as bigint),
          `${path} keeps back more than was paid`,
        );
      }
      return;
    default:
      fail(`${path} is a ${typeof value}`);
  }
}

/** Fails unless an error is one that callers expect: of the node, with a kind and the path of the field. */
function checkError(error: unknown, method: string): void {
  assert(error instanceof NodeError, `${error instanceof Error ? error.stack : error}`);
  assertEquals(
    [error.kind, error.message.startsWith(`${error.method}: result`)],
    ["decode", true],
    error.message,
  );
  assert(error.message.length < 1_000 && !CONTROL.test(error.message), JSON.stringify(error.message));
  assert(method === error.method || method.includes(error.method), error.method);
}

Deno.test(`every question survives mutated answers: a named error or a right value (${ANSWERS_MIN} of them)`, async () => {
  const spellings = everyQuestion(TIP, "account").flatMap(({ question, input }) =>
    question.spellings.map((spelling: Spelling<unknown, unknown>) => ({ id: question.id, spelling, input }))
  );
  const seen = spellings.map(() => ({ values: 0, errors: 0 }));
  let given = 0;
  for (let seed = 0; given < ANSWERS_MIN; seed++) {
    const at = seed % spellings.length;
    const { id, spelling, input } = spellings[at]!;
    const random = new Random("mutations", seed);
    try {
      const value = await spelling.ask((method, params = {}) => {
        const answers = answersOf(method, params);
        assert(answers.length > 0, `no answer to spoil for ${method}`);
        given++;
        return Promise.resolve(fieldOf(method, mutated(random.pick(answers), random)));
      }, input);
      check(value, id, `seed ${seed}: ${id}`);
      seen[at]!.values++;
    } catch (error) {
      if (!(error instanceof NodeError)) throw withSeed(error, seed, id);
      checkError(error, spelling.methods.join(" "));
      seen[at]!.errors++;
    }
  }
  for (const [i, { values, errors }] of seen.entries()) {
    const { id, spelling } = spellings[i]!;
    const few = ANSWERS_MIN / 5_000;
    assert(
      values > few && errors > few,
      `${id} (${spelling.methods}) ended in ${values} values and ${errors} errors`,
    );
  }
  assertEquals(({} as { polluted?: unknown }).polluted, undefined);
});

function withSeed(error: unknown, seed: number, id: string): Error {
  return new Error(`seed ${seed}, ${id}: ${error instanceof Error ? error.message : error}`, {
    cause: error,
  });
}

Deno.test("every recorded and simulated answer decodes as it is", async () => {
  for (const { question, input } of everyQuestion(TIP, "account")) {
    for (const spelling of question.spellings as readonly Spelling<unknown, unknown>[]) {
      const counts = spelling.methods.map((method) => answersOf(method, {}).length);
      for (let i = 0; i < Math.max(...counts); i++) {
        const value = await spelling.ask((method, params = {}) => {
          const answers = answersOf(method, params);
          return Promise.resolve(fieldOf(method, answers[i % answers.length]));
        }, input);
        check(value, question.id, question.id);
      }
    }
  }
});
