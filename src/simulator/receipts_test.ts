import { MARKET_IDS, marketOf } from "../engine/market.ts";
// @ts-types="#types/std_assert.d.ts"
import { assert, assertEquals, assertGreater } from "@std/assert";
import { SimulatedChain } from "./chain.ts";
import { settles } from "./ledger.ts";
import type { SimulatedReceipt } from "./receipts.ts";
import { DIALECTS, SCENARIO_NAMES } from "./scenario.ts";

function receiptsOf(chain: SimulatedChain, blocks: number): SimulatedReceipt[] {
  return Array.from({ length: blocks }, (_, height) => chain.receiptsAt(height)).flat();
}

Deno.test("ReceiptSource.receipts() pays floor(unit price × units) without noise", () => {
  for (const dialect of DIALECTS) {
    const chain = new SimulatedChain({ seed: 4, scenario: "stress", dialect });
    for (let height = 0; height < 500; height++) {
      for (const receipt of chain.receiptsAt(height)) {
        const { price } = chain.stateAt(height).markets[MARKET_IDS.indexOf(receipt.market)]!;
        const perPrice = Number(marketOf(receipt.market).receiptUnitsPerPriceUnit);
        assertEquals(receipt.amount, Math.floor(price * receipt.units / perPrice));
        assert(Number.isSafeInteger(receipt.units) && receipt.units > 0 && receipt.amount > 0);
      }
    }
  }
});

Deno.test("ReceiptSource.receipts() gives us about 12 % of the sales and 6 % of the purchases, never both", () => {
  const receipts = receiptsOf(new SimulatedChain({ seed: 2, scenario: "calm", dialect: "readme" }), 10_000);
  const share = (holds: (receipt: SimulatedReceipt) => boolean) =>
    receipts.filter(holds).length / receipts.length;
  assert(Math.abs(share((receipt) => receipt.provider === 0) - 0.12) < 0.01);
  assert(Math.abs(share((receipt) => receipt.consumer === 0) - 0.06) < 0.01);
  assertEquals(share((receipt) => receipt.provider === 0 && receipt.consumer === 0), 0);
  assert(Math.abs(share((receipt) => receipt.dispute !== "none") - 0.005) < 0.002);
  const compute = receipts.filter((receipt) => receipt.market === "compute");
  const unverified = compute.filter((receipt) => !receipt.verified).length / compute.length;
  assert(Math.abs(unverified - 0.02) < 0.005, `unverified ${unverified}`);
});

Deno.test("ReceiptSource.receipts() spreads the other sales unevenly", () => {
  const receipts = receiptsOf(new SimulatedChain({ seed: 2, scenario: "calm", dialect: "readme" }), 5_000);
  for (const market of MARKET_IDS) {
    const others = receipts.filter((receipt) => receipt.market === market && receipt.provider !== 0);
    const counts = new Map<number, number>();
    for (const { provider } of others) counts.set(provider, (counts.get(provider) ?? 0) + 1);
    assertGreater(Math.max(...counts.values()) / others.length, 1.5 / counts.size, market);
  }
});

Deno.test("ReceiptSource.receipts() comes at the rate of its scenario, and we earn within 300 blocks", () => {
  for (const scenario of SCENARIO_NAMES) {
    for (const dialect of DIALECTS) {
      const counts = [0, 0, 0, 0];
      for (let seed = 0; seed < 10; seed++) {
        const chain = new SimulatedChain({ seed, scenario, dialect });
        let revenue = 0;
        for (const receipt of receiptsOf(chain, 300)) {
          counts[MARKET_IDS.indexOf(receipt.market)]! += 1;
          if (receipt.provider === 0 && settles(receipt, dialect)) revenue += receipt.amount;
        }
        assertGreater(revenue, 0, `${scenario} ${dialect} seed ${seed}`);
      }
      const [compute, storage, energy, ad] = counts.map((count) => count / 2_990);
      const within = (rate: number, low: number, high: number, market: string) =>
        assert(rate > low && rate < high, `${scenario} ${dialect} ${market}: ${rate} receipts per block`);
      const [low, high] = scenario === "stress" ? [2, 4] : [1.08, 1.32];
      const open = scenario === "outage" ? 0.8 : 1;
      within(compute!, low * open, high * open, "compute");
      within(storage!, low * open, high * open, "storage");
      within(energy!, low, high, "energy");
      if (scenario === "throttled-ads") within(ad!, 0.1, 0.3, "ad");
      else within(ad!, low, high, "ad");
    }
  }
});

Deno.test("ReceiptSource.receipts() leaves compute and storage empty during an outage", () => {
  const chain = new SimulatedChain({ seed: 1, scenario: "outage", dialect: "readme" });
  for (let height = 120; height < 180; height++) {
    assert(chain.receiptsAt(height).every(({ market }) => market === "energy" || market === "ad"));
  }
});

Deno.test("ReceiptSource.receipts() sells whole kilowatt-hours in live and charges others only", () => {
  const chain = new SimulatedChain({ seed: 1, scenario: "calm", dialect: "live" });
  const energy = receiptsOf(chain, 2_000).filter((receipt) => receipt.market === "energy");
  assert(energy.every((receipt) => receipt.units % 1_000_000 === 0));
  assert(energy.filter((receipt) => receipt.provider !== 0).every((receipt) => receipt.treasuryFee > 0));
  assert(energy.filter((receipt) => receipt.provider === 0).every((receipt) => receipt.treasuryFee === 0));
  assert(receiptsOf(chain, 500).every((receipt) => receipt.subsidy === 0));
});
