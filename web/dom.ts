/** Elements, bound text and keyed rows: everything on the page is made and changed through these few functions. */
import { NONE } from "./format.ts";
import type { Meta } from "../src/server/wire.ts";
import { type Reason, reasonOf } from "./store.ts";

/** Counters of what the page does to the document; tests and the self-diagnosis read them. */
export const stats = { textWrites: 0, nodesAdded: 0 };

/** Attributes and listeners of a new element: a function listens, `false` and `null` are left out. */
export type Props = Readonly<
  Record<string, string | number | boolean | null | undefined | ((event: never) => void)>
>;

/** What can stand inside an element. */
export type Child = Node | string | null | undefined;

/** Makes an element. */
export function el<K extends keyof HTMLElementTagNameMap>(
  tag: K,
  props: Props = {},
  ...children: readonly Child[]
): HTMLElementTagNameMap[K] {
  return fill(document.createElement(tag), props, children);
}

/** Makes an SVG element. */
export function svg<K extends keyof SVGElementTagNameMap>(
  tag: K,
  props: Props = {},
  ...children: readonly Child[]
): SVGElementTagNameMap[K] {
  return fill(document.createElementNS("http://www.w3.org/2000/svg", tag), props, children);
}

function fill<E extends Element>(element: E, props: Props, children: readonly Child[]): E {
  stats.nodesAdded++;
  for (const [name, value] of Object.entries(props)) {
    if (typeof value === "function") element.addEventListener(name, value as EventListener);
    else if (value !== null && value !== undefined && value !== false) {
      element.setAttribute(name, value === true ? "" : String(value));
    }
  }
  for (const child of children) {
    if (child === null || child === undefined) continue;
    element.append(typeof child === "string" ? text(child) : child);
  }
  return element;
}

/** Makes a text node that can be written later. */
export function text(content = ""): Text {
  stats.nodesAdded++;
  return document.createTextNode(content);
}

/** Writes a text node, if it says something else. */
export function setText(node: Text, content: string): void {
  if (node.data === content) return;
  node.data = content;
  stats.textWrites++;
}

/** Sets or removes an attribute, if it is different. */
export function setAttr(element: Element, name: string, value: string | null): void {
  if (value === null) {
    if (element.hasAttribute(name)) element.removeAttribute(name);
  } else if (element.getAttribute(name) !== value) element.setAttribute(name, value);
}

/** Shows or hides an element. */
export function setHidden(element: HTMLElement, hidden: boolean): void {
  if (element.hidden !== hidden) element.hidden = hidden;
}

/** A place for one value, which may be unknown or our estimate. */
export class Value {
  readonly el: HTMLElement;
  readonly #text = text(NONE);

  /** @param element What holds it; `td` and `dd` carry the explanation best */
  constructor(element: HTMLElement = el("dd")) {
    this.el = element;
    element.classList.add("v");
    element.append(this.#text);
  }

  /**
   * Shows a value; `null` as a dash with its reason, an estimate with its method.
   *
   * @param path Where the value is in its body, for what `_meta` says of it
   * @param full The exact value, where the text is a shortened one
   */
  show<T>(
    value: T | null | undefined,
    format: (value: T) => string,
    meta: Meta,
    path: string,
    full?: string,
  ): void {
    if (value === null || value === undefined) return this.none(reasonOf(meta, path));
    const method = meta.estimated[path];
    this.write(format(value), full ?? null, method === undefined ? null : `estimated: ${method}`);
  }

  /** Shows that there is no value. */
  none(reason: Reason | null): void {
    this.write(NONE, null, reason ? `unknown: ${reason.because} (${reason.code})` : "unknown", "none");
  }

  /** Shows text as it is, with a hint on hover and an explanation for everyone. */
  write(
    content: string,
    hint: string | null = null,
    because: string | null = null,
    kind = because && "est",
  ): void {
    setText(this.#text, content);
    setAttr(this.el, "title", because ?? hint);
    setAttr(this.el, "aria-description", because);
    setAttr(this.el, "data-v", kind);
  }
}

/** A row that is kept as long as its key is there. */
export interface PooledRow<T> {
  readonly el: HTMLElement;
  update(item: T): void;
}

/** Keeps one element per item, in the order of the items; what stays is neither made anew nor moved needlessly. */
export class Rows<T> {
  readonly #parent: Element;
  readonly #keyOf: (item: T, place: number) => string;
  readonly #create: (item: T) => PooledRow<T>;
  #rows = new Map<string, PooledRow<T>>();

  constructor(parent: Element, keyOf: (item: T, place: number) => string, create: (item: T) => PooledRow<T>) {
    this.#parent = parent;
    this.#keyOf = keyOf;
    this.#create = create;
  }

  /** Shows the items. */
  show(items: readonly T[]): void {
    keepFocus(this.#parent, () => this.#arrange(items));
  }

  #arrange(items: readonly T[]): void {
    const rows = new Map<string, PooledRow<T>>();
    for (const [place, item] of items.entries()) {
      const key = this.#keyOf(item, place);
      const row = this.#rows.get(key) ?? this.#create(item);
      row.update(item);
      rows.set(key, row);
    }
    for (const [key, row] of this.#rows) if (!rows.has(key)) row.el.remove();
    let at = this.#parent.firstElementChild;
    for (const row of rows.values()) {
      if (row.el === at) at = at.nextElementSibling;
      else this.#parent.insertBefore(row.el, at);
    }
    this.#rows = rows;
  }
}

/** Moves, adds or removes children; who is on one of them stays there, or goes to the one that took its place. */
export function keepFocus(parent: Element, change: () => void): void {
  const focused = document.activeElement as HTMLElement;
  if (!parent.contains(focused)) return change();
  const place = [...parent.children].findIndex((child) => child.contains(focused));
  change();
  if (document.activeElement === focused) return;
  const next = parent.children[Math.min(place, parent.childElementCount - 1)];
  const to = focused.isConnected ? focused : next?.querySelector<HTMLElement>("a[href], button, [tabindex]");
  to?.focus({ preventScroll: true });
}

/** Calls back every second, as long as the page is visible. */
export class Ticker {
  readonly #runs = new Set<() => void>();

  constructor() {
    setInterval(() => this.tick(), 1_000);
    document.addEventListener("visibilitychange", () => this.tick());
  }

  /** Adds a callback; the result removes it. */
  add(run: () => void): () => void {
    this.#runs.add(run);
    return () => this.#runs.delete(run);
  }

  /** Calls everyone now. */
  tick(): void {
    if (!document.hidden) { for (const run of [...this.#runs]) run(); }
  }
}

/** Schedules flushes on frames, with at least `minMs()` between them, and none while the page is hidden. */
export function frameScheduler(minMs: () => number): (flush: () => void) => void {
  let lastMs = -Infinity;
  return (flush) => {
    const go = () => {
      if (document.hidden) return document.addEventListener("visibilitychange", go, { once: true });
      requestAnimationFrame((nowMs) => {
        lastMs = nowMs;
        flush();
      });
    };
    setTimeout(go, Math.max(0, lastMs + minMs() - performance.now()));
  };
}
