// @ts-types="#types/std_assert.d.ts"
import { assert, assertEquals, assertNotEquals } from "@std/assert";
import {
  costOf,
  isOpen,
  mayFollow,
  OPERATION_STATUSES,
  type OperationIntent,
  OPERATIONS,
  type OperationType,
  readParams,
  requestText,
} from "./operation.ts";

const TO = "ab".repeat(32);

/** One valid set of parameters per operation. */
const VALID: Readonly<Record<OperationType, Readonly<Record<string, unknown>>>> = {
  transfer: { to: TO, amount: 5, fee: 700 },
  storage_register_provider: {
    provider_id: "p",
    max_capacity_bytes: 10,
    price_per_block: 2,
    escrow_deposit: 30,
    region: "eu",
    latency_ms: 7,
    tags: ["ssd"],
  },
  storage_upload: {
    object_id: "o",
    provider_id: "p",
    original_bytes: 1,
    shares: 3,
    price_per_block: 5,
    start_block: 0,
    retention_blocks: 7,
  },
  ad_register_campaign: {
    id: "c",
    advertiser_account: "a",
    budget_usd_micros: 1,
    creatives: [{}],
    targeting: {},
    metadata: {},
  },
  energy_settle: { provider_id: "p", buyer: "b", kwh_consumed: 4, meter_hash: TO },
};
const TYPES = Object.keys(OPERATIONS) as OperationType[];

function intentOf(type: OperationType): OperationIntent {
  return { type, params: readParams(type, VALID[type]).params };
}

function fieldsWrong(type: OperationType, given: Readonly<Record<string, unknown>>): readonly string[] {
  return readParams(type, given).problems.map(({ field }) => field);
}

Deno.test("readParams() takes what every operation takes, and names what is missing", () => {
  for (const type of TYPES) {
    assertEquals(fieldsWrong(type, VALID[type]), [], type);
    const required = Object.entries(OPERATIONS[type].parameters)
      .filter(([, spec]) => !("optional" in spec)).map(([field]) => `params.${field}`);
    assertEquals(fieldsWrong(type, {}), required, type);
  }
});

Deno.test("readParams() refuses what it does not know, names of the prototype included", () => {
  const given = JSON.parse(`{"to":"${TO}","amount":1,"memo":"x","__proto__":1,"constructor":2}`);
  assertEquals([...fieldsWrong("transfer", given)].sort(), [
    "params.__proto__",
    "params.constructor",
    "params.memo",
  ]);
});

Deno.test("readParams() reads amounts exactly up to 2^64 − 1 and refuses every doubtful spelling", () => {
  const amount = (value: unknown) => readParams("transfer", { to: TO, amount: value }).params.amount;
  assertEquals(amount(1), 1n);
  assertEquals(amount("18446744073709551615"), 2n ** 64n - 1n);
  assertEquals(amount(Number.MAX_SAFE_INTEGER), BigInt(Number.MAX_SAFE_INTEGER));
  for (
    const wrong of [
      0,
      -1,
      1.5,
      2 ** 53,
      NaN,
      "0",
      "-1",
      "1e3",
      " 1",
      "",
      "18446744073709551616",
      true,
      null,
      [1],
    ]
  ) {
    assertEquals(amount(wrong), undefined, String(wrong));
  }
});

Deno.test("readParams() takes an address in exactly one spelling", () => {
  for (const to of [TO.toUpperCase(), TO.slice(2), `${TO}00`, `0x${TO.slice(2)}`, "miner1", "", 5, null]) {
    assertEquals(fieldsWrong("transfer", { to, amount: 1 }), ["params.to"], String(to));
  }
});

Deno.test("readParams() bounds numbers, names, lists and nesting", () => {
  const provider = VALID.storage_register_provider;
  const wrong: readonly (readonly [string, unknown])[] = [
    ["max_capacity_bytes", 0],
    ["price_per_block", -1],
    ["escrow_deposit", 0.5],
    ["latency_ms", 2 ** 32],
    ["provider_id", ""],
    ["provider_id", "x".repeat(129)],
    ["region", "a\u0000b"],
    ["tags", "ssd"],
    ["tags", new Array(17).fill("a")],
    ["tags", ["a", 1]],
  ];
  for (const [field, value] of wrong) {
    assertEquals(fieldsWrong("storage_register_provider", { ...provider, [field]: value }), [
      `params.${field}`,
    ]);
  }
  let deep: unknown = {};
  for (let i = 0; i < 50_000; i++) deep = [deep];
  const campaign = VALID.ad_register_campaign;
  assertEquals(fieldsWrong("ad_register_campaign", { ...campaign, targeting: { deep } }), [
    "params.targeting",
  ]);
  assertEquals(fieldsWrong("ad_register_campaign", { ...campaign, creatives: [] }), ["params.creatives"]);
});

Deno.test("requestText() is the same whatever the order and spelling, and different for anything else", () => {
  const text = (params: Readonly<Record<string, unknown>>) =>
    requestText({ type: "transfer", params: readParams("transfer", params).params });
  assertEquals(text({ to: TO, amount: 5 }), text({ amount: "5", to: TO }));
  assertNotEquals(text({ to: TO, amount: 5 }), text({ to: TO, amount: 6 }));
  assertNotEquals(text({ to: TO, amount: 5 }), text({ to: TO, amount: 5, fee: 1 }));
  const nested = (targeting: unknown) =>
    requestText({ type: "ad_register_campaign", params: { ...VALID.ad_register_campaign, targeting } });
  assertEquals(nested({ a: 1, b: [{ c: 2, d: 3 }] }), nested({ b: [{ d: 3, c: 2 }], a: 1 }));
});

Deno.test("mayFollow() never lets an operation be sent again or leave an end", () => {
  for (const status of OPERATION_STATUSES) assert(!mayFollow(status, "pending"), status);
  for (const end of ["failed", "expired", "rejected"] as const) {
    for (const status of OPERATION_STATUSES) assert(!mayFollow(end, status), `${end} → ${status}`);
  }
  assertEquals(OPERATION_STATUSES.filter(isOpen), ["pending", "submitted"]);
  assertEquals(OPERATION_STATUSES.filter((status) => mayFollow("submitted", status)), [
    "confirmed",
    "expired",
  ]);
});

Deno.test("costOf() counts what leaves the account, and does not guess a price", () => {
  assertEquals(costOf(intentOf("transfer"), null), 5n);
  assertEquals(costOf(intentOf("storage_register_provider"), null), 30n);
  assertEquals(costOf(intentOf("storage_upload"), null), 5n * 7n * 3n);
  assertEquals(costOf(intentOf("ad_register_campaign"), null), 0n);
  assertEquals(costOf(intentOf("energy_settle"), null), null);
  assertEquals(costOf(intentOf("energy_settle"), 11n), 44n);
});
