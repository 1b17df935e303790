/** The composition root: the only file that knows every concrete class. */
// @ts-types="#types/std_path.d.ts"
import { resolve, toFileUrl } from "@std/path";
import denoJson from "../deno.json" with { type: "json" };
import { journalSource } from "./backtest/journal_source.ts";
import { WorkerPool } from "./backtest/pool.ts";
import { BacktestQueue } from "./backtest/queue.ts";
import { type ApiKey, type Config, isLoopback } from "./config.ts";
import type { Alert } from "./engine/alert.ts";
import { Core } from "./engine/core.ts";
import type { Identities } from "./engine/ledger.ts";
import { type MarketId, perMarket } from "./engine/market.ts";
import { absent, isKnown, type Known } from "./engine/reason.ts";
import { TOPIC_NAMES } from "./engine/topic.ts";
import { AGENTS } from "./engine/trading/agents/registry.ts";
import { AlertWatch } from "./runtime/alerts.ts";
import { EngineLoop } from "./runtime/engine_loop.ts";
import { loadFeatureEngines } from "./runtime/feature_loader.ts";
import { Operations } from "./runtime/operations.ts";
import type { Clock } from "./runtime/ports/clock.ts";
import type { Signer } from "./runtime/ports/signer.ts";
import { StoreError } from "./runtime/ports/store.ts";
import { ProcessSampler } from "./runtime/process_sampler.ts";
import { Trading } from "./runtime/trading.ts";
import { FigureCache } from "./runtime/trading_figures.ts";
import { tradingRules } from "./runtime/trading_rules.ts";
import { loadUserAgents } from "./runtime/user_agents.ts";
import { Webhook } from "./runtime/webhook.ts";
import { Auth, HostRules, sha256Hex } from "./server/auth.ts";
import { Frames } from "./server/frame.ts";
import { Hub } from "./server/hub.ts";
import { type Route, Router } from "./server/router.ts";
import { JobSockets } from "./server/job_sockets.ts";
import { backtestRoutes } from "./server/routes/backtest.ts";
import { exportRoutes } from "./server/routes/export.ts";
import { featureRoutes } from "./server/routes/features.ts";
import { ledgerRoutes } from "./server/routes/ledger.ts";
import { metaRoutes } from "./server/routes/meta.ts";
import { portfolioRoutes } from "./server/routes/portfolio.ts";
import { operationRoutes } from "./server/routes/operations.ts";
import { theblockRoutes } from "./server/routes/theblock.ts";
import { tradingRoutes } from "./server/routes/trading.ts";
import { Server } from "./server/server.ts";
import type { Services } from "./server/services.ts";
import { readWebSources, WebAssets } from "./server/static.ts";
import { VIEWS } from "./server/views/registry.ts";
import type { Ambient } from "./server/views/view.ts";
import { OPENING_BALANCE } from "./simulator/ledger.ts";
import { type RunningSimulator, startSimulator } from "./simulator/rpc_server.ts";
import type { Dialect, ScenarioName } from "./simulator/scenario.ts";
import { type OpenFolder, openFolder, type SimulatedChainName, storeFolder } from "./store/folder.ts";
import { localKey } from "./store/local_key.ts";
import { loadSigningKey, SigningKeyError } from "./store/signing_key.ts";
import type { Log } from "./telemetry/log.ts";
import { Metrics } from "./telemetry/metrics.ts";
import { AccountSnapshots, readAccountSnapshot, SNAPSHOT_EVERY_MS } from "./the_block/account_snapshot.ts";
import { NodeClient } from "./the_block/client.ts";
import type { SimulatedNode } from "./the_block/dialects/chain.ts";
import { domain } from "./the_block/dialects/domain.ts";
import { NodeError } from "./the_block/errors.ts";
import { FatalIngestError, Ingest } from "./the_block/ingest.ts";
import { NodeOperations } from "./the_block/operation_sender.ts";
import { NodeStream, type StreamState } from "./the_block/stream.ts";
import { Transport } from "./the_block/transport.ts";

/** Version of the program. */
export const VERSION = denoJson.version;

/** The chain to simulate instead of connecting to a node. */
export interface SimulateOptions {
  readonly seed: number;
  readonly scenario: ScenarioName;
  readonly dialect: Dialect;
  readonly speed: number;
}

