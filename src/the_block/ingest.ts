/**
 * Turns a node into events: one loop follows the chain, one loop per question polls the rest. Knows when the node
 * is gone, leaves it alone then, and asks everything anew when it is back.
 */
import type { EngineEvent, SimulationInfo } from "../engine/event.ts";
import type { MarketId } from "../engine/market.ts";
import type { ObservationKey } from "../engine/observation.ts";
import { Absent, absent, isKnown, type Known } from "../engine/reason.ts";
import { quantile } from "../engine/statistics.ts";
import type { ChainView } from "../runtime/ports/chain_view.ts";
import type { Clock } from "../runtime/ports/clock.ts";
import type { EventSink } from "../runtime/ports/event_sink.ts";
import type { Log } from "../telemetry/log.ts";
import type { NodeClient } from "./client.ts";
import { balance, headers, type SimulatedNode, simulation } from "./dialects/chain.ts";
import { receipts } from "./dialects/receipts.ts";
import { NodeError } from "./errors.ts";
import { ChainFollower, type IngestStart } from "./follow.ts";
import { BALANCE_EVERY_MS, HEAD_EVERY_MS, POLL_PLAN, SETTLEMENTS_EVERY_MS, ttlOf } from "./poll_plan.ts";
import { SettlementReader } from "./settlements.ts";
import type { CallRecord } from "./transport.ts";

/** Wait between two attempts while the node has banned us. */
const BANNED_RETRY_MS = 500;

/** Longest wait between two attempts to reach a node that is gone. */
const BACKOFF_MAX_MS = 3_000;

/** Without a good answer for this long the node counts as unreachable: two polls and a grace. */
const SILENCE_MS = 2 * HEAD_EVERY_MS + 1_000;

/** Failed polls in a row after which the node counts as unreachable. */
const FAILURES_MAX = 2;

/** Looks at a node that offers nothing of its chain after which all its capabilities are found out anew. */
const STRANGE_MAX = 3;

/** How often our own view of the node's latency is published, and over how long it looks back. */
const RPC_EVERY_MS = 5_000;
const RPC_WINDOW_MS = 60_000;
const RPC_SAMPLES_MAX = 2_000;

/** What {@link Ingest} needs. */
export interface IngestOptions {
  readonly client: NodeClient;
  readonly view: ChainView;
  readonly sink: EventSink;
  readonly clock: Clock;
  readonly log: Log;
  readonly start: () => IngestStart;
  readonly finalityDepth: number;
  readonly enabled: Readonly<Record<MarketId, boolean>>;
  /** Addresses whose balances are ours. */
  readonly accounts: () => readonly string[];
  /** Base of the back-off towards the node. */
  readonly reconnectMs: number;
  /** How much faster than real time the chain runs; only a simulated chain does. */
  readonly speed: number;
  /**
   * Told once per connection, before anything of the node is published, so that its data goes to the right store.
   * What it throws ends the ingest.
   */
  readonly onNode?: (node: SimulatedNode | null) => void;
  /**
   * Told the hash of the chain's first header, once per connection.
   *
   * @returns Why this chain must not be followed, or null
   */
  readonly onChain?: (firstHash: string) => string | null;
  /** Uniform in [0, 1). */
  readonly random?: () => number;
}

/** What ends the ingest: the node must not be followed, whatever it answers. */
export class FatalIngestError extends Error {
  override readonly name = "FatalIngestError";
}

/** The ingest of one node. */
export class Ingest {
  readonly #options: IngestOptions;
  readonly #follower: ChainFollower;
  readonly #stop = new AbortController();
  readonly #settlements: SettlementReader;
  readonly #firstSweep = Promise.withResolvers<void>();
  readonly #calls: { atMs: number; ms: number; ok: boolean }[] = [];
  readonly #said = new Map<string, string>();
  readonly #everRead = new Set<ObservationKey>();
  /** Ends the sleeps of the poll loops, so that they ask at once. */
  #wake = new AbortController();
  #news = new AbortController();
  readonly #caughtUp = Promise.withResolvers<void>();
  #up = false;
  #lostBecause: string | null = null;
  #lastGoodMs: number;
  #failures = 0;
  /** Whether the last look at the chain was refused, or not sent, because of a ban. */
  #banned = false;
  /** Passes in which the node offered no question about its chain. */
  #strange = 0;
  #node: SimulationInfo | null = null;
  /** Whether this connection's chain is known to be ours. */
  #identified = false;
  #balanceMs = -Infinity;
  #capabilities = "";

