import type { Clock } from "../runtime/ports/clock.ts";
import { type MethodTable, RpcError } from "./answers/common.ts";
import { LIVE_FATAL_METHOD, LIVE_LOCKED_METHODS, LIVE_METHODS } from "./answers/live.ts";
import { README_METHODS } from "./answers/readme.ts";
import { stateFrame, SUBMISSION_METHODS } from "./answers/submissions.ts";
import { SimulatedChain } from "./chain.ts";
import type { ChainView } from "./chain_view.ts";
import { verifyEd25519 } from "./ed25519.ts";
import { FaultPort, FAULTS_PATH } from "./faults.ts";
import { ForkableChain } from "./forkable_chain.ts";
import { writeJson } from "./json.ts";
import { Miner } from "./miner.ts";
import { NODE_LIMITS, RateLimiter, type RateLimits } from "./rate_limit.ts";
import type { Dialect, ScenarioName } from "./scenario.ts";
import { StateStream } from "./state_stream.ts";
import { StreamHub } from "./stream_hub.ts";
import { Submissions } from "./submissions.ts";
import { startTcpFront, type TcpFront } from "./tcp_front.ts";

/** A call as an interceptor sees it, before it is answered. */
export interface InterceptedCall {
  readonly method: string;
  readonly params: unknown;
  /** The request body as it came. */
  readonly raw: string;
}

/** Answers a call in the node's place; `undefined` lets the node answer. */
export type Interceptor = (call: InterceptedCall) => Response | Promise<Response | undefined> | undefined;

/** How to run a simulated node. */
export interface SimulatorOptions {
  readonly seed: number;
  readonly scenario: ScenarioName;
  readonly dialect: Dialect;
  /** Chain seconds per second of the clock, 0.01..1000. */
  readonly speed: number;
  readonly clock: Clock;
  /** Default 127.0.0.1. The Host allow-list stays 127.0.0.1 and localhost. */
  readonly hostname?: string;
  /** Default 0: any free port. */
  readonly port?: number;
  /** Blocks that exist at the start, ≥ 1; the tip is one less. Default 300. */
  readonly startBlocks?: number;
  /** Default true; false leaves the chain to {@link RunningSimulator.mine}. */
  readonly mining?: boolean;
  /** Default {@link NODE_LIMITS}. */
  readonly limits?: RateLimits;
  /** Starts without any block, not even a genesis, and without mining by the clock. */
  readonly emptyChain?: boolean;
  readonly intercept?: Interceptor;
  /** Whether the node can be made to fail: by {@link RunningSimulator.faults}, and by anybody at `POST /faults`. */
  readonly faults?: boolean;
  readonly onLog?: (event: string, fields: Record<string, unknown>) => void;
}

/** A simulated node on a socket. */
export interface RunningSimulator {
  readonly url: string;
  readonly wsUrl: string;
  readonly port: number;
  readonly chain: SimulatedChain;
  /** What can be made to go wrong; undefined on a node that was started without `faults`. */
  readonly faults: FaultPort | undefined;
  /** What was sent to it. */
  readonly submissions: Submissions;
  readonly stateStream: StateStream;
  /** Height of the newest block, −1 on an empty chain. */
  tip(): number;
  /** Mines blocks at once and returns the new tip. A chain whose lock is poisoned does not move. */
  mine(count: number): number;
  stop(): Promise<void>;
}

const BODY_BYTES_MAX = 1_048_576;
const START_BLOCKS_DEFAULT = 300;
const START_BLOCKS_MAX = 100_000_000;
const MINE_BLOCKS_MAX = 1_000_000;
const SPEED_MIN = 0.01;
const SPEED_MAX = 1_000;
const ALLOWED_HOSTS: ReadonlySet<string> = new Set(["127.0.0.1", "localhost"]);
const ENERGY_READS: ReadonlySet<string> = new Set([
  "energy.market_state",
  "energy.receipts",
  "energy.credits",
  "energy.disputes",
]);
const METHODS: Readonly<Record<Dialect, MethodTable>> = { readme: README_METHODS, live: LIVE_METHODS };

