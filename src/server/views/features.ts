import { OUTPUT_LENGTH, WARM_SLOTS } from "../../engine/features/engine.ts";
import { unavailable } from "../../engine/features/feed.ts";
import { type Feature, FEATURE_SCHEMA, FEATURES } from "../../engine/features/spec.ts";
import { absent } from "../../engine/reason.ts";
import type { CoreState } from "../../engine/state.ts";
import type { Draft } from "../body.ts";
import type { Features, FeatureValue } from "../wire.ts";
import type { View } from "./view.ts";

/** Digits that a float32 needs to come back as itself. */
const DIGITS = 9;

/** A number with as many digits as it is worth. */
export function digits(value: number): number {
  return Number(value.toPrecision(DIGITS));
}

/** `GET /features`: the vector of the newest slot, and what its numbers are. */
export const featuresView: View<Features> = {
  units: { features: "z-score", slot: "block", "values.z": "z-score" },
  build: (state) => {
    const { engine, features } = state;
    const output = engine.output();
    const values = FEATURES.map((feature) => valueDraft(state, feature, output[feature.index]!));
    const { notFinite, outOfRange, badIndex, clamped } = engine.counters();
    return {
      draft: {
        features: Array.from({ length: OUTPUT_LENGTH }, (_, place) => digits(output[place]!)),
        slot: features.height < 0 ? absent("WARMING_UP", "no slot has ended yet") : features.height,
        warm: values.filter(({ warm }) => warm).length,
        available: values.filter(({ available }) => available).length,
        total: FEATURES.length,
        hash: FEATURE_SCHEMA,
        engine: engine.kind,
        refused: { not_finite: notFinite, out_of_range: outOfRange, bad_index: badIndex, clamped },
        values,
      },
      slices: ["head"],
      source: "engine",
    };
  },
};

function valueDraft(
  { engine, features }: CoreState,
  feature: Feature,
  z: number,
): { readonly [K in keyof FeatureValue]: Draft<FeatureValue[K]> } & { warm: boolean; available: boolean } {
  const { index, name } = feature;
  const { seen } = engine.stats(index);
  const missing = features.missing.get(index) ??
    (features.height < 0 ? absent("WARMING_UP", "no slot has ended yet") : undefined);
  const gone = unavailable(features, feature);
  const never = absent("WARMING_UP", "no slot has brought a value yet");
  const warm = seen >= WARM_SLOTS && gone === null;
  return {
    index,
    name,
    value: gone ?? (seen > 0 ? digits(engine.raw(index)) : missing ?? never),
    z: gone ?? (warm ? digits(z) : absent("WARMING_UP", `${WARM_SLOTS} slots are needed`)),
    warm,
    available: gone === null && features.height >= 0,
    status: missing?.code ?? "OK",
  };
}
