/**
 * Operations of ours on the chain, from the wish to the proof. One is kept as `pending` on the disk before it is sent,
 * it is sent once, and whatever becomes of the answer, from then on it is only looked for: in the listings, nonces and
 * balances that the node shows. What cannot be proved within a window expires and is not sent again either.
 */
import { gateOf, marketValue } from "../engine/state.ts";
import type { CoreState } from "../engine/state.ts";
import { tipOf } from "../engine/chain.ts";
import {
  costOf,
  isOpen,
  mayFollow,
  type OperationIntent,
  operationSpec,
  type OperationStatus,
  requestText,
} from "../engine/operation.ts";
import type { ObservationKey } from "../engine/observation.ts";
import { isKnown, knownOr } from "../engine/reason.ts";
import type { Topic } from "../engine/topic.ts";
import type { Log } from "../telemetry/log.ts";
import type { Counter } from "../telemetry/metrics.ts";
import type { Clock } from "./ports/clock.ts";
import type { Facts, OperationPlan, OperationSender, SendResult, Sent } from "./ports/operation_sender.ts";
import { type EngineStore, type OwnOperation, StoreError } from "./ports/store.ts";

/** How often operations are looked for while any is open. */
export const LOOK_EVERY_MS = 5_000;

/** Operations that may be open at once. */
export const OPEN_MAX = 64;

/** Requests that may wait for their turn: operations are sent one after the other. */
export const WAITING_MAX = 16;

/** Rows that are taken up at a start; more than may be open, for those that a reorganisation could take back. */
const RECENT_MAX = 1_024;

/** What the operations show something of. */
const TOPICS: readonly Topic[] = ["operations", "pnl"];

/** Why an operation is not sent; the documentation is generated from this table. */
export const REFUSAL_CODES = {
  CHAIN_HALTED: "Ingest stands still until an operator decides.",
  STALE_DATA: "What the decision rests on is too old.",
  GATE_CLOSED: "The market's gate is not open, or nobody knows whether it is.",
  INSUFFICIENT_BALANCE:
    "The account does not hold what the operation takes, or nobody knows whether it does.",
  OUTCOME_UNKNOWN: "A transfer from this account is under way and nobody knows whether it arrived.",
  TOO_MANY_OPEN: `${OPEN_MAX} operations are open.`,
} as const;

/** Why an operation is not sent. */
export type RefusalCode = keyof typeof REFUSAL_CODES;

/** One condition, and how it stands. */
export interface OperationCheck {
  readonly check: "chain" | "gate" | "balance" | "open_operations";
  readonly ok: boolean;
  readonly code: RefusalCode | null;
  readonly detail: string;
}

/** What would be sent. */
export interface OperationPreview {
  readonly kind: "preview";
  readonly plan: OperationPlan;
  /** Base units without the fee; null when it cannot be worked out. */
  readonly cost: bigint | null;
  readonly checks: readonly OperationCheck[];
}

/** Why nothing came of a request. */
export type OperationRefusal =
  | { readonly kind: "refused"; readonly code: RefusalCode; readonly detail: string }
  /** The key belongs to another request. */
  | { readonly kind: "conflict"; readonly detail: string }
  /** This node does not take it, or nothing of ours can sign it. */
  | { readonly kind: "not_offered"; readonly detail: string }
  /** Not now: the node or the store cannot be used, or too many wait. */
  | { readonly kind: "unavailable"; readonly detail: string };

/** What came of a request. */
export type SubmitResult =
  | { readonly kind: "operation"; readonly operation: OwnOperation }
  | OperationRefusal;

/** What {@link Operations} needs. */
export interface OperationsOptions {
  readonly state: () => CoreState;
  readonly store: () => EngineStore;
  readonly sender: OperationSender;
  /** Says that topics show something else. */
  readonly touch: (topics: Iterable<Topic>) => void;
  readonly clock: Clock;
  readonly log: Log;
  /** How long an operation may stay without a proof. */
  readonly expireMs: number;
  readonly changes?: Counter;
  readonly lookEveryMs?: number;
  /** A name that no other operation has. */
  readonly newId?: () => string;
}

