// @ts-types="#types/std_assert.d.ts"
import { assertEquals } from "@std/assert";
import { Desk, intentOf, type RuleChanges, rulesWith } from "../../../tests/support/trading.ts";
import { encode } from "../codec.ts";
import { Random } from "../random.ts";
import { openAccount } from "./account.ts";
import { microOf, unitsOf } from "./money.ts";
import { previewOrder } from "./preview.ts";

function open(changes: RuleChanges = {}): { desk: Desk; rules: ReturnType<typeof rulesWith> } {
  const rules = rulesWith(changes);
  return { desk: new Desk(openAccount(10_000, rules, "preview"), rules).tick({ COMPUTE: 100 }), rules };
}

Deno.test("previewOrder() says what the order check will say, and changes nothing", () => {
  const random = new Random(11);
  for (let i = 0; i < 200; i++) {
    const { desk, rules } = open({
      limits: { maxPosition: 2_000, maxOrder: 1_500 },
      costs: { spreadRatio: 0.02 },
      fees: { ratio: 0.01 },
    });
    const intent = intentOf({
      qty: Math.round(random.next() * 30e6) / 1e6 || 1,
      side: random.next() < 0.8 ? "buy" : "sell",
      limit: random.next() < 0.5 ? null : 90 + Math.round(random.next() * 20),
    });
    const before = encode(desk.account);
    const preview = previewOrder(desk.account, rules, intent, desk.account.timeMs);
    assertEquals(encode(desk.account), before, `run ${i}: the account changed`);
    assertEquals(desk.order(intent).denial, preview.denial, `run ${i}: ${JSON.stringify(intent)}`);
  }
});

Deno.test("previewOrder() names the largest quantity that passes, and what refuses more", () => {
  const { desk, rules } = open({ limits: { maxPosition: 1_000 } });
  const preview = previewOrder(desk.account, rules, intentOf({ qty: 3 }), desk.account.timeMs);
  assertEquals([unitsOf(preview.largestMicro), preview.beyond?.code], [10, "MAX_POSITION"]);
  assertEquals(desk.order({ qty: 10 }).denial, null);
  const full = previewOrder(desk.account, rules, intentOf({ qty: 1 }), desk.account.timeMs);
  assertEquals([full.largestMicro, full.denial?.code], [0, "MAX_POSITION"]);
});

Deno.test("previewOrder() prices a market order with its costs, and a far limit at the limit", () => {
  const { desk, rules } = open({ costs: { spreadRatio: 0.02 }, fees: { ratio: 0.01 } });
  const at = (limit: number | null) =>
    previewOrder(desk.account, rules, intentOf({ qty: 2, limit }), desk.account.timeMs);
  assertEquals(at(null), { ...at(null), price: 101, marketable: true, gross: 202, fee: 2.02 });
  const far = at(50);
  assertEquals([far.price, far.marketable, far.gross, far.fee], [50, false, 100, 1]);
});

Deno.test("previewOrder() answers for quantities that are none", () => {
  const { desk, rules } = open();
  for (const qty of [0, -1, NaN, Infinity, 1e-9]) {
    const preview = previewOrder(desk.account, rules, intentOf({ qty }), desk.account.timeMs);
    assertEquals([preview.denial?.code, preview.gross, preview.marketable], ["INVALID_QUANTITY", 0, false]);
  }
  assertEquals(microOf(1e-9), undefined);
});
