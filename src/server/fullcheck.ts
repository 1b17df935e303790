/**
 * `POST /theblock/fullcheck`: seven steps over what the engine knows already, and one look-up of a name. Nothing is
 * written on the node, whatever the request asks for.
 */
import { type CoreState, marketValue, sliceValue } from "../engine/state.ts";
import { MARKET_IDS } from "../engine/market.ts";
import { activeProviders, marketStatus } from "../engine/market_health.ts";
import { finalityLag } from "../engine/network.ts";
import { type Absent, absent, isKnown } from "../engine/reason.ts";
import { blockHeight, finalizedHeight, peerCount } from "../engine/sync.ts";
import type { Clock } from "../runtime/ports/clock.ts";
import type { DomainLookup } from "../runtime/ports/domain_lookup.ts";
import { type FieldProblem, Problem } from "./problem.ts";

/** A checked request. */
export interface FullcheckRequest {
  readonly domain: string | null;
  readonly file: { readonly name: string; readonly sizeBytes: number; readonly sha256: string } | null;
  readonly durationEpochs: number;
  readonly dryRun: boolean;
}

type StepStatus = "ok" | "warn" | "error" | "skipped";

interface Outcome {
  readonly status: StepStatus;
  readonly data: object;
}

interface Step {
  readonly id: string;
  readonly label: string;
  run(state: CoreState, request: FullcheckRequest, domains: DomainLookup): Outcome | Promise<Outcome>;
}

const STEPS: readonly Step[] = [
  { id: "consensus", label: "Consensus and finality", run: consensusStep },
  { id: "peers", label: "Peers", run: peersStep },
  { id: "markets", label: "Markets", run: marketsStep },
  { id: "scheduler", label: "Scheduler", run: schedulerStep },
  { id: "receipts", label: "Receipts", run: receiptsStep },
  { id: "storage_probe", label: "Storage", run: storageStep },
  { id: "domain_probe", label: "Domain", run: domainStep },
];

/** Points that a step costs. */
const COST: Readonly<Record<StepStatus, number>> = { ok: 0, warn: 7, error: 15, skipped: 0 };

/** Runs all steps; a step that throws is an error of that step alone. */
export async function runFullcheck(
  state: CoreState,
  request: FullcheckRequest,
  domains: DomainLookup,
  clock: Clock,
): Promise<object> {
  const startedMs = clock.nowMs();
  const began = clock.monotonicMs();
  let score = 100;
  const steps = [];
  for (const step of STEPS) {
    const stepBegan = clock.monotonicMs();
    let outcome: Outcome;
    try {
      outcome = await step.run(state, request, domains);
    } catch (error) {
      outcome = { status: "error", data: { error: error instanceof Error ? error.message : String(error) } };
    }
    score -= COST[outcome.status];
    steps.push({
      id: step.id,
      label: step.label,
      status: outcome.status,
      duration_ms: Math.round(clock.monotonicMs() - stepBegan),
      data: outcome.data,
    });
  }
  return {
    started_at: Math.floor(startedMs / 1000),
    duration_ms: Math.round(clock.monotonicMs() - began),
    summary_score: Math.max(0, score),
    steps,
  };
}

/**
 * Reads the body of the request.
 *
 * @throws {Problem} 422 with every field that is unknown or wrong
 */
export function readFullcheckRequest(body: unknown): FullcheckRequest {
  const errors: FieldProblem[] = [];
  const fields = objectOf(
    body,
    "body",
    ["domain", "file", "storage_duration_epochs", "storage_dry_run"],
    errors,
  );
  const domain = optionalText(fields.domain, "domain", /^[a-z0-9.-]{1,253}$/i, errors);
  let file: FullcheckRequest["file"] = null;
  if (fields.file !== undefined && fields.file !== null) {
    const given = objectOf(fields.file, "file", ["name", "size_bytes", "sha256", "preview_only"], errors);
    const name = optionalText(given.name, "file.name", /^[^\0]{1,255}$/, errors) ?? "";
    const sha256 = optionalText(given.sha256, "file.sha256", /^[0-9a-f]{64}$/i, errors);
    const sizeBytes = optionalInteger(given.size_bytes, "file.size_bytes", 0, errors);
    if (!given.sha256) errors.push({ field: "file.sha256", message: "must be 64 hex digits" });
    file = { name, sizeBytes, sha256: sha256 ?? "" };
  }
  const durationEpochs = optionalInteger(
    fields.storage_duration_epochs,
    "storage_duration_epochs",
    8,
    errors,
  );
  if (fields.storage_dry_run !== undefined && typeof fields.storage_dry_run !== "boolean") {
    errors.push({ field: "storage_dry_run", message: "must be true or false" });
  }
  if (errors.length > 0) {
    throw new Problem(422, errors.map(({ field, message }) => `${field} ${message}`).join("; "), { errors });
  }
  return { domain, file, durationEpochs, dryRun: fields.storage_dry_run === true };
}

