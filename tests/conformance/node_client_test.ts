// @ts-types="#types/std_assert.d.ts"
import { assert, assertEquals, assertInstanceOf } from "@std/assert";
import type { DialectName, Header } from "../../src/engine/event.ts";
import type {
  BalanceObservation,
  ChainStatsObservation,
  DifficultyObservation,
  FinalityObservation,
  GovernorObservation,
  HeadObservation,
  MarketObservation,
  MempoolObservation,
  OverlayObservation,
  PeersObservation,
  SchedulerObservation,
  TrafficObservation,
} from "../../src/engine/observation.ts";
import { Absent, isKnown, type Known } from "../../src/engine/reason.ts";
import type { Receipt } from "../../src/engine/receipt.ts";
import { systemClock } from "../../src/runtime/clock.ts";
import { type RunningSimulator, startSimulator } from "../../src/simulator/rpc_server.ts";
import { NodeClient } from "../../src/the_block/client.ts";
import type { ReceiptPage, SettlementPage } from "../../src/the_block/decode/receipts.ts";
import type { SimulatedNode } from "../../src/the_block/dialects/chain.ts";
import { survey } from "../../src/the_block/survey.ts";
import { Transport } from "../../src/the_block/transport.ts";
import { everyQuestion } from "../support/questions.ts";

const TIP = 299;
const OPTIONS = {
  seed: 3,
  scenario: "stress",
  speed: 1,
  clock: systemClock,
  mining: false,
  limits: { requestsPerSecond: 1e6, energyReadsPerSecond: 1e6, banMs: 1_000 },
} as const;

interface Setup {
  readonly node: RunningSimulator;
  readonly client: NodeClient;
  readonly dialect: DialectName;
  /** Methods in the order in which they were asked. */
  readonly asked: string[];
}

async function withNode(
  dialect: DialectName,
  test: (setup: Setup) => Promise<void>,
  given: { readonly emptyChain?: boolean } = {},
): Promise<void> {
  const node = await startSimulator({ ...OPTIONS, dialect, ...given });
  const asked: string[] = [];
  const transport = new Transport({
    url: node.url,
    timeoutMs: 5_000,
    token: null,
    budget: { requestsPerSecond: 1e6, energyPerSecond: 1e6, banMs: 1_000 },
    clock: systemClock,
    onCall: ({ method }) => asked.push(method),
  });
  try {
    await test({ node, client: new NodeClient(transport, systemClock), dialect, asked });
  } finally {
    transport.close();
    await node.stop();
  }
}

/** One capability: how each dialect spells it (null = not offered), and what its answer must be like. */
interface Capability<T> {
  readonly readme: readonly string[] | null;
  readonly live: readonly string[] | null;
  readonly check: (answer: T, setup: Setup) => void;
}

function within(value: Known<number>, low: number, high: number, what: string): void {
  assert(isKnown(value) && value >= low && value <= high, `${what} is ${JSON.stringify(value)}`);
}

function missing(values: Readonly<Record<string, unknown>>): void {
  for (const [name, value] of Object.entries(values)) {
    assertInstanceOf(value, Absent, name);
    assertEquals(value.code, "NOT_OFFERED", name);
  }
}

/** What both dialects' markets have: plausible numbers wherever there are any. */
function checkMarket(market: MarketObservation): void {
  if (isKnown(market.utilizationPpm)) within(market.utilizationPpm, 0, 1_000_000, "utilisation");
  if (isKnown(market.providerMarginPpm)) within(market.providerMarginPpm, -1_000_000, 1_000_000, "margin");
  if (isKnown(market.quote)) assert(market.quote.priceMicro > 0n);
  for (const provider of isKnown(market.providers) ? market.providers : []) {
    assert(provider.id.length > 0);
    if (isKnown(provider.capacity) && isKnown(provider.available)) {
      assert(provider.available <= provider.capacity, provider.id);
    }
  }
}

function checkReceipt(receipt: Receipt, { node }: Setup): void {
  assert(receipt.height >= 0 && receipt.height <= node.tip(), receipt.id);
  assert(receipt.amount >= 0n && receipt.units >= 0n && receipt.deducted <= receipt.amount, receipt.id);
  assert(typeof JSON.parse(receipt.payload) === "object");
}

