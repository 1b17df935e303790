/** The mode of the program, with what switching it means; live mode is entered by typing its name. */
import { act, wordsOf } from "../act.ts";
import { Problem } from "../api.ts";
import { openDialog } from "../dialogs.ts";
import { el, setAttr, setHidden, setText, text, Value } from "../dom.ts";
import { formatAmount, formatCount, formatDuration, formatRatio } from "../format.ts";
import { Status } from "../icons.ts";
import { addPanel } from "../panel.ts";
import type { View } from "../router.ts";
import type { Body, EngineState, RiskPortfolio } from "../../src/server/wire.ts";
import { showAmount, showProfit, STATE_TONES } from "./account.ts";

const MODES = ["monitor", "paper", "live"] as const;
type Mode = (typeof MODES)[number];

/** Adds the panel. */
export function addMode(view: View): void {
  const { store } = view.app;
  addPanel(view, {
    id: "mode-panel",
    title: "Mode and account",
    span: 12,
    topics: ["engine", "risk"],
    build(body, panel) {
      const buttons = MODES.map((mode) =>
        el("button", {
          class: "button",
          click: () => askForMode(view, mode, store.live("engine")!, store.live("risk")!),
        }, mode.toUpperCase())
      );
      const state = new Status(el("dd"));
      const [equity, cash, exposure] = [new Value(), new Value(), new Value()];
      const change = new Value(el("dd", { class: "profit" }));
      const drawdown = new Value();
      const reason = text();
      const reasonEl = el("p", { class: "form-error", hidden: true }, reason);
      const line = (label: string, value: HTMLElement) => el("div", {}, el("dt", {}, label), value);
      body.append(
        el(
          "div",
          { class: "mode-row" },
          el("div", { class: "buttons", role: "group", "aria-label": "Mode" }, ...buttons),
          el(
            "dl",
            { class: "facts inline" },
            line("Trading", state.el),
            line("Equity", equity.el),
            line("Day", change.el),
            line("Cash", cash.el),
            line("Exposure", exposure.el),
            line("Drawdown", drawdown.el),
          ),
        ),
        reasonEl,
      );
      return () => {
        const engine = store.get("engine")!;
        const risk = store.get("risk")!;
        const { _meta: meta } = risk;
        buttons.forEach((button, i) => setAttr(button, "aria-pressed", String(MODES[i] === engine.mode)));
        // Where nothing is traded, nothing is active.
        if (risk.state === "ACTIVE" && engine.mode !== "paper") {
          state.show("unknown", `none: ${engine.mode} mode`);
        } else state.show(STATE_TONES[risk.state], risk.state);
        showAmount(equity, risk.equity, meta, "equity");
        showAmount(cash, risk.cash, meta, "cash");
        showAmount(exposure, risk.exposure, meta, "exposure");
        showProfit(change, risk.change, meta, "change");
        drawdown.show(risk.drawdown, formatRatio, meta, "drawdown");
        setHidden(reasonEl, risk.halt_reason === null);
        setText(reason, `Trading is halted: ${risk.halt_reason}. Cancels and exits pass.`);
        panel.subtitle = engine.epoch === 0
          ? "no account has been opened"
          : `account ${formatCount(engine.epoch)}, capital ${
            formatAmount(risk.capital ?? engine.paper_capital)
          } base units`;
      };
    },
  });
}

/** What entering a mode means. */
function wordsFor(mode: Mode, state: EngineState): readonly string[] {
  const cancels = state.mode === "paper" ? "Orders that work are cancelled. " : "";
  switch (mode) {
    case "monitor":
      return [
        `${cancels}The program goes on watching and trades nothing. The paper account is kept to be looked at.`,
      ];
    case "paper":
      return [
        `A new paper account is opened with ${
          formatAmount(state.paper_capital)
        } base units. Its orders are filled ` +
        "at real prices with costs, and nothing of it reaches the chain.",
        ...(state.epoch === 0 ? [] : ["The account before it is kept, but no longer traded."]),
      ];
    case "live":
      return [
        `${cancels}Live mode is for operations that are sent to the node with our account. No operation of today's ` +
        "nodes buys or sells an instrument: orders are refused in live mode.",
      ];
  }
}

function limitsOf({ limits }: RiskPortfolio): readonly (readonly [string, string])[] {
  const off = "off";
  const { max_drawdown, max_position, max_concurrent_trades, max_exposure, orders_per_minute, stale_after } =
    limits;
  return [
    ["Drawdown that halts", max_drawdown === null ? off : formatRatio(max_drawdown)],
    ["Largest position", max_position === null ? off : `${formatAmount(max_position)} base units`],
    ["Positions at once", max_concurrent_trades === null ? off : formatCount(max_concurrent_trades)],
    ["Exposure", `${formatRatio(max_exposure)} of equity`],
    ["Orders a minute", formatCount(orders_per_minute)],
    ["Prices not older than", formatDuration(stale_after * 1_000)],
  ];
}

function askForMode(view: View, mode: Mode, state: Body<EngineState>, risk: Body<RiskPortfolio>): void {
  if (mode === state.mode) return;
  const { app } = view;
  const live = mode === "live";
  const typed = el("input", {
    id: "mode-typed",
    autocomplete: "off",
    spellcheck: "false",
    input: () => confirm.disabled = typed.value !== "LIVE",
  });
  const error = text();
  const errorEl = el("p", { class: "form-error", role: "alert", hidden: true }, error);
  const confirm = el(
    "button",
    { class: live ? "button danger" : "button primary", disabled: live },
    `Switch to ${mode.toUpperCase()}`,
  );
  const limits = el(
    "dl",
    { class: "facts" },
    ...limitsOf(risk).map(([name, value]) => el("div", {}, el("dt", {}, name), el("dd", {}, value))),
  );
  const form = el(
    "form",
    {
      submit: (event: SubmitEvent) => {
        event.preventDefault();
        void send();
      },
    },
    ...wordsFor(mode, state).map((sentence) => el("p", {}, sentence)),
    ...(mode === "monitor" ? [] : [el("h3", {}, "Limits that will apply"), limits]),
    ...(live ? [el("label", { for: "mode-typed" }, "Type LIVE to confirm"), typed] : []),
    errorEl,
    confirm,
  );
  const dialog = openDialog(`Switch from ${state.mode.toUpperCase()} to ${mode.toUpperCase()}`, form);
  (live ? typed : confirm).focus();
  const send = async () => {
    confirm.disabled = true;
    setHidden(errorEl, true);
    try {
      await act(app, "Switching the mode needs a key.", () => switchMode(view, mode));
      dialog.close();
    } catch (problem) {
      setText(error, `Not switched: ${wordsOf(problem)}`);
      setHidden(errorEl, false);
      confirm.disabled = false;
    }
  };
}

/** Live mode is refused once, with a token that the second request brings. */
async function switchMode({ app: { api } }: View, mode: Mode): Promise<void> {
  try {
    await api.post("/state", { mode });
  } catch (problem) {
    const token = problem instanceof Problem && problem.status === 409 &&
      problem.errors.find(({ field }) => field === "confirm")?.message;
    if (!token) throw problem;
    await api.post("/state", { mode, confirm: token });
  }
}
