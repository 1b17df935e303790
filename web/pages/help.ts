/** Help: what marks and words mean, how the score is made, and the keys. */
import { el } from "../dom.ts";
import { KEYS } from "../keyboard.ts";
import { addPanel } from "../panel.ts";
import type { Page, View } from "../router.ts";

type Terms = readonly (readonly [term: string, meaning: string])[];

const MARKS: Terms = [
  [
    "—",
    "Unknown. Hover it, or open the notes of its panel, for the reason. An unknown value is never shown as 0.",
  ],
  ["≈", "Our estimate. The reason says how it is made."],
  ["SIM", "From a simulated chain. Nothing with this mark is real."],
  [
    "12 s old",
    "Older than it should be. Hatched panels are much older: their values are the last that were known.",
  ],
  ["paused", "You stopped the page. What comes meanwhile is kept and shown when you go on."],
];

const SYNC: Terms = [
  ["synced", "The node says so, or its chain advances and it has peers."],
  ["standalone", "The chain advances, and the node has no peers."],
  ["syncing", "The node says that it is behind."],
  ["stalled", "No new block for 30 s, or for ten of the usual intervals where that is longer."],
  ["empty", "The chain has no block."],
  ["halted", "The chain was reorganised deeper than we follow; following has stopped."],
  ["unreachable", "The node has given no good answer to two questions in a row."],
];

const GATES: Terms = [
  ["open", "The market takes operations."],
  ["throttled", "The node lets it run in part only, for example in rehearsal."],
  ["closed", "The market takes nothing."],
  ["unknown", "The node does not say. What depends on the gate treats it as closed."],
];

const MARKETS: Terms = [
  ["healthy", "At least one receipt in the last 100 blocks, and the gate is not closed."],
  ["idle", "The gate is not closed, but nothing has settled in the last 100 blocks."],
  ["closed", "The gate is closed."],
  ["unavailable", "The node answers no question about it."],
  ["disabled", "It is switched off in our configuration and not asked for."],
];

const WORDS: Terms = [
  ["Base unit", "The node's smallest unit of account. All amounts are whole numbers of it."],
  ["Unit price", "What was paid per unit of work: all amounts of a block over all its units."],
  ["Margin", "What providers keep of what they are paid, as the market reports it."],
  ["Concentration, HHI", "Sum of the squared shares of volume of all providers: 1 is a single one."],
  ["Finalised", "The highest block that the node calls final. Not every node has finality."],
  ["Chain time", "The time in the blocks. A simulated chain has a time of its own."],
  ["Profit", "Revenue less costs, from receipts of ours and mining rewards. Subsidies are counted apart."],
];

const TRADING: Terms = [
  [
    "monitor, paper, live",
    "Watching only; trading with a simulated account at real prices; sending operations to the node.",
  ],
  [
    "Denied",
    "The risk check refused an order, with a code and what was compared. Nothing else has happened.",
  ],
  [
    "Emergency stop",
    "Cancels and refuses what would enter a position. Cancels and exits pass. An admin key resumes.",
  ],
  [
    "Lock",
    "A protection forbids an instrument, or all of them, for a while. It can be lifted on the page Portfolio.",
  ],
  ["Too few trades", "Fewer than 30: the figure says more about luck than about the strategy."],
  ["Suspended", "An agent failed or wanted too much at once. Only its exits pass."],
  ["z-score", "How far a feature is from its usual value, in standard deviations."],
  ["prior, learned", "Whether the model has beaten the base rate on what came after its predictions."],
  ["locked panel", "It is shown with an API key only."],
];

const SCORE: Terms = [
  [
    "Consensus, 30",
    "Finality lag (full at 5 blocks, none at 50), block interval (1 s, 2 s), reorganisations in 100 blocks (0, 3).",
  ],
  ["Network, 25", "Peers (full at 20, none at 5), answers of the node at the 95th percentile (100 ms, 1 s)."],
  ["Markets, 25", "Share of healthy markets, share of gates that are known and not closed."],
  ["Scheduler, 20", "Queue depth (full at 100, none at 500), average wait (100 ms, 500 ms)."],
  ["Unknown factors", "Leave both sums. With fewer than 40 points left there is no score."],
];

/** The page. */
export const page: Page = {
  title: "Help",
  mount(view) {
    add(view, "marks", "Marks", MARKS);
    addKeys(view);
    add(view, "sync", "State of the chain", SYNC);
    add(view, "gates", "Gates", GATES);
    add(view, "score", "Network strength", SCORE);
    add(view, "market-states", "States of a market", MARKETS);
    add(view, "words", "Words", WORDS);
    add(view, "trading-words", "Trading and signals", TRADING);
    addMore(view);
  },
};

function add(view: View, id: string, title: string, terms: Terms): void {
  addPanel(view, {
    id,
    title,
    span: 6,
    topics: [],
    build(body) {
      body.append(termList(terms.map(([term, meaning]) => [[el("b", {}, term)], meaning])));
      return () => {};
    },
  });
}

function termList(terms: readonly (readonly [heads: readonly Node[], meaning: string])[]): HTMLElement {
  const list = el("dl", { class: "terms" });
  for (const [heads, meaning] of terms) {
    list.append(el("div", {}, el("dt", {}, ...heads), el("dd", {}, meaning)));
  }
  return list;
}

function addKeys(view: View): void {
  const caps = (names: string) => names.split(" ").map((name) => el("kbd", {}, name));
  const pages = [...document.querySelectorAll<HTMLAnchorElement>("#rail a[data-key]")].map((anchor) =>
    [caps(`g ${anchor.dataset.key}`), anchor.textContent ?? ""] as const
  );
  addPanel(view, {
    id: "keys",
    title: "Keys",
    span: 6,
    topics: [],
    build(body, panel) {
      panel.el.classList.add("tall-3");
      body.append(
        termList([
          ...KEYS.map(([names, meaning]) => [caps(names), meaning] as const),
          [caps("← → Home End"), "Points of a focused chart; ↑ ↓ its lines, Enter a summary"],
          [caps("j k"), "Rows of a focused table; Enter opens or copies"],
          ...pages,
        ]),
        el(
          "p",
          { class: "hint" },
          "Single keys can be switched off in ",
          el("a", { href: "#/settings" }, "Settings"),
          ".",
        ),
      );
      return () => {};
    },
  });
}

function addMore(view: View): void {
  addPanel(view, {
    id: "further",
    title: "More",
    span: 6,
    topics: [],
    build(body) {
      const link = (href: string, words: string, about: string) =>
        el("li", {}, el("a", { href }, words), ` ${about}`);
      body.append(
        el(
          "ul",
          { class: "suggestions" },
          link("#/system?panel=capabilities", "What this node offers", "question by question"),
          link("#/system?panel=api-map", "The API", "with the key that each route needs"),
          link("#/system?panel=diagnostics", "Diagnostics", "for whoever helps you"),
          link(`${view.app.api.base}/metrics`, "Metrics", "in the format of Prometheus"),
        ),
      );
      return () => {};
    },
  });
}
