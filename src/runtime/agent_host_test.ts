// @ts-types="#types/std_assert.d.ts"
import { assert, assertEquals, assertRejects } from "@std/assert";
import { createView } from "../engine/trading/agents/view.ts";
import { type AgentAnswer, type AgentHost, MISSES_MAX, startAgent } from "./agent_host.ts";
import { systemClock } from "./clock.ts";

const FILES = new URL("../../tests/fixtures/agents/", import.meta.url);
const TEMPLATE = new URL("../engine/trading/agents/template.ts", import.meta.url);

/** Long enough for an honest agent on a busy machine. */
const PATIENT = { decisionMs: 20_000, startMs: 60_000 };

function start(file: string, decisionMs: number = PATIENT.decisionMs): Promise<AgentHost> {
  return startAgent({ clock: systemClock, url: new URL(file, FILES), ...PATIENT, decisionMs });
}

Deno.test("startAgent() runs a copy of the template from anywhere, and hands its memory on", async () => {
  const folder = await Deno.makeTempDir();
  const url = new URL(`file://${folder}/mine.ts`);
  await Deno.copyFile(TEMPLATE, url);
  const host = await startAgent({ clock: systemClock, url, ...PATIENT });
  const view = createView(["COMPUTE"]);
  const ask = async (from: AgentHost, price: number, memory: string | null): Promise<AgentAnswer> => {
    Object.assign(view, { equity: 1000, available: 1000, height: view.height + 1 });
    Object.assign(view.instruments[0]!, { price, tradable: true });
    return await from.ask({ view, parameters: {}, memory });
  };
  let again: AgentHost | undefined;
  try {
    assertEquals(host.card.name, "buy_the_dip");
    const memory = '{"high":100}';
    assertEquals(await ask(host, 100, null), { kind: "intents", intents: [], memory });
    again = await startAgent({ clock: systemClock, url, ...PATIENT });
    for (const each of [host, again]) {
      const answer = await ask(each, 90, memory);
      assert(answer.kind === "intents");
      assertEquals(answer.intents.map(({ side, qty, agent }) => [side, qty, agent]), [[
        "buy",
        2.222222,
        "buy_the_dip",
      ]]);
    }
    assertEquals(await ask(host, 90, null), { kind: "intents", intents: [], memory: '{"high":90}' });
  } finally {
    await host.close();
    await again?.close();
    await Deno.remove(folder, { recursive: true });
  }
  assertEquals((await ask(host, 90, null)).kind, "suspended");
});

Deno.test("startAgent() says why a file is no agent", async () => {
  await assertRejects(() => start("no_agent.ts"), Error, "hypothesis must be a text");
  await assertRejects(() => start("missing.ts"), Error, "Cannot start agent");
});

Deno.test("AgentHost takes parameters that the agent does not have as a miss", async () => {
  const host = await start("unruly.ts");
  try {
    const answer = await host.ask({ view: createView(), parameters: { deed: 99 }, memory: null });
    assertEquals(answer, { kind: "missed", reason: "deed must be a number within 0..9, found 99" });
  } finally {
    await host.close();
  }
});

for (
  const [deed, what, reason] of [
    [1, "loops", "did not decide|still busy"],
    [2, "throws", "I do not want to"],
    [3, "floods", "1000000 intents, at most 16"],
    [4, "talks nonsense", "qty must be a number"],
    [5, "eats memory", "did not decide|still busy|worker ended"],
    [6, "remembers too much", "memory has"],
  ] as const
) {
  Deno.test(`AgentHost suspends an agent that ${what}, after ${MISSES_MAX} misses`, async () => {
    const host = await start("unruly.ts", deed === 1 || deed === 5 ? 300 : PATIENT.decisionMs);
    try {
      const answers: AgentAnswer[] = [];
      const view = { ...createView(), height: 1 };
      for (let i = 0; i < MISSES_MAX + 1; i++) {
        answers.push(await host.ask({ view, parameters: { deed }, memory: null }));
      }
      assertEquals(answers.map(({ kind }) => kind), ["missed", "missed", "suspended", "suspended"]);
      for (const answer of answers) {
        assert("reason" in answer && new RegExp(reason).test(answer.reason), JSON.stringify(answer));
      }
      assert(host.suspended !== null);
    } finally {
      await host.close();
    }
  });
}
