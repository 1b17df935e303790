// @ts-types="#types/std_assert.d.ts"
import { assertEquals, assertGreater } from "@std/assert";
import { Random } from "../../engine/random.ts";
import { SimulatedChain } from "../chain.ts";
import { writeJson } from "../json.ts";
import { DIALECTS, SCENARIO_NAMES } from "../scenario.ts";
import { type MethodTable, RpcError } from "./common.ts";
import { LIVE_METHODS } from "./live.ts";
import { README_METHODS } from "./readme.ts";

const TIP_MAX = 5_000;
const PAIRS = 50;
const TABLES: Readonly<Record<string, MethodTable>> = { readme: README_METHODS, live: LIVE_METHODS };

interface Question {
  readonly method: string;
  readonly tip: number;
  readonly params: Record<string, unknown>;
}

function ask(chain: SimulatedChain, { method, tip, params }: Question, callNumber = 0): string {
  try {
    return writeJson(TABLES[chain.dialect]!.get(method)!(params, chain.viewAt(tip), { callNumber }));
  } catch (error) {
    if (error instanceof RpcError) return `${error.code} ${error.message}`;
    throw error;
  }
}

function questions(chain: SimulatedChain, random: Random, count: number): Question[] {
  const methods = [...TABLES[chain.dialect]!.keys()];
  return Array.from({ length: count }, () => {
    const tip = random.integer(0, TIP_MAX);
    const low = Math.max(0, tip - random.integer(0, 60));
    return {
      method: random.pick(methods),
      tip,
      params: {
        start: low,
        start_height: low,
        from: low,
        to: tip,
        limit: random.integer(1, 40),
        page: random.integer(0, 3),
        lane: random.pick(["consumer", "industrial"]),
        address: random.pick([chain.identities.address, chain.identities.miner]),
      },
    };
  });
}

Deno.test("every answer is the same bytes in any order of access and from any instance", () => {
  for (const scenario of SCENARIO_NAMES) {
    for (const dialect of DIALECTS) {
      const options = { seed: 11, scenario, dialect };
      const random = new Random("questions", scenario, dialect);
      const asked = questions(new SimulatedChain(options), random, PAIRS);
      const jumping = new SimulatedChain(options);
      const jumped = new Map(asked.map((question) => [question, ask(jumping, question)]));
      const walking = new SimulatedChain(options);
      const ordered = [...asked].sort((a, b) => a.tip - b.tip);
      for (const [i, question] of ordered.entries()) {
        const where = `${scenario} ${dialect} ${question.method} at ${question.tip}`;
        assertEquals(ask(walking, question), jumped.get(question), where);
        if (i % 4 !== 0) continue; // A new instance is slow: it has to walk to the tip first.
        assertEquals(
          ask(new SimulatedChain(options), question),
          jumped.get(question),
          `${where}, fresh instance`,
        );
      }
    }
  }
});

Deno.test("every method answers at genesis, at every kind of tip and without parameters", () => {
  for (const scenario of SCENARIO_NAMES) {
    for (const dialect of DIALECTS) {
      const chain = new SimulatedChain({ seed: 12, scenario, dialect });
      for (const method of TABLES[dialect]!.keys()) {
        for (const tip of [0, 1, 2, 119, 120, 150, 299]) {
          const answer = ask(chain, { method, tip, params: {} });
          assertEquals(answer.includes("NaN") || answer.includes("undefined"), false, `${method} at ${tip}`);
          assertGreater(answer.length, 1, `${scenario} ${dialect} ${method} at ${tip}: ${answer}`);
        }
      }
    }
  }
});

Deno.test("governor.status shuffles its gates by the number of the call alone", () => {
  for (const dialect of DIALECTS) {
    const chain = new SimulatedChain({ seed: 1, scenario: "calm", dialect });
    const order = (callNumber: number) => {
      const body = JSON.parse(ask(chain, { method: "governor.status", tip: 300, params: {} }, callNumber));
      return body.gates.map((gate: { name: string }) => gate.name).join();
    };
    assertEquals(order(3), order(3));
    const orders = new Set(Array.from({ length: 20 }, (_, call) => order(call)));
    assertGreater(orders.size, 15);
    assertEquals(new Set([...orders].map((names) => names.split(",").sort().join())).size, 1);
  }
});

Deno.test("governor.status of outage shuts compute and storage in the window and says since when", () => {
  const chain = new SimulatedChain({ seed: 1, scenario: "outage", dialect: "readme" });
  const states = (tip: number) => {
    const { gates } = JSON.parse(ask(chain, { method: "governor.status", tip, params: {} }));
    return Object.fromEntries(
      gates.map((gate: Record<string, unknown>) => [gate.name, [gate.state, gate.last_transition_height]]),
    );
  };
  assertEquals(states(119).compute, ["trade", 0]);
  assertEquals(states(130).compute, ["inactive", 120]);
  assertEquals(states(130).storage, ["inactive", 120]);
  assertEquals(states(130).energy, ["trade", 0]);
  assertEquals(states(185).compute, ["trade", 180]);
});

Deno.test("governor.status of throttled-ads climbs to 13 of 14 and resets", () => {
  const chain = new SimulatedChain({ seed: 1, scenario: "throttled-ads", dialect: "live" });
  const streaks = Array.from({ length: 300 }, (_, tip) => {
    const { gates } = JSON.parse(ask(chain, { method: "governor.status", tip, params: {} }));
    const gate = gates.find((row: { name: string }) => row.name === "ad_targeting_contextual");
    assertEquals(gate.state, "rehearsal");
    return gate.enter_streak as number;
  });
  assertEquals(Math.max(...streaks), 13);
  assertEquals(streaks.filter((streak, tip) => tip > 0 && streak < streaks[tip - 1]!).length, 2);
});

Deno.test("mempool.stats of fee-spike holds 15 times as much at 20 times the fee in the window", () => {
  for (const dialect of DIALECTS) {
    const spiking = new SimulatedChain({ seed: 1, scenario: "fee-spike", dialect });
    const calm = new SimulatedChain({ seed: 1, scenario: "calm", dialect });
    for (const lane of ["consumer", "industrial"]) {
      const question = { method: "mempool.stats", tip: 110, params: { lane } };
      const [high, low] = [JSON.parse(ask(spiking, question)), JSON.parse(ask(calm, question))];
      assertEquals([high.size / low.size, high.fee_p50 / low.fee_p50], [15, 20]);
      const before = { ...question, tip: 90 };
      assertEquals(JSON.parse(ask(spiking, before)).size, JSON.parse(ask(calm, before)).size);
    }
  }
});
