import { readFileSync } from 'node:fs';
import { describe, expect, it } from 'vitest';

const css = readFileSync(new URL('../../src/dashboard/page/style.css', import.meta.url), 'utf8');

/** The colours of a scheme by name: the later ones of `:root` count. */
function colors(text: string): Map<string, string> {
  return new Map(
    [...text.matchAll(/--([\w-]+): (#[\da-f]{6});/g)].map(([, name, value]) => [name, value] as never),
  );
}

const darkFrom = css.indexOf('prefers-color-scheme: dark');
const light = colors(css.slice(0, darkFrom));
const dark = new Map([...light, ...colors(css.slice(darkFrom))]);

/** Relative luminance, as WCAG 2 defines it. */
function luminance(hex: string): number {
  const [r, g, b] = [1, 3, 5].map((at) => {
    const part = Number.parseInt(hex.slice(at, at + 2), 16) / 255;
    return part <= 0.040_45 ? part / 12.92 : ((part + 0.055) / 1.055) ** 2.4;
  }) as [number, number, number];
  return 0.2126 * r + 0.7152 * g + 0.0722 * b;
}

function contrast(one: string, other: string): number {
  const [low, high] = [luminance(one), luminance(other)].sort((a, b) => a - b) as [number, number];
  return (high + 0.05) / (low + 0.05);
}

/** Colours of text, and what they are written on. */
const written = new Set(
  [...css.matchAll(/[\s;]color: var\(--([\w-]+)\)/g)].map(([, name]) => name as string),
);
const pairs = [...written].flatMap((name) => {
  if (name === 'panel') return [[name, 'text']];
  return ['page', 'panel', ...(name === 'warn' || name === 'text' ? ['warn-back'] : [])].map((on) => [
    name,
    on,
  ]);
}) as [string, string][];

describe.each([
  ['light', light],
  ['dark', dark],
])('%s text of the dashboard', (_, scheme) => {
  it.each(pairs)('in %s on %s has a contrast of 4.5 : 1, as WCAG AA asks for', (name, on) => {
    expect(contrast(scheme.get(name) as string, scheme.get(on) as string)).toBeGreaterThanOrEqual(4.5);
  });
});
