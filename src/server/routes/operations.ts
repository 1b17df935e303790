/** Operations of ours: asking for one, or for what would be sent. */
import { isOperationType, type OperationIntent, OPERATIONS, readParams } from "../../engine/operation.ts";
import { absent } from "../../engine/reason.ts";
import type { OperationPreview, OperationRefusal } from "../../runtime/operations.ts";
import type { OwnOperation } from "../../runtime/ports/store.ts";
import type { Draft } from "../body.ts";
import { type FieldProblem, Problem } from "../problem.ts";
import { replyBody } from "../reply.ts";
import type { Route } from "../router.ts";
import type { Services } from "../services.ts";
import { operationDraft } from "../views/ledger.ts";
import type { OperationPreview as PreviewBody, SentOperation } from "../wire.ts";

/** Characters of an idempotency key. */
const KEY_MAX = 128;

/** Seconds after which it is worth trying again. */
const RETRY_AFTER_S = "5";

/** A request that was read. */
interface OperationRequest {
  readonly intent: OperationIntent;
  readonly clientOperationId: string | null;
  readonly dryRun: boolean;
}

/** The routes. */
export function operationRoutes(services: Services): readonly Route[] {
  return [{
    method: "POST",
    path: "/operations",
    summary: "Sends an operation to the node once, or shows with dry_run what would be sent",
    scope: "admin",
    shape: "SentOperation",
    handle: async ({ body }) => {
      const { intent, clientOperationId, dryRun } = readOperationRequest(body);
      const meta = (units: Readonly<Record<string, string>>, asOfMs = services.clock.nowMs()) => ({
        source: services.source(),
        asOfMs,
        units,
      });
      if (dryRun) {
        const preview = await services.operations.preview(intent);
        if (preview.kind !== "preview") throw problemOf(preview);
        const units = { cost: "base units", fee: "base units" };
        return { json: replyBody(previewDraft(intent, preview), meta(units)) };
      }
      const result = await services.operations.submit(intent, clientOperationId!);
      if (result.kind !== "operation") throw problemOf(result);
      const draft = sentDraft(result.operation);
      return { json: replyBody(draft, meta({ amount: "base units" }, result.operation.updatedMs)) };
    },
  }];
}

/**
 * Reads the body of a request.
 *
 * @throws {Problem} 422 with everything that is wrong, 501 for an operation that nobody can send
 */
export function readOperationRequest(body: unknown): OperationRequest {
  if (typeof body !== "object" || body === null || Array.isArray(body)) {
    throw new Problem(422, "the body must be {type, params, client_operation_id, dry_run}");
  }
  const { type, params, client_operation_id: key, dry_run: dryRun = false, ...rest } = body as Record<
    string,
    unknown
  >;
  const errors: FieldProblem[] = Object.keys(rest).map((field) => ({
    field: field.slice(0, 64),
    message: "is not known; there are type, params, client_operation_id, dry_run",
  }));
  if (typeof type !== "string") errors.push({ field: "type", message: "must be a text" });
  if (typeof params !== "object" || params === null || Array.isArray(params)) {
    errors.push({ field: "params", message: "must be an object" });
  }
  if (typeof dryRun !== "boolean") errors.push({ field: "dry_run", message: "must be true or false" });
  const given = key !== undefined && key !== null;
  if (given && (typeof key !== "string" || key.length > KEY_MAX || !/^[!-~]+$/.test(key))) {
    errors.push({ field: "client_operation_id", message: `must be 1..${KEY_MAX} visible ASCII characters` });
  }
  if (!given && dryRun !== true) {
    errors.push({
      field: "client_operation_id",
      message: "is missing: without it a repetition would send twice",
    });
  }
  if (typeof type === "string" && errors.length === 0 && !isOperationType(type)) {
    const known = Object.keys(OPERATIONS).join(", ");
    throw new Problem(
      501,
      `no node is known to take an operation "${type.slice(0, 64)}"; there are ${known}`,
    );
  }
  if (errors.length > 0) throw invalid(errors);
  const intentType = type as OperationIntent["type"];
  const read = readParams(intentType, params as Record<string, unknown>);
  if (read.problems.length > 0) throw invalid(read.problems);
  return {
    intent: { type: intentType, params: read.params },
    clientOperationId: given ? key as string : null,
    dryRun: dryRun as boolean,
  };
}

function invalid(errors: readonly FieldProblem[]): Problem {
  return new Problem(422, errors.map(({ field, message }) => `${field} ${message}`).join("; "), { errors });
}

function problemOf(refusal: OperationRefusal): Problem {
  switch (refusal.kind) {
    case "refused":
      return new Problem(409, `${refusal.code}: ${refusal.detail}`);
    case "conflict":
      return new Problem(409, refusal.detail);
    case "not_offered":
      return new Problem(501, refusal.detail);
    case "unavailable":
      return new Problem(503, refusal.detail, { headers: { "retry-after": RETRY_AFTER_S } });
  }
}

function sentDraft(operation: OwnOperation): Drafts<SentOperation> {
  const row = { ...operation, timeMs: operation.createdMs, own: true };
  return { ...operationDraft(row), client_operation_id: operation.clientOperationId, dry_run: false };
}

function previewDraft(
  { type }: OperationIntent,
  { plan, cost, checks }: OperationPreview,
): Drafts<PreviewBody> {
  const { method, params } = plan.request;
  return {
    dry_run: true,
    type,
    sendable: checks.every(({ ok }) => ok),
    checks: checks.map(({ check, ok, code, detail }) => ({
      check,
      ok,
      code: code ?? absent("UNDEFINED", "the check has been passed"),
      detail,
    })),
    account: plan.account ?? absent("NO_ACCOUNT", "no account of ours is configured"),
    cost: cost ?? absent("NO_PRICE", "the provider's price is not known"),
    fee: plan.fee,
    request: { method, params: params as Draft<PreviewBody["request"]["params"]> },
    details: plan.details,
  };
}

type Drafts<T> = { readonly [K in keyof T]: Draft<T[K]> };
