/** The whole program: routes, scopes, durability. */
// @ts-types="#types/std_assert.d.ts"
import { assert, assertEquals, assertMatch } from "@std/assert";
import { systemClock } from "../../src/runtime/clock.ts";
import { startSimulator } from "../../src/simulator/rpc_server.ts";
import { type Json, type Program, until, withProgram } from "../contract/harness.ts";
import { withLane } from "../faults/lane.ts";
import { startChild } from "../support/child.ts";
import { ADDRESS, recipient, SEED, writeKey } from "./bench.ts";

const KEY = "an-admin-key-for-tests";
const AUTH = { "x-api-key": KEY };
const SEED_HEX = Array.from(atob(SEED), (char) => char.charCodeAt(0).toString(16).padStart(2, "0")).join("");

async function inFolder(test: (folder: string) => Promise<void>): Promise<void> {
  const folder = await Deno.makeTempDir();
  try {
    await test(folder);
  } finally {
    await Deno.remove(folder, { recursive: true });
  }
}

const transfer = (n: number, key: string | null, more: Json = {}) => ({
  type: "transfer",
  params: { to: recipient(n), amount: 5 },
  ...(key === null ? {} : { client_operation_id: key }),
  ...more,
});

async function statusOf(program: Program, body: unknown, headers: Readonly<Record<string, string>> = {}) {
  const response = await program.post("/operations", body, headers);
  return { status: response.status, body: await response.json() as Json };
}

Deno.test("POST /operations sends a transfer once, shows it everywhere, and never shows the key", async () => {
  await inFolder(async (folder) => {
    const path = await writeKey(folder);
    await withLane({ config: `[operations]\nkey_file = "${path}"\n` }, async ({ program, node, faults }) => {
      const auth = { "x-api-key": program.key };
      node.submissions.fund(ADDRESS, 1_000_000n);
      assertEquals((await statusOf(program, transfer(1, "k1"))).status, 401);
      const dry = await statusOf(program, transfer(1, null, { dry_run: true }), auth);
      assertEquals([dry.status, dry.body.sendable, (dry.body._meta as Json).source], [
        200,
        true,
        "simulated",
      ]);
      assertEquals(faults.asked.get("submit_tx"), 1, "only the question whether the node takes transactions");

      const answers = await Promise.all(
        Array.from({ length: 100 }, () => statusOf(program, transfer(1, "k1"), auth)),
      );
      assertEquals(new Set(answers.map(({ status }) => status)), new Set([200]));
      assertEquals(new Set(answers.map(({ body }) => body.id)).size, 1);
      assertEquals(answers[0]!.body.status, "submitted");
      assertEquals((await statusOf(program, transfer(2, "k1"), auth)).status, 409);
      assertEquals(faults.asked.get("submit_tx"), 2);
      await until(
        "profit and loss counts it",
        async () => (await program.json("/theblock/pnl")).pending_operations === 1,
      );

      node.mine(1);
      const one = `/theblock/operations/${answers[0]!.body.id}`;
      await until("it is confirmed", async () => (await program.json(one)).status === "confirmed");
      const list = await program.json("/theblock/operations?own=true&status=confirmed&limit=500");
      assert((list.operations as Json[]).some(({ id }) => id === answers[0]!.body.id));
      assertEquals(node.submissions.balanceOf(recipient(1)), 5n);
      assertEquals(node.stateStream.violations, 0);

      const metrics = await (await program.get("/metrics")).text();
      assertMatch(metrics, /bb_operations_total\{type="transfer",status="confirmed"\} 1\b/);
      const shown = [
        metrics,
        JSON.stringify([...answers, dry, list]),
        ...await Promise.all(
          ["/theblock/operations", "/theblock/capabilities", "/theblock/status", "/openapi.json"].map(async (
            url,
          ) => await (await program.get(url)).text()),
        ),
        await (await program.get("/theblock/logs?limit=500&level=debug", auth)).text(),
        JSON.stringify(program.log.tail(1_000)),
      ];
      program.log.info("test.leak", { a: SEED, b: `hex ${SEED_HEX}` });
      shown.push(JSON.stringify(program.log.tail(1)));
      for (const text of shown) {
        assert(!text.includes(SEED) && !text.includes(SEED_HEX) && !text.includes(SEED_HEX.toUpperCase()));
      }
      assertMatch(shown.at(-1)!, /•••/);
    });
  });
});

