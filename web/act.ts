/** Doing something at the server: asks for a key where one is needed, and says what went wrong in words. */
import { Problem } from "./api.ts";
import type { App } from "./context.ts";

/**
 * Runs a request; asks for a key when it has none or may not, and then tries once more.
 *
 * @param why What the key is needed for
 * @throws {Problem} When it was refused all the same, or no key was given
 */
export async function act<T>(app: App, why: string, run: () => Promise<T>): Promise<T> {
  if (app.api.key === null && !await app.askForKey(why)) throw new Problem(401, "no API key was given");
  try {
    return await run();
  } catch (problem) {
    if (!(problem instanceof Problem) || (problem.status !== 401 && problem.status !== 403)) throw problem;
    if (!await app.askForKey(`${why} ${problem.message}.`)) throw problem;
    return run();
  }
}

/** What went wrong, with the fields that are to blame. */
export function wordsOf(problem: unknown): string {
  if (!(problem instanceof Problem)) return problem instanceof Error ? problem.message : String(problem);
  const fields = problem.errors.map(({ field, message }) => `${field} ${message}`);
  return fields.length > 0 ? `${fields.join("; ")}.` : `${problem.message}.`;
}
