// @ts-types="#types/std_assert.d.ts"
import { assert, assertEquals, assertThrows } from "@std/assert";
import { LATENCY_BUCKETS_S, Metrics } from "./metrics.ts";

Deno.test("Metrics.text() is the Prometheus format: help, type, series, a line feed at the end", () => {
  const metrics = new Metrics();
  const calls = metrics.counter("bb_calls_total", "Calls by method");
  calls.add(1, { method: "a" });
  calls.add(2.5, { method: "b", outcome: "ok" });
  calls.add(1, { method: "a" });
  metrics.gauge("bb_clients", "Clients").set(-3);
  assertEquals(
    metrics.text(),
    `# HELP bb_calls_total Calls by method
# TYPE bb_calls_total counter
bb_calls_total{method="a"} 2
bb_calls_total{method="b",outcome="ok"} 2.5
# HELP bb_clients Clients
# TYPE bb_clients gauge
bb_clients -3
`,
  );
});

Deno.test("Histogram buckets are cumulative, bounds inclusive, and +Inf equals the count", () => {
  const metrics = new Metrics();
  const seconds = metrics.histogram("bb_s", "Seconds", [1, 2, 4]);
  for (const value of [0.5, 1, 1.5, 3, 4, 99]) seconds.observe(value);
  assertEquals(metrics.text().split("\n").slice(2, -1), [
    'bb_s_bucket{le="1"} 2',
    'bb_s_bucket{le="2"} 3',
    'bb_s_bucket{le="4"} 5',
    'bb_s_bucket{le="+Inf"} 6',
    "bb_s_sum 109",
    "bb_s_count 6",
  ]);
});

Deno.test("Histogram keeps label sets apart and adds le to their labels", () => {
  const metrics = new Metrics();
  const seconds = metrics.histogram("bb_s", "Seconds", [1]);
  seconds.observe(0.5, { route: "/a" });
  seconds.observe(2, { route: "/b" });
  assertEquals(metrics.text().split("\n").slice(2, -1), [
    'bb_s_bucket{route="/a",le="1"} 1',
    'bb_s_bucket{route="/a",le="+Inf"} 1',
    'bb_s_sum{route="/a"} 0.5',
    'bb_s_count{route="/a"} 1',
    'bb_s_bucket{route="/b",le="1"} 0',
    'bb_s_bucket{route="/b",le="+Inf"} 1',
    'bb_s_sum{route="/b"} 2',
    'bb_s_count{route="/b"} 1',
  ]);
});

Deno.test("LATENCY_BUCKETS_S rise from half a millisecond to ten seconds", () => {
  assertEquals([LATENCY_BUCKETS_S[0], LATENCY_BUCKETS_S[LATENCY_BUCKETS_S.length - 1]], [0.0005, 10]);
  assertEquals([...LATENCY_BUCKETS_S].sort((a, b) => a - b), LATENCY_BUCKETS_S);
});

Deno.test("label values are escaped: backslash, quote, line feed; braces need nothing", () => {
  const metrics = new Metrics();
  const seconds = metrics.histogram("bb_s", "Seconds", [1]);
  seconds.observe(0, { path: 'a\\b"c\nd}' });
  const bucket = metrics.text().split("\n")[2];
  assertEquals(bucket, 'bb_s_bucket{path="a\\\\b\\"c\\nd}",le="1"} 1');
});

Deno.test("a metric holds at most 2,000 label sets and goes on counting those that it has", () => {
  const metrics = new Metrics();
  const calls = metrics.counter("bb_calls_total", "Calls");
  for (let i = 0; i < 5_000; i++) calls.add(1, { client: `c${i}` });
  calls.add(1, { client: "c7" });
  assertEquals(calls.lines().length, 2_000);
  assertEquals([calls.value({ client: "c7" }), calls.value({ client: "c4999" })], [2, 0]);
});

Deno.test("Counter.declare() shows a series at 0 and does not reset it", () => {
  const metrics = new Metrics();
  const calls = metrics.counter("bb_calls_total", "Calls");
  calls.declare({ method: "a" });
  assertEquals(calls.lines(), ['bb_calls_total{method="a"} 0']);
  calls.add(3, { method: "a" });
  calls.declare({ method: "a" });
  assertEquals([calls.value({ method: "a" }), calls.value()], [3, 0]);
});

Deno.test("Gauge reads its value when asked, and shows nothing where there is none", () => {
  const metrics = new Metrics();
  let height: number | null = null;
  metrics.gauge("bb_height", "Height", () => height);
  assert(!/^bb_height /m.test(metrics.text()));
  height = 7;
  assert(metrics.text().includes("\nbb_height 7\n"));
});

Deno.test("Metrics refuses the same name twice", () => {
  const metrics = new Metrics();
  metrics.counter("bb_x", "X");
  assertThrows(() => metrics.gauge("bb_x", "X again"), TypeError, 'metric "bb_x" twice');
});
