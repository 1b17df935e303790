/** Pieces of Markdown for the generated documents. */

/** A table; `|` inside cells is escaped. */
export function table(head: readonly string[], rows: readonly (readonly string[])[]): string {
  const line = (cells: readonly string[]) =>
    `| ${cells.map((cell) => cell.replaceAll("|", "\\|")).join(" | ")} |`;
  return [line(head), `|${head.map(() => "---").join("|")}|`, ...rows.map(line)].join("\n");
}

/** Text as code. */
export function code(text: string): string {
  return `\`${text}\``;
}

/** A list of points. */
export function list(points: readonly string[]): string {
  return points.map((point) => `- ${point}`).join("\n");
}
