/**
 * Colours of tasks and of outcomes. Both schemes keep them apart for colour-blind eyes, on their own ground.
 */

const LIGHT = ['#2a78d6', '#1baf7a', '#eda100', '#7a55d1', '#e34948', '#0f8f9c', '#e87ba4', '#8a6a1f'];
const DARK = ['#3f8fe8', '#23a878', '#c98500', '#9a83f0', '#e66767', '#2aa5b3', '#d55181', '#b0925a'];
/** Tasks beyond the colours share one. */
const OTHER = '#8b8b85';

const scheme = matchMedia('(prefers-color-scheme: dark)');

export function isDark(): boolean {
  return scheme.matches;
}

/** Calls `listener` when the colours have changed. */
export function onScheme(listener: () => void): void {
  scheme.addEventListener('change', listener);
}

/** The value of a colour of the style sheet. */
export function styleColor(name: string): string {
  return getComputedStyle(document.documentElement).getPropertyValue(`--${name}`).trim();
}

/** Gives each task a colour, in the order in which tasks are first seen: it stays the same from then on. */
export class TaskColors {
  readonly #indexes = new Map<string, number>();

  of(task: string): string {
    let index = this.#indexes.get(task);
    if (index === undefined) {
      index = this.#indexes.size;
      this.#indexes.set(task, index);
    }
    return (isDark() ? DARK : LIGHT)[index] ?? OTHER;
  }
}

export type OutcomeName = keyof import('../wire.js').Outcomes;

const OUTCOMES_LIGHT: Record<OutcomeName, string> = {
  fulfilled: '#2a78d6',
  failed: '#e34948',
  crashed: '#7a1f1f',
  timedOut: '#eda100',
  aborted: '#7a55d1',
  refused: '#e87ba4',
  closed: '#8b8b85',
};
const OUTCOMES_DARK: Record<OutcomeName, string> = {
  fulfilled: '#3f8fe8',
  failed: '#e66767',
  crashed: '#f2a3a3',
  timedOut: '#c98500',
  aborted: '#9a83f0',
  refused: '#d55181',
  closed: '#8b8b85',
};

export function outcomeColor(name: OutcomeName): string {
  return (isDark() ? OUTCOMES_DARK : OUTCOMES_LIGHT)[name];
}
