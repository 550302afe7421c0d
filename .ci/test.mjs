// `npm test`: says what it is going to take, builds, checks the types of the tests and runs them. The last
// lines are the count. `npm test -- test/policies` runs a part.
import { spawnSync } from 'node:child_process';
import { mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import { fileURLToPath } from 'node:url';

const root = path.dirname(path.dirname(fileURLToPath(import.meta.url)));
const args = process.argv.slice(2);
const isWhole = args.length === 0;
/** What the last run of the whole suite took on this machine. */
const record = path.join(root, 'node_modules', '.cache', 'leastwork-tests.json');
/** `dot`: a dot for each test; failures are printed whole, at the end. */
const REPORTERS = process.env.CI ? [] : ['--reporter=dot'];

if (isWhole) console.log(announcement());
const begin = performance.now();
run('set-up', [path.join(root, '.ci', 'setup.mjs')]);
run('types of the tests', [path.join(root, 'node_modules/typescript/bin/tsc'), '-p', 'test/tsconfig.json']);
run('tests', [path.join(root, 'node_modules/vitest/vitest.mjs'), 'run', ...REPORTERS, ...args]);
if (isWhole) keepRecord(performance.now() - begin);

function announcement() {
  const part = 'For a part of them: npm test -- test/policies';
  try {
    const { minutes } = JSON.parse(readFileSync(record, 'utf8'));
    return `All tests, against the built package: ${minutes} minutes the last time.\n${part}\n`;
  } catch {
    return `All tests, more than 3,000, against the built package: some 10 minutes on 2 cores.\n${part}\n`;
  }
}

function keepRecord(ms) {
  mkdirSync(path.dirname(record), { recursive: true });
  writeFileSync(record, JSON.stringify({ minutes: Math.max(1, Math.round(ms / 60_000)) }));
}

/** Ends with the program's exit code where that fails. */
function run(what, command) {
  const { status, signal } = spawnSync(process.execPath, command, { cwd: root, stdio: 'inherit' });
  if (status === 0) return;
  console.error(`${what}: failed${signal ? ` (${signal})` : ''}`);
  process.exit(status ?? 1);
}
