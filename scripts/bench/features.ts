/**
 * Measures the feature engines against each other, against a native build where cargo is present, and against the
 * incremental standard deviation of @stdlib, in interleaved rounds; writes its section of docs/BENCHMARKS.md.
 *
 *     deno run -A --lock=scripts/bench/features.lock scripts/bench/features.ts [--rounds N] [--write]
 */
import { parseArgs } from "node:util";
import { cpus } from "node:os";
import { AGGREGATIONS, BATCH_LENGTH, FEATURE_COUNT } from "../../src/engine/features/engine.ts";
import { type FeatureEngine, TypeScriptFeatureEngine } from "../../src/engine/features/engine.ts";
import { WasmFeatureEngine } from "../../src/engine/features/wasm.ts";
import { Random } from "../../src/engine/random.ts";
import { median } from "../../src/engine/statistics.ts";
import { writeSection } from "./section.ts";

/** Not a literal in the import: nothing but this benchmark should ever ask for it. */
const PEER = "npm:@stdlib/stats-incr-ewstdev@0.2.3";
const EVENTS = 4_000_000;
const SLOTS = 40_000;
const PEER_VALUES = 2_000_000;

type Increwstdev = (alpha: number) => (value: number) => number;

/** Nanoseconds of one thing in one round. */
type Round = Readonly<Record<string, number>>;

const { values } = parseArgs({
  args: Deno.args,
  options: { rounds: { type: "string", default: "7" }, write: { type: "boolean", default: false } },
});

const random = new Random("features-bench");
const numbers = Float64Array.from({ length: 1 << 16 }, () => random.normal());
const modes = new Uint8Array(FEATURE_COUNT).fill(AGGREGATIONS.sum);
const { default: increwstdev } = await import(PEER) as { default: Increwstdev };
const accumulator = increwstdev(0.005);
const engines = { twin: new TypeScriptFeatureEngine(modes), wasm: new WasmFeatureEngine(modes) };
const native = await nativeBench();

const rounds: Round[] = [];
for (let i = -1; i < Number(values.rounds); i++) {
  const round: Record<string, number> = { "peer update": peerNs() };
  for (const [name, engine] of Object.entries(engines)) {
    round[`${name} event`] = eventNs(engine);
    round[`${name} batch`] = batchNs(engine, false);
    round[`${name} filled batch`] = batchNs(engine, true);
    round[`${name} slot`] = slotNs(engine);
    round[`${name} update`] = updateNs(engine);
  }
  for (const [name, ns] of Object.entries(await native?.() ?? {})) round[`native ${name}`] = ns;
  if (i >= 0) rounds.push(round); // The first round only warms up.
}

const of = (name: string) => median(rounds.flatMap((round) => round[name] ?? [])) ?? NaN;
const spread = (name: string) => {
  const all = rounds.flatMap((round) => round[name] ?? []);
  return all.length === 0
    ? "–"
    : `${of(name).toFixed(1)} (${Math.min(...all).toFixed(1)}–${Math.max(...all).toFixed(1)})`;
};
const ratio = (a: string, b: string) => (of(a) / of(b)).toFixed(2);
const table = [
  "| ns, median (least–most) | wasm | TypeScript | native | `increwstdev` |",
  "|---|---|---|---|---|",
  `| event, one call each | ${spread("wasm event")} | ${spread("twin event")} | – | ${
    spread("peer update")
  } |`,
  `| event of a batch | ${spread("wasm batch")} | ${spread("twin batch")} | ${spread("native batch")} | – |`,
  `| the same, batch filled by JavaScript | ${spread("wasm filled batch")} | ${
    spread("twin filled batch")
  } | – | – |`,
  `| slot step, 256 features | ${spread("wasm slot")} | ${spread("twin slot")} | ${
    spread("native slot")
  } | – |`,
  `| whole update per feature: event, slot step / 256 | ${spread("wasm update")} | ${
    spread("twin update")
  } | ` +
  `${spread("native update")} | ${spread("peer update")} |`,
].join("\n");
const facts = [
  `- Event of a batch filled by JavaScript: ${
    ratio("peer update", "wasm filled batch")
  } × as many per second as ` +
  "`increwstdev` values. The peer advances its statistics with each value; here they advance once per slot, which is " +
  `the row below: ${ratio("peer update", "wasm update")} ×.`,
  `- Slot step: wasm takes ${ratio("wasm slot", "twin slot")} of the time of TypeScript and ` +
  `${ratio("wasm slot", "native slot")} of a native build's.`,
  `- Batch path: wasm takes ${ratio("wasm batch", "native batch")} of a native build's time.`,
].join("\n");
const machine =
  `${cpus()[0]?.model ?? "unknown processor"}, ${cpus().length} threads; Deno ${Deno.version.deno}, V8 ` +
  `${Deno.version.v8}; ${PEER.slice(4)}; ${
    native ? await rustc() : "no Rust"
  }; ${rounds.length} interleaved rounds, ` +
  (onProcessorNs() === null ? "wall time" : "time on the processor");