/** What the program is started with. */
export interface AppOptions {
  readonly config: Config;
  /** Null to connect to a node. */
  readonly simulate: SimulateOptions | null;
  readonly clock: Clock;
  readonly log: Log;
}

/** A running program. */
export interface App {
  readonly url: string;
  /** Rejects when the program cannot go on; never resolves. */
  readonly failed: Promise<never>;
  /** Stops everything and waits for it. */
  stop(): Promise<void>;
}

/** Sequence numbers begin at a count of these since {@link SEQ_EPOCH_MS}: faster than any topic can count. */
const SEQ_STEP_MS = 50;
const SEQ_EPOCH_MS = 1_767_225_600_000;

/** Blocks that a simulated chain has at its first answer. */
const SIMULATED_BLOCKS = 300;

/** How often a restored store is looked for. */
const RESTORE_EVERY_MS = 1_000;

/** Entry of the backtest workers. */
const BACKTEST_WORKER = new URL("./backtest_worker.ts", import.meta.url);

/** Where the page's files are: the sources, or their export inside a compiled binary. */
const WEB_ROOT = new URL(Deno.build.standalone ? "../dist/web/" : "../web/", import.meta.url);

/**
 * Starts everything; returns when the port is open.
 *
 * @throws {StoreError} If the store cannot be used
 * @throws {Deno.errors.AddrInUse} If the port is taken
 */
