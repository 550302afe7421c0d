import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { expect, it } from 'vitest';
import { runNode } from '../support/program.js';
import { scratch } from '../support/scratch.js';
import { eventsOf, runsOf } from './events.js';
import { problemsOfFile } from './validate.js';

const program = fileURLToPath(new URL('programs/traced.mjs', import.meta.url));

it('a killed process leaves a trace that can be opened', async () => {
  for (const runs of [1, 2]) {
    const file = join(scratch(), 'run.trace.json');
    const { signal } = await runNode([program, file, String(runs * 3_500)], {
      onLine: (_line, kill) => kill('SIGKILL'),
    });
    expect(signal).toBe('SIGKILL');
    // All but what was collected in the last 100 ms.
    expect(runsOf(eventsOf(file)).length).toBeGreaterThan(1_000);
    expect(problemsOfFile(file)).toEqual([]);
  }
});
