// @ts-types="#types/std_assert.d.ts"
import { assert, assertEquals, assertThrows } from "@std/assert";
import { recorded } from "../../../tests/support/fixtures.ts";
import { NodeError } from "../errors.ts";
import { parseExact } from "../json.ts";
import { fieldOf } from "./field.ts";
import {
  decodeEnergyReceipts,
  decodeReceipt,
  decodeReceiptAudit,
  decodeSettlementAudit,
  decodeSlaHistory,
} from "./receipts.ts";

const U64_MAX = 2n ** 64n - 1n;

Deno.test("decodeReceiptAudit() reads every market's receipts exactly", () => {
  const { receipts } = decodeReceiptAudit(recorded("receipt.audit", "page"));
  const common = {
    source: "receipt.audit",
    kind: "work",
    anchored: true,
    deducted: 0n,
    verified: null,
    subsidies: {},
    disputes: [],
  };
  assertEquals(receipts.map(({ payload: _payload, ...receipt }) => receipt) as readonly object[], [
    {
      ...common,
      id: "100-0-d0",
      market: "compute",
      height: 100,
      index: 0,
      digest: "d0",
      amount: U64_MAX,
      units: 50n,
      provider: "p1",
      consumer: "c1",
      verified: true,
      subsidies: { storage: 0n, read: 1n, compute: U64_MAX, ad: 0n, rebate: 0n },
      disputes: [{ id: "dis-1", reason: "proof does not match", status: "open" }],
    },
    {
      ...common,
      id: "100-1-d1",
      market: "storage",
      height: 100,
      index: 1,
      digest: "d1",
      amount: 250n,
      units: 1_048_576n,
      provider: "p2",
      consumer: "c2",
      disputes: [{ id: "dis-2", reason: "", status: "open" }],
    },
    {
      ...common,
      id: "100-2-d2",
      market: "energy",
      height: 100,
      index: 2,
      digest: "d2",
      amount: 300_000n,
      units: 2_500_000n,
      provider: "s1",
      consumer: "b1",
    },
    {
      ...common,
      id: "101-0-d3",
      market: "ad",
      height: 101,
      index: 0,
      digest: "d3",
      amount: 3_000n,
      units: 1_000n,
      provider: "u1",
      consumer: "adv-1",
    },
  ]);
});

Deno.test("decodeReceiptAudit() names what it could not read, counts what it does not follow, and goes on", () => {
  const page = decodeReceiptAudit(recorded("receipt.audit", "page"));
  assertEquals(page.rejected, [{
    height: 102,
    detail: "receipt.audit: result.receipts[5].amount must be an integer 0..2^64−1, found -1",
  }]);
  assertEquals([page.ignored, page.lastHeight, page.scannedTo, page.truncated, page.nextStartHeight], [
    1,
    102,
    102,
    true,
    103,
  ]);
});

Deno.test("decodeReceiptAudit() rejects an item whose height cannot be read, without a height", () => {
  const item = {
    ...recorded("receipt.audit", "page").get("receipts").list()[0]!.raw as object,
    block_height: "x",
  };
  const page = decodeReceiptAudit(fieldOf("receipt.audit", { receipts: [item, 5] }));
  assertEquals(page.rejected.map(({ height }) => height), [null, null]);
  assertEquals([page.receipts.length, page.lastHeight], [0, null]);
});

Deno.test("decodeReceiptAudit() reads an empty page", () => {
  assertEquals(decodeReceiptAudit(recorded("receipt.audit", "idle")), {
    receipts: [],
    rejected: [],
    ignored: 0,
    lastHeight: null,
    scannedTo: 9,
    truncated: false,
    nextStartHeight: null,
  });
});

