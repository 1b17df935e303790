/** The composition root: the only file that knows every concrete class. */
import denoJson from "../deno.json" with { type: "json" };
import { type ApiKey, type Config, isLoopback } from "./config.ts";
import { Core } from "./engine/core.ts";
import { MARKET_IDS } from "./engine/market.ts";
import { absent } from "./engine/reason.ts";
import { TOPIC_NAMES } from "./engine/topic.ts";
import { EngineLoop } from "./runtime/engine_loop.ts";
import type { Clock } from "./runtime/ports/clock.ts";
import { ProcessSampler } from "./runtime/process_sampler.ts";
import { Auth, HostRules, sha256Hex } from "./server/auth.ts";
import { Frames } from "./server/frame.ts";
import { Hub } from "./server/hub.ts";
import { type Route, Router } from "./server/router.ts";
import { metaRoutes } from "./server/routes/meta.ts";
import { theblockRoutes } from "./server/routes/theblock.ts";
import { Server } from "./server/server.ts";
import type { Services } from "./server/services.ts";
import { readWebSources, WebAssets } from "./server/static.ts";
import { VIEWS } from "./server/views/registry.ts";
import type { Ambient } from "./server/views/view.ts";
import { type RunningSimulator, startSimulator } from "./simulator/rpc_server.ts";
import type { Dialect, ScenarioName } from "./simulator/scenario.ts";
import { localKey } from "./store/local_key.ts";
import type { Log } from "./telemetry/log.ts";
import { Metrics } from "./telemetry/metrics.ts";
import { NodeClient } from "./the_block/client.ts";
import { domain } from "./the_block/dialects/domain.ts";
import { NodeError } from "./the_block/errors.ts";
import { Ingest } from "./the_block/ingest.ts";
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
  /** Stops everything and waits for it. */
  stop(): Promise<void>;
}

/** Sequence numbers begin at a count of these since {@link SEQ_EPOCH_MS}: faster than any topic can count. */
const SEQ_STEP_MS = 50;
const SEQ_EPOCH_MS = 1_767_225_600_000;

/** Where the page's files are: the sources, or their export inside a compiled binary. */
const WEB_ROOT = new URL(Deno.build.standalone ? "../dist/web/" : "../web/", import.meta.url);

