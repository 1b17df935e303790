/** A wire without a socket: answers straight from the tables of the simulated node, and fails when it is told to. */
import type { Random } from "../../src/engine/random.ts";
import type { Clock } from "../../src/runtime/ports/clock.ts";
import { type MethodTable, RpcError } from "../../src/simulator/answers/common.ts";
import { LIVE_METHODS } from "../../src/simulator/answers/live.ts";
import { README_METHODS } from "../../src/simulator/answers/readme.ts";
import type { ChainView } from "../../src/simulator/chain_view.ts";
import { writeJson } from "../../src/simulator/json.ts";
import type { Dialect } from "../../src/simulator/scenario.ts";
import { NodeError, type NodeErrorKind } from "../../src/the_block/errors.ts";
import { parseExact } from "../../src/the_block/json.ts";
import type { Params, RpcTransport } from "../../src/the_block/transport.ts";

/** Every method of a dialect. */
export const METHODS: Readonly<Record<Dialect, MethodTable>> = { readme: README_METHODS, live: LIVE_METHODS };

/** Ways in which a call fails that is to fail. */
const FAILURES: readonly NodeErrorKind[] = [
  "timeout",
  "empty_reply",
  "connection",
  "http",
  "malformed",
  "rpc",
];

/** What {@link DirectTransport} needs. */
export interface DirectOptions {
  readonly dialect: Dialect;
  /** What the node shows at this moment. */
  readonly view: () => ChainView;
  readonly clock: Clock;
  readonly random: Random;
  /** Share of the calls that fail; may change at any time. */
  readonly failureRate: () => number;
  /** Longest delay of an answer; may change at any time. */
  readonly delayMsMax: () => number;
}

/** One node, no wire. */
export class DirectTransport implements RpcTransport {
  readonly down = false;
  readonly #options: DirectOptions;
  #callCount = 0;

  constructor(options: DirectOptions) {
    this.#options = options;
  }

  async call(method: string, params: Params = {}): Promise<unknown> {
    const { dialect, view, clock, random, failureRate, delayMsMax } = this.#options;
    const failing = random.chance(failureRate());
    const kind = random.pick(FAILURES);
    // Half of what fails was lost on the way to the node, the other half on the way back.
    const delayMs = random.chance(0.3) ? random.next() * delayMsMax() : 0;
    if (delayMs > 0) await clock.sleep(delayMs);
    const answer = METHODS[dialect].get(method);
    if (answer === undefined) throw new NodeError("missing", method, "method not found", { code: -32601 });
    let text: string;
    try {
      text = writeJson(answer(JSON.parse(JSON.stringify(params)), view(), { callNumber: this.#callCount++ }));
    } catch (error) {
      if (!(error instanceof RpcError)) throw error;
      throw new NodeError("rpc", method, error.message, { code: error.code });
    }
    const returnMs = random.chance(0.3) ? random.next() * delayMsMax() : 0;
    if (returnMs > 0) await clock.sleep(returnMs);
    if (failing) throw new NodeError(kind, method, `made to fail: ${kind}`);
    return parseExact(text);
  }
}
