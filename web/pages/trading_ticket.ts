/** The order ticket: what an order would come to and whether it would pass is asked of the server before it is sent. */
import { act, wordsOf } from "../act.ts";
import { Problem } from "../api.ts";
import { el, setAttr, setHidden, setText, text, Value } from "../dom.ts";
import { formatAmount, formatNumber, formatQuantity, formatUnitPrice } from "../format.ts";
import { Status } from "../icons.ts";
import { addPanel } from "../panel.ts";
import type { Reading } from "../reading.ts";
import type { View } from "../router.ts";
import type { Assets, Body, OrderBody, OrderPreviewBody } from "../../src/server/wire.ts";
import { ORDER_TONES } from "./account.ts";

/** Typing may pause so long before the preview is asked for; without typing, it is asked for so often. */
const TYPING_MS = 250;
const PREVIEW_EVERY_S = 2;

const TIMES: readonly (readonly [value: string, label: string])[] = [
  ["gtc", "until cancelled"],
  ["day", "this UTC day"],
  ["ioc", "next block, rest expires"],
  ["fok", "next block, all or nothing"],
];

/** What other panels do with the ticket. */
export interface Ticket {
  /** Fills in a sale of what is held; the reader sends it. */
  sell(token: string, quantity: number): void;
}

/** An order as the server takes it. */
interface Draft {
  readonly token: string;
  readonly side: string;
  readonly qty: number;
  readonly limit?: number;
  readonly time_in_force: string;
  readonly reduce_only: boolean;
}

/** Adds the ticket. */
export function addTicket(view: View, token: () => string, assets: Reading<Assets>): Ticket {
  let sell: Ticket["sell"] = () => {};
  addPanel(view, {
    id: "ticket",
    title: "Order ticket",
    span: 4,
    medium: 12,
    topics: ["engine"],
    build(body, panel) {
      panel.el.classList.add("marked", "tall");
      const form = new TicketForm(view, token, assets);
      sell = (name, quantity) => form.sell(name, quantity);
      body.append(form.el);
      return () => form.show();
    },
  });
  return { sell: (name, quantity) => sell(name, quantity) };
}

class TicketForm {
  readonly el: HTMLElement;
  readonly #view: View;
  readonly #token: () => string;
  readonly #assets: Reading<Assets>;
  readonly #side: readonly HTMLInputElement[];
  readonly #kind: readonly HTMLInputElement[];
  readonly #quantity: HTMLInputElement;
  readonly #limit: HTMLInputElement;
  readonly #limitRow: HTMLElement;
  readonly #time: HTMLSelectElement;
  readonly #reduce: HTMLInputElement;
  readonly #unit = text();
  readonly #verdict = new Status(el("p", { class: "ticket-verdict", role: "status" }));
  readonly #detail = text();
  readonly #values: Readonly<Record<"price" | "amount" | "fee" | "total" | "largest" | "block", Value>>;
  readonly #totalName = text("Costs");
  readonly #button: HTMLButtonElement;
  readonly #send = text("Buy");
  readonly #why = text();
  readonly #outcome = new Status(el("p", { class: "ticket-outcome wrap", role: "status", hidden: true }));
  readonly #error = text();
  readonly #errorEl = el("p", { class: "form-error", role: "alert", hidden: true }, this.#error);
  /** The order that was sent and not answered: sending the same again must not make another one. */
  #unanswered: { readonly id: string; readonly order: string } | null = null;
  #question = 0;
  #typing = 0;

