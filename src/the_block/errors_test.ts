// @ts-types="#types/std_assert.d.ts"
import { assert, assertEquals, assertInstanceOf } from "@std/assert";
import { isSilence, NodeError, type NodeErrorKind } from "./errors.ts";

Deno.test("NodeError names the method and keeps every detail", () => {
  const cause = new Error("below");
  const error = new NodeError("http", "net.peers", "the node answered HTTP 503", {
    status: 503,
    retryAfterMs: 2_000,
    cause,
  });
  assertInstanceOf(error, Error);
  assertEquals([error.name, error.message], ["NodeError", "net.peers: the node answered HTTP 503"]);
  assertEquals([error.kind, error.method, error.code, error.status, error.retryAfterMs, error.cause], [
    "http",
    "net.peers",
    null,
    503,
    2_000,
    cause,
  ]);
  assert(!("cause" in new NodeError("rpc", "m", "x", { code: -1 })));
});

Deno.test("isSilence() is true exactly where no answer came", () => {
  const kinds: Record<NodeErrorKind, boolean> = {
    connection: true,
    empty_reply: true,
    timeout: true,
    http: false,
    rate_limited: false,
    malformed: false,
    oversized: false,
    rpc: false,
    missing: false,
    unauthorized: false,
    application: false,
    decode: false,
    paused: false,
    aborted: false,
    bug: false,
  };
  for (const [kind, silent] of Object.entries(kinds)) {
    assertEquals(isSilence(new NodeError(kind as NodeErrorKind, "m", "x")), silent, kind);
  }
});
