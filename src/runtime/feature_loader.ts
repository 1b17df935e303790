/**
 * Loads the feature engine: the WebAssembly module where it works, else the one in TypeScript, which computes the same
 * bits. This is the only place that imports the module, and it does so while running: a module that does not compile
 * must not end the program.
 */
import { type FeatureEngine, TypeScriptFeatureEngine } from "../engine/features/engine.ts";
import { FEATURE_MODES } from "../engine/features/spec.ts";

/** What was loaded. */
export interface FeatureEngines {
  readonly kind: FeatureEngine["kind"];
  /** Why it is not the WebAssembly module; null when it is. */
  readonly fallback: string | null;
  /** Makes an engine of its own for one core. */
  create(): FeatureEngine;
}

/** A module that has the engine. */
type WasmModule = Pick<typeof import("../engine/features/wasm.ts"), "WasmFeatureEngine">;

/** @param load Imports the module; tests put others in its place */
export async function loadFeatureEngines(
  load: () => Promise<WasmModule> = () => import("../engine/features/wasm.ts"),
): Promise<FeatureEngines> {
  try {
    const { WasmFeatureEngine } = await load();
    const create = () => new WasmFeatureEngine(FEATURE_MODES);
    const tried = create();
    tried.onSlotEnd(0);
    tried.free();
    return { kind: "wasm", fallback: null, create };
  } catch (error) {
    const fallback = (error instanceof Error ? error.message : String(error)).slice(0, 500);
    return { kind: "typescript", fallback, create: () => new TypeScriptFeatureEngine(FEATURE_MODES) };
  }
}
