import { el } from "../dom.ts";
import { zoneName } from "../format.ts";
import type { Chart } from "./chart.ts";

/** Rows of a table; more points than that are shown every so many. */
const ROWS_MAX = 60;

/** The table that says what a chart shows, newest first. */
export function chartTable(chart: Chart): HTMLTableElement {
  const { spec, data } = chart;
  const every = Math.max(1, Math.ceil(data.times.length / ROWS_MAX));
  const points: number[] = [];
  for (let i = data.times.length - 1; i >= 0; i -= every) points.push(i);
  const rows = (spec.bars ? points.reverse() : points).map((i) =>
    el(
      "tr",
      {},
      el("th", { scope: "row" }, chart.nameOf(i)),
      ...spec.series.map((_, series) => el("td", { class: "num" }, chart.valueOf(series, i))),
    )
  );
  const heads = spec.series.map(({ label }) => el("th", { scope: "col", class: "num" }, label));
  return el(
    "table",
    { class: "data" },
    el("caption", { class: "sr" }, spec.label),
    el(
      "thead",
      {},
      el(
        "tr",
        {},
        el("th", { scope: "col" }, spec.bars ? "Range" : spec.x?.label ?? `Time, ${zoneName()}`),
        ...heads,
      ),
    ),
    el("tbody", {}, ...rows),
  );
}
