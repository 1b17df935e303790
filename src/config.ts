/**
 * Configuration: one table says what exists; values come from `config/default.toml`, then the file given with
 * `--config`, then the environment, then flags. Everything that is wrong is reported at once.
 */
// @ts-types="#types/std_toml_parse.d.ts"
import { parse as parseToml } from "@std/toml/parse";
// @ts-types="#types/std_path.d.ts"
import { join } from "@std/path";
import defaultToml from "../config/default.toml" with { type: "text" };
import type { MarketId } from "./engine/market.ts";

/** Kinds of setting. */
type SettingType =
  | "text"
  | "integer"
  | "number"
  | "boolean"
  | "choice"
  | "texts"
  | "keys"
  | "start"
  | "switch";

/** One setting. */
export interface Setting {
  readonly key: string;
  readonly type: SettingType;
  /** Value in `config/default.toml`. */
  readonly default: unknown;
  readonly unit?: string;
  readonly min?: number;
  readonly max?: number;
  /** Most items of a list. */
  readonly itemsMax?: number;
  /** Allowed words of a choice. */
  readonly words?: readonly string[];
  /** Further form that a text must have. */
  readonly form?: "http url" | "ws url" | "optional http url";
  readonly env?: string;
  readonly flag?: string;
  /** Kept out of files: may only come from the environment. */
  readonly environmentOnly?: boolean;
  /** Never shown. */
  readonly secret?: boolean;
  readonly meaning: string;
}

