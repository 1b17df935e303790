/** Bodies that are no topic: computed for one request, with the same `_meta` as every other body. */
import { plain } from "./body.ts";
import type { Meta, Source } from "./wire.ts";

/** What a one-off body says about itself. */
export interface ReplyMeta {
  readonly source: Source;
  readonly asOfMs: number;
  readonly ttlMs?: number;
  readonly stale?: boolean;
  readonly units?: Readonly<Record<string, string>>;
}

/** Finishes a draft: values, `timestamp`, `_meta`. */
export function replyBody(draft: object, meta: ReplyMeta): Readonly<Record<string, unknown>> {
  const { value, partial, estimated } = plain(draft);
  const full: Meta = {
    source: meta.source,
    as_of_ms: meta.asOfMs,
    ttl_ms: meta.ttlMs ?? 0,
    stale: meta.stale ?? false,
    seq: 0,
    units: meta.units ?? {},
    partial,
    estimated,
  };
  return { ...value, timestamp: Math.floor(meta.asOfMs / 1000), _meta: full };
}
