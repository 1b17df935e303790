// @ts-types="#types/std_assert.d.ts"
import { assert, assertEquals } from "@std/assert";
import { Random } from "../engine/random.ts";
import { Log, LOG_LEVELS, type LogLevel, silentLog } from "./log.ts";

const AT_MS = Date.UTC(2026, 0, 2, 3, 4, 5, 6);

function start(level: LogLevel = "debug") {
  const lines: string[] = [];
  return { log: new Log(level, (line) => lines.push(line), () => AT_MS), lines };
}

Deno.test("Log writes one JSON object a line: event first, then fields, level and time", () => {
  const { log, lines } = start();
  log.info("server.listening", { url: "http://127.0.0.1:1", height: 5n, nothing: null, list: [1, true] });
  assertEquals(lines, [
    '{"event":"server.listening","url":"http://127.0.0.1:1","height":"5","nothing":null,"list":[1,true],' +
    '"level":"info","ts":"2026-01-02T03:04:05.006Z"}',
  ]);
});

Deno.test("Log keeps a line a line, whatever is in a text", () => {
  const { log, lines } = start();
  log.warn("poll.failed", { detail: 'a\nb\r"c" \u2028 \u0000' });
  assertEquals(lines.length, 1);
  assert(!/\p{Cc}/u.test(lines[0]!));
  assertEquals(JSON.parse(lines[0]!).detail, 'a\nb\r"c" \u2028 \u0000');
});

Deno.test("Log writes its level and everything louder, and remembers no more than that", () => {
  for (const [i, level] of LOG_LEVELS.entries()) {
    const { log, lines } = start(level);
    for (const each of LOG_LEVELS) log[each](`said.${each}`);
    assertEquals(lines.map((line) => JSON.parse(line).level), LOG_LEVELS.slice(i));
    assertEquals(log.tail(10).length, LOG_LEVELS.length - i);
  }
});

Deno.test("Log.tail() gives the newest lines first, from a level on, and only the last thousand", () => {
  const { log } = start();
  for (let i = 0; i < 1_200; i++) log[i % 100 === 0 ? "error" : "debug"](`event.${i}`);
  assertEquals(log.tail(2).map(({ event, seq }) => [event, seq]), [["event.1199", 1_200], [
    "event.1198",
    1_199,
  ]]);
  assertEquals(log.tail(3, "warn").map(({ event }) => event), ["event.1100", "event.1000", "event.900"]);
  assertEquals(log.tail(5_000).length, 1_000);
});

Deno.test("Log.hide() removes a secret from texts, names, nested values, errors and numbers", () => {
  const { log, lines } = start();
  log.hide("s3cr3t-token");
  log.hide("12345678");
  log.error("auth.failed", {
    header: "Bearer s3cr3t-token, again s3cr3t-token",
    nested: { list: ["s3cr3t-token"], "s3cr3t-token": 1 },
    error: new TypeError("no s3cr3t-token here"),
    number: 912_345_678,
    other: 12,
    fine: true,
  });
  const { header, nested, error, number, other, fine } = JSON.parse(lines[0]!);
  assertEquals(header, "Bearer •••, again •••");
  assertEquals(nested, { list: ["•••"], "•••": 1 });
  assertEquals([error, number, other, fine], ["TypeError: no ••• here", "9•••", 12, true]);
  assert(!JSON.stringify(log.tail(1)).includes("s3cr3t"));
});

Deno.test("Log.hide() survives secrets that are words of JSON or hold its punctuation", () => {
  const { log, lines } = start();
  for (const secret of ["true", "null", '","', '"a":', 'quote"d', "back\\slash", "$&$1"]) log.hide(secret);
  log.info("said", { a: true, b: null, text: 'is quote"d and back\\slash and $&$1' });
  const { a, b, text } = JSON.parse(lines[0]!);
  assertEquals([a, b, text], ["•••", "•••", "is ••• and ••• and •••"]);
});

Deno.test("Log.hide() hides a secret that stands where a long text is cut", () => {
  const { log, lines } = start();
  log.hide("s3cr3t-token");
  log.info("said", { long: `${"x".repeat(1_994)}s3cr3t-token and more` });
  const { long } = JSON.parse(lines[0]!);
  assert(!long.includes("s3"));
  assertEquals(long.length, 2_001);
});

Deno.test("Log.hide() takes nothing short or missing for a secret", () => {
  const { log, lines } = start();
  for (const secret of [null, undefined, "", "abc"]) log.hide(secret);
  log.info("said", { text: "abc and nothing" });
  assertEquals(JSON.parse(lines[0]!).text, "abc and nothing");
});

Deno.test("Log never writes a hidden secret, wherever it stands (property)", () => {
  for (let seed = 0; seed < 300; seed++) {
    const random = new Random("log", seed);
    const secret = Array.from({ length: random.integer(4, 12) }, () => random.pick([...'ab1"\\{}:,é$'])).join(
      "",
    );
    const { log, lines } = start();
    log.hide(secret);
    const noise = () => Array.from({ length: random.integer(0, 6) }, () => random.pick([..."ab1 "])).join("");
    const put = () => noise() + secret + noise();
    log.info("said", { one: put(), [put()]: noise(), deep: [{ two: [put(), 1, null] }] });
    const said = JSON.parse(lines[0]!);
    const walk = (value: unknown): void => {
      if (typeof value === "string") {
        assert(!value.includes(secret), `seed ${seed}: ${JSON.stringify(value)}`);
      }
      if (typeof value !== "object" || value === null) return;
      for (const [name, item] of Object.entries(value)) {
        walk(name);
        walk(item);
      }
    };
    walk(said);
  }
});

Deno.test("Log cuts long texts and says so", () => {
  const { log, lines } = start();
  log.info("said", { long: "x".repeat(9_000), error: new Error("y".repeat(9_000)) });
  const { long, error } = JSON.parse(lines[0]!);
  assertEquals([long.length, long.endsWith("…")], [2_001, true]);
  assertEquals([error.length, error.startsWith("Error: y")], [2_001, true]);
});

Deno.test("silentLog() remembers and writes nowhere", () => {
  const log = silentLog();
  log.debug("quiet");
  assertEquals(log.tail(1).map(({ event, level }) => [event, level]), [["quiet", "debug"]]);
});