function objectOf(
  value: unknown,
  name: string,
  known: readonly string[],
  errors: FieldProblem[],
): Record<string, unknown> {
  if (typeof value !== "object" || value === null || Array.isArray(value)) {
    errors.push({ field: name, message: "must be an object" });
    return {};
  }
  for (const key of Object.keys(value)) {
    if (!known.includes(key)) {
      errors.push({ field: key.slice(0, 64), message: "is not a field of this request" });
    }
  }
  return value as Record<string, unknown>;
}

function optionalText(value: unknown, field: string, pattern: RegExp, errors: FieldProblem[]): string | null {
  if (value === undefined || value === null || value === "") return null;
  if (typeof value === "string" && pattern.test(value)) return value;
  errors.push({ field, message: `must match ${pattern.source}` });
  return null;
}

function optionalInteger(value: unknown, field: string, fallback: number, errors: FieldProblem[]): number {
  if (value === undefined || value === null) return fallback;
  if (Number.isSafeInteger(value) && (value as number) >= 0) return value as number;
  errors.push({ field, message: "must be an integer ≥ 0" });
  return fallback;
}

function consensusStep(state: CoreState): Outcome {
  const lag = finalityLag(state);
  const height = blockHeight(state);
  return {
    status: isKnown(lag)
      ? (lag < 10 ? "ok" : lag < 50 ? "warn" : "error")
      : isKnown(height)
      ? "skipped"
      : "error",
    data: { block_height: height, finalized_height: finalizedHeight(state), finality_lag: lag },
  };
}

function peersStep(state: CoreState): Outcome {
  const peers = peerCount(state);
  return {
    status: isKnown(peers) ? (peers >= 20 ? "ok" : peers >= 5 ? "warn" : "error") : unknownStatus(peers),
    data: { peer_count: peers },
  };
}

function marketsStep(state: CoreState): Outcome {
  const answering = MARKET_IDS.filter((id) => isKnown(marketValue(state, id)));
  return {
    status: answering.length >= 3 ? "ok" : answering.length >= 1 ? "warn" : "error",
    data: {
      answering: answering.length,
      total: MARKET_IDS.length,
      markets: Object.fromEntries(MARKET_IDS.map((id) => [id, marketStatus(state, id)])),
    },
  };
}

function schedulerStep(state: CoreState): Outcome {
  const scheduler = sliceValue(state, "scheduler");
  if (!isKnown(scheduler)) return { status: unknownStatus(scheduler), data: { queue_depth: scheduler } };
  const depth = scheduler.queueDepth;
  return { status: depth < 100 ? "ok" : depth < 500 ? "warn" : "error", data: { queue_depth: depth } };
}

function receiptsStep(state: CoreState): Outcome {
  let count = 0;
  let latest = -1;
  for (const id of MARKET_IDS) {
    const activity = state.activity[id];
    count += activity.window.count;
    for (const height of activity.byHeight.keys()) latest = Math.max(latest, height);
  }
  return {
    status: count > 0 ? "ok" : "warn",
    data: {
      receipts_100: count,
      latest_height: latest >= 0 ? latest : absent("NO_SAMPLES", "no receipt has been read lately"),
    },
  };
}

function storageStep(state: CoreState, request: FullcheckRequest): Outcome {
  const providers = activeProviders(state, "storage");
  const count = isKnown(providers) ? providers.count : 0;
  return {
    status: count > 0 ? "ok" : "warn",
    data: {
      providers: isKnown(providers) ? providers.count : providers,
      dry_run: request.dryRun,
      written: false,
      preview_contract: request.file
        ? {
          file_id: request.file.sha256.slice(0, 16).toLowerCase(),
          name: request.file.name,
          size_bytes: request.file.sizeBytes,
          duration_epochs: request.durationEpochs,
        }
        : absent("UNDEFINED", "the request names no file"),
    },
  };
}

async function domainStep(
  _state: CoreState,
  request: FullcheckRequest,
  domains: DomainLookup,
): Promise<Outcome> {
  const { domain } = request;
  if (domain === null) return { status: "skipped", data: { reason: "the request names no domain" } };
  if (!domain.endsWith(".block")) return { status: "warn", data: { domain, reason: "not a .block name" } };
  const record = await domains.lookup(domain);
  if (!isKnown(record)) return { status: unknownStatus(record), data: { domain, verified: record } };
  return {
    status: record.verified ? "ok" : record.found ? "warn" : "error",
    data: { domain, verified: record.verified, found: record.found },
  };
}

/** What a node does not offer is no fault of it; what it should have answered is. */
function unknownStatus(why: Absent): StepStatus {
  return why.code === "NOT_OFFERED" ? "skipped" : "error";
}
