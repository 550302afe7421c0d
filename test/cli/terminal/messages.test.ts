import { expect, it, vi } from 'vitest';
import { messagePrinter, messagesTaken } from '../../../dist/src/cli/terminal/messages.js';

it('messages of one synchronous section are one write, in order, after what is to be cleared', async () => {
  const written: string[] = [];
  const write = vi.spyOn(process.stderr, 'write').mockImplementation((text) => {
    written.push(String(text));
    return true;
  });
  try {
    const print = messagePrinter(() => written.push('cleared'));
    for (let number = 0; number < 1_000; number++) print(`line ${number}`);
    await undefined;
    print('later');
    await undefined;
  } finally {
    write.mockRestore();
  }
  const all = Array.from({ length: 1_000 }, (_, number) => `leastwork: line ${number}\n`).join('');
  expect(written).toEqual(['cleared', all, 'cleared', 'leastwork: later\n']);
});

it('messagesTaken waits until the pipe has taken what was printed', async () => {
  const callbacks: (() => void)[] = [];
  const write = vi.spyOn(process.stderr, 'write').mockImplementation(((_: string, taken: () => void) => {
    callbacks.push(taken);
    return false;
  }) as typeof process.stderr.write);
  try {
    messagePrinter(() => {})('line');
    let done = false;
    const waiting = messagesTaken().then(() => {
      done = true;
    });
    await new Promise(setImmediate);
    expect(done).toBe(false);
    for (const taken of callbacks) taken();
    await waiting;
  } finally {
    write.mockRestore();
  }
});
