/** Questions about blocks, finality, the mempool and balances. */
import type { Header, SimulationInfo } from "../../engine/event.ts";
import type {
  BalanceObservation,
  ChainStatsObservation,
  DifficultyObservation,
  FinalityObservation,
  HeadObservation,
  MempoolObservation,
} from "../../engine/observation.ts";
import {
  decodeBalance,
  decodeBlockHeight,
  decodeChainStats,
  decodeDifficulty,
  decodeFinality,
  decodeHeader,
  decodeHeaders,
  decodeMempoolLane,
} from "../decode/chain.ts";
import { type Question, spell } from "../question.ts";

/** Headers asked for at once. */
export const HEADERS_PAGE = 200;

/** A simulated node says so; our account on it is its account 0. */
export interface SimulatedNode extends SimulationInfo {
  readonly account: {
    readonly address: string;
    readonly identities: Readonly<Record<string, readonly string[]>>;
  } | null;
}

/** Whether the node is a simulation, and of what. Asked once per connection. */
export const simulation: Question<void, SimulatedNode> = {
  id: "simulation",
  meaning: "Is this node simulated?",
  spellings: [
    spell(null, "simulator.info", (field) => {
      const account = field.optional("account");
      return {
        seed: field.get("seed").count(),
        scenario: field.get("scenario").id(64),
        dialect: field.get("dialect").text(16) === "live" ? "live" as const : "readme" as const,
        account: account
          ? {
            address: account.get("address").id(),
            identities: Object.fromEntries([
              ...(account.optional("identities")?.entries() ?? []).map(([market, ids]) =>
                [market, ids.list(64).map((id) => id.id())] as const
              ),
              ...(account.optional("miner") ? [["miner", [account.get("miner").id()]] as const] : []),
            ]),
          }
          : null,
      };
    }),
  ],
};

/**
 * Headers from a height on, oldest first; empty when the chain has no block there.
 *
 * `light.latest_header` would kill a node whose chain is empty, so the tail is always read by `light.headers`, which
 * answers an empty list. A node without it tells heights only.
 */
export const headers: Question<{ readonly start: number; readonly limit: number }, readonly Header[]> = {
  id: "headers",
  meaning: "Which blocks does the chain have?",
  spellings: [
    {
      dialect: null,
      methods: ["light.headers"],
      ask: async (ask, { start, limit }) => decodeHeaders(await ask("light.headers", { start, limit })),
    },
    {
      dialect: "readme",
      methods: ["consensus.block_height"],
      ask: async (ask, { start, limit }) => {
        const { height } = decodeBlockHeight(await ask("consensus.block_height"));
        if (height === null || start > height) return [];
        const count = Math.min(limit, height - start + 1);
        return Array.from({ length: count }, (_, i) => heightOnly(start + i));
      },
    },
  ],
};

function heightOnly(height: number): Header {
  return {
    height,
    hash: null,
    parentHash: null,
    timestampMs: null,
    txCount: null,
    miner: null,
    reward: null,
  };
}

/** Height of the newest block. Only ever asked when {@link headers} has shown that the chain has a block. */
export const head: Question<void, HeadObservation> = {
  id: "head",
  meaning: "How high is the chain?",
  spellings: [
    spell("readme", "consensus.block_height", decodeBlockHeight),
    spell(null, "light.latest_header", (field) => ({ height: decodeHeader(field).height })),
  ],
};

/** What is final. No spelling on the live node: its consensus has no finality gadget. */
export const finality: Question<void, FinalityObservation> = {
  id: "finality",
  meaning: "Which blocks are final?",
  spellings: [spell("readme", "consensus.finality_status", decodeFinality)],
};

/** The node's own rates. */
export const chainStats: Question<void, ChainStatsObservation> = {
  id: "chainStats",
  meaning: "Block time, TPS and stake, as the node counts them",
  spellings: [spell("readme", "consensus.stats", decodeChainStats)],
};

/** Difficulty in leading zero bits. */
export const difficulty: Question<void, DifficultyObservation> = {
  id: "difficulty",
  meaning: "How hard is the next block?",
  spellings: [spell(null, "consensus.difficulty", decodeDifficulty)],
};

const LANES = ["consumer", "industrial"] as const;

/** Pending transactions, one request per admission lane. */
export const mempool: Question<void, MempoolObservation> = {
  id: "mempool",
  meaning: "What is pending, by lane?",
  spellings: [{
    dialect: null,
    methods: ["mempool.stats"],
    ask: async (ask) => {
      const lanes = [];
      for (const lane of LANES) lanes.push(decodeMempoolLane(lane, await ask("mempool.stats", { lane })));
      return { lanes };
    },
  }],
};

/** Balances of accounts. */
export const balance: Question<readonly string[], BalanceObservation> = {
  id: "balance",
  meaning: "What do our accounts hold?",
  spellings: [{
    dialect: null,
    methods: ["balance"],
    ask: async (ask, addresses) => {
      const accounts = [];
      for (const address of addresses) {
        accounts.push({ address, amount: decodeBalance(await ask("balance", { address })) });
      }
      return { accounts };
    },
  }],
};
