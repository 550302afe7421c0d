// Checks the documents: their programs compile against the built package (documents/programs.mjs says what
// counts as one), the paths that they name exist, their links lead somewhere, and the figures and the picture
// that they show are those of bench/results/ (documents/figures.mjs, bench/picture.mjs).
import { spawnSync } from 'node:child_process';
import { existsSync, mkdirSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import { wrongFigures } from './documents/figures.mjs';
import { linksOf, wrongLinks } from './documents/links.mjs';
import { programsOf } from './documents/programs.mjs';

const folder = path.join('.setup', 'readme');
/** Paths in a user's bundle, and those of the policy that CONTRIBUTING.md adds as an example. */
const INVENTED = /^workers\/main\.js$|heaviest-first/;

const forUsers = ['README.md', ...markdownIn('docs'), 'examples/README.md'];
const forContributors = ['ARCHITECTURE.md', 'CONTRIBUTING.md', 'bench/README.md'];
const wrong = [];

// Programs, each document's in a folder of its own.
const programs = forUsers.flatMap((document) =>
  programsOf(readFileSync(document, 'utf8'), document).map((program) => ({
    ...program,
    document,
    file: path.posix.join(document.replace(/\.md$/, ''), program.file),
  })),
);
rmSync(folder, { recursive: true, force: true });
for (const { file, text } of programs) {
  mkdirSync(path.dirname(path.join(folder, file)), { recursive: true });
  // Without an import or export, TypeScript would take a file for a script, whose names are everyone's.
  const module = /^\s*(import|export)\b/m.test(text) || file.endsWith('.cjs') ? '' : 'export {};';
  writeFileSync(path.join(folder, file), module + text);
}
for (const language of ['ts', 'js']) {
  const files = programs.filter((program) => program.language === language).map((program) => program.file);
  if (files.length > 0) wrong.push(...compile(language, files));
}

for (const document of [...forUsers, ...forContributors]) {
  const markdown = readFileSync(document, 'utf8');
  for (const [, file] of markdown.matchAll(/`((?:src|workers|test|bench|\.ci|examples)\/[\w./-]*)`/g)) {
    if (!existsSync(file) && !INVENTED.test(file)) wrong.push(`${document}: there is no ${file}`);
  }
  wrong.push(...wrongLinks(markdown, document), ...wrongFigures(markdown, document));
}

const linked = linksOf(readFileSync('README.md', 'utf8')).map((link) => link.replace(/#.*/, ''));
for (const document of markdownIn('docs')) {
  if (!linked.includes(document)) wrong.push(`README.md: its contents lack ${document}`);
}

const picture = spawnSync(process.execPath, ['bench/picture.mjs', '--check'], { encoding: 'utf8' });
if (picture.status !== 0) wrong.push(`${picture.stdout}${picture.stderr}`.trimEnd());

for (const each of wrong) console.log(each);
console.log(
  `documents: ${forUsers.length + forContributors.length}, with ${programs.length} programs; ` +
    (wrong.length > 0 ? `${wrong.length} faults` : 'all compile, no broken link'),
);
process.exitCode = wrong.length > 0 ? 1 : 0;

function markdownIn(root) {
  const files = readdirSync(root).map((file) => `${root}/${file}`);
  return files.filter((file) => file.endsWith('.md')).sort();
}

/** What the compiler finds, with the places of the documents. */
function compile(language, files) {
  const config = path.join(folder, `tsconfig.${language}.json`);
  const compilerOptions = {
    noEmit: true,
    allowJs: true,
    rootDir: '../..',
    outDir: null,
    noUnusedLocals: false,
    noUnusedParameters: false,
    // Parameters in plain JavaScript have no types.
    ...(language === 'js' ? { checkJs: true, noImplicitAny: false } : {}),
  };
  writeFileSync(
    config,
    JSON.stringify({ extends: '../../tsconfig.json', compilerOptions, include: [], files }),
  );
  const { status, stdout } = spawnSync(
    process.execPath,
    ['node_modules/typescript/bin/tsc', '-p', config, '--pretty', 'false'],
    { encoding: 'utf8' },
  );
  if (status === 0) return [];
  const errors = stdout.replaceAll(/^\S*?\.setup\/readme\/(\S+?)\((\d+),/gm, (all, file, line) => {
    const program = programs.find((each) => each.file === file);
    return program === undefined ? all : `${program.document}(${line},`;
  });
  return [errors.trimEnd()];
}
