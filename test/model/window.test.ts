import { describe, expect, it } from 'vitest';
import { Window } from '../../dist/src/protocol/window.js';
import { explore } from './explorer.js';
import { windowModel } from './window-model.js';
import type { WindowModelOptions } from './window-setting.js';

/** Positions start two below the wrap, so that every run passes it. */
const base = { Window, capacity: 2, requests: 2, position: 0xfffe };

/** With LEASTWORK_MODEL=large, minutes; else seconds. */
const large = process.env.LEASTWORK_MODEL === 'large';

const two = { workers: 2, capacity: 1, coarse: true, sleepsAtOnce: true };
const fine = { coarse: false, sleepsAtOnce: false };
/** What is walked always, and what instead of it in the large run. */
const scenarios: [string, Partial<WindowModelOptions>, Partial<WindowModelOptions>][] = [
  ['requests through slots that are used again', { capacity: 1 }, { requests: 4 }],
  ['taken back', { reclaims: 1 }, { requests: 3, reclaims: 2 }],
  [
    'taken back, by message',
    { reclaims: 1, messages: true, coarse: true },
    { requests: 3, reclaims: 2, coarse: false },
  ],
  [
    'its thread dying at any step',
    { deaths: 1, reclaims: 1, coarse: true },
    { requests: 3, reclaims: 2, coarse: false },
  ],
  ['its thread dying at any step, by message', { deaths: 1, messages: true }, { requests: 3, reclaims: 1 }],
  [
    'aborted, by message',
    { withdraws: 1, messages: 'all arguments', coarse: true, sleepsAtOnce: true },
    { requests: 3, withdraws: 2, sleepsAtOnce: false },
  ],
  [
    'expired when they are claimed, by message',
    { expires: true, reclaims: 1, messages: true, coarse: true, sleepsAtOnce: true },
    { requests: 3, sleepsAtOnce: false },
  ],
  [
    'expired when they are claimed, its thread dying at any step',
    { expires: true, deaths: 1, coarse: true, sleepsAtOnce: true },
    { requests: 3, reclaims: 1, sleepsAtOnce: false },
  ],
  ['two workers on one bell', two, fine],
];
const more: typeof scenarios = [
  ['two workers, both dying at any step', { ...two, deaths: 2 }, { reclaims: 1 }],
];

describe('the protocol of the window, in every interleaving', () => {
  it.each(large ? [...scenarios, ...more] : scenarios)(
    '%s',
    (_, small, instead) => {
      const explored = explore(windowModel({ ...base, ...small, ...(large ? instead : {}) }));
      expect(explored.ends).toBeGreaterThan(0);
    },
    large ? 3_600_000 : 300_000,
  );
});
