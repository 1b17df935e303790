/** Operations against a simulated node on a real socket; how the chain stands is said by the test, not by an ingest. */
import { absent } from "../../src/engine/reason.ts";
import type { Core } from "../../src/engine/core.ts";
import { type OperationIntent, type OperationType, readParams } from "../../src/engine/operation.ts";
import { systemClock } from "../../src/runtime/clock.ts";
import { Operations, type SubmitResult } from "../../src/runtime/operations.ts";
import type { Signer } from "../../src/runtime/ports/signer.ts";
import type { OwnOperation } from "../../src/runtime/ports/store.ts";
import type { FaultPort } from "../../src/simulator/faults.ts";
import { type RunningSimulator, startSimulator } from "../../src/simulator/rpc_server.ts";
import type { Dialect } from "../../src/simulator/scenario.ts";
import { SqliteStore } from "../../src/store/store.ts";
import { loadSigningKey } from "../../src/store/signing_key.ts";
import { Log } from "../../src/telemetry/log.ts";
import { AccountSnapshots, readAccountSnapshot } from "../../src/the_block/account_snapshot.ts";
import { NodeClient } from "../../src/the_block/client.ts";
import { NodeOperations } from "../../src/the_block/operation_sender.ts";
import { Transport } from "../../src/the_block/transport.ts";
import vector from "../fixtures/signed_transfer.json" with { type: "json" };
import { blocksUpTo, coreWith, gateNamed, governorWith, marketAnswer, observed } from "../support/engine.ts";

/** The key of the fixture: base64 as the node writes it. */
export const SEED = vector.seed_base64;

/** Address of that key. */
export const ADDRESS = vector.address;

const LOOK_EVERY_MS = 25;
const PATIENCE_MS = 10_000;
const TTL_MS = 1_000_000_000_000;

/** Writes the fixture's key as a file that only the owner can read. */
export async function writeKey(folder: string, mode = 0o600): Promise<string> {
  const path = `${folder}/alice.pem`;
  await Deno.writeTextFile(
    path,
    `-----BEGIN ED25519 PRIVATE KEY-----\n${SEED}\n-----END ED25519 PRIVATE KEY-----\n`,
    { mode },
  );
  return path;
}

/** An address that nobody else uses in a test. */
export function recipient(n: number): string {
  return n.toString(16).padStart(64, "0");
}

/** An operation with parameters that have to be right. */
export function intent(type: OperationType, given: Readonly<Record<string, unknown>>): OperationIntent {
  const { params, problems } = readParams(type, given);
  if (problems.length > 0) throw new TypeError(JSON.stringify(problems));
  return { type, params };
}

/** A transfer. */
export const transfer = (n: number, amount = 5): OperationIntent =>
  intent("transfer", { to: recipient(n), amount });

/** What a test holds in its hands. */
export interface Bench {
  readonly node: RunningSimulator;
  readonly faults: FaultPort;
  readonly core: Core;
  readonly operations: Operations;
  readonly signer: Signer;
  readonly store: SqliteStore;
  /** Requests of a method that reached the node. */
  asked(method: string): number;
  get(id: string): OwnOperation;
  /** The same store under operations that have just started; the ones before it end. */
  restart(): Promise<Operations>;
}

/** What a bench is made with. */
export interface BenchOptions {
  readonly dialect?: Dialect;
  readonly expireMs?: number;
  /** Base units of the account of the key. */
  readonly funds?: bigint;
  /** The governor's word for every gate. */
  readonly gate?: string;
  readonly timeoutMs?: number;
}

