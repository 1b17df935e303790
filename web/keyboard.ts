/** The keys of the page. Off in fields, in dialogs and with modifiers; the reader can switch them off altogether. */
import type { App } from "./context.ts";
import type { Ticker } from "./dom.ts";
import type { Route, Router } from "./router.ts";
import type { Shell } from "./shell.ts";

/** How long the second key after `g` may take. */
const CHORD_MS = 1_500;

const OFF_ITEM = "bb.keys";

/** What the keys act on. */
export interface KeyTargets {
  readonly app: App;
  readonly routes: readonly Route[];
  readonly router: Router;
  readonly shell: Shell;
  readonly ticker: Ticker;
}

/** The keys with what they do, for the help. `g` and its second keys come from the routes. */
export const KEYS: readonly (readonly [keys: string, meaning: string])[] = [
  ["/", "Filter the list on this page"],
  ["Space", "Pause and resume"],
  ["r", "Fetch everything anew"],
  ["t", "Next time range"],
  ["d", "Next theme"],
  ["[ ]", "Previous and next page"],
  ["Ctrl Shift .", "Emergency stop; Enter confirms it"],
  ["?", "This help"],
  ["Esc", "Close, clear, leave"],
];

/** Whether single keys do something. */
export function keysEnabled(): boolean {
  try {
    return localStorage.getItem(OFF_ITEM) !== "off";
  } catch {
    return true;
  }
}

/**
 * Switches the single keys on or off, and remembers it.
 *
 * @returns Why they stay as they were, or null
 */
export function enableKeys(on: boolean): string | null {
  try {
    localStorage.setItem(OFF_ITEM, on ? "on" : "off");
    return null;
  } catch {
    return "the browser does not keep anything for this page";
  }
}

/** Makes the handler of keys. */
export function keyHandler(targets: KeyTargets): (event: KeyboardEvent) => void {
  let chordUntilMs = 0;
  return (event) => {
    // Works in fields and dialogs too, and where the single keys are off; a dialog of its own asks first.
    if (event.ctrlKey && event.shiftKey && event.code === "Period") {
      event.preventDefault();
      return void targets.shell.emergencyStop();
    }
    if (event.ctrlKey || event.metaKey || event.altKey) return;
    const target = event.target as HTMLElement;
    if (event.key === "Escape") return escape(targets.shell, target);
    if (isField(target) || document.querySelector("dialog[open]") || !keysEnabled()) return;
    if (performance.now() < chordUntilMs) {
      chordUntilMs = 0;
      const route = targets.routes.find(({ key }) => key !== "" && key === event.key);
      if (!route) return;
      location.hash = `#${route.path}`;
      event.preventDefault();
    } else if (event.key === "g") chordUntilMs = performance.now() + CHORD_MS;
    else if (press(event.key, target, targets)) event.preventDefault();
  };
}

/** Does what a key is for; whether it was for anything. */
function press(key: string, target: HTMLElement, { app, router, shell, ticker }: KeyTargets): boolean {
  switch (key) {
    case " ":
      if (target.closest("a, button, summary, [role=application]")) return false;
      shell.togglePause();
      return true;
    case "/": {
      const filter = document.querySelector<HTMLInputElement>("main [data-filter]");
      filter?.focus();
      return filter !== null;
    }
    case "?":
      void shell.showHelp();
      return true;
    case "d":
      shell.nextTheme();
      return true;
    case "r":
      app.link.refetch();
      ticker.tick();
      return true;
    case "t": {
      const radios = [...document.querySelectorAll<HTMLInputElement>(".range input")];
      radios[(radios.findIndex(({ checked }) => checked) + 1) % radios.length]?.click();
      return radios.length > 0;
    }
    case "[":
    case "]":
      router.step(key === "[" ? -1 : 1);
      return true;
    default:
      return false;
  }
}

function escape(shell: Shell, target: HTMLElement): void {
  shell.toggleMenu(false);
  if (target instanceof HTMLInputElement && target.dataset.filter !== undefined) {
    target.value = "";
    target.dispatchEvent(new Event("input"));
    target.blur();
  }
}

function isField(target: HTMLElement): boolean {
  return target.isContentEditable ||
    target.matches("textarea, select, input:not([type=radio], [type=checkbox])");
}
