// `npm start`: the main job on real files. With arguments, `leastwork hash` with these; without, a manifest of this checkout's
// node_modules in a file, and what can be done with it.
import { spawnSync } from 'node:child_process';
import { fileURLToPath } from 'node:url';

const command = fileURLToPath(new URL('../dist/node/command.cjs', import.meta.url));
const given = process.argv.slice(2);
const manifest = 'node_modules.sha256';
const args = given.length > 0 ? given : ['node_modules', '--output', manifest];

const { status, signal } = spawnSync(process.execPath, [command, 'hash', ...args], { stdio: 'inherit' });
if (given.length === 0 && status === 0) {
  process.stderr.write(`
The SHA-256 digest of each file is in ${manifest}, as sha256sum writes them. The lines above say how long that took, and which
share of the work each thread had.

  npm start -- --check ${manifest}     verifies the files
  npm start -- PATH...                        hashes your own
`);
}
if (signal) process.kill(process.pid, signal);
process.exit(status ?? 1);
