// @ts-types="#types/std_assert.d.ts"
import { assertEquals, assertRejects } from "@std/assert";
import { absent } from "../engine/reason.ts";
import { ManualClock } from "../runtime/clock.ts";
import { AccountSnapshots } from "./account_snapshot.ts";
import { NodeClient } from "./client.ts";
import { NodeError, type NodeErrorDetail, type NodeErrorKind } from "./errors.ts";
import { NodeOperations } from "./operation_sender.ts";
import type { CallOptions, Params } from "./transport.ts";

/** A node that answers every call with the same. */
function senderTo(answer: () => unknown) {
  const calls: { method: string; params: Params | undefined; read: boolean | undefined }[] = [];
  const clock = new ManualClock();
  const transport = {
    down: false,
    call: (method: string, params?: Params, options?: CallOptions) => {
      calls.push({ method, params, read: options?.read });
      return Promise.resolve().then(answer);
    },
  };
  const sender = new NodeOperations({
    client: new NodeClient(transport, clock),
    snapshots: new AccountSnapshots(() => Promise.reject(new NodeError("timeout", "x", "late")), clock),
    clock,
    signer: absent("NO_ACCOUNT", "no key"),
    account: () => null,
    simulated: () => false,
  });
  return { sender, calls };
}

async function outcome(
  method: string,
  kind: NodeErrorKind,
  detail: NodeErrorDetail = {},
): Promise<string> {
  const { sender } = senderTo(() => {
    throw new NodeError(kind, method, "words", detail);
  });
  return (await sender.send({ method, params: {} })).kind;
}

Deno.test("NodeOperations.send() only says that nothing happened when that is certain", async () => {
  const rows: readonly (readonly [NodeErrorKind, NodeErrorDetail, string])[] = [
    ["connection", { unsent: true }, "unsent"],
    ["paused", { unsent: true }, "unsent"],
    ["aborted", { unsent: true }, "unsent"],
    ["connection", {}, "unknown"],
    ["aborted", {}, "unknown"],
    ["empty_reply", {}, "unknown"],
    ["timeout", {}, "unknown"],
    ["malformed", {}, "unknown"],
    ["oversized", {}, "unknown"],
    ["decode", {}, "unknown"],
    ["http", { status: 500 }, "unknown"],
    ["http", { status: 502 }, "unknown"],
    ["http", { status: 404 }, "refused"],
    ["http", { status: 403 }, "refused"],
    ["rate_limited", { status: 429 }, "refused"],
    ["missing", { code: -32601 }, "refused"],
    ["unauthorized", { code: -33009 }, "refused"],
    ["application", {}, "refused"],
    ["rpc", { code: -32602 }, "refused"],
    ["rpc", { code: -33020 }, "refused"],
    ["rpc", { code: -32603 }, "unknown"],
  ];
  for (const [kind, detail, wanted] of rows) {
    assertEquals(await outcome("submit_tx", kind, detail), wanted, `${kind} ${JSON.stringify(detail)}`);
  }
});

Deno.test("NodeOperations.send() takes a replayed number for a transfer that something on the way sent twice", async () => {
  assertEquals(await outcome("submit_tx", "rpc", { code: -32000 }), "unknown");
  assertEquals(await outcome("ad_market.register_campaign", "rpc", { code: -32000 }), "refused");
});

Deno.test("NodeOperations.send() reads every answer, and sends no read", async () => {
  const rows: readonly (readonly [string, unknown, unknown])[] = [
    ["submit_tx", { status: "ok" }, { kind: "accepted", final: false, height: null }],
    ["storage_upload", { status: "ok", total_deposit: 5 }, { kind: "accepted", final: true, height: null }],
    ["energy.settle", { block_settled: 7, buyer: "b" }, { kind: "accepted", final: true, height: 7 }],
  ];
  for (const [method, answer, wanted] of rows) {
    const { sender, calls } = senderTo(() => answer);
    assertEquals(await sender.send({ method, params: { a: 1 } }), wanted as never);
    assertEquals(calls, [{ method, params: { a: 1 }, read: false }]);
  }
  const rehearsal = senderTo(() => ({ action: "upload", status: "rehearsal" }));
  assertEquals((await rehearsal.sender.send({ method: "storage_upload", params: {} })).kind, "refused");
});

Deno.test("NodeOperations asks nothing for a transfer that nothing can sign", async () => {
  const { sender, calls } = senderTo(() => ({ status: "ok" }));
  assertEquals(await sender.offer("transfer"), absent("NO_ACCOUNT", "no key"));
  assertEquals(calls, []);
});

Deno.test("NodeOperations.send() does not swallow what is no answer of a node", async () => {
  const { sender } = senderTo(() => {
    throw new TypeError("a mistake of ours");
  });
  await assertRejects(() => sender.send({ method: "submit_tx", params: {} }), TypeError);
});
