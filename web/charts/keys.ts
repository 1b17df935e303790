import type { Chart } from "./chart.ts";

/** Steps of the keys that move along a line. */
const STEPS: Readonly<Record<string, number>> = {
  ArrowLeft: -1,
  ArrowRight: 1,
  PageUp: -10,
  PageDown: 10,
  Home: -Infinity,
  End: Infinity,
};

/** What the keys do on a focused chart: move along a line, change the line, sum up, let go. */
export function onChartKey(event: KeyboardEvent, chart: Chart): void {
  if (event.ctrlKey || event.metaKey || event.altKey) return;
  const { series } = chart.spec;
  const last = chart.data.times.length - 1;
  const now = chart.index ?? last;
  const by = STEPS[event.key];
  if (last < 0) return;
  if (by !== undefined) step(chart, Math.max(0, Math.min(last, now + by)));
  else if (event.key === "ArrowUp" || event.key === "ArrowDown") {
    chart.active = (chart.active + (event.key === "ArrowUp" ? series.length - 1 : 1)) % series.length;
    step(chart, now);
  } else if (event.key === "Enter") chart.say(chart.summary());
  else if (event.key === "Escape" && chart.index !== null) chart.point(null);
  else return;
  event.preventDefault();
  event.stopPropagation();
}

function step(chart: Chart, index: number): void {
  chart.point(index);
  const { series } = chart.spec;
  const name = series.length > 1 ? `${series[chart.active]!.label}, ` : "";
  chart.say(`${name}${chart.nameOf(index)}: ${chart.valueOf(chart.active, index)}`);
}
