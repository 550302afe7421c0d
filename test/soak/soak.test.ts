import { spawnSync } from 'node:child_process';
import { fileURLToPath } from 'node:url';
import { expect, it } from 'vitest';

const soak = fileURLToPath(new URL('soak.mjs', import.meta.url));

// The long run is `npm run soak`; its figures are in bench/results/soak.md.
it('20,000 requests of all kinds, while threads crash and the set changes: nothing is lost', () => {
  const { status, stdout, stderr } = spawnSync(
    process.execPath,
    [soak, '--requests', '20000', '--seed', '1'],
    {
      encoding: 'utf8',
    },
  );
  expect(status, stdout + stderr).toBe(0);
  expect(stdout).toContain('No violation');
}, 300_000);
