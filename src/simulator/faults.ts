/**
 * The fault port of the simulated node: makes it fail in named ways, to all or to some methods, with a probability,
 * for a time or a number of calls, the same way for the same seed. It exists only on a node that was started with
 * `faults`; a test holds it in its hand, anybody else uses `POST /faults`.
 */
import { Random } from "../engine/random.ts";
import type { Clock } from "../runtime/ports/clock.ts";
import { SimulatedChain } from "./chain.ts";
import type { ChainView } from "./chain_view.ts";
import {
  type FaultCall,
  type FaultFigures,
  type FaultName,
  faultOf,
  FAULTS,
  ownLengthMs,
} from "./fault_table.ts";
import type { ForkableChain } from "./forkable_chain.ts";
import { writeJson } from "./json.ts";
import type { FrontMode } from "./tcp_front.ts";

export { type FaultFigures, type FaultName, FAULTS } from "./fault_table.ts";

/** Path of the control port. */
export const FAULTS_PATH = "/faults";

/** Asked by tests after a fault, so no fault touches it. */
const EXEMPT = "simulator.truth";

const ACTIVE_MAX = 64;
const CONTROL_BYTES_MAX = 65_536;

/** One fault to be set. */
export interface FaultSpec extends FaultFigures {
  readonly fault: FaultName;
  /** Methods that it touches; all when missing. */
  readonly methods?: readonly string[];
  /** Chance of each call to be touched, default 1. */
  readonly probability?: number;
  /** How long it lasts; until healed when missing. */
  readonly forMs?: number;
  /** How many calls it touches; any number when missing. */
  readonly count?: number;
}

/** A fault that is in force. */
export interface ActiveFault {
  readonly id: number;
  readonly spec: FaultSpec;
  /** Calls that it has touched. */
  readonly touched: number;
}

interface Running {
  readonly id: number;
  readonly spec: FaultSpec;
  readonly random: Random;
  readonly healed: AbortController;
  readonly setMs: number;
  /** When it touched a call first. */
  firstMs: number | null;
  touched: number;
}

/** What {@link FaultPort} needs. */
export interface FaultPortOptions {
  readonly seed: number;
  readonly chain: ForkableChain;
  readonly clock: Clock;
  /** Height of the newest block. */
  readonly tip: () => number;
  /** Tells the relay in front of the node how to treat connections. */
  readonly onMode: (mode: FrontMode) => void;
}

/** The faults of one simulated node. */
export class FaultPort {
  readonly #options: FaultPortOptions;
  readonly #running = new Map<number, Running>();
  readonly #asked = new Map<string, number>();
  #other: SimulatedChain | undefined;
  #nextId = 1;

  constructor(options: FaultPortOptions) {
    this.#options = options;
  }

  /** Requests that reached the node, by method; the ones that were answered with a fault included. */
  get asked(): ReadonlyMap<string, number> {
    return this.#asked;
  }

