import { describe, expect, it } from 'vitest';
import { Handover } from '../../dist/src/protocol/handover.js';
import { Window } from '../../dist/src/protocol/window.js';
import { explore } from './explorer.js';
import { type GivingOptions, givingModel } from './giving-model.js';
import { Violation } from './model.js';
import { handoverMutant } from './mutant.js';

const base = { Window, Handover, requests: 2, aborts: 1 };
const run = (options: Partial<GivingOptions>) => () => explore(givingModel({ ...base, ...options }));

describe('what is transferred to a thread that ends by itself, in every interleaving', () => {
  it.each<[string, Partial<GivingOptions>]>([
    ['comes back, or was not sent', {}],
    ['three of them', { requests: 3, aborts: 0 }],
    ['is lost only where the thread had no chance to send it back', { dies: true }],
  ])('%s', (_, options) => {
    expect(run(options)().ends).toBeGreaterThan(0);
  });
});

type Mutant = [name: string, method: string, from: RegExp, to: string, rule: RegExp];
const mutants: Mutant[] = [
  ['does not say that it gives', 'give', /Atomics\.store\(words, GIVING, 1\);/, '', /is called lost/],
  [
    'says that it gives after it has looked',
    'give',
    /(Atomics\.store\(words, GIVING, 1\);)\s*if \((.*)\)/,
    'const free = $2; $1 if (free)',
    /is called lost/,
  ],
  ['gives without a look', 'give', /=== 0/, '>= 0', /is called lost/],
  ['does not take its word back', 'give', /this\.given\(\)/, '0', /no end/],
  [
    'takes its word back and tells nobody',
    'give',
    /this\.given\(\)/,
    'Atomics.store(words, GIVING, 0)',
    /no end/,
  ],
  ['never says that it has given', 'given', /Atomics\.store\(.*\);/, '', /no end/],
  ['does not wake the thread', 'given', /Atomics\.notify\(.*\);/, '', /no end/],
  ['does not say that it ends', 'takeLast', /Atomics\.store\(.*\);/, '', /is called lost/],
  [
    'says that it ends after the wait',
    'takeLast',
    /(Atomics\.store\(.*\);)\s*return (.*);/,
    'const all = $2; $1 return all;',
    /is called lost/,
  ],
  ['does not wait', 'takeLast', /Atomics\.wait\(.*\)/, '0', /is called lost/],
];

const errors: [NonNullable<GivingOptions['error']>, RegExp][] = [
  ['sends what was refused', /is to run elsewhere, and is/],
  ['says given before it is sent', /is called lost/],
  ['posts without a give', /is called lost/],
  ['returns without a last look', /is called lost/],
  ['looks at the window before it receives', /is called lost/],
];

describe('an error in giving is found', () => {
  it.each(mutants)('in the handover: %s', async (_, method, from, to, rule) => {
    const check = run({ Handover: await handoverMutant(method, from, to) });
    expect(check).toThrow(Violation);
    expect(check).toThrow(rule);
  });

  it.each(errors)('around it: %s', (error, rule) => {
    expect(run({ error })).toThrow(Violation);
    expect(run({ error })).toThrow(rule);
  });
});
