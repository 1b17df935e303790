/**
 * Numbers, times and names as text: one function per kind, the same everywhere. Unknown values never come here;
 * whoever shows a `null` shows {@link NONE}.
 */

/** What stands for an unknown value. */
export const NONE = "—";

const MINUS = "−";
/** A number with fixed decimals, grouped, with a true minus and no negative zero. */
export function formatNumber(value: number | bigint, decimals = 0): string {
  if (typeof value === "number" && !Number.isFinite(value)) {
    return String(value).replace("-", MINUS).replace("Infinity", "∞");
  }
  return write(value < 0, units(value, decimals), decimals);
}

/**
 * How many times a number holds ten to the power of `-places`, without its sign. A half is one in the decimals that a
 * reader sees, which the bits of a float are not, and goes up. `Intl` says the same, but its first word takes 20 ms.
 */
function units(value: number | bigint, places: number): bigint {
  const [digits, exponent = "0"] = String(value).replace(/^-/, "").split("e");
  const [whole, fraction = ""] = digits!.split(".");
  const kept = whole!.length + Number(exponent) + places;
  if (kept < 0) return 0n;
  const all = (whole + fraction).padEnd(kept, "0");
  return BigInt(all.slice(0, kept)) + (all[kept]! >= "5" ? 1n : 0n);
}

function write(negative: boolean, units: bigint, decimals: number): string {
  const digits = String(units).padStart(decimals + 1, "0");
  const point = digits.length - decimals;
  const whole = digits.slice(0, point).replace(/\B(?=(\d{3})+$)/g, ",");
  return `${negative && units > 0n ? MINUS : ""}${whole}${decimals > 0 ? "." : ""}${digits.slice(point)}`;
}

/** A count of things. */
export function formatCount(value: number): string {
  return formatNumber(value);
}

/** An exact amount in base units; takes the decimal string of an amount that no JSON number can hold. */
export function formatAmount(value: number | string): string {
  return formatNumber(typeof value === "string" ? BigInt(value) : value);
}

const THOUSANDS = ["K", "M", "B", "T"];

/** An amount with three significant digits or so: `1.50M`. Below 10,000 it is exact. */
export function formatCompact(value: number | string): string {
  const number = Number(value);
  const size = Math.abs(number);
  if (!(size >= 10_000 && size < Infinity)) return formatAmount(value);
  let power = 1;
  // What rounds up to a thousand of one is one of the next.
  while (power < THOUSANDS.length && units(number, 2 - 3 * power) >= 100_000n) power++;
  return write(number < 0, units(number, 2 - 3 * power), 2) + THOUSANDS[power - 1];
}

/** An amount of work in its unit: `1 byte`, `8,188 impressions`, `22 mWh`. */
export function formatUnits(count: number | string, unit: string, format = formatAmount): string {
  return `${format(count)} ${unit}${Number(count) === 1 || /Wh$/.test(unit) ? "" : "s"}`;
}

/** Profit or loss in base units, shortened as {@link formatCompact} does. */
export function formatCompactProfit(value: number | string): string {
  const sign = Math.sign(Number(value));
  const text = formatCompact(value).replace(MINUS, "");
  return sign === 0 ? text : sign > 0 ? `▲ +${text}` : `▼ ${MINUS}${text}`;
}

/** A price in µ base units per unit, as base units with as many decimals as its size needs. */
export function formatPrice(micro: number | string): string {
  const price = Number(micro) / 1e6;
  const size = Math.abs(price);
  return formatNumber(price, size >= 100_000 ? 0 : size >= 1_000 ? 2 : size >= 100 ? 4 : 6);
}

/** A price in base units per unit. */
export function formatUnitPrice(price: number): string {
  return formatPrice(price * 1e6);
}

/** A quantity of an instrument: up to six decimals, none for nothing. */
export function formatQuantity(units: number): string {
  return formatNumber(units, 6).replace(/\.?0+$/, "");
}

/** A ratio as a percentage. */
export function formatRatio(ratio: number): string {
  return formatPpm(ratio * 1e6);
}

/** The per-unit part of a price unit: `µ base units per kWh` → `/ kWh`. */
export function formatPriceUnit(unit: string): string {
  const per = unit.indexOf(" per ");
  return per < 0 ? unit : `/ ${unit.slice(per + 5)}`;
}

/** Parts per million as a percentage whose decimals follow its size. */
export function formatPpm(ppm: number): string {
  const percent = ppm / 10_000;
  const size = Math.abs(percent);
  return `${formatNumber(percent, size < 1 ? 3 : size < 10 ? 2 : 1)} %`;
}

/** A block height. */
export function formatHeight(height: number): string {
  return `#${formatNumber(height)}`;
}

/** A rate per second. */
export function formatRate(value: number): string {
  return formatNumber(value, 1);
}

