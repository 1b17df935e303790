/** Line icons on a 16 px grid, drawn with the colour of the text beside them. */
import { el, setAttr, setText, svg, text } from "./dom.ts";

const PATHS = {
  ok: "M3 8.5l3.2 3.2L13 4.8",
  warn: "M8 3v6.2M8 12.2v.6",
  bad: "M4 4l8 8M12 4l-8 8",
  clock: "M8 2a6 6 0 1 1 0 12A6 6 0 0 1 8 2M8 4.8V8l2.2 1.6",
  unknown: "M5.6 6.2a2.4 2.4 0 1 1 3.6 2c-.8.5-1.2.9-1.2 1.9M8 12.4v.4",
  stop: "M5 2h6l3 3v6l-3 3H5l-3-3V5zM5 8h6",
  trading: "M5 2v2M5 10v4M3 4h4v6H3zM11 3v3M11 11v2M9 6h4v5H9z",
  portfolio: "M2 5h12v9H2zM6 5V2h4v3M2 9h12",
  strategies: "M3 5h10v6H3zM8 2v3M6 8h0M10 8h0M5 14v-3M11 14v-3",
  signals: "M2 8h3l1-4 3 8 2-4h3",
  backtest: "M3 8a5 5 0 1 0 2-4M3 2v3h3M8 5v3l2 1",
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
  bell: "M4 11.5V7a4 4 0 0 1 8 0v4.5l1 1H3zM6.8 14h2.4",
  compare: "M3 13.5v-5M6.4 13.5v-9M9.8 13.5V6M13.2 13.5v-11",
  compute:
    "M4.5 4.5h7v7h-7zM6.5 2.5v2M9.5 2.5v2M6.5 11.5v2M9.5 11.5v2M2.5 6.5h2M2.5 9.5h2M11.5 6.5h2M11.5 9.5h2",
  storage: "M3 4c0-2 10-2 10 0v8c0 2-10 2-10 0zM3 4c0 2 10 2 10 0M3 8c0 2 10 2 10 0",
  energy: "M9 1.8L3.8 9h3.6L6.8 14.2 12.2 7H8.4z",
  ad: "M2.5 6.5v3l8 3v-9zM10.5 6.5c2 0 2 3 0 3M5 10.5v2.5h2v-1.8",
  providers:
    "M6 2.5a2.3 2.3 0 1 1 0 4.6 2.3 2.3 0 0 1 0-4.6M1.8 13c0-4.4 8.4-4.4 8.4 0M10.5 3a2 2 0 0 1 0 4M12 9.6c1.6.5 2.2 1.7 2.2 3.4",
  operations: "M2.5 5h9M9 2.5L11.5 5 9 7.5M13.5 11h-9M7 8.5L4.5 11 7 13.5",
  receipts: "M4 2.5h8v11l-2-1.2-2 1.2-2-1.2-2 1.2zM6 5.5h4M6 8h4",
  system: "M2.5 3h11v4h-11zM2.5 9h11v4h-11zM5 5h.01M5 11h.01",
  settings: "M2.5 4.5h6M11.5 4.5h2M10 3v3M2.5 8h2M7.5 8h6M6 6.5v3M2.5 11.5h7M12.5 11.5h1M11 10v3",
  info: "M8 1.8a6.2 6.2 0 1 1 0 12.4A6.2 6.2 0 0 1 8 1.8M8 7.4v3.8M8 4.8v.3",
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
export type Tone = "ok" | "warn" | "bad" | "unknown" | "info" | "clock";

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
