/** Signals: the feature vector with its three lags, and what the markets may do next, with how good that guess is. */
import type { ChartSource } from "../charts/chart.ts";
import { el, Rows, setAttr, setHidden, setText, text } from "../dom.ts";
import { formatCount, formatHeight, formatNumber, formatRatio } from "../format.ts";
import { Status } from "../icons.ts";
import { addPanel, chart, type Column, fixed, keyedTable } from "../panel.ts";
import { Reading } from "../reading.ts";
import type { Page, View } from "../router.ts";
import { type DataColumn, DataTable } from "../table.ts";
import type {
  Features,
  FeatureSchema,
  FeatureValue,
  PosteriorBody,
  PosteriorSkill,
} from "../../src/server/wire.ts";

/** Places of one lag in the vector. */
const LAG_PLACES = 256;
const LAGS = [0, 1, 2] as const;

/** A z-score of this size has the strongest colour. */
const Z_FULL = 3;

/** What the regimes mean, in the order in which they are always shown. */
const CLASSES = [
  { id: "trend", label: "Trend", token: "--m-compute", dash: [] },
  { id: "revert", label: "Revert", token: "--m-storage", dash: [6, 2] },
  { id: "chop", label: "Chop", token: "--m-energy", dash: [2, 2] },
  { id: "rug", label: "Rug", token: "--m-ad", dash: [8, 2, 2, 2] },
] as const;

/** The page. */
export const page: Page = {
  title: "Signals",
  mount(view) {
    const schema = new Reading<FeatureSchema>(view, { path: () => "/features/schema", everyMs: 600_000 });
    addPosterior(view);
    addReliability(view);
    addSkill(view);
    addStrip(view);
    addFeatures(view, schema);
  },
};

function addPosterior(view: View): void {
  const { store } = view.app;
  addPanel(view, {
    id: "posterior",
    title: "Posterior",
    span: 6,
    medium: 12,
    topics: ["posterior"],
    build(body, panel) {
      type Row = (typeof CLASSES)[number];
      const meta = () => store.get("posterior")!._meta;
      const table = keyedTable<Row>("Probability of what comes next", ({ id }) => id, [
        "Class",
        fixed(({ label }) => [label]),
      ], [
        {
          label: "Probability",
          num: true,
          show: (value, { id }) => value.show(store.get("posterior")![id], formatRatio, meta(), id),
        },
        {
          label: "",
          num: true,
          priority: 0,
          fill: (cell) => {
            const meter = cell.appendChild(el("meter", { min: 0, max: 1, class: "wide" }));
            return ({ id, label }) => {
              const value = store.get("posterior")![id];
              setHidden(meter, value === null);
              meter.value = value ?? 0;
              setAttr(meter, "aria-label", `${label}: ${value === null ? "unknown" : formatRatio(value)}`);
            };
          },
        },
        {
          label: "Model says",
          num: true,
          priority: 1,
          show: (value, { id }) =>
            value.show(store.get("posterior")!.model[id], formatRatio, meta(), `model.${id}`),
        },
        {
          label: "Base rate",
          num: true,
          priority: 1,
          show: (value, { id }) =>
            value.show(store.get("posterior")!.base[id], formatRatio, meta(), `base.${id}`),
        },
      ]);
      const warning = new Status(el("p"));
      const horizon = text();
      body.append(
        table.el,
        el("p", { class: "hint" }, horizon),
        warning.el,
      );
      return () => {
        const posterior = store.get("posterior")!;
        panel.subtitle = posterior.slot === null
          ? "no slot has ended yet"
          : `slot ${formatHeight(posterior.slot)}`;
        table.show(CLASSES);
        setText(
          horizon,
          `What the markets do within the next ${
            formatCount(posterior.horizon_blocks)
          } blocks. Trend, revert and chop ` +
            "exclude each other; rug stands for itself. Where the model has not beaten the base rate, the base rate is shown.",
        );
        const simulated = posterior.learned_from === "simulated data";
        setHidden(warning.el, !simulated);
        warning.show("warn", "Skill on simulated data says nothing about a real market");
      };
    },
  });
}

/** Predicted against what happened, for each class; x in percent, and the diagonal that a perfect model lies on. */
export function reliabilityOf({ reliability }: PosteriorBody): ChartSource | null {
  const bins = reliability.filter(({ class: name }) => name === CLASSES[0].id);
  if (bins.length === 0 || reliability.every(({ n }) => n === 0)) return null;
  const middles = Float64Array.from(bins, ({ from, to }) => 50 * (from + to));
  return {
    times: middles,
    values: [
      middles,
      ...CLASSES.map(({ id }) =>
        Float64Array.from(
          reliability.filter(({ class: name }) => name === id),
          ({ happened }) => happened === null ? NaN : happened * 100,
        )
      ),
    ],
    domain: [0, 100],
    note: "bins of predicted probability",
  };
}

