/** Snapshots of the state: compressed, with a digest, so that a damaged one is never believed. */
import { createHash } from "node:crypto";
import type { DatabaseSync, StatementSync } from "node:sqlite";
import { gunzipSync, gzipSync } from "node:zlib";
import { hashText } from "../engine/hash.ts";

/** Snapshots kept; more than one, because the newest may be the damaged one. */
const KEPT = 4;

/** Largest state that is believed. */
const STATE_BYTES_MAX = 512 * 1024 * 1024;

/** A snapshot that was read and found right. */
export interface Snapshot {
  readonly seq: number;
  /** Checksum of the journal row at `seq`. */
  readonly checksum: number;
  readonly state: string;
}

/** Snapshots of an open database. */
export class Snapshots {
  readonly #insert: StatementSync;
  readonly #list: StatementSync;
  readonly #trim: StatementSync;
  readonly #seqs: StatementSync;
  readonly #one: StatementSync;
  /** The oldest snapshot, once it was read back. */
  #whole: number | null = null;

  constructor(db: DatabaseSync) {
    this.#insert = db.prepare(
      "INSERT OR REPLACE INTO snapshots (seq, at_ms, state, hash, sha256, checksum) VALUES (?, ?, ?, ?, ?, ?)",
    );
    this.#list = db.prepare("SELECT * FROM snapshots ORDER BY seq DESC");
    this.#seqs = db.prepare("SELECT seq FROM snapshots ORDER BY seq");
    this.#one = db.prepare("SELECT * FROM snapshots WHERE seq = ?");
    this.#trim = db.prepare(
      "DELETE FROM snapshots WHERE seq NOT IN (SELECT seq FROM snapshots ORDER BY seq DESC LIMIT ?)",
    );
  }

  /** Keeps the state after the journal row `seq`. */
  save(seq: number, checksum: number, state: string, atMs: number): void {
    const bytes = gzipSync(state, { level: 1 });
    if (seq === this.#whole) this.#whole = null;
    this.#insert.run(seq, atMs, bytes, hashText(state), digest(bytes), checksum);
    this.#trim.run(KEPT);
  }

  /** The newest snapshot that is whole, and how many newer ones were not. */
  newest(): { readonly snapshot: Snapshot | null; readonly damaged: number } {
    let damaged = 0;
    for (const row of this.#list.iterate() as Iterable<Record<string, unknown>>) {
      const state = readState(row);
      if (state !== null) {
        return { snapshot: { seq: row.seq as number, checksum: row.checksum as number, state }, damaged };
      }
      damaged++;
    }
    return { snapshot: null, damaged };
  }

  /** Row of the oldest snapshot that is whole; null when there is none. Each is read back once. */
  oldestSeq(): number | null {
    for (const { seq } of this.#seqs.all() as { seq: number }[]) {
      if (seq === this.#whole) return seq;
      if (this.#stateOf(seq) === null) continue;
      this.#whole = seq;
      return seq;
    }
    return null;
  }

  /** The oldest snapshot that is whole; nothing and 0 when there is none. */
  oldest(): { readonly state: string | null; readonly seq: number } {
    const seq = this.oldestSeq();
    const state = seq === null ? null : this.#stateOf(seq);
    return state === null ? { state, seq: 0 } : { state, seq: seq! };
  }

  #stateOf(seq: number): string | null {
    return readState(this.#one.get(seq) as Record<string, unknown>);
  }
}

/** The state of a row, or null when the row is damaged. */
function readState(row: Readonly<Record<string, unknown>>): string | null {
  const { state, sha256, hash } = row as { state: Uint8Array; sha256: string; hash: string };
  if (!(state instanceof Uint8Array) || digest(state) !== sha256) return null;
  try {
    const text = gunzipSync(state, { maxOutputLength: STATE_BYTES_MAX }).toString();
    return hashText(text) === hash ? text : null;
  } catch {
    return null;
  }
}

function digest(bytes: Uint8Array): string {
  return createHash("sha256").update(bytes).digest("hex");
}
