import { mine, openDesk } from "/tmp/wt/trade2/tests/trading/desk_world.ts";
import { Random } from "/tmp/wt/trade2/src/engine/random.ts";
const world = await openDesk(await Deno.makeTempDir(), "calm");
const random = new Random("operator", "calm");
for (let i = 0; i < 6; i++) {
  const t = performance.now();
  for (let k = 0; k < 1000; k++) {
    world.tip++;
    await world.pass(1000);
  }
  // deno-lint-ignore no-explicit-any
  (globalThis as any).gc();
  const s = world.life.loop.state as unknown as Record<string, unknown>;
  const { encode } = await import("/tmp/wt/trade2/src/engine/codec.ts");
  console.log(
    world.tip,
    Math.round(Deno.memoryUsage().heapUsed / 1e6),
    "MB",
    Math.round(performance.now() - t),
    "ms",
    "core",
    world.life.core.encode().length,
    JSON.stringify(
      Object.fromEntries(
        Object.entries(s.desk as object).map(([k, v]) => [k, encode(v).length]).concat(
          Object.entries((s.desk as any).account).map(([k, v]) => [k, encode(v).length]),
        ).filter(([, n]) => (n as number) > 3000),
      ),
    ),
  );
}
await world.stop();
