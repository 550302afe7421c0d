// Runs one example in its place, with the library as it is built here: `node .ci/example.mjs NAME`. What else
// it needs is a dev dependency of the library's.
import { spawnSync } from 'node:child_process';
import { existsSync, mkdirSync, symlinkSync } from 'node:fs';
import path from 'node:path';

const folder = path.resolve('examples', process.argv[2] ?? '');
const program = path.join(folder, 'start.js');
if (!existsSync(program)) {
  console.error(`there is no ${path.relative('.', program)}`);
  process.exit(2);
}
const link = path.join(folder, 'node_modules', 'leastwork');
if (!existsSync(link)) {
  mkdirSync(path.dirname(link), { recursive: true });
  symlinkSync(path.resolve('.'), link, 'junction');
}
const { status } = spawnSync(process.execPath, [program], { stdio: 'inherit' });
process.exitCode = status ?? 1;
