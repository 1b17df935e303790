// @ts-types="#types/std_assert.d.ts"
import { assertEquals } from "@std/assert";
import { codeOf, gateNamed, governorWith, LEFT_OUT, marketAnswer } from "../../tests/support/engine.ts";
import { deriveGate, type Gate, gateSince, type GateState, gateStateOf, worseGate } from "./gate.ts";
import { marketOf } from "./market.ts";
import { absent } from "./reason.ts";

const COMPUTE = marketOf("compute");
const AD = marketOf("ad");
const NOTHING = marketAnswer();

Deno.test("gateStateOf() translates every word of the contract, whatever its case and separators", () => {
  const words: Record<GateState, readonly string[]> = {
    open: ["active", "trade", "open", "Trade", "ACTIVE"],
    throttled: [
      "rehearsal",
      "observeonly",
      "ObserveOnly",
      "observe_only",
      "post-only",
      "PostOnly",
      "throttled",
      "shadow",
    ],
    closed: ["inactive", "closed", "halt", "Closed"],
    unknown: ["", "opened", "paused", "constructor", "toString", "__proto__", "hasOwnProperty", "123"],
  };
  for (const [state, spellings] of Object.entries(words)) {
    for (const word of spellings) assertEquals(gateStateOf(word), state, word);
  }
});

Deno.test("worseGate() puts closed before unknown before throttled before open, in both orders", () => {
  const order: readonly GateState[] = ["open", "throttled", "unknown", "closed"];
  for (const [i, a] of order.entries()) {
    for (const [j, b] of order.entries()) assertEquals(worseGate(a, b), order[Math.max(i, j)], `${a}, ${b}`);
  }
});

Deno.test("deriveGate() carries what the governor says about the market's gate", () => {
  const gate = deriveGate(
    COMPUTE,
    governorWith([
      gateNamed("storage", "inactive"),
      gateNamed("compute", "rehearsal", { enterStreak: 3, exitStreak: 1, lastTransitionHeight: 77 }),
    ]),
    NOTHING,
  );
  assertEquals(gate, {
    state: "throttled",
    nodeState: "rehearsal",
    gateName: "compute",
    reason: "compute is rehearsal",
    lastTransitionHeight: 77,
    enterStreak: 3,
    exitStreak: 1,
    streakRequired: 14,
  });
});

Deno.test("deriveGate() accepts the spellings of a gate's name and no other gate of the market", () => {
  for (const name of ["ad_targeting_contextual", "ad", "ad_market"]) {
    assertEquals(deriveGate(AD, governorWith([gateNamed(name, "active")]), NOTHING).state, "open", name);
  }
  const other = deriveGate(AD, governorWith([gateNamed("ad_targeting_presence", "active")]), NOTHING);
  assertEquals([other.state, codeOf(other.reason)], ["unknown", "NOT_OFFERED"]);
});

Deno.test("deriveGate() is unknown with the reason where the governor says nothing", () => {
  const silent = deriveGate(COMPUTE, absent("NODE_DOWN", "gone"), NOTHING);
  assertEquals([silent.state, codeOf(silent.nodeState), codeOf(silent.enterStreak)], [
    "unknown",
    "NODE_DOWN",
    "NODE_DOWN",
  ]);
  const disabled = deriveGate(COMPUTE, governorWith([], { enabled: false }), NOTHING);
  assertEquals([disabled.state, codeOf(disabled.nodeState), disabled.gateName], [
    "unknown",
    "DISABLED",
    "compute",
  ]);
});

Deno.test("deriveGate() takes the worse of the governor's gate and the ad market's readiness", () => {
  const cases: readonly [string, boolean, GateState][] = [
    ["active", true, "open"],
    ["active", false, "closed"],
    ["rehearsal", true, "throttled"],
    ["rehearsal", false, "closed"],
    ["inactive", true, "closed"],
    ["inactive", false, "closed"],
    ["surprise", true, "unknown"],
    ["surprise", false, "closed"],
  ];
  for (const [node, ready, expected] of cases) {
    const own = marketAnswer({ ready, readyReason: "too few viewers" });
    const gate = deriveGate(AD, governorWith([gateNamed(AD.gate, node)]), own);
    assertEquals(gate.state, expected, `${node}, ready ${ready}`);
    assertEquals(gate.nodeState, node);
    assertEquals(gate.reason, ready ? `${AD.gate} is ${node}` : "too few viewers", `${node}, ready ${ready}`);
  }
});

Deno.test("deriveGate() never opens an ad gate on readiness alone", () => {
  const disabled = governorWith([], { enabled: false });
  const ready = deriveGate(AD, disabled, marketAnswer({ ready: true, readyReason: "ready" }));
  assertEquals(ready.state, "unknown");
  const notReady = deriveGate(AD, disabled, marketAnswer({ ready: false, readyReason: "few hosts" }));
  assertEquals([notReady.state, notReady.nodeState, notReady.reason], ["closed", "not_ready", "few hosts"]);
});

const OPEN: Gate = {
  state: "open",
  nodeState: "active",
  gateName: "compute",
  reason: "fine",
  lastTransitionHeight: LEFT_OUT,
  enterStreak: LEFT_OUT,
  exitStreak: LEFT_OUT,
  streakRequired: LEFT_OUT,
};

Deno.test("gateSince() believes the node first, then what we watched", () => {
  const watched = { state: "open", sinceHeight: 40 } as const;
  assertEquals(gateSince({ ...OPEN, lastTransitionHeight: 12 }, watched), 12);
  assertEquals(gateSince({ ...OPEN, lastTransitionHeight: 0 }, undefined), 0);
  assertEquals(gateSince(OPEN, watched), 40);
});

Deno.test("gateSince() does not date a state by the change of another one", () => {
  const gone = { ...OPEN, state: "unknown" } as const;
  assertEquals(codeOf(gateSince(gone, { state: "open", sinceHeight: 40 })), "UNDEFINED");
});

Deno.test("gateSince() is unknown while the gate has not changed since we first saw it", () => {
  assertEquals(codeOf(gateSince(OPEN, { state: "open", sinceHeight: null })), "WARMING_UP");
  assertEquals(codeOf(gateSince(OPEN, undefined)), "WARMING_UP");
  assertEquals(codeOf(gateSince({ ...OPEN, state: "unknown" }, undefined)), "UNDEFINED");
});
