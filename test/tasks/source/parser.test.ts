import { expect, it } from 'vitest';
import { runChild } from '../../support/child.js';
import { linesOf } from '../../support/program.js';

it('a parser that cannot be loaded is no wrong function: the cause is told, and the next submit tries again', async () => {
  const { stdout, stderr, code } = await runChild('the parser cannot be loaded at first');
  expect({ lines: linesOf(stdout), stderr, code }).toEqual({
    lines: [
      'undefined EMFILE: acorn, the parser of inline functions, cannot be loaded: EMFILE: too many open files',
      '2',
    ],
    stderr: '',
    code: 0,
  });
});