/**
 * Starts a simulated node that answers like the real one, transport quirks included: `POST /` only, HTTP 200 for
 * errors of the protocol, no batch, no chunked body, Host allow-list, rate limit and ban. Dialect `readme` has a
 * WebSocket at `/ws`, `live` has none there (404); both have the `/state_stream` of all accounts.
 *
 * @throws {RangeError} If speed, seed or startBlocks is out of range
 * @throws {Deno.errors.AddrInUse} If the port is taken
 */
// deno-lint-ignore require-await -- the signature leaves room for work before listening
export async function startSimulator(options: SimulatorOptions): Promise<RunningSimulator> {
  const blocks = options.emptyChain ? 0 : options.startBlocks ?? START_BLOCKS_DEFAULT;
  checkRanges(options, blocks);
  const forkable = options.faults ? new ForkableChain(options) : undefined;
  const chain = forkable ?? new SimulatedChain(options);
  const node = new SimulatedNode(chain, options, blocks - 1);
  if (forkable) {
    node.faults = new FaultPort({
      seed: options.seed,
      chain: forkable,
      clock: options.clock,
      tip: () => node.miner.tip,
      onMode: (mode) => node.front?.setMode(mode),
    });
  }
  const hostname = options.hostname ?? "127.0.0.1";
  const stopping = new AbortController();
  const fronted = options.faults === true || (options.emptyChain === true && options.dialect === "live");
  const server = Deno.serve({
    hostname: fronted ? "127.0.0.1" : hostname,
    port: fronted ? 0 : options.port ?? 0,
    signal: stopping.signal,
    onListen: () => {},
    onError: (error) => {
      options.onLog?.("simulator.handler_failed", { error: String(error) });
      return new Response(null, { status: 500 });
    },
  }, (request, info) => node.handle(request, info.remoteAddr));
  if (fronted) {
    const controlPath = options.faults ? FAULTS_PATH : undefined;
    node.front = startTcpFront(hostname, options.port ?? 0, server.addr.port, controlPath);
  }
  const port = node.front?.port ?? server.addr.port;
  const authority = `${hostname === "0.0.0.0" ? "127.0.0.1" : hostname}:${port}`;
  if (options.mining !== false && !options.emptyChain) node.miner.start();
  options.onLog?.("simulator.listening", { url: `http://${authority}`, tip: node.miner.tip });
  let stopped: Promise<void> | undefined;
  return {
    url: `http://${authority}`,
    wsUrl: `ws://${authority}/ws`,
    port,
    chain,
    faults: node.faults,
    submissions: node.submissions,
    stateStream: node.stateStream,
    tip: () => node.miner.tip,
    mine(count) {
      if (!Number.isInteger(count) || count < 0 || count > MINE_BLOCKS_MAX) {
        throw new RangeError(`Cannot mine ${count} blocks: expected an integer within 0..${MINE_BLOCKS_MAX}`);
      }
      if (!node.poisoned) node.miner.mine(count);
      return node.miner.tip;
    },
    stop: () =>
      stopped ??= (async () => {
        await node.stop();
        stopping.abort();
        await server.finished;
      })(),
  };
}

function checkRanges(options: SimulatorOptions, blocks: number): void {
  if (!(options.speed >= SPEED_MIN && options.speed <= SPEED_MAX)) {
    throw new RangeError(`Cannot simulate at speed ${options.speed}: expected ${SPEED_MIN}..${SPEED_MAX}`);
  }
  const fewest = options.emptyChain ? 0 : 1;
  if (!Number.isInteger(blocks) || blocks < fewest || blocks > START_BLOCKS_MAX) {
    throw new RangeError(
      `Cannot start with ${blocks} blocks: expected an integer within 1..${START_BLOCKS_MAX}`,
    );
  }
}

