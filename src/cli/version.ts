import { VERSION } from "../app.ts";
import { EXIT, print, type Verb } from "./verb.ts";

/** `version`. */
export const version: Verb = {
  name: "version",
  summary: "print the version",
  flags: [],
  run: () => {
    print(`block-buster ${VERSION} (deno ${Deno.version.deno}, v8 ${Deno.version.v8})`);
    return Promise.resolve(EXIT.ok);
  },
};
