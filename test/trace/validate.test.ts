import { join } from 'node:path';
import { Balancer } from 'leastwork';
import { describe, expect, it } from 'vitest';
import { faults } from '../support/faults.js';
import { Gate } from '../support/gate.js';
import { scratch } from '../support/scratch.js';
import { until } from '../support/until.js';
import { eventsOf, runsOf } from './events.js';
import { problemsOf, problemsOfFile } from './validate.js';

const of = { pid: 1, tid: 2 };
const named = [
  { name: 'process_name', ph: 'M', pid: 1, tid: 0, args: { name: 'p' } },
  { name: 'thread_name', ph: 'M', ...of, args: { name: 't' } },
];
const slice = { name: 'a', cat: 'run', ph: 'X', ...of, ts: 10, dur: 10, args: {} };
const arrow = { name: 'wait', ph: 's', id: 1, ...of, ts: 10 };
const head = { name: 'wait', ph: 'f', bp: 'e', id: 1, ...of, ts: 15 };
const counter = { name: 'queue', ph: 'C', pid: 1, tid: 0, ts: 1, args: { waiting: 0 } };
const begin = { name: 'b', ph: 'B', ...of, ts: 20 };
const end = { ph: 'E', ...of, ts: 30, args: {} };

describe('the check of traces', () => {
  it('finds nothing in a good one', () => {
    expect(problemsOf([...named, slice, arrow, head, counter, begin, end])).toEqual([]);
    expect(problemsOf([...named, slice, begin], { isWhole: false })).toEqual([]);
  });

  it.each([
    ['a phase that nobody knows', [{ ...slice, ph: 'Q' }], /no phase 'Q'/],
    ['no pid', [{ ...slice, pid: undefined }], /pid and tid/],
    ['a time that is text', [{ ...slice, ts: '10' }], /ts is a number/],
    ['no length', [{ ...slice, dur: Number.NaN }], /dur is a number/],
    ['two runs at once', [slice, { ...slice, ts: 19 }], /'a' and 'a' overlap/],
    [
      'runs that overlap when cut to ns',
      [
        { ...slice, ts: 32, dur: 0.3 },
        { ...slice, ts: 32.3 },
      ],
      /cut to ns/,
    ],
    ['a run before the one before it', [slice, { ...slice, ts: 5, dur: 1 }], /goes back in time/],
    ['a run inside one that has begun', [begin, { ...slice, ts: 25, dur: 1 }, end], /'b' and 'a' overlap/],
    ['an end without a beginning', [end], /E without B/],
    ['a beginning without an end', [begin], /B without E/],
    ['an arrow that ends and has not begun', [slice, head], /has not begun/],
    ['an arrow that ends before it begins', [slice, { ...arrow, ts: 16 }, head], /ends before it begins/],
    ['an arrow that ends twice', [slice, arrow, head, head], /ends twice/],
    ['an arrow to no slice', [slice, arrow, { ...head, ts: 25 }], /lies in no slice/],
    ['a counter of text', [{ ...counter, args: { waiting: '1' } }], /a counter is numbers/],
    ['a counter that goes back', [{ ...counter, ts: 2 }, counter], /counter 'queue' goes back/],
    ['a track without a name', [{ ...slice, tid: 7 }], /track 1\/7 has no name/],
    ['a process without a name', [{ ...counter, pid: 7 }], /process 7 has no name/],
  ])('finds %s', (_, events, problem) => {
    expect(problemsOf([...named, ...events])).toContainEqual(expect.stringMatching(problem));
  });
});

it('finds nothing in the trace of a Balancer in which all kinds of things happen', async () => {
  const file = join(scratch(), 'all.trace.json');
  const balancer = new Balancer({ workers: 2, window: 4, maxQueue: 50, name: 'all' });
  await using trace = balancer.trace({ file, arrows: Number.POSITIVE_INFINITY });
  const ignore = (): void => {};
  await Promise.all(Array.from({ length: 30 }, (_, i) => balancer.submit(faults.echo, [i])));
  // More than fit, some aborted, some that throw, one that kills its thread.
  const controller = new AbortController();
  const all: Promise<unknown>[] = [];
  for (let i = 0; i < 200; i++) all.push(balancer.submit(faults.echo, [i], { signal: controller.signal }));
  for (let i = 0; i < 20; i++) all.push(balancer.submit(faults.thrower, [`${i}`]));
  controller.abort();
  await Promise.allSettled(all);
  await balancer.submit(faults.crash, ['exit']).catch(ignore);
  await balancer.submit(faults.busy, [5_000, 1], { timeout: 20 }).catch(ignore);
  for await (const _ of balancer.map(Array.from({ length: 300 }).keys(), (n: number) => n, { batch: 50 }));
  // One that goes on until it is in the file, and one that goes on at the end.
  const gate = new Gate();
  const long = balancer.submit(faults.blocked, [gate.words]);
  await gate.reached();
  await until(() => eventsOf(file).some(({ ph }) => ph === 'B'));
  gate.open();
  await long;
  const last = new Gate();
  const unfinished = balancer.submit(faults.blocked, [last.words]);
  await last.reached();
  const begun = () => eventsOf(file).filter(({ ph }) => ph === 'B').length;
  const before = begun();
  await until(() => begun() > before);
  await trace.stop();
  last.open();
  await unfinished;
  await balancer.close();
  expect(runsOf(eventsOf(file)).length).toBeGreaterThan(20);
  expect(problemsOfFile(file)).toEqual([]);
});