Deno.test("POST /operations says what is wrong with a request before it asks the node for anything", async () => {
  await withLane({}, async ({ program, faults }) => {
    const auth = { "x-api-key": program.key };
    const rows: readonly (readonly [unknown, number])[] = [
      [[], 422],
      [{}, 422],
      [transfer(1, null), 422],
      [transfer(1, ""), 422],
      [transfer(1, "a b"), 422],
      [transfer(1, "x".repeat(129)), 422],
      [transfer(1, "k", { dry_run: "yes" }), 422],
      [transfer(1, "k", { more: 1 }), 422],
      [{ ...transfer(1, "k"), params: { to: "short", amount: 0 } }, 422],
      [{ ...transfer(1, "k"), params: null }, 422],
      [{ ...transfer(1, "k"), type: "compute_job" }, 501],
      [{ ...transfer(1, "k"), type: "__proto__" }, 501],
      [transfer(1, "k"), 501], // No key signs it.
      ["not JSON", 400],
    ];
    for (const [body, status] of rows) {
      const answer = await statusOf(program, body, auth);
      assertEquals(answer.status, status, JSON.stringify(body));
      assertEquals([answer.body.status, typeof answer.body.detail], [status, "string"]);
    }
    assertEquals(faults.asked.get("submit_tx"), undefined);
    const read = { name: "r", scopes: ["read"], key: "a-read-key" };
    assertEquals((await statusOf(program, transfer(1, "k"), { "x-api-key": read.key })).status, 401);
  });
});

Deno.test("POST /operations refuses while a key file is open to others, and everything else works", async () => {
  await inFolder(async (folder) => {
    const path = await writeKey(folder, 0o644);
    await Deno.chmod(path, 0o644);
    await withProgram({ config: `[operations]\nkey_file = "${path}"\n` }, async (program) => {
      const { status, body } = await statusOf(program, transfer(1, "k"), { "x-api-key": program.key });
      assertEquals(status, 501);
      assertMatch(String(body.detail), /permissions 0644.*chmod 600/);
      assert(program.log.tail(1_000).some(({ event }) => event === "operations.key_refused"));
      assertEquals((await program.json("/theblock/health")).node_up, true);
    });
  });
});

Deno.test("POST /operations needs the scope admin", async () => {
  const digest = async (key: string) =>
    Array.from(
      new Uint8Array(await crypto.subtle.digest("SHA-256", new TextEncoder().encode(key))),
      (byte) => byte.toString(16).padStart(2, "0"),
    ).join("");
  const keys = await Promise.all(
    ["read", "trade", "admin"].map(async (scope) =>
      `{ name = "${scope}", scopes = ["${scope}"], sha256 = "${await digest(`key-${scope}`)}" }`
    ),
  );
  await withProgram({ config: `[auth]\nkeys = [${keys.join(", ")}]\n` }, async (program) => {
    const asked = async (key: string) =>
      (await statusOf(program, transfer(1, "k"), { "x-api-key": key })).status;
    assertEquals([await asked("key-read"), await asked("key-trade"), await asked("key-admin")], [
      403,
      403,
      501,
    ]);
  });
});

Deno.test("main.ts start finds out after kill -9 what became of a transfer, and does not send it again", async () => {
  const node = await startSimulator({
    seed: 1,
    scenario: "calm",
    dialect: "readme",
    speed: 1,
    clock: systemClock,
    mining: false,
    startBlocks: 30,
    faults: true,
  });
  node.submissions.fund(ADDRESS, 1_000_000n);
  await inFolder(async (folder) => {
    const path = await writeKey(folder);
    const start = async () => {
      const child = startChild(["start", "--port", "0", "--data-dir", folder], {
        TB_RPC_URL: node.url,
        TB_WS_URL: node.wsUrl,
        TB_KEY_FILE: path,
        BB_API_KEY: KEY,
      });
      const ready = await child.line("server.ready");
      if (!ready) throw new Error(await child.errors);
      return { child, url: (await child.line("server.listening"))!.url as string };
    };
    const post = (url: string, body: unknown) =>
      fetch(`${url}/operations`, {
        method: "POST",
        headers: { "content-type": "application/json", ...AUTH },
        body: JSON.stringify(body),
      });
    try {
      const first = await start();
      await (await post(first.url, transfer(1, null, { dry_run: true }))).body?.cancel();
      // The node takes the transaction and never finishes its answer.
      const fault = node.faults!.set({ fault: "slow_body", methods: ["submit_tx"], ms: 60_000 });
      const lost = post(first.url, transfer(1, "k1")).catch(() => null);
      await until("the node has it", () => node.submissions.pending === 1);
      first.child.kill("SIGKILL");
      assertEquals(await first.child.ended, null);
      await (await lost)?.body?.cancel();
      node.faults!.heal(fault);

      const second = await start();
      const again = await (await post(second.url, transfer(1, "k1"))).json() as Json;
      assertEquals([again.status, (again.details as Json).outcome], ["submitted", "unknown"]);
      node.mine(1);
      await until("it is confirmed", async () => {
        const body = await (await fetch(`${second.url}/theblock/operations/${again.id}`)).json() as Json;
        return body.status === "confirmed";
      });
      assertEquals(node.submissions.balanceOf(recipient(1)), 5n);
      assertEquals(
        node.faults!.asked.get("submit_tx"),
        2,
        "one question by the first program, one transaction",
      );
      second.child.kill("SIGTERM");
      assertEquals(await second.child.ended, 0);
      const said = JSON.stringify([...first.child.lines, ...second.child.lines]);
      assert(!said.includes(SEED) && !said.includes(SEED_HEX));
    } finally {
      await node.stop();
    }
  });
});
