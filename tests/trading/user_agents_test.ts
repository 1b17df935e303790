/** Agents of users beside the shipped ones: they trade, they are remembered, and they harm nobody. */
// @ts-types="#types/std_assert.d.ts"
import { assert, assertEquals, assertMatch, assertThrows } from "@std/assert";
import { encode } from "../../src/engine/codec.ts";
import { hashText } from "../../src/engine/hash.ts";
import { Random } from "../../src/engine/random.ts";
import { AGENTS } from "../../src/engine/trading/agents/registry.ts";
import type { AgentSettings } from "../../src/engine/trading/desk.ts";
import { systemClock } from "../../src/runtime/clock.ts";
import { loadUserAgents, type UserAgents } from "../../src/runtime/user_agents.ts";
import { Problem } from "../../src/server/problem.ts";
import type { RouteContext } from "../../src/server/router.ts";
import { tradingRoutes } from "../../src/server/routes/trading.ts";
import type { Services } from "../../src/server/services.ts";
import { silentLog } from "../../src/telemetry/log.ts";
import { inFolder } from "../support/store.ts";
import type { World } from "../truth/world.ts";
import { Books, reconcile } from "./desk_books.ts";
import { mine, openDesk } from "./desk_world.ts";

const ROOT = new URL("../../", import.meta.url);
const TEMPLATE = "src/engine/trading/agents/template.ts";
const UNRULY = "tests/fixtures/agents/unruly.ts";

/** Long enough for an honest agent on a busy machine. */
const PATIENT_MS = 20_000;

function load(files: readonly string[], decisionMs = PATIENT_MS): Promise<UserAgents> {
  return loadUserAgents({
    files,
    urlOf: (file) => new URL(file, ROOT),
    taken: AGENTS.map(({ name }) => name),
    clock: systemClock,
    log: silentLog(),
    decisionMs,
  });
}

async function withAgents(
  files: readonly string[],
  decisionMs: number,
  test: (folder: string, users: UserAgents) => Promise<void>,
): Promise<void> {
  const users = await load(files, decisionMs);
  try {
    await inFolder((folder) => test(folder, users));
  } finally {
    await Promise.all(users.agents.map((agent) => agent.close()));
  }
}

/** Sets one agent and leaves the others as they are. */
function set(world: World, name: string, settings: Partial<AgentSettings>): void {
  const { trading, loop } = world.life;
  const agents = { ...loop.state.desk.settings.agents };
  agents[name] = { enabled: true, share: 0.2, params: {}, ...agents[name], ...settings };
  trading.command({ type: "set", patch: { settings: { agents } } });
}

