/** The schema, one step per version. A step that has shipped is never changed; a new one is added. */
export const MIGRATIONS: readonly string[] = [
  `
  CREATE TABLE meta (key TEXT PRIMARY KEY, value TEXT NOT NULL) WITHOUT ROWID;

  -- Everything that changed state, in order. checksum is a CRC-32 chained over all rows before it.
  CREATE TABLE journal (
    seq INTEGER PRIMARY KEY, at_ms INTEGER NOT NULL, kind TEXT NOT NULL, event TEXT NOT NULL, checksum INTEGER NOT NULL
  );
  CREATE TABLE snapshots (
    seq INTEGER PRIMARY KEY, at_ms INTEGER NOT NULL, state BLOB NOT NULL, hash TEXT NOT NULL, sha256 TEXT NOT NULL,
    checksum INTEGER NOT NULL
  );

  -- Amounts are decimal text: they may exceed what an integer column holds.
  CREATE TABLE receipts (
    id TEXT PRIMARY KEY, seq INTEGER NOT NULL, height INTEGER NOT NULL, idx INTEGER NOT NULL, anchored INTEGER NOT NULL,
    market TEXT NOT NULL, source TEXT NOT NULL, digest TEXT NOT NULL, provider TEXT, consumer TEXT,
    own INTEGER NOT NULL, disputed INTEGER NOT NULL, verified INTEGER, time_ms INTEGER NOT NULL,
    amount TEXT NOT NULL, deducted TEXT NOT NULL, units TEXT NOT NULL,
    subsidies TEXT NOT NULL, disputes TEXT NOT NULL, payload TEXT NOT NULL, checksum INTEGER NOT NULL
  );
  CREATE INDEX receipts_by_time ON receipts (time_ms);
  CREATE INDEX receipts_by_height ON receipts (height DESC, idx DESC, id DESC);
  CREATE INDEX receipts_by_market ON receipts (market, height DESC, idx DESC, id DESC);
  CREATE INDEX receipts_by_provider ON receipts (provider, height DESC, idx DESC, id DESC);
  CREATE INDEX receipts_own ON receipts (height DESC, idx DESC, id DESC) WHERE own = 1;
  CREATE INDEX receipts_disputed ON receipts (height DESC, idx DESC, id DESC) WHERE disputed = 1;

  CREATE TABLE entries (
    id TEXT PRIMARY KEY, seq INTEGER NOT NULL, kind TEXT NOT NULL, market TEXT, receipt_id TEXT, height INTEGER NOT NULL,
    anchored INTEGER NOT NULL, time_ms INTEGER NOT NULL, amount TEXT NOT NULL, debit TEXT NOT NULL, credit TEXT NOT NULL,
    checksum INTEGER NOT NULL
  ) WITHOUT ROWID;
  CREATE INDEX entries_by_time ON entries (time_ms, id);
  CREATE INDEX entries_by_height ON entries (height) WHERE anchored = 1;

  CREATE TABLE operations (
    id TEXT PRIMARY KEY, seq INTEGER NOT NULL, height INTEGER, idx INTEGER NOT NULL, anchored INTEGER NOT NULL,
    type TEXT NOT NULL, status TEXT NOT NULL, time_ms INTEGER NOT NULL, provider TEXT, consumer TEXT,
    own INTEGER NOT NULL, amount TEXT NOT NULL, receipt_id TEXT, details TEXT NOT NULL,
    -- Only operations that we sent have the rest. They come from no event: seq is 0, so nothing cuts them off.
    client_operation_id TEXT UNIQUE, request TEXT, updated_ms INTEGER, proof TEXT, checksum INTEGER
  );
  CREATE INDEX operations_sent ON operations (updated_ms) WHERE client_operation_id IS NOT NULL;
  CREATE INDEX operations_by_time ON operations (time_ms DESC, idx DESC, id DESC);
  CREATE INDEX operations_by_type ON operations (type, time_ms DESC, idx DESC, id DESC);
  CREATE INDEX operations_by_status ON operations (status, time_ms DESC, idx DESC, id DESC);
  CREATE INDEX operations_by_provider ON operations (provider, time_ms DESC, idx DESC, id DESC);
  CREATE INDEX operations_by_height ON operations (height) WHERE anchored = 1;
  CREATE INDEX operations_pending ON operations (id) WHERE own = 1 AND status IN ('pending', 'submitted');

  -- How many rows match the filters that are asked for all the time.
  CREATE TABLE counters (name TEXT PRIMARY KEY, value INTEGER NOT NULL) WITHOUT ROWID;

  CREATE TABLE candles (
    market TEXT NOT NULL, step INTEGER NOT NULL, t INTEGER NOT NULL,
    open TEXT NOT NULL, high TEXT NOT NULL, low TEXT NOT NULL, close TEXT NOT NULL,
    amount TEXT NOT NULL, units TEXT NOT NULL, count INTEGER NOT NULL, source TEXT NOT NULL,
    PRIMARY KEY (market, step, t)
  ) WITHOUT ROWID;

  CREATE TABLE history (
    step INTEGER NOT NULL, t INTEGER NOT NULL, v BLOB NOT NULL, PRIMARY KEY (step, t)
  ) WITHOUT ROWID;

  -- Paper trading. What is indexed has a column, the rest is in body. Times are event times.
  CREATE TABLE orders (
    n INTEGER PRIMARY KEY AUTOINCREMENT, id TEXT NOT NULL UNIQUE, seq INTEGER NOT NULL, epoch INTEGER NOT NULL,
    client_order_id TEXT, token TEXT NOT NULL, agent TEXT, status TEXT NOT NULL, placed_ms INTEGER NOT NULL,
    body TEXT NOT NULL
  );
  CREATE INDEX orders_by_status ON orders (status, n DESC);
  CREATE INDEX orders_by_token ON orders (token, n DESC);
  CREATE UNIQUE INDEX orders_by_client ON orders (client_order_id) WHERE client_order_id IS NOT NULL;
  CREATE TABLE fills (
    id TEXT PRIMARY KEY, seq INTEGER NOT NULL, epoch INTEGER NOT NULL, order_id TEXT NOT NULL, time_ms INTEGER NOT NULL,
    body TEXT NOT NULL
  );
  CREATE INDEX fills_by_order ON fills (order_id, id);
  CREATE INDEX fills_by_time ON fills (time_ms, id);
  CREATE TABLE trades (
    id TEXT PRIMARY KEY, seq INTEGER NOT NULL, epoch INTEGER NOT NULL, closed_ms INTEGER NOT NULL, body TEXT NOT NULL
  );
  CREATE INDEX trades_by_time ON trades (epoch, closed_ms, id);
  -- One row per minute: the last equity, and the lowest and highest of the minute.
  CREATE TABLE equity (
    epoch INTEGER NOT NULL, t INTEGER NOT NULL, equity REAL NOT NULL, low REAL NOT NULL, high REAL NOT NULL,
    cash REAL NOT NULL, realized REAL NOT NULL, seq INTEGER NOT NULL, PRIMARY KEY (epoch, t)
  ) WITHOUT ROWID;
  CREATE INDEX equity_by_time ON equity (t);
  -- One row per slot. raw: f64 per feature of the table that schema names, z: f32; NaN = not available or not warm.
  CREATE TABLE features (
    height INTEGER PRIMARY KEY, seq INTEGER NOT NULL, time_ms INTEGER NOT NULL, schema TEXT NOT NULL,
    raw BLOB NOT NULL, z BLOB NOT NULL
  );
  CREATE INDEX features_by_time ON features (time_ms, height);

  CREATE TABLE alerts (
    id TEXT PRIMARY KEY, rule TEXT NOT NULL, severity TEXT NOT NULL, message TEXT NOT NULL,
    raised_ms INTEGER NOT NULL, resolved_ms INTEGER
  );
  CREATE INDEX alerts_by_time ON alerts (raised_ms DESC, id DESC);
  CREATE INDEX alerts_open ON alerts (raised_ms DESC, id DESC) WHERE resolved_ms IS NULL;
  CREATE TABLE outbox (
    id INTEGER PRIMARY KEY, body TEXT NOT NULL, created_ms INTEGER NOT NULL, next_ms INTEGER NOT NULL,
    attempts INTEGER NOT NULL DEFAULT 0, done_ms INTEGER
  );
  CREATE INDEX outbox_due ON outbox (next_ms) WHERE done_ms IS NULL;

  -- Backtests. The lists of a result are in parts, and so are the rows of a request until its job has ended.
  CREATE TABLE backtests (
    id TEXT PRIMARY KEY, created_ms INTEGER NOT NULL, status TEXT NOT NULL, job TEXT NOT NULL
  );
  CREATE INDEX backtests_by_time ON backtests (created_ms DESC, id DESC);
  CREATE INDEX backtests_unfinished ON backtests (created_ms) WHERE status IN ('queued', 'running');
  CREATE TABLE backtest_parts (
    job_id TEXT NOT NULL, list TEXT NOT NULL, first INTEGER NOT NULL, count INTEGER NOT NULL, body BLOB NOT NULL,
    PRIMARY KEY (job_id, list, first)
  );
  `,
];
