/** Routes about features and posterior. */
import { EPSILON, FEATURE_COUNT, LAG_COUNT, LAMBDA, WARM_SLOTS } from "../../engine/features/engine.ts";
import { FEATURE_SCHEMA, FEATURE_TABLE_VERSION, FEATURES } from "../../engine/features/spec.ts";
import { absent, type Known } from "../../engine/reason.ts";
import { Problem } from "../problem.ts";
import type { QuerySpec, QueryValues } from "../query.ts";
import { replyBody } from "../reply.ts";
import type { Reply, Route } from "../router.ts";
import type { Services } from "../services.ts";
import { digits } from "../views/features.ts";
import { chainMeta, POINTS_MAX } from "./ledger.ts";

const HISTORY: QuerySpec = {
  feature: { type: "text", maxLength: 4_096, meaning: "Names of features, by comma" },
  from: { type: "integer", min: 0, max: 100_000_000_000, meaning: "Begin, Unix seconds of event time" },
  to: { type: "integer", min: 0, max: 100_000_000_000, meaning: "End, Unix seconds of event time" },
  every: { type: "integer", min: 1, max: 100_000, default: 1, meaning: "Only heights that it divides" },
};

/** The routes. */
export function featureRoutes(services: Services): readonly Route[] {
  return [
    {
      method: "GET",
      path: "/features",
      summary: "The feature vector of the newest slot",
      scope: "public",
      shape: "Features",
      handle: () => ({ topic: "features" }),
    },
    {
      method: "GET",
      path: "/features/schema",
      summary: "What the numbers of the feature vector are",
      scope: "public",
      shape: "FeatureSchema",
      handle: () => ({ json: replyBody(SCHEMA, chainMeta(services, {})) }),
    },
    {
      method: "GET",
      path: "/features/history",
      summary: "Chosen features, slot by slot",
      scope: "public",
      shape: "FeatureHistory",
      query: HISTORY,
      handle: ({ query }) => history(services, query),
    },
    {
      method: "WS",
      path: "/features/ws",
      summary: "The feature vector on connect and after each slot",
      scope: "public",
      session: { kind: "legacy", topic: "features" },
    },
    {
      method: "GET",
      path: "/posterior",
      summary: "How likely trend, revert, chop and rug are, and what that is worth",
      scope: "public",
      shape: "PosteriorBody",
      handle: () => ({ topic: "posterior" }),
    },
    {
      method: "WS",
      path: "/posterior/ws",
      summary: "The posterior on connect and after each slot",
      scope: "public",
      session: { kind: "legacy", topic: "posterior" },
    },
  ];
}

const SCHEMA = {
  version: FEATURE_TABLE_VERSION,
  hash: FEATURE_SCHEMA,
  lambda: LAMBDA,
  epsilon: EPSILON,
  warm_slots: WARM_SLOTS,
  feature_count: FEATURE_COUNT,
  lags: LAG_COUNT,
  features: FEATURES.map((
    { index, name, market, source, unit, aggregation, normalization, since, meaning },
  ) => ({ index, name, market, source, unit, aggregation, normalization, since, meaning })),
};

function history(services: Services, query: QueryValues): Reply {
  const names = (query.feature as string | undefined ?? FEATURES[0]!.name).split(",").map((name) =>
    name.trim()
  );
  const places = names.map((name) => FEATURES.findIndex((feature) => feature.name === name));
  const unknown = names.filter((_, i) => places[i] === -1);
  if (unknown.length > 0) {
    const message = `knows no feature ${unknown.map((name) => `"${name.slice(0, 64)}"`).join(", ")}`;
    throw new Problem(400, `query parameter "feature" ${message}`, {
      errors: [{ field: "feature", message }],
    });
  }
  const tip = services.state().chain.blocks.at(-1);
  const toS = query.to as number | undefined ?? Math.floor((tip?.timeMs ?? services.clock.nowMs()) / 1000);
  const fromS = query.from as number | undefined ?? Math.max(0, toS - 3_600);
  if (fromS > toS) {
    throw new Problem(400, 'query parameter "from" must not be after "to"', {
      errors: [{ field: "from", message: "must not be after to" }],
    });
  }
  const every = query.every as number;
  const limit = Math.floor(POINTS_MAX / names.length);
  const rows = services.queries().features({ schema: FEATURE_SCHEMA, fromS, toS, every, limit: limit + 1 });
  if (rows.length > limit) {
    const message =
      `more than ${limit} slots of ${names.length} features are more than ${POINTS_MAX} points; ` +
      "ask for less time, or for fewer slots with a larger every";
    throw new Problem(400, message, { errors: [{ field: "every", message }] });
  }
  const gap = absent("NO_SAMPLES", "the feature was not available or not warm in this slot");
  const pick = (values: ArrayLike<number>, shown: (value: number) => number): readonly Known<number>[] =>
    places.map((place) => Number.isNaN(values[place]!) ? gap : shown(values[place]!));
  const draft = {
    features: names,
    every,
    height: rows.map(({ height }) => height),
    t: rows.map(({ timeMs }) => Math.floor(timeMs / 1000)),
    raw: rows.map(({ raw }) => pick(raw, (value) => value)),
    z: rows.map(({ z }) => pick(z, digits)),
  };
  return { json: replyBody(draft, chainMeta(services, { t: "Unix s", height: "block", z: "z-score" })) };
}
