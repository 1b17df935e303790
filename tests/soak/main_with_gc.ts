/** The program, which also collects its garbage on SIGUSR2, so that a test can measure what stays. */
import { run } from "../../src/cli/cli.ts";

declare const gc: () => void;
Deno.addSignalListener("SIGUSR2", () => gc());
Deno.exit(await run(Deno.args));