function addReliability(view: View): void {
  const { store } = view.app;
  addPanel(view, {
    id: "reliability",
    title: "Calibration",
    span: 6,
    medium: 12,
    topics: ["posterior"],
    lack: () =>
      reliabilityOf(store.get("posterior")!) ? null : {
        state: "empty",
        text: "No prediction has been compared with what happened yet; that takes some minutes of blocks.",
      },
    build(body, panel) {
      const figure = chart(view, {
        kind: "line",
        label: "How often it happened, by predicted probability",
        series: [
          { label: "Perfect", token: "--text-3", dash: [1, 3] },
          ...CLASSES.map(({ label, token, dash }) => ({ label, token, dash })),
        ],
        format: (percent) => `${formatNumber(percent, 1)} %`,
        axis: { per: 1, unit: " %" },
        floor: 0,
        x: { label: "Predicted, middle of the bin", format: (percent) => `${formatNumber(percent)} %` },
        source: () => {
          const posterior = store.get("posterior");
          return posterior ? reliabilityOf(posterior) : null;
        },
      });
      // What the last bin says is no more than the others.
      figure.classList.add("quiet");
      body.append(figure);
      return () => {
        const compared = store.get("posterior")!.reliability.reduce(
          (sum, { class: name, n }) => name === CLASSES[0].id ? sum + n : sum,
          0,
        );
        panel.subtitle = `${formatCount(compared)} predictions; across: predicted, up: happened`;
      };
    },
  });
}

function addSkill(view: View): void {
  const { store } = view.app;
  type Model = "regime" | "rug";
  type Field = Exclude<keyof PosteriorSkill, "status" | "samples" | "gain_low" | "gain_high">;
  const skill = (id: Model) => store.get("posterior")!.skill[id];
  const figure = (field: Field, label: string, priority: 0 | 1 | 2 | 3): Column<Model> => ({
    label,
    num: true,
    priority,
    show: (value, id) => {
      const own = skill(id);
      const interval = field === "gain" && own.gain_low !== null && own.gain_high !== null
        ? ` (${formatNumber(own.gain_low, 3)} to ${formatNumber(own.gain_high, 3)})`
        : "";
      const { _meta: meta } = store.get("posterior")!;
      value.show(own[field], (known) => `${formatNumber(known, 3)}${interval}`, meta, `skill.${id}.${field}`);
    },
  });
  addPanel(view, {
    id: "skill",
    title: "Skill",
    span: 12,
    topics: ["posterior"],
    build(body, panel) {
      const table = keyedTable<Model>("Skill of the two models against the base rate", String, [
        "Model",
        fixed((id) => [id === "regime" ? "Trend, revert, chop" : "Rug"]),
      ], [
        {
          label: "Status",
          tone: (id) => [skill(id).status === "learned" ? "ok" : "unknown", skill(id).status],
        },
        { label: "Compared, n", num: true, show: (value, id) => value.write(formatCount(skill(id).samples)) },
        figure("gain", "Gain, nats (95 %)", 0),
        figure("log_loss", "Log loss, nats", 2),
        figure("base_log_loss", "of the base rate", 2),
        figure("brier", "Brier score", 3),
        figure("base_brier", "of the base rate", 3),
      ]);
      table.el.classList.add("wrap-heads");
      body.append(
        table.el,
        el(
          "p",
          { class: "hint" },
          "Learned: over at least 25 batches the model has beaten the base rate, and its prediction is used. Prior: it " +
            "has not, or they are too few, and the base rate is used.",
        ),
      );
      return () => {
        const { samples, learned_from: from } = store.get("posterior")!;
        panel.subtitle = `learned from ${formatCount(samples)} slots of ${from}`;
        table.show(["regime", "rug"]);
      };
    },
  });
}

/** Level of a z-score, from −3 to 3, and the sign that stands in its cell, so that colour is not alone. */
export function heatOf(z: number): readonly [level: number, sign: string] {
  const level = Math.max(-3, Math.min(3, Math.round(3 * z / Z_FULL)));
  return [level, level >= 2 ? "+" : level <= -2 ? "−" : ""];
}

