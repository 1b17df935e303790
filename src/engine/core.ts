/**
 * The deterministic core: the only place where state changes. The same events in the same order give the same
 * state, live, in replay and in a backtest.
 */
import { addPrice, addReceipt, lastPrice, moveWindows, revertReceipts } from "./activity.ts";
import { addPoint, type CandlePoint, revertPoints } from "./candle.ts";
import { appendBlock, blockAt, revertTo, tipOf } from "./chain.ts";
import type { Change } from "./change.ts";
import { decode, encode } from "./codec.ts";
import type { EngineEvent, ObservedEvent, UnavailableEvent } from "./event.ts";
import { TypeScriptFeatureEngine } from "./features/engine.ts";
import { endSlot, featureRow, feedReceipts, openReceipts, rebuild, revertSlots } from "./features/feed.ts";
import { FEATURE_MODES, FEATURE_SCHEMA } from "./features/spec.ts";
import { emptyFeatures } from "./features/state.ts";
import { hashText } from "./hash.ts";
import { bookReceipt, bookReward, observeBalance, revertLedger, sidesOf, trimLedger } from "./ledger.ts";
import { MARKET_IDS, type MarketId, marketOf } from "./market.ts";
import type { ObservationKey, Observations } from "./observation.ts";
import {
  emptyPosterior,
  exportPosterior,
  importPosterior,
  revertPosterior,
  stepPosterior,
} from "./posterior.ts";
import { extendIndex, revertIndex } from "./price_index.ts";
import { absent, isKnown } from "./reason.ts";
import type { Receipt } from "./receipt.ts";
import {
  type CoreOptions,
  type CoreState,
  gateOf,
  initialState,
  marketValue,
  setSlice,
  sliceValue,
} from "./state.ts";
import type { Topic } from "./topic.ts";
import { applyCommand, tickDesk } from "./trading/desk.ts";
import { chainTimeMs, marketTick } from "./trading/market_tick.ts";

/** How long the scheduler's completions are averaged. */
const COMPLETED_WINDOW_MS = 60_000;

const MARKET_TOPICS: readonly Topic[] = MARKET_IDS.map((id) => `market.${id}` as Topic);

/** Which topics show something of a slice. */
const TOPICS_OF_SLICE: Readonly<Record<ObservationKey, readonly Topic[]>> = {
  head: ["health", "network"],
  finality: ["health", "network"],
  chainStats: ["network"],
  difficulty: ["network"],
  mempool: ["mempool", "network"],
  peers: ["health", "network", "peers"],
  overlay: ["health", "network", "peers"],
  traffic: ["network"],
  governor: ["gates", "markets", "network", ...MARKET_TOPICS],
  scheduler: ["scheduler", "network"],
  compute: ["markets", "market.compute", "scheduler", "providers", "gates"],
  storage: ["markets", "market.storage", "providers", "gates"],
  energy: ["markets", "market.energy", "providers", "gates"],
  ad: ["markets", "market.ad", "providers", "gates"],
  balance: ["pnl"],
  rpc: ["network", "capabilities"],
};

const ALL_CHAIN_TOPICS: readonly Topic[] = [
  "health",
  "network",
  "gates",
  "markets",
  ...MARKET_TOPICS,
  "scheduler",
  "peers",
  "mempool",
  "capabilities",
  "providers",
  "pnl",
  "operations",
  "receipts",
  "features",
  "posterior",
];

/** What a tick can change at the desk, and what a command can. */
const TICK_TOPICS: readonly Topic[] = ["orders", "positions", "risk", "strategies", "dashboard"];
const DESK_TOPICS: readonly Topic[] = ["engine", "status", ...TICK_TOPICS];

/** Applies events to state. */
export class Core {
  readonly state: CoreState;
  #changes: Change[] = [];
  readonly #tell = (change: Change) => void this.#changes.push(change);

  constructor(options: CoreOptions) {
    this.state = initialState(options, options.engine ?? new TypeScriptFeatureEngine(FEATURE_MODES));
  }

  /**
   * The whole state as text, apart from the options, which are the configuration's, and the feature engine, which is
   * rebuilt from what it was fed.
   */
  encode(): string {
    const { options: _options, engine: _engine, ...state } = this.state;
    const posterior = exportPosterior(state.posterior, FEATURE_SCHEMA);
    return encode({ ...state, posterior, featureSchema: FEATURE_SCHEMA });
  }