  constructor(view: View, token: () => string, assets: Reading<Assets>) {
    [this.#view, this.#token, this.#assets] = [view, token, assets];
    const changed = () => this.#changed();
    const radios = (name: string, values: readonly string[]) =>
      values.map((value, i) =>
        el("input", { type: "radio", name, value, class: "sr", checked: i === 0, change: changed })
      );
    const group = (legend: string, inputs: readonly HTMLInputElement[]) =>
      el(
        "fieldset",
        { class: `range ${legend.toLowerCase()}` },
        el("legend", { class: "sr" }, legend),
        ...inputs.map((input) => el("label", { "data-value": input.value }, input, input.value)),
      );
    this.#side = radios("ticket-side", ["buy", "sell"]);
    this.#kind = radios("ticket-kind", ["market", "limit"]);
    const number = (id: string) =>
      el("input", {
        id,
        inputmode: "decimal",
        autocomplete: "off",
        spellcheck: "false",
        maxlength: 24,
        input: changed,
      });
    this.#quantity = number("ticket-quantity");
    this.#limit = number("ticket-limit");
    this.#limitRow = el(
      "div",
      { class: "field", hidden: true },
      el("label", { for: "ticket-limit" }, "Limit, base units per unit"),
      el(
        "div",
        { class: "with-button" },
        this.#limit,
        el("button", { class: "button", type: "button", click: () => this.#lastPrice() }, "Last price"),
      ),
    );
    this.#time = el(
      "select",
      { id: "ticket-time", change: changed },
      ...TIMES.map(([value, label]) => el("option", { value }, `${value.toUpperCase()}: ${label}`)),
    );
    this.#reduce = el("input", { type: "checkbox", id: "ticket-reduce", change: changed });
    const value = () => new Value();
    this.#values = {
      price: value(),
      amount: value(),
      fee: value(),
      total: value(),
      largest: value(),
      block: value(),
    };
    const line = (name: string | Text, { el: shown }: Value) => el("div", {}, el("dt", {}, name), shown);
    this.#button = el(
      "button",
      { class: "button", type: "button", click: () => void this.#place() },
      this.#send,
    );
    this.el = el(
      "form",
      {
        class: "ticket",
        "aria-label": "Order",
        // No order is sent by Enter in a field: only the button does it.
        submit: (event: SubmitEvent) => event.preventDefault(),
      },
      el("div", { class: "ticket-kinds" }, group("Side", this.#side), group("Type", this.#kind)),
      el(
        "div",
        { class: "field" },
        el("label", { for: "ticket-quantity" }, "Quantity, ", this.#unit),
        this.#quantity,
      ),
      this.#limitRow,
      el("div", { class: "field" }, el("label", { for: "ticket-time" }, "Time in force"), this.#time),
      el(
        "p",
        { class: "check" },
        this.#reduce,
        el("label", { for: "ticket-reduce" }, "Reduce only: never more than is held"),
      ),
      el(
        "dl",
        { class: "facts" },
        line("Fill price", this.#values.price),
        line("Amount", this.#values.amount),
        line("Fee", this.#values.fee),
        line(this.#totalName, this.#values.total),
        line("Limits leave at most", this.#values.largest),
        line("One block fills at most", this.#values.block),
      ),
      this.#verdict.el,
      el("p", { class: "hint" }, this.#detail),
      this.#button,
      el("p", { class: "hint", id: "ticket-why" }, this.#why),
      this.#errorEl,
      this.#outcome.el,
    );
    setAttr(this.#button, "aria-describedby", "ticket-why");
    let seconds = 0;
    view.everySecond(() => ++seconds % PREVIEW_EVERY_S === 0 && !view.app.store.paused && void this.#ask());
    view.onQuery(() => this.#changed());
    view.signal.addEventListener("abort", () => clearTimeout(this.#typing), { once: true });
    assets.onChange(() => this.show());
  }

  sell(token: string, quantity: number): void {
    this.#view.setParam("token", token);
    for (const radio of this.#side) radio.checked = radio.value === "sell";
    for (const radio of this.#kind) radio.checked = radio.value === "market";
    this.#quantity.value = String(quantity);
    this.#reduce.checked = true;
    this.#changed();
    this.#button.focus();
  }

  /** Says what the button does, and why it does nothing. */
  show(): void {
    const mode = this.#view.app.store.get("engine")?.mode;
    const order = this.#order();
    const unit = this.#assets.body?.instruments.find(({ id }) => id === this.#token())?.unit;
    setText(this.#unit, `${this.#token()}${unit ? ` (${unit})` : ""}`);
    const side = this.#sideNow();
    const words = typeof order === "string" ? this.#token() : `${formatQuantity(order.qty)} ${order.token}`;
    setText(this.#send, `${side === "buy" ? "Buy" : "Sell"} ${words}${mode === "paper" ? " on paper" : ""}`);
    setAttr(this.#button, "data-side", side);
    const why = mode === undefined
      ? "Waiting for the mode."
      : mode === "monitor"
      ? "The program only watches in monitor mode. Switch to paper above to trade."
      : mode === "live"
      ? "No operation of this node buys or sells an instrument, so there are no live orders. Switch to paper."
      : typeof order === "string"
      ? order
      : "";
    setText(this.#why, why);
    this.#button.disabled = why !== "";
    setHidden(this.#limitRow, this.#kindNow() === "market");
  }

  #changed(): void {
    this.show();
    clearTimeout(this.#typing);
    this.#typing = setTimeout(() => void this.#ask(), TYPING_MS);
  }

  #sideNow(): string {
    return this.#side.find(({ checked }) => checked)!.value;
  }

  #kindNow(): string {
    return this.#kind.find(({ checked }) => checked)!.value;
  }

  #lastPrice(): void {
    const price = this.#assets.body?.instruments.find(({ id }) => id === this.#token())?.price ?? null;
    if (price === null) return;
    this.#limit.value = String(price);
    this.#changed();
  }

  /** The order of the fields, or what they lack. */
  #order(): Draft | string {
    const qty = numberOf(this.#quantity.value);
    if (qty === null || !(qty > 0)) return "Give a quantity above 0.";
    if (Math.round(qty * 1e6) / 1e6 !== qty) return "A quantity has at most 6 decimals.";
    const limit = this.#kindNow() === "limit" ? numberOf(this.#limit.value) : undefined;
    if (limit !== undefined && (limit === null || !(limit > 0))) return "Give a limit price above 0.";
    return {
      token: this.#token(),
      side: this.#sideNow(),
      qty,
      ...(limit === undefined ? {} : { limit }),
      time_in_force: this.#time.value,
      reduce_only: this.#reduce.checked,
    };
  }

  async #ask(): Promise<void> {
    const { app: { api }, signal } = this.#view;
    const order = this.#order();
    const question = ++this.#question;
    if (typeof order === "string" || api.key === null || signal.aborted) return this.#showPreview(null);
    try {
      const preview = await api.post("/orders/preview", order) as Body<OrderPreviewBody>;
      if (question === this.#question && !signal.aborted) this.#showPreview(preview);
    } catch (problem) {
      if (question !== this.#question || signal.aborted) return;
      this.#showPreview(null);
      this.#verdict.show("unknown", "No preview");
      setText(this.#detail, wordsOf(problem));
    }
  }

  #showPreview(preview: Body<OrderPreviewBody> | null): void {
    const { price, amount, fee, total, largest, block } = this.#values;
    setText(this.#totalName, this.#sideNow() === "buy" ? "Costs with fee" : "Brings after fee");
    if (!preview) {
      for (const value of Object.values(this.#values)) value.none(null);
      this.#verdict.show("unknown", "No preview yet");
      return setText(this.#detail, "");
    }
    const { _meta: meta } = preview;
    price.show(preview.price, formatUnitPrice, meta, "price");
    amount.show(preview.amount, formatAmount, meta, "amount");
    fee.show(preview.fee, formatAmount, meta, "fee");
    total.show(preview.total, formatAmount, meta, "total");
    const code = preview.largest_code;
    largest.write(formatQuantity(preview.largest_quantity), code === null ? null : `more would be ${code}`);
    block.show(preview.quantity_per_block, formatQuantity, meta, "quantity_per_block");
    if (preview.allowed) {
      this.#verdict.show("ok", "The risk check would let it pass");
      return setText(
        this.#detail,
        !preview.marketable
          ? "The limit is not reached now: the order would wait."
          : code === null
          ? ""
          : `Above ${formatQuantity(preview.largest_quantity)} it would be denied: ${code}.`,
      );
    }
    this.#verdict.show("bad", `Would be denied: ${preview.code}`);
    const figures = preview.limit === null || preview.actual === null
      ? ""
      : ` (${preview.compared}: ${formatNumber(preview.limit, 2)}, ${formatNumber(preview.actual, 2)})`;
    setText(this.#detail, `${preview.detail}${figures}`);
  }

  async #place(): Promise<void> {
    const { app } = this.#view;
    const order = this.#order();
    if (typeof order === "string") return;
    const written = JSON.stringify(order);
    if (this.#unanswered?.order !== written) this.#unanswered = { id: newOrderId(), order: written };
    const { id } = this.#unanswered;
    this.#button.disabled = true;
    setHidden(this.#errorEl, true);
    try {
      const placed = await act(
        app,
        "Orders need a key with the scope “trade”.",
        () => app.api.post("/orders", { ...order, client_order_id: id }),
      ) as Body<OrderBody>;
      this.#unanswered = null;
      setHidden(this.#outcome.el, false);
      const why = placed.status === "denied" ? `: ${placed.code}` : "";
      const what = `${placed.side} ${formatQuantity(placed.quantity)} ${placed.token}`;
      this.#outcome.show(
        ORDER_TONES[placed.status] ?? "unknown",
        `Order ${placed.id}, ${what}: ${placed.status}${why}`,
      );
    } catch (problem) {
      const silent = problem instanceof Problem && problem.status === 0;
      if (!silent) this.#unanswered = null;
      setText(
        this.#error,
        silent
          ? "No answer, so it is not known whether the order was placed. Sending the same again cannot make a second one."
          : `Not placed: ${wordsOf(problem)}`,
      );
      setHidden(this.#errorEl, false);
    } finally {
      this.show();
      void this.#ask();
    }
  }
}

/** A number as people write it; null when it is none. */
function numberOf(written: string): number | null {
  const plain = written.replace(/[\s,_']/g, "");
  return /^\d*\.?\d+(e\d+)?$|^\d+\.$/i.test(plain) ? Number(plain) : null;
}

/** A key of our own for an order. */
function newOrderId(): string {
  const bytes = crypto.getRandomValues(new Uint8Array(12));
  return `web-${[...bytes].map((byte) => byte.toString(16).padStart(2, "0")).join("")}`;
}
