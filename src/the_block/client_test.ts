// @ts-types="#types/std_assert.d.ts"
import { assert, assertEquals, assertInstanceOf, assertRejects } from "@std/assert";
import { failing, ScriptedTransport } from "../../tests/support/scripted_node.ts";
import { Absent, isKnown, type Known } from "../engine/reason.ts";
import { ManualClock } from "../runtime/clock.ts";
import { NodeClient, REPROBE_MS } from "./client.ts";
import { NodeError } from "./errors.ts";
import { type Question, spell } from "./question.ts";

/** A question with a spelling in each dialect. */
function question(id: string): Question<void, number> {
  return {
    id,
    meaning: `What is ${id}?`,
    spellings: [
      spell("readme", `${id}.readme`, (field) => field.get("n").count()),
      spell("live", `${id}.live`, (field) => field.get("n").count()),
    ],
  };
}

const A = question("a");
const B = question("b");

function start(answers: Readonly<Record<string, unknown>>) {
  const clock = new ManualClock();
  const node = new ScriptedTransport(answers);
  return { clock, node, client: new NodeClient(node.transport, clock) };
}

function reasonOf(answer: Known<unknown>): readonly [string, string] {
  assertInstanceOf(answer, Absent);
  return [answer.code, answer.because];
}

Deno.test("NodeClient.ask() tries spellings in order and remembers the one that is offered", async () => {
  const { node, client } = start({ "a.live": { n: 5 } });
  assertEquals(await client.ask(A, undefined), 5);
  assertEquals(await client.ask(A, undefined), 5);
  assertEquals(node.methods, ["a.readme", "a.live", "a.live"]);
});

Deno.test("NodeClient.ask() does not try a second spelling when the first is offered", async () => {
  const { node, client } = start({ "a.readme": { n: 1 }, "a.live": { n: 2 } });
  assertEquals(await client.ask(A, undefined), 1);
  assertEquals(node.methods, ["a.readme"]);
});

Deno.test("NodeClient.ask() tries the dialect first in which this node has answered before", async () => {
  const { node, client } = start({ "a.live": { n: 5 }, "b.live": { n: 6 }, "b.readme": { n: 7 } });
  await client.ask(A, undefined);
  assertEquals(await client.ask(B, undefined), 6);
  assertEquals(node.methods, ["a.readme", "a.live", "b.live"]);
});

Deno.test("NodeClient.ask() still finds the other dialect's spelling after that", async () => {
  const { node, client } = start({ "a.live": { n: 5 }, "b.readme": { n: 7 } });
  await client.ask(A, undefined);
  assertEquals(await client.ask(B, undefined), 7);
  assertEquals(node.methods.slice(2), ["b.live", "b.readme"]);
});

Deno.test("NodeClient.ask() says NOT_OFFERED with the node's words, and rests until REPROBE_MS has passed", async () => {
  const { node, client, clock } = start({});
  const [code, because] = reasonOf(await client.ask(A, undefined));
  assertEquals(code, "NOT_OFFERED");
  assertEquals(because.match(/method not found/g)?.length, 2, "both spellings are named");
  await clock.advance(REPROBE_MS - 1);
  assertEquals(reasonOf(await client.ask(A, undefined)), [code, because]);
  assertEquals(node.calls.length, 2);
  node.set({ "a.readme": { n: 9 } });
  await clock.advance(1);
  assertEquals(await client.ask(A, undefined), 9);
});

Deno.test("NodeClient.ask() says AUTH when any spelling wants a credential", async () => {
  const { client } = start({ "a.live": failing("unauthorized", "unauthorized: bearer wanted") });
  const [code, because] = reasonOf(await client.ask(A, undefined));
  assertEquals(code, "AUTH");
  assert(because.includes("bearer wanted") && !because.includes("method not found"), because);
  assertEquals(client.capabilities()[0]?.status, "unauthorized");
});

Deno.test("NodeClient.ask() throws what is no refusal, and asks the same spelling next time", async () => {
  for (const kind of ["timeout", "connection", "rate_limited", "http", "rpc", "paused"] as const) {
    const { node, client } = start({ "a.readme": failing(kind) });
    const error = await assertRejects(() => client.ask(A, undefined), NodeError);
    assertEquals(error.kind, kind);
    node.set({ "a.readme": { n: 3 } });
    assertEquals(await client.ask(A, undefined), 3);
    assertEquals(node.methods, ["a.readme", "a.readme"], `${kind}: no spelling was given up`);
  }
});