  /** All of {@link asked} together. */
  get askedTotal(): number {
    return [...this.#asked.values()].reduce((sum, count) => sum + count, 0);
  }

  /** The faults in force. */
  get active(): readonly ActiveFault[] {
    return [...this.#running.values()].map(({ id, spec, touched }) => ({ id, spec, touched }));
  }

  /**
   * Sets a fault beside the ones in force.
   *
   * @returns Its number, for {@link heal}
   * @throws {RangeError} If the specification makes no sense
   */
  set(spec: FaultSpec): number {
    checkSpec(spec);
    if (this.#running.size >= ACTIVE_MAX) throw new RangeError(`Cannot set more than ${ACTIVE_MAX} faults`);
    const id = this.#nextId++;
    const { clock, chain, seed, tip } = this.#options;
    const running: Running = {
      id,
      spec,
      random: new Random("faults", seed, id, spec.fault),
      healed: new AbortController(),
      setMs: clock.monotonicMs(),
      firstMs: null,
      touched: 0,
    };
    if (spec.fault === "reorg") chain.planFork(tip(), spec.depth ?? 1);
    if (spec.fault === "uncle") chain.planFork(tip(), 1);
    if (spec.fault === "wrong_chain") {
      const { scenarioName, dialect } = chain;
      this.#other = new SimulatedChain({ seed: chain.seed + 1, scenario: scenarioName, dialect });
    }
    this.#running.set(id, running);
    this.#changeMode();
    const forMs = spec.forMs ?? ownLengthMs(spec.fault, spec);
    if (forMs !== undefined && ownLengthMs(spec.fault, spec) === undefined) {
      clock.sleep(forMs, running.healed.signal).then(() => this.heal(id));
    }
    return id;
  }

  /** Ends one fault, or all. A node that hung answers what it still holds. */
  heal(id?: number): void {
    for (const running of [...this.#running.values()]) {
      if (id !== undefined && running.id !== id) continue;
      this.#running.delete(running.id);
      running.healed.abort();
      if (running.spec.fault === "uncle") this.#options.chain.resolveForks();
    }
    this.#changeMode();
  }

  /** What the node shows to a method. */
  view(method: string, tip: number): ChainView {
    const { chain } = this.#options;
    if (method.startsWith("simulator.")) return chain.viewAt(tip);
    let shown: SimulatedChain = chain;
    let height = tip;
    for (const { spec } of this.#running.values()) {
      if (spec.fault === "wrong_chain" && this.#other) shown = this.#other;
      if (spec.fault === "behind") height = Math.max(0, height - (spec.blocks ?? 5));
    }
    return shown.viewAt(height);
  }

  /**
   * Answers a call the way the faults in force want it.
   *
   * @param reply What the node would answer
   * @param drop Ends the connection of the call without an answer
   */
  async around(call: FaultCall, reply: () => Response, drop: () => void): Promise<Response> {
    const { method } = call;
    this.#asked.set(method, (this.#asked.get(method) ?? 0) + 1);
    const touching = method === EXEMPT
      ? []
      : [...this.#running.values()].filter((one) => this.#touches(one, method));
    for (const running of touching) {
      const effect = faultOf(running.spec.fault)!;
      if (effect.layer !== "instead") continue;
      const response = await effect.answer(call, this.#context(running, drop));
      if (response !== undefined) return response;
    }
    const response = reply();
    if (response.status !== 200) return response;
    let body: BodyInit = await response.text();
    for (const running of touching) {
      const effect = faultOf(running.spec.fault)!;
      if (effect.layer !== "after" || typeof body !== "string" || !body.includes(`"result":`)) continue;
      body = effect.alter(body, call, this.#context(running, drop));
    }
    return new Response(body, { headers: { "content-type": "application/json" } });
  }

  /** `GET /faults` lists names and what is in force; `POST /faults` takes `{set: spec | specs}` or `{heal: id | true}`. */
  async control(request: Request): Promise<Response> {
    if (request.method === "GET") return json(200, this.#facts());
    if (request.method !== "POST") return json(405, { error: "GET or POST" });
    try {
      const text = await request.text();
      if (text.length > CONTROL_BYTES_MAX) throw new RangeError("the body is too large");
      const { set, heal } = JSON.parse(text) as { set?: FaultSpec | FaultSpec[]; heal?: number | boolean };
      if (heal === true) this.heal();
      else if (typeof heal === "number") this.heal(heal);
      const specs = set === undefined ? [] : Array.isArray(set) ? set : [set];
      specs.forEach(checkSpec); // All or nothing.
      const ids = specs.map((spec) => this.set(spec));
      return json(200, { ids, ...this.#facts() });
    } catch (error) {
      if (error instanceof SyntaxError || error instanceof RangeError || error instanceof TypeError) {
        return json(400, { error: error.message });
      }
      throw error;
    }
  }

  #facts(): Record<string, unknown> {
    return {
      faults: Object.fromEntries(Object.entries(FAULTS).map(([name, { summary }]) => [name, summary])),
      active: this.active,
      asked: Object.fromEntries(this.#asked),
    };
  }

  #touches(running: Running, method: string): boolean {
    const { spec, random } = running;
    const nowMs = this.#options.clock.monotonicMs();
    const lengthMs = ownLengthMs(spec.fault, spec);
    if (lengthMs !== undefined && running.firstMs !== null && nowMs - running.firstMs >= lengthMs) {
      this.heal(running.id);
      return false;
    }
    const effect = faultOf(spec.fault)!;
    if (effect.layer === "tcp" || effect.layer === "chain") return false;
    if (spec.methods ? !spec.methods.includes(method) : effect.methods?.(method) === false) return false;
    if (spec.count !== undefined && running.touched >= spec.count) return false;
    if (!random.chance(spec.probability ?? 1)) return false;
    running.touched++;
    return true;
  }

  #context(running: Running, drop: () => void) {
    const { clock } = this.#options;
    const nowMs = clock.monotonicMs();
    running.firstMs ??= nowMs;
    return {
      figures: running.spec,
      clock,
      random: running.random,
      healed: running.healed.signal,
      sinceMs: nowMs - running.firstMs,
      drop,
    };
  }

  #changeMode(): void {
    let mode: FrontMode = "relay";
    for (const { spec } of this.#running.values()) {
      const effect = faultOf(spec.fault)!;
      if (effect.layer === "tcp") mode = effect.mode;
    }
    this.#options.onMode(mode);
  }
}

function checkSpec(spec: FaultSpec): void {
  if (typeof spec !== "object" || spec === null || faultOf(spec.fault) === undefined) {
    throw new RangeError(
      `Cannot set the fault ${JSON.stringify(spec?.fault)}: expected one of ${
        Object.keys(FAULTS).join(", ")
      }`,
    );
  }
  const { probability = 1, methods, fault: _fault, retryAfter: _retryAfter, ...figures } = spec;
  if (!(probability >= 0 && probability <= 1)) {
    throw new RangeError(`Cannot set a fault with probability ${probability}: expected 0..1`);
  }
  if (
    methods !== undefined && !(Array.isArray(methods) && methods.every((name) => typeof name === "string"))
  ) {
    throw new RangeError("Cannot set a fault whose methods are not a list of names");
  }
  for (const [name, value] of Object.entries(figures)) {
    if (typeof value !== "number" || !Number.isFinite(value) || (value < 0 && name !== "offsetMs")) {
      throw new RangeError(`Cannot set a fault with ${name} ${JSON.stringify(value)}: expected a number ≥ 0`);
    }
  }
  const effect = faultOf(spec.fault)!;
  if (methods !== undefined && (effect.layer === "tcp" || effect.layer === "chain")) {
    throw new RangeError(`Cannot set ${spec.fault} for some methods: it touches the whole node`);
  }
}

function json(status: number, body: unknown): Response {
  return new Response(writeJson(body), { status, headers: { "content-type": "application/json" } });
}
