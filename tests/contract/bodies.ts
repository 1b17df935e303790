/** What every body of the API has to look like, whoever serves it. */
// @ts-types="#types/std_assert.d.ts"
import { assert, assertEquals, assertMatch } from "@std/assert";
import { REASON_CODES } from "../../src/engine/reason.ts";
import type { Json } from "./harness.ts";

const META_KEYS = ["source", "as_of_ms", "ttl_ms", "stale", "seq", "units", "partial", "estimated"];

/** `_meta` as tests read it. */
export interface MetaBody {
  readonly source: string;
  readonly as_of_ms: number;
  readonly ttl_ms: number;
  readonly stale: boolean;
  readonly seq: number;
  readonly units: Readonly<Record<string, string>>;
  readonly partial: Readonly<Record<string, string>>;
  readonly estimated: Readonly<Record<string, string>>;
}

/** `_meta` of a body. */
export function metaOf(body: Json): MetaBody {
  return body._meta as MetaBody;
}

/** Every path of a body with the values found there; arrays once, as `peers[].id`. */
export function valuesByPath(body: Json): ReadonlyMap<string, readonly unknown[]> {
  const found = new Map<string, unknown[]>();
  const walk = (value: unknown, path: string) => {
    if (!found.has(path)) found.set(path, []);
    found.get(path)!.push(value);
    if (Array.isArray(value)) { for (const item of value) walk(item, `${path}[]`); }
    else if (typeof value === "object" && value !== null) {
      for (const [key, item] of Object.entries(value)) walk(item, path === "" ? key : `${path}.${key}`);
    }
  };
  const { _meta: _, ...rest } = body;
  walk(rest, "");
  return found;
}

/** The paths that hold at least one null. */
export function nullPaths(body: Json): string[] {
  return [...valuesByPath(body)].filter(([, values]) => values.includes(null)).map(([path]) => path).sort();
}

/** The paths whose reason has this code. */
export function pathsWith(body: Json, code: keyof typeof REASON_CODES): string[] {
  return Object.entries(metaOf(body).partial)
    .filter(([, reason]) => reason.startsWith(`${code}: `)).map(([path]) => path).sort();
}

/** Checks a body against the rules that hold for all. */
export function assertBody(body: Json, where: string): void {
  const meta = metaOf(body);
  assertEquals(Object.keys(meta), META_KEYS, where);
  assertEquals(body.timestamp, Math.floor(meta.as_of_ms / 1000), `${where}: the time of the data`);
  assert(["node", "engine", "simulated"].includes(meta.source), where);
  assert(Number.isInteger(meta.as_of_ms) && meta.as_of_ms > 1_767_225_600_000, where);
  assert(Number.isInteger(meta.ttl_ms) && meta.ttl_ms >= 0, where);
  assert(Number.isInteger(meta.seq) && meta.seq >= 0, where);
  assertEquals(typeof meta.stale, "boolean", where);
  assertEquals(nullPaths(body), Object.keys(meta.partial).sort(), `${where}: nulls and their reasons`);
  for (const [path, reason] of Object.entries(meta.partial)) {
    assertMatch(reason, /^[A-Z_]+: \S/, `${where} ${path}`);
    assert(Object.hasOwn(REASON_CODES, reason.split(":")[0]!), `${where} ${path}: ${reason}`);
  }
  const values = valuesByPath(body);
  for (const path of Object.keys(meta.estimated)) {
    const known = values.get(path)?.some((value) => value !== null);
    assert(known, `${where}: ${path} is called an estimate and is not there`);
  }
  assertUnits(values, meta.units, where);
}

/** Every unit belongs to a field that exists, where the lists on the way to it are not empty. */
function assertUnits(
  values: ReadonlyMap<string, readonly unknown[]>,
  units: Readonly<Record<string, string>>,
  where: string,
): void {
  const paths = [...values.keys()].map((path) => path.replaceAll("[]", ""));
  const hasGap = [...values.values()].flat().some((value) =>
    value === null || (Array.isArray(value) && value.length === 0)
  );
  for (const [field, unit] of Object.entries(units)) {
    assert(unit !== "", `${where} ${field}`);
    const found = paths.some((path) => path === field || path.endsWith(`.${field}`));
    assert(found || hasGap, `${where}: a unit is named for ${field}, which is not there`);
  }
}