/** The operations of one store. */
export class Operations {
  readonly #options: OperationsOptions;
  readonly #stop = new AbortController();
  readonly #running = new Map<string, { readonly request: string; readonly result: Promise<SubmitResult> }>();
  /** Those that are looked for, or that a reorganisation could take back, by id. */
  readonly #watched = new Map<string, OwnOperation>();
  /** Those whose newest state the store does not have yet. */
  readonly #unsaved = new Set<string>();
  #store: EngineStore;
  #broken: string | null = null;
  #turn: Promise<unknown> = Promise.resolve();
  #wake = new AbortController();

  constructor(options: OperationsOptions) {
    this.#options = options;
    this.#store = options.store();
  }

  /** Takes up what the store holds; one that was pending may have been sent or not. */
  load(): void {
    const { clock, expireMs, log } = this.#options;
    this.#store = this.#options.store();
    this.#watched.clear();
    this.#unsaved.clear();
    this.#broken = null;
    try {
      for (const operation of this.#store.recentOperations(clock.nowMs() - expireMs, RECENT_MAX)) {
        this.#watched.set(operation.id, operation);
        if (operation.status !== "pending") continue;
        this.#change(this.#store, operation, "submitted", {
          outcome: "unknown",
          reason: "the program ended before it knew of an answer",
        });
      }
    } catch (error) {
      if (!(error instanceof StoreError)) throw error;
      this.#broken = error.message;
      log.error("operations.unreadable", { detail: error.message });
    }
  }

  /** Sends an operation, unless it has been sent under this key before. */
  submit(intent: OperationIntent, clientOperationId: string): Promise<SubmitResult> {
    const request = requestText(intent);
    const running = this.#running.get(clientOperationId);
    if (running) {
      return running.request === request ? running.result : Promise.resolve(otherRequest(clientOperationId));
    }
    if (this.#running.size >= WAITING_MAX) {
      const detail = `${WAITING_MAX} operations wait for their turn`;
      return Promise.resolve({ kind: "unavailable", detail });
    }
    const result = this.#inTurn(() => this.#submit(intent, request, clientOperationId))
      .finally(() => this.#running.delete(clientOperationId));
    this.#running.set(clientOperationId, { request, result });
    return result;
  }

  /** Works out what would be sent at this moment. */
  preview(intent: OperationIntent): Promise<OperationPreview | OperationRefusal> {
    return this.#inTurn(() => this.#prepare(intent));
  }

  /** Looks for open operations until {@link stop}. */
  async run(): Promise<void> {
    const { clock } = this.#options;
    const everyMs = this.#options.lookEveryMs ?? LOOK_EVERY_MS;
    while (!this.#stop.signal.aborted) {
      this.#wake = new AbortController();
      const due = [...this.#watched.values()].filter((operation) => this.#isDue(operation));
      if (this.#options.state().link.up) { for (const operation of due) await this.#look(operation); }
      this.#saveAgain();
      this.#forgetSettled();
      const waits = this.#watched.size > 0 || this.#unsaved.size > 0;
      const signal = waits ? this.#stop.signal : AbortSignal.any([this.#stop.signal, this.#wake.signal]);
      await clock.sleep(waits ? everyMs : 60_000, signal);
    }
  }

  /** Ends the looking. */
  stop(): void {
    this.#stop.abort();
  }

  /** Resolves when nothing is being sent; the store must stay open until then. */
  async idle(): Promise<void> {
    await this.#turn;
  }

  /** One after the other: each has to know the nonce and the cost of the one before. */
  #inTurn<T>(action: () => Promise<T>): Promise<T> {
    const result = this.#turn.then(action);
    this.#turn = result.catch(() => {});
    return result;
  }

  async #submit(intent: OperationIntent, request: string, clientOperationId: string): Promise<SubmitResult> {
    if (this.#broken !== null) return { kind: "unavailable", detail: this.#broken };
    const store = this.#store;
    try {
      const known = store.ownOperation(clientOperationId);
      if (known) {
        if (known.request !== request) return otherRequest(clientOperationId);
        return { kind: "operation", operation: this.#watched.get(known.id) ?? known };
      }
      const prepared = await this.#prepare(intent);
      if (prepared.kind !== "preview") return prepared;
      const failed = prepared.checks.find(({ ok }) => !ok);
      if (failed) return { kind: "refused", code: failed.code!, detail: failed.detail };
      if (this.#stop.signal.aborted) return { kind: "unavailable", detail: "the program is stopping" };
      const pending = this.#pending(intent, request, clientOperationId, prepared);
      store.saveOperation(pending); // Before anything is sent; what this throws, nothing was.
      this.#watched.set(pending.id, pending);
      this.#announce(pending);
      const result = await this.#options.sender.send(prepared.plan.request);
      return { kind: "operation", operation: this.#settle(store, pending, result) };
    } catch (error) {
      if (!(error instanceof StoreError)) throw error;
      return { kind: "unavailable", detail: `nothing was sent: ${error.message}` };
    } finally {
      this.#wake.abort();
    }
  }

  async #prepare(intent: OperationIntent): Promise<OperationPreview | OperationRefusal> {
    const { state, sender } = this.#options;
    const { link } = state();
    if (!link.up) {
      return { kind: "unavailable", detail: `the node does not answer (${link.reason ?? "yet"})` };
    }
    const offer = await sender.offer(intent.type);
    if (!isKnown(offer)) return unplanned(offer);
    const plan = await sender.plan(intent, this.#open().map(sentOf));
    if (!isKnown(plan)) return unplanned(plan);
    const cost = costOf(intent, this.#energyPrice(intent));
    // After everything that takes time: what is checked here is what it is sent on.
    const checks = [
      this.#checkChain(),
      this.#checkGate(intent),
      this.#checkOpen(intent),
      this.#checkBalance(plan, cost),
    ];
    return { kind: "preview", plan, cost, checks };
  }

  #checkChain(): OperationCheck {
    const { chain } = this.#options.state();
    if (chain.halted !== null) return refusal("chain", "CHAIN_HALTED", chain.halted);
    if (!this.#isFresh("head")) return refusal("chain", "STALE_DATA", "the node's height is too old");
    return passed("chain", "the node answers");
  }

  /** Open is open; everything else, ignorance included, is closed. */
  #checkGate({ type }: OperationIntent): OperationCheck {
    const { market } = operationSpec(type);
    if (market === null) return passed("gate", "a transfer belongs to no market");
    const { state, nodeState, reason } = gateOf(this.#options.state(), market);
    const words = knownOr(nodeState, null);
    const why = isKnown(reason) ? reason : reason.because;
    if (state !== "open") {
      const named = words === null ? state : `${state} (the node says ${words})`;
      return refusal("gate", "GATE_CLOSED", `the ${market} gate is ${named}: ${why}`);
    }
    const fresh = this.#isFresh("governor") && (market !== "ad" || this.#isFresh("ad"));
    if (!fresh) {
      return refusal("gate", "GATE_CLOSED", `the ${market} gate was open, but that is too long ago`);
    }
    return passed("gate", `the ${market} gate is open`);
  }

  #checkOpen({ type }: OperationIntent): OperationCheck {
    const open = this.#open();
    if (open.length >= OPEN_MAX) {
      return refusal("open_operations", "TOO_MANY_OPEN", `${open.length} operations are open`);
    }
    const doubtful = type === "transfer" && open.find((one) => one.type === "transfer" && !isAccepted(one));
    if (!doubtful) return passed("open_operations", `${open.length} are open`);
    return refusal(
      "open_operations",
      "OUTCOME_UNKNOWN",
      `${doubtful.id} was sent and its outcome is not known; nothing is sent behind it`,
    );
  }

  #checkBalance({ account, balance, fee }: OperationPlan, cost: bigint | null): OperationCheck {
    const short = (detail: string) => refusal("balance", "INSUFFICIENT_BALANCE", detail);
    if (cost === null) return short("the provider's price is not known, so neither is what it would cost");
    const needed = cost + fee;
    if (needed === 0n) return passed("balance", "it takes no base units from the account");
    if (!isKnown(balance)) return short(`the balance of the account is not known: ${balance.because}`);
    const reserved = this.#open().map((one) => JSON.parse(one.proof) as Facts)
      .filter(({ payer }) => payer === account)
      .reduce((sum, proof) => sum + BigInt(proof.takes!), 0n);
    const text = `it takes ${needed} base units of ${balance}, of which ${reserved} are under way`;
    return balance - reserved >= needed ? passed("balance", text) : short(text);
  }

  #energyPrice({ type, params }: OperationIntent): bigint | null {
    if (type !== "energy_settle" || !this.#isFresh("energy")) return null;
    const energy = marketValue(this.#options.state(), "energy");
    if (!isKnown(energy) || !isKnown(energy.providers)) return null;
    const provider = energy.providers.find(({ id }) => id === params.provider_id);
    return provider ? knownOr(provider.price, null) : null;
  }

  #isFresh(key: ObservationKey): boolean {
    const slice = this.#options.state().slices[key];
    return slice !== undefined && this.#options.clock.nowMs() <= slice.asOfMs + slice.ttlMs;
  }

  #pending(
    { type, params }: OperationIntent,
    request: string,
    clientOperationId: string,
    { plan, cost }: OperationPreview,
  ): OwnOperation {
    const atMs = this.#options.clock.nowMs();
    const text = (value: unknown) => typeof value === "string" ? value : null;
    return {
      id: this.#options.newId?.() ?? `op-${crypto.randomUUID()}`,
      clientOperationId,
      type,
      request,
      status: "pending",
      createdMs: atMs,
      updatedMs: atMs,
      height: null,
      provider: text(params.provider_id),
      consumer: text(params.buyer) ?? text(params.advertiser_account) ?? plan.account,
      amount: cost ?? 0n,
      details: JSON.stringify({
        ...plan.details,
        client_operation_id: clientOperationId,
        method: plan.request.method,
      }),
      proof: JSON.stringify({
        ...plan.proof,
        payer: plan.account ?? "",
        takes: String((cost ?? 0n) + plan.fee),
      }),
    };
  }

  #settle(store: EngineStore, pending: OwnOperation, result: SendResult): OwnOperation {
    switch (result.kind) {
      case "refused":
        return this.#change(store, pending, "rejected", { outcome: "refused", reason: result.reason });
      case "unsent":
        return this.#change(store, pending, "failed", { outcome: "not_sent", reason: result.reason });
      case "unknown":
        return this.#change(store, pending, "submitted", { outcome: "unknown", reason: result.reason });
      case "accepted": {
        const submitted = this.#change(store, pending, "submitted", { outcome: "accepted" });
        if (!result.final) return submitted;
        return this.#change(store, submitted, "confirmed", { evidence: "the node's answer" }, result.height);
      }
    }
  }

  async #look(operation: OwnOperation): Promise<void> {
    const store = this.#store;
    const sighting = await this.#options.sender.look(sentOf(operation), isAccepted(operation));
    // A submission or another store may have come between.
    if (store !== this.#store || this.#watched.get(operation.id) !== operation) return;
    const { status } = operation;
    if (sighting.kind === "blocked") return;
    if (sighting.kind === "seen") {
      const { evidence, height } = sighting;
      if (status === "confirmed") this.#keep(store, { ...operation, height, updatedMs: this.#nowMs });
      else this.#change(store, operation, "confirmed", { evidence }, height);
    } else if (status === "confirmed") {
      this.#change(store, operation, "reversed", { reason: "a reorganisation took back its block" });
    } else if (status === "submitted" && this.#nowMs - operation.createdMs >= this.#options.expireMs) {
      this.#change(store, operation, "expired", { reason: `no proof in time: ${sighting.reason}` });
    }
  }

  #isDue(operation: OwnOperation): boolean {
    const { status, height, updatedMs } = operation;
    if (status === "submitted" || status === "reversed") return true;
    const { reorgs } = this.#options.state().chain;
    return status === "confirmed" && height !== null &&
      reorgs.some(({ toHeight, atMs }) => toHeight < height && atMs > updatedMs);
  }

  /** Lets go of what has ended and of what no reorganisation can reach any more. */
  #forgetSettled(): void {
    const { chain, options } = this.#options.state();
    const settled = (tipOf(chain)?.height ?? 0) - options.finalityDepth;
    for (const [id, { status, height, updatedMs }] of this.#watched) {
      if (this.#unsaved.has(id) || isOpen(status)) continue;
      const waits = (status === "confirmed" && height !== null && height > settled) ||
        (status === "reversed" && this.#nowMs - updatedMs < this.#options.expireMs);
      if (!waits) this.#watched.delete(id);
    }
  }

  #change(
    store: EngineStore,
    operation: OwnOperation,
    status: OperationStatus,
    facts: Facts,
    height: number | null = operation.height,
  ): OwnOperation {
    if (!mayFollow(operation.status, status)) {
      throw new TypeError(`Cannot change ${operation.id} from ${operation.status} to ${status}`);
    }
    const details = JSON.stringify({ ...JSON.parse(operation.details) as Facts, ...facts });
    const changed = { ...operation, status, details, height, updatedMs: this.#nowMs };
    this.#keep(store, changed);
    this.#announce(changed, facts);
    return changed;
  }

  /** A store that fails is tried again; what was sent stays known meanwhile. */
  #keep(store: EngineStore, operation: OwnOperation): void {
    if (store === this.#store) this.#watched.set(operation.id, operation);
    try {
      store.saveOperation(operation);
      this.#unsaved.delete(operation.id);
    } catch (error) {
      if (!(error instanceof StoreError)) throw error;
      this.#options.log.error("operation.not_kept", { id: operation.id, detail: error.message });
      if (store === this.#store) this.#unsaved.add(operation.id);
    }
    this.#options.touch(TOPICS);
  }

  #saveAgain(): void {
    for (const id of [...this.#unsaved]) this.#keep(this.#store, this.#watched.get(id)!);
  }

  #announce({ id, type, status }: OwnOperation, facts: Facts = {}): void {
    const { log, changes } = this.#options;
    changes?.add(1, { type, status });
    const fields = { id, type, status, ...facts };
    const calm = status === "pending" || status === "confirmed" || facts.outcome === "accepted";
    if (calm) log.info("operation.changed", fields);
    else log.warn("operation.changed", fields);
  }

  #open(): readonly OwnOperation[] {
    return [...this.#watched.values()].filter(({ status }) => isOpen(status));
  }

  get #nowMs(): number {
    return this.#options.clock.nowMs();
  }
}

function sentOf({ type, proof }: OwnOperation): Sent {
  return { type, proof: JSON.parse(proof) as Facts };
}

/** Whether the node is known to have it. */
function isAccepted({ details }: OwnOperation): boolean {
  return (JSON.parse(details) as Facts).outcome === "accepted";
}

function otherRequest(clientOperationId: string): OperationRefusal {
  return {
    kind: "conflict",
    detail:
      `client_operation_id "${clientOperationId}" belongs to another operation, with another type or parameters`,
  };
}

function unplanned(why: { readonly code: string; readonly because: string }): OperationRefusal {
  const detail = `${why.code}: ${why.because}`;
  return why.code === "NODE_DOWN" ? { kind: "unavailable", detail } : { kind: "not_offered", detail };
}

function passed(check: OperationCheck["check"], detail: string): OperationCheck {
  return { check, ok: true, code: null, detail };
}

function refusal(check: OperationCheck["check"], code: RefusalCode, detail: string): OperationCheck {
  return { check, ok: false, code, detail };
}
