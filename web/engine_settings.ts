/** What the operator sets at the server (`POST /state`): saved with the revision that was seen, never over another's. */
import { act, wordsOf } from "./act.ts";
import { Problem } from "./api.ts";
import type { App } from "./context.ts";
import { openDialog } from "./dialogs.ts";
import { el } from "./dom.ts";
import { changesBetween, linesOf, type StatePatch } from "./state_lines.ts";
import type { Body, EngineState } from "../src/server/wire.ts";

/** How a save ended. */
export type Saved =
  | { readonly kind: "saved"; readonly state: Body<EngineState> }
  /** Somebody else changed something meanwhile, and the reader keeps that. */
  | { readonly kind: "theirs"; readonly state: Body<EngineState> }
  | { readonly kind: "failed"; readonly why: string };

/** States that this page itself has made, by their revision: its own changes are nobody else's. */
const own = new Map<number, EngineState>();

/** Changes are saved one after the other, so that each knows the one before it. */
let queue: Promise<unknown> = Promise.resolve();

/**
 * Saves a change.
 *
 * @param seen The state that the reader saw when he began
 */
export function saveState(app: App, patch: StatePatch, seen: EngineState): Promise<Saved> {
  const saved = queue.then(() => save(app, patch, seen));
  queue = saved;
  return saved;
}

async function save(app: App, patch: StatePatch, seen: EngineState): Promise<Saved> {
  let from = seen;
  while (own.has(from.rev + 1)) from = own.get(from.rev + 1)!;
  try {
    for (;;) {
      try {
        const post = () => app.api.post("/state", { ...patch, rev: from.rev });
        const state = await act(app, "Changing settings needs a key.", post) as Body<EngineState>;
        own.set(state.rev, state);
        return { kind: "saved", state };
      } catch (problem) {
        if (!(problem instanceof Problem) || problem.status !== 409) throw problem;
        const now = await app.api.get("/state") as Body<EngineState>;
        if (!await askWhose(from, now, patch)) return { kind: "theirs", state: now };
        from = now;
      }
    }
  } catch (problem) {
    return { kind: "failed", why: wordsOf(problem) };
  }
}

/** Shows what was changed meanwhile beside the reader's change; true when the reader's is to hold. */
function askWhose(seen: EngineState, now: EngineState, patch: StatePatch): Promise<boolean> {
  const answer = Promise.withResolvers<boolean>();
  const close = (mine: boolean) => {
    answer.resolve(mine);
    dialog.close();
  };
  const dialog = openDialog(
    "Changed meanwhile",
    el("p", {}, "Somebody else changed the settings after you had begun. This is what changed:"),
    table(
      "What changed meanwhile",
      ["Setting", "You saw", "Now"],
      changesBetween(linesOf(seen), linesOf(now)),
    ),
    el("p", {}, "And this is your change, which is not saved yet:"),
    table("Your change", ["Setting", "Yours"], linesOf(patch)),
    el(
      "div",
      { class: "buttons" },
      el("button", { class: "button primary", click: () => close(false) }, "Take theirs"),
      el("button", { class: "button", click: () => close(true) }, "Save mine over it"),
    ),
  );
  dialog.addEventListener("close", () => answer.resolve(false));
  return answer.promise;
}

function table(caption: string, heads: readonly string[], rows: readonly (readonly string[])[]): HTMLElement {
  return el(
    "table",
    { class: "data" },
    el("caption", { class: "sr" }, caption),
    el("thead", {}, el("tr", {}, ...heads.map((head) => el("th", { scope: "col" }, head)))),
    el(
      "tbody",
      {},
      ...rows.map(([name, ...cells]) =>
        el(
          "tr",
          {},
          el("th", { scope: "row" }, name),
          ...cells.map((cell) => el("td", { class: "wrap" }, cell)),
        )
      ),
    ),
  );
}
