// @ts-types="#types/std_assert.d.ts"
import { assert, assertEquals } from "@std/assert";
import { systemClock } from "../../src/runtime/clock.ts";
import { TOPIC_NAMES } from "../../src/engine/topic.ts";
import { MESSAGE_BYTES_MAX, MESSAGES_PER_MINUTE_MAX } from "../../src/server/hub.ts";
import { URL_MAX } from "../../src/server/server.ts";
import { type Program, rawRequest, Stream, withProgram } from "./harness.ts";
import { statusOf, upgradeHeaders } from "./status_line.ts";

const SOAK = Deno.env.get("BB_SOAK") === "1";
const FULLCHECK = "/theblock/fullcheck";
const MIB = 1_048_576;
const CLIENTS_MAX = 8;

/** Longest that an answer may take; only looked at where nothing else runs. */
const ANSWER_MS_MAX = 1_000;

/** Each is one way to ask for too much: what was answered, a status or a close code. */
const LIMITS: Readonly<
  Record<string, { readonly wanted: readonly number[]; ask(program: Program): Promise<number> }>
> = {
  "a body over 1 MiB that is announced": {
    wanted: [413],
    ask: (program) => send(program, "x".repeat(MIB + 1)),
  },
  "a body over 1 MiB in chunks": {
    wanted: [413],
    ask: async ({ port, key }) =>
      (await rawRequest(port, postHead(key, "Transfer-Encoding: chunked"), chunked("x".repeat(65_536), 17)))
        .status,
  },
  "a body whose announced length is a lie beyond all measure": {
    wanted: [413],
    ask: ({ port, key }) => statusOf(port, postHead(key, "Content-Length: 999999999999").slice(0, -1)),
  },
  "JSON that is 10,000 lists deep": {
    wanted: [400, 422],
    ask: (program) => send(program, "[".repeat(10_000) + "]".repeat(10_000)),
  },
  "JSON that is 100,000 objects deep and never ends": {
    wanted: [400],
    ask: (program) => send(program, '{"a":'.repeat(100_000)),
  },
  "an object of 90,000 keys": {
    wanted: [422],
    ask: (program) => send(program, `{${Array.from({ length: 90_000 }, (_, i) => `"k${i}":1`).join(",")}}`),
  },
  "an object of a million keys": {
    wanted: [413],
    ask: (program) =>
      send(program, `{${Array.from({ length: 1_000_000 }, (_, i) => `"k${i}":1`).join(",")}}`),
  },
  "a number of 100,000 digits": {
    wanted: [422],
    ask: (program) => send(program, `{"domain":${"9".repeat(100_000)}}`),
  },
  "a URL of 16 kB": {
    wanted: [400],
    ask: ({ port }) => statusOf(port, [`GET /theblock/health?x=${"a".repeat(2 * URL_MAX)} HTTP/1.1`]),
  },
  "a header of 1 MiB": {
    wanted: [431, 400, 0],
    ask: ({ port }) => statusOf(port, ["GET /theblock/health HTTP/1.1", `X-Much: ${"a".repeat(MIB)}`]),
  },
  "10,000 headers": {
    wanted: [431, 400, 0],
    ask: ({ port }) =>
      statusOf(port, [
        "GET /theblock/health HTTP/1.1",
        ...Array.from({ length: 10_000 }, (_, i) => `X-${i}: a`),
      ]),
  },
  "a page of a thousand million rows": {
    wanted: [400],
    ask: (program) => get(program, "/theblock/receipts?limit=1000000000"),
  },
  "an offset beyond all numbers": {
    wanted: [400],
    ask: (program) => get(program, "/theblock/receipts?offset=1e300"),
  },
  "1,000 query parameters": {
    wanted: [400],
    ask: (program) =>
      get(program, `/theblock/receipts?${Array.from({ length: 1_000 }, (_, i) => `p${i}=1`).join("&")}`),
  },
  "a cursor of 8,000 characters": {
    wanted: [400],
    ask: (program) => get(program, `/theblock/receipts?cursor=${"A".repeat(8_000)}`),
  },
  "a hundred thousand million points of history": {
    wanted: [400],
    ask: (program) => get(program, "/theblock/history?metric=tps&from=0&to=100000000000&step=1"),
  },
  "a message of more than 64 KiB": {
    wanted: [1009],
    ask: (program) => closeCode(program, (stream) => stream.say("x".repeat(MESSAGE_BYTES_MAX + 1))),
  },
  "a message of 16 MiB": {
    wanted: [1009, 1006],
    ask: (program) => closeCode(program, (stream) => stream.say("x".repeat(16 * MIB))),
  },
  "more messages than a minute has": {
    wanted: [1008],
    ask: (program) =>
      closeCode(program, (stream) => {
        for (let i = 0; i <= MESSAGES_PER_MINUTE_MAX; i++) stream.say({ op: "ping" });
      }),
  },
  "more connections than there may be": {
    wanted: [503],
    ask: async (program) => {
      const held = await Promise.all(Array.from({ length: CLIENTS_MAX }, () => open(program)));
      for (const stream of held) await stream.next(); // It counts from here on.
      const status = await statusOf(program.port, ["GET /theblock/ws HTTP/1.1", ...upgradeHeaders()]);
      await Promise.all(held.map((stream) => stream.close()));
      return status;
    },
  },
  "wrong keys without end": {
    wanted: [429],
    ask: async ({ port }) => {
      let status = 0;
      for (let i = 0; i < 11; i++) {
        status = await statusOf(port, ["GET /theblock/logs HTTP/1.1", `X-API-Key: guess-${i}`], 9);
      }
      return status;
    },
  },
};

