// Checks that the code in README.md compiles against the built package, and that the paths that the documents
// name exist. Conventions for the blocks of code:
//   ```ts / ```js             a program of its own (`require(` in it makes it CommonJS)
//   first line `// name.ext`  a file that the other blocks may import
//   ```ts continues           goes on where the program above it ended
import { spawnSync } from 'node:child_process';
import { existsSync, mkdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import path from 'node:path';

const folder = path.join('.setup', 'readme');
/** Paths in a user's bundle, and those of the policy that CONTRIBUTING.md adds as an example. */
const INVENTED = /^workers\/main\.js$|heaviest-first/;
const languages = { ts: 'ts', typescript: 'ts', js: 'js', javascript: 'js', mjs: 'js', cjs: 'js' };

/**
 * The programs in `markdown`. Each line keeps its number, so that the compiler's line numbers are the
 * README's.
 */
export function programsOf(markdown) {
  const programs = [];
  const lines = markdown.split(/\r?\n/);
  for (let i = 0; i < lines.length; i++) {
    const fence = /^(\s*)(`{3,})\s*(\w+)(.*)$/.exec(lines[i]);
    if (!fence) continue;
    const [, indent, ticks, tag, info] = fence;
    const end = lines.findIndex((line, at) => at > i && line.trim() === ticks);
    const body = lines.slice(i + 1, end).map((line) => line.slice(indent.length));
    const language = languages[tag];
    if (language !== undefined) {
      const last = programs.at(-1);
      const program = info.trim() === 'continues' ? last : { language, name: `line-${i + 1}`, lines: [] };
      if (program === undefined) throw new Error(`README.md:${i + 1}: nothing to continue`);
      while (program.lines.length <= i) program.lines.push('');
      program.lines.push(...body);
      const named = /^\/\/ ([\w./-]+\.[cm]?[jt]s)$/.exec(body[0] ?? '');
      if (program !== last) programs.push(named ? { ...program, file: named[1] } : program);
    }
    i = end;
  }
  return programs.map(({ language, name, lines: code, file }) => {
    const text = `${code.join('\n')}\n`;
    const extension = language === 'ts' ? 'ts' : /\brequire\(/.test(text) ? 'cjs' : 'mjs';
    return { file: file ?? `${name}.${extension}`, language, text };
  });
}

const markdown = existsSync('README.md') ? readFileSync('README.md', 'utf8') : '';
const programs = programsOf(markdown);
rmSync(folder, { recursive: true, force: true });
mkdirSync(folder, { recursive: true });
for (const { file, text } of programs) {
  mkdirSync(path.dirname(path.join(folder, file)), { recursive: true });
  // Without an import or export, TypeScript would take a file for a script, whose names are everyone's.
  const module = /^\s*(import|export)\b/m.test(text) || file.endsWith('.cjs') ? '' : 'export {};';
  writeFileSync(path.join(folder, file), module + text);
}

let failed = false;
for (const language of ['ts', 'js']) {
  const files = programs.filter((program) => program.language === language).map((program) => program.file);
  if (files.length === 0) continue;
  const config = path.join(folder, `tsconfig.${language}.json`);
  const compilerOptions = {
    ...{
      noEmit: true,
      allowJs: true,
      rootDir: '../..',
      outDir: null,
      noUnusedLocals: false,
      noUnusedParameters: false,
    },
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
  process.stdout.write(stdout.replaceAll(/^\S*line-\d+\.\w+\((\d+),/gm, 'README.md($1,'));
  failed ||= status !== 0;
}
for (const document of ['README.md', 'ARCHITECTURE.md', 'CONTRIBUTING.md', 'bench/README.md']) {
  const named = readFileSync(document, 'utf8').matchAll(/`((?:src|workers|test|bench|\.ci)\/[\w./-]*)`/g);
  for (const [, file] of named) {
    if (existsSync(file) || INVENTED.test(file)) continue;
    console.log(`${document}: there is no ${file}`);
    failed = true;
  }
}
console.log(`README: ${programs.length} programs, ${failed ? 'failed' : 'all compile'}`);
process.exitCode = failed ? 1 : 0;
