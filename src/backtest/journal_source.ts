/** Reads the recorded journal for a worker, a few hundred events at a time, so that the program goes on meanwhile. */
import type { EngineStore } from "../runtime/ports/store.ts";
import type { JournalSource } from "./queue.ts";

/** Events of one piece. */
const EVENTS_PER_PIECE = 500;

/** The journal as it is now; what is appended later does not belong to the job. */
export function journalSource(store: EngineStore): JournalSource {
  const { state, seq } = store.replayStart();
  const lastSeq = store.journalSeq();
  const encoder = new TextEncoder();
  async function* pieces(): AsyncGenerator<Uint8Array<ArrayBuffer>> {
    let after = seq;
    while (after < lastSeq) {
      const read = store.journal.lines(after, Math.min(EVENTS_PER_PIECE, lastSeq - after));
      if (read.lines.length === 0) return;
      after = read.lastSeq;
      yield await Promise.resolve(encoder.encode(`${read.lines.join("\n")}\n`));
    }
  }
  return { coreState: state, pieces: pieces() };
}
