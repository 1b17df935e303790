/** Buys when the price rose since the last tick and nothing is held; sells all of it when the price fell. */
import type { OrderIntent } from "../order.ts";
import { type Agent, buyIntent, NOTHING, sellIntent } from "./agent.ts";
import { entryUnits, SIZING_PARAMETERS } from "./sizing.ts";

/** The last price per instrument of the view; 0 before the first. */
export interface MomentumMemory {
  readonly last: number[];
}

/** One-tick momentum. */
export const momentum: Agent<MomentumMemory> = {
  name: "momentum",
  title: "One-tick momentum",
  hypothesis:
    "A price that rose in the last tick rises in the next one too. It trades at nearly every turn, so it only survives " +
    "where moves are larger than the costs of a round trip; it is the baseline that others have to beat.",
  parameters: SIZING_PARAMETERS,
  warmup: () => 1,
  memory: () => ({ last: [] }),
  decide(view, parameters, memory) {
    let intents: OrderIntent[] | null = null;
    for (let i = 0; i < view.instruments.length; i++) {
      const instrument = view.instruments[i]!;
      if (!instrument.tradable) continue;
      const { price } = instrument;
      const last = memory.last[i] ?? 0;
      memory.last[i] = price;
      if (last === 0 || instrument.working) continue;
      if (price > last && instrument.qty === 0) {
        const qty = entryUnits(view, instrument, parameters.stake_ratio!, parameters.qty!);
        if (qty > 0) (intents ??= []).push(buyIntent(instrument.token, qty));
      } else if (price < last && instrument.qty > 0) {
        (intents ??= []).push(sellIntent(instrument.token, instrument.qty));
      }
    }
    return intents ?? NOTHING;
  },
};