Deno.test("decodeReceipt() keeps the payload with what stands beside it, exact, as one JSON object", () => {
  const [first, second] = decodeReceiptAudit(recorded("receipt.audit", "page")).receipts;
  assertEquals(parseExact(first!.payload), {
    receipt: {
      job_id: "j1",
      provider: "p1",
      consumer: "c1",
      compute_units: 50,
      payment: U64_MAX,
      verified: true,
    },
    audit_queries: ["q"],
    invariants: ["i"],
    causality: ["k"],
  });
  assertEquals(
    second!.payload,
    '{"audit_queries":[],"causality":[],"invariants":[],"receipt":{"bytes_stored":1048576,"consumer":"c2",' +
      '"contract_id":"k1","cost":250,"provider":"p2"}}',
  );
});

/** A compute receipt as the node gives it, with changes. */
function item(given: object = {}) {
  return fieldOf("m", {
    block_height: 1,
    receipt_index: 2,
    receipt_type: "Compute",
    receipt: { compute_units: 3 },
    digest_hex: "d",
    amount: 4,
    ...given,
  });
}

Deno.test("decodeReceipt() leaves out who is not named, and does not keep a payload that is too long", () => {
  const receipt = decodeReceipt(item({ receipt: { compute_units: 3, note: "x".repeat(20_000) } }))!;
  assertEquals([receipt.provider, receipt.consumer, receipt.verified], [null, null, null]);
  const payload = JSON.parse(receipt.payload);
  assertEquals([payload.omitted, payload.characters > 20_000], ["too long", true]);
});

Deno.test("decodeReceipt() refuses a payload that nests too deep, by its path", () => {
  const deep = JSON.parse("[".repeat(30_000) + "]".repeat(30_000));
  assertThrows(
    () => decodeReceipt(item({ receipt: { compute_units: 3, deep } })),
    NodeError,
    "result.receipt must nest at most 64 levels",
  );
  assertThrows(() => decodeReceipt(item({ causality: deep })), NodeError, "result.causality must nest");
});

Deno.test("decodeReceipt() keeps a subsidy bucket of any name", () => {
  const subsidies = JSON.parse('{"__proto__":5,"constructor":6}');
  const receipt = decodeReceipt(item({ subsidies }))!;
  assertEquals(Object.entries(receipt.subsidies), [["__proto__", 5n], ["constructor", 6n]]);
});

Deno.test("decodeReceipt() refuses what would be booked wrongly", () => {
  const wrong: readonly (readonly [object, string])[] = [
    [{ amount: "4" }, "result.amount"],
    [{ amount: 4.5 }, "result.amount"],
    [{ amount: 2n ** 64n }, "result.amount"],
    [{ receipt: {} }, 'result.receipt must have a field "compute_units"'],
    [{ receipt: { compute_units: -1 } }, "result.receipt.compute_units"],
    [{ receipt_index: null }, 'a field "receipt_index"'],
    [{ digest_hex: "" }, "result.digest_hex"],
    [{ subsidies: { read: -1 } }, "result.subsidies.read"],
    [{ disputes: [{}] }, 'result.disputes[0] must have a field "id"'],
    [{ receipt: { compute_units: 3, verified: "yes" } }, "result.receipt.verified"],
  ];
  for (const [given, message] of wrong) assertThrows(() => decodeReceipt(item(given)), NodeError, message);
});

Deno.test("decodeEnergyReceipts() keeps a u64 price above 2^53 exact, and counts in milliwatt-hours", () => {
  const { total, receipts } = decodeEnergyReceipts(recorded("energy.receipts", "filled"));
  assertEquals(total, 812);
  const { id, digest, payload, ...first } = receipts[0]!;
  assertEquals(first as object, {
    source: "energy.receipts",
    kind: "work",
    market: "energy",
    height: 2 ** 53 - 1,
    anchored: true,
    index: 0,
    amount: U64_MAX,
    deducted: 2n ** 53n + 2n,
    units: U64_MAX * 1_000_000n,
    provider: "s1",
    consumer: "b1",
    verified: null,
    subsidies: {},
    disputes: [],
  });
  assertEquals(id, `energy-${digest}-0`);
  assertEquals(payload.includes('"kwh_delivered":18446744073709551615'), true);
});

