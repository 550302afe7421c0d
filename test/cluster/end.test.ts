import { fileURLToPath } from 'node:url';
import { expect, test } from 'vitest';
import { onEachEngine } from '../support/cluster.js';
import { runNode } from '../support/program.js';

const program = fileURLToPath(new URL('../fixtures/cluster/program.mjs', import.meta.url));

onEachEngine((site) => {
  const options = (): string =>
    JSON.stringify({ ...site.server.address, name: site.name, lockDuration: 500 });

  test('nothing holds the process after close', async () => {
    // What might hold it does so for 3 s at least, and it would say so.
    const ran = runNode([program, options()]);
    expect(await ran).toMatchObject({ stdout: '3\nclosed\n', stderr: '', code: 0 });
  });

  test('… not even where the engine is gone', async () => {
    const ran = runNode([program, options(), 'wait'], {
      onLine: (line, kill) => {
        if (line === '3') void site.server.kill().then(() => kill('SIGUSR2'));
      },
    });
    expect(await ran).toMatchObject({ stdout: '3\nclosed\n', stderr: '', code: 0 });
  });
});