export async function startApp({ config, simulate, clock, log }: AppOptions): Promise<App> {
  const startedMs = clock.nowMs();
  const metrics = new Metrics();
  for (const secret of [config.rpc.authToken, config.auth.apiKey, config.alerts.webhookSecret]) {
    log.hide(secret);
  }
  hideAddress(log, config.alerts.webhookUrl);
  const keys = await apiKeys(config, log);
  const signer = await signerOf(config, log);
  const web = new WebAssets(await readWebSources(WEB_ROOT));
  const speed = simulate?.speed ?? 1;
  const retention = { days: config.store.retentionDays, bytesMax: config.store.bytesMax };
  const engines = await loadFeatureEngines();
  if (engines.fallback === null) log.info("features.engine", { kind: engines.kind });
  else log.warn("features.engine", { kind: engines.kind, fallback: engines.fallback });
  const newCore = () =>
    new Core({
      finalityDepth: config.ingest.finalityDepth,
      enabled: config.enabled,
      engine: engines.create(),
    });
  const epoch = crypto.randomUUID();
  const failure = Promise.withResolvers<never>();
  failure.promise.catch(() => {}); // Whoever runs the program decides what a failure means.

  let folder: OpenFolder = openFolder(storeFolder(config.store.dataDir, simulate), retention);
  const users = await loadUserAgents({
    files: config.trading.agents,
    urlOf: (file) => toFileUrl(resolve(file)),
    taken: AGENTS.map(({ name }) => name),
    clock,
    log,
  });
  let streamState: StreamState = "off";
  let simulated: SimulatedNode | null = null;
  let identities: Identities = identitiesOf(config, null);

  const sampler = new ProcessSampler(clock);
  const hubMetrics = {
    sent: metrics.counter("bb_ws_frames_sent_total", "WebSocket frames sent"),
    evicted: metrics.counter(
      "bb_ws_clients_evicted_total",
      "WebSocket clients cut off because they did not read",
    ),
    refused: metrics.counter(
      "bb_ws_clients_refused_total",
      "WebSocket clients refused because there were too many",
    ),
  };
  for (const counter of Object.values(hubMetrics)) counter.declare({});

  const ambient = (): Ambient => ({
    version: VERSION,
    mode: loop.state.desk.mode,
    epoch,
    uptimeSeconds: (clock.nowMs() - startedMs) / 1000,
    nodeHost: new URL(nodeUrl).host,
    nodeStream: streamState,
    streams: { ...hub.figures(), framesSent: hubMetrics.sent.value(), evicted: hubMetrics.evicted.value() },
    queries: loop.store,
    storeError: loop.storeError,
    process: sampler.sample,
    tradingFigures: (state) => figures.of(state, loop.store),
    closedTrades: (state) => figures.trades(state, loop.store),
    agents: trading.agents,
    logTail: (limit) => log.tail(limit, "info"),
    isOurs: (name) => isOurs(identities, name),
  });
  const hub: Hub = new Hub({
    frames: new Frames(VIEWS, Math.max(1, Math.floor((startedMs - SEQ_EPOCH_MS) / SEQ_STEP_MS))),
    clock,
    epoch,
    clientsMax: config.server.clientsMax,
    ambient,
    metrics: hubMetrics,
  });
  const figures = new FigureCache();
  const trading: Trading = new Trading({ loop: () => loop, clock, log, users: users.agents });
  const loop: EngineLoop = new EngineLoop({
    core: newCore(),
    store: folder.store,
    publisher: hub,
    clock,
    log,
    afterSlot: trading.afterSlot,
  });
  const openDesk = () => trading.configure(tradingRules(config), config.trading.capital);
  let simulator: RunningSimulator | null = null;
  try {
    loop.recover();
    openDesk();
    if (simulate) {
      simulator = await startEmbedded(simulate, clock, (loop.tip()?.height ?? -1) + 1);
      // The key's account is not on a simulated chain by itself; it gets the same as ours.
      if (isKnown(signer)) simulator.submissions.fund(signer.address, OPENING_BALANCE);
    }
  } catch (error) {
    await trading.close();
    folder.store.close();
    folder.unlock();
    throw error;
  }
  const nodeUrl = simulator?.url ?? config.rpc.url;
  hub.publish(TOPIC_NAMES, loop.state);
  log.watch(() => loop.touch(["logs"]));

  /** Ends the present store and goes on with the one of another folder, or with what now lies in the same one. */
  const changeStore = (name: SimulatedChainName | null) => {
    loop.swap(newCore(), () => {
      folder.unlock();
      folder = openFolder(storeFolder(config.store.dataDir, name), retention);
      return folder.store;
    });
    openDesk();
    alerts.load();
    backtests.recover();
    operations.load();
  };

  const rpcCalls = metrics.counter("bb_rpc_calls_total", "Requests to the node by method and outcome");
  const rpcSeconds = metrics.histogram("bb_rpc_seconds", "Time that the node took to answer, by method");
  const transport: Transport = new Transport({
    url: nodeUrl,
    timeoutMs: config.rpc.timeoutMs,
    token: config.rpc.authToken,
    budget: {
      requestsPerSecond: config.rpc.requestsPerSecond * Math.max(1, speed),
      energyPerSecond: config.rpc.energyRequestsPerSecond * Math.max(1, speed),
      banMs: config.rpc.banMs,
    },
    clock,
    onCall: (call) => {
      rpcCalls.add(1, { method: call.method, outcome: call.outcome });
      rpcSeconds.observe(call.ms / 1000, { method: call.method });
      ingest.onCall(call);
    },
    onBan: (_group, untilMs) => ingest.onBan(untilMs),
  });
  const client = new NodeClient(transport, clock);
  const stopping = new AbortController();
  const operations: Operations = new Operations({
    state: () => loop.state,
    store: () => loop.store,
    sender: new NodeOperations({
      client,
      clock,
      signer,
      account: () => identities.account,
      simulated: () => simulated !== null,
      snapshots: new AccountSnapshots(
        async () => {
          await transport.admit("state_stream", stopping.signal);
          const { timeoutMs } = config.rpc;
          return await readAccountSnapshot({ url: nodeUrl, timeoutMs, clock, signal: stopping.signal });
        },
        clock,
        SNAPSHOT_EVERY_MS,
        stopping.signal,
      ),
    }),
    touch: (topics) => loop.touch(topics),
    clock,
    log,
    expireMs: config.operations.expireMs,
    changes: metrics.counter("bb_operations_total", "Changes of operations of ours, by type and new state"),
  });
  operations.load();
  let contacts = 0;
  const ingest: Ingest = new Ingest({
    client,
    view: loop,
    sink: loop,
    clock,
    log,
    start: () => (simulated && !config.ingest.startSet ? "genesis" : config.ingest.start),
    finalityDepth: config.ingest.finalityDepth,
    enabled: config.enabled,
    accounts: () => [...new Set([identities.account, identities.miner])].filter((name) => name !== null),
    reconnectMs: config.websocket.reconnectMs,
    speed,
    onNode: (node) => {
      contacts++;
      if (contacts > 1 || streamState === "refused") stream.retry();
      simulated = node;
      if (storeFolder(config.store.dataDir, node) !== folder.folder) changeStore(node);
      identities = identitiesOf(config, node);
      if (JSON.stringify(identities) !== JSON.stringify(loop.state.ledger.identities)) {
        loop.submit([{ kind: "identities", atMs: clock.nowMs(), identities }]);
      }
    },
    onChain: (firstHash) => checkChain(loop, folder.folder, firstHash, contacts === 1),
  });
  const stream: NodeStream = new NodeStream({
    url: simulator?.wsUrl ?? config.websocket.url,
    clock,
    reconnectMs: config.websocket.reconnectMs,
    attemptsMax: config.websocket.attemptsMax,
    onNews: () => ingest.onNews(),
    onState: (state, detail) => {
      streamState = state;
      loop.touch(["status"]);
      if (detail !== null) log.info(`node.stream_${state}`, { detail });
    },
  });
  const alerts: AlertWatch = new AlertWatch({
    loop,
    clock,
    log,
    storeBytesMax: config.store.bytesMax,
    notify: config.alerts.webhookUrl !== null,
    readError: () => hub.readError,
    notLoaded: users.notLoaded,
  });
  alerts.load();
  const webhook = config.alerts.webhookUrl === null ? null : new Webhook({
    url: config.alerts.webhookUrl,
    secret: config.alerts.webhookSecret,
    store: () => loop.store,
    unsaved: () => alerts.unsavedMessages,
    clock,
    log,
    attempts: metrics.counter("bb_webhook_attempts_total", "Attempts to deliver an alert, by outcome"),
  });

  const backtests: BacktestQueue = new BacktestQueue({
    store: () => loop.store.backtests,
    pool: new WorkerPool({
      clock,
      url: BACKTEST_WORKER,
      size: Math.max(1, navigator.hardwareConcurrency - 1),
    }),
    clock,
    log,
    dataDir: config.store.dataDir,
    journal: () => journalSource(loop.store),
    journalSimulated: () => simulated !== null || (loop.state.node?.simulated ?? null) !== null,
    settings: {
      rules: tradingRules(config),
      core: { finalityDepth: config.ingest.finalityDepth, enabled: config.enabled },
    },
  });
  const jobSockets = new JobSockets({ jobs: () => backtests, clock, source: () => services.source() });

  let ready = false;
  const services: Services = {
    build: { version: VERSION, commit: config.build.commit, schemaHash: config.build.schemaHash },
    featureEngine: engines,
    state: () => loop.state,
    queries: () => loop.store,
    source: () => (loop.state.node?.simulated ? "simulated" : "engine"),
    readiness: () => ({
      ready,
      waitingFor: ready ? [] : ["the first probe of the node"],
      problems: [
        ...(loop.storeError === null ? [] : [`nothing can be written: ${loop.storeError}`]),
        ...(hub.readError === null ? [] : [`something kept cannot be read: ${hub.readError}`]),
      ],
    }),
    metrics,
    log,
    clock,
    domains: {
      lookup: async (name) => {
        try {
          return await client.ask(domain, name);
        } catch (error) {
          if (error instanceof NodeError) return absent("NODE_DOWN", error.message);
          throw error;
        }
      },
    },
    trading,
    tradingFigures: () => figures.of(loop.state, loop.store),
    operations,
    startedMs,
    backtests: () => backtests,
    jobSockets,
  };
  const server = new Server({
    hostname: config.server.host,
    port: config.server.port,
    bodyBytesMax: config.server.bodyBytesMax,
    router: new Router(routesOf(services)),
    hub,
    auth: new Auth({ keys, protectReads: config.auth.protectReads, clock, log }),
    hosts: new HostRules(config.server),
    web,
    simulation: () => loop.state.node?.simulated ?? null,
    clock,
    log,
    metrics: {
      requests: metrics.counter("bb_http_requests_total", "HTTP requests by method, route and status"),
      seconds: metrics.histogram("bb_http_seconds", "Time to answer an HTTP request, by route"),
    },
  });
  declareGauges(metrics, loop, sampler, hub, () => alerts.open);
  metrics.gauge("bb_backtests_queued", "Backtests that wait", () => backtests.figures().queued);
  metrics.gauge("bb_backtests_running", "Backtests that run", () => backtests.figures().running);
  metrics.gauge("bb_backtest_workers", "Backtest workers that are alive", () => backtests.figures().workers);

  let url: string;
  try {
    url = server.listen();
  } catch (error) {
    await trading.close();
    loop.stop();
    folder.unlock();
    transport.close();
    await simulator?.stop();
    throw error;
  }
  log.info("server.listening", { url });
  if (simulate) log.warn("simulated", { ...simulate, note: "all data of this run is simulated" });
  const running = [
    ingest.run(),
    stream.run(),
    hub.run(),
    alerts.run(),
    operations.run(),
    webhook?.run(),
    sampler.run(() => loop.touch(["status"])),
    watchForRestore(clock, stopping.signal, () => folder.restoreWaits(), () => {
      log.warn("store.restoring");
      changeStore(simulated);
    }),
  ];
  for (const part of running) part?.catch(failure.reject);
  backtests.recover();
  ingest.firstSweep.then(() => {
    ready = true;
    loop.flush();
    log.info("server.ready", { ms: clock.nowMs() - startedMs });
  });

  return {
    url,
    failed: failure.promise,
    stop: async () => {
      log.watch(() => {}); // Lines of the end have nobody left to be told.
      stopping.abort();
      ingest.stop();
      stream.stop();
      sampler.stop();
      alerts.stop();
      operations.stop();
      webhook?.stop();
      transport.close();
      jobSockets.stop();
      await backtests.stop();
      await server.close();
      await trading.close();
      await operations.idle(); // What was cut off while it was sent is still kept as such.
      loop.stop();
      folder.unlock();
      await Promise.allSettled(running);
      await simulator?.stop();
    },
  };
}