/** Runs a test against a bench. */
export async function withBench(options: BenchOptions, test: (bench: Bench) => Promise<void>): Promise<void> {
  const folder = await Deno.makeTempDir();
  const node = await startSimulator({
    seed: 1,
    scenario: "calm",
    dialect: options.dialect ?? "live",
    speed: 1,
    clock: systemClock,
    mining: false,
    startBlocks: 20,
    faults: true,
    limits: { requestsPerSecond: 10_000, energyReadsPerSecond: 10_000, banMs: 100 },
  });
  node.submissions.fund(ADDRESS, options.funds ?? 1_000_000n);
  const { signer } = await loadSigningKey(await writeKey(folder));
  const store = new SqliteStore(`${folder}/a.db`);
  const core = coreWith(standing(options.gate ?? "trade"));
  const running: { operations: Operations; transport: Transport; done: Promise<void> }[] = [];
  const start = () => {
    const transport = new Transport({
      url: node.url,
      timeoutMs: options.timeoutMs ?? 1_000,
      token: null,
      budget: { requestsPerSecond: 10_000, energyPerSecond: 10_000, banMs: 100 },
      clock: systemClock,
    });
    const client = new NodeClient(transport, systemClock);
    const snapshots = new AccountSnapshots(
      () => readAccountSnapshot({ url: node.url, timeoutMs: 2_000, clock: systemClock }),
      systemClock,
      LOOK_EVERY_MS / 2,
    );
    const operations = new Operations({
      state: () => core.state,
      store: () => store,
      sender: new NodeOperations({
        client,
        snapshots,
        clock: systemClock,
        signer,
        account: () => node.chain.identities.address,
        simulated: () => true,
      }),
      touch: () => {},
      clock: systemClock,
      log: new Log("debug", () => {}),
      expireMs: options.expireMs ?? 60_000,
      lookEveryMs: LOOK_EVERY_MS,
    });
    operations.load();
    running.push({ operations, transport, done: operations.run() });
    return operations;
  };
  const end = async () => {
    const last = running.at(-1)!;
    last.operations.stop();
    last.transport.close();
    await last.operations.idle();
    await last.done;
  };
  try {
    await test({
      node,
      faults: node.faults!,
      core,
      signer,
      store,
      operations: start(),
      asked: (method) => node.faults!.asked.get(method) ?? 0,
      get: (id) => {
        const row = store.operation(id);
        if (!row) throw new Error(`there is no ${id}`);
        return { ...store.ownOperation(JSON.parse(row.details).client_operation_id)! };
      },
      restart: async () => {
        await end();
        return start();
      },
    });
  } finally {
    await end();
    store.close();
    await node.stop();
    await Deno.remove(folder, { recursive: true });
  }
}

/** A chain on which everything is known and fresh. */
function standing(gate: string) {
  const atMs = systemClock.nowMs();
  const names = ["storage", "energy", "compute", "ad_targeting_contextual"];
  const fresh = (event: ReturnType<typeof observed>) => ({ ...event, atMs, ttlMs: TTL_MS }) as typeof event;
  const price = absent("NOT_OFFERED", "left out by the test");
  const listing = {
    id: "sim-energy-01",
    capacity: price,
    available: price,
    capacityUnit: "kWh",
    price: 3n,
    region: price,
    reputation: price,
    stake: price,
  };
  return [
    ...blocksUpTo(3),
    fresh(observed("head", { height: 3 })),
    fresh(observed("governor", governorWith(names.map((name) => gateNamed(name, gate))))),
    fresh(observed("ad", marketAnswer({ ready: true }))),
    fresh(observed("energy", marketAnswer({ providers: [listing] }))),
  ];
}

/** The operation of a result that must have one. */
export function operationOf(result: SubmitResult): OwnOperation {
  if (result.kind !== "operation") throw new Error(`no operation: ${JSON.stringify(result)}`);
  return result.operation;
}

/** Waits until an operation has a status. */
export async function reaches(bench: Bench, id: string, status: string): Promise<OwnOperation> {
  const deadline = systemClock.monotonicMs() + PATIENCE_MS;
  for (;;) {
    const operation = bench.get(id);
    if (operation.status === status) return operation;
    if (systemClock.monotonicMs() > deadline) {
      throw new Error(`${id} is ${operation.status}, not ${status}: ${operation.details}`);
    }
    await systemClock.sleep(10);
  }
}
