/** Arguments of the command line: one table of verbs, their flags and what they do. */
import { parseArgs } from "node:util";

/** A flag of a verb. */
export interface Flag {
  readonly name: string;
  /** Placeholder of the value; a flag without one is a switch. */
  readonly value?: string;
  readonly meaning: string;
}

/** What was given on the command line. */
export interface Arguments {
  readonly flags: Readonly<Record<string, string | undefined>>;
  readonly switches: ReadonlySet<string>;
  readonly positionals: readonly string[];
}

/** A mistake on the command line; the program ends with 2. */
export class UsageError extends Error {
  override readonly name = "UsageError";
}

/**
 * Reads arguments strictly.
 *
 * @throws {UsageError} For unknown flags, missing values and too many words
 */
export function readArguments(args: readonly string[], known: readonly Flag[], positionals = 0): Arguments {
  try {
    const parsed = parseArgs({
      args: [...args],
      strict: true,
      allowPositionals: positionals > 0,
      options: Object.fromEntries(
        known.map(({ name, value }) => [name, { type: value ? "string" : "boolean" } as const]),
      ),
    });
    if (parsed.positionals.length > positionals) {
      throw new UsageError(`unexpected "${parsed.positionals[positionals]}"`);
    }
    const flags: Record<string, string | undefined> = {};
    const switches = new Set<string>();
    for (const [name, value] of Object.entries(parsed.values)) {
      if (typeof value === "string") flags[name] = value;
      else if (value === true) switches.add(name);
    }
    return { flags, switches, positionals: parsed.positionals };
  } catch (error) {
    if (error instanceof UsageError) throw error;
    throw new UsageError(error instanceof Error ? error.message : String(error));
  }
}

/** A number from a flag. */
export function numberFlag(
  args: Arguments,
  name: string,
  fallback: number,
  { min, max, integer }: { readonly min: number; readonly max: number; readonly integer: boolean },
): number {
  const text = args.flags[name];
  if (text === undefined) return fallback;
  const value = Number(text);
  if (
    text.trim() !== "" && Number.isFinite(value) && value >= min && value <= max &&
    (!integer || Number.isInteger(value))
  ) {
    return value;
  }
  throw new UsageError(
    `--${name} must be ${integer ? "an integer" : "a number"} within ${min}..${max}, found "${text}"`,
  );
}

/** A word from a flag. */
export function choiceFlag<W extends string>(
  args: Arguments,
  name: string,
  fallback: W,
  words: readonly W[],
): W {
  const text = args.flags[name];
  if (text === undefined) return fallback;
  if ((words as readonly string[]).includes(text)) return text as W;
  throw new UsageError(`--${name} must be one of ${words.join(", ")}, found "${text}"`);
}
