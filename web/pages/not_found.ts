import { el } from "../dom.ts";
import { type Page, parseHash } from "../router.ts";

/** Shown for an address that names no page. */
export const page: Page = {
  title: "No such page",
  mount(view) {
    const { path } = parseHash(location.hash);
    const rail = [...document.querySelectorAll<HTMLAnchorElement>("#rail a")];
    const titles = new Map(rail.map((anchor) => [anchor.hash.slice(1), anchor.textContent ?? ""]));
    const list = el("ul", { class: "suggestions" });
    for (const known of suggest(path, [...titles.keys()])) {
      const anchor = el("a", { href: `#${known}` }, titles.get(known)!);
      list.append(el("li", {}, anchor, " ", el("code", {}, `#${known}`)));
    }
    view.root.append(
      el(
        "section",
        { class: "panel w12", "aria-label": "No such page" },
        el("p", { class: "lead" }, "There is nothing at ", el("code", {}, `#${path.slice(0, 120)}`), "."),
        el("p", {}, "The nearest pages are:"),
        list,
      ),
    );
  },
};

/** The paths that are most like an unknown one, best first. */
export function suggest(path: string, known: readonly string[], count = 3): readonly string[] {
  return known
    .map((candidate) => ({ candidate, distance: editDistance(path, candidate) }))
    .sort((a, b) => a.distance - b.distance)
    .slice(0, count)
    .map(({ candidate }) => candidate);
}

/** Levenshtein distance. */
function editDistance(a: string, b: string): number {
  let row = Array.from({ length: b.length + 1 }, (_, i) => i);
  for (let i = 1; i <= a.length; i++) {
    const next = [i];
    for (let j = 1; j <= b.length; j++) {
      next[j] = Math.min(next[j - 1]! + 1, row[j]! + 1, row[j - 1]! + (a[i - 1] === b[j - 1] ? 0 : 1));
    }
    row = next;
  }
  return row[b.length]!;
}
