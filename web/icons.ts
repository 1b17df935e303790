/** Line icons on a 16 px grid, drawn with the colour of the text beside them. */
import { el, setAttr, setText, svg, text } from "./dom.ts";

const PATHS = {
  ok: "M3 8.5l3.2 3.2L13 4.8",
  warn: "M8 3v6.2M8 12.2v.6",
  bad: "M4 4l8 8M12 4l-8 8",
  clock: "M8 2a6 6 0 1 1 0 12A6 6 0 0 1 8 2M8 4.8V8l2.2 1.6",
  unknown: "M5.6 6.2a2.4 2.4 0 1 1 3.6 2c-.8.5-1.2.9-1.2 1.9M8 12.4v.4",
  pause: "M5.5 3.5v9M10.5 3.5v9",
  play: "M5 3.2v9.6L12.6 8z",
  theme: "M8 2a6 6 0 1 1 0 12A6 6 0 0 1 8 2M8 2v12M10 4.2v7.6M12 5.5v5",
  help:
    "M8 1.8a6.2 6.2 0 1 1 0 12.4A6.2 6.2 0 0 1 8 1.8M6.3 6.4a1.8 1.8 0 1 1 2.6 1.6c-.6.4-.9.7-.9 1.4M8 11.3v.3",
  menu: "M2.5 4.5h11M2.5 8h11M2.5 11.5h11",
  more: "M3.5 8h.01M8 8h.01M12.5 8h.01",
  table: "M2.5 3.5h11v9h-11zM2.5 6.5h11M6.2 6.5v6",
  chart: "M2.5 2.5v11h11M4.8 10l2.6-3.2 2.2 1.8L13 4.6",
  overview: "M2.5 2.5h4.5v6H2.5zM9 2.5h4.5v3.5H9zM9 8h4.5v5.5H9zM2.5 10.5h4.5v3H2.5z",
  network: "M8 2.2a1.6 1.6 0 1 1 0 3.2 1.6 1.6 0 0 1 0-3.2M3.4 10.6a1.6 1.6 0 1 1 0 3.2 1.6 1.6 0 0 1 0-3.2" +
    "M12.6 10.6a1.6 1.6 0 1 1 0 3.2 1.6 1.6 0 0 1 0-3.2M7.2 5.2l-3 5.4M8.8 5.2l3 5.4M5 12.2h6",
  note: "M8 1.8a6.2 6.2 0 1 1 0 12.4A6.2 6.2 0 0 1 8 1.8M8 7.4v3.8M8 4.8v.3",
  up: "M4 9.5L8 5.5l4 4",
  down: "M4 6.5l4 4 4-4",
  close: "M4 4l8 8M12 4l-8 8",
} as const;

/** The name of an icon. */
export type IconName = keyof typeof PATHS;

/** Makes an icon; the words beside it say the same, so it is hidden from screen readers. */
export function icon(name: IconName): SVGSVGElement {
  return svg(
    "svg",
    { class: "icon", viewBox: "0 0 16 16", width: 16, height: 16, "aria-hidden": "true", focusable: "false" },
    svg("path", { d: PATHS[name] }),
  );
}

/** An icon that can become another one. */
export class Icon {
  readonly el = icon("unknown");
  #name: IconName = "unknown";

  /** Shows an icon. */
  show(name: IconName): void {
    if (name === this.#name) return;
    this.#name = name;
    this.el.firstElementChild!.setAttribute("d", PATHS[name]);
  }
}

/** How good something is; each tone has a colour, an icon and words of its own. */
export type Tone = "ok" | "warn" | "bad" | "unknown";

/** A word with its tone: icon, word and colour change together. */
export class Status {
  readonly el: HTMLElement;
  readonly #icon = new Icon();
  readonly #word = text();

  constructor(element: HTMLElement = el("span")) {
    this.el = element;
    element.classList.add("status");
    element.append(this.#icon.el, this.#word);
  }

  /** Shows a word. */
  show(tone: Tone, word: string): void {
    this.#icon.show(tone);
    setText(this.#word, word);
    setAttr(this.el, "data-tone", tone);
  }
}
