// @ts-types="#types/std_assert.d.ts"
import { assertEquals, assertMatch, assertNotEquals } from "@std/assert";
import { createHmac } from "node:crypto";
import { T0 } from "../../tests/support/engine.ts";
import { silentLog } from "../telemetry/log.ts";
import { Metrics } from "../telemetry/metrics.ts";
import { ManualClock } from "./clock.ts";
import { type EngineStore, type OutboxMessage, StoreError } from "./ports/store.ts";
import { signature, Webhook } from "./webhook.ts";

const SECRET = "s3cret-of-the-hook";
const HOUR_MS = 3_600_000;

function message(name: string, state = "raised"): string {
  return JSON.stringify({ type: "alert", id: name, state });
}

/** An outbox of which the test decides whether it can be written. */
class Outbox {
  readonly rows: (OutboxMessage & { nextMs: number; done: boolean; attempts: number })[] = [];
  writable = true;
  readable = true;

  put(body: string, createdMs: number): void {
    this.rows.push({
      id: this.rows.length + 1,
      body,
      attempts: 0,
      createdMs,
      nextMs: createdMs,
      done: false,
    });
  }

  get store(): EngineStore {
    return {
      dueMessages: (nowMs: number, limit: number) => {
        if (!this.readable) throw new StoreError("io", "cannot be read");
        const open = this.rows.filter(({ done }) => !done).slice(0, limit);
        const waiting = open.findIndex(({ nextMs }) => nextMs > nowMs);
        return waiting < 0 ? open : open.slice(0, waiting);
      },
      settleMessage: (id: number, outcome: { delivered: boolean; nextMs: number }) => {
        if (!this.writable) throw new StoreError("full", "no space");
        const row = this.rows[id - 1]!;
        row.attempts++;
        row.done = outcome.delivered;
        row.nextMs = outcome.nextMs;
      },
    } as unknown as EngineStore;
  }
}

interface Received {
  readonly key: string;
  readonly body: string;
  readonly headers: Headers;
}

interface Hook {
  readonly outbox: Outbox;
  readonly clock: ManualClock;
  readonly webhook: Webhook;
  readonly received: Received[];
  readonly unsaved: string[];
  readonly counted: (outcome: string) => number;
  readonly said: (event: string) => number;
  /** What the receiver answers with. */
  status: number;
  keys(): readonly string[];
}

async function withHook(secret: string | null, test: (hook: Hook) => Promise<void>): Promise<void> {
  const received: Received[] = [];
  const answer = { status: 200 };
  const server = Deno.serve({ hostname: "127.0.0.1", port: 0, onListen: () => {} }, async (request) => {
    received.push({
      key: request.headers.get("x-bb-message") ?? "",
      body: await request.text(),
      headers: request.headers,
    });
    return new Response(answer.status === 302 ? null : "thanks", {
      status: answer.status,
      headers: answer.status === 302 ? { location: "/elsewhere" } : {},
    });
  });
  const outbox = new Outbox();
  const clock = new ManualClock(T0);
  const log = silentLog();
  const metrics = new Metrics();
  const unsaved: string[] = [];
  const attempts = metrics.counter("attempts", "");
  const webhook = new Webhook({
    url: `http://127.0.0.1:${server.addr.port}/hook`,
    secret,
    store: () => outbox.store,
    unsaved: () => unsaved,
    clock,
    log,
    attempts,
  });
  const hook: Hook = {
    outbox,
    clock,
    webhook,
    received,
    unsaved,
    counted: (outcome) => attempts.value({ outcome }),
    said: (event) => log.tail(1_000).filter((line) => line.event === event).length,
    get status() {
      return answer.status;
    },
    set status(status) {
      answer.status = status;
    },
    keys: () => received.splice(0).map(({ key }) => key),
  };
  try {
    await test(hook);
  } finally {
    webhook.stop();
    await server.shutdown();
  }
}

Deno.test("Webhook.deliverDue() posts each message once, in order, with a signature that its receiver can compute", async () => {
  await withHook(SECRET, async (hook) => {
    hook.outbox.put(message("a-1"), T0);
    hook.outbox.put(message("a-1", "resolved"), T0);
    await hook.webhook.deliverDue();
    await hook.webhook.deliverDue();
    assertEquals(hook.received.map(({ key }) => key), ["a-1:raised", "a-1:resolved"]);
    for (const { headers, body } of hook.received) {
      const timestamp = headers.get("x-bb-timestamp");
      assertEquals(timestamp, String(T0 / 1000));
      const digest = createHmac("sha256", SECRET).update(`${timestamp}.${body}`).digest("hex");
      assertEquals(headers.get("x-bb-signature"), `sha256=${digest}`);
      assertEquals(headers.get("content-type"), "application/json");
    }
    assertEquals([hook.counted("delivered"), hook.outbox.rows.every(({ done }) => done)], [2, true]);
  });
});

Deno.test("Webhook sends no signature without a secret", async () => {
  await withHook(null, async (hook) => {
    hook.outbox.put(message("a-1"), T0);
    await hook.webhook.deliverDue();
    assertEquals(hook.received.map(({ headers }) => headers.get("x-bb-signature")), [null]);
  });
});

