/** The whole path from the node's answers to the store, on a clock that the test owns: it can crash and come back. */
// @ts-types="#types/std_path.d.ts"
import { join } from "@std/path";
import { Core } from "../../src/engine/core.ts";
import type { Identities } from "../../src/engine/ledger.ts";
import { perMarket } from "../../src/engine/market.ts";
import { Random } from "../../src/engine/random.ts";
import type { TradingRules } from "../../src/engine/trading/rules.ts";
import { ManualClock } from "../../src/runtime/clock.ts";
import { EngineLoop } from "../../src/runtime/engine_loop.ts";
import { Trading } from "../../src/runtime/trading.ts";
import type { UserAgent } from "../../src/runtime/user_agents.ts";
import type { ChainView } from "../../src/simulator/chain_view.ts";
import { ForkableChain } from "../../src/simulator/forkable_chain.ts";
import type { Dialect, ScenarioName } from "../../src/simulator/scenario.ts";
import { SqliteStore } from "../../src/store/store.ts";
import { type LogFields, silentLog } from "../../src/telemetry/log.ts";
import { NodeClient } from "../../src/the_block/client.ts";
import { Ingest } from "../../src/the_block/ingest.ts";
import { DirectTransport } from "./direct_transport.ts";

/** Deepest reorganisation that is followed; the program's default. */
export const FINALITY_DEPTH = 32;

/** How a run goes. */
export interface WorldOptions {
  readonly seed: number;
  readonly scenario: ScenarioName;
  readonly dialect: Dialect;
  /** Where the store's file goes. */
  readonly folder: string;
  /** Shows the final chain only: no reorganisation is ever seen. */
  readonly canonicalOnly?: boolean;
  /** Blocks that exist at the start. Default 3. */
  readonly startBlocks?: number;
  /** Opens a trading desk at each start. */
  readonly trading?: {
    readonly rules: TradingRules;
    readonly capital: number;
    readonly users?: readonly UserAgent[];
  };
}

/** A chain whose orphans nobody sees. */
class SettledChain extends ForkableChain {
  override openForkAt(): undefined {
    return undefined;
  }
}

/** Who we are on a chain, as the program takes it from `simulator.info`. */
export function identitiesOf(chain: ForkableChain): Identities {
  const { address, miner } = chain.identities;
  return { account: address, miner, byMarket: perMarket(({ id }) => chain.identities[id]) };
}

/** One life of the program, from a start to a crash or a stop. */
interface Life {
  readonly store: SqliteStore;
  readonly core: Core;
  readonly loop: EngineLoop;
  readonly ingest: Ingest;
  readonly trading: Trading;
}

/** A chain and a program that follows it. */
export class World {
  readonly chain: ForkableChain;
  readonly random: Random;
  readonly file: string;
  readonly log = silentLog();
  /** Share of calls that fail, and the longest delay of an answer. */
  failureRate = 0;
  delayMsMax = 0;
  tip: number;
  clock = new ManualClock();
  crashes = 0;
  readonly #options: WorldOptions;
  #life: Life | undefined;

  constructor(options: WorldOptions) {
    this.#options = options;
    this.chain = options.canonicalOnly ? new SettledChain(options) : new ForkableChain(options);
    this.random = new Random("world", options.seed, options.scenario, options.dialect);
    this.file = join(options.folder, "block-buster.db");
    this.tip = (options.startBlocks ?? 3) - 1;
  }

