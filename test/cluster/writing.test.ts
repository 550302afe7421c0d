import { createRequire } from 'node:module';
import { Command } from 'ioredis';
import { describe, expect, test } from 'vitest';
import { EndOfTurn } from '../../dist/src/cluster/end-of-turn.js';
import { writeAtOnce } from '../../dist/src/cluster/engine/command-bytes.js';

/** Inside `ioredis`: what a script of BullMQ is. */
const Script = createRequire(import.meta.url)('ioredis/built/Script').default as new (
  lua: string,
  keys: number,
) => { Command: new (name: string, args: (string | Buffer)[], options: object) => Command };

const ARGUMENTS: readonly (readonly [what: string, args: (string | Buffer)[]])[] = [
  ['bytes between texts', ['key', Buffer.from([0, 13, 10, 255, 128]), 'text']],
  ['bytes first and last', [Buffer.from('first'), 'text', Buffer.from('last')]],
  ['bytes alone', [Buffer.alloc(5_000, 200)]],
  ['empty ones', ['', Buffer.alloc(0), '']],
  ['text that is not ASCII', ['für', Buffer.from('é'), '😀\ud800', '\r\n$3']],
  ['text alone', ['key', 'für']],
];

describe('a command is written as ioredis writes it', () => {
  for (const [what, args] of ARGUMENTS)
    test(what, () => {
      const [theirs, ours] = [0, 1].map(() => new Command('set', [...args])) as [Command, Command];
      writeAtOnce(ours);
      expect(Buffer.from(ours.toWritable({}))).toEqual(Buffer.from(theirs.toWritable({})));
    });

  test('a script: its text the first time on a connection, then its hash, and its text again where that is not known', () => {
    const script = new Script('return ARGV[1]', 0);
    const [before, after] = [{}, {}];
    const next = (): Command => {
      const command = new script.Command('evalsha', ['hash', '0', Buffer.from([200])], {});
      command.promise.catch(() => {});
      writeAtOnce(command);
      return command;
    };
    const isText = (command: Command, socket: object): boolean =>
      Buffer.from(command.toWritable(socket)).includes('return ARGV[1]');
    expect(isText(next(), before)).toBe(true);
    const known = next();
    expect(isText(known, before)).toBe(false);
    // It is sent again on the next connection, …
    expect(isText(known, after)).toBe(true);
    // … of which the server forgets it.
    known.reject(new Error('NOSCRIPT No matching script'));
    expect(isText(next(), after)).toBe(true);
  });
});

test('who waits for the end of a turn goes on after all microtasks, in order, together', async () => {
  const turn = new EndOfTurn();
  const seen: string[] = [];
  const wait = async (name: string): Promise<void> => {
    await turn.wait();
    seen.push(name);
  };
  const first = wait('first');
  let chain = Promise.resolve();
  for (let n = 0; n < 5; n++) chain = chain.then(() => void seen.push(`microtask ${n}`));
  const second = chain.then(() => wait('second'));
  await Promise.all([first, second]);
  expect(seen).toEqual([...[0, 1, 2, 3, 4].map((n) => `microtask ${n}`), 'first', 'second']);
});