/** The node behind the socket: one chain, its tip, and who may ask how often. */
class SimulatedNode {
  readonly miner: Miner;
  /** Set where connections have to end without a response. */
  front: TcpFront | undefined;
  faults: FaultPort | undefined;
  poisoned = false;
  readonly submissions: Submissions;
  readonly stateStream: StateStream;
  readonly #chain: SimulatedChain;
  readonly #options: SimulatorOptions;
  readonly #requests: RateLimiter;
  readonly #energyReads: RateLimiter;
  readonly #hub: StreamHub | undefined;
  #callCount = 0;

  constructor(chain: SimulatedChain, options: SimulatorOptions, tip: number) {
    const limits = options.limits ?? NODE_LIMITS;
    const { clock } = options;
    this.#chain = chain;
    this.#options = options;
    this.#requests = new RateLimiter(limits.requestsPerSecond, limits.banMs, clock);
    this.#energyReads = new RateLimiter(limits.energyReadsPerSecond, limits.banMs, clock);
    this.#hub = options.dialect === "readme" ? new StreamHub(clock) : undefined;
    this.miner = new Miner(chain, clock, tip, options.speed, (at) => {
      if (!this.#isStuck) this.submissions.mine();
      this.#hub?.publish(this.#view("", at));
    });
    this.submissions = new Submissions(
      (address) => this.#view("balance", this.miner.tip).balance(address),
      verifyEd25519,
    );
    this.stateStream = new StateStream(
      (seq) => stateFrame(seq, this.#view("state_stream", this.miner.tip), this.submissions),
      clock,
    );
  }

  async handle(request: Request, remote: Deno.Addr): Promise<Response> {
    const client = "hostname" in remote ? remote.hostname : "local";
    const host = (request.headers.get("host") ?? "").replace(/:\d+$/, "");
    if (!ALLOWED_HOSTS.has(host)) {
      return new Response(null, { status: 403, headers: { connection: "close" } });
    }
    const { pathname: path } = new URL(request.url);
    if (this.faults && path === FAULTS_PATH) return await this.faults.control(request);
    const verdict = this.#requests.take(client);
    if (verdict !== "ok") {
      if (verdict === "limited") {
        this.#options.onLog?.("simulator.client_banned", { client, bucket: "requests" });
      }
      return errorResponse(null, rateError(verdict), 429);
    }
    if (path === "/ws" && this.#hub !== undefined && isUpgrade(request)) return this.#hub.accept(request);
    if (path === "/state_stream" && isUpgrade(request)) return this.stateStream.accept(request);
    if (request.method === "OPTIONS") return new Response(null, { status: 403 });
    if (request.method !== "POST" || !/^\/+$/.test(path)) return new Response(null, { status: 404 });
    if (request.headers.has("transfer-encoding")) {
      await request.body?.cancel();
      return errorResponse(null, PARSE_ERROR, 200, true);
    }
    const raw = await readBody(request);
    if (raw === undefined) return new Response(null, { status: 413, headers: { connection: "close" } });
    return await this.#answer(raw, client, remote);
  }

  async stop(): Promise<void> {
    this.faults?.heal();
    await this.miner.stop();
    await this.#hub?.stop();
    await this.stateStream.stop();
    await this.front?.stop();
  }

  async #answer(raw: string, client: string, remote: Deno.Addr): Promise<Response> {
    const call = parseCall(raw);
    if (call === undefined) return errorResponse(null, PARSE_ERROR);
    const { method, params } = call;
    const intercepted = await this.#options.intercept?.({ method, params, raw });
    if (intercepted !== undefined) return intercepted;
    const reply = () => this.#reply(call, client, remote);
    if (this.faults === undefined) return reply();
    return await this.faults.around(call, reply, () => this.#drop(remote));
  }

  #reply({ id, method, params }: Call, client: string, remote: Deno.Addr): Response {
    const submission = SUBMISSION_METHODS.get(method);
    const answer = METHODS[this.#options.dialect].get(method);
    if (answer === undefined && submission === undefined) return errorResponse(id, METHOD_NOT_FOUND);
    if (ENERGY_READS.has(method)) {
      const verdict = this.#energyReads.take(client);
      if (verdict !== "ok") {
        if (verdict === "limited") {
          this.#options.onLog?.("simulator.client_banned", { client, bucket: "energy" });
        }
        return errorResponse(id, rateError(verdict));
      }
    }
    if (this.#endsConnection(method)) return this.#panic(method, remote);
    try {
      const callNumber = this.#callCount++;
      const view = this.#view(method, this.miner.tip);
      const result = submission
        ? submission(params, view, this.submissions)
        : answer!(params, view, { callNumber });
      return jsonResponse({ id, jsonrpc: "2.0", result });
    } catch (error) {
      if (error instanceof RpcError) return errorResponse(id, error);
      throw error;
    }
  }

  #endsConnection(method: string): boolean {
    if (this.front === undefined || this.#options.dialect !== "live") return false;
    if (this.poisoned) return LIVE_LOCKED_METHODS.has(method);
    return method === LIVE_FATAL_METHOD && this.miner.tip < 0;
  }

  /** Ends the connection without a byte and leaves the chain lock poisoned, for the life of this node. */
  #panic(method: string, remote: Deno.Addr): Response {
    if (!this.poisoned) this.#options.onLog?.("simulator.poisoned", { method });
    this.poisoned = true;
    this.#drop(remote);
    return new Response(null, { status: 500 });
  }

  /** Whether a fault keeps transactions out of the blocks. */
  get #isStuck(): boolean {
    return this.faults?.active.some(({ spec }) => spec.fault === "stuck_mempool") ?? false;
  }

  #drop(remote: Deno.Addr): void {
    if ("port" in remote) this.front?.drop(remote.port);
  }

  #view(method: string, tip: number): ChainView {
    return this.faults?.view(method, tip) ?? this.#chain.viewAt(tip);
  }
}

