// @ts-types="#types/std_assert.d.ts"
import { assertEquals, assertThrows } from "@std/assert";
import { DatabaseSync } from "node:sqlite";
import { observed, T0 } from "../../tests/support/engine.ts";
import type { EngineEvent } from "../engine/event.ts";
import { StoreError } from "../runtime/ports/store.ts";
import { openDatabase } from "./database.ts";
import { SqliteJournal } from "./journal.ts";

const event = (bits: number): EngineEvent => observed("difficulty", { bits }, T0 + bits);

function journal(rows: number): { db: DatabaseSync; journal: SqliteJournal } {
  const db = openDatabase(":memory:");
  const made = new SqliteJournal(db, "test.db");
  for (let i = 1; i <= rows; i++) made.append([event(i)]);
  return { db, journal: made };
}

function replayed(from: SqliteJournal, afterSeq = 0, checksum: number | null = 0): readonly number[] {
  const seqs: number[] = [];
  from.replayChecked(afterSeq, checksum, (_event, seq) => seqs.push(seq));
  return seqs;
}

Deno.test("SqliteJournal.replay() gives every event back in order, from any row on", () => {
  const { db, journal: made } = journal(5);
  const seen: [number, EngineEvent][] = [];
  made.replay(2, (found, seq) => seen.push([seq, found]));
  assertEquals(seen, [3, 4, 5].map((i) => [i, event(i)]));
  assertEquals([made.lastSeq(), replayed(made, 5)], [5, []]);
  db.close();
});

Deno.test("SqliteJournal.append() takes many events at once and says the last number", () => {
  const { db, journal: made } = journal(0);
  assertEquals([made.lastSeq(), made.append([event(1), event(2), event(3)])], [0, 3]);
  assertEquals(replayed(made), [1, 2, 3]);
  db.close();
});

Deno.test("SqliteJournal opens where it ended, and chains on", () => {
  const { db, journal: made } = journal(3);
  const again = new SqliteJournal(db, "test.db");
  assertEquals([again.lastSeq(), again.checksum], [3, made.checksum]);
  again.append([event(4)]);
  assertEquals(replayed(again), [1, 2, 3, 4]);
  db.close();
});

Deno.test("SqliteJournal counts on from a snapshot when retention has emptied the journal", () => {
  const { db, journal: made } = journal(3);
  db.prepare("INSERT INTO snapshots VALUES (3, 0, x'00', '', '', ?)").run(made.checksum);
  db.exec("DELETE FROM journal");
  const again = new SqliteJournal(db, "test.db");
  assertEquals([again.lastSeq(), again.checksum], [3, made.checksum]);
  again.append([event(4)]);
  assertEquals(replayed(again, 3, made.checksum), [4]);
  db.close();
});

Deno.test("SqliteJournal.replayChecked() stops at a row that was changed, removed, moved or put in", () => {
  const damages: Readonly<Record<string, string>> = {
    "a changed event": `UPDATE journal SET event = replace(event, '"bits":3', '"bits":4') WHERE seq = 3`,
    "a changed checksum": "UPDATE journal SET checksum = checksum + 1 WHERE seq = 3",
    "a hole": "DELETE FROM journal WHERE seq = 3",
    "two rows that changed places":
      "UPDATE journal SET seq = -seq WHERE seq IN (3, 4); UPDATE journal SET seq = 7 + seq WHERE seq < 0",
    "a row taken from elsewhere":
      "UPDATE journal SET (event, checksum) = (SELECT event, checksum FROM journal WHERE seq = 1) WHERE seq = 3",
    "no text at all": "UPDATE journal SET event = '' WHERE seq = 3",
  };
  for (const [what, sql] of Object.entries(damages)) {
    const { db, journal: made } = journal(5);
    db.exec(sql);
    const seen: number[] = [];
    const error = assertThrows(
      () => made.replayChecked(0, 0, (_event, seq) => seen.push(seq)),
      StoreError,
      "row 3 is damaged",
      what,
    );
    assertEquals([error.kind, seen], ["corrupt", [1, 2]], what);
    db.close();
  }
});

Deno.test("SqliteJournal.replayChecked() does not believe a chain that begins with another checksum", () => {
  const { db, journal: made } = journal(3);
  assertThrows(() => replayed(made, 1, 12_345), StoreError, "row 2 is damaged");
  db.close();
});

Deno.test("SqliteJournal.rewind() forgets rows that were rolled back", () => {
  const { db, journal: made } = journal(2);
  const { checksum } = made;
  db.exec("BEGIN");
  made.append([event(3)]);
  db.exec("ROLLBACK");
  made.rewind(2, checksum);
  made.append([event(9)]);
  assertEquals(replayed(made), [1, 2, 3]);
  db.close();
});
