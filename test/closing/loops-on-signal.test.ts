import { fileURLToPath } from 'node:url';
import { describe, expect, it } from 'vitest';
import { linesOf, runNode } from '../support/program.js';

const program = fileURLToPath(new URL('programs/loops-on-signal.mjs', import.meta.url));

/** Sends SIGTERM when the program has said that word. */
async function run(kind: string, timeout: number, when = 'ready') {
  const { stdout, ...end } = await runNode([program, kind, String(timeout)], {
    onLine(line, kill) {
      if (line === when) kill('SIGTERM');
    },
  });
  return { said: linesOf(stdout), ...end };
}

const bySignal = { code: null, signal: 'SIGTERM', stderr: '' };

describe('closeOnSignal, while a loop is open', () => {
  it.each(['map', 'unordered', 'router'])(
    '%s: the body ends, the loop is told, finally runs',
    async (kind) => {
      const { said, ...end } = await run(kind, 60_000);
      expect(said).toEqual(['ready', 'body', 'ERR_BALANCER_CLOSED', 'finally']);
      expect(end).toEqual(bySignal);
    },
  );

  it('stream: it gets its remaining values', async () => {
    const { said, ...end } = await run('stream', 60_000);
    expect(said).toEqual(['ready', 'body', 'done after 3', 'finally']);
    expect(end).toEqual(bySignal);
  });

  it('a map that waits for its source is told, too', async () => {
    const { said, ...end } = await run('source', 60_000, 'waits');
    expect(said).toEqual(['waits', 'ERR_BALANCER_CLOSED', 'finally']);
    expect(end).toEqual(bySignal);
  });

  it('a stream that does not end is told before the timeout is over', async () => {
    const { said, ...end } = await run('endless', 10_000);
    expect(said).toEqual(['ready', 'body', 'ERR_BALANCER_CLOSED', 'finally']);
    expect(end).toEqual(bySignal);
  });

  it.each(['slow map', 'slow stream'])(
    '%s: a body that takes long gets no more of the values that are there when its time is over',
    async (kind) => {
      const { said, ...end } = await run(kind, 10_000);
      expect(said).toEqual(['ready', 'ERR_BALANCER_CLOSED', 'finally']);
      expect(end).toEqual(bySignal);
    },
  );

  it('a loop that does not leave is cut at the timeout', async () => {
    const { said, ...end } = await run('never', 1_000);
    expect(said).toEqual(['ready', 'body']);
    expect(end).toEqual(bySignal);
  });

  it('one that has left before the signal holds up nothing', async () => {
    const { said, ...end } = await run('ended', 60_000);
    expect(said).toEqual(['done after 1', 'ready']);
    expect(end).toEqual(bySignal);
  });
});
