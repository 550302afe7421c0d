import { expect, test } from 'vitest';
import { EngineLog } from '../../../dist/src/cli/work/engine-log.js';

test('an error is told once, then counted at growing intervals; the end of the trouble is told', () => {
  const lines: unknown[] = [];
  let now = 0;
  const note = (message: string, fields?: object): number => lines.push([now, message, fields]);
  const log = new EngineLog({ info: note, warn: note }, () => now);
  log.answersAgain();
  for (; now < 75_000; now += 500) log.failed(new Error('refused'));
  log.answersAgain();
  log.failed(new Error('refused'));
  expect(lines).toEqual([
    [0, 'engine', { error: 'refused' }],
    [10_000, 'engine', { error: 'refused', repeated: 19 }],
    [30_000, 'engine', { error: 'refused', repeated: 39 }],
    [70_000, 'engine', { error: 'refused', repeated: 79 }],
    [75_000, 'the engine answers again', { errors: 150 }],
    [75_000, 'engine', { error: 'refused' }],
  ]);
});

test('other errors are told at once, but not without end', () => {
  const lines: string[] = [];
  const note = (_: string, fields: { readonly error?: unknown } = {}): number =>
    lines.push(String(fields.error));
  const log = new EngineLog({ info: note, warn: note }, () => 0);
  for (let n = 0; n < 1_000; n++) log.failed(new Error(`from port ${n >> 1}`));
  expect(lines).toEqual(Array.from({ length: 10 }, (_, n) => `from port ${n}`));
});