/** Every setting there is, in the order of the documentation. */
export const SETTINGS: readonly Setting[] = [
  {
    key: "rpc.url",
    type: "text",
    form: "http url",
    default: "http://localhost:8332",
    env: "TB_RPC_URL",
    meaning: "JSON-RPC endpoint of the node",
  },
  {
    key: "rpc.timeout",
    type: "number",
    unit: "s",
    min: 0.1,
    max: 120,
    default: 5,
    env: "TB_RPC_TIMEOUT",
    meaning: "How long one answer of the node may take",
  },
  {
    key: "rpc.requests_per_second",
    type: "number",
    unit: "1/s",
    min: 1,
    max: 1_000,
    default: 20,
    meaning: "Budget for all requests of this process; the node counts all clients of one address together",
  },
  {
    key: "rpc.energy_requests_per_second",
    type: "number",
    unit: "1/s",
    min: 0.1,
    max: 1_000,
    default: 4,
    meaning: "Budget for energy methods, which the node limits much harder",
  },
  {
    key: "rpc.ban_seconds",
    type: "number",
    unit: "s",
    min: 1,
    max: 3_600,
    default: 60,
    meaning: "How long a ban of the node lasts at most, when it does not say",
  },
  {
    key: "rpc.auth_token",
    type: "text",
    default: "",
    environmentOnly: true,
    secret: true,
    env: "TB_RPC_AUTH_TOKEN",
    meaning: "Bearer token for the node; from the environment only",
  },
  {
    key: "websocket.url",
    type: "text",
    form: "ws url",
    default: "ws://localhost:8332/ws",
    env: "TB_WS_URL",
    meaning: "WebSocket endpoint of the node, where it has one; otherwise polling alone is used",
  },
  {
    key: "websocket.reconnect_interval",
    type: "number",
    unit: "s",
    min: 0.1,
    max: 60,
    default: 5,
    meaning: "Base of the full-jitter back-off towards the node, which is capped at 3 s",
  },
  {
    key: "websocket.max_reconnect_attempts",
    type: "integer",
    min: 0,
    max: 1_000_000,
    default: 0,
    meaning: "WebSocket attempts before only polling is left; 0 = unlimited",
  },
  {
    key: "server.host",
    type: "text",
    default: "127.0.0.1",
    env: "SERVER_HOST",
    flag: "host",
    meaning: "Address to listen on; anything but loopback needs a configured key",
  },
  {
    key: "server.port",
    type: "integer",
    min: 0,
    max: 65_535,
    default: 8_000,
    env: "SERVER_PORT",
    flag: "port",
    meaning: "The one port for REST, WebSocket and the dashboard; 0 = any free port",
  },
  {
    key: "server.allowed_hosts",
    type: "texts",
    default: [],
    meaning: "Host names that requests may name besides the loopback names",
  },
  {
    key: "server.allowed_origins",
    type: "texts",
    default: ["http://localhost:4173"],
    meaning: "Origins that may open WebSockets and send POST besides the server's own",
  },
  {
    key: "server.max_clients",
    type: "integer",
    min: 1,
    max: 10_000,
    default: 1_000,
    meaning: "WebSocket clients at once",
  },
  {
    key: "server.max_body_bytes",
    type: "integer",
    unit: "bytes",
    min: 1_024,
    max: 16_777_216,
    default: 65_536,
    meaning: "Largest request body",
  },
  {
    key: "auth.protect_reads",
    type: "switch",
    default: "auto",
    meaning: "Whether reading needs a key too; auto = when not bound to loopback",
  },
  {
    key: "auth.keys",
    type: "keys",
    default: [],
    meaning: "API keys: name, scopes (read, trade, admin) and the SHA-256 of the key in hex",
  },
  {
    key: "auth.api_key",
    type: "text",
    default: "",
    environmentOnly: true,
    secret: true,
    env: "BB_API_KEY",
    meaning: "One key with all scopes; from the environment only",
  },
  ...(["compute", "storage", "energy", "ad"] as const).map((market): Setting => ({
    key: `markets.${market}_enabled`,
    type: "boolean",
    default: true,
    meaning: `Whether the ${market} market is polled, shown and traded`,
  })),
  {
    key: "account.address",
    type: "text",
    default: "",
    env: "TB_ACCOUNT_ADDRESS",
    meaning: "Our account on the node; counts as ours in every market",
  },
  {
    key: "account.miner",
    type: "text",
    default: "",
    env: "TB_MINER",
    meaning: "Label or address that our mining rewards go to",
  },
  ...(["compute", "storage", "energy", "ad"] as const).map((market): Setting => ({
    key: `account.identities.${market}`,
    type: "texts",
    default: [],
    meaning: `Further identities of ours in the ${market} market (provider ids${
      market === "ad" ? ", advertisers" : ""
    })`,
  })),
  {
    key: "operations.key_file",
    type: "text",
    default: "",
    env: "TB_KEY_FILE",
    meaning:
      "File with the Ed25519 key that transfers are signed with, readable by its owner only; empty = none",
  },
  {
    key: "operations.expire_seconds",
    type: "integer",
    unit: "s",
    min: 30,
    max: 86_400,
    default: 3_600,
    meaning:
      "How long an operation of ours may stay unseen on the chain; a live node keeps a transaction 1800 s",
  },
  {
    key: "ingest.start",
    type: "start",
    default: "tip",
    meaning:
      "Where the ledger begins on an empty store: tip, genesis or a height; a simulated chain begins at genesis",
  },
  {
    key: "ingest.finality_depth",
    type: "integer",
    unit: "blocks",
    min: 1,
    max: 256,
    default: 32,
    meaning: "Deepest reorganisation that is followed; blocks below it count as settled",
  },
  {
    key: "display.decimals",
    type: "integer",
    min: 0,
    max: 18,
    default: 0,
    meaning: "Decimals that the dashboard shows amounts with; the wire always carries base units",
  },
  {
    key: "store.data_dir",
    type: "text",
    default: "./var",
    env: "BB_DATA_DIR",
    flag: "data-dir",
    meaning: "Folder for everything that is kept",
  },
  {
    key: "store.retention_days",
    type: "number",
    unit: "days",
    min: 1,
    max: 3_650,
    default: 30,
    meaning: "How long receipts, operations and the journal are kept",
  },
  {
    key: "store.max_bytes",
    type: "integer",
    unit: "bytes",
    min: 16_777_216,
    max: 1_099_511_627_776,
    default: 8_589_934_592,
    meaning: "Size from which on the journal is cut behind the newest snapshot; a warning comes at 90 %",
  },
  {
    key: "trading.capital",
    type: "integer",
    unit: "base units",
    min: 1,
    max: 4_503_599_627_370_496,
    default: 1_000_000_000,
    meaning: "What a paper account begins with, where POST /state does not say",
  },
  {
    key: "trading.fee_ratio",
    type: "number",
    min: 0,
    max: 0.5,
    default: 0.001,
    meaning: "Fee of a paper fill, share of its value",
  },
  {
    key: "trading.spread_ratio",
    type: "number",
    min: 0,
    max: 0.5,
    default: 0.001,
    meaning: "Distance of best buy and best sell of a paper fill, share of the price; each side pays half",
  },
  {
    key: "trading.participation_ratio",
    type: "number",
    min: 0.000001,
    max: 1,
    default: 0.1,
    meaning: "Share of what settled in a block that paper orders can get of it",
  },
  {
    key: "trading.stop_loss_ratio",
    type: "number",
    min: 0,
    max: 1,
    default: 0,
    meaning: "Loss below the average cost at which a position is closed; 0 = never",
  },
  {
    key: "trading.take_profit_ratio",
    type: "number",
    min: 0,
    max: 1_000,
    default: 0,
    meaning: "Profit above the average cost at which a position is closed; 0 = never",
  },
  {
    key: "trading.agents",
    type: "texts",
    itemsMax: 16,
    default: [],
    meaning: "Files of agents of your own, see docs/TRADING.md; they have the permissions of the program",
  },
  {
    key: "risk.max_drawdown",
    type: "number",
    min: 0,
    max: 1,
    default: 0.2,
    meaning: "Fall of equity below its peak at which trading halts; 0 = never",
  },
  {
    key: "risk.max_position",
    type: "integer",
    unit: "base units",
    min: 0,
    max: 4_503_599_627_370_496,
    default: 0,
    meaning: "Largest value of the position in one instrument; 0 = no limit",
  },
  {
    key: "risk.max_concurrent_trades",
    type: "integer",
    min: 0,
    max: 1_000,
    default: 0,
    meaning: "Positions that may be open at once; 0 = no limit",
  },
  {
    key: "risk.max_exposure",
    type: "number",
    min: 0,
    max: 1,
    default: 1,
    meaning: "Largest value of all positions together, share of equity",
  },
  {
    key: "risk.orders_per_minute",
    type: "integer",
    min: 1,
    max: 10_000,
    default: 60,
    meaning: "Entry orders within a minute",
  },
  {
    key: "risk.stale_after",
    type: "number",
    unit: "s",
    min: 1,
    max: 86_400,
    default: 60,
    meaning: "Age of a price from which on nothing is traded at it",
  },
  {
    key: "risk.stoploss_guard",
    type: "integer",
    min: 0,
    max: 1_000,
    default: 4,
    meaning: "Losing stop-loss exits within an hour after which an instrument is locked for an hour; 0 = off",
  },
  {
    key: "risk.cooldown",
    type: "number",
    unit: "s",
    min: 0,
    max: 86_400,
    default: 0,
    meaning: "How long an instrument is locked after a closed trade; 0 = off",
  },
  {
    key: "risk.equity_drawdown",
    type: "number",
    min: 0,
    max: 1,
    default: 0.1,
    meaning: "Fall of equity within 24 hours that locks the whole account for an hour; 0 = off",
  },
  {
    key: "alerts.webhook_url",
    type: "text",
    form: "optional http url",
    default: "",
    env: "BB_WEBHOOK_URL",
    meaning: "Where alerts are sent when they are raised and resolved; empty = nowhere",
  },
  {
    key: "alerts.webhook_secret",
    type: "text",
    default: "",
    environmentOnly: true,
    secret: true,
    env: "BB_WEBHOOK_SECRET",
    meaning: "Key of the HMAC-SHA256 signature of webhook messages; from the environment only",
  },
  {
    key: "log.level",
    type: "choice",
    words: ["debug", "info", "warn", "error"],
    default: "info",
    env: "LOG_LEVEL",
    flag: "log-level",
    meaning: "Quietest level that is logged",
  },
  {
    key: "build.commit_sha",
    type: "text",
    default: "",
    environmentOnly: true,
    env: "COMMIT_SHA",
    meaning: "Commit that this build was made from; served by /version",
  },
  {
    key: "build.schema_hash",
    type: "text",
    default: "",
    environmentOnly: true,
    env: "SCHEMA_HASH",
    meaning: "Hash of the wire schema of this build; served by /version",
  },
];