Deno.test("decodeEnergyReceipts() tells equal receipts apart by their occurrence", () => {
  const { receipts } = decodeEnergyReceipts(recorded("energy.receipts", "filled"));
  const [, second, third] = receipts;
  assertEquals(second!.digest, third!.digest);
  assertEquals([second!.index, third!.index], [0, 1]);
  assertEquals(new Set(receipts.map(({ id }) => id)).size, 4);
});

Deno.test("decodeEnergyReceipts() never keeps back more than was paid, and reads a missing buyer", () => {
  const last = decodeEnergyReceipts(recorded("energy.receipts", "filled")).receipts[3]!;
  assertEquals([last.amount, last.deducted, last.consumer], [10n, 10n, null]);
});

Deno.test("decodeEnergyReceipts() gives the same identity whatever the order of the members", () => {
  const receipt = { buyer: "b", seller: "s", kwh_delivered: 1, price_paid: 2, block_settled: 3 };
  const idOf = (value: object) => decodeEnergyReceipts(fieldOf("m", { receipts: [value] })).receipts[0]!.id;
  assertEquals(idOf(receipt), idOf(Object.fromEntries(Object.entries(receipt).reverse())));
  assert(idOf(receipt) !== idOf({ ...receipt, price_paid: 3 }));
});

Deno.test("decodeEnergyReceipts() reads an empty page, and refuses a receipt without a seller", () => {
  assertEquals(decodeEnergyReceipts(recorded("energy.receipts", "idle")), { total: 0, receipts: [] });
  assertThrows(
    () =>
      decodeEnergyReceipts(
        fieldOf("m", { receipts: [{ kwh_delivered: 1, price_paid: 1, block_settled: 1 }] }),
      ),
    NodeError,
    'result.receipts[0] must have a field "seller"',
  );
});

Deno.test("decodeSlaHistory() reads outcomes without amounts, a violation as a dispute", () => {
  const outcomes = decodeSlaHistory(recorded("compute_market.sla_history", "filled"), 77);
  const common = {
    source: "compute_market.sla_history",
    kind: "work",
    market: "compute",
    height: 77,
    anchored: false,
    index: 0,
    amount: 0n,
    deducted: 0n,
    units: 0n,
    subsidies: {},
  };
  assertEquals(
    outcomes.map(({ id: _id, digest: _digest, payload: _payload, ...rest }) => rest) as readonly object[],
    [
      {
        ...common,
        provider: "p1",
        consumer: "b1",
        verified: false,
        disputes: [{ id: "j2", reason: "deadline passed", status: "violated" }],
      },
      { ...common, provider: "p2", consumer: null, verified: true, disputes: [] },
    ],
  );
  assert(outcomes[0]!.payload.includes('"burned":18446744073709551615'));
  assertEquals(decodeSlaHistory(recorded("compute_market.sla_history", "idle"), 77), []);
});

Deno.test("decodeSettlementAudit() reads credits and debits of i64, with balances of 2^64 − 1", () => {
  const { receipts, sequences } = decodeSettlementAudit(recorded("settlement.audit", "filled"), 77);
  assertEquals(sequences, [1, 2, 2 ** 53 - 1]);
  assertEquals(
    receipts.map(({ id, amount, provider, consumer, digest }) => [id, amount, provider, consumer, digest]),
    [
      ["settlement-1", 2n ** 63n - 1n, "acc1", null, "ee11"],
      ["settlement-2", 2n ** 63n, null, "acc2", ""],
      [`settlement-${2 ** 53 - 1}`, 0n, "acc1", null, ""],
    ],
  );
  assert(receipts.every(({ height, anchored, units }) => height === 77 && !anchored && units === 0n));
  assert(receipts[0]!.payload.includes('"balance":18446744073709551615'));
  assertEquals(decodeSettlementAudit(recorded("settlement.audit", "idle"), 77), {
    receipts: [],
    sequences: [],
  });
});

Deno.test("decodeSettlementAudit() refuses a delta beyond i64", () => {
  const entry = { sequence: 1, entity: "a", delta: 2n ** 63n };
  assertThrows(() => decodeSettlementAudit(fieldOf("m", [entry]), 1), NodeError, "result[0].delta");
});
