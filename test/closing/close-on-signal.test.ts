import { fileURLToPath } from 'node:url';
import { describe, expect, it } from 'vitest';
import { closeOnSignal } from '../../dist/src/closing/close-on-signal.js';
import { linesOf, runNode } from '../support/program.js';

const path = (name: string) => fileURLToPath(new URL(`./programs/${name}`, import.meta.url));
const fixture = path('closes-on-signal.mjs');

/**
 * Runs a fixture; sends each signal when it has said the word before it. Gives the words it said, and how it
 * ended.
 */
async function run(
  how: string,
  others: string,
  script: [word: string, signal: NodeJS.Signals][],
  file = fixture,
) {
  const { stdout, stderr, code, signal } = await runNode([file, how, others], {
    onLine(line, kill) {
      if (script[0] !== undefined && line.startsWith(script[0][0])) kill(script.shift()![1]);
    },
  });
  return { said: linesOf(stdout), errors: stderr, code, signal };
}

describe('closing on a signal', () => {
  it.each(['SIGTERM', 'SIGINT'] as const)(
    '%s closes, then ends the process as that signal does',
    async (signal) => {
      const end = await run('closes', 'alone', [['ready', signal]]);
      expect(end).toMatchObject({
        said: ['ready', 'closing {"timeout":1234}', 'closed'],
        code: null,
        signal,
      });
    },
  );

  it('a second signal ends at once, the other one too', async () => {
    const end = await run('hangs', 'alone', [
      ['ready', 'SIGTERM'],
      ['closing', 'SIGINT'],
    ]);
    expect(end).toMatchObject({ said: ['ready', 'closing {"timeout":1234}'], code: null, signal: 'SIGINT' });
  });

  it('a second signal ends with the conventional code where others listen', async () => {
    const end = await run('hangs', 'listener', [
      ['ready', 'SIGTERM'],
      ['other', 'SIGTERM'],
    ]);
    expect(end).toMatchObject({ code: 143, signal: null });
  });

  it('leaves the end to others who listen', async () => {
    const end = await run('closes', 'listener', [['ready', 'SIGTERM']]);
    expect(end.said.toSorted()).toEqual(['closed', 'closing {"timeout":1234}', 'other', 'ready']);
    expect(end).toMatchObject({ code: 0, signal: null });
  });

  it.each(['once before', 'once after', 'once first'])(
    'leaves the end to others who listen %s',
    async (others) => {
      const end = await run('closes', others, [['ready', 'SIGTERM']]);
      expect(end.said.toSorted()).toEqual([
        'closed',
        'closing {"timeout":1234}',
        'other',
        'other is done',
        'ready',
      ]);
      expect(end).toMatchObject({ code: 0, signal: null });
    },
  );

  it('two Balancers: the last to be closed ends the process', async () => {
    const end = await run('closes', 'second', [['ready', 'SIGTERM']]);
    expect(end.said.filter((word) => word === 'closed')).toHaveLength(2);
    expect(end.signal).toBe('SIGTERM');
  });

  it('a close that fails is shown, with code 1', async () => {
    const end = await run('fails', 'alone', [['ready', 'SIGTERM']]);
    expect(end.errors).toContain('close has failed');
    expect(end).toMatchObject({ code: 1, signal: null });
  });

  it('an infinite timeout is no timeout', async () => {
    const end = await run('patient', 'alone', [['ready', 'SIGTERM']]);
    expect(end.said).toContain('closing {}');
  });

  it('does nothing once disposed', async () => {
    const end = await run('closes', 'disposed', [['ready', 'SIGTERM']]);
    expect(end).toMatchObject({ said: ['ready', 'other'], code: 0, signal: null });
  });

  it('leaves no listener', () => {
    const count = () => process.listenerCount('SIGTERM') + process.listenerCount('SIGUSR2');
    const before = count();
    const handle = closeOnSignal({ close: async () => {} }, { signals: ['SIGUSR2', 'SIGTERM', 'SIGUSR2'] });
    expect(count()).toBe(before + 2);
    handle[Symbol.dispose]();
    handle[Symbol.dispose]();
    expect(count()).toBe(before);
  });

  it.each([
    [{ signals: ['SIGNOPE'] }, 'signals'],
    [{ signals: ['SIGKILL'] }, 'signals'],
    [{ signals: ['toString'] }, 'signals'],
    [{ signals: 'SIGTERM' }, 'signals'],
    [{ timeout: -1 }, 'timeout'],
    [{ timeout: Number.NaN }, 'timeout'],
    [{ timeout: '5' }, 'timeout'],
    [{ timeout: 2 ** 31 }, 'timeout'],
    [{ queued: 'drop' }, 'queued'],
    [{ timeot: 5 }, 'timeot'],
    [5, undefined],
  ])('%j is refused', (options, option) => {
    expect(() => closeOnSignal({ close: async () => {} }, options as never)).toThrow(
      expect.objectContaining({
        code: 'ERR_INVALID_OPTION',
        option: ['closeOnSignal options', option].filter(Boolean).join('.'),
      }),
    );
  });
});

it.each([undefined, null, {}, { close: 1 }, 'balancer'])(
  '%j cannot be closed, and is refused at once',
  (given) => {
    const before = process.listenerCount('SIGTERM');
    expect(() => closeOnSignal(given as never)).toThrow(
      expect.objectContaining({ code: 'ERR_INVALID_OPTION', option: 'closeOnSignal(balancer)' }),
    );
    expect(process.listenerCount('SIGTERM')).toBe(before);
  },
);

describe('closing a Balancer on a signal', () => {
  const file = path('balancer-closes-on-signal.mjs');

  it('finishes what was accepted and refuses the rest', async () => {
    const end = await run(
      '60000',
      '',
      [
        ['ready', 'SIGTERM'],
        ['closing', 'SIGUSR2'],
      ],
      file,
    );
    expect(end.said).toEqual(['ready', 'closing', 'refused ERR_BALANCER_CLOSED', 'finished', 'finished too']);
    expect(end).toMatchObject({ code: null, signal: 'SIGTERM', errors: '' });
  });

  it('gives up at its timeout', async () => {
    const end = await run('1', '', [['ready', 'SIGTERM']], file);
    const said = end.said.filter((word) => word !== 'closing');
    expect(said).toEqual(['ready', 'ERR_BALANCER_CLOSED', 'ERR_BALANCER_CLOSED']);
    expect(end).toMatchObject({ code: null, signal: 'SIGTERM', errors: '' });
  });
});