interface Call {
  readonly id: unknown;
  readonly method: string;
  readonly params: unknown;
}

const PARSE_ERROR = new RpcError(-32700, "parse error");
const METHOD_NOT_FOUND = new RpcError(-32601, "method not found");

/** The call in a body; undefined if it is not JSON, is a batch or names no method. */
function parseCall(raw: string): Call | undefined {
  try {
    const { id, method, params } = JSON.parse(raw) as Record<string, unknown>;
    return typeof method === "string" ? { id: id ?? null, method, params } : undefined;
  } catch {
    return undefined;
  }
}

function rateError(verdict: "limited" | "banned"): RpcError {
  return verdict === "limited" ? new RpcError(-32001, "rate limited") : new RpcError(-32002, "banned");
}

function jsonResponse(body: unknown, status = 200, close = false): Response {
  const headers: Record<string, string> = { "content-type": "application/json" };
  if (close) headers.connection = "close";
  return new Response(writeJson(body), { status, headers });
}

function errorResponse(
  id: unknown,
  { code, message }: RpcError,
  status = 200,
  close = status !== 200,
): Response {
  return jsonResponse({ error: { code, message }, id, jsonrpc: "2.0" }, status, close);
}

function isUpgrade(request: Request): boolean {
  return request.headers.get("upgrade")?.toLowerCase() === "websocket";
}

/** The body as text; undefined when it is larger than 1 MiB. */
async function readBody(request: Request): Promise<string | undefined> {
  if (Number(request.headers.get("content-length") ?? 0) > BODY_BYTES_MAX) {
    await request.body?.cancel();
    return undefined;
  }
  const decoder = new TextDecoder();
  let text = "";
  let size = 0;
  for await (const chunk of request.body ?? []) {
    size += chunk.length;
    if (size > BODY_BYTES_MAX) return undefined;
    text += decoder.decode(chunk, { stream: true });
  }
  return text + decoder.decode();
}
