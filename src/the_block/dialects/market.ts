/** Questions to the four markets. */
import type { MarketObservation } from "../../engine/observation.ts";
import {
  decodeAdBudget,
  decodeAdInventory,
  decodeAdReadiness,
  decodeAdStats,
  decodeComputeStats,
  decodeEnergyMarket,
  decodeStorageProviders,
  decodeStorageStats,
} from "../decode/market.ts";
import { type Question, spell } from "../question.ts";

/** The compute market; one method name, two shapes, which the decoder tells apart. */
export const compute: Question<void, MarketObservation> = {
  id: "compute",
  meaning: "How is the compute market?",
  spellings: [spell(null, "compute_market.stats", decodeComputeStats)],
};

/** The storage market. */
export const storage: Question<void, MarketObservation> = {
  id: "storage",
  meaning: "How is the storage market?",
  spellings: [
    spell("readme", "storage.stats", decodeStorageStats),
    spell("live", "storage.discover_providers", decodeStorageProviders, {
      object_size: 1,
      shares: 1,
      limit: 500,
    }),
  ],
};

/** The energy market. */
export const energy: Question<void, MarketObservation> = {
  id: "energy",
  meaning: "How is the energy market?",
  spellings: [spell(null, "energy.market_state", decodeEnergyMarket)],
};

/** The ad market; on the live node its readiness, campaigns and budgets are three requests. */
export const ad: Question<void, MarketObservation> = {
  id: "ad",
  meaning: "How is the ad market?",
  spellings: [
    spell("readme", "ad_market.stats", decodeAdStats),
    {
      dialect: "live",
      methods: ["ad_market.readiness", "ad_market.inventory", "ad_market.budget"],
      ask: async (ask) => {
        const readiness = decodeAdReadiness(await ask("ad_market.readiness"));
        const inventory = decodeAdInventory(await ask("ad_market.inventory"));
        const budgets = decodeAdBudget(await ask("ad_market.budget"));
        return { ...readiness, ...inventory, tables: { ...inventory.tables, budgets } };
      },
    },
  ],
};
