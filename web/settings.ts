/**
 * What the reader has chosen for this browser. Each choice stands under a name of its own in the browser's storage and
 * on the root element, from where styles, times and the pace of updates take it; `boot.ts` sets it at the start.
 */

/** A choice: its values, the first of which holds when nothing is stored. */
export const CHOICES = {
  theme: ["auto", "dark", "light", "contrast"],
  density: ["default", "compact", "comfortable"],
  profit: ["green-red", "blue-orange", "red-green"],
  zone: ["utc", "local"],
  refresh: ["200", "500", "1000", "5000"],
} as const satisfies Record<string, readonly string[]>;

/** The name of a choice. */
export type ChoiceName = keyof typeof CHOICES;

/** The choice that holds. */
export function choiceOf(name: ChoiceName, dataset: DOMStringMap): string {
  const value = dataset[name];
  return (CHOICES[name] as readonly string[]).includes(value ?? "") ? value! : CHOICES[name][0];
}

/**
 * Applies a choice and keeps it.
 *
 * @returns Why it was applied but not kept, or null
 */
export function choose(name: ChoiceName, value: string): string | null {
  document.documentElement.dataset[name] = value;
  let why: string | null = null;
  try {
    localStorage.setItem(`bb.${name}`, value);
  } catch (error) {
    why = `the browser does not keep anything for this page (${error instanceof Error ? error.name : error})`;
  }
  dispatchEvent(new Event("bb-theme"));
  return why;
}

/** Forgets every choice and the kept key. */
export function forgetAll(): void {
  for (const storage of [() => localStorage, () => sessionStorage]) {
    try {
      for (const name of Object.keys(storage())) if (name.startsWith("bb.")) storage().removeItem(name);
    } catch {
      // Nothing could be stored, so nothing is.
    }
  }
}