/** The whole route table over some services. */
function routesOf(services: Services): readonly Route[] {
  const routes: readonly Route[] = [
    ...metaRoutes(services, () => routes),
    ...theblockRoutes(services),
    ...ledgerRoutes(services),
    ...tradingRoutes(services),
    ...portfolioRoutes(services),
    ...featureRoutes(services),
    ...exportRoutes(services),
    ...backtestRoutes(services),
    ...operationRoutes(services),
  ];
  return routes;
}

/** The route table without a running program, for documents about it. Its handlers must not be called. */
export function routeTable(): readonly Route[] {
  return routesOf({} as Services);
}

/** Starts the simulated node; a chain that the store knows goes on where it was. */
function startEmbedded(
  simulate: SimulateOptions,
  clock: Clock,
  knownBlocks: number,
): Promise<RunningSimulator> {
  // Nobody else uses this node, so its limits grow with the speed at which it is followed.
  const faster = Math.max(1, simulate.speed);
  return startSimulator({
    ...simulate,
    clock,
    startBlocks: Math.max(SIMULATED_BLOCKS, knownBlocks),
    limits: { requestsPerSecond: 100 * faster, energyReadsPerSecond: 16 * faster, banMs: 60_000 },
  });
}

/**
 * Compares the chain with the one that the store holds.
 *
 * @returns Why the chain must not be followed, or null
 * @throws {FatalIngestError} If that is found out at the first contact
 */
