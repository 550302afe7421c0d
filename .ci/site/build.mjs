// `npm run docs`: a static site in site/, of the documents and the reference that typedoc makes of the doc
// comments. typedoc needs an earlier TypeScript than the library: both are in this folder's package.json, and
// are installed when first needed. Fails on broken links, of the comments and of the pages.
import { spawnSync } from 'node:child_process';
import { existsSync, readdirSync, readFileSync, writeFileSync } from 'node:fs';
import { createRequire } from 'node:module';
import path from 'node:path';
import { fileURLToPath, pathToFileURL } from 'node:url';
import { linksOf } from '../documents/links.mjs';
import { brokenLinks } from './broken-links.mjs';
import { entryPoints } from './entry-points.mjs';

const here = path.dirname(fileURLToPath(import.meta.url));
process.chdir(path.join(here, '..', '..'));
const out = 'site';

if (!existsSync(path.join(here, 'node_modules', 'typedoc'))) install();
const require = createRequire(path.join(here, 'package.json'));
const { Application, LogLevel } = await import(pathToFileURL(require.resolve('typedoc')).href);

const manifest = JSON.parse(readFileSync('package.json', 'utf8'));
const modules = entryPoints(manifest);
const documents = documentsInOrder();
const app = await Application.bootstrapWithPlugins({
  entryPoints: modules.map(({ source }) => source),
  tsconfig: path.join(here, 'tsconfig.json'),
  readme: 'README.md',
  projectDocuments: documents,
  out,
  name: manifest.name,
  customCss: path.join(here, 'site.css'),
  favicon: path.join(here, 'favicon.svg'),
  excludeInternal: true,
  excludePrivate: true,
  excludeExternals: true,
  disableSources: true,
  hideGenerator: true,
  cleanOutputDir: true,
  sort: ['source-order'],
  sortEntryPoints: false,
  headings: { readme: false, document: false },
  navigation: { includeFolders: false },
  // Named in signatures, but not exported: that is shown as text, and breaks no link.
  validation: {
    notExported: false,
    invalidLink: true,
    invalidPath: true,
    rewrittenLink: true,
    notDocumented: false,
  },
  logLevel: LogLevel.Warn,
});

const project = await app.convert();
if (project === undefined) fail('the sources do not compile');
for (const module of project.children) {
  // typedoc calls a module by its source, as in `src/batch` for src/batch/index.ts.
  const own = modules.find(({ source }) => source.replace(/(\/index)?\.[cm]?ts$/, '') === module.name);
  if (own === undefined) fail(`${module.name} is no export of the package`);
  module.name = own.name;
}
for (const document of project.documents ?? []) {
  const text = document.content.map((part) => part.text).join('');
  const title = /^# (.+)$/m.exec(text)?.[1];
  if (title !== undefined) document.name = title.replaceAll('`', '');
}
app.validate(project);
await app.generateOutputs(project);
if (app.logger.hasErrors() || app.logger.hasWarnings()) fail('see above');

linkToFiles();
const { pages, broken } = brokenLinks(out);
for (const { page, link, why } of broken) console.log(`${page}: ${link}: ${why}`);
if (broken.length > 0) fail(`${broken.length} broken links`);
console.log(`site: ${pages} pages, no broken link: ${path.resolve(out, 'index.html')}`);

/** As the README links to them; then the others. */
function documentsInOrder() {
  const [, contents] = readFileSync('README.md', 'utf8').split('\n## Contents\n');
  const linked = linksOf(contents).map((link) => link.replace(/#.*/, ''));
  const all = [...readdirSync('docs').map((file) => `docs/${file}`), 'ARCHITECTURE.md', 'CONTRIBUTING.md'];
  return [...new Set([...linked, ...all])].filter((file) => file.endsWith('.md'));
}

/** Links to the first page are to its folder, which only a server resolves. */
function linkToFiles() {
  for (const file of readdirSync(out, { recursive: true }).filter((name) => name.endsWith('.html'))) {
    const page = path.join(out, file);
    writeFileSync(page, readFileSync(page, 'utf8').replaceAll('<a href="../"', '<a href="../index.html"'));
  }
}

function install() {
  console.log('site: npm install');
  const npm = process.platform === 'win32' ? 'npm.cmd' : 'npm';
  const args = ['ci', '--no-audit', '--no-fund', '--prefer-offline', '--silent'];
  const { status } = spawnSync(npm, args, {
    cwd: here,
    stdio: 'inherit',
    shell: process.platform === 'win32',
  });
  if (status !== 0) fail('npm ci has failed');
}

function fail(why) {
  console.log(`site: ${why}`);
  process.exit(1);
}
