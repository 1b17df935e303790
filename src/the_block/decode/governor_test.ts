// @ts-types="#types/std_assert.d.ts"
import { assertEquals, assertThrows } from "@std/assert";
import { plain, recorded } from "../../../tests/support/fixtures.ts";
import { NodeError } from "../errors.ts";
import { fieldOf } from "./field.ts";
import { decodeGovernor } from "./governor.ts";

Deno.test("decodeGovernor() reads the live node's disabled governor", () => {
  assertEquals(plain(decodeGovernor(recorded("governor.status", "disabled"))), {
    enabled: false,
    epoch: "!DISABLED",
    shadowOnly: "!DISABLED",
    gates: [],
    economics: {},
    epochTxCount: "!DISABLED",
    pendingDecisions: 0,
  });
});

Deno.test("decodeGovernor() reads the live node's enabled governor", () => {
  const gate = { lastTransitionHeight: "!NOT_OFFERED", streakRequired: 1, exitStreak: 0, enterStreak: 0 };
  assertEquals(plain(decodeGovernor(recorded("governor.status", "enabled"))), {
    enabled: true,
    epoch: 2,
    shadowOnly: false,
    gates: [
      {
        ...gate,
        name: "energy",
        state: "inactive",
        reason: "energy util=0.0000 margin=0.5000",
        exitStreak: 2,
      },
      {
        ...gate,
        name: "ad_targeting_contextual",
        state: "inactive",
        reason: "the governor gives no reason",
      },
      {
        ...gate,
        name: "operational",
        state: "active",
        reason: "smooth=0.2742/0.3063 slope=0.0000 peer=0.0000/0.0000 replay=1.0000",
        enterStreak: 2,
        streakRequired: "!NOT_OFFERED",
      },
    ],
    economics: {
      storage: { utilizationPpm: 0, providerMarginPpm: 500_000 },
      compute: { utilizationPpm: 0, providerMarginPpm: 500_000 },
      energy: { utilizationPpm: 0, providerMarginPpm: 500_000 },
      ad: { utilizationPpm: 0, providerMarginPpm: 600_000 },
    },
    epochTxCount: 3,
    pendingDecisions: 1,
  });
});

Deno.test("decodeGovernor() reads gates as a map by name, and leaves unknown markets out", () => {
  const none = { enterStreak: "!NOT_OFFERED", exitStreak: "!NOT_OFFERED", streakRequired: "!NOT_OFFERED" };
  const governor = decodeGovernor(recorded("governor.status", "map"));
  assertEquals(plain(governor.gates), [
    { ...none, name: "compute_market", state: "Trade", reason: "fine", lastTransitionHeight: 120 },
    {
      ...none,
      name: "ad_market",
      state: "ObserveOnly",
      reason: "!NOT_OFFERED",
      lastTransitionHeight: "!NOT_OFFERED",
    },
  ]);
  assertEquals([governor.economics, governor.enabled, governor.pendingDecisions], [{}, true, 0]);
  assertEquals(plain(governor.epochTxCount), "!NOT_OFFERED");
});

Deno.test("decodeGovernor() refuses gates without a name or a state, naming the path", () => {
  const cases = [
    [{ gates: [{ state: "active" }] }, 'result.gates[0] must have a field "name"'],
    [{ gates: [{ name: "a" }] }, 'result.gates[0] must have a field "state"'],
    [{ gates: { a: { state: 5 } } }, "result.gates.a.state must be a text"],
    [
      { gates: [], economics_prev_market_metrics: [{ market: "ad", utilization_ppm: "1" }] },
      "utilization_ppm",
    ],
  ] as const;
  for (const [result, message] of cases) {
    assertThrows(() => decodeGovernor(fieldOf("governor.status", result)), NodeError, message);
  }
});