function open({ url }: Program): Promise<Stream> {
  return new Stream(`${url.replace("http", "ws")}/theblock/ws`).opened();
}

async function closeCode(program: Program, act: (stream: Stream) => void): Promise<number> {
  const stream = await open(program);
  act(stream);
  return (await stream.closed).code;
}

async function get(program: Program, path: string): Promise<number> {
  const response = await program.get(path);
  await response.body?.cancel();
  return response.status;
}

async function send({ post, key }: Program, body: string): Promise<number> {
  const response = await post(FULLCHECK, body, { "x-api-key": key });
  await response.body?.cancel();
  return response.status;
}

function postHead(key: string, length: string): readonly string[] {
  return [
    `POST ${FULLCHECK} HTTP/1.1`,
    `X-API-Key: ${key}`,
    "Content-Type: application/json",
    length,
    "Host: localhost",
  ];
}

function chunked(text: string, chunks: number): string {
  return `${`${text.length.toString(16)}\r\n${text}\r\n`.repeat(chunks)}0\r\n\r\n`;
}

Deno.test("every limit is answered by its own status or close code, and the program goes on", async () => {
  assertEquals(TOPIC_NAMES.length < MESSAGES_PER_MINUTE_MAX, true);
  await withProgram(
    { config: `[server]\nmax_clients = ${CLIENTS_MAX}\nmax_body_bytes = ${MIB}\n` },
    async (program) => {
      for (const [what, { wanted, ask }] of Object.entries(LIMITS)) {
        const beganMs = systemClock.monotonicMs();
        const answer = await ask(program);
        const ms = systemClock.monotonicMs() - beganMs;
        assert(wanted.includes(answer), `${what} is answered by ${answer}, not ${wanted.join(" or ")}`);
        if (SOAK) assert(ms <= ANSWER_MS_MAX, `${what} took ${ms} ms`);
        // deno-lint-ignore no-console -- the figures are what the long set is run for
        if (SOAK) console.log(`  ${what}: ${answer} after ${Math.round(ms)} ms`);
        assertEquals((await program.json("/health")).status, "ok", what);
      }
      const wrong = program.log.tail(500).filter(({ event }) =>
        event === "server.bug" || event === "server.error"
      );
      assertEquals(wrong, []);
    },
  );
});
