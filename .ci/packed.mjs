// Checks that the package holds just what it should: the built files of today's sources and the papers, nothing else.
import { execFileSync } from 'node:child_process';
import { outputs } from './setup.mjs';

// `prepack` is for publishing; here set-up has just built.
const npm = process.platform === 'win32' ? 'npm.cmd' : 'npm';
const json = execFileSync(npm, ['pack', '--dry-run', '--json', '--ignore-scripts'], {
  encoding: 'utf8',
  stdio: ['ignore', 'pipe', 'inherit'],
});
const answer = JSON.parse(json);
// npm 12 answers with an object by package name, earlier ones with a list.
const [pack] = Array.isArray(answer) ? answer : Object.values(answer);
const packed = new Set(pack.files.map((file) => file.path));

const papers = ['CHANGELOG.md', 'LICENSE', 'README.md', 'package.json'];
const expected = new Set([...papers, ...outputs().map((file) => `dist/${file}`)]);

const missing = [...expected].filter((file) => !packed.has(file));
const surplus = [...packed].filter((file) => !expected.has(file));
for (const file of missing) console.error(`not in the package, but should be: ${file}`);
for (const file of surplus) console.error(`in the package, but should not be: ${file}`);
console.log(`package: ${packed.size} files, ${pack.size} bytes packed, ${pack.unpackedSize} unpacked`);
process.exitCode = missing.length + surplus.length > 0 ? 1 : 0;