/** Environment variables that are read; the permission list of the start task is exactly this. */
export const ENVIRONMENT: readonly string[] = SETTINGS.flatMap(({ env }) => (env ? [env] : []));

/** Scopes of an API key; each includes the ones before it. */
export const SCOPES = ["read", "trade", "admin"] as const;

/** A scope of an API key. */
export type Scope = (typeof SCOPES)[number];

/** An API key of the configuration. */
export interface ApiKey {
  readonly name: string;
  readonly scopes: readonly Scope[];
  /** SHA-256 of the key, lower-case hex. */
  readonly sha256: string;
}

/** The configuration as the program uses it; durations in milliseconds. */
export interface Config {
  readonly rpc: {
    readonly url: string;
    readonly timeoutMs: number;
    readonly requestsPerSecond: number;
    readonly energyRequestsPerSecond: number;
    readonly banMs: number;
    readonly authToken: string | null;
  };
  readonly websocket: { readonly url: string; readonly reconnectMs: number; readonly attemptsMax: number };
  readonly server: {
    readonly host: string;
    readonly port: number;
    readonly allowedHosts: readonly string[];
    readonly allowedOrigins: readonly string[];
    readonly clientsMax: number;
    readonly bodyBytesMax: number;
  };
  readonly auth: {
    readonly protectReads: boolean;
    readonly keys: readonly ApiKey[];
    readonly apiKey: string | null;
  };
  readonly enabled: Readonly<Record<MarketId, boolean>>;
  readonly account: {
    readonly address: string | null;
    readonly miner: string | null;
    readonly identities: Readonly<Record<MarketId, readonly string[]>>;
  };
  readonly operations: { readonly keyFile: string | null; readonly expireMs: number };
  readonly ingest: {
    readonly start: "tip" | "genesis" | number;
    readonly startSet: boolean;
    readonly finalityDepth: number;
  };
  readonly display: { readonly decimals: number };
  readonly store: { readonly dataDir: string; readonly retentionDays: number; readonly bytesMax: number };
  /** A limit that is switched off is null. */
  readonly trading: {
    readonly capital: number;
    readonly feeRatio: number;
    readonly spreadRatio: number;
    readonly participationRatio: number;
    readonly stopLossRatio: number | null;
    readonly takeProfitRatio: number | null;
    /** Files of users' agents. */
    readonly agents: readonly string[];
  };
  readonly risk: {
    readonly maxDrawdownRatio: number | null;
    readonly maxPosition: number | null;
    readonly maxConcurrentTrades: number | null;
    readonly maxExposureRatio: number;
    readonly ordersPerMinute: number;
    readonly staleAfterMs: number;
    readonly stoplossGuard: number | null;
    readonly cooldownMs: number | null;
    readonly equityDrawdownRatio: number | null;
  };
  readonly alerts: { readonly webhookUrl: string | null; readonly webhookSecret: string | null };
  readonly log: { readonly level: "debug" | "info" | "warn" | "error" };
  readonly build: { readonly commit: string | null; readonly schemaHash: string | null };
}

