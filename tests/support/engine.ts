/** Short ways to make what the engine's tests need: headers, receipts, observations and a core that has seen them. */
import { Core } from "../../src/engine/core.ts";
import { type CoreOptions } from "../../src/engine/state.ts";
import type { EngineEvent, Header } from "../../src/engine/event.ts";
import { perMarket } from "../../src/engine/market.ts";
import type {
  GovernorGate,
  GovernorObservation,
  MarketObservation,
  ObservationKey,
  Observations,
  Peer,
  SchedulerObservation,
} from "../../src/engine/observation.ts";
import { Absent, absent, type ReasonCode } from "../../src/engine/reason.ts";
import type { Receipt } from "../../src/engine/receipt.ts";

/** Time of the first event of most tests. */
export const T0 = 1_767_225_600_000;

/** The reason that fixtures give for what they leave out. */
export const LEFT_OUT = absent("NOT_OFFERED", "left out by the test");

/** The code of a value that is not known; null of one that is. */
export function codeOf(value: unknown): ReasonCode | null {
  return value instanceof Absent ? value.code : null;
}

/** A header; without a time of its own unless one is given. */
export function headerAt(height: number, given: Partial<Header> = {}): Header {
  return {
    height,
    hash: `h${height}`,
    parentHash: height === 0 ? null : `h${height - 1}`,
    timestampMs: null,
    txCount: null,
    miner: null,
    reward: null,
    ...given,
  };
}

/** A compute receipt of 1,000 base units for 10 compute units. */
export function receiptAt(height: number, given: Partial<Receipt> = {}): Receipt {
  const index = given.index ?? 0;
  return {
    id: `${height}-${index}-d`,
    source: "receipt.audit",
    kind: "work",
    market: "compute",
    height,
    anchored: true,
    index,
    digest: "d",
    amount: 1_000n,
    deducted: 0n,
    units: 10n,
    provider: "p0",
    consumer: "c0",
    verified: null,
    subsidies: {},
    disputes: [],
    payload: "{}",
    ...given,
  };
}

/** A market's own answer in which nothing is known but what is given. */
export function marketAnswer(given: Partial<MarketObservation> = {}): MarketObservation {
  return {
    utilizationPpm: LEFT_OUT,
    providerMarginPpm: LEFT_OUT,
    activeProviders: LEFT_OUT,
    pendingOperations: LEFT_OUT,
    quote: LEFT_OUT,
    providers: LEFT_OUT,
    oldestWaitMs: LEFT_OUT,
    ready: LEFT_OUT,
    readyReason: LEFT_OUT,
    figures: [],
    tables: {},
    ...given,
  };
}

/** One gate of the governor. */
export function gateNamed(name: string, state: string, given: Partial<GovernorGate> = {}): GovernorGate {
  return {
    name,
    state,
    reason: `${name} is ${state}`,
    enterStreak: 1,
    exitStreak: 0,
    streakRequired: 14,
    lastTransitionHeight: LEFT_OUT,
    ...given,
  };
}

/** An enabled governor with these gates. */
export function governorWith(
  gates: readonly GovernorGate[],
  given: Partial<GovernorObservation> = {},
): GovernorObservation {
  return {
    enabled: true,
    epoch: 1,
    shadowOnly: false,
    gates,
    economics: {},
    epochTxCount: LEFT_OUT,
    pendingDecisions: 0,
    ...given,
  };
}

/** A scheduler's answer. */
export function schedulerAnswer(given: Partial<SchedulerObservation> = {}): SchedulerObservation {
  return {
    queueDepth: 0,
    activeJobs: LEFT_OUT,
    queuedHigh: LEFT_OUT,
    queuedNormal: LEFT_OUT,
    queuedLow: LEFT_OUT,
    averageWaitMs: LEFT_OUT,
    processedPerBlock: LEFT_OUT,
    throughput: LEFT_OUT,
    completedTotal: LEFT_OUT,
    ...given,
  };
}

/** A peer of which only the identifier is known. */
export function peerNamed(id: string): Peer {
  return {
    id,
    address: LEFT_OUT,
    connectedAtS: LEFT_OUT,
    latencyMs: LEFT_OUT,
    version: LEFT_OUT,
    isValidator: LEFT_OUT,
    height: LEFT_OUT,
    reputation: LEFT_OUT,
    requests: LEFT_OUT,
    bytesSent: LEFT_OUT,
    throttleReason: LEFT_OUT,
  };
}

/** A core whose markets are all enabled, with the node answering. */
export function coreWith(events: readonly EngineEvent[] = [], options: Partial<CoreOptions> = {}): Core {
  const core = new Core({ finalityDepth: 32, enabled: perMarket(() => true), ...options });
  core.apply({ kind: "link", atMs: T0, up: true, reason: null });
  for (const event of events) core.apply(event);
  return core;
}

/** An answered poll. */
export function observed<K extends ObservationKey>(of: K, value: Observations[K], atMs = T0): EngineEvent {
  return { kind: "observed", of, atMs, ttlMs: 10_000, value } as EngineEvent;
}

/** A poll that the node cannot answer. */
export function unavailable(
  of: ObservationKey,
  because = "not on this node",
  code: "NOT_OFFERED" | "AUTH" | "NO_ACCOUNT" = "NOT_OFFERED",
): EngineEvent {
  return { kind: "unavailable", of, atMs: T0, code, because };
}

/** A block with its receipts and its slot, in the order in which ingest sends them. */
export function blockEvents(
  header: Header,
  atMs: number,
  receipts: readonly Receipt[] = [],
  catchUp = false,
): readonly EngineEvent[] {
  return [
    { kind: "block", atMs, header, catchUp },
    { kind: "receipts", atMs, receipts, through: header.height },
    { kind: "slot", atMs, height: header.height },
  ];
}

/** Live blocks `from` to `to`, a second apart from {@link T0} on, without receipts. */
export function blocksUpTo(
  to: number,
  from = 0,
  make: (height: number) => Partial<Header> = () => ({}),
): readonly EngineEvent[] {
  const events: EngineEvent[] = [];
  for (let height = from; height <= to; height++) {
    events.push(...blockEvents(headerAt(height, make(height)), T0 + 1_000 * height));
  }
  return events;
}
