/** The colours of the page, computed from its stylesheet: contrast in every theme, and market colours for every eye. */
// @ts-types="#types/std_assert.d.ts"
import { assert, assertEquals } from "@std/assert";

type Rgb = readonly [number, number, number];
type Tokens = Readonly<Record<string, Rgb>>;

const css = await Deno.readTextFile(new URL("../../web/app.css", import.meta.url));

/** Tokens of one theme; `light-dark(a, b)` holds two. */
function tokensOf(block: string, pick: 0 | 1, base: Tokens = {}): Tokens {
  const tokens: Record<string, Rgb> = { ...base };
  for (const [, name, both] of block.matchAll(/--([\w-]+):\s*(light-dark\([^)]*\)|#[0-9a-f]{6});/g)) {
    const colors = [...both!.matchAll(/#[0-9a-f]{6}/g)].map(([hex]) => hex);
    tokens[name!] = rgbOf(colors[colors.length === 2 ? pick : 0]!);
  }
  return tokens;
}

function blockOf(selector: string): string {
  const at = css.indexOf(`${selector} {`);
  assert(at >= 0, `app.css has no ${selector}`);
  return css.slice(at, css.indexOf("}", at));
}

function rgbOf(hex: string): Rgb {
  return [1, 3, 5].map((at) => parseInt(hex.slice(at, at + 2), 16)) as unknown as Rgb;
}

const dark = tokensOf(blockOf(":root"), 1);
const THEMES: Readonly<Record<string, Tokens>> = {
  light: tokensOf(blockOf(":root"), 0),
  dark,
  contrast: tokensOf(blockOf(':root[data-theme="contrast"]'), 1, dark),
};

const linear = (channel: number) => {
  const c = channel / 255;
  return c <= 0.04045 ? c / 12.92 : ((c + 0.055) / 1.055) ** 2.4;
};

/** WCAG 2 relative luminance. */
function luminance([r, g, b]: Rgb): number {
  return 0.2126 * linear(r) + 0.7152 * linear(g) + 0.0722 * linear(b);
}

/** WCAG 2 contrast ratio. */
function contrast(a: Rgb, b: Rgb): number {
  const [low, high] = [luminance(a), luminance(b)].sort((x, y) => x - y) as [number, number];
  return (high + 0.05) / (low + 0.05);
}

const GROUNDS = ["bg", "s1", "s2", "s3"];
const TEXTS = ["text-1", "text-2", "text-3", "accent", "ok", "warn", "bad", "unknown", "sim", "stale"];
const PAIRS: readonly (readonly [front: string, back: string, least: number])[] = [
  ...TEXTS.flatMap((front) => GROUNDS.map((back) => [front, back, 4.5] as const)),
  ["on-fill", "fill", 4.5],
  ["on-sim", "sim", 4.5],
  ...GROUNDS.map((back) => ["control", back, 3] as const),
  ...["compute", "storage", "energy", "ad", "relay"].map((market) => [`m-${market}`, "s1", 3] as const),
];

for (const [theme, tokens] of Object.entries(THEMES)) {
  Deno.test(`app.css has enough contrast for every pair of tokens in the ${theme} theme`, () => {
    const poor = PAIRS.flatMap(([front, back, least]) => {
      assert(tokens[front] && tokens[back], `--${front} or --${back} is missing`);
      const ratio = contrast(tokens[front], tokens[back]);
      return ratio < least ? [`--${front} on --${back}: ${ratio.toFixed(2)} < ${least}`] : [];
    });
    assertEquals(poor, []);
  });
}

Deno.test("app.css gives the contrast theme at least 7 to 1 for all text", () => {
  for (const front of TEXTS) {
    for (const back of GROUNDS) {
      const ratio = contrast(THEMES.contrast![front]!, THEMES.contrast![back]!);
      assert(ratio >= 7, `--${front} on --${back}: ${ratio.toFixed(2)}`);
    }
  }
});

Deno.test("contrast() agrees with the extremes", () => {
  assertEquals(contrast([0, 0, 0], [255, 255, 255]), 21);
  assertEquals(contrast([9, 9, 9], [9, 9, 9]), 1);
});

/**
 * Dichromatic vision at full severity, in linear RGB: G. Machado, M. Oliveira and L. Fernandes, "A physiologically-based
 * model for simulation of color vision deficiency" (2009).
 */
const VISIONS: Readonly<Record<string, readonly (readonly number[])[]>> = {
  normal: [[1, 0, 0], [0, 1, 0], [0, 0, 1]],
  protan: [[0.152286, 1.052583, -0.204868], [0.114503, 0.786281, 0.099216], [-0.003882, -0.048116, 1.051998]],
  deutan: [[0.367322, 0.860646, -0.227968], [0.280085, 0.672501, 0.047413], [-0.01182, 0.04294, 0.968881]],
  tritan: [[1.255528, -0.076749, -0.178779], [-0.078411, 0.930809, 0.147602], [0.004733, 0.691367, 0.3039]],
};

/** CIE L*a*b*, D65, of a colour as a vision sees it. */
function labOf(color: Rgb, vision: readonly (readonly number[])[]): Rgb {
  const light = color.map(linear);
  const [r, g, b] = vision.map((row) =>
    Math.min(1, Math.max(0, row.reduce((sum, factor, i) => sum + factor * light[i]!, 0)))
  ) as [number, number, number];
  const x = (0.4124564 * r + 0.3575761 * g + 0.1804375 * b) / 0.95047;
  const y = 0.2126729 * r + 0.7151522 * g + 0.072175 * b;
  const z = (0.0193339 * r + 0.119192 * g + 0.9503041 * b) / 1.08883;
  const f = (t: number) => t > 216 / 24_389 ? Math.cbrt(t) : (24_389 / 27 * t + 16) / 116;
  return [116 * f(y) - 16, 500 * (f(x) - f(y)), 200 * (f(y) - f(z))];
}

/** CIE76 difference. */
function difference(a: Rgb, b: Rgb): number {
  return Math.hypot(...a.map((value, i) => value - b[i]!));
}

const MARKETS = ["m-compute", "m-storage", "m-energy", "m-ad", "m-relay"];

for (const theme of ["light", "dark"]) {
  for (const [name, vision] of Object.entries(VISIONS)) {
    Deno.test(`app.css keeps the market colours of the ${theme} theme 30 apart for ${name} vision`, () => {
      const labs = MARKETS.map((token) => labOf(THEMES[theme]![token]!, vision));
      for (let i = 0; i < labs.length; i++) {
        for (let j = 0; j < i; j++) {
          const apart = difference(labs[i]!, labs[j]!);
          assert(apart >= 30, `${MARKETS[i]} and ${MARKETS[j]} are ${apart.toFixed(1)} apart`);
        }
      }
    });
  }
}