/** Where settings come from. */
export interface ConfigSources {
  /** Path and text of the file given with `--config`. */
  readonly file?: { readonly path: string; readonly text: string };
  readonly env?: Readonly<Record<string, string | undefined>>;
  /** Flags by name, without dashes. */
  readonly flags?: Readonly<Record<string, string | undefined>>;
}

/** Everything that is wrong with a configuration, in one message. */
export class ConfigError extends Error {
  override readonly name = "ConfigError";
  readonly problems: readonly string[];

  constructor(problems: readonly string[]) {
    super(`Cannot load the configuration: ${problems.join("; ")}`);
    this.problems = problems;
  }
}

const BY_KEY = new Map(SETTINGS.map((setting) => [setting.key, setting]));

/**
 * Loads the configuration.
 *
 * @throws {ConfigError} With every problem: unknown keys, wrong types, values out of range, and where each was set
 */
export function loadConfig(sources: ConfigSources = {}): Config {
  const problems: string[] = [];
  const values = new Map<string, unknown>(SETTINGS.map(({ key, default: value }) => [key, value]));
  const set = new Set<string>();
  readToml(defaultToml, "config/default.toml", values, problems, undefined);
  if (sources.file) readToml(sources.file.text, sources.file.path, values, problems, set);
  for (const setting of SETTINGS) {
    const text = setting.env ? sources.env?.[setting.env] : undefined;
    if (text === undefined || text === "") continue;
    assign(setting, fromText(setting, text), `environment ${setting.env}`, values, problems);
    set.add(setting.key);
  }
  for (const setting of SETTINGS) {
    const text = setting.flag ? sources.flags?.[setting.flag] : undefined;
    if (text === undefined) continue;
    assign(setting, fromText(setting, text), `--${setting.flag}`, values, problems);
    set.add(setting.key);
  }
  const config = build(values, set);
  problems.push(...exposureProblems(config));
  if (problems.length > 0) throw new ConfigError(problems);
  return config;
}

