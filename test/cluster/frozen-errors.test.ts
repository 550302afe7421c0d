import { expect, test } from 'vitest';
import { runProgram } from '../support/program.js';

const program = `
  import { Cluster, serve } from 'leastwork/cluster';
  if (process.execArgv.includes('--frozen-intrinsics') === false) Object.freeze(Error);
  const redis = 'redis://127.0.0.1:1';
  const told = async (call) => {
    try {
      await call();
    } catch ({ code, message }) {
      console.log(code, message);
    }
  };
  await told(async () => new Cluster({ redis }));
  await told(() => serve([process.cwd() + '/test/fixtures/cluster/bystander.mjs'], { redis }));
  process.exit();
`;

test.each([[], ['--frozen-intrinsics']])(
  'a Cluster on Redis is refused where Error is frozen, instead of waiting for ever: %s',
  async (...flags) => {
    const args = ['--no-warnings', ...flags, '--input-type=module', '-e', program];
    const { stdout } = await runProgram(process.execPath, args);
    const lines = stdout.trim().split('\n');
    expect(lines).toHaveLength(2);
    for (const line of lines)
      expect(line).toMatch(/^ERR_ENGINE .*ioredis needs an Error whose stackTraceLimit/);
  },
);
