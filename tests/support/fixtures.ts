/** Answers of nodes, as they stand under `tests/fixtures/node/`. */
import { Absent } from "../../src/engine/reason.ts";
import { type Field, fieldOf } from "../../src/the_block/decode/field.ts";
import { parseExact } from "../../src/the_block/json.ts";

const FOLDER = new URL("../fixtures/node/", import.meta.url);

/** One answer. */
export interface Recorded {
  readonly method: string;
  readonly name: string;
  readonly origin: "observed" | "source" | "readme";
  readonly result: unknown;
}

/** Every recorded answer, in the order of the files. */
export function recordedAnswers(): readonly Recorded[] {
  const files = [...Deno.readDirSync(FOLDER)].map(({ name }) => name).filter((name) =>
    name.endsWith(".json")
  );
  return files.sort().flatMap((file) => {
    const cases = parseExact(Deno.readTextFileSync(new URL(file, FOLDER))) as Record<string, Recorded>;
    const method = file.slice(0, -".json".length);
    return Object.entries(cases).map(([name, { origin, result }]) => ({ method, name, origin, result }));
  });
}

const BY_NAME = new Map(recordedAnswers().map((answer) => [`${answer.method}/${answer.name}`, answer]));

/** The result of one recorded answer, ready to be decoded. */
export function recorded(method: string, name: string): Field {
  const answer = BY_NAME.get(`${method}/${name}`);
  if (!answer) throw new RangeError(`Cannot find the recorded answer "${name}" of ${method}`);
  return fieldOf(method, answer.result);
}

/** A decoded value with each {@link Absent} written as `!CODE`, so that a test can show it whole. */
export function plain(value: unknown): unknown {
  if (value instanceof Absent) return `!${value.code}`;
  if (Array.isArray(value)) return value.map(plain);
  if (typeof value !== "object" || value === null) return value;
  return Object.fromEntries(Object.entries(value).map(([name, item]) => [name, plain(item)]));
}