/** Whether an address only reaches this machine. */
export function isLoopback(host: string): boolean {
  return host === "localhost" || host === "::1" || host === "[::1]" || /^127\.\d+\.\d+\.\d+$/.test(host);
}

/** The settings as a Markdown table, for the documentation. */
export function settingsTable(): string {
  const rows = SETTINGS.map((setting) =>
    `| \`${setting.key}\` | ${typeText(setting)} | ${
      setting.environmentOnly ? "–" : `\`${toml(setting.default)}\``
    } | ${
      [setting.env && `\`${setting.env}\``, setting.flag && `\`--${setting.flag}\``].filter(Boolean).join(
        " ",
      ) || "–"
    } | ${setting.meaning} |`
  );
  return ["| key | type | default | environment, flag | meaning |", "|---|---|---|---|---|", ...rows].join(
    "\n",
  );
}

function readToml(
  text: string,
  path: string,
  values: Map<string, unknown>,
  problems: string[],
  set: Set<string> | undefined,
): void {
  let table: Record<string, unknown>;
  try {
    table = parseToml(text);
  } catch (error) {
    problems.push(`${path} is not TOML (${error instanceof Error ? error.message.split("\n")[0] : error})`);
    return;
  }
  for (const [key, value] of leaves(table, "")) {
    const setting = BY_KEY.get(key);
    if (!setting) {
      problems.push(`unknown key "${key}" in ${path}${suggestion(key)}`);
    } else if (setting.environmentOnly) {
      problems.push(`${key} may not stand in a file (${path}): set ${setting.env}`);
    } else {
      assign(setting, value, path, values, problems);
      set?.add(key);
    }
  }
}

function* leaves(table: Record<string, unknown>, prefix: string): Generator<readonly [string, unknown]> {
  for (const [name, value] of Object.entries(table)) {
    const key = prefix === "" ? name : `${prefix}.${name}`;
    const isTable = typeof value === "object" && value !== null && !Array.isArray(value) &&
      !(value instanceof Date);
    if (isTable && !BY_KEY.has(key)) yield* leaves(value as Record<string, unknown>, key);
    else yield [key, value];
  }
}

function suggestion(key: string): string {
  const ranked = SETTINGS.map((setting) => ({ key: setting.key, edits: distance(setting.key, key) }))
    .sort((a, b) => a.edits - b.edits);
  const near = ranked.find(({ edits }) => edits <= 3) ??
    ranked.find((known) => known.key.endsWith(`.${key.split(".").pop()}`));
  return near ? ` (did you mean ${near.key}?)` : "";
}

/** Edit distance, for "did you mean". */
function distance(a: string, b: string): number {
  let row = Array.from({ length: b.length + 1 }, (_, i) => i);
  for (let i = 1; i <= a.length; i++) {
    const next = [i];
    for (let j = 1; j <= b.length; j++) {
      next.push(Math.min(row[j]! + 1, next[j - 1]! + 1, row[j - 1]! + (a[i - 1] === b[j - 1] ? 0 : 1)));
    }
    row = next;
  }
  return row[b.length]!;
}

function assign(
  setting: Setting,
  value: unknown,
  where: string,
  values: Map<string, unknown>,
  problems: string[],
): void {
  const problem = problemWith(setting, value);
  if (problem === null) values.set(setting.key, value);
  else problems.push(`${setting.key} ${problem}, found ${shown(setting, value)} (${where})`);
}

function fromText(setting: Setting, text: string): unknown {
  switch (setting.type) {
    case "integer":
    case "number":
      return text.trim() !== "" && Number.isFinite(Number(text)) ? Number(text) : text;
    case "boolean":
    case "switch":
      return text === "true" ? true : text === "false" ? false : text;
    case "start":
      return /^\d+$/.test(text) ? Number(text) : text;
    case "texts":
      return text.split(",").map((item) => item.trim()).filter((item) => item !== "");
    default:
      return text;
  }
}

/** What is wrong with a value, or null. */
function problemWith(setting: Setting, value: unknown): string | null {
  switch (setting.type) {
    case "integer":
    case "number": {
      const fits = typeof value === "number" && Number.isFinite(value) &&
        (setting.type === "number" || Number.isInteger(value)) && value >= setting.min! &&
        value <= setting.max!;
      return fits ? null : `must be ${typeText(setting)}`;
    }
    case "boolean":
      return typeof value === "boolean" ? null : "must be true or false";
    case "switch":
      return typeof value === "boolean" || value === "auto" ? null : 'must be true, false or "auto"';
    case "choice":
      return setting.words!.includes(value as string) ? null : `must be one of ${setting.words!.join(", ")}`;
    case "texts":
      return Array.isArray(value) &&
          value.length <= (setting.itemsMax ?? Infinity) &&
          value.every((item) => typeof item === "string" && item !== "" && item.length <= 256)
        ? null
        : `must be a ${typeText(setting)}`;
    case "start":
      return value === "tip" || value === "genesis" || (Number.isSafeInteger(value) && (value as number) >= 0)
        ? null
        : 'must be "tip", "genesis" or a height';
    case "keys":
      return keysProblem(value);
    case "text":
      return typeof value !== "string" ? "must be a text" : formProblem(setting, value);
  }
}

function formProblem(setting: Setting, value: string): string | null {
  if (setting.form === undefined) return null;
  const schemes = setting.form === "ws url" ? ["ws:", "wss:"] : ["http:", "https:"];
  if (value === "" && setting.form === "optional http url") return null;
  const url = URL.parse(value);
  if (!url || !schemes.includes(url.protocol)) {
    return `must be a URL that begins with ${schemes.join("// or ")}//`;
  }
  return url.username || url.password ? "must not hold a user name or password" : null;
}

