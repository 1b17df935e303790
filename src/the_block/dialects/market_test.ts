// @ts-types="#types/std_assert.d.ts"
import { assert, assertEquals } from "@std/assert";
import { recorded } from "../../../tests/support/fixtures.ts";
import { failing, ScriptedTransport } from "../../../tests/support/scripted_node.ts";
import { isKnown } from "../../engine/reason.ts";
import { ManualClock } from "../../runtime/clock.ts";
import { NodeClient } from "../client.ts";
import { domain } from "./domain.ts";
import { ad, storage } from "./market.ts";
import { peers } from "./network.ts";
import { receipts } from "./receipts.ts";

function start(answers: Readonly<Record<string, unknown>>) {
  const node = new ScriptedTransport(answers);
  return { node, client: new NodeClient(node.transport, new ManualClock()) };
}

Deno.test("ad joins the live node's readiness, inventory and budgets", async () => {
  const { node, client } = start({
    "ad_market.readiness": recorded("ad_market.readiness", "idle").raw,
    "ad_market.inventory": recorded("ad_market.inventory", "campaign").raw,
    "ad_market.budget": recorded("ad_market.budget", "campaign").raw,
  });
  const market = await client.ask(ad, undefined);
  assert(isKnown(market));
  assertEquals(node.methods, [
    "ad_market.stats",
    "ad_market.readiness",
    "ad_market.inventory",
    "ad_market.budget",
  ]);
  assertEquals([market.ready, market.activeProviders], [false, 0]);
  assertEquals(Object.entries(market.tables).map(([name, rows]) => [name, rows.length]), [
    ["campaigns", 1],
    ["cohort_prices", 0],
    ["budgets", 1],
  ]);
  assertEquals(isKnown(market.quote) ? null : market.quote.code, "NO_PRICE");
});

Deno.test("storage asks the live node for as many providers as it lists", async () => {
  const { node, client } = start({
    "storage.discover_providers": recorded("storage.discover_providers", "twice").raw,
  });
  const market = await client.ask(storage, undefined);
  assert(isKnown(market));
  assertEquals(market.activeProviders, 2);
  assertEquals(node.calls[1]?.params, { object_size: 1, shares: 1, limit: 500 });
});

Deno.test("peers asks the live node's counters page by name", async () => {
  const { node, client } = start({ "net.peer_stats_all": [] });
  assertEquals(await client.ask(peers, undefined), { peers: [] });
  assertEquals(node.calls[1]?.params, { offset: 0, limit: 500 });
});

Deno.test("receipts asks for a range and a market only where one is wanted", async () => {
  const { node, client } = start({ "receipt.audit": recorded("receipt.audit", "idle").raw });
  await client.ask(receipts, { start: 5 });
  await client.ask(receipts, { start: 5, end: 5, market: "energy" });
  assertEquals(node.calls.map(({ params }) => params), [
    { start_height: 5, limit: 512 },
    { start_height: 5, end_height: 5, limit: 512, market: "energy" },
  ]);
});

Deno.test("domain looks a name up in either spelling, and never writes", async () => {
  const readme = start({ "gateway.dns_lookup": recorded("gateway.dns_lookup", "found").raw });
  assertEquals(await readme.client.ask(domain, "a.block"), { verified: true, found: true });
  readme.node.set({ "gateway.dns_lookup": recorded("gateway.dns_lookup", "none").raw });
  assertEquals(await readme.client.ask(domain, "a.block"), { verified: false, found: false });
  const live = start({ "net.dns_verify": recorded("net.dns_verify", "unknown").raw });
  assertEquals(await live.client.ask(domain, "example.block"), { verified: false, found: false });
  assertEquals(live.node.calls.map(({ params }) => params), [{ domain: "example.block" }, {
    domain: "example.block",
  }]);
  const none = start({ "net.dns_verify": failing("missing", "method not found") });
  const answer = await none.client.ask(domain, "a.block");
  assertEquals(isKnown(answer) ? null : answer.code, "NOT_OFFERED");
});
