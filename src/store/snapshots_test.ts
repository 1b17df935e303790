// @ts-types="#types/std_assert.d.ts"
import { assertEquals } from "@std/assert";
import type { DatabaseSync } from "node:sqlite";
import { openDatabase } from "./database.ts";
import { Snapshots } from "./snapshots.ts";

const state = (seq: number) => JSON.stringify({ seq, text: "ä".repeat(1_000) });

function snapshots(seqs: readonly number[]): { db: DatabaseSync; kept: Snapshots } {
  const db = openDatabase(":memory:");
  const kept = new Snapshots(db);
  for (const seq of seqs) kept.save(seq, 7 * seq, state(seq), 0);
  return { db, kept };
}

Deno.test("Snapshots.newest() gives the newest state back with its place in the journal", () => {
  const { db, kept } = snapshots([10, 20]);
  assertEquals(kept.newest(), { snapshot: { seq: 20, checksum: 140, state: state(20) }, damaged: 0 });
  db.close();
});

Deno.test("Snapshots keeps four, and takes one again for the same row", () => {
  const { db, kept } = snapshots([1, 2, 3, 4, 5, 6, 6]);
  const { n } = db.prepare("SELECT COUNT(*) AS n FROM snapshots").get() as { n: number };
  assertEquals([n, kept.oldestSeq(), kept.newest().snapshot?.seq], [4, 3, 6]);
  db.close();
});

Deno.test("Snapshots without a row have none", () => {
  const { db, kept } = snapshots([]);
  assertEquals([kept.newest(), kept.oldestSeq()], [{ snapshot: null, damaged: 0 }, null]);
  db.close();
});

Deno.test("Snapshots.newest() passes over whatever was damaged, and counts it", () => {
  const damages: Readonly<Record<string, string>> = {
    "one byte of the state":
      "UPDATE snapshots SET state = substr(state, 1, 40) || x'00' || substr(state, 42)",
    "a cut state": "UPDATE snapshots SET state = substr(state, 1, length(state) / 2)",
    "an empty state": "UPDATE snapshots SET state = x''",
    "a state that is no blob": "UPDATE snapshots SET state = 'text'",
    "the digest": "UPDATE snapshots SET sha256 = upper(sha256)",
    "the hash of the text": "UPDATE snapshots SET hash = replace(hash, substr(hash, 1, 1), 'z')",
  };
  for (const [what, sql] of Object.entries(damages)) {
    const { db, kept } = snapshots([10, 20, 30]);
    db.exec(`${sql} WHERE seq >= 20`);
    const { snapshot, damaged } = kept.newest();
    assertEquals([snapshot?.seq, damaged], [10, 2], what);
    assertEquals(kept.oldestSeq(), 10, what);
    db.exec(sql);
    const again = new Snapshots(db);
    assertEquals([again.newest(), again.oldestSeq()], [{ snapshot: null, damaged: 3 }, null], what);
    db.close();
  }
});