function keysProblem(value: unknown): string | null {
  const wanted = 'must be a list of {name, scopes = ["read" | "trade" | "admin"], sha256 = 64 hex digits}';
  if (!Array.isArray(value)) return wanted;
  const names = new Set<string>();
  for (const item of value) {
    if (typeof item !== "object" || item === null) return wanted;
    const { name, scopes, sha256, ...rest } = item as Record<string, unknown>;
    if (typeof name !== "string" || name === "" || names.has(name)) return `${wanted} with different names`;
    if (typeof sha256 !== "string" || !/^[0-9a-fA-F]{64}$/.test(sha256)) return wanted;
    if (!Array.isArray(scopes) || scopes.length === 0 || !scopes.every((scope) => SCOPES.includes(scope))) {
      return wanted;
    }
    if (Object.keys(rest).length > 0) return `${wanted} and nothing else`;
    names.add(name);
  }
  return null;
}

function build(values: ReadonlyMap<string, unknown>, set: ReadonlySet<string>): Config {
  const get = <T>(key: string) => values.get(key) as T;
  const optional = (key: string) => get<string>(key) || null;
  const orOff = (key: string) => get<number>(key) || null;
  const perMarket = <T>(keyOf: (market: MarketId) => string) => ({
    compute: get<T>(keyOf("compute")),
    storage: get<T>(keyOf("storage")),
    energy: get<T>(keyOf("energy")),
    ad: get<T>(keyOf("ad")),
  });
  const host = get<string>("server.host");
  const protect = get<boolean | "auto">("auth.protect_reads");
  return {
    rpc: {
      url: get("rpc.url"),
      timeoutMs: get<number>("rpc.timeout") * 1000,
      requestsPerSecond: get("rpc.requests_per_second"),
      energyRequestsPerSecond: get("rpc.energy_requests_per_second"),
      banMs: get<number>("rpc.ban_seconds") * 1000,
      authToken: optional("rpc.auth_token"),
    },
    websocket: {
      url: get("websocket.url"),
      reconnectMs: get<number>("websocket.reconnect_interval") * 1000,
      attemptsMax: get("websocket.max_reconnect_attempts"),
    },
    server: {
      host,
      port: get("server.port"),
      allowedHosts: get("server.allowed_hosts"),
      allowedOrigins: get("server.allowed_origins"),
      clientsMax: get("server.max_clients"),
      bodyBytesMax: get("server.max_body_bytes"),
    },
    auth: {
      protectReads: protect === "auto" ? !isLoopback(host) : protect,
      keys: get<ApiKey[]>("auth.keys").map((key) => ({ ...key, sha256: key.sha256.toLowerCase() })),
      apiKey: optional("auth.api_key"),
    },
    enabled: perMarket((market) => `markets.${market}_enabled`),
    account: {
      address: optional("account.address"),
      miner: optional("account.miner"),
      identities: perMarket((market) => `account.identities.${market}`),
    },
    operations: {
      keyFile: optional("operations.key_file"),
      expireMs: get<number>("operations.expire_seconds") * 1000,
    },
    ingest: {
      start: get("ingest.start"),
      startSet: set.has("ingest.start"),
      finalityDepth: get("ingest.finality_depth"),
    },
    display: { decimals: get("display.decimals") },
    store: {
      dataDir: join(get<string>("store.data_dir")),
      retentionDays: get("store.retention_days"),
      bytesMax: get("store.max_bytes"),
    },
    trading: {
      capital: get("trading.capital"),
      feeRatio: get("trading.fee_ratio"),
      spreadRatio: get("trading.spread_ratio"),
      participationRatio: get("trading.participation_ratio"),
      stopLossRatio: orOff("trading.stop_loss_ratio"),
      takeProfitRatio: orOff("trading.take_profit_ratio"),
      agents: get("trading.agents"),
    },
    risk: {
      maxDrawdownRatio: orOff("risk.max_drawdown"),
      maxPosition: orOff("risk.max_position"),
      maxConcurrentTrades: orOff("risk.max_concurrent_trades"),
      maxExposureRatio: get("risk.max_exposure"),
      ordersPerMinute: get("risk.orders_per_minute"),
      staleAfterMs: get<number>("risk.stale_after") * 1000,
      stoplossGuard: orOff("risk.stoploss_guard"),
      cooldownMs: get<number>("risk.cooldown") * 1000 || null,
      equityDrawdownRatio: orOff("risk.equity_drawdown"),
    },
    alerts: { webhookUrl: optional("alerts.webhook_url"), webhookSecret: optional("alerts.webhook_secret") },
    log: { level: get("log.level") },
    build: { commit: optional("build.commit_sha"), schemaHash: optional("build.schema_hash") },
  };
}

