import type { OutputLine } from 'leastwork';
import { describe, expect, it } from 'vitest';
import { withBalancer, withSmallBalancer } from '../support/balancer.js';
import { outputOfNode } from '../support/program.js';

describe('the event output', () => {
  it('has each line with its worker, request and task, before the result', () =>
    withBalancer({ workers: 1, output: 'event' }, async (balancer) => {
      const lines: OutputLine[] = [];
      balancer.on('output', (line) => lines.push(line));
      await balancer.submit(function first() {
        console.log('one\ntwo');
        process.stdout.write('thr');
        process.stdout.write('ee\r\nwithout an end');
      });
      const seen = lines.map(({ line }) => line);
      await balancer.submit(function second() {
        process.stderr.write('not good\n\n');
      });
      expect(seen).toEqual(['one', 'two', 'three', 'without an end']);
      expect(lines[0]).toEqual({ worker: 1, request: 1, task: 'first', stream: 'stdout', line: 'one' });
      expect(lines.slice(4)).toEqual([
        { worker: 1, request: 2, task: 'second', stream: 'stderr', line: 'not good' },
        { worker: 1, request: 2, task: 'second', stream: 'stderr', line: '' },
      ]);
    }));

  it('knows which item of a map has printed', () =>
    withBalancer({ workers: 1, output: 'event' }, async (balancer) => {
      const lines: OutputLine[] = [];
      balancer.on('output', (line) => lines.push(line));
      const task = (n: number) => void process.stdout.write(`${n}`);
      for await (const _ of balancer.map([10, 20, 30], task, { batch: 3 }));
      expect(lines.map(({ request, line }) => [request, line])).toEqual([
        [1, '10'],
        [2, '20'],
        [3, '30'],
      ]);
    }));

  it('comes before the result of an item also where its chunk takes long, and tells of the first ones', () =>
    withBalancer({ workers: 1, output: 'event' }, async (balancer) => {
      let printed: string[] = [];
      balancer.on('output', ({ line }) => printed.push(line));
      const task = (n: number) => {
        process.stdout.write(`${n}`);
        const end = performance.now() + 9;
        while (n === 10 && performance.now() < end);
        return n;
      };
      for (let round = 0; round < 30; round++) {
        printed = [];
        for await (const n of balancer.map([10, 20, 30], task, { batch: 3 }))
          expect(printed).toContain(`${n}`);
      }
    }));

  it('keeps a character that comes in two parts whole', () =>
    withBalancer({ workers: 1, output: 'event' }, async (balancer) => {
      const lines: string[] = [];
      balancer.on('output', ({ line }) => lines.push(line));
      await balancer.submit(() => {
        const bytes = Buffer.from('Bäume\n');
        process.stdout.write(bytes.subarray(0, 2));
        process.stdout.write(bytes.subarray(2));
      });
      expect(lines).toEqual(['Bäume']);
    }));

  it('comes also from a module that is being preloaded, without a request', () =>
    withBalancer(
      {
        workers: 1,
        output: 'event',
        preload: [new URL('data:text/javascript,console.log("loaded")')],
      },
      async (balancer) => {
        const lines: OutputLine[] = [];
        balancer.on('output', (line) => lines.push(line));
        await balancer.submit(() => {});
        expect(lines).toEqual([
          { worker: 1, request: undefined, task: undefined, stream: 'stdout', line: 'loaded' },
        ]);
      },
    ));

  it.each([
    ['inherit', 'printed\nheard printed\n'],
    ['event', 'heard printed\n'],
  ])("output: '%s'", async (output, expected) => {
    const program = `
      import { Balancer } from 'leastwork';
      const balancer = new Balancer({ workers: 1, output: '${output}' });
      const heard = [];
      balancer.on('output', ({ line }) => heard.push('heard ' + line));
      await balancer.submit(() => console.log('printed'));
      await balancer.close();
      for (const line of heard) console.log(line);
    `;
    expect(await outputOfNode(['--input-type=module', '-e', program])).toBe(expected);
  });
});

describe('the error of a crash', () => {
  it('has the worker, the task and the last lines of stderr', () =>
    withSmallBalancer({ output: 'event' }, async (balancer) => {
      const crash = balancer.submit(function unlucky() {
        console.log('not this');
        for (let i = 0; i < 100; i++) console.error(`line ${i}`);
        process.exit(5);
      });
      await expect(crash).rejects.toMatchObject({
        code: 'ERR_WORKER_CRASHED',
        exitCode: 5,
        workerId: 1,
        taskName: 'unlucky',
        stderr: Array.from({ length: 20 }, (_, i) => `line ${80 + i}`).join('\n'),
      });
    }));

  it('has a bounded part of a long line, and nothing where nothing was said', () =>
    withSmallBalancer({ output: 'event' }, async (balancer) => {
      const crash = (text: string) =>
        balancer
          .submit(
            (said) => {
              process.stderr.write(said);
              process.exit(5);
            },
            [text],
          )
          .catch((error) => error.stderr as string);
      expect(await crash('')).toBe('');
      const long = await crash(`${'x'.repeat(100_000)}\nthe end\n`);
      expect(long.endsWith('the end')).toBe(true);
      expect(long.length).toBeLessThanOrEqual(8_192);
    }));
});