  get life(): Life {
    if (!this.#life) throw new Error("Cannot look at the program: it is not running");
    return this.#life;
  }

  /** What the node shows now. */
  get view(): ChainView {
    return this.chain.viewAt(this.tip);
  }

  /** Log lines of an event so far. */
  said(event: string): readonly LogFields[] {
    return this.log.tail(1_000).filter((line) => line.event === event).map(({ fields }) => fields);
  }

  /** Starts the program on whatever the store holds. */
  start(): void {
    const { clock, log } = this;
    const core = new Core({ finalityDepth: FINALITY_DEPTH, enabled: perMarket(() => true) });
    const store = new SqliteStore(this.file);
    const { trading: desk } = this.#options;
    const trading: Trading = new Trading({ loop: () => loop, clock, log, users: desk?.users ?? [] });
    const { afterSlot } = trading;
    const loop: EngineLoop = new EngineLoop({
      core,
      store,
      publisher: { publish: () => {} },
      clock,
      log,
      afterSlot,
    });
    loop.recover();
    if (desk) trading.configure(desk.rules, desk.capital);
    const transport = new DirectTransport({
      dialect: this.#options.dialect,
      view: () => this.view,
      clock,
      random: this.random,
      failureRate: () => this.failureRate,
      delayMsMax: () => this.delayMsMax,
    });
    const identities = identitiesOf(this.chain);
    const ingest = new Ingest({
      client: new NodeClient(transport, clock),
      view: loop,
      sink: loop,
      clock,
      log,
      start: () => "genesis",
      finalityDepth: FINALITY_DEPTH,
      enabled: perMarket(() => true),
      accounts: () => [identities.account!, identities.miner!],
      reconnectMs: 1_000,
      speed: 1,
      random: () => this.random.next(),
      onNode: () => {
        if (JSON.stringify(identities) !== JSON.stringify(loop.state.ledger.identities)) {
          loop.submit([{ kind: "identities", atMs: clock.nowMs(), identities }]);
        }
      },
      onChain: (hash) => {
        const known = store.chainIdentity();
        if (known === null) store.setChainIdentity(hash);
        return known === null || known === hash ? null : "another chain";
      },
    });
    this.#life = { store, core, loop, ingest, trading };
    ingest.run().catch((error) => this.#failure = error);
  }

  #failure: unknown;

  /** Lets time pass. */
  async pass(ms: number): Promise<void> {
    await this.clock.advance(ms);
    for (let i = 0; i < 300; i++) await Promise.resolve();
    if (this.#failure !== undefined) throw this.#failure;
  }

  /** Ends the program in the middle of whatever it does: what was not committed is gone. */
  crash(): void {
    const { ingest, store } = this.life;
    this.crashes++;
    // Nothing that sleeps on this clock ever wakes again.
    this.clock = new ManualClock(this.clock.nowMs() + 1);
    store.close();
    this.#life = undefined;
    ingest.stop();
  }

  /** Ends the program in good order. */
  async stop(): Promise<void> {
    const { ingest, loop } = this.life;
    ingest.stop();
    await this.pass(0);
    loop.stop();
    this.#life = undefined;
  }

  /** Mines until no reorganisation is to come, then lets the program catch up with a node that does not fail. */
  async settle(): Promise<void> {
    this.failureRate = 0;
    this.delayMsMax = 0;
    while (this.chain.openForkAt(this.tip) !== undefined) {
      this.tip++;
      await this.pass(1_000);
    }
    await this.pass(60_000);
    this.life.loop.flush();
  }
}

/** How a chain and a program are mistreated. */
export interface Weather {
  readonly blocks: number;
  readonly failureRate: number;
  readonly delayMsMax: number;
  /** Chance of a crash per block. */
  readonly crashRate: number;
  /** Chance per block that a fork is planned, in a scenario without forks of its own. */
  readonly forkRate: number;
  /** Deepest planned fork. */
  readonly depthMax: number;
  /** Most blocks that are mined while the program is down. */
  readonly absenceMax: number;
}

/** Runs a world through some weather: blocks come singly or in bursts, polls come twice, the program crashes. */
export async function weather(world: World, given: Weather): Promise<void> {
  // Of its own, so that the chain does not depend on how many calls were made.
  const random = new Random("weather", world.chain.seed, world.chain.scenarioName, world.chain.dialect);
  world.failureRate = given.failureRate;
  world.delayMsMax = given.delayMsMax;
  let forkedUntil = world.tip;
  for (let mined = 0; mined < given.blocks;) {
    if (random.chance(given.forkRate) && world.tip > forkedUntil + 2) {
      const depth = random.chance(0.1) ? random.integer(9, given.depthMax) : random.integer(1, 8);
      world.chain.planFork(world.tip, depth);
      forkedUntil = world.tip + depth;
    }
    const burst = random.chance(0.03) ? random.integer(2, 12) : 1;
    for (let i = 0; i < burst; i++, mined++) world.tip++;
    if (random.chance(0.2)) world.life.ingest.onNews();
    const pauseMs = random.chance(0.03) ? 7_000 : 1_000;
    if (random.chance(given.crashRate)) {
      await world.pass(random.integer(0, pauseMs));
      world.crash();
      // The chain goes on without us, now and then further than a reorganisation can reach.
      if (random.chance(0.3)) world.tip += random.integer(1, given.absenceMax);
      world.start();
    }
    await world.pass(pauseMs);
  }
}