  /** Hash of the state; equal histories give equal hashes. */
  hash(): string {
    return hashText(this.encode());
  }

  /**
   * Takes over a state that {@link encode} wrote.
   *
   * @returns Why features or posterior begin anew, if they do: they were made by another version
   */
  restore(text: string): readonly string[] {
    const { posterior, featureSchema, ...state } = decode(text) as Omit<CoreState, "posterior"> & {
      posterior: string;
      featureSchema: string;
    };
    Object.assign(this.state, state);
    const refused: string[] = [];
    try {
      if (featureSchema !== FEATURE_SCHEMA) throw new Error("FEATURE_STATE_SCHEMA: other features");
      rebuild(state.features, this.state.engine);
    } catch (error) {
      refused.push((error as Error).message);
      this.state.features = emptyFeatures();
      rebuild(this.state.features, this.state.engine);
    }
    try {
      this.state.posterior = importPosterior(posterior, FEATURE_SCHEMA);
    } catch (error) {
      refused.push((error as Error).message);
      this.state.posterior = emptyPosterior();
    }
    return refused;
  }

  /** What the query tables have to learn since this was last asked. */
  takeChanges(): readonly Change[] {
    const changes = this.#changes;
    this.#changes = [];
    return changes;
  }

  /** Applies one event and returns the topics that may now show something else. */
  apply(event: EngineEvent): readonly Topic[] {
    const state = this.state;
    state.nowMs = Math.max(state.nowMs, event.atMs);
    switch (event.kind) {
      case "link":
        return this.#link(event.atMs, event.up, event.reason);
      case "ban":
        state.link.bannedUntilMs = event.untilMs;
        return ["health", "status", "capabilities"];
      case "node":
        state.node = {
          dialect: event.dialect,
          simulated: event.simulated,
          capabilities: event.capabilities,
          atMs: event.atMs,
        };
        return [...ALL_CHAIN_TOPICS, "status"];
      case "observed":
        return this.#observe(event);
      case "unavailable":
        return this.#unavailable(event);
      case "block":
        return this.#block(event);
      case "identities":
        state.ledger.identities = event.identities;
        return ["pnl", "providers", ...MARKET_TOPICS];
      case "start":
        state.sinceHeight = event.sinceHeight;
        state.sinceMs = event.atMs;
        return ["health", "status"];
      case "receipts":
        if (event.through !== null) {
          state.receiptsThrough = Math.max(state.receiptsThrough ?? -1, event.through);
        }
        if (event.swept && !state.swept.includes(event.swept)) state.swept.push(event.swept);
        return this.#receipts(event.receipts, event.atMs);
      case "slot":
        return this.#slot(event.height, event.newest ?? false);
      case "reorg":
        return this.#reorg(event.toHeight, event.atMs);
      case "halt":
        state.chain.halted = event.reason;
        return ["health", "status"];
      case "desk":
        // The desk lives in the chain's time, of which nothing is known when it is opened.
        applyCommand(
          state.desk,
          event.command,
          event.command.type === "configure" ? 0 : chainTimeMs(state, event.atMs),
          this.#tell,
        );
        return DESK_TOPICS;
      case "gap":
        state.chain.gapCount++;
        state.chain.lastGap = { atMs: event.atMs, source: event.source, detail: event.detail };
        return ["health", "status"];
      default:
        return unreachable(event);
    }
  }

