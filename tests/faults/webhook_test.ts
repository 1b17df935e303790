// @ts-types="#types/std_assert.d.ts"
import { assert, assertEquals } from "@std/assert";
import { until } from "../contract/harness.ts";
import { startChild } from "../support/child.ts";
import { startReceiver } from "../support/receiver.ts";

const SECRET = "the-secret-of-the-hook";

Deno.test("Webhook delivers after kill -9 what was in the outbox before, signed, and logs neither address nor secret", async () => {
  const dataDir = await Deno.makeTempDir({ prefix: "bb-hook-" });
  const receiver = startReceiver(SECRET);
  // Nothing listens on port 1: the node is unreachable.
  const env = {
    TB_RPC_URL: "http://127.0.0.1:1",
    TB_WS_URL: "ws://127.0.0.1:1/ws",
    BB_WEBHOOK_URL: receiver.url,
    BB_WEBHOOK_SECRET: SECRET,
  };
  const start = () => startChild(["start", "--data-dir", dataDir, "--port", "0"], env);
  let child = start();
  try {
    receiver.status = 500;
    await until("it was tried", () => receiver.received.length > 0);
    child.kill("SIGKILL");
    assertEquals(await child.ended, null);
    let said = JSON.stringify(child.lines);
    const [refused] = receiver.received.splice(0);
    assertEquals([refused!.rule, refused!.state, refused!.signed], ["node_unreachable", "raised", true]);

    receiver.status = 200;
    child = start();
    await until("it was delivered", () => receiver.received.length > 0);
    assertEquals(receiver.received[0], refused, "the same message, by the same name");
    child.kill("SIGTERM");
    assertEquals(await child.ended, 0);
    said += JSON.stringify(child.lines);
    assertEquals(receiver.received.filter(({ key }) => key === refused!.key).length, 1);
    for (const secret of [SECRET, "T0KEN"]) assert(!said.includes(secret), `${secret} is in the log`);
  } finally {
    child.kill("SIGKILL");
    await child.ended;
    await receiver.close();
    await Deno.remove(dataDir, { recursive: true });
  }
});
