/** Finds the verb, runs it, and turns mistakes into exit codes and sentences. */
import { ConfigError } from "../config.ts";
import { StoreError } from "../runtime/ports/store.ts";
import { FatalIngestError } from "../the_block/ingest.ts";
import { type Flag, readArguments, UsageError } from "./args.ts";
import { backtest } from "./backtest.ts";
import { checkConfig } from "./check_config.ts";
import { doctor } from "./doctor.ts";
import { schema } from "./schema.ts";
import { simulator } from "./simulator.ts";
import { start } from "./start.ts";
import { backup, exportVerb, restore, store } from "./store.ts";
import { EXIT, print, type Verb } from "./verb.ts";
import { version } from "./version.ts";

/** All verbs, in the order of the help. */
export const VERBS: readonly Verb[] = [
  start,
  simulator,
  doctor,
  checkConfig,
  backup,
  restore,
  store,
  exportVerb,
  backtest,
  schema,
  version,
];

/**
 * Runs the command line.
 *
 * @returns The exit code
 */
export async function run(args: readonly string[]): Promise<number> {
  try {
    const [first, ...rest] = args;
    if (first === "help" || first === "--help" || first === "-h") {
      print(help());
      return EXIT.ok;
    }
    const named = VERBS.find(({ name }) => name === first);
    if (!named && first !== undefined && !first.startsWith("-")) {
      throw new UsageError(
        `there is no verb "${first}"; there are ${VERBS.map(({ name }) => name).join(", ")}`,
      );
    }
    const verb = named ?? start;
    const given = named ? rest : args;
    if (given.includes("--help")) {
      print(verbHelp(verb));
      return EXIT.ok;
    }
    return await verb.run(readArguments(given, verb.flags, verb.operandsMax ?? 0));
  } catch (error) {
    return failure(error);
  }
}

function failure(error: unknown): number {
  if (error instanceof UsageError) {
    complain(`${error.message}\nSee "main.ts help".`);
    return EXIT.usage;
  }
  if (error instanceof ConfigError) {
    complain(error.message);
    return EXIT.usage;
  }
  if (error instanceof StoreError || error instanceof FatalIngestError) {
    complain(error.message);
    return EXIT.refused;
  }
  if (error instanceof Deno.errors.NotCapable) {
    complain(
      `${error.message}\nRun "main.ts doctor --flags" for the permissions that this configuration needs.`,
    );
    return EXIT.failed;
  }
  // What the machine refuses is no bug of ours and needs no stack: a folder, an address, a port below 1024.
  if (error instanceof Error && Object.values(Deno.errors).some((kind) => error instanceof kind)) {
    complain(`${error.name}: ${error.message}`);
    return EXIT.failed;
  }
  throw error;
}

function complain(text: string): void {
  Deno.stderr.writeSync(new TextEncoder().encode(`${text}\n`));
}

function help(): string {
  const verbs = VERBS.map(({ name, summary }) => `  ${name.padEnd(14)}${summary}`);
  return [
    "block-buster: monitoring and trading beside a node of The Block",
    "",
    "main.ts [VERB] [FLAGS]",
    "",
    ...verbs,
    "",
    '"main.ts VERB --help" lists the flags of a verb.',
  ].join("\n");
}

function verbHelp(verb: Verb): string {
  const shown = ({ name, value }: Flag) => `--${name}${value ? ` ${value}` : ""}`;
  const width = Math.max(0, ...verb.flags.map((flag) => shown(flag).length));
  return [
    `main.ts ${verb.name}${verb.operands ? ` ${verb.operands}` : ""}: ${verb.summary}`,
    ...verb.flags.map((flag) => `  ${shown(flag).padEnd(width)}  ${flag.meaning}`),
  ].join("\n");
}
