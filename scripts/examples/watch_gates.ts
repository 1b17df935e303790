/**
 * Prints a line whenever a market gate changes, for as long as it runs:
 *
 *     deno run --allow-net scripts/examples/watch_gates.ts http://127.0.0.1:8000
 */
import { BlockBuster, type Body, type Gates } from "../../src/client.ts";

const client = new BlockBuster({ url: Deno.args[0] ?? "http://127.0.0.1:8000", key: Deno.args[1] });
const MARKETS = ["compute", "storage", "energy", "ad"] as const;
const last = new Map<string, string>();

client.stream(["gates"], (_topic, body) => {
  const gates = body as Body<Gates>;
  for (const market of MARKETS) {
    const { state, reason, since_height } = gates[market];
    if (last.get(market) === state) continue;
    last.set(market, state);
    const mark = gates._meta.source === "simulated" ? " SIMULATED" : "";
    // deno-lint-ignore no-console
    console.log(
      `${new Date(gates._meta.as_of_ms).toISOString()}${mark} ${market}: ${state}`,
      reason ?? "",
      since_height ?? "",
    );
  }
});
