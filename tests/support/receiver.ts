/** A receiver of webhook messages that remembers what it got. */
import { signature } from "../../src/runtime/webhook.ts";

/** One message. */
export interface ReceivedMessage {
  readonly key: string;
  readonly rule: string;
  readonly state: string;
  /** Whether the signature is that of the secret. */
  readonly signed: boolean;
}

/** A running receiver. */
export interface Receiver {
  readonly url: string;
  readonly received: ReceivedMessage[];
  /** Status of the next answers. */
  status: number;
  close(): Promise<void>;
}

/** Starts a receiver on a free port. */
export function startReceiver(secret: string): Receiver {
  const received: ReceivedMessage[] = [];
  const answer = { status: 200 };
  const server = Deno.serve({ hostname: "127.0.0.1", port: 0, onListen: () => {} }, async (request) => {
    const body = await request.text();
    const { rule, state } = JSON.parse(body) as { rule: string; state: string };
    const timestamp = Number(request.headers.get("x-bb-timestamp"));
    received.push({
      key: request.headers.get("x-bb-message") ?? "",
      rule,
      state,
      signed: request.headers.get("x-bb-signature") === `sha256=${signature(secret, timestamp, body)}`,
    });
    return new Response("", { status: answer.status });
  });
  return {
    url: `http://127.0.0.1:${server.addr.port}/hook/T0KEN`,
    received,
    get status() {
      return answer.status;
    },
    set status(status) {
      answer.status = status;
    },
    close: () => server.shutdown(),
  };
}