Deno.test("loadUserAgents() loads what it can, and says of the rest why not", async () => {
  const { agents, notLoaded } = await load([
    UNRULY,
    "tests/fixtures/agents/no_agent.ts",
    "tests/fixtures/agents/missing.ts",
    UNRULY,
    "src/engine/trading/agents/momentum.ts",
  ]);
  await Promise.all(agents.map((agent) => agent.close()));
  assertEquals(agents.map(({ card }) => card.name), ["unruly"]);
  assertEquals(notLoaded.map(({ file }) => file.replace(/.*\//, "")), [
    "no_agent.ts",
    "missing.ts",
    "unruly.ts",
    "momentum.ts",
  ]);
  assertMatch(notLoaded[0]!.reason, /hypothesis must be a text/);
  assertMatch(notLoaded[2]!.reason, /"unruly" is taken/);
});

Deno.test("a user's agent trades beside the shipped ones, and its memory outlives a crash", async () => {
  await withAgents([TEMPLATE], PATIENT_MS, async (folder, users) => {
    const world = await openDesk(folder, "stress", 1, users.agents);
    set(world, "buy_the_dip", { params: { dip_ratio: 0.01 } });
    await mine(world, 100, new Random("user", 1));
    const own = new Books(world).fills().filter(({ agent }) => agent === "buy_the_dip");
    assert(own.length > 0, "it has traded");
    world.life.loop.flush();
    const memory = world.life.loop.state.desk.memories.buy_the_dip;
    assert((memory as { high: number }).high > 0);
    world.crash();
    world.start();
    assertEquals(world.life.loop.state.desk.memories.buy_the_dip, memory);
    await mine(world, 20, new Random("user", 2));
    await reconcile(world);
    await world.stop();
  });
});

Deno.test("a user's agent that is switched off is not asked, and forgets", async () => {
  await withAgents([UNRULY], PATIENT_MS, async (folder, users) => {
    const world = await openDesk(folder, "calm", 1, users.agents);
    const random = new Random("off", 1);
    const asked = () =>
      (world.life.loop.state.desk.memories.unruly as { asked: number } | undefined)?.asked ?? null;
    set(world, "unruly", {});
    await mine(world, 5, random);
    assert(asked()! >= 5);
    set(world, "unruly", { enabled: false });
    assertEquals(asked(), null);
    await mine(world, 5, random);
    assertEquals(asked(), null);
    set(world, "unruly", { enabled: true });
    await mine(world, 2, random);
    assert(asked()! < 5);
    await world.stop();
  });
});

/** Trades with an unruly agent that misbehaves from a height on; null = it is off. */
async function tradeBeside(deed: number | null): Promise<{ readonly hash: string; readonly reason: string }> {
  let hash = "";
  let reason = "";
  // One that loops is waited for to the end of its time.
  await withAgents([UNRULY], deed === 1 ? 300 : PATIENT_MS, async (folder, users) => {
    const world = await openDesk(folder, "stress", 1, users.agents);
    if (deed !== null) set(world, "unruly", { params: { deed, from: 40 } });
    await mine(world, 60, new Random("beside", 1));
    const account = world.life.loop.state.desk.account!;
    const fills = new Books(world).fills();
    assert(fills.length > 5);
    assertEquals(account.suspended.map(({ agent }) => agent), deed === null ? [] : ["unruly"]);
    reason = account.suspended[0]?.reason ?? "";
    hash = hashText(encode([fills, { ...account, suspended: [] }]));
    if (deed === 2) await readmit(world);
    await world.stop();
  });
  return { hash, reason };
}

/** Switched off and on again it is asked anew, in a new worker, until it misses too often again. */
async function readmit(world: World): Promise<void> {
  const { desk } = world.life.loop.state;
  set(world, "unruly", { enabled: false });
  set(world, "unruly", { enabled: true, params: {} });
  assertEquals(desk.account!.suspended, []);
  await mine(world, 5, new Random("readmitted", 1));
  assert((desk.memories.unruly as { asked: number }).asked > 0);
  assertEquals(desk.account!.suspended, []);
}

Deno.test("a user's agent that loops, throws or floods is suspended, and the others' fills are what they were", async () => {
  const quiet = await tradeBeside(null);
  for (
    const [deed, reason] of [[1, /not decide|still busy/], [2, /I do not want to/], [
      3,
      /1000000 intents/,
    ]] as const
  ) {
    const beside = await tradeBeside(deed);
    assertMatch(beside.reason, reason);
    assertEquals(beside.hash, quiet.hash, `deed ${deed}`);
  }
});

Deno.test("POST /state takes the settings of an agent whose file is gone back as they were read, or switched off", async () => {
  await inFolder(async (folder) => {
    const world = await openDesk(folder, "calm");
    set(world, "gone", { params: { deed: 1 } });
    const { loop, store, trading } = world.life;
    const services = {
      state: () => loop.state,
      queries: () => store,
      source: () => "simulated",
      trading,
      clock: world.clock,
    } as unknown as Services;
    const route = tradingRoutes(services).find(({ method, path }) => method === "POST" && path === "/state")!;
    const post = (gone: unknown) => {
      const agents = { ...loop.state.desk.settings.agents, gone };
      const body = { settings: { agents } };
      return route.handle!({ body, scopes: new Set(["trade"]) } as unknown as RouteContext);
    };
    const before = loop.state.desk.settings.agents.gone!;
    await post(before);
    assertEquals(loop.state.desk.settings.agents.gone, before);
    assertThrows(() => post({ ...before, params: { deed: 2 } }), Problem, "the agent is not loaded");
    await post({ enabled: false });
    assertEquals(loop.state.desk.settings.agents.gone, { ...before, enabled: false });
    await world.stop();
  });
});
