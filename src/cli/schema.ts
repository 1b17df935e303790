import { routeTable } from "../app.ts";
import { SETTINGS } from "../config.ts";
import { REASON_CODES } from "../engine/reason.ts";
import { TOPICS } from "../engine/topic.ts";
import { VERSION } from "../app.ts";
import { openApi } from "../server/openapi.ts";
import { UsageError } from "./args.ts";
import { EXIT, print, type Verb } from "./verb.ts";

/** The tables that can be printed. */
const TABLES: Readonly<Record<string, () => unknown>> = {
  openapi: () => openApi(routeTable(), VERSION),
  settings: () => SETTINGS,
  topics: () => TOPICS,
  reasons: () => REASON_CODES,
};

/** `schema`: prints the tables that the API is made of, as JSON. */
export const schema: Verb = {
  name: "schema",
  summary: `print a table of the API as JSON: ${Object.keys(TABLES).join(", ")} (default openapi)`,
  operands: "[TABLE]",
  operandsMax: 1,
  flags: [],
  run: ({ positionals }) => {
    const name = positionals[0] ?? "openapi";
    const table = Object.hasOwn(TABLES, name) ? TABLES[name]! : undefined;
    if (!table) {
      throw new UsageError(`there is no table "${name}"; there are ${Object.keys(TABLES).join(", ")}`);
    }
    print(JSON.stringify(table(), null, 2));
    return Promise.resolve(EXIT.ok);
  },
};