  constructor(options: IngestOptions) {
    this.#options = options;
    this.#lastGoodMs = options.clock.monotonicMs();
    this.#follower = new ChainFollower({
      client: options.client,
      view: options.view,
      clock: options.clock,
      start: options.start,
      finalityDepth: options.finalityDepth,
      onRejected: (detail) => options.log.warn("ingest.receipt_rejected", { detail }),
    });
    this.#settlements = new SettlementReader({
      client: options.client,
      view: options.view,
      clock: options.clock,
      finalityDepth: options.finalityDepth,
      fromGenesis: () => options.start() === "genesis",
      catchUp: () => this.onNews(),
    });
  }

  /** Resolves when every question has been asked once, or the node was found to be gone. */
  get firstSweep(): Promise<void> {
    return this.#firstSweep.promise;
  }

  /** Runs until {@link stop}. */
  async run(): Promise<void> {
    await Promise.all([this.#headLoop(), this.#watchdogLoop(), this.#rpcLoop()]);
    this.#firstSweep.resolve();
  }

  /** Ends every loop. */
  stop(): void {
    this.#stop.abort();
    this.#wake.abort();
    this.#news.abort();
  }

  /** The node's stream says that there is something new. */
  onNews(): void {
    this.#news.abort();
  }

  /** Records how a request went; wire it to the transport. */
  onCall(call: CallRecord): void {
    const atMs = this.#options.clock.monotonicMs();
    // A pass may take many requests; each good answer shows that the node is there.
    if (call.outcome === "ok") this.#lastGoodMs = atMs;
    this.#calls.push({ atMs, ms: call.ms, ok: call.outcome === "ok" });
    if (this.#calls.length > RPC_SAMPLES_MAX) this.#calls.shift();
  }

  /** The node has banned us; wire it to the transport. */
  onBan(untilMs: number): void {
    this.#options.log.warn("node.banned", { until: new Date(untilMs).toISOString() });
    this.#submit([{ kind: "ban", atMs: this.#options.clock.nowMs(), untilMs }]);
  }

  async #headLoop(): Promise<void> {
    const { clock, speed } = this.#options;
    const random = this.#options.random ?? Math.random;
    let polls: Promise<void> | null = null;
    for (let attempt = 0; !this.#stopped;) {
      const startMs = clock.monotonicMs();
      const more = await this.#headPass();
      if (this.#stopped) break;
      if (this.#up) {
        attempt = 0;
        polls ??= this.#startPolls();
        if (more) continue;
        this.#caughtUp.resolve();
        const restMs = Math.max(0, HEAD_EVERY_MS / speed - (clock.monotonicMs() - startMs));
        this.#news = new AbortController();
        await clock.sleep(restMs, AbortSignal.any([this.#stop.signal, this.#news.signal]));
      } else {
        this.#firstSweep.resolve(); // A node that is gone must not keep the program from being ready.
        const limitMs = Math.min(BACKOFF_MAX_MS, this.#options.reconnectMs * 2 ** Math.min(attempt++, 10));
        // During a ban an attempt sends nothing until the ban may be over; then it must not come late.
        const waitMs = this.#banned ? BANNED_RETRY_MS : Math.max(100, random() * limitMs);
        await clock.sleep(waitMs, this.#stop.signal);
      }
    }
    await polls;
  }

  /** One look at the chain; whether more blocks are waiting. */
  async #headPass(): Promise<boolean> {
    const { client, view, clock } = this.#options;
    try {
      if (!this.#up) await this.#meet();
      if (view.halted() !== null) {
        this.#good();
        return false;
      }
      if (!this.#identified) await this.#identify();
      const pass = await this.#follower.pass(!this.#up);
      const atMs = clock.nowMs();
      const ttlMs = ttlOf(HEAD_EVERY_MS);
      if (!isKnown(pass)) {
        // A node that told us of its chain before and now denies it is in trouble: what we show gets old.
        if (view.tip() !== null) throw new NodeError("missing", "head", pass.because);
        // One that never did may be a proxy whose node is not there yet.
        if (++this.#strange % STRANGE_MAX === 0) client.forget();
        this.#good([{ kind: "unavailable", of: "head", atMs, code: pass.code, because: pass.because }]);
        return false;
      }
      this.#good([
        { kind: "observed", of: "head", atMs, ttlMs, value: { height: pass.nodeHeight } },
        ...pass.events,
      ]);
      for (const event of pass.events) this.#announce(event);
      if (!pass.more && this.#offersReceipts) await this.#pollBalance(BALANCE_EVERY_MS);
      return pass.more;
    } catch (error) {
      if (error instanceof FatalIngestError) throw error;
      this.#bad(asNodeError("head", error), client.transport.down || !this.#up);
      return false;
    }
  }

  /** First words with a node that was not there before: is it simulated? Nothing is published before that is known. */
  async #meet(): Promise<void> {
    const { client, clock, onNode, log, view } = this.#options;
    client.forget();
    const answer = await client.ask(simulation, undefined, { probe: true });
    if (!isKnown(answer) && view.tip() !== null) {
      // Only a node that tells of a chain can tell by its silence that it is not simulated.
      const chain = await client.ask(headers, { start: 0, limit: 1 }, { probe: true });
      if (!isKnown(chain)) throw new NodeError("missing", "head", chain.because);
    }
    const node = isKnown(answer) ? answer : null;
    this.#node = node && { seed: node.seed, scenario: node.scenario, dialect: node.dialect };
    onNode?.(node);
    this.#identified = false;
    this.#up = true;
    this.#lastGoodMs = clock.monotonicMs();
    this.#lostBecause = null;
    this.#capabilities = "";
    this.#wake.abort();
    this.#wake = new AbortController();
    log.info("node.connected", { simulated: node !== null });
    this.#submit([
      { kind: "link", atMs: clock.nowMs(), up: true, reason: null },
      this.#nodeEvent(clock.nowMs()),
    ]);
  }

  /** Makes sure that this is the chain that the store holds. An empty chain is asked again when it has a block. */
  async #identify(): Promise<void> {
    const { client, clock, onChain, log } = this.#options;
    const first = await client.ask(headers, { start: 0, limit: 1 });
    const hash = isKnown(first) && first[0]?.height === 0 ? first[0].hash : undefined;
    if (hash === undefined) return;
    this.#identified = true;
    const refusal = hash === null ? null : onChain?.(hash) ?? null;
    if (refusal === null) return;
    log.error("chain.refused", { reason: refusal });
    this.#submit([{ kind: "halt", atMs: clock.nowMs(), reason: refusal }]);
  }

  #good(events: readonly EngineEvent[] = []): void {
    this.#failures = 0;
    this.#lastGoodMs = this.#options.clock.monotonicMs();
    this.#submit(events);
  }

  #bad(error: NodeError, certain: boolean): void {
    if (error.kind === "aborted") return;
    this.#banned = error.kind === "paused" || error.kind === "rate_limited";
    this.#failures++;
    this.#sayOnce("head", error);
    if (error.kind !== "paused" && (certain || this.#failures >= FAILURES_MAX)) this.#lose(error.message);
    else if (this.#failures >= FAILURES_MAX) this.#lose(this.#lostBecause ?? error.message);
  }

  #lose(reason: string): void {
    if (!this.#up && this.#lostBecause === reason) return;
    this.#options.log.warn(this.#up ? "node.lost" : "node.unreachable", { reason });
    this.#up = false;
    this.#lostBecause = reason;
    this.#submit([{ kind: "link", atMs: this.#options.clock.nowMs(), up: false, reason }]);
  }

  /** A request that hangs must not hide that nothing has been heard. */
  async #watchdogLoop(): Promise<void> {
    const { clock } = this.#options;
    while (!this.#stopped) {
      await clock.sleep(500, this.#stop.signal);
      const silentMs = clock.monotonicMs() - this.#lastGoodMs;
      if (this.#up && silentMs > SILENCE_MS) this.#lose(`no answer for ${Math.round(silentMs / 100) / 10} s`);
    }
  }

  /** Starts one loop per row of the plan; the first sweep is done when each has asked once. */
  #startPolls(): Promise<void> {
    const first: Promise<void>[] = [];
    const loops: Promise<void>[] = [];
    const start = (everyMs: number, poll: () => Promise<void>) => {
      const asked = Promise.withResolvers<void>();
      first.push(asked.promise);
      loops.push(this.#pollLoop(everyMs, poll, asked.resolve));
    };
    for (const { key, question, everyMs, market } of POLL_PLAN) {
      if (market !== null && !this.#options.enabled[market]) continue;
      start(everyMs, () => this.#poll(key, everyMs, () => this.#options.client.ask(question, undefined)));
    }
    start(SETTLEMENTS_EVERY_MS, () => this.#pollSettlements());
    Promise.all([...first, this.#caughtUp.promise]).then(() => {
      this.#publishRpc();
      this.#publishCapabilities();
      this.#firstSweep.resolve();
    });
    return Promise.all(loops).then(() => {});
  }

  /** Lists that stand in for `receipt.audit`, and then the balance, so that both show the same moment. */
  async #pollSettlements(): Promise<void> {
    if (this.#offersReceipts) return;
    const { enabled } = this.#options;
    const sweeps = [
      ...(enabled.energy ? [() => this.#settlements.energy()] : []),
      ...(enabled.compute ? [() => this.#settlements.outcomes(), () => this.#settlements.entries()] : []),
    ];
    let whole = true;
    for (const sweep of sweeps) {
      try {
        const events = await sweep();
        whole &&= events !== null;
        this.#submit(events ?? []);
        for (const event of events ?? []) this.#announce(event);
      } catch (error) {
        whole = false;
        this.#sayOnce("settlements", asNodeError("settlements", error));
      }
    }
    if (whole) await this.#pollBalance(0);
    this.#publishCapabilities();
  }

  /**
   * Compares the books with the balance. That only says something when both are about the same block: every receipt
   * up to our tip has been read, and the node still stands there after it was asked. Otherwise what the node has paid
   * for blocks that we have not seen would be booked as unexplained, and once more when they come.
   */
  async #pollBalance(everyMs: number): Promise<void> {
    const { clock, speed, view } = this.#options;
    const nowMs = clock.monotonicMs();
    const tip = view.tip();
    if (tip === null || nowMs - this.#balanceMs < everyMs / speed) return;
    if (this.#offersReceipts && view.receiptsThrough() !== tip.height) return;
    this.#balanceMs = nowMs;
    const period = this.#offersReceipts ? BALANCE_EVERY_MS : SETTLEMENTS_EVERY_MS;
    await this.#poll("balance", period, () => this.#askBalance(tip));
  }

  get #offersReceipts(): boolean {
    return this.#options.client.offers(receipts);
  }

  async #pollLoop(everyMs: number, poll: () => Promise<void>, asked: () => void): Promise<void> {
    const { clock, speed } = this.#options;
    while (!this.#stopped) {
      const startMs = clock.monotonicMs();
      if (this.#up) {
        await poll();
        asked();
      }
      const restMs = this.#up ? Math.max(0, everyMs / speed - (clock.monotonicMs() - startMs)) : 60_000;
      await clock.sleep(restMs, AbortSignal.any([this.#stop.signal, this.#wake.signal]));
    }
    asked();
  }

  async #poll<K extends ObservationKey>(
    key: K,
    everyMs: number,
    ask: () => Promise<Known<unknown> | null>,
  ): Promise<void> {
    try {
      const value = await ask();
      if (value === null) return;
      const atMs = this.#options.clock.nowMs();
      if (value instanceof Absent) {
        this.#submit([{ kind: "unavailable", of: key, atMs, code: value.code, because: value.because }]);
      } else {
        this.#everRead.add(key);
        this.#submit([{ kind: "observed", of: key, atMs, ttlMs: ttlOf(everyMs), value } as EngineEvent]);
      }
      this.#said.delete(key);
    } catch (error) {
      const failure = asNodeError(key, error);
      this.#sayOnce(key, failure);
      if (failure.kind === "decode") this.#unreadable(key, failure);
    }
    this.#publishCapabilities();
  }

  /** An answer that cannot be read leaves the last good one in place; without one, the reason is shown. */
  #unreadable(key: ObservationKey, failure: NodeError): void {
    if (this.#everRead.has(key)) return;
    this.#submit([{
      kind: "unavailable",
      of: key,
      atMs: this.#options.clock.nowMs(),
      code: "NOT_OFFERED",
      because: `the node's answer could not be read (${failure.message})`,
    }]);
  }

  /** The balances at our tip; null when the node or we have moved on meanwhile. */
  async #askBalance(
    tip: { readonly height: number; readonly hash: string | null },
  ): Promise<Known<unknown> | null> {
    const { client, view } = this.#options;
    const accounts = this.#options.accounts();
    if (accounts.length === 0) return absent("NO_ACCOUNT", "account.identities names no account of ours");
    const found = await client.ask(balance, accounts);
    if (!isKnown(found)) return found;
    const above = await client.ask(headers, { start: tip.height, limit: 2 });
    const stands = isKnown(above) && above.length === 1 && above[0]!.height === tip.height &&
      above[0]!.hash === tip.hash && view.tip()?.hash === tip.hash;
    return stands ? found : null;
  }

  async #rpcLoop(): Promise<void> {
    while (!this.#stopped) {
      await this.#options.clock.sleep(RPC_EVERY_MS, this.#stop.signal);
      if (!this.#stopped && this.#up) this.#publishRpc();
    }
  }

  #publishRpc(): void {
    const { clock } = this.#options;
    const since = clock.monotonicMs() - RPC_WINDOW_MS;
    while (this.#calls.length > 0 && this.#calls[0]!.atMs < since) this.#calls.shift();
    const times = this.#calls.map(({ ms }) => ms);
    const none = absent("NO_SAMPLES", "no request was answered in the last minute");
    this.#submit([{
      kind: "observed",
      of: "rpc",
      atMs: clock.nowMs(),
      ttlMs: ttlOf(RPC_EVERY_MS),
      value: {
        p50Ms: quantile(times, 0.5) ?? none,
        p95Ms: quantile(times, 0.95) ?? none,
        calls: times.length,
        errors: this.#calls.filter(({ ok }) => !ok).length,
      },
    }]);
  }

  #publishCapabilities(): void {
    const event = this.#nodeEvent(this.#options.clock.nowMs());
    const text = JSON.stringify([event.dialect, event.capabilities]);
    if (text === this.#capabilities) return;
    this.#capabilities = text;
    this.#submit([event]);
  }

  #nodeEvent(atMs: number): Extract<EngineEvent, { kind: "node" }> {
    const { client } = this.#options;
    return {
      kind: "node",
      atMs,
      dialect: this.#node?.dialect ?? client.dialect,
      simulated: this.#node,
      capabilities: client.capabilities(),
    };
  }

  get #stopped(): boolean {
    return this.#stop.signal.aborted;
  }

  #submit(events: readonly EngineEvent[]): void {
    if (events.length > 0 && !this.#stopped) this.#options.sink.submit(events);
  }

  #announce(event: EngineEvent): void {
    const { log } = this.#options;
    if (event.kind === "reorg") log.warn("chain.reorg", { to_height: event.toHeight });
    if (event.kind === "halt") log.error("chain.halted", { reason: event.reason });
    if (event.kind === "gap") log.warn("ingest.gap", { source: event.source, detail: event.detail });
  }

  /** One line per failure and change of it, not one per poll. */
  #sayOnce(what: string, error: NodeError): void {
    if (error.kind === "aborted" || error.kind === "paused" || this.#said.get(what) === error.message) return;
    this.#said.set(what, error.message);
    this.#options.log.warn("poll.failed", {
      what,
      kind: error.kind,
      detail: error.message,
      ...(error.kind === "bug" && error.cause instanceof Error ? { stack: error.cause.stack } : {}),
    });
  }
}

/** Anything that is not the node's fault is a bug of ours: said with its stack, and survived. */
function asNodeError(what: string, error: unknown): NodeError {
  if (error instanceof NodeError) return error;
  return new NodeError("bug", what, error instanceof Error ? error.message : String(error), { cause: error });
}