/** Every capability by its identifier. */
const CAPABILITIES = {
  simulation: {
    readme: ["simulator.info"],
    live: ["simulator.info"],
    check: (answer: SimulatedNode, { node, dialect }) => {
      const { address, miner, compute } = node.chain.identities;
      assertEquals([answer.seed, answer.scenario, answer.dialect], [3, "stress", dialect]);
      assertEquals(answer.account?.address, address);
      assertEquals([answer.account?.identities.miner, answer.account?.identities.compute], [
        [miner],
        compute,
      ]);
    },
  } satisfies Capability<SimulatedNode>,
  headers: {
    readme: ["light.headers"],
    live: ["light.headers"],
    check: (answer: readonly Header[], { node, dialect }) => {
      assertEquals(answer.map(({ height }) => height), [295, 296, 297, 298, 299]);
      assertEquals(answer.map(({ hash }) => hash), answer.map(({ height }) => node.chain.hashAt(height)));
      for (const [i, header] of answer.entries()) {
        if (dialect === "live") {
          const { parentHash, timestampMs, txCount, miner, reward } = header;
          assertEquals([parentHash, timestampMs, txCount, miner, reward], [null, null, null, null, null]);
          continue;
        }
        assertEquals(header.parentHash, node.chain.hashAt(header.height - 1));
        assert(
          header.reward !== null && header.reward > 0n && header.miner !== null && header.txCount !== null,
        );
        assert(i === 0 || header.timestampMs! > answer[i - 1]!.timestampMs!);
      }
    },
  } satisfies Capability<readonly Header[]>,
  head: {
    readme: ["consensus.block_height"],
    live: ["light.latest_header"],
    check: (answer: HeadObservation) => assertEquals(answer, { height: TIP }),
  } satisfies Capability<HeadObservation>,
  finality: {
    readme: ["consensus.finality_status"],
    live: null,
    check: ({ finalizedHeight, syncing, finalityTimeS }: FinalityObservation) => {
      within(finalizedHeight, TIP - 32, TIP, "finalized height");
      assertEquals(syncing, false);
      missing({ finalityTimeS });
    },
  } satisfies Capability<FinalityObservation>,
  governor: {
    readme: ["governor.status"],
    live: ["governor.status"],
    check: (answer: GovernorObservation, { dialect }) => {
      assertEquals(answer.enabled, true);
      assertEquals(answer.gates.map(({ name }) => name).sort(), [
        "ad_targeting_contextual",
        "ad_targeting_presence",
        "compute",
        "economics",
        "energy",
        "naming",
        "operational",
        "storage",
      ]);
      for (const gate of answer.gates) {
        assert(["inactive", "active", "rehearsal", "trade"].includes(gate.state), gate.state);
        within(gate.streakRequired, 1, 100, "streak required");
        assertEquals(isKnown(gate.lastTransitionHeight), dialect === "readme");
      }
      assertEquals(Object.keys(answer.economics).sort(), ["ad", "compute", "energy", "storage"]);
      within(answer.epochTxCount, 0, 1e6, "transactions of the epoch");
    },
  } satisfies Capability<GovernorObservation>,
  mempool: {
    readme: ["mempool.stats"],
    live: ["mempool.stats"],
    check: ({ lanes }: MempoolObservation) => {
      assertEquals(lanes.map(({ lane }) => lane), ["consumer", "industrial"]);
      for (const lane of lanes) {
        assert(lane.size > 0 && lane.ageP95Ms >= lane.ageP50Ms && lane.feeP90 >= lane.feeP50, lane.lane);
      }
    },
  } satisfies Capability<MempoolObservation>,
  scheduler: {
    readme: ["scheduler.stats"],
    live: ["compute_market.scheduler_stats"],
    check: (answer: SchedulerObservation, { dialect }) => {
      within(answer.queueDepth, 0, 10_000, "queue");
      within(answer.activeJobs, 0, 10_000, "jobs");
      const { averageWaitMs, throughput, processedPerBlock, completedTotal } = answer;
      if (dialect === "live") {
        missing({ averageWaitMs, throughput, processedPerBlock });
        within(completedTotal, 1, 1e9, "completed");
        const queues = [answer.queuedHigh, answer.queuedNormal, answer.queuedLow] as number[];
        assertEquals(queues.reduce((a, b) => a + b), answer.queueDepth);
      } else {
        missing({ completedTotal, queuedHigh: answer.queuedHigh });
        within(averageWaitMs, 0, 60_000, "wait");
        within(throughput, 0, 1_000, "throughput");
        within(processedPerBlock, 0, 1_000, "per block");
      }
    },
  } satisfies Capability<SchedulerObservation>,
  compute: {
    readme: ["compute_market.stats"],
    live: ["compute_market.stats"],
    check: (answer: MarketObservation, { dialect }) => {
      checkMarket(answer);
      within(answer.pendingOperations, 0, 10_000, "pending");
      assert(isKnown(answer.quote));
      if (dialect === "live") {
        missing({ providers: answer.activeProviders, margin: answer.providerMarginPpm });
      } else within(answer.activeProviders, 1, 12, "providers");
    },
  } satisfies Capability<MarketObservation>,
  peers: {
    readme: ["net.peers"],
    live: ["net.peer_stats_all"],
    check: ({ peers }: PeersObservation, { dialect }) => {
      assert(peers.length > 0);
      assertEquals(new Set(peers.map(({ id }) => id)).size, peers.length);
      for (const peer of peers) {
        const { address, latencyMs, version, isValidator, connectedAtS, height } = peer;
        within(peer.reputation, -100, 100, "reputation");
        if (dialect === "live") {
          missing({ address, latencyMs, version, isValidator, connectedAtS, height });
          within(peer.requests, 0, 1e12, "requests");
        } else {
          within(latencyMs, 0.1, 5_000, "latency");
          within(height, TIP - 100, TIP, "height");
          assert(
            typeof isValidator === "boolean" && typeof address === "string" && typeof version === "string",
          );
        }
      }
    },
  } satisfies Capability<PeersObservation>,
  overlay: {
    readme: ["net.overlay_status"],
    live: ["net.overlay_status"],
    check: ({ activePeers, persistedPeers, backend }: OverlayObservation) => {
      within(activePeers, 1, 100, "peers");
      within(persistedPeers, activePeers, 1_000, "persisted");
      assertEquals(backend, "inhouse");
    },
  } satisfies Capability<OverlayObservation>,
  traffic: {
    readme: ["net.stats"],
    live: null,
    check: (answer: TrafficObservation) => {
      within(answer.bandwidthIn, 1, 1e9, "in");
      within(answer.bandwidthOut, 1, 1e9, "out");
      within(answer.activeConnections, 1, 10_000, "connections");
      within(answer.averageLatencyMs, 0.1, 5_000, "latency");
    },
  } satisfies Capability<TrafficObservation>,
  chainStats: {
    readme: ["consensus.stats"],
    live: null,
    check: (answer: ChainStatsObservation) => {
      within(answer.blockTimeMs, 500, 5_000, "block time");
      within(answer.tps, 0, 10_000, "tps");
      within(answer.validatorCount, 1, 1_000, "validators");
      const { totalStake, activeStake } = answer;
      assert(isKnown(totalStake) && isKnown(activeStake) && totalStake >= activeStake && activeStake > 0n);
    },
  } satisfies Capability<ChainStatsObservation>,
  storage: {
    readme: ["storage.stats"],
    live: ["storage.discover_providers"],
    check: (answer: MarketObservation, { dialect }) => {
      checkMarket(answer);
      assert(isKnown(answer.quote));
      within(answer.activeProviders, 1, 10, "providers");
      if (dialect === "live") {
        missing({ utilization: answer.utilizationPpm, pending: answer.pendingOperations });
      } else within(answer.pendingOperations, 0, 10_000, "pending");
    },
  } satisfies Capability<MarketObservation>,
  energy: {
    readme: ["energy.market_state"],
    live: ["energy.market_state"],
    check: (answer: MarketObservation) => {
      checkMarket(answer);
      within(answer.utilizationPpm, 0, 1_000_000, "utilisation");
      assert(isKnown(answer.providers) && answer.providers.length === answer.activeProviders);
      assert(isKnown(answer.quote));
    },
  } satisfies Capability<MarketObservation>,
  ad: {
    readme: ["ad_market.stats"],
    live: ["ad_market.readiness", "ad_market.inventory", "ad_market.budget"],
    check: (answer: MarketObservation, { dialect }) => {
      checkMarket(answer);
      within(answer.activeProviders, 1, 1_000, "providers");
      assertEquals(isKnown(answer.ready), dialect === "live");
      if (dialect === "live") {
        assertEquals(Object.keys(answer.tables), ["campaigns", "cohort_prices", "budgets"]);
      }
    },
  } satisfies Capability<MarketObservation>,
  difficulty: {
    readme: ["consensus.difficulty"],
    live: ["consensus.difficulty"],
    check: ({ bits }: DifficultyObservation) => within(bits, 1, 256, "difficulty"),
  } satisfies Capability<DifficultyObservation>,
  balance: {
    readme: ["balance"],
    live: ["balance"],
    check: ({ accounts }: BalanceObservation, { node }) => {
      assertEquals(accounts.map(({ address }) => address), [node.chain.identities.address]);
      assertEquals(accounts[0]?.amount, BigInt(node.chain.viewAt(TIP).balance(accounts[0]!.address)));
    },
  } satisfies Capability<BalanceObservation>,
  receipts: {
    readme: ["receipt.audit"],
    live: null,
    check: (page: ReceiptPage, setup) => {
      assert(page.receipts.length > 0);
      assertEquals([page.rejected, page.ignored, page.truncated, page.scannedTo], [[], 0, false, TIP]);
      for (const receipt of page.receipts) {
        checkReceipt(receipt, setup);
        assert(
          receipt.height >= 295 && receipt.anchored && receipt.provider !== null && receipt.consumer !== null,
        );
        assert(receipt.amount > 0n && receipt.units > 0n);
      }
      assertEquals(new Set(page.receipts.map(({ id }) => id)).size, page.receipts.length);
    },
  } satisfies Capability<ReceiptPage>,
  energyReceipts: {
    readme: null,
    live: ["energy.receipts"],
    check: ({ total, receipts }: { total: number; receipts: readonly Receipt[] }, setup) => {
      assert(total >= receipts.length && receipts.length > 0 && receipts.length <= 25);
      for (const receipt of receipts) {
        checkReceipt(receipt, setup);
        assert(receipt.market === "energy" && receipt.anchored && receipt.amount > 0n);
      }
      assertEquals(new Set(receipts.map(({ id }) => id)).size, receipts.length);
    },
  } satisfies Capability<{ total: number; receipts: readonly Receipt[] }>,
  slaHistory: {
    readme: null,
    live: ["compute_market.sla_history"],
    check: (outcomes: readonly Receipt[], setup) => {
      assert(outcomes.length > 0 && outcomes.length <= 16);
      for (const outcome of outcomes) {
        checkReceipt(outcome, setup);
        assert(outcome.amount === 0n && !outcome.anchored && outcome.verified !== null);
      }
    },
  } satisfies Capability<readonly Receipt[]>,
  settlementAudit: {
    readme: null,
    live: ["settlement.audit"],
    check: ({ receipts, sequences }: SettlementPage, setup) => {
      assert(receipts.length > 0);
      for (const entry of receipts) checkReceipt(entry, setup);
      assertEquals(sequences, sequences.map((_, i) => sequences[0]! + i));
    },
  } satisfies Capability<SettlementPage>,
  domain: { readme: null, live: null, check: () => {} } satisfies Capability<unknown>,
};

