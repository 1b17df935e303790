/** Errors as `application/problem+json`, by one table. */
// @ts-types="#types/std_http_status.d.ts"
import { STATUS_TEXT } from "@std/http/status";

/** Fields that one answer names: a request of a million wrong ones is not answered by as many. */
export const ERRORS_MAX = 100;

/** One field of a request that is wrong. */
export interface FieldProblem {
  readonly field: string;
  readonly message: string;
}

/** An error that is meant for the client. */
export class Problem extends Error {
  override readonly name = "Problem";
  readonly status: number;
  readonly errors: readonly FieldProblem[];
  readonly headers: Readonly<Record<string, string>>;

  constructor(
    status: number,
    detail: string,
    options: {
      readonly errors?: readonly FieldProblem[];
      readonly headers?: Readonly<Record<string, string>>;
    } = {},
  ) {
    super(detail);
    this.status = status;
    this.errors = options.errors ?? [];
    this.headers = options.headers ?? {};
  }
}

/** The response of a problem. */
export function problemResponse(problem: Problem, requestId: string): Response {
  const title = STATUS_TEXT[problem.status] ?? "Error";
  const body = {
    type: `about:blank#${problem.status}`,
    title,
    status: problem.status,
    detail: problem.message,
    request_id: requestId,
    ...(problem.errors.length > 0 ? { errors: problem.errors.slice(0, ERRORS_MAX) } : {}),
  };
  return new Response(JSON.stringify(body), {
    status: problem.status,
    headers: { "content-type": "application/problem+json", "cache-control": "no-store", ...problem.headers },
  });
}
