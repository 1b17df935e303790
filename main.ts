/** block-buster: the trading and monitoring engine beside a node of The Block. */
import { run } from "./src/cli/cli.ts";

if (import.meta.main) Deno.exit(await run(Deno.args));