/** Questions to a chain of 300 blocks. */
function questionsOf({ node }: Setup) {
  return everyQuestion(TIP, node.chain.identities.address);
}

for (const dialect of ["readme", "live"] as const) {
  Deno.test(`NodeClient finds in dialect ${dialect} exactly the capabilities that it offers`, async () => {
    await withNode(dialect, async (setup) => {
      const questions = questionsOf(setup);
      assertEquals(questions.map(({ question }) => question.id).sort(), Object.keys(CAPABILITIES).sort());
      for (const { question, input } of questions) await setup.client.ask(question, input);
      const found = Object.fromEntries(
        setup.client.capabilities().map((
          { id, status, methods },
        ) => [id, status === "offered" ? methods : status]),
      );
      const expected = Object.fromEntries(
        Object.entries(CAPABILITIES).map(([id, capability]) => [id, capability[dialect] ?? "missing"]),
      );
      assertEquals<unknown>(found, expected);
      assertEquals(setup.client.dialect, dialect);
    });
  });

  Deno.test(`NodeClient.ask() gives plausible answers in dialect ${dialect}, and NOT_OFFERED for the rest`, async () => {
    await withNode(dialect, async (setup) => {
      for (const { question, input } of questionsOf(setup)) {
        const answer = await setup.client.ask(question, input);
        const { check, [dialect]: offered } =
          CAPABILITIES[question.id as keyof typeof CAPABILITIES] as Capability<unknown>;
        if (offered) {
          assert(
            !(answer instanceof Absent),
            `${question.id}: ${answer instanceof Absent ? answer.because : ""}`,
          );
          check(answer, setup);
        } else {
          assertInstanceOf(answer, Absent, question.id);
          assertEquals(
            [answer.code, answer.because.includes("method not found")],
            ["NOT_OFFERED", true],
            question.id,
          );
        }
      }
    });
  });

  Deno.test(`NodeClient asks a node of dialect ${dialect} nothing twice to find out what it offers`, async () => {
    await withNode(dialect, async (setup) => {
      for (const { question, input } of questionsOf(setup)) await setup.client.ask(question, input);
      const before = setup.asked.length;
      for (const { question, input } of questionsOf(setup)) await setup.client.ask(question, input);
      const again = setup.asked.slice(before);
      const offered = Object.values(CAPABILITIES).flatMap((capability) => capability[dialect] ?? []);
      assertEquals(new Set(again), new Set<string>(offered));
      assertEquals(again.length, offered.length + 1, "mempool.stats once a lane, everything else once");
    });
  });

  Deno.test(`NodeClient leaves a ${dialect} node alive whose chain is empty`, async () => {
    await withNode(dialect, async ({ client, node, asked }) => {
      for (let round = 0; round < 2; round++) {
        const found = await survey(client, () => systemClock.monotonicMs());
        assertEquals([found.height, found.simulated], [null, true]);
        const failed = found.rows.filter(({ result }) => result === "failed").map(({ id }) => id);
        assertEquals(failed, dialect === "readme" ? ["finality"] : []); // Nothing can be final yet.
      }
      assertEquals(asked.includes("light.latest_header"), false);
      assertEquals(node.tip(), -1);
    }, { emptyChain: true });
  });

  Deno.test(`survey() lists every question of a ${dialect} node with what it came to`, async () => {
    await withNode(dialect, async ({ client }) => {
      const found = await survey(client, () => systemClock.monotonicMs());
      assertEquals([found.dialect, found.simulated, found.height], [dialect, true, TIP]);
      const offered = found.rows.filter(({ result }) => result === "offered").map(({ id }) => id);
      const expected = Object.entries(CAPABILITIES).filter(([id, capability]) =>
        capability[dialect] !== null && !["simulation", "balance", "domain"].includes(id)
      ).map(([id]) => id);
      assertEquals(offered.sort(), expected.sort());
      assert(found.rows.every(({ result, detail }) => result === "offered" || detail.length > 0));
    });
  });
}

Deno.test("NodeClient finds the other dialect when another node takes the first one's place", async () => {
  await withNode("readme", async (setup) => {
    const questions = questionsOf(setup);
    for (const { question, input } of questions) await setup.client.ask(question, input);
    await setup.node.stop();
    const port = Number(new URL(setup.node.url).port);
    const other = await startSimulator({ ...OPTIONS, dialect: "live", port });
    try {
      // The first request may still meet the old connection's end.
      for (const { question, input } of questions) await setup.client.ask(question, input).catch(() => null);
      setup.asked.length = 0;
      for (const { question, input } of questions) await setup.client.ask(question, input);
      assertEquals(setup.client.dialect, "live");
      assert(setup.asked.includes("storage.discover_providers") && !setup.asked.includes("storage.stats"));
    } finally {
      await other.stop();
    }
  });
});
