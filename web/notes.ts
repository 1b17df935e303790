import { el } from "./dom.ts";
import { moreStyles } from "./styles.ts";

void moreStyles();

let popover: HTMLElement | null = null;
let opener: HTMLElement | null = null;

/** Lists what is unknown or estimated in a panel, for keyboard and touch. */
export function showNotes(button: HTMLElement, title: string, body: HTMLElement): void {
  opener = button;
  popover ??= document.body.appendChild(
    el("div", {
      popover: "auto",
      class: "popover",
      role: "dialog",
      tabindex: -1,
      toggle: ({ newState }: ToggleEvent) => newState === "closed" && opener?.focus(),
    }),
  );
  const notes = new Map<string, readonly [label: string, because: string]>();
  for (const value of body.querySelectorAll<HTMLElement>("[data-v]")) {
    const because = value.getAttribute("aria-description");
    if (because) notes.set(labelOf(value) + because, [labelOf(value), because]);
  }
  const list = el("dl", { class: "note-list" });
  for (const [label, because] of notes.values()) list.append(el("dt", {}, label), el("dd", {}, because));
  popover.setAttribute("aria-label", `Notes on ${title}`);
  popover.replaceChildren(el("h3", {}, `Notes on ${title}`), list);
  popover.showPopover();
  place(popover, button.getBoundingClientRect());
  popover.focus();
}

/** Below its button, within the window. */
function place(box: HTMLElement, { right, bottom }: DOMRect): void {
  const within = (at: number, size: number, room: number) =>
    `${Math.max(8, Math.min(at, room - size - 8))}px`;
  box.style.setProperty("left", within(right - box.offsetWidth, box.offsetWidth, innerWidth));
  box.style.setProperty("top", within(bottom + 4, box.offsetHeight, innerHeight));
}

/** What a value is a value of: the term before it, or its row and column. */
function labelOf(value: HTMLElement): string {
  const cell = value.closest("td");
  if (!cell) return value.closest("dd")?.previousElementSibling?.textContent ?? "Value";
  const column = cell.closest("table")?.tHead?.rows[0]?.cells[cell.cellIndex]?.textContent ?? "";
  const row = cell.parentElement?.querySelector("th")?.textContent ?? "";
  return cell.closest("[data-notes=columns]") ? column : `${row} · ${column}`;
}
