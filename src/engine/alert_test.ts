// @ts-types="#types/std_assert.d.ts"
import { assert, assertEquals, assertMatch } from "@std/assert";
import { blocksUpTo, coreWith, gateNamed, governorWith, observed, T0 } from "../../tests/support/engine.ts";
import { type Alert, ALERT_RULES, type AlertAmbient, beginAlerts, openAlerts, testRules } from "./alert.ts";
import type { Core } from "./core.ts";
import { MARKETS } from "./market.ts";
import { type AccountState, emergencyStop, suspendAgent } from "./trading/account.ts";
import { DEFAULT_RULES } from "./trading/rules.ts";

function ambient(nowMs: number, store: Partial<AlertAmbient["store"]> = {}): AlertAmbient {
  return { nowMs, store: { error: null, bytes: 0, bytesMax: 1_000, ...store }, notLoaded: [] };
}

const healthy = () => coreWith(blocksUpTo(3));

/** Rules that are open after a core has been in this state for a minute, tested every second. */
function openAfterMinute(
  core: Core,
  store: Partial<AlertAmbient["store"]> = {},
  notLoaded: AlertAmbient["notLoaded"] = [],
): readonly string[] {
  const alerts = beginAlerts();
  for (let s = 0; s <= 60; s++) {
    testRules(alerts, core.state, { ...ambient(core.state.nowMs + 1_000 * s, store), notLoaded });
  }
  return openAlerts(alerts).map(({ rule }) => rule);
}

Deno.test("testRules() finds nothing wrong with a chain that grows", () => {
  const alerts = beginAlerts();
  assertEquals(testRules(alerts, healthy().state, ambient(T0 + 3_000)), []);
});

Deno.test("testRules() raises each rule for its own cause", () => {
  const rules = new Set<string>();
  const expect = (rule: string, core: Core, store: Partial<AlertAmbient["store"]> = {}) => {
    const open = openAfterMinute(core, store);
    assert(open.includes(rule), `${rule} is not among ${open}`);
    rules.add(rule);
  };
  const down = healthy();
  down.apply({ kind: "link", atMs: T0 + 4_000, up: false, reason: "connection refused" });
  expect("node_unreachable", down);
  const halted = healthy();
  halted.apply({ kind: "halt", atMs: T0 + 4_000, reason: "too deep" });
  expect("chain_halted", halted);
  const banned = healthy();
  banned.apply({ kind: "ban", atMs: T0 + 4_000, untilMs: T0 + 10_000_000 });
  expect("node_banned", banned);
  const stalled = healthy();
  stalled.apply(observed("head", { height: 3 } as never, T0 + 120_000));
  expect("chain_stalled", stalled);
  expect("store_error", healthy(), { error: "no space left" });
  expect("disk_low", healthy(), { bytes: 901 });
  for (const { id, gate } of MARKETS) {
    const core = healthy();
    core.apply(observed("governor", governorWith([gateNamed(gate, "closed")])));
    expect(`gate_closed_${id}`, core);
  }
  const lag = coreWith(blocksUpTo(60));
  lag.apply(observed("finality", { finalizedHeight: 5 } as never, T0 + 60_000));
  expect("finality_lag", lag);
  const desk = (change: (account: AccountState) => void) => {
    const core = healthy();
    core.apply({
      kind: "desk",
      atMs: T0,
      command: { type: "configure", rules: DEFAULT_RULES, capital: 1_000 },
    });
    change(core.state.desk.account!);
    return core;
  };
  const lock = {
    id: "l",
    protection: "cooldown",
    reason: "a trade was closed",
    sinceMs: T0,
    untilMs: T0 + 1e9,
  };
  expect("trading_halted", desk((account) => emergencyStop(account, "test", T0)));
  expect("trading_reducing", desk((account) => account.locks.push({ ...lock, token: null })));
  expect("instrument_locked", desk((account) => account.locks.push({ ...lock, token: "AD" })));
  expect("agent_suspended", desk((account) => suspendAgent(account, "momentum", "it threw", T0)));
  const broken = [{ file: "mine.ts", reason: "it is no agent" }];
  assert(openAfterMinute(healthy(), {}, broken).includes("agent_not_loaded"));
  rules.add("agent_not_loaded");
  assertEquals([...rules].sort(), ALERT_RULES.map(({ id }) => id).sort(), "a rule without a cause here");
});

