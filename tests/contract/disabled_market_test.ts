// @ts-types="#types/std_assert.d.ts"
import { assert, assertEquals, assertMatch } from "@std/assert";
import type { Dialect } from "../../src/simulator/scenario.ts";
import { assertBody, metaOf } from "./bodies.ts";
import type { Json } from "./harness.ts";
import { withNode } from "./node.ts";

for (const dialect of ["readme", "live"] satisfies Dialect[]) {
  Deno.test(`a market that is switched off is not asked for and says so everywhere, dialect ${dialect}`, async () => {
    const asked: string[] = [];
    const config = "[markets]\nad_enabled = false\nenergy_enabled = false\n";
    await withNode({ dialect, config, onAsked: (method) => asked.push(method) }, async ({ json }) => {
      for (const id of ["ad", "energy"]) {
        const gates = await json("/theblock/gates") as Record<string, Json>;
        const { state, ready, enabled } = gates[id]!;
        assertEquals([state, ready, enabled], ["unknown", false, false]);
        assertMatch(metaOf(gates).partial[`${id}.node_state`] ?? "", /^DISABLED: /);

        const markets = (await json("/theblock/markets/health")).markets as Record<string, Json>;
        assertEquals([markets[id]!.enabled, markets[id]!.status, markets[id]!.gate], [
          false,
          "disabled",
          "unknown",
        ]);
        const fields = [
          "utilization_ppm",
          "provider_margin_ppm",
          "active_providers",
          "volume_24h",
          "unit_price_micro",
        ];
        for (const field of fields) assertEquals(markets[id]![field], null, field);

        const detail = await json(`/theblock/markets/${id}`);
        assertBody(detail, id);
        assertEquals([detail.enabled, detail.status], [false, "disabled"]);
        assertMatch(
          metaOf(detail).partial.utilization_ppm!,
          new RegExp(`^DISABLED: markets.${id}_enabled is false`),
        );
        assertEquals([detail.providers, detail.figures, detail.prices], [[], [], []]);
      }
      const { providers } = await json("/theblock/providers") as { providers: readonly { market: string }[] };
      assert(providers.every(({ market }) => market !== "ad" && market !== "energy"));
      const markets = (await json("/theblock/markets/health")).markets as Record<string, Json>;
      assertEquals([markets.compute!.enabled, markets.storage!.enabled], [true, true]);
      assert(asked.length > 10);
      assertEquals(asked.filter((method) => /^(ad_market|energy)\./.test(method)), []);
    });
  });
}
