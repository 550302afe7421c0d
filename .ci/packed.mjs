// Checks that the package holds exactly the built files of today's sources and the documents, and that the
// documents' relative links lead to files of the package.
import { execFileSync } from 'node:child_process';
import { readdirSync, readFileSync } from 'node:fs';
import path from 'node:path';
import { linksOf } from './documents/links.mjs';
import { ENTRIES, exportsOf } from './entries.mjs';
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
/** Users get the types of `dist/node` and what those refer to; these are for the tests. */
const isForTests = (file) => /^(src|workers)\/.*\.d\.ts$/.test(file);
const expected = new Set([
  ...documents,
  ...outputs()
    .filter((file) => !isForTests(file))
    .map((file) => `dist/${file}`),
]);

const missing = [...expected].filter((file) => !packed.has(file));
// Types in CommonJS are written for those sources that public types refer to.
const isTypes = (file) => file.startsWith('dist/') && file.endsWith('.d.cts');
const surplus = [...packed].filter((file) => !expected.has(file) && !isTypes(file));
const broken = documents
  .filter((file) => file.endsWith('.md'))
  .flatMap((file) => linksOf(readFileSync(file, 'utf8')).map((link) => ({ file, link })))
  .map(({ file, link }) => ({ file, link, target: link.replace(/#.*$/, '') }))
  .filter(
    ({ file, target }) => target !== '' && !packed.has(path.posix.join(path.posix.dirname(file), target)),
  );
for (const { file, link } of broken) console.error(`${file} links to ${link}, which is not in the package`);
const { exports: declared, typesVersions, version } = JSON.parse(readFileSync('package.json', 'utf8'));
const wrong = Object.entries(ENTRIES).filter(([name, { subpath }]) => {
  // For TypeScript's resolution of before `exports`, which reads `types` for the main entry.
  const types = subpath === '.' || typesVersions['*'][subpath.slice(2)]?.[0] === `./dist/node/${name}.d.cts`;
  return !types || JSON.stringify(declared[subpath]) !== JSON.stringify(exportsOf(name));
});
for (const [name, { subpath }] of wrong)
  console.error(
    `package.json: exports and typesVersions of '${subpath}' must be ${JSON.stringify(exportsOf(name))}`,
  );
const { VERSION } = await import('../dist/src/version.js');
if (VERSION !== version) console.error(`src/version.ts says ${VERSION}, package.json ${version}`);
for (const file of missing) console.error(`not in the package, but should be: ${file}`);
for (const file of surplus) console.error(`in the package, but should not be: ${file}`);
console.log(`package: ${packed.size} files, ${pack.size} bytes packed, ${pack.unpackedSize} unpacked`);
process.exitCode =
  missing.length + surplus.length + broken.length + wrong.length + Number(VERSION !== version) > 0 ? 1 : 0;