function checkChain(
  loop: EngineLoop,
  folder: string,
  firstHash: string,
  firstContact: boolean,
): string | null {
  const known = loop.store.chainIdentity();
  if (known === firstHash) return null;
  if (known === null) {
    try {
      loop.store.setChainIdentity(firstHash);
    } catch (error) {
      if (!(error instanceof StoreError)) throw error; // Asked again at the next contact.
    }
    return null;
  }
  const reason =
    `the node's chain begins with ${firstHash}, the store in ${folder} holds the one that begins with ` +
    `${known}; use another data folder, or reset this one`;
  if (firstContact) throw new FatalIngestError(reason);
  return reason;
}

/** Looks for a restored store and takes it over. */
async function watchForRestore(
  clock: Clock,
  signal: AbortSignal,
  waits: () => boolean,
  takeOver: () => void,
): Promise<void> {
  while (!signal.aborted) {
    await clock.sleep(RESTORE_EVERY_MS, signal);
    if (!signal.aborted && waits()) takeOver();
  }
}

/** Who we are: as configured, else the account that a simulated node calls ours. */
function identitiesOf(config: Config, node: SimulatedNode | null): Identities {
  const { address, miner, identities } = config.account;
  const named = address !== null || miner !== null ||
    Object.values(identities).some((names) => names.length > 0);
  const account = named ? null : node?.account ?? null;
  if (account === null) {
    return {
      account: address,
      miner,
      byMarket: perMarket(({ id }) => (address === null ? identities[id] : [address, ...identities[id]])),
    };
  }
  return {
    account: account.address,
    miner: account.identities.miner?.[0] ?? null,
    byMarket: perMarket(({ id }) => account.identities[id] ?? []),
  };
}

