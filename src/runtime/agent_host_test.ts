// @ts-types="#types/std_assert.d.ts"
import { assert, assertEquals, assertRejects } from "@std/assert";
import { Desk, hashOf, rulesWith } from "../../tests/support/trading.ts";
import { openAccount, suspendAgent } from "../engine/trading/account.ts";
import { momentum } from "../engine/trading/agents/momentum.ts";
import { resolveParameters } from "../engine/trading/agents/agent.ts";
import { createView, refreshView } from "../engine/trading/agents/view.ts";
import { type AgentAnswer, type AgentHost, MISSES_MAX, startAgent } from "./agent_host.ts";
import { systemClock } from "./clock.ts";

const FILES = new URL("../../tests/fixtures/agents/", import.meta.url);
const TEMPLATE = new URL("../engine/trading/agents/template.ts", import.meta.url);

/** Long enough for an honest agent on a busy machine. */
const PATIENT = { decisionMs: 20_000, startMs: 60_000 };

function start(
  file: string,
  options: { deed?: number; from?: number; decisionMs?: number } = {},
): Promise<AgentHost> {
  const { deed, from, decisionMs = PATIENT.decisionMs } = options;
  const parameters = { ...deed === undefined ? {} : { deed }, ...from === undefined ? {} : { from } };
  return startAgent({ clock: systemClock, url: new URL(file, FILES), parameters, ...PATIENT, decisionMs });
}

Deno.test("startAgent() runs a copy of the template from anywhere, and hands its memory on", async () => {
  const folder = await Deno.makeTempDir();
  const url = new URL(`file://${folder}/mine.ts`);
  await Deno.copyFile(TEMPLATE, url);
  const host = await startAgent({ clock: systemClock, url, ...PATIENT });
  const view = createView(["COMPUTE"]);
  const ask = async (from: AgentHost, price: number): Promise<AgentAnswer> => {
    Object.assign(view, { equity: 1000, available: 1000, height: view.height + 1 });
    Object.assign(view.instruments[0]!, { price, tradable: true });
    return await from.ask(view);
  };
  let again: AgentHost | undefined;
  try {
    assertEquals(host.card.name, "buy_the_dip");
    assertEquals(await ask(host, 100), { kind: "intents", intents: [] });
    assertEquals(host.memory, '{"high":100}');
    again = await startAgent({ clock: systemClock, url, memory: host.memory, ...PATIENT });
    for (const each of [host, again]) {
      const answer = await ask(each, 90);
      assert(answer.kind === "intents");
      assertEquals(answer.intents.map(({ side, qty, agent }) => [side, qty, agent]), [[
        "buy",
        2.222222,
        "buy_the_dip",
      ]]);
    }
  } finally {
    await host.close();
    await again?.close();
    await Deno.remove(folder, { recursive: true });
  }
  assertEquals((await ask(host, 90)).kind, "suspended");
});

Deno.test("startAgent() says why a file is no agent", async () => {
  await assertRejects(() => start("no_agent.ts"), Error, "hypothesis must be a text");
  await assertRejects(() => start("missing.ts"), Error, "Cannot start agent");
  await assertRejects(
    () => start("unruly.ts", { deed: 99 }),
    Error,
    "deed must be a number within 0..9, found 99",
  );
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
    const host = await start("unruly.ts", {
      deed,
      decisionMs: deed === 1 || deed === 5 ? 300 : PATIENT.decisionMs,
    });
    try {
      const answers: AgentAnswer[] = [];
      const view = { ...createView(), height: 1 };
      for (let i = 0; i < MISSES_MAX + 1; i++) answers.push(await host.ask(view));
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

Deno.test("a suspended agent changes nobody else's fills", async () => {
  const hashes: string[] = [];
  for (const deed of [null, 2, 3]) {
    const host = deed === null ? null : await start("unruly.ts", { deed, from: 5 });
    const rules = rulesWith({ fees: { ratio: 0.001 } });
    const desk = new Desk(openAccount(10_000, rules, "agents"), rules);
    const { parameters } = resolveParameters(momentum, {});
    const memory = momentum.memory(parameters);
    const view = createView(["COMPUTE"]);
    try {
      for (let i = 0; i < 40; i++) {
        desk.tick({ COMPUTE: 100 + i % 7 });
        refreshView(view, desk.account, rules, "momentum", null);
        for (const intent of momentum.decide(view, parameters, memory)) {
          desk.order({ ...intent, agent: "momentum" });
        }
        const answer = host === null || host.suspended !== null ? null : await host.ask(view);
        if (answer?.kind === "suspended") suspendAgent(desk.account, "unruly", answer.reason, i, desk.seen);
      }
    } finally {
      await host?.close();
    }
    assertEquals(desk.account.suspended.map(({ agent }) => agent), deed === null ? [] : ["unruly"]);
    assert(desk.seen.fills.length > 4);
    desk.account.suspended.length = 0;
    hashes.push(hashOf(desk.account));
  }
  assertEquals(new Set(hashes).size, 1);
});
