/** Backtest jobs and their results in SQLite. */
import type { DatabaseSync } from "node:sqlite";
import { gunzipSync } from "node:zlib";
import { decode, encode } from "../engine/codec.ts";
import type {
  BacktestJob,
  BacktestList,
  BacktestPart,
  BacktestStatus,
  BacktestStore,
} from "../runtime/ports/backtest.ts";
import type { Page, PageRequest } from "../runtime/ports/store.ts";
import { conditions, type Order, Pager } from "./pager.ts";
import type { Row } from "./rows.ts";

/** Jobs that are kept; the oldest that have ended go first. */
export const JOBS_MAX = 200;

/** Bytes of all lists together, compressed. */
export const PARTS_BYTES_MAX = 256 * 1024 * 1024;

/** Largest part that is believed, decompressed. */
const PART_BYTES_MAX = 64 * 1024 * 1024;

/** The part that holds the rows of a request until its job has ended. */
const INPUT = "input";

const ORDER: Order = { table: "backtests", columns: ["created_ms", "id"] };

const UNFINISHED = "status IN ('queued', 'running')";

/** How the store guards what it does: reads turn errors into its own, writes are also all or nothing. */
export interface StoreGuards {
  readonly read: <T>(action: () => T) => T;
  readonly write: <T>(action: () => T) => T;
}

/** The tables `backtests` and `backtest_parts`. */
export class BacktestTable implements BacktestStore {
  readonly #db: DatabaseSync;
  readonly #guards: StoreGuards;
  readonly #pager: Pager;

  constructor(db: DatabaseSync, guards: StoreGuards) {
    this.#db = db;
    this.#guards = guards;
    this.#pager = new Pager(db);
  }

  saveJob(job: BacktestJob, input?: Uint8Array): void {
    this.#guards.write(() => {
      this.#db.prepare(
        `INSERT INTO backtests (id, created_ms, status, job) VALUES (?, ?, ?, ?)
         ON CONFLICT (id) DO UPDATE SET status = excluded.status, job = excluded.job`,
      ).run(job.id, job.createdMs, job.status, encode(job));
      if (input) this.#insertPart(job.id, INPUT, 0, 0, input);
    });
  }

  job(id: string): BacktestJob | null {
    const row = this.#guards.read(() => this.#db.prepare("SELECT job FROM backtests WHERE id = ?").get(id));
    return row ? decode((row as { job: string }).job) as BacktestJob : null;
  }

  jobs(
    { status }: { readonly status?: BacktestStatus | undefined },
    page: PageRequest,
  ): Page<BacktestJob> {
    const where = conditions([["status = ?", status]]);
    return this.#guards.read(() => this.#pager.page(ORDER, where, page, toJob, null));
  }

  unfinished(): readonly BacktestJob[] {
    const sql = `SELECT job FROM backtests WHERE ${UNFINISHED} ORDER BY created_ms, id`;
    return (this.#guards.read(() => this.#db.prepare(sql).all()) as { job: string }[])
      .map(({ job }) => decode(job) as BacktestJob);
  }

  input(id: string): Uint8Array | null {
    const sql = "SELECT body FROM backtest_parts WHERE job_id = ? AND list = ?";
    const row = this.#guards.read(() => this.#db.prepare(sql).get(id, INPUT));
    return (row as { body: Uint8Array } | undefined)?.body ?? null;
  }

  addPart(id: string, { list, first, count, body }: BacktestPart): void {
    this.#guards.write(() => this.#insertPart(id, list, first, count, body));
  }

  dropParts(id: string): void {
    const sql = "DELETE FROM backtest_parts WHERE job_id = ? AND list <> ?";
    this.#guards.write(() => this.#db.prepare(sql).run(id, INPUT));
  }

  finish(job: BacktestJob): void {
    this.#guards.write(() => {
      this.#db.prepare("UPDATE backtests SET status = ?, job = ? WHERE id = ?")
        .run(job.status, encode(job), job.id);
      this.#db.prepare("DELETE FROM backtest_parts WHERE job_id = ? AND list = ?").run(job.id, INPUT);
      this.#retain();
    });
  }

  rows(id: string, list: BacktestList, first: number, limit: number): {
    readonly rows: readonly unknown[];
    readonly count: number;
  } {
    return this.#guards.read(() => {
      const { count } = this.#db.prepare(
        "SELECT COALESCE(MAX(first + count), 0) AS count FROM backtest_parts WHERE job_id = ? AND list = ?",
      ).get(id, list) as { count: number };
      const parts = this.#db.prepare(
        `SELECT first, body FROM backtest_parts WHERE job_id = ? AND list = ? AND first + count > ? AND first < ?
         ORDER BY first`,
      ).all(id, list, first, first + limit) as { first: number; body: Uint8Array }[];
      const rows = parts.flatMap((part) => {
        const text = gunzipSync(part.body, { maxOutputLength: PART_BYTES_MAX }).toString();
        return (JSON.parse(text) as unknown[])
          .slice(Math.max(0, first - part.first), Math.max(0, first + limit - part.first));
      });
      return { rows, count };
    });
  }

  #insertPart(id: string, list: string, first: number, count: number, body: Uint8Array): void {
    this.#db.prepare(
      "INSERT OR REPLACE INTO backtest_parts (job_id, list, first, count, body) VALUES (?, ?, ?, ?, ?)",
    ).run(id, list, first, count, body);
  }

  /** Deletes the oldest ended jobs beyond the keep, by number and by size. */
  #retain(): void {
    this.#db.exec(
      `DELETE FROM backtests WHERE NOT ${UNFINISHED} AND id IN
       (SELECT id FROM backtests ORDER BY created_ms DESC, id DESC LIMIT -1 OFFSET ${JOBS_MAX})`,
    );
    const sizes = this.#db.prepare(
      `SELECT b.id, b.status, COALESCE(SUM(LENGTH(p.body)), 0) AS bytes
       FROM backtests b LEFT JOIN backtest_parts p ON p.job_id = b.id
       GROUP BY b.id ORDER BY b.created_ms DESC, b.id DESC`,
    ).all() as { id: string; bytes: number }[];
    let bytes = 0;
    const drop = this.#db.prepare(`DELETE FROM backtests WHERE id = ? AND NOT ${UNFINISHED}`);
    for (const [i, row] of sizes.entries()) {
      bytes += row.bytes;
      if (i > 0 && bytes > PARTS_BYTES_MAX) drop.run(row.id);
    }
    this.#db.exec("DELETE FROM backtest_parts WHERE job_id NOT IN (SELECT id FROM backtests)");
  }
}

function toJob(row: Row): BacktestJob {
  return decode(row.job as string) as BacktestJob;
}