/** A server that others can reach must have a key that its operator chose. */
function exposureProblems(config: Config): readonly string[] {
  const { host } = config.server;
  if (config.auth.apiKey !== null && config.auth.apiKey.length < 16) {
    return ["auth.api_key must have at least 16 characters (environment BB_API_KEY)"];
  }
  if (isLoopback(host) || config.auth.apiKey !== null || config.auth.keys.length > 0) return [];
  return [
    `server.host is ${host}, which others can reach, but no key is set: set BB_API_KEY, or add a key with its ` +
    `SHA-256 under [auth] keys, or bind 127.0.0.1`,
  ];
}

function typeText({ type, unit, min, max, itemsMax, words, form }: Setting): string {
  switch (type) {
    case "integer":
    case "number":
      return `${type === "integer" ? "an integer" : "a number"} within ${min}..${max}${
        unit ? ` ${unit}` : ""
      }`;
    case "choice":
      return words!.map((word) => `"${word}"`).join(" or ");
    case "texts":
      return itemsMax === undefined ? "list of texts" : `list of at most ${itemsMax} texts`;
    case "switch":
      return 'true, false or "auto"';
    case "start":
      return '"tip", "genesis" or a height';
    case "keys":
      return "list of keys";
    case "boolean":
      return "true or false";
    case "text":
      return form ?? "text";
  }
}

function toml(value: unknown): string {
  return Array.isArray(value) ? `[${value.map(toml).join(", ")}]` : JSON.stringify(value);
}

function shown(setting: Setting, value: unknown): string {
  if (setting.secret) return "a secret";
  const text = value instanceof Date ? value.toISOString() : JSON.stringify(value) ?? String(value);
  return text.length > 80 ? `${text.slice(0, 80)}…` : text;
}