Deno.test("testRules() does not call a node unreachable that has banned us", () => {
  const core = healthy();
  core.apply({ kind: "ban", atMs: T0 + 4_000, untilMs: T0 + 10_000_000 });
  core.apply({ kind: "link", atMs: T0 + 4_000, up: false, reason: "banned" });
  assertEquals(openAfterMinute(core), ["node_banned"]);
});

Deno.test("disk_low and store_error stay silent where nothing is known of the disk", () => {
  assertEquals(openAfterMinute(healthy(), { bytes: null }), []);
  assertEquals(openAfterMinute(healthy(), { bytes: 900 }), []);
});

Deno.test("testRules() makes one raise and one resolution of a cause that flaps twenty times a minute", () => {
  for (const rule of ALERT_RULES.filter(({ resolveAfterMs }) => resolveAfterMs >= 5_000)) {
    const alerts = beginAlerts();
    const bad = { error: "full", bytes: 1_000 };
    const changed: Alert[] = [];
    if (rule.id !== "store_error" && rule.id !== "disk_low") continue;
    for (let s = 0; s < 120; s++) {
      const isBad = s < 60 && s % 3 !== 2;
      changed.push(
        ...testRules(alerts, healthy().state, ambient(T0 + 3_000 + 1_000 * s, isBad ? bad : {}))
          .filter((alert) => alert.rule === rule.id),
      );
    }
    assertEquals(changed.map(({ resolvedMs }) => resolvedMs === null), [true, false], rule.id);
    assertEquals(changed[0]!.id, changed[1]!.id);
  }
});

Deno.test("testRules() waits as long as the rule says before it raises, without a break", () => {
  const alerts = beginAlerts();
  const core = healthy();
  core.apply({ kind: "link", atMs: T0 + 4_000, up: false, reason: "gone" });
  const at = (ms: number) => testRules(alerts, core.state, ambient(T0 + 4_000 + ms)).map(({ rule }) => rule);
  assertEquals([at(0), at(2_999)], [[], []]);
  assertEquals(at(3_000), ["node_unreachable"]);
  assertEquals(at(60_000), [], "an open alert is not raised again");
});

Deno.test("beginAlerts() goes on with what was open before a restart, and counts on", () => {
  const before = beginAlerts();
  const bad = ambient(T0, { error: "full" });
  const [raised] = testRules(before, healthy().state, bad);
  assertMatch(raised!.id, /^store_error-1$/);
  const after = beginAlerts(openAlerts(before), before.count);
  assertEquals(testRules(after, healthy().state, bad), []);
  testRules(after, healthy().state, ambient(T0 + 1_000));
  const [resolved] = testRules(after, healthy().state, ambient(T0 + 6_000));
  assertEquals([resolved!.id, resolved!.raisedMs, resolved!.resolvedMs], [raised!.id, T0, T0 + 6_000]);
  const [again] = testRules(after, healthy().state, ambient(T0 + 7_000, { error: "full" }));
  assertEquals(again!.id, "store_error-2");
});

Deno.test("beginAlerts() resolves an alert whose rule there is no longer", () => {
  const old: Alert = {
    id: "old_rule-7",
    rule: "old_rule",
    severity: "warning",
    message: "",
    raisedMs: T0 - 5,
    resolvedMs: null,
  };
  const alerts = beginAlerts([old], 7);
  assertEquals(testRules(alerts, healthy().state, ambient(T0)), [{ ...old, resolvedMs: T0 }]);
  assertEquals(testRules(alerts, healthy().state, ambient(T0 + 1)), []);
});

Deno.test("openAlerts() lists the gravest first", () => {
  const alerts = beginAlerts();
  testRules(alerts, healthy().state, ambient(T0, { error: "full", bytes: 1_000 }));
  assertEquals(openAlerts(alerts).map(({ severity }) => severity), ["critical", "warning"]);
});
