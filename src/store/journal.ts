/** The journal in SQLite: rows whose checksums are chained, so that no flip and no hole stays unseen. */
import type { DatabaseSync, StatementSync } from "node:sqlite";
import { crc32 } from "node:zlib";
import { decode, encode } from "../engine/codec.ts";
import type { EngineEvent } from "../engine/event.ts";
import { type Journal, StoreError } from "../runtime/ports/store.ts";
import { guarded } from "./database.ts";

/** One row, checked. */
interface JournalRow {
  readonly seq: number;
  readonly event: string;
  readonly checksum: number;
}

/** A journal over an open database. */
export class SqliteJournal implements Journal {
  readonly #path: string;
  readonly #insert: StatementSync;
  readonly #after: StatementSync;
  readonly #some: StatementSync;
  #seq: number;
  #checksum: number;

  constructor(db: DatabaseSync, path: string) {
    this.#path = path;
    this.#insert = db.prepare(
      "INSERT INTO journal (seq, at_ms, kind, event, checksum) VALUES (?, ?, ?, ?, ?)",
    );
    this.#after = db.prepare("SELECT seq, event, checksum FROM journal WHERE seq > ? ORDER BY seq");
    this.#some = db.prepare("SELECT seq, event FROM journal WHERE seq > ? ORDER BY seq LIMIT ?");
    const last = guarded(
      path,
      () => db.prepare("SELECT seq, checksum FROM journal ORDER BY seq DESC LIMIT 1").get(),
    ) as
      | { seq: number; checksum: number }
      | undefined;
    const snapshot = guarded(
      path,
      () => db.prepare("SELECT seq, checksum FROM snapshots ORDER BY seq DESC LIMIT 1").get(),
    ) as
      | { seq: number; checksum: number }
      | undefined;
    // Retention may have emptied the journal behind the newest snapshot.
    const newest = last && (!snapshot || last.seq >= snapshot.seq) ? last : snapshot;
    this.#seq = newest?.seq ?? 0;
    this.#checksum = newest?.checksum ?? 0;
  }

  append(events: readonly EngineEvent[]): number {
    for (const event of events) {
      const text = encode(event);
      const checksum = chained(this.#checksum, this.#seq + 1, text);
      this.#insert.run(this.#seq + 1, event.atMs, event.kind, text, checksum);
      this.#seq++;
      this.#checksum = checksum;
    }
    return this.#seq;
  }

  replay(afterSeq: number, visit: (event: EngineEvent, seq: number) => void): void {
    this.replayChecked(afterSeq, null, visit);
  }

  /**
   * Visits the events after a row whose checksum is known, checking the chain.
   *
   * @param checksum Checksum of row `afterSeq`; null where nobody knows it, then the first row is taken at its word
   * @throws {StoreError} `corrupt`, naming the first row that does not fit
   */
  replayChecked(
    afterSeq: number,
    checksum: number | null,
    visit: (event: EngineEvent, seq: number) => void,
  ): void {
    let before = afterSeq === 0 ? 0 : checksum;
    let expected = afterSeq + 1;
    for (const row of this.#rows(afterSeq)) {
      if (row.seq !== expected || (before !== null && chained(before, row.seq, row.event) !== row.checksum)) {
        throw new StoreError(
          "corrupt",
          `Cannot read the journal of ${this.#path}: row ${expected} is damaged`,
        );
      }
      visit(decode(row.event) as EngineEvent, row.seq);
      before = row.checksum;
      expected++;
    }
  }

  lines(afterSeq: number, limit: number): { readonly lines: readonly string[]; readonly lastSeq: number } {
    const rows = this.#some.all(afterSeq, limit) as { seq: number; event: string }[];
    return { lines: rows.map(({ event }) => event), lastSeq: rows.at(-1)?.seq ?? afterSeq };
  }

  lastSeq(): number {
    return this.#seq;
  }

  /** Checksum of the newest row. */
  get checksum(): number {
    return this.#checksum;
  }

  /** Goes back to a row, after a transaction was rolled back or the rows behind it were cut off. */
  rewind(seq: number, checksum: number): void {
    this.#seq = seq;
    this.#checksum = checksum;
  }

  *#rows(afterSeq: number): Generator<JournalRow> {
    const rows = this.#after.iterate(afterSeq) as Iterator<unknown>;
    for (;;) {
      const next = guarded(this.#path, () => rows.next());
      if (next.done) return;
      yield next.value as JournalRow;
    }
  }
}

function chained(before: number, seq: number, text: string): number {
  return crc32(text, crc32(String(seq), before));
}
