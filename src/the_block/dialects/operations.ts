/**
 * Whether a node takes operations. Each is found out by something that changes nothing there: a request that is
 * refused for what it lacks before it acts, or, where an empty request might be taken at its word, the listing that
 * belongs to it.
 */
import type { OperationType } from "../../engine/operation.ts";
import { NodeError } from "../errors.ts";
import type { Question } from "../question.ts";
import type { Params } from "../transport.ts";

/** JSON-RPC: the parameters are wrong. */
const INVALID_PARAMS = -32602;

/** The method of each operation; both dialects spell them the same. */
export const METHOD_OF: Readonly<Record<OperationType, string>> = {
  transfer: "submit_tx",
  storage_register_provider: "storage.register_provider",
  storage_upload: "storage_upload",
  ad_register_campaign: "ad_market.register_campaign",
  energy_settle: "energy.settle",
};

/** Asks for the newest storage providers; each may come more than once. */
export const PROVIDER_LISTING: Params = { object_size: 1, shares: 1, limit: 500 };

/** One question per operation. */
export const OFFERS: Readonly<Record<OperationType, Question<void, true>>> = {
  transfer: refused("transfer", "Does it take transactions?"),
  storage_register_provider: listed(
    "storage_register_provider",
    "Does it register storage providers?",
    "storage.discover_providers",
    PROVIDER_LISTING,
  ),
  storage_upload: listed(
    "storage_upload",
    "Does it make storage contracts?",
    "storage.discover_providers",
    PROVIDER_LISTING,
  ),
  ad_register_campaign: refused("ad_register_campaign", "Does it register ad campaigns?"),
  energy_settle: listed("energy_settle", "Does it settle energy?", "energy.market_state", {}),
};

/** Sends nothing but the name of the method: a node that has it misses the parameters. */
function refused(type: OperationType, meaning: string): Question<void, true> {
  const method = METHOD_OF[type];
  return {
    id: `operation.${type}`,
    meaning,
    spellings: [{
      dialect: null,
      methods: [method],
      ask: async (ask) => {
        try {
          await ask(method);
        } catch (error) {
          if (error instanceof NodeError && error.kind === "rpc" && error.code === INVALID_PARAMS) {
            return true;
          }
          throw error;
        }
        throw new NodeError("decode", method, "the node took a request without parameters");
      },
    }],
  };
}

function listed(type: OperationType, meaning: string, listing: string, params: Params): Question<void, true> {
  return {
    id: `operation.${type}`,
    meaning,
    spellings: [{
      dialect: null,
      methods: [METHOD_OF[type], listing],
      ask: async (ask) => {
        await ask(listing, params);
        return true;
      },
    }],
  };
}