  #link(atMs: number, up: boolean, reason: string | null): readonly Topic[] {
    const link = this.state.link;
    if (link.up !== up || link.sinceMs === null) link.sinceMs = atMs;
    link.up = up;
    link.everUp ||= up;
    link.reason = reason;
    if (up) link.bannedUntilMs = null;
    return link.everUp ? ["health", "status", "capabilities"] : [...ALL_CHAIN_TOPICS, "status"];
  }

  #observe(event: ObservedEvent): readonly Topic[] {
    const { of, atMs, ttlMs, value } = event;
    setSlice(this.state, of, { asOfMs: atMs, ttlMs, value });
    if (of === "head") this.#head(event.value.height, atMs);
    if (of === "scheduler") this.#completed(atMs);
    if (of === "balance") this.#balance(event.value.accounts, atMs);
    if (of === "governor" || of in this.state.activity) this.#watchGates();
    return TOPICS_OF_SLICE[of];
  }

  #unavailable(event: UnavailableEvent): readonly Topic[] {
    setSlice(this.state, event.of, {
      asOfMs: event.atMs,
      ttlMs: Number.MAX_SAFE_INTEGER,
      value: absent(event.code, event.because),
    });
    return TOPICS_OF_SLICE[event.of];
  }

  #head(height: number | null, atMs: number): void {
    const chain = this.state.chain;
    if (height !== null || chain.blocks.length > 0) return;
    chain.empty = true;
    chain.lastAdvanceMs ??= atMs;
  }

  #completed(atMs: number): void {
    const scheduler = sliceValue(this.state, "scheduler");
    if (!isKnown(scheduler) || !isKnown(scheduler.completedTotal)) return;
    const samples = this.state.completed;
    const last = samples[samples.length - 1];
    if (last && scheduler.completedTotal < last.completed) samples.length = 0; // The node restarted.
    samples.push({
      atMs,
      height: tipOf(this.state.chain)?.height ?? null,
      completed: scheduler.completedTotal,
    });
    while (samples.length > 2 && samples[1]!.atMs <= atMs - COMPLETED_WINDOW_MS) samples.shift();
  }

  #watchGates(): void {
    const height = tipOf(this.state.chain)?.height ?? null;
    for (const id of MARKET_IDS) {
      const { state } = gateOf(this.state, id);
      const history = this.state.gates[id];
      if (history?.state === state) continue;
      this.state.gates[id] = { state, sinceHeight: history ? height : null };
    }
  }

  #block({ header, atMs, catchUp }: Extract<EngineEvent, { kind: "block" }>): readonly Topic[] {
    const { ledger, chain, sinceHeight } = this.state;
    const block = appendBlock(chain, header, atMs, catchUp);
    const { miner } = ledger.identities;
    if (
      header.reward !== null && header.miner !== null && header.miner === miner &&
      header.height >= (sinceHeight ?? 0)
    ) {
      this.#changes.push({
        kind: "entry",
        entry: bookReward(ledger, header.height, header.reward, block.timeMs),
      });
    }
    return ["health", "network", "status"];
  }

  /** One candle point per block: what was paid, or the quote while nothing has ever settled. */
  #drawPrice(market: MarketId, height: number, timeMs: number): void {
    const activity = this.state.activity[market];
    const last = lastPrice(activity);
    let point: CandlePoint | null = null;
    if (last?.height === height) {
      const { priceMicro, amount, units } = last;
      const count = activity.byHeight.get(height)?.length ?? 0;
      point = { height, timeMs, priceMicro, amount, units, count, source: "receipts" };
    } else if (!last) {
      const own = marketValue(this.state, market);
      if (isKnown(own) && isKnown(own.quote)) {
        const { priceMicro, source } = own.quote;
        point = { height, timeMs, priceMicro, amount: 0n, units: 0n, count: 0, source };
      }
    }
    if (!point) return;
    for (const { step, candle } of addPoint(this.state.candles[market], point)) {
      this.#changes.push({ kind: "candle", market, step, candle });
    }
  }

  #balance(accounts: Observations["balance"]["accounts"], atMs: number): void {
    const tip = tipOf(this.state.chain);
    if (!tip) return;
    for (const { address, amount } of accounts) {
      const entry = observeBalance(
        this.state.ledger,
        address,
        amount,
        tip.height,
        tip.timeMs + (atMs - tip.atMs),
        this.state.chain.reorgCount,
      );
      if (entry) this.#changes.push({ kind: "entry", entry });
    }
  }

  #receipts(receipts: readonly Receipt[], atMs: number): readonly Topic[] {
    if (receipts.length === 0) return ["status"];
    const { options, activity, ledger, sinceHeight, features } = this.state;
    feedReceipts(features, receipts.filter(({ market }) => options.enabled[market]));
    const topics = new Set<Topic>(["markets", "providers", "pnl", "receipts", "operations"]);
    for (const receipt of receipts) {
      if (!options.enabled[receipt.market]) continue;
      const timeMs = this.#eventTimeOf(receipt.height, atMs);
      addReceipt(activity[receipt.market], receipt, timeMs);
      const sides = sidesOf(ledger.identities, receipt);
      this.#changes.push({ kind: "receipt", receipt, timeMs, own: sides.provider || sides.consumer });
      if (receipt.height >= (sinceHeight ?? 0)) {
        for (const entry of bookReceipt(ledger, receipt, timeMs)) {
          this.#changes.push({ kind: "entry", entry });
        }
      }
      topics.add(`market.${receipt.market}`);
    }
    const heights = new Map<MarketId, Set<number>>();
    for (const { market, height } of receipts) {
      if (!heights.has(market)) heights.set(market, new Set());
      heights.get(market)!.add(height);
    }
    for (const [market, touched] of heights) {
      for (const height of touched) {
        addPrice(this.state.activity[market], marketOf(market), height, this.#eventTimeOf(height, atMs));
      }
    }
    return [...topics];
  }

  #slot(height: number, newest: boolean): readonly Topic[] {
    const block = blockAt(this.state.chain, height);
    const timeMs = block?.timeMs ?? this.state.nowMs;
    const reachMs = this.state.chain.blocks[0]?.timeMs ?? timeMs;
    for (const id of MARKET_IDS) moveWindows(this.state.activity[id], height, timeMs, reachMs);
    trimLedger(this.state.ledger, height, timeMs);
    if (block && !block.catchUp) { for (const id of MARKET_IDS) this.#drawPrice(id, height, timeMs); }
    if (block && (!block.catchUp || newest)) { // Nothing is traded at prices of the past.
      const { desk } = this.state;
      const staleAfterMs = desk.rules?.limits.staleAfterMs ?? 0;
      tickDesk(desk, marketTick(this.state, height, staleAfterMs), this.#tell);
    }
    this.#endSlot(height, timeMs);
    // An account that nobody has opened does not change.
    const traded = this.state.desk.epoch > 0 ? TICK_TOPICS : [];
    return ["markets", "providers", "features", "posterior", ...MARKET_TOPICS, ...traded];
  }

  /** The order matters: features look at the price index, the posterior at the features. */
  #endSlot(height: number, timeMs: number): void {
    const { options, activity, index, features, engine, posterior } = this.state;
    extendIndex(index, activity, height, openReceipts(features), options.finalityDepth);
    endSlot(this.state, height);
    stepPosterior(posterior, height, engine.output(), index, options.finalityDepth);
    this.#changes.push({ kind: "features", row: featureRow(this.state, timeMs) });
  }

  #reorg(toHeight: number, atMs: number): readonly Topic[] {
    revertTo(this.state.chain, toHeight, atMs);
    const tipMs = tipOf(this.state.chain)?.timeMs ?? atMs;
    revertLedger(this.state.ledger, toHeight);
    revertIndex(this.state.index, toHeight);
    revertSlots(this.state.features, this.state.engine, toHeight);
    revertPosterior(this.state.posterior, toHeight);
    this.#changes.push({ kind: "revert", toHeight });
    for (const market of MARKET_IDS) {
      for (const { step, candle } of revertPoints(this.state.candles[market], toHeight)) {
        this.#changes.push({ kind: "candles-after", market, step, candle });
      }
    }
    const reachMs = this.state.chain.blocks[0]?.timeMs ?? tipMs;
    if (this.state.receiptsThrough !== null) {
      this.state.receiptsThrough = Math.min(this.state.receiptsThrough, toHeight);
    }
    for (const id of MARKET_IDS) {
      const activity = this.state.activity[id];
      revertReceipts(activity, toHeight);
      moveWindows(activity, toHeight, tipMs, reachMs);
    }
    return [...ALL_CHAIN_TOPICS, "status"];
  }

  /** Event time of a height: its block's, while the block is in the window. */
  #eventTimeOf(height: number, atMs: number): number {
    return blockAt(this.state.chain, height)?.timeMs ?? atMs;
  }
}

function unreachable(event: never): never {
  throw new TypeError(`Cannot apply event of unknown kind: ${JSON.stringify(event)}`);
}
