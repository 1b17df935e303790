/** What an opened row is made of. */
import { el, text } from "../dom.ts";
import { jsonTree } from "../json_tree.ts";

/** Labelled lines; a node stands for itself. */
export function pairs(rows: readonly (readonly [label: string, value: string | Node | null])[]): HTMLElement {
  const list = el("dl", { class: "pairs" });
  for (const [label, value] of rows) {
    list.append(el("div", {}, el("dt", {}, label), el("dd", { class: "wrap" }, value)));
  }
  return list;
}

/** A part of the details with a headline. */
export function section(title: string, value: unknown): HTMLElement {
  return el("section", {}, el("h3", {}, title), value instanceof Node ? value : jsonTree(value));
}

/** A button that copies a text. */
export function copyButton(label: string, content: string): HTMLElement {
  const words = text(label);
  return el("button", {
    class: "button",
    click: async () => {
      try {
        await navigator.clipboard.writeText(content);
        words.data = "Copied";
      } catch {
        words.data = "The browser forbids copying here";
      }
    },
  }, words);
}