/** One column per feature, one cell per lag. */
function addStrip(view: View): void {
  const { store } = view.app;
  addPanel(view, {
    id: "strip-panel",
    title: "Feature vector",
    span: 12,
    topics: ["features"],
    build(body, panel) {
      const strip = el("div", { class: "heat-cells", role: "img" });
      const columns = new Rows<{ readonly value: FeatureValue; readonly body: Features }>(
        strip,
        ({ value }) => value.name,
        () => {
          const cells = LAGS.map(() => text());
          const boxes = cells.map((cell) => el("span", {}, cell));
          const column = el("div", {}, ...boxes);
          return {
            el: column,
            update: ({ value, body: { features } }) => {
              const zs = LAGS.map((lag) => features[lag * LAG_PLACES + value.index]!);
              zs.forEach((z, lag) => {
                const [level, sign] = value.warm ? heatOf(z) : [null, "·"];
                setText(cells[lag]!, sign);
                setAttr(boxes[lag]!, "data-level", level === null ? "cold" : String(level));
              });
              const said = value.warm
                ? zs.map((z, lag) => `lag ${lag}: ${formatNumber(z, 2)}`).join(", ")
                : value.available
                ? "not warm yet"
                : "not offered by this node";
              setAttr(column, "title", `${value.name}: ${said}`);
              setAttr(column, "data-off", value.available ? null : "");
            },
          };
        },
      );
      const legend = el(
        "p",
        { class: "hint heat-legend" },
        "z-score, newest slot on top, the two before it below: ",
        ...[-3, -2, -1, 0, 1, 2, 3].map((level) =>
          el("span", { "data-level": level }, `${level < 0 ? "−" : level > 0 ? "+" : ""}${Math.abs(level)}`)
        ),
        " ",
        el("span", { "data-level": "cold" }, "·"),
        " not warm, or not offered",
      );
      body.append(strip, legend);
      return () => {
        const features = store.get("features")!;
        columns.show(features.values.map((value) => ({ value, body: features })));
        const { slot, warm, available, total, engine, hash } = features;
        panel.subtitle = `${slot === null ? "no slot has ended yet" : `slot ${formatHeight(slot)}`} · ${
          formatCount(warm)
        } warm, ${formatCount(available)} offered of ${formatCount(total)} · ${engine} · table ${
          hash.slice(0, 12)
        }`;
        const far = features.values.filter(({ z }) => z !== null && Math.abs(z) >= 2).map(({ name, z }) =>
          `${name} ${formatNumber(z!, 1)}`
        );
        setAttr(
          strip,
          "aria-label",
          `Heat strip of ${total} features. Far from usual now: ${
            far.length === 0 ? "none" : far.join(", ")
          }. The table below has every value.`,
        );
      };
    },
  });
}

type FeatureRow = FeatureValue & FeatureSchema["features"][number];

function addFeatures(view: View, schema: Reading<FeatureSchema>): void {
  const { store } = view.app;
  const columns: readonly DataColumn<FeatureRow>[] = [
    { id: "name", label: "Feature", path: "values[].name", value: ({ name }) => name, format: String },
    {
      id: "market",
      label: "Market",
      priority: 2,
      path: "values[].market",
      value: ({ market }) => market,
      format: String,
    },
    {
      id: "z",
      label: "z",
      num: true,
      path: "values[].z",
      value: ({ z }) => z,
      format: (z) => formatNumber(Number(z), 2),
    },
    {
      id: "value",
      label: "Raw value",
      num: true,
      priority: 1,
      path: "values[].value",
      value: ({ value }) => value,
      format: (value) => formatNumber(Number(value), Number.isInteger(value) ? 0 : 4),
    },
    {
      id: "unit",
      label: "Unit",
      priority: 1,
      path: "values[].unit",
      value: ({ unit }) => unit,
      format: String,
    },
    {
      id: "warm",
      label: "State",
      priority: 0,
      path: "values[].warm",
      value: ({ warm, available }) => available ? warm : null,
      format: String,
      tone: ({ warm, available }) =>
        !available ? ["unknown", "not offered"] : warm ? ["ok", "warm"] : ["clock", "warming up"],
    },
    {
      id: "status",
      label: "Newest slot",
      priority: 4,
      path: "values[].status",
      value: ({ status }) => status,
      format: (status) => String(status).replaceAll("_", " ").toLowerCase(),
    },
    {
      id: "meaning",
      label: "Meaning",
      priority: 5,
      class: "long",
      path: "values[].meaning",
      value: ({ meaning }) => meaning,
      format: String,
      full: ({ meaning }) => meaning,
    },
  ];
  addPanel(view, {
    id: "features",
    title: "Features",
    span: 12,
    topics: ["features"],
    readings: [schema],
    build(body, panel) {
      const table = new DataTable<FeatureRow>(view, {
        name: "Features",
        columns,
        keyOf: ({ name }) => name,
        sort: ["name", false],
        shorten: (ids) => ids,
      });
      body.append(table.el);
      return () => {
        const { values, refused, _meta: meta } = store.get("features")!;
        const known = new Map(schema.body!.features.map((feature) => [feature.index, feature]));
        const { not_finite, out_of_range, clamped } = refused;
        panel.subtitle = `refused: ${formatCount(not_finite)} not finite, ${
          formatCount(out_of_range)
        } out of range; ${formatCount(clamped)} cut to the range`;
        table.show(values.map((value) => ({ ...known.get(value.index)!, ...value })), meta);
      };
    },
  });
}
