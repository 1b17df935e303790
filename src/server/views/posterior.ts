import { HORIZON, type Probabilities, readPosterior, type Skill } from "../../engine/posterior.ts";
import { type Absent, absent } from "../../engine/reason.ts";
import type { CoreState } from "../../engine/state.ts";
import { type Draft, estimated } from "../body.ts";
import type { PosteriorBody, PosteriorProbabilities, PosteriorSkill } from "../wire.ts";
import type { View } from "./view.ts";

type DraftOf<T> = { readonly [K in keyof T]: Draft<T[K]> };

const DECIMALS = 1e6;

/** `GET /posterior`: how likely trend, revert, chop and rug are, and what that is worth. */
export const posteriorView: View<PosteriorBody> = {
  units: {
    slot: "block",
    horizon_blocks: "blocks",
    trend: "probability",
    revert: "probability",
    chop: "probability",
    rug: "probability",
    "skill.regime.gain": "nats",
    "skill.rug.gain": "nats",
    "reliability.predicted": "probability",
    "reliability.happened": "share",
  },
  build: (state) => ({ draft: posteriorDraft(state), slices: ["head"], source: "engine" }),
};

function posteriorDraft(state: CoreState): DraftOf<PosteriorBody> {
  const { features: { height }, posterior } = state;
  const learnedFrom = state.node?.simulated ? "simulated data" : "node data";
  const read = readPosterior(posterior, height);
  const none = absent("WARMING_UP", "no slot has ended yet");
  return {
    ...probabilities(
      read?.probabilities ?? none,
      `the model where its status is learned, else the base rate; from ${posterior.samples} labelled slots of ${learnedFrom}`,
    ),
    slot: read ? height : none,
    horizon_blocks: HORIZON,
    learned_from: learnedFrom,
    samples: posterior.samples,
    model: probabilities(
      read?.model ?? none,
      `softmax and logistic on the features, learned from ${learnedFrom}`,
    ),
    base: probabilities(read?.base ?? none, `how often it happened, in ${learnedFrom}`),
    skill: {
      regime: skill(read?.regime ?? null, learnedFrom),
      rug: skill(read?.rug ?? null, learnedFrom),
    },
    reliability: reliability(state),
  };
}

function probabilities(known: Probabilities | Absent, method: string): DraftOf<PosteriorProbabilities> {
  const one = (pick: (all: Probabilities) => number) =>
    "code" in known ? known : estimated(round(pick(known)), method);
  return {
    trend: one(({ trend }) => trend),
    revert: one(({ revert }) => revert),
    chop: one(({ chop }) => chop),
    rug: one(({ rug }) => rug),
  };
}

function skill(known: Skill | null, learnedFrom: string): DraftOf<PosteriorSkill> {
  const value = (figure: number | null | undefined) =>
    figure === null || figure === undefined
      ? absent("WARMING_UP", "too few predictions have been compared with what happened")
      : estimated(round(figure), `rolling mean over the newest compared predictions, on ${learnedFrom}`);
  return {
    status: known?.status ?? "prior",
    samples: known?.samples ?? 0,
    log_loss: value(known?.logLoss),
    base_log_loss: value(known?.baseLogLoss),
    gain: value(known?.gain),
    gain_low: value(known?.gainLow),
    gain_high: value(known?.gainHigh),
    brier: value(known?.brier),
    base_brier: value(known?.baseBrier),
  };
}

function reliability({ posterior }: CoreState): DraftOf<PosteriorBody>["reliability"] {
  const none = absent("NO_SAMPLES", "no prediction fell into this bin");
  return posterior.bins.flatMap((bins, k) =>
    bins.map(({ n, predicted, happened }, i) => ({
      class: ["trend", "revert", "chop", "rug"][k]!,
      from: i / bins.length,
      to: (i + 1) / bins.length,
      n,
      predicted: n > 0 ? round(predicted / n) : none,
      happened: n > 0 ? round(happened / n) : none,
    }))
  );
}

function round(value: number): number {
  return Math.round(value * DECIMALS) / DECIMALS;
}
