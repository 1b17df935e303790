// @ts-types="#types/std_assert.d.ts"
import { assertEquals } from "@std/assert";
import { receiptAt, T0 } from "../../tests/support/engine.ts";
import { bookReceipt, emptyLedger, type LedgerState, pnlOf, pnlTotal } from "./ledger.ts";
import { perMarket } from "./market.ts";

/** Books of somebody who is `us` in every market. */
function ourLedger(): LedgerState {
  const ledger = emptyLedger();
  ledger.identities = { byMarket: perMarket(() => ["us"]), account: "us", miner: null };
  return ledger;
}

Deno.test("bookReceipt() books what is ours: 50 for compute and 7 for storage are 57 spent in two entries", () => {
  // The original booked −7 and no transaction: its compute receipts raised before they were booked.
  const ledger = ourLedger();
  const receipts = [
    receiptAt(1, { amount: 50n, units: 100n, consumer: "us" }),
    receiptAt(2, { id: "2-0-d", market: "storage", amount: 7n, units: 1000n, consumer: "us" }),
  ];
  const entries = receipts.flatMap((receipt) => bookReceipt(ledger, receipt, T0));
  assertEquals(entries.map(({ kind, amount }) => [kind, amount]), [["cost", 50n], ["cost", 7n]]);
  const { costs, revenue, own } = pnlTotal(pnlOf(ledger, "all", T0));
  assertEquals([costs, revenue, own], [57n, 0n, 2]);
  assertEquals(1000n + ledger.accounts.get("assets:us")!, 943n);
});

Deno.test("bookReceipt() counts somebody else's receipt and books nothing of it", () => {
  // The original took every receipt of the chain for its own spending.
  const ledger = ourLedger();
  assertEquals(bookReceipt(ledger, receiptAt(1, { amount: 50n }), T0), []);
  const { costs, revenue, own, receipts } = pnlTotal(pnlOf(ledger, "all", T0));
  assertEquals([costs, revenue, own, receipts], [0n, 0n, 0, 1]);
  assertEquals(ledger.accounts.size, 0);
});

Deno.test("bookReceipt() books both sides of a receipt that we gave ourselves, and all accounts stay zero", () => {
  const ledger = ourLedger();
  const entries = bookReceipt(ledger, receiptAt(1, { amount: 50n, provider: "us", consumer: "us" }), T0);
  assertEquals(entries.map(({ kind }) => kind), ["revenue", "cost"]);
  assertEquals([...ledger.accounts.values()].reduce((sum, amount) => sum + amount, 0n), 0n);
});