const section = `${machine}.\n\n${table}\n\n${facts}`;
await Deno.stdout.write(new TextEncoder().encode(`${section}\n`));
if (values.write) await writeSection("features", section);

/** Nanoseconds per thing: the time that the thread was on a processor, where the system tells it. */
function timed(count: number, action: () => void): number {
  const [cpu, wall] = [onProcessorNs(), performance.now()];
  action();
  const after = onProcessorNs();
  return (cpu !== null && after !== null ? after - cpu : (performance.now() - wall) * 1e6) / count;
}

function onProcessorNs(): number | null {
  try {
    return Number(Deno.readTextFileSync("/proc/thread-self/schedstat").split(" ")[0]);
  } catch {
    return null;
  }
}

function peerNs(): number {
  return timed(PEER_VALUES, () => {
    for (let i = 0; i < PEER_VALUES; i++) accumulator(numbers[i & 0xffff]!);
  });
}

function eventNs(engine: FeatureEngine): number {
  return timed(EVENTS, () => {
    for (let i = 0; i < EVENTS; i++) engine.pushEvent(i & 0xff, numbers[i & 0xffff]!);
  });
}

function fill(engine: FeatureEngine, from: number): void {
  const { index, value } = engine.batch();
  for (let k = 0; k < BATCH_LENGTH; k++) {
    index[k] = k & 0xff;
    value[k] = numbers[(from + k) & 0xffff]!;
  }
}

function batchNs(engine: FeatureEngine, filled: boolean): number {
  fill(engine, 0);
  return timed(EVENTS, () => {
    for (let i = 0; i < EVENTS; i += BATCH_LENGTH) {
      if (filled) fill(engine, i);
      engine.pushBatch(BATCH_LENGTH);
    }
  });
}

function slotNs(engine: FeatureEngine): number {
  return timed(SLOTS, () => {
    for (let slot = 0; slot < SLOTS; slot++) engine.onSlotEnd(slot);
  });
}

function updateNs(engine: FeatureEngine): number {
  return timed(SLOTS * FEATURE_COUNT, () => {
    for (let slot = 0; slot < SLOTS; slot++) {
      const { index, value } = engine.batch();
      for (let k = 0; k < FEATURE_COUNT; k++) {
        index[k] = k;
        value[k] = numbers[(slot + k) & 0xffff]!;
      }
      engine.pushBatch(FEATURE_COUNT);
      engine.onSlotEnd(slot);
    }
  });
}

/** Builds the native benchmark; null where that cannot be done. */
async function nativeBench(): Promise<(() => Promise<Round>) | null> {
  const cwd = new URL("../../rustcore", import.meta.url);
  const args = ["--release", "--quiet", "--locked", "--example", "native_bench"];
  try {
    const { success } = await new Deno.Command("cargo", { args: ["build", ...args], cwd }).output();
    if (!success) return null;
  } catch {
    return null;
  }
  return async () => {
    const { stdout } = await new Deno.Command("cargo", { args: ["run", ...args], cwd }).output();
    return JSON.parse(new TextDecoder().decode(stdout));
  };
}

async function rustc(): Promise<string> {
  const { stdout } = await new Deno.Command("rustc", { args: ["--version"] }).output();
  return new TextDecoder().decode(stdout).trim();
}
