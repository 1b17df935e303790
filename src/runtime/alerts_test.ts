// @ts-types="#types/std_assert.d.ts"
import { assertEquals, assertMatch } from "@std/assert";
import { coreWith, T0 } from "../../tests/support/engine.ts";
import { SqliteStore } from "../store/store.ts";
import { silentLog } from "../telemetry/log.ts";
import { AlertWatch } from "./alerts.ts";
import { ManualClock } from "./clock.ts";
import { EngineLoop } from "./engine_loop.ts";
import { type EngineStore, StoreError } from "./ports/store.ts";

/** A watch over a loop whose store the test can break. */
function watch(given: { store?: SqliteStore; readError?: () => string | null } = {}) {
  const clock = new ManualClock(T0);
  const log = silentLog();
  const store = given.store ?? new SqliteStore(":memory:");
  const broken = { error: null as StoreError | null };
  const failing = new Proxy(store, {
    get: (target, name) => {
      if ((name === "saveAlerts" || name === "commit") && broken.error) {
        return () => {
          throw broken.error;
        };
      }
      const value = Reflect.get(target, name, target);
      return typeof value === "function" ? value.bind(target) : value;
    },
  }) as unknown as EngineStore;
  const loop = new EngineLoop({
    core: coreWith([{ kind: "halt", atMs: T0, reason: "too deep" }]),
    store: failing,
    publisher: { publish: () => {} },
    clock,
    log,
  });
  const alerts = new AlertWatch({
    loop,
    clock,
    log,
    storeBytesMax: Number.MAX_SAFE_INTEGER,
    notify: true,
    readError: given.readError ?? (() => null),
  });
  alerts.load();
  const messages = () =>
    store.dueMessages(Number.MAX_SAFE_INTEGER, 99).map(({ body }) =>
      JSON.parse(body) as Record<string, unknown>
    );
  const events = (event: string) => log.tail(99).filter((line) => line.event === event);
  return { clock, loop, alerts, store, broken, messages, events };
}

Deno.test("AlertWatch.test() keeps an alert, logs it, and puts one message into the outbox", () => {
  const { alerts, store, messages, events, loop } = watch();
  for (let i = 0; i < 5; i++) alerts.test();
  assertEquals(alerts.open.map(({ rule }) => rule), ["chain_halted"]);
  assertEquals(store.alerts({ limit: 9 }, true).items, [...alerts.open]);
  assertEquals(messages(), [{
    type: "alert",
    id: "chain_halted-1",
    rule: "chain_halted",
    severity: "critical",
    state: "raised",
    message: "too deep",
    raised_at: T0 / 1000,
    resolved_at: null,
  }]);
  assertEquals(events("alert.raised").length, 1);
  loop.stop();
});

Deno.test("AlertWatch sends the same message with another state when the cause is gone", async () => {
  const { alerts, clock, messages, events, loop } = watch();
  alerts.test();
  (loop.state.chain as { halted: string | null }).halted = null;
  await clock.advance(2_000);
  alerts.test();
  const [raised, resolved] = messages();
  assertEquals([raised!.id, resolved!.id], ["chain_halted-1", "chain_halted-1"]);
  assertEquals([resolved!.state, resolved!.resolved_at], ["resolved", T0 / 1000 + 2]);
  assertEquals([alerts.open, events("alert.resolved").length], [[], 1]);
  loop.stop();
});

Deno.test("AlertWatch.load() goes on with what a program before it left open", () => {
  const first = watch();
  first.alerts.test();
  const second = watch({ store: first.store });
  second.alerts.test();
  assertEquals(second.alerts.open.map(({ id }) => id), ["chain_halted-1"]);
  assertEquals(second.messages().length, 1, "it is not told twice");
  second.loop.stop();
});

Deno.test("AlertWatch holds what a failing store cannot keep, shows it for the webhook, and keeps it later", () => {
  const { alerts, broken, messages, loop } = watch();
  broken.error = new StoreError("full", "no space");
  alerts.test();
  alerts.test();
  assertEquals(messages(), []);
  assertEquals(alerts.unsavedMessages.map((text) => JSON.parse(text).id), ["chain_halted-1"]);
  broken.error = null;
  alerts.test();
  assertEquals([messages().length, alerts.unsavedMessages], [1, []]);
  loop.stop();
});

Deno.test("AlertWatch says that something kept cannot be read", () => {
  const { alerts, loop } = watch({ readError: () => "row 5 is damaged" });
  alerts.test();
  const found = alerts.open.find(({ rule }) => rule === "store_error");
  assertMatch(found?.message ?? "", /row 5 is damaged/);
  loop.stop();
});

Deno.test("AlertWatch.run() tests every second until it is stopped", async () => {
  const { alerts, clock, loop } = watch();
  const running = alerts.run();
  await clock.advance(1_500);
  assertEquals(alerts.open.length, 1);
  alerts.stop();
  await running;
  loop.stop();
});
