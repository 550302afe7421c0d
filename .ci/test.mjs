// Runs the tests, and says beforehand what that takes. `node .ci/test.mjs [arguments of vitest]`
import { spawnSync } from 'node:child_process';
import path from 'node:path';
import { fileURLToPath } from 'node:url';

const root = path.dirname(path.dirname(fileURLToPath(import.meta.url)));
const vitest = path.join(root, 'node_modules', 'vitest', 'vitest.mjs');
const args = process.argv.slice(2);

if (args.length === 0) {
  console.log(
    'The whole suite, against the built package: some 3,300 tests, about 10 minutes on 2 cores.\n' +
      'For a part of it: npm test -- test/policies',
  );
}
const { status } = spawnSync(process.execPath, [vitest, 'run', ...args], { cwd: root, stdio: 'inherit' });
process.exit(status ?? 1);
