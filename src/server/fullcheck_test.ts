// @ts-types="#types/std_assert.d.ts"
import { assertEquals, assertThrows } from "@std/assert";
import { Core } from "../engine/core.ts";
import { absent, type Known } from "../engine/reason.ts";
import { ManualClock } from "../runtime/clock.ts";
import type { DomainRecord } from "../runtime/ports/domain_lookup.ts";
import { readFullcheckRequest, runFullcheck } from "./fullcheck.ts";
import { Problem } from "./problem.ts";
import { replyBody } from "./reply.ts";

const SHA = "ab".repeat(32);
const NO_DOMAINS = { lookup: () => Promise.resolve(absent("NOT_OFFERED", "no names here")) };

interface Result {
  readonly summary_score: number;
  readonly steps: readonly { id: string; status: string; data: Record<string, unknown> }[];
}

async function check(
  core: Core,
  body: unknown,
  lookup: (name: string) => Promise<Known<DomainRecord>> = NO_DOMAINS.lookup,
): Promise<Result> {
  const clock = new ManualClock();
  const result = await runFullcheck(core.state, readFullcheckRequest(body), { lookup }, clock);
  return replyBody(result, { source: "engine", asOfMs: clock.nowMs() }) as unknown as Result;
}

function newCore(): Core {
  return new Core({ finalityDepth: 32, enabled: { compute: true, storage: true, energy: true, ad: true } });
}

function statuses({ steps }: Result): Record<string, string> {
  return Object.fromEntries(steps.map(({ id, status }) => [id, status]));
}

Deno.test("readFullcheckRequest() fills in what is not given", () => {
  assertEquals(readFullcheckRequest({}), { domain: null, file: null, durationEpochs: 8, dryRun: false });
  assertEquals(
    readFullcheckRequest({
      domain: "shop.block",
      file: { name: "a.txt", size_bytes: 12, sha256: SHA, preview_only: true },
      storage_duration_epochs: 20,
      storage_dry_run: true,
    }),
    {
      domain: "shop.block",
      file: { name: "a.txt", sizeBytes: 12, sha256: SHA },
      durationEpochs: 20,
      dryRun: true,
    },
  );
});

Deno.test("readFullcheckRequest() names every field that is wrong", () => {
  const fieldsOf = (body: unknown) => {
    const problem = assertThrows(() => readFullcheckRequest(body), Problem);
    assertEquals(problem.status, 422);
    return [...new Set(problem.errors.map(({ field }) => field))];
  };
  for (const body of [null, [], "text", 5, true]) assertEquals(fieldsOf(body), ["body"]);
  assertEquals(fieldsOf({ nonsense: 1, constructor: 2 }), ["nonsense", "constructor"]);
  for (const domain of [5, "has space.block", "a/b.block", "x".repeat(254), "ümlaut.block", {}]) {
    assertEquals(fieldsOf({ domain }), ["domain"], String(domain).slice(0, 20));
  }
  assertEquals(fieldsOf({ file: { name: "\0", size_bytes: -1, sha256: "xyz", path: "/etc" } }), [
    "path",
    "file.name",
    "file.sha256",
    "file.size_bytes",
  ]);
  assertEquals(fieldsOf({ file: "a" })[0], "file");
  assertEquals(fieldsOf({ storage_duration_epochs: 1.5, storage_dry_run: "yes" }), [
    "storage_duration_epochs",
    "storage_dry_run",
  ]);
});

Deno.test("runFullcheck() without a node finds errors, not zeros", async () => {
  const result = await check(newCore(), {});
  assertEquals(statuses(result), {
    consensus: "error",
    peers: "error",
    markets: "error",
    scheduler: "error",
    receipts: "warn",
    storage_probe: "warn",
    domain_probe: "skipped",
  });
  assertEquals(result.summary_score, 100 - 4 * 15 - 2 * 7);
  assertEquals(result.steps[0]!.data, { block_height: null, finalized_height: null, finality_lag: null });
});

Deno.test("runFullcheck() grades peers and queue by the documented limits", async () => {
  const core = newCore();
  core.apply({ kind: "link", atMs: 1, up: true, reason: null });
  const grade = async (peers: number, queue: number) => {
    const none = absent("NOT_OFFERED", "no");
    core.apply({
      kind: "observed",
      of: "overlay",
      atMs: 2,
      ttlMs: 9,
      value: { activePeers: peers, persistedPeers: none, backend: none },
    });
    core.apply({
      kind: "observed",
      of: "scheduler",
      atMs: 2,
      ttlMs: 9,
      value: {
        queueDepth: queue,
        activeJobs: none,
        queuedHigh: none,
        queuedNormal: none,
        queuedLow: none,
        averageWaitMs: none,
        processedPerBlock: none,
        throughput: none,
        completedTotal: none,
      },
    });
    const { peers: peerStatus, scheduler } = statuses(await check(core, {}));
    return [peerStatus, scheduler];
  };
  assertEquals(await grade(20, 99), ["ok", "ok"]);
  assertEquals(await grade(19, 100), ["warn", "warn"]);
  assertEquals(await grade(5, 499), ["warn", "warn"]);
  assertEquals(await grade(4, 500), ["error", "error"]);
});

Deno.test("runFullcheck() grades a name by its record and survives a look-up that throws", async () => {
  const domain = async (name: string, answer: () => Promise<Known<DomainRecord>>) =>
    statuses(await check(newCore(), { domain: name }, answer)).domain_probe;
  const record = (verified: boolean, found: boolean) => () => Promise.resolve({ verified, found });
  assertEquals(await domain("a.block", record(true, true)), "ok");
  assertEquals(await domain("a.block", record(false, true)), "warn");
  assertEquals(await domain("a.block", record(false, false)), "error");
  assertEquals(await domain("a.com", record(true, true)), "warn", "not a name of the chain");
  assertEquals(await domain("a.block", NO_DOMAINS.lookup), "skipped", "not offered is no fault");
  assertEquals(
    await domain("a.block", () => Promise.resolve(absent("NODE_DOWN", "gone"))),
    "error",
  );
  assertEquals(await domain("a.block", () => Promise.reject(new Error("boom"))), "error");
});

Deno.test("runFullcheck() previews a contract and says that nothing was written", async () => {
  const { steps } = await check(newCore(), {
    file: { name: "a.txt", size_bytes: 5, sha256: SHA.toUpperCase() },
    storage_dry_run: true,
  });
  const { data } = steps.find(({ id }) => id === "storage_probe")!;
  assertEquals([data.written, data.dry_run], [false, true]);
  assertEquals(data.preview_contract, {
    file_id: SHA.slice(0, 16),
    name: "a.txt",
    size_bytes: 5,
    duration_epochs: 8,
  });
});
