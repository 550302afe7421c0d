import { expect, it } from 'vitest';
import { runChild } from '../support/child.js';

it('SIGTERM: what was accepted finishes, the rest is refused, and the process ends as by that signal', async () => {
  const end = await runChild('waits for a signal', [], (line, kill) => {
    if (line === 'ready') kill('SIGTERM');
  });
  expect(end).toEqual({
    stdout: 'ready\nERR_BALANCER_CLOSED\nfinished\nqueued\n',
    stderr: '',
    code: null,
    signal: 'SIGTERM',
  });
});