Deno.test("Webhook tries again after 2 s, then after twice as long each time, and keeps the order", async () => {
  await withHook(SECRET, async (hook) => {
    hook.status = 500;
    hook.outbox.put(message("a-1"), T0);
    hook.outbox.put(message("b-2"), T0);
    const waitsS: number[] = [];
    let lastS = 0;
    for (let s = 0; s <= 1_000; s++) {
      await hook.webhook.deliverDue();
      for (const key of hook.keys()) {
        assertEquals(key, "a-1:raised", "the second message waits for the first");
        waitsS.push(s - lastS);
        lastS = s;
      }
      await hook.clock.advance(1_000);
    }
    assertEquals(waitsS, [0, 2, 4, 8, 16, 32, 64, 128, 256, 300]);
    assertEquals([hook.counted("refused"), hook.said("webhook.refused")], [10, 10]);
    hook.status = 202;
    await hook.clock.advance(300_000);
    await hook.webhook.deliverDue();
    assertEquals(hook.keys(), ["a-1:raised", "b-2:raised"]);
  });
});

Deno.test("Webhook follows no redirect: the address is the operator's choice alone", async () => {
  await withHook(SECRET, async (hook) => {
    hook.status = 302;
    hook.outbox.put(message("a-1"), T0);
    await hook.webhook.deliverDue();
    assertEquals([hook.received.length, hook.counted("refused")], [1, 1]);
  });
});

Deno.test("Webhook gives a message up after three days, says so, and goes on with the next", async () => {
  await withHook(SECRET, async (hook) => {
    hook.status = 503;
    hook.outbox.put(message("a-1"), T0);
    await hook.clock.advance(73 * HOUR_MS);
    hook.outbox.put(message("b-2"), hook.clock.nowMs());
    await hook.webhook.deliverDue();
    assertEquals([hook.keys(), hook.said("webhook.given_up")], [["a-1:raised"], 1]);
    hook.status = 200;
    await hook.clock.advance(HOUR_MS);
    await hook.webhook.deliverDue();
    assertEquals(hook.keys(), ["b-2:raised"]);
  });
});

Deno.test("Webhook tells a message once although the store cannot record that it did", async () => {
  await withHook(SECRET, async (hook) => {
    hook.outbox.put(message("a-1"), T0);
    hook.outbox.writable = false;
    for (let s = 0; s < 60; s++) {
      await hook.webhook.deliverDue();
      await hook.clock.advance(1_000);
    }
    assertEquals(hook.keys(), ["a-1:raised"]);
    hook.outbox.writable = true;
    await hook.webhook.deliverDue();
    assertEquals([hook.keys(), hook.outbox.rows[0]!.done], [[], true]);
  });
});

Deno.test("Webhook tells from memory what a failing store cannot keep, and not again once it is kept", async () => {
  await withHook(SECRET, async (hook) => {
    hook.outbox.readable = false;
    hook.outbox.writable = false;
    hook.unsaved.push(message("store_error-1"));
    for (let s = 0; s < 5; s++) {
      await hook.webhook.deliverDue();
      await hook.clock.advance(1_000);
    }
    hook.unsaved.push(message("store_error-1", "resolved"));
    await hook.webhook.deliverDue();
    assertEquals(hook.keys(), ["store_error-1:raised", "store_error-1:resolved"]);
    // The store works again: what was unsaved is in the outbox now.
    hook.outbox.readable = hook.outbox.writable = true;
    for (const body of hook.unsaved.splice(0)) hook.outbox.put(body, T0);
    hook.outbox.put(message("c-2"), T0);
    await hook.webhook.deliverDue();
    assertEquals([hook.keys(), hook.outbox.rows.every(({ done }) => done)], [["c-2:raised"], true]);
  });
});

Deno.test("Webhook waits between attempts although the store cannot record when the next one is due", async () => {
  await withHook(SECRET, async (hook) => {
    hook.status = 500;
    hook.outbox.put(message("a-1"), T0);
    hook.outbox.writable = false;
    for (let s = 0; s < 60; s++) {
      await hook.webhook.deliverDue();
      await hook.clock.advance(1_000);
    }
    assertEquals(hook.received.length, 5, "after 0, 2, 6, 14 and 30 s");
  });
});

Deno.test("Webhook counts a receiver that is not there as failed", async () => {
  await withHook(SECRET, async (hook) => {
    const log = silentLog();
    const metrics = new Metrics();
    const attempts = metrics.counter("attempts", "");
    const webhook = new Webhook({
      url: "http://127.0.0.1:1/hook",
      secret: null,
      store: () => hook.outbox.store,
      unsaved: () => [],
      clock: hook.clock,
      log,
      attempts,
    });
    hook.outbox.put(message("a-1"), T0);
    await webhook.deliverDue();
    assertEquals([attempts.value({ outcome: "failed" }), hook.outbox.rows[0]!.attempts], [1, 1]);
  });
});

Deno.test("signature() covers time and body", () => {
  assertMatch(signature("k", 1, "b"), /^[0-9a-f]{64}$/);
  assertNotEquals(signature("k", 1, "b"), signature("k", 2, "b"));
  assertNotEquals(signature("k", 1, "b"), signature("k", 1, "c"));
  assertNotEquals(signature("k", 1, "b"), signature("l", 1, "b"));
});