const BYTES = ["B", "KiB", "MiB", "GiB", "TiB", "PiB"];

/** Bytes in IEC units. */
export function formatBytes(bytes: number): string {
  let value = bytes;
  let unit = 0;
  while (Math.abs(value) >= 1024 && unit < BYTES.length - 1) {
    value /= 1024;
    unit++;
  }
  return `${formatNumber(value, unit === 0 ? 0 : significant(value))} ${BYTES[unit]}`;
}

/** Decimals that show three significant digits. */
function significant(value: number): number {
  const size = Math.abs(value);
  return size >= 99.95 ? 0 : size >= 9.995 ? 1 : 2;
}

const DURATIONS: readonly (readonly [fromMs: number, unitMs: number, unit: string])[] = [
  [172_800_000, 86_400_000, "d"],
  [7_200_000, 3_600_000, "h"],
  [120_000, 60_000, "m"],
  [999.5, 1_000, "s"],
  [0.9995, 1, "ms"],
  [0, 0.001, "µs"],
];

/** A duration with three significant digits. */
export function formatDuration(ms: number): string {
  if (ms === 0) return "0 ms";
  const [, unitMs, unit] = DURATIONS.find(([fromMs]) => Math.abs(ms) >= fromMs)!;
  return `${formatNumber(ms / unitMs, significant(ms / unitMs))} ${unit}`;
}

/** How old something is: tenths of a second while that is fresh, whole units after. */
export function formatAge(ms: number): string {
  const age = Math.max(0, ms);
  if (age < 9_950) return `${formatNumber(age / 1000, 1)} s`;
  if (age < 120_000) return `${formatNumber(Math.floor(age / 1000))} s`;
  if (age < 7_200_000) return `${formatNumber(Math.floor(age / 60_000))} min`;
  return age < 172_800_000
    ? `${formatNumber(Math.floor(age / 3_600_000))} h`
    : `${formatNumber(Math.floor(age / 86_400_000))} d`;
}

const pad = (value: number) => String(value).padStart(2, "0");

let local = false;

/** Times are shown in UTC, or in the zone of the reader's machine. */
export function useZone(zone: string | undefined): void {
  local = zone === "local";
}

/** What stands behind a time. */
export function zoneName(): string {
  return local ? "local" : "UTC";
}

/** The date whose UTC fields are what the clock in the chosen zone shows. */
function zoned(ms: number): Date {
  return new Date(local ? ms - new Date(ms).getTimezoneOffset() * 60_000 : ms);
}

/** Time of day in the chosen zone. */
export function formatTime(ms: number): string {
  const date = zoned(ms);
  return `${pad(date.getUTCHours())}:${pad(date.getUTCMinutes())}:${pad(date.getUTCSeconds())}`;
}

/** Date and time in the chosen zone. */
export function formatDateTime(ms: number): string {
  const date = zoned(ms);
  return `${date.getUTCFullYear()}-${pad(date.getUTCMonth() + 1)}-${pad(date.getUTCDate())} ${
    formatTime(ms)
  }`;
}

/** Time of day with its zone. */
export function formatClock(ms: number): string {
  return `${formatTime(ms)} ${zoneName()}`;
}

/** Date and time with their zone. */
export function formatStamp(ms: number): string {
  return `${formatDateTime(ms)} ${zoneName()}`;
}

/** An instant as its distance while that is within a day, else as its day; whoever shows it has the time on hover. */
export function formatWhen(ms: number, nowMs: number): string {
  const age = nowMs - ms;
  return age >= 0 && age < 86_400_000 ? `${formatAge(age)} ago` : formatDateTime(ms).slice(0, 10);
}

/** Kinds of identifiers and how many characters of head and tail stay. */
const SHORT = { hash: [8, 6], address: [8, 6], peer: [10, 4] } as const;

/** An identifier shortened in the middle. */
export function shorten(id: string, kind: keyof typeof SHORT, headMore = 0): string {
  const head = SHORT[kind][0] + headMore;
  const tail = SHORT[kind][1];
  return id.length <= head + tail + 1 ? id : `${id.slice(0, head)}…${id.slice(-tail)}`;
}

/** Shortens a list of identifiers, all by the same widths: as wide as it takes to tell them apart. */
export function shortenAll(ids: readonly string[], kind: keyof typeof SHORT): readonly string[] {
  const distinct = new Set(ids).size;
  for (let more = 0; more < 64; more += 4) {
    const short = ids.map((id) => shorten(id, kind, more));
    if (new Set(short).size === distinct) return short;
  }
  return ids;
}

const WORDS = ["no", "one", "two", "three", "four", "five", "six", "seven", "eight", "nine"];

/** A small number as a word. */
export function numberWord(value: number): string {
  return WORDS[value] ?? formatNumber(value);
}