function isOurs({ account, miner, byMarket }: Identities, name: string): boolean {
  return name === account || name === miner ||
    (Object.keys(byMarket) as MarketId[]).some((id) => byMarket[id].includes(name));
}

/** The address of a webhook is often the only secret that it has; its host may be named. */
function hideAddress(log: Log, address: string | null): void {
  const url = address === null ? null : URL.parse(address);
  if (url === null) return;
  log.hide(`${url.pathname}${url.search}`);
  log.hide(url.password);
}

/** The keys that are accepted; without a configured one, a key of our own for this machine only. */
async function apiKeys(config: Config, log: Log): Promise<readonly ApiKey[]> {
  const keys = [...config.auth.keys];
  if (config.auth.apiKey !== null) {
    keys.push({ name: "BB_API_KEY", scopes: ["admin"], sha256: sha256Hex(config.auth.apiKey) });
  }
  if (keys.length > 0 || !isLoopback(config.server.host)) return keys;
  const { key, path, created } = await localKey(config.store.dataDir);
  log.hide(key);
  log.info(created ? "auth.key_created" : "auth.key_loaded", { path });
  return [{ name: "local", scopes: ["admin"], sha256: sha256Hex(key) }];
}

/** The key that transfers are signed with; a key that cannot be used keeps transfers away, and nothing else. */
async function signerOf(config: Config, log: Log): Promise<Known<Signer>> {
  const { keyFile } = config.operations;
  if (keyFile === null) return absent("NO_ACCOUNT", "no key signs transfers: operations.key_file is not set");
  try {
    const { signer, secrets } = await loadSigningKey(keyFile);
    for (const secret of secrets) log.hide(secret);
    log.info("operations.key_loaded", { path: keyFile, address: signer.address });
    const { address } = config.account;
    if (address !== null && address !== signer.address) {
      log.warn("operations.other_account", { account: address, signer: signer.address });
    }
    return signer;
  } catch (error) {
    if (!(error instanceof SigningKeyError)) throw error;
    log.error("operations.key_refused", { reason: error.message });
    return absent("NO_ACCOUNT", error.message);
  }
}

function declareGauges(
  metrics: Metrics,
  loop: EngineLoop,
  sampler: ProcessSampler,
  hub: Hub,
  openAlerts: () => readonly Alert[],
): void {
  metrics.gauge("bb_ws_clients", "WebSocket clients", () => hub.figures().clients);
  metrics.gauge(
    "bb_event_loop_lag_seconds",
    "Longest delay of a timer within the last sample",
    () => sampler.sample.eventLoopLagMs / 1000,
  );
  metrics.gauge("bb_process_resident_bytes", "Resident memory", () => sampler.sample.rssBytes);
  metrics.gauge(
    "bb_block_height",
    "Height of the newest block that was applied",
    () => loop.tip()?.height ?? null,
  );
  metrics.gauge("bb_ingest_lag_seconds", "Time since the newest block arrived", () => {
    const { chain, nowMs } = loop.state;
    return chain.lastAdvanceMs === null ? null : Math.max(0, nowMs - chain.lastAdvanceMs) / 1000;
  });
  metrics.gauge("bb_node_up", "1 while the node answers", () => (loop.state.link.up ? 1 : 0));
  metrics.gauge("bb_reorgs", "Reorganisations that were followed", () => loop.state.chain.reorgCount);
  metrics.gauge("bb_gaps", "Things that were missed for good", () => loop.state.chain.gapCount);
  metrics.gauge("bb_alerts_open", "Alerts that are open", () => openAlerts().length);
  metrics.gauge("bb_journal_seq", "Sequence number of the newest event", () => loop.store.journalSeq());
  metrics.gauge("bb_store_bytes", "Size of the store", () => loop.store.bytes());
  metrics.gauge(
    "bb_store_writable",
    "1 while the store can be written",
    () => (loop.storeError === null ? 1 : 0),
  );
}