Deno.test("NodeClient.ask() throws an answer that cannot be read, with its path, and keeps the spelling", async () => {
  const { node, client } = start({ "a.readme": { n: "many" } });
  const error = await assertRejects(() => client.ask(A, undefined), NodeError);
  assertEquals([error.kind, error.message], [
    "decode",
    'a.readme: result.n must be an integer 0..2^53−1, found "many"',
  ]);
  const [broken] = client.capabilities();
  assertEquals([broken?.status, broken?.detail], ["offered", error.message]);
  node.set({ "a.readme": { n: 1 } });
  assertEquals(await client.ask(A, undefined), 1);
  assertEquals(client.capabilities()[0]?.detail, null);
  assertEquals(node.methods, ["a.readme", "a.readme"]);
});

Deno.test("NodeClient.ask() looks for another spelling when the node drops the known one", async () => {
  const { node, client } = start({ "a.readme": { n: 1 } });
  await client.ask(A, undefined);
  node.set({ "a.readme": undefined, "a.live": { n: 2 } });
  assertEquals(await client.ask(A, undefined), 2);
  assertEquals(client.capabilities()[0]?.dialect, "live");
  node.set({ "a.live": undefined });
  assertEquals(reasonOf(await client.ask(A, undefined))[0], "NOT_OFFERED");
});

Deno.test("NodeClient.ask() keeps a known spelling through failures, without trying another", async () => {
  for (const kind of ["timeout", "rate_limited", "decode", "paused"] as const) {
    const { node, client } = start({ "a.readme": { n: 1 }, "a.live": { n: 2 } });
    await client.ask(A, undefined);
    node.set({ "a.readme": failing(kind) });
    await assertRejects(() => client.ask(A, undefined), NodeError);
    node.set({ "a.readme": { n: 3 } });
    assertEquals(await client.ask(A, undefined), 3);
    assertEquals(node.methods, ["a.readme", "a.readme", "a.readme"], kind);
  }
});

Deno.test("NodeClient.forget() asks everything anew, because another node may answer", async () => {
  const { node, client } = start({ "a.live": { n: 5 } });
  await client.ask(A, undefined);
  reasonOf(await client.ask(B, undefined));
  client.forget();
  node.set({ "a.readme": { n: 6 }, "b.readme": { n: 7 } });
  assertEquals([await client.ask(A, undefined), await client.ask(B, undefined)], [6, 7]);
  assertEquals(client.dialect, "readme");
});

Deno.test("NodeClient.dialect is that of the majority of the offered questions", async () => {
  const { client } = start({ "a.live": { n: 1 }, "b.readme": { n: 1 }, "c.readme": { n: 1 } });
  assertEquals(client.dialect, "live", "nothing is known yet");
  for (const id of ["a", "b", "c"]) await client.ask(question(id), undefined);
  assertEquals(client.dialect, "readme");
});

Deno.test("NodeClient.capabilities() tells each question once, in the order of asking, with its methods", async () => {
  const { client } = start({ "a.live": { n: 1 }, "c.readme": failing("timeout") });
  await client.ask(A, undefined);
  await client.ask(B, undefined);
  await client.ask(A, undefined);
  await assertRejects(() => client.ask(question("c"), undefined), NodeError);
  assertEquals(
    client.capabilities().map(({ id, status, dialect, methods }) => [id, status, dialect, methods]),
    [
      ["a", "offered", "live", ["a.live"]],
      ["b", "missing", null, ["b.readme", "b.live"]],
      ["c", "unknown", null, ["c.readme", "c.live"]],
    ],
  );
});

Deno.test("NodeClient.ask() hands its input and its options on", async () => {
  const echo: Question<{ start: number }, number> = {
    id: "echo",
    meaning: "?",
    spellings: [{
      dialect: null,
      methods: ["echo"],
      ask: async (ask, { start }) => (await ask("echo", { start })).get("n").count(),
    }],
  };
  const { node, client } = start({ echo: ({ start }: { start: number }) => ({ n: start * 2 }) });
  const { signal } = new AbortController();
  assertEquals(await client.ask(echo, { start: 21 }, { probe: true, signal }), 42);
  assertEquals(node.calls, [{ method: "echo", params: { start: 21 }, options: { probe: true, signal } }]);
});

Deno.test("NodeClient.ask() of a question in several requests is refused as a whole by one of them", async () => {
  const double: Question<void, number> = {
    id: "double",
    meaning: "?",
    spellings: [{
      dialect: "live",
      methods: ["one", "two"],
      ask: async (ask) => (await ask("one")).get("n").count() + (await ask("two")).get("n").count(),
    }],
  };
  const { node, client } = start({ one: { n: 1 } });
  assertEquals(reasonOf(await client.ask(double, undefined))[0], "NOT_OFFERED");
  node.set({ two: { n: 2 } });
  client.forget();
  const sum = await client.ask(double, undefined);
  assert(isKnown(sum));
  assertEquals(sum, 3);
});