/** Starts everything; returns when the port is open. */
export async function startApp({ config, simulate, clock, log }: AppOptions): Promise<App> {
  const startedMs = clock.nowMs();
  const metrics = new Metrics();
  log.hide(config.rpc.authToken);
  log.hide(config.auth.apiKey);
  const simulator = simulate ? await startEmbedded(simulate, clock) : null;
  const speed = simulate?.speed ?? 1;
  const core = new Core({ finalityDepth: config.ingest.finalityDepth, enabled: config.enabled });
  const epoch = crypto.randomUUID();
  let streamState: StreamState = "off";
  let simulatedAccount: readonly string[] = [];

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
  const ours = () =>
    configuredIdentities(config).length > 0 ? configuredIdentities(config) : simulatedAccount;
  const nodeUrl = simulator?.url ?? config.rpc.url;

  const ambient = (): Ambient => ({
    version: VERSION,
    mode: "monitor",
    epoch,
    uptimeSeconds: (clock.nowMs() - startedMs) / 1000,
    nodeHost: new URL(nodeUrl).host,
    nodeStream: streamState,
    streams: {
      ...hub.figures(),
      framesSent: hubMetrics.sent.value(),
      evicted: hubMetrics.evicted.value(),
    },
    store: {
      bytes: absent("DISABLED", "nothing is kept on disk yet"),
      schema: absent("DISABLED", "nothing is kept on disk yet"),
      journalSeq: absent("DISABLED", "nothing is kept on disk yet"),
    },
    process: sampler.sample,
    isOurs: (identity) => ours().includes(identity),
  });
  const hub: Hub = new Hub({
    frames: new Frames(VIEWS, Math.max(1, Math.floor((startedMs - SEQ_EPOCH_MS) / SEQ_STEP_MS))),
    clock,
    epoch,
    clientsMax: config.server.clientsMax,
    ambient,
    metrics: hubMetrics,
  });
  const loop = new EngineLoop({ core, publisher: hub, clock });
  hub.publish(TOPIC_NAMES, core.state);

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
  const ingest: Ingest = new Ingest({
    client,
    view: loop,
    sink: loop,
    clock,
    log,
    start: simulator && !config.ingest.startSet ? "genesis" : config.ingest.start,
    finalityDepth: config.ingest.finalityDepth,
    enabled: config.enabled,
    accounts: () => balanceAccounts(config, simulatedAccount),
    reconnectMs: config.websocket.reconnectMs,
    speed,
    onNode: (node) => {
      const account = node?.account;
      simulatedAccount = account ? [account.address, ...Object.values(account.identities).flat()] : [];
    },
  });
  const stream = new NodeStream({
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

  let recovered = false;
  const services: Services = {
    build: { version: VERSION, commit: config.build.commit, schemaHash: config.build.schemaHash },
    state: () => core.state,
    source: () => (core.state.node?.simulated ? "simulated" : "engine"),
    readiness: () => ({
      ready: recovered,
      waitingFor: recovered ? [] : ["the first probe of the node"],
      problems: [],
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
    startedMs,
  };
  const routes = routesOf(services);
  const keys = await apiKeys(config, log);
  const server = new Server({
    hostname: config.server.host,
    port: config.server.port,
    bodyBytesMax: config.server.bodyBytesMax,
    router: new Router(routes),
    hub,
    auth: new Auth({ keys, protectReads: config.auth.protectReads, clock, log }),
    hosts: new HostRules(config.server),
    web: new WebAssets(await readWebSources(WEB_ROOT)),
    clock,
    log,
    metrics: {
      requests: metrics.counter("bb_http_requests_total", "HTTP requests by method, route and status"),
      seconds: metrics.histogram("bb_http_seconds", "Time to answer an HTTP request, by route"),
    },
  });
  declareGauges(metrics, core, sampler, hub);

  const url = server.listen();
  log.info("server.listening", { url });
  if (simulator) log.warn("simulated", { ...simulate, note: "all data of this run is simulated" });
  const running = Promise.all([
    ingest.run(),
    stream.run(),
    hub.run(),
    sampler.run(() => loop.touch(["status"])),
  ]);
  ingest.firstSweep.then(() => {
    recovered = true;
    loop.flush();
    log.info("server.ready", { ms: clock.nowMs() - startedMs });
  });

  return {
    url,
    stop: async () => {
      ingest.stop();
      stream.stop();
      sampler.stop();
      transport.close();
      await server.close();
      loop.stop();
      await running;
      await simulator?.stop();
    },
  };
}

/** The whole route table over some services. */
function routesOf(services: Services): readonly Route[] {
  const routes: readonly Route[] = [...metaRoutes(services, () => routes), ...theblockRoutes(services)];
  return routes;
}

/** The route table without a running program, for documents about it. Its handlers must not be called. */
export function routeTable(): readonly Route[] {
  return routesOf({} as Services);
}

function startEmbedded(simulate: SimulateOptions, clock: Clock): Promise<RunningSimulator> {
  // Nobody else uses this node, so its limits grow with the speed at which it is followed.
  const faster = Math.max(1, simulate.speed);
  return startSimulator({
    ...simulate,
    clock,
    limits: { requestsPerSecond: 100 * faster, energyReadsPerSecond: 16 * faster, banMs: 60_000 },
  });
}

/** Everything that the configuration names as ours. */
function configuredIdentities(config: Config): readonly string[] {
  const { address, miner, identities } = config.account;
  return [address, miner, ...MARKET_IDS.flatMap((id) => identities[id])].filter((name) => name !== null);
}

/** Accounts whose balances are polled: the account itself and where mining rewards go. */
function balanceAccounts(config: Config, simulated: readonly string[]): readonly string[] {
  const { address, miner } = config.account;
  const configured = [address, miner].filter((name) => name !== null);
  return configured.length > 0 ? [...new Set(configured)] : simulated.slice(0, 1);
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

function declareGauges(metrics: Metrics, core: Core, sampler: ProcessSampler, hub: Hub): void {
  metrics.gauge("bb_ws_clients", "WebSocket clients", () => hub.figures().clients);
  metrics.gauge(
    "bb_event_loop_lag_seconds",
    "Longest delay of a timer within the last sample",
    () => sampler.sample.eventLoopLagMs / 1000,
  );
  metrics.gauge("bb_process_resident_bytes", "Resident memory", () => sampler.sample.rssBytes);
  metrics.gauge("bb_block_height", "Height of the newest block that was applied", () => {
    const { blocks } = core.state.chain;
    return blocks[blocks.length - 1]?.height ?? null;
  });
  metrics.gauge("bb_ingest_lag_seconds", "Time since the newest block arrived", () => {
    const { chain, nowMs } = core.state;
    return chain.lastAdvanceMs === null ? null : Math.max(0, nowMs - chain.lastAdvanceMs) / 1000;
  });
  metrics.gauge("bb_node_up", "1 while the node answers", () => (core.state.link.up ? 1 : 0));
  metrics.gauge("bb_reorgs", "Reorganisations that were followed", () => core.state.chain.reorgCount);
  metrics.gauge("bb_gaps", "Things that were missed for good", () => core.state.chain.gapCount);
}
