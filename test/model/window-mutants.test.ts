import { describe, expect, it } from 'vitest';
import { Window } from '../../dist/src/protocol/window.js';
import { explore } from './explorer.js';
import { Violation } from './model.js';
import { windowMutant } from './mutant.js';
import { windowModel } from './window-model.js';
import type { WindowModelOptions } from './window-setting.js';

/*
 * The model check is worth what it can find. So each part of the protocol is broken on purpose, and must be caught: in the
 * real `window.js` by changing its text, and around it by the model's `error`.
 */
const base = { Window, capacity: 2, requests: 2, position: 0xfffe, maxStates: 100_000 };
const reclaims = { reclaims: 1 };
const byMessage = { ...reclaims, messages: true, coarse: true };
const aborts = { withdraws: 1, messages: 'all arguments', coarse: true, sleepsAtOnce: true } as const;
const expires = { expires: true, messages: 'all arguments', coarse: true, sleepsAtOnce: true } as const;
const run = (options: Partial<WindowModelOptions>) => () => explore(windowModel({ ...base, ...options }));

const swap = /Atomics\.compareExchange\(words, WINDOW, word, (.*)\) === word/;
type Mutant = [
  name: string,
  method: string,
  from: RegExp,
  to: string,
  options: Partial<WindowModelOptions>,
  rule: RegExp,
];
const mutants: Mutant[] = [
  ['posts without a swap', 'post', swap, '(Atomics.store(words, WINDOW, $1), true)', {}, /./],
  ['claims without a swap', 'claim', swap, '(Atomics.store(words, WINDOW, $1), true)', reclaims, /./],
  ['reclaims without a swap', 'reclaim', swap, '(Atomics.store(words, WINDOW, $1), true)', reclaims, /./],
  ['reclaims beyond the head', 'reclaim', /Math\.min\(n, .*\)/, 'n', reclaims, /./],
  ['claims without the wrap', 'claim', /\(\(head \+ 1\) & POSITION_MASK\)/, '(head + 1)', {}, /./],
  [
    'reclaims without the wrap',
    'reclaim',
    /\(tail - word\) & POSITION_MASK/,
    'tail - (word & POSITION_MASK)',
    { deaths: 1, position: 0xffff },
    /not taken back whole/,
  ],
  ['naps without a second look', 'nap', /this\.unstarted\(\) === 0/, 'true', {}, /no end/],
  ['sleeps without a second look', 'sleep', /this\.unstarted\(\) === 0/, 'true', {}, /no end/],
  ['does not notify', 'ring', /was === .*\.napping/, 'false', {}, /no end/],
  [
    'rings by what it read, not by what it swapped',
    'ring',
    /return was === /,
    'return state === ',
    {},
    /no end/,
  ],
  ['swaps the bell and tells nobody', 'wakeMain', /=== (\w+\.)*sleeping\)/, '=== 7)', {}, /no end/],
  [
    'wakes by what it read, not by what it swapped',
    'wakeMain',
    /Atomics\.compareExchange\(this\.#bell, 0, (.*), (.*)\) === \1/,
    '(Atomics.load(this.#bell, 0) === $1 && (Atomics.store(this.#bell, 0, $2), true))',
    { workers: 2, coarse: true, sleepsAtOnce: true },
    /woken twice/,
  ],
  ['publishes a completion that is not there yet', 'complete', /position \+ 1/, 'position + 2', {}, /./],
];

const errors: [NonNullable<WindowModelOptions['error']>, Partial<WindowModelOptions>, RegExp][] = [
  ['reads before it claims', { ...reclaims, capacity: 1 }, /started and was/],
  ['no second look before sleep', {}, /no end/],
  ['bell without a second look', {}, /no end/],
  ['rings before it posts', {}, /no end/],
  ['publishes before the slot is written', {}, /is of request/],
  ['announces before it publishes', {}, /no end/],
  ['holds back although its window is empty', {}, /no end/],
  [
    'claims before it publishes',
    { deaths: 1 },
    /2 requests were running|not taken back whole|started and was|no end/,
  ],
  ['finds arguments by request', byMessage, /./],
  ['does not tidy', aborts, /keeps the arguments/],
  ['tidies what was not dropped', { ...aborts, capacity: 4, requests: 3, withdraws: 2 }, /are not there/],
  ['forgets what it is to drop', aborts, /keeps the arguments/],
  ['keeps the arguments of what has expired', expires, /keeps the arguments/],
  ['does not complete what has expired', expires, /./],
  ['runs what has expired', expires, /after its queue time/],
];

describe('an error in the window is found', () => {
  it.each(mutants)(
    '%s',
    async (_, method, from, to, options, rule) => {
      const check = run({ Window: await windowMutant(method, from, to), ...options });
      expect(check).toThrow(Violation);
      expect(check).toThrow(rule);
    },
    300_000,
  );
});

describe('an error around the window is found', () => {
  it.each(errors)(
    '%s',
    (error, options, rule) => {
      const check = run({ error, ...options });
      expect(check).toThrow(Violation);
      expect(check).toThrow(rule);
    },
    300_000,
  );
});
