/**
 * Writes JSON as the node does: keys sorted at every level, integers of any size exact (`bigint`). A number that
 * JSON cannot hold becomes `null`; a member that is `undefined` is left out.
 *
 * @throws {TypeError} If a value is a function or a symbol
 */
export function writeJson(value: unknown): string {
  switch (typeof value) {
    case "string":
      return JSON.stringify(value);
    case "number":
      return Number.isFinite(value) ? String(value) : "null";
    case "bigint":
    case "boolean":
      return String(value);
    case "undefined":
      return "null";
    case "object":
      if (value === null) return "null";
      if (Array.isArray(value)) return `[${value.map(writeJson).join(",")}]`;
      return writeObject(value as Record<string, unknown>);
    default:
      throw new TypeError(`Cannot write a ${typeof value} as JSON: expected data`);
  }
}

function writeObject(value: Record<string, unknown>): string {
  const members: string[] = [];
  for (const key of Object.keys(value).sort()) {
    const member = value[key];
    if (member !== undefined) members.push(`${JSON.stringify(key)}:${writeJson(member)}`);
  }
  return `{${members.join(",")}}`;
}
