// @ts-types="#types/std_assert.d.ts"
import { assert, assertEquals } from "@std/assert";
// @ts-types="#types/std_path.d.ts"
import { join } from "@std/path";
import { tipOf } from "../../src/engine/chain.ts";
import { Random } from "../../src/engine/random.ts";
import { StoreError } from "../../src/runtime/ports/store.ts";
import { plain, tableOf } from "../truth/compare.ts";
import { truePnl, type TrueReceipt, trueReceipts } from "../truth/oracle.ts";
import { World, type WorldOptions } from "../truth/world.ts";
import { SOAK } from "./lane.ts";

const DAMAGES = Number(Deno.env.get("BB_DAMAGES") ?? (SOAK ? 500 : 40));
const SEED = Number(Deno.env.get("BB_FIRST_SEED") ?? 1);
const CHAIN: Omit<WorldOptions, "folder"> = { seed: 7, scenario: "calm", dialect: "readme" };
const FILES = ["block-buster.db", "block-buster.db-wal"] as const;

type Files = readonly (readonly [name: string, bytes: Uint8Array])[];

/** A store in use: a snapshot in the middle, rows behind it, the newest of them in the write-ahead log. */
async function storeInUse(folder: string): Promise<{ files: Files; tip: number }> {
  const world = new World({ ...CHAIN, folder });
  world.start();
  const mine = async (blocks: number) => {
    for (let mined = 0; mined < blocks; mined++) {
      world.tip++;
      await world.pass(1_000);
    }
  };
  await mine(60);
  await world.stop();
  world.start();
  await mine(40);
  world.life.loop.flush();
  const files = FILES.map((name) => [name, Deno.readFileSync(join(folder, name))] as const);
  const { tip } = world;
  await world.stop();
  return { files, tip };
}

/** Flips a byte of one file, or cuts one short; says what it did. */
function damage(files: Files, random: Random): { files: Files; what: string } {
  // The log is small and the newest: half of the damage goes there.
  const index = random.integer(0, files.length - 1);
  const [name, bytes] = files[index]!;
  const damaged = bytes.slice();
  const at = random.integer(0, bytes.length - 1);
  const cut = random.chance(0.3);
  if (!cut) damaged[at]! ^= 1 << random.integer(0, 7);
  const changed = [...files];
  changed[index] = [name, cut ? damaged.subarray(0, at) : damaged];
  return { files: changed, what: `${name} ${cut ? "cut at" : "flipped at"} ${at} of ${bytes.length}` };
}

/** Starts a program on a damaged store; what it made of it. */
async function outcome(
  files: Files,
  tip: number,
  truth: readonly TrueReceipt[],
): Promise<
  { verdict: "refused" | "recovered"; problems: readonly string[]; height: number | null; detail: string }
> {
  const folder = await Deno.makeTempDir({ prefix: "bb-damage-" });
  const problems: string[] = [];
  const world = new World({ ...CHAIN, folder });
  try {
    for (const [name, bytes] of files) Deno.writeFileSync(join(folder, name), bytes);
    world.tip = tip;
    try {
      world.start();
    } catch (error) {
      if (!(error instanceof StoreError)) {
        problems.push(`${(error as Error).name}: ${(error as Error).stack}`);
      }
      return { verdict: "refused", problems, height: null, detail: String(error) };
    }
    const { core, store } = world.life;
    const height = tipOf(core.state.chain)?.height ?? null;
    const through = core.state.receiptsThrough ?? -1;
    const own = truePnl(world.chain, truth.filter((receipt) => receipt.height <= through), height ?? -1);
    if (core.state.ledger.identities.account !== null && plain(core.state.ledger.total) !== plain(own)) {
      problems.push(
        `profit and loss at ${height} is ${plain(core.state.ledger.total)}, should be ${plain(own)}`,
      );
    }
    problems.push(...rowProblems(store, truth));
    await world.pass(30_000);
    if (world.life.loop.storeError === null && core.state.chain.halted === null) {
      const end = truePnl(world.chain, truth, tip);
      if (plain(core.state.ledger.total) !== plain(end)) {
        problems.push(
          `profit and loss after catching up is ${plain(core.state.ledger.total)}, not ${plain(end)}`,
        );
      }
    }
    const detail = world.life.loop.storeError ?? "";
    world.crash();
    return { verdict: "recovered", problems, height, detail };
  } finally {
    await Deno.remove(folder, { recursive: true });
  }
}

/** Receipts that are served must be right; a damaged one must be refused by name. */
function rowProblems(store: World["life"]["store"], truth: readonly TrueReceipt[]): readonly string[] {
  const known = new Map(truth.map((receipt) => [receipt.id, receipt]));
  try {
    return tableOf(store, "receipts").flatMap((row) => {
      const receipt = known.get(row.id as string);
      return receipt && row.amount === `${receipt.amount}` && row.units === `${receipt.units}`
        ? []
        : [`receipt ${row.id} is served as ${plain(row)}`];
    });
  } catch (error) {
    return error instanceof StoreError ? [] : [`${(error as Error).name}: ${(error as Error).stack}`];
  }
}

Deno.test(`SqliteStore recovers to the truth of some height, or refuses by name, after ${DAMAGES} damages`, async () => {
  const folder = await Deno.makeTempDir({ prefix: "bb-damage-" });
  try {
    const { files, tip } = await storeInUse(folder);
    const truth = trueReceipts(new World({ ...CHAIN, folder }).chain, tip);
    const whole = await outcome(files, tip, truth);
    assertEquals(
      [whole.verdict, whole.height, whole.problems],
      ["recovered", tip, []],
      "the undamaged store",
    );
    const counts = { refused: 0, recovered: 0, shorter: 0 };
    const failures: string[] = [];
    for (let number = 0; number < DAMAGES; number++) {
      const random = new Random("damage", SEED, number);
      const damaged = damage(files, random);
      const { verdict, problems, height } = await outcome(damaged.files, tip, truth);
      counts[verdict]++;
      if (verdict === "recovered" && height !== tip) counts.shorter++;
      failures.push(
        ...problems.map((problem) => `seed ${SEED}, damage ${number}, ${damaged.what}: ${problem}`),
      );
    }
    // deno-lint-ignore no-console -- the figures are what the long set is run for
    console.log(`  ${DAMAGES} damages: ${plain(counts)}`);
    assertEquals(failures, []);
    assert(counts.shorter > 0, "no damage cost anything: the test does not reach what it is about");
  } finally {
    await Deno.remove(folder, { recursive: true });
  }
});
