// Runs the tests, and then shows which lines of the sources they ran. `node .ci/coverage.mjs [arguments of
// vitest]`
//
// Node itself counts, in every process and thread. The report's own runner would switch on a module loader of
// its own in each of them, with which `import()` takes longer than it does for users.
import { spawnSync } from 'node:child_process';
import { readdirSync, readFileSync, rmSync } from 'node:fs';
import path from 'node:path';
import { fileURLToPath } from 'node:url';
import { CoverageReport } from 'monocart-coverage-reports';

const root = path.dirname(path.dirname(fileURLToPath(import.meta.url)));
const counts = path.join(root, 'coverage', 'counts');
rmSync(counts, { recursive: true, force: true });

const vitest = path.join(root, 'node_modules', 'vitest', 'vitest.mjs');
const { status } = spawnSync(process.execPath, [vitest, 'run', ...process.argv.slice(2)], {
  cwd: root,
  stdio: 'inherit',
  env: { ...process.env, NODE_V8_COVERAGE: counts },
});

const report = new CoverageReport({
  reports: [['console-details', {}]],
  outputDir: path.join(root, 'coverage', 'report'),
  entryFilter: { '**/node_modules/**': false, '**/dist/**': true, '**': false },
  sourceFilter: { '**/node_modules/**': false, '**/src/**': true, '**/workers/**': true },
});
// A process that was killed, as some tests do, may have left half a file.
for (const name of readdirSync(counts)) {
  const file = path.join(counts, name);
  try {
    JSON.parse(readFileSync(file, 'utf8'));
  } catch {
    rmSync(file);
  }
}
await report.addFromDir(counts);
await report.generate();
process.exit(status ?? 1);
