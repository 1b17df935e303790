/** Sections of docs/BENCHMARKS.md that benchmarks write. */
// @ts-types="#types/std_path.d.ts"
import { join } from "@std/path";
import { PROJECT } from "../project_copy.ts";

const PATH = join(PROJECT, "docs/BENCHMARKS.md");

/**
 * Replaces what stands between `<!-- name -->` and `<!-- /name -->`.
 *
 * @throws {RangeError} If there is no such section
 */
export async function writeSection(name: string, text: string): Promise<void> {
  const document = await Deno.readTextFile(PATH);
  const [begin, end] = [`<!-- ${name} -->`, `<!-- /${name} -->`];
  const [from, to] = [document.indexOf(begin), document.indexOf(end)];
  if (from < 0 || to < from) {
    throw new RangeError(`Cannot write section "${name}": ${PATH} has none of that name`);
  }
  await Deno.writeTextFile(
    PATH,
    `${document.slice(0, from + begin.length)}\n\n${text}\n\n${document.slice(to)}`,
  );
}
