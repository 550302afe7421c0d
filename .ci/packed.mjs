// Checks that the package holds exactly the built files of today's sources and the documents, and that the
// documents' relative links lead to files of the package.
import { execFileSync } from 'node:child_process';
import { readdirSync, readFileSync } from 'node:fs';
import path from 'node:path';
import { linksOf } from './documents/links.mjs';
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

const documents = [
  'ARCHITECTURE.md',
  'CHANGELOG.md',
  'CONTRIBUTING.md',
  'LICENSE',
  'README.md',
  ...readdirSync('docs').map((file) => `docs/${file}`),
  'package.json',
];
const expected = new Set([...documents, ...outputs().map((file) => `dist/${file}`)]);

const missing = [...expected].filter((file) => !packed.has(file));
const surplus = [...packed].filter((file) => !expected.has(file));
const broken = documents
  .filter((file) => file.endsWith('.md'))
  .flatMap((file) => linksOf(readFileSync(file, 'utf8')).map((link) => ({ file, link })))
  .map(({ file, link }) => ({ file, link, target: link.replace(/#.*$/, '') }))
  .filter(
    ({ file, target }) => target !== '' && !packed.has(path.posix.join(path.posix.dirname(file), target)),
  );
for (const { file, link } of broken) console.error(`${file} links to ${link}, which is not in the package`);
for (const file of missing) console.error(`not in the package, but should be: ${file}`);
for (const file of surplus) console.error(`in the package, but should not be: ${file}`);
console.log(`package: ${packed.size} files, ${pack.size} bytes packed, ${pack.unpackedSize} unpacked`);
process.exitCode = missing.length + surplus.length + broken.length > 0 ? 1 : 0;
