// @ts-types="#types/std_assert.d.ts"
import { assert, assertEquals } from "@std/assert";
import { median } from "../../src/engine/statistics.ts";
import { systemClock } from "../../src/runtime/clock.ts";
import { type Child, startChild } from "../support/child.ts";
import { stalledClient } from "./stalled_client.ts";

const SOAK = Deno.env.get("BB_SOAK") === "1";
const CLIENTS = 200;
const STALLED = 20;
const ROUNDS = 5;
const ROUND_S = Number(Deno.env.get("BB_ROUND_S") ?? 15);
const P99_RATIO_MAX = 1.5;
/** Below this both figures are the resolution of the clock. */
const P99_MS_FLOOR = 5;
/** At this height every window of the state is full: what memory grows by from here on is not the chain's. */
const WINDOWS_FULL_HEIGHT = 900;
const RSS_GROWTH_MAX = 20 * 1024 * 1024;
const EXIT_MS_MAX = 6_000;

interface Load {
  readonly frames: number;
  readonly p50: number;
  readonly p99: number;
  readonly closed: number;
}

async function withServer(test: (port: number, child: Child) => Promise<void>): Promise<void> {
  const dataDir = await Deno.makeTempDir({ prefix: "bb-slow-" });
  const script = new URL("./main_with_gc.ts", import.meta.url).href;
  const args = ["start", "--simulate", "--speed", "5", "--data-dir", dataDir, "--port", "0"];
  const child = startChild(args, {}, ["--v8-flags=--expose-gc", script]);
  try {
    const listening = await child.line("server.listening");
    if (!listening) throw new Error(await child.errors);
    await child.line("server.ready");
    await test(Number(new URL(listening.url as string).port), child);
  } finally {
    child.kill("SIGKILL");
    await child.ended;
    await Deno.remove(dataDir, { recursive: true });
  }
}

async function load(port: number, healthy: number, stalled: number): Promise<Load> {
  const script = new URL("./ws_load.ts", import.meta.url).href;
  const { stdout, stderr, success } = await new Deno.Command(Deno.execPath(), {
    args: ["run", "-A", script, String(port), String(healthy), String(stalled), String(ROUND_S)],
  }).output();
  if (!success) throw new Error(new TextDecoder().decode(stderr));
  return JSON.parse(new TextDecoder().decode(stdout)) as Load;
}

/** Sum of a metric over its labels. */
async function metric(port: number, name: string): Promise<number> {
  const text = await (await fetch(`http://127.0.0.1:${port}/metrics`)).text();
  return text.split("\n").filter((line) => line.startsWith(`${name} `) || line.startsWith(`${name}{`))
    .reduce((sum, line) => sum + Number(line.slice(line.lastIndexOf(" "))), 0);
}

/** Resident memory when garbage has been collected; the smallest of some samples. */
async function settledRss(port: number, child: Child): Promise<number> {
  const samples: number[] = [];
  for (let i = 0; i < 8; i++) {
    child.kill("SIGUSR2");
    await systemClock.sleep(1_000);
    samples.push(await metric(port, "bb_process_resident_bytes"));
  }
  return Math.min(...samples);
}

Deno.test({
  name: `Hub serves ${CLIENTS - STALLED} clients as fast beside ${STALLED} that stopped reading`,
  ignore: !SOAK,
  fn: async () => {
    await withServer(async (port, child) => {
      await load(port, CLIENTS, STALLED); // Warms both up.
      while (await metric(port, "bb_block_height") < WINDOWS_FULL_HEIGHT) await systemClock.sleep(1_000);
      const calmRss = await settledRss(port, child);
      const ratios: number[] = [];
      const evictedBefore = await metric(port, "bb_ws_clients_evicted_total");
      for (let round = 0; round < ROUNDS; round++) {
        const without = await load(port, CLIENTS, 0);
        const beside = await load(port, CLIENTS - STALLED, STALLED);
        assertEquals([without.closed, beside.closed], [0, 0], "a healthy client was cut off");
        ratios.push(Math.max(P99_MS_FLOOR, beside.p99) / Math.max(P99_MS_FLOOR, without.p99));
        // deno-lint-ignore no-console -- the figures are what this is run for
        console.log(
          `  round ${round}: p99 ${without.p99} ms without, ${beside.p99} ms beside (${beside.frames} frames)`,
        );
      }
      const evicted = await metric(port, "bb_ws_clients_evicted_total") - evictedBefore;
      const growth = await settledRss(port, child) - calmRss;
      // deno-lint-ignore no-console -- the figures are what this is run for
      console.log(
        `  median p99 ratio ${median(ratios)!.toFixed(2)}, ${evicted} evicted, memory ${
          (growth / 1_048_576).toFixed(1)
        } MiB`,
      );
      assertEquals(evicted, ROUNDS * STALLED);
      assert(median(ratios)! <= P99_RATIO_MAX, `the p99 grew by ${median(ratios)}`);
      assert(growth <= RSS_GROWTH_MAX, `memory grew by ${growth} bytes`);
    });
  },
});

for (const waitMs of [500, 5_000]) {
  Deno.test({
    name: `main.ts start ends with 0 in time after SIGTERM, ${waitMs} ms after a client jammed`,
    ignore: !SOAK,
    fn: async () => {
      await withServer(async (port, child) => {
        const jammed = [await stalledClient(port), await stalledClient(port)];
        await systemClock.sleep(waitMs);
        const beganMs = systemClock.monotonicMs();
        child.kill("SIGTERM");
        assertEquals(await child.ended, 0, JSON.stringify(child.lines.slice(-3)));
        const ms = systemClock.monotonicMs() - beganMs;
        for (const connection of jammed) connection.close();
        // deno-lint-ignore no-console -- the figures are what this is run for
        console.log(`  ended after ${Math.round(ms)} ms`);
        assert(ms <= EXIT_MS_MAX, `it took ${ms} ms`);
      });
    },
  });
}
