/** Spoils answers: what a broken, hostile or newer node might send, after its text has been parsed. */
import type { Random } from "../../src/engine/random.ts";

const DEEP: unknown = JSON.parse("[".repeat(20_000) + "]".repeat(20_000));
const DEEP_OBJECT: unknown = JSON.parse('{"a":'.repeat(2_000) + "1" + "}".repeat(2_000));
const LONG = "x".repeat(100_000);
const MANY: readonly unknown[] = new Array(20_001).fill(null);
const MANY_KEYS: object = Object.fromEntries(Array.from({ length: 20_001 }, (_, i) => [`k${i}`, 1]));

/** Keys that mean something to JavaScript. */
const EVIL_KEYS = [
  "__proto__",
  "constructor",
  "prototype",
  "toString",
  "valueOf",
  "hasOwnProperty",
  "then",
  "length",
];

/** Values that stand where something else should; numbers are those that `parseExact` can return. */
const VALUES: readonly unknown[] = [
  null,
  true,
  false,
  0,
  -0,
  1,
  -1,
  0.5,
  -0.5,
  1e-320,
  2 ** 53 - 1,
  2 ** 53,
  -(2 ** 53),
  1e20,
  1e300,
  1.7976931348623157e308,
  -1e308,
  Infinity, // 1e400
  -Infinity,
  2n ** 53n,
  2n ** 63n,
  -(2n ** 63n) - 1n,
  2n ** 64n - 1n,
  2n ** 64n,
  10n ** 39n,
  -(10n ** 39n),
  "",
  "0",
  "-1",
  "NaN",
  "Infinity",
  "1e400",
  "18446744073709551616",
  "null",
  "compute",
  "constructor",
  "__proto__",
  "\u0000\u0007\u001b[31m\u009f\u2028\u202e",
  "\ud800",
  "disabled",
  [],
  [[]],
  [null],
  {},
  JSON.parse('{"__proto__":{"polluted":1},"constructor":{},"toString":null,"valueOf":5}'),
];

/** Values that are costly to look at, and so are rare. */
const COSTLY: readonly unknown[] = [DEEP, DEEP_OBJECT, LONG, MANY, MANY_KEYS];

/** A copy of an answer with one to three things wrong. */
export function mutated(answer: unknown, random: Random): unknown {
  let copy = cloned(answer);
  for (let count = random.integer(1, 3); count > 0; count--) copy = mutatedOnce(copy, random);
  return copy;
}

function mutatedOnce(root: unknown, random: Random): unknown {
  const target = anyPlace(root, random);
  if (!target) return anyValue(random, root);
  const { container, key } = target;
  const kind = random.integer(0, 9);
  if (Array.isArray(container)) {
    const index = key as number;
    if (kind === 0) container.splice(index, 1);
    else if (kind === 1) container.splice(index, 0, cloned(container[index]));
    else if (kind === 2) container.length = 0;
    else if (kind === 3) container.push(anyValue(random, root));
    else container[index] = anyValue(random, root);
    return root;
  }
  const object = container as Record<string, unknown>;
  const name = key as string;
  if (kind <= 1) delete object[name];
  else if (kind === 2) rename(object, name, random.pick(EVIL_KEYS));
  else if (kind === 3) rename(object, name, `${name}\u0000${"k".repeat(random.integer(0, 600))}`);
  else if (kind === 4) define(object, random.pick(EVIL_KEYS), anyValue(random, root));
  else define(object, name, anyValue(random, root));
  return root;
}

/** A value to put somewhere: a strange one, or something else out of the same answer. */
function anyValue(random: Random, root: unknown): unknown {
  if (random.chance(0.01)) return random.pick(COSTLY);
  if (random.chance(0.85)) return random.pick(VALUES);
  const other = anyPlace(root, random);
  return other ? cloned((other.container as Record<string | number, unknown>)[other.key]) : null;
}

interface Place {
  readonly container: object;
  readonly key: string | number;
}

/** A random member or item, at any depth. */
function anyPlace(root: unknown, random: Random): Place | undefined {
  let place: Place | undefined;
  for (let value = root; typeof value === "object" && value !== null;) {
    if (COSTLY.includes(value)) return place;
    const keys: readonly (string | number)[] = Array.isArray(value) ? [...value.keys()] : Object.keys(value);
    if (keys.length === 0) return place;
    place = { container: value, key: random.pick(keys) };
    if (random.chance(0.2)) return place;
    value = (value as Record<string | number, unknown>)[place.key];
  }
  return place;
}

function rename(object: Record<string, unknown>, from: string, to: string): void {
  const value = object[from];
  delete object[from];
  define(object, to, value);
}

/** Sets an own member, whatever its name, as parsing does. */
function define(object: object, key: string, value: unknown): void {
  Object.defineProperty(object, key, { value, writable: true, enumerable: true, configurable: true });
}

/** A deep copy of parsed JSON; the shared costly values are not copied. */
function cloned(value: unknown): unknown {
  if (typeof value !== "object" || value === null || COSTLY.includes(value)) return value;
  if (Array.isArray(value)) return value.map(cloned);
  const copy = {};
  for (const [key, item] of Object.entries(value)) define(copy, key, cloned(item));
  return copy;
}
