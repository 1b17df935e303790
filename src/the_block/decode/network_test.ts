// @ts-types="#types/std_assert.d.ts"
import { assertEquals, assertThrows } from "@std/assert";
import { plain, recorded } from "../../../tests/support/fixtures.ts";
import { NodeError } from "../errors.ts";
import { fieldOf } from "./field.ts";
import { decodeOverlay, decodePeers, decodePeerStats, decodeTraffic } from "./network.ts";

const UNKNOWN = {
  address: "!NOT_OFFERED",
  connectedAtS: "!NOT_OFFERED",
  latencyMs: "!NOT_OFFERED",
  version: "!NOT_OFFERED",
  isValidator: "!NOT_OFFERED",
  height: "!NOT_OFFERED",
  reputation: "!NOT_OFFERED",
  requests: "!NOT_OFFERED",
  bytesSent: "!NOT_OFFERED",
  throttleReason: "!NOT_OFFERED",
};

Deno.test("decodePeers() reads full peers and sparse ones, in an object and in a bare list", () => {
  assertEquals(plain(decodePeers(recorded("net.peers", "list"))), {
    peers: [
      {
        ...UNKNOWN,
        id: "p1",
        address: "203.0.113.5:3033",
        connectedAtS: 1_767_225_600,
        latencyMs: 12.5,
        version: "0.9.1",
        isValidator: true,
        reputation: 0.98,
        height: 299,
      },
      { ...UNKNOWN, id: "p2", connectedAtS: 1_767_225_700, version: "2", isValidator: false },
    ],
  });
  assertEquals(plain(decodePeers(recorded("net.peers", "bare"))), { peers: [{ ...UNKNOWN, id: "p3" }] });
});

Deno.test("decodePeerStats() reads the live node's counters and says what it does not tell", () => {
  assertEquals(decodePeerStats(recorded("net.peer_stats_all", "idle")), { peers: [] });
  assertEquals(plain(decodePeerStats(recorded("net.peer_stats_all", "filled"))), {
    peers: [
      {
        ...UNKNOWN,
        id: "4vJ9JU1bJJE96FWSJKvHsmmFADCg4gpZQff4P3bkLKi",
        reputation: 0.75,
        requests: 41,
        bytesSent: 2 ** 53 - 1,
      },
      {
        ...UNKNOWN,
        id: "8qbHbw2BbbTHBW1sbeqakYXVKRQM8Ne7pLK7m6CVfeR",
        reputation: -1,
        requests: 0,
        bytesSent: 0,
        throttleReason: "bandwidth",
      },
    ],
  });
});

Deno.test("decodePeerStats() refuses a peer without an identifier or metrics", () => {
  assertThrows(
    () => decodePeerStats(fieldOf("m", [{ metrics: {} }])),
    NodeError,
    'result[0] must have a field "peer_id"',
  );
  assertThrows(() => decodePeerStats(fieldOf("m", [{ peer_id: "a" }])), NodeError, 'a field "metrics"');
});

Deno.test("decodeOverlay() reads the live node's counts", () => {
  assertEquals(decodeOverlay(recorded("net.overlay_status", "idle")), {
    activePeers: 0,
    persistedPeers: 0,
    backend: "inhouse",
  });
});

Deno.test("decodeTraffic() reads rates and connections", () => {
  assertEquals(decodeTraffic(recorded("net.stats", "full")), {
    bandwidthIn: 120_000,
    bandwidthOut: 98_000.5,
    activeConnections: 24,
    averageLatencyMs: 31.5,
  });
});
