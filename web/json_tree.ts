/** Values of any shape as nested lists: for payloads whose fields only the node knows. */
import { el } from "./dom.ts";
import { NONE } from "./format.ts";

const DEPTH_MAX = 8;
const MEMBERS_MAX = 100;
const TEXT_MAX = 2_000;

/** Shows a value. Everything is text; what is too deep, too long or too much says so. */
export function jsonTree(value: unknown, depth = 0): HTMLElement {
  if (typeof value !== "object" || value === null) return el("span", { class: "mono wrap" }, plain(value));
  const entries: (readonly [string, unknown])[] = Array.isArray(value)
    ? value.map((member, i) => [String(i + 1), member])
    : Object.entries(value);
  if (entries.length === 0) return el("span", { class: "dim" }, "none");
  if (depth >= DEPTH_MAX) return el("span", { class: "dim" }, "nested too deep to show");
  const list = el("dl", { class: "tree" });
  for (const [name, member] of entries.slice(0, MEMBERS_MAX)) {
    list.append(
      el(
        "div",
        {},
        el("dt", { class: "wrap" }, shortened(name).replaceAll("_", " ")),
        el("dd", {}, jsonTree(member, depth + 1)),
      ),
    );
  }
  if (entries.length > MEMBERS_MAX) {
    list.append(el("div", {}, el("dt", { class: "dim" }, `and ${entries.length - MEMBERS_MAX} more`)));
  }
  return list;
}

function plain(value: unknown): string {
  return value === null || value === undefined ? NONE : shortened(String(value));
}

function shortened(text: string): string {
  return text.length <= TEXT_MAX
    ? text
    : `${text.slice(0, TEXT_MAX)}… (${text.length - TEXT_MAX} more characters)`;
}
