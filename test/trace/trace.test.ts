import { existsSync, mkdirSync, readFileSync, statSync, symlinkSync } from 'node:fs';
import { join, relative } from 'node:path';
import { pathToFileURL } from 'node:url';
import { Balancer } from 'leastwork';
import { describe, expect, it, onTestFinished } from 'vitest';
import { withBalancer, withSmallBalancer } from '../support/balancer.js';
import { faults } from '../support/faults.js';
import { Gate } from '../support/gate.js';
import { scratch } from '../support/scratch.js';
import { until } from '../support/until.js';
import { eventsOf, runsOf, type TraceEvent } from './events.js';

const spin = (ms: number): number => {
  const end = performance.now() + ms;
  while (performance.now() < end);
  return ms;
};

describe('trace', () => {
  it('has a track for each worker, with a slice for each run and an arrow to it', async () => {
    const file = join(scratch(), 'run.trace.json');
    await withBalancer({ workers: 2, name: 'pictures' }, async (balancer) => {
      await using trace = balancer.trace(file);
      expect(trace.file).toBe(file);
      await Promise.all(Array.from({ length: 40 }, () => balancer.submit(spin, [1])));
    });
    const events: TraceEvent[] = JSON.parse(readFileSync(file, 'utf8'));
    const named = events.filter(({ name }) => name === 'thread_name').map(({ args }) => args?.name);
    expect(named).toEqual(expect.arrayContaining(['submitted', 'worker 1', 'worker 2']));
    const processName = events.find(({ name }) => name === 'process_name')?.args?.name;
    expect(processName).toContain('pictures');
    const runs = runsOf(events);
    expect(runs).toHaveLength(40);
    expect(new Set(runs.map(({ name }) => name))).toEqual(new Set(['spin']));
    for (const { dur, args } of runs) {
      expect(dur).toBeGreaterThanOrEqual(999);
      expect(args?.wait_us).toBeGreaterThanOrEqual(0);
    }
    const arrows = events.filter(({ ph }) => ph === 's');
    const heads = new Map(events.filter(({ ph }) => ph === 'f').map((head) => [head.id, head]));
    expect(arrows).toHaveLength(40);
    for (const { id, ts } of arrows) {
      const head = heads.get(id) as TraceEvent;
      expect(head.ts).toBeGreaterThanOrEqual(ts);
      // It is drawn to the slice in which it lies.
      expect(runs.some((run) => run.tid === head.tid && run.ts === head.ts)).toBe(true);
    }
  });

  it('has slices that do not overlap, in the order in which the thread ran', async () => {
    const file = join(scratch(), 'run.trace.json');
    await withBalancer({ workers: 2 }, async (balancer) => {
      await using _trace = balancer.trace({ file, arrows: 0 });
      await Promise.all(Array.from({ length: 3_000 }, () => balancer.submit(spin, [0.01])));
    });
    const events = eventsOf(file);
    expect(events.some(({ ph }) => ph === 's')).toBe(false);
    const runs = runsOf(events);
    expect(runs).toHaveLength(3_000);
    const ends = new Map<number, number>();
    for (const { tid, ts, dur } of runs.sort((a, b) => a.ts - b.ts)) {
      expect(ts).toBeGreaterThanOrEqual((ends.get(tid) ?? 0) - 0.05);
      // Each is as long as it ran.
      expect(dur).toBeGreaterThan(9.5);
      ends.set(tid, ts + (dur as number));
    }
  });

  it('counts what waits, and how busy workers are', async () => {
    const file = join(scratch(), 'run.trace.json');
    await withSmallBalancer({ window: 1 }, async (balancer) => {
      const gate = new Gate();
      await using _trace = balancer.trace(file);
      const all = Array.from({ length: 5 }, () => balancer.submit(faults.blocked, [gate.words]));
      await gate.reached();
      await until(() => counters(file, 'queue').some(({ args }) => args?.waiting === 4));
      await until(() => counters(file, 'utilisation').some(({ args }) => args?.percent === 100));
      gate.open();
      await Promise.all(all);
    });
    expect(counters(file, 'queue').at(-1)?.args).toEqual({ waiting: 0 });
  });

  it('shows a run that goes on, and how it ends', async () => {
    const file = join(scratch(), 'run.trace.json');
    await withSmallBalancer({}, async (balancer) => {
      const gate = new Gate();
      await using _trace = balancer.trace(file);
      const blocked = balancer.submit(faults.blocked, [gate.words]);
      await gate.reached();
      await until(() => eventsOf(file).some(({ ph }) => ph === 'B'));
      gate.open();
      await blocked;
    });
    const runs = runsOf(eventsOf(file));
    expect(runs).toHaveLength(1);
    expect(runs[0]?.dur).toBeGreaterThan(0);
    expect(runs[0]?.args).toHaveProperty('wait_us');
  });

  it('tells failed runs, crashes, refusals, and threads that come and go', async () => {
    const file = join(scratch(), 'run.trace.json');
    await withSmallBalancer({ maxQueue: 0, window: 1 }, async (balancer) => {
      await using _trace = balancer.trace(file);
      await balancer.submit(() => 1);
      await expect(
        balancer.submit(() => {
          throw new Error('on purpose');
        }),
      ).rejects.toThrow('on purpose');
      await expect(balancer.submit(() => process.exit(3))).rejects.toThrow('died');
      await until(() => balancer.stats().workers.some(({ state }) => state === 'ready'));
      const gate = new Gate();
      const running = balancer.submit(faults.blocked, [gate.words]);
      await gate.reached();
      await expect(balancer.submit(faults.echo, [1])).rejects.toThrow('full');
      gate.open();
      await running;
    });
    const events = eventsOf(file);
    // One has thrown, one has ended its thread.
    expect(runsOf(events).filter(({ args }) => args?.failed === 1)).toHaveLength(2);
    const marks = events.filter(({ ph }) => ph === 'i').map(({ name }) => name);
    expect(marks).toEqual(expect.arrayContaining(['died', 'started', 'queue full', 'refused']));
  });

  it('ends with the Balancer', async () => {
    const file = join(scratch(), 'run.trace.json');
    const balancer = new Balancer({ workers: 1 });
    const trace = balancer.trace(pathToFileURL(file));
    await balancer.submit(() => 1);
    await balancer.close();
    expect(() => JSON.parse(readFileSync(file, 'utf8'))).not.toThrow();
    const { size } = statSync(file);
    await trace.stop();
    expect(statSync(file).size).toBe(size);
    expect(() => balancer.trace(file)).toThrow(expect.objectContaining({ code: 'ERR_BALANCER_CLOSED' }));
  });

  it('draws no more arrows a second than wanted', async () => {
    const file = join(scratch(), 'run.trace.json');
    await withBalancer({ workers: 1 }, async (balancer) => {
      await using _trace = balancer.trace({ file, arrows: 3 });
      await Promise.all(Array.from({ length: 50 }, (_, i) => balancer.submit((n) => n, [i])));
    });
    const arrows = eventsOf(file).filter(({ ph }) => ph === 's');
    expect(arrows.length).toBeGreaterThanOrEqual(3);
    expect(arrows.length).toBeLessThan(50);
  });

  it("draws a tenth of a second's arrows of requests that come at once", async () => {
    const file = join(scratch(), 'run.trace.json');
    const begin = performance.now();
    await withBalancer({ workers: 1 }, async (balancer) => {
      await using _trace = balancer.trace({ file, arrows: 2_000 });
      await Promise.all(Array.from({ length: 5_000 }, (_, i) => balancer.submit((n) => n, [i])));
    });
    const arrows = eventsOf(file).filter(({ ph }) => ph === 's');
    expect(arrows.length).toBeGreaterThanOrEqual(200);
    // Two more in each ms that submitting them takes.
    expect(arrows.length).toBeLessThanOrEqual(200 + 2 * Math.ceil(performance.now() - begin));
  });

  it('keeps names of any characters and any length', async () => {
    const file = join(scratch(), 'run.trace.json');
    await withBalancer({ workers: 1, name: 'Größe "π"' }, async (balancer) => {
      await using _trace = balancer.trace(file);
      const größe = () => 'größe';
      const long = new Function(`return function ${'n'.repeat(9_000)}() { return 2; }`)();
      await balancer.submit(größe);
      await balancer.submit(long);
    });
    const events = eventsOf(file);
    expect(events[0]?.args?.name).toMatch(/^Größe "π" \(/);
    const names = runsOf(events).map(({ name }) => name);
    expect(names[0]).toBe('größe');
    expect(names[1]).toMatch(/^n{200}$/);
  });

  it('refuses what is no file, and a file that cannot be created', async () => {
    const folder = scratch();
    await withBalancer({ workers: 1 }, async (balancer) => {
      for (const bad of [undefined, 7, '', {}, { file: 7 }, new URL('http://a/b'), ['a']]) {
        expect(() => balancer.trace(bad as string)).toThrow(
          expect.objectContaining({ code: 'ERR_INVALID_OPTION' }),
        );
      }
      for (const arrows of [-1, Number.NaN, '7']) {
        expect(() => balancer.trace({ file: join(folder, 'a'), arrows: arrows as number })).toThrow(
          /trace options\.arrows/,
        );
      }
      mkdirSync(join(folder, 'folder'));
      for (const file of [join(folder, 'folder'), join(folder, 'none', 'a')]) {
        expect(() => balancer.trace(file)).toThrow(expect.objectContaining({ code: 'ERR_TRACE_FILE' }));
      }
      expect(existsSync(join(folder, 'a'))).toBe(false);
    });
  });

  it('refuses a file that another trace writes, under whatever name, and leaves it alone', async () => {
    const folder = scratch();
    const file = join(folder, 'run.trace.json');
    symlinkSync(file, join(folder, 'link'));
    await withBalancer({ workers: 1 }, (balancer) =>
      withBalancer({ workers: 1 }, async (other) => {
        const trace = balancer.trace(file);
        for (const name of [file, pathToFileURL(file), join(folder, '.', 'link'), relative('.', file)]) {
          for (const each of [balancer, other]) {
            expect(() => each.trace(name)).toThrow(
              expect.objectContaining({
                code: 'ERR_TRACE_FILE',
                message: expect.stringContaining('another trace'),
              }),
            );
          }
        }
        await balancer.submit(() => 1);
        await trace.stop();
        expect(runsOf(eventsOf(file))).toHaveLength(1);
        // Now it is free, and begins anew.
        await using _again = other.trace(file);
        expect(runsOf(eventsOf(file))).toHaveLength(0);
      }),
    );
  });

  it('says where its file cannot be written to its end, and lets requests go on', async () => {
    await withBalancer({ workers: 1 }, async (balancer) => {
      const trace = balancer.trace('/dev/full');
      await expect(trace.stop()).rejects.toMatchObject({ code: 'ERR_TRACE_FILE', cause: { code: 'ENOSPC' } });
      expect(await balancer.submit(() => 1)).toBe(1);
    });
  });

  it('warns of a file that ends early, also where nobody stops the trace', async () => {
    const warnings: (Error & { code?: string })[] = [];
    const note = (warning: Error): void => void warnings.push(warning);
    process.on('warning', note);
    onTestFinished(() => void process.off('warning', note));
    await withBalancer({ workers: 1 }, async (balancer) => {
      balancer.trace('/dev/full');
      await balancer.submit(() => 1);
    });
    await until(() => warnings.length > 0);
    expect(warnings).toMatchObject([
      { code: 'ERR_TRACE_FILE', message: expect.stringMatching(/\/dev\/full.*ends early.*ENOSPC/) },
    ]);
  });
});

function counters(file: string, name: string): TraceEvent[] {
  return eventsOf(file).filter((event) => event.ph === 'C' && event.name === name);
}
