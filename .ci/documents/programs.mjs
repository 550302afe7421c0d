// The programs in a document. Conventions for the blocks of code:
//   ```ts / ```js             a program of its own (`require(` in it makes it CommonJS)
//   first line `// name.ext`  a file that the other blocks of the document may import
//   ```ts continues           goes on where the program above it ended
//   ```ts elsewhere           needs packages that are not installed here; it is compiled elsewhere or not at all
// and for tables whose last column is code:
//   <!-- rows compile after   the lines up to --> come first, then each row's code, in a function of its own

const LANGUAGES = { ts: 'ts', typescript: 'ts', js: 'js', javascript: 'js', mjs: 'js', cjs: 'js' };

/**
 * The programs in `markdown`, as `{ file, language, text }`. Each line keeps its number, so that the
 * compiler's line numbers are the document's.
 */
export function programsOf(markdown, document) {
  const programs = [];
  const lines = markdown.split(/\r?\n/);
  for (let i = 0; i < lines.length; i++) {
    if (lines[i] === '<!-- rows compile after') {
      i = tableProgram(lines, i, programs);
      continue;
    }
    const fence = /^(\s*)(`{3,})\s*(\w+)(.*)$/.exec(lines[i]);
    if (!fence) continue;
    const [, indent, ticks, tag, info] = fence;
    const end = lines.findIndex((line, at) => at > i && line.trim() === ticks);
    if (end === -1) throw new Error(`${document}:${i + 1}: the block has no end`);
    const body = lines.slice(i + 1, end).map((line) => line.slice(indent.length));
    const language = LANGUAGES[tag];
    if (language !== undefined && info.trim() !== 'elsewhere') {
      const last = programs.at(-1);
      const program =
        info.trim() === 'continues' ? last : { language, name: `line-${i + 1}`, lines: [], file: undefined };
      if (program === undefined) throw new Error(`${document}:${i + 1}: nothing to continue`);
      put(program.lines, i + 1, body);
      program.file ??= /^\/\/ ([\w./-]+\.[cm]?[jt]s)$/.exec(body[0] ?? '')?.[1];
      if (program !== last) programs.push(program);
    }
    i = end;
  }
  return programs.map(({ language, name, lines: code, file }) => {
    const text = `${code.join('\n')}\n`;
    const extension = language === 'ts' ? 'ts' : /\brequire\(/.test(text) ? 'cjs' : 'mjs';
    return { file: file ?? `${name}.${extension}`, language, text };
  });
}

/** Writes `body` from line number `at` (0-based) on. */
function put(lines, at, body) {
  while (lines.length < at) lines.push('');
  lines.push(...body);
}

/** @returns the index of the table's last line */
function tableProgram(lines, start, programs) {
  const program = { language: 'ts', name: `rows-${start + 1}`, lines: [], file: undefined };
  let i = lines.indexOf('-->', start);
  put(program.lines, start + 1, lines.slice(start + 1, i));
  while (!lines[i].startsWith('|')) i++;
  for (; lines[i]?.startsWith('|'); i++) {
    // A code span may hold an escaped bar.
    const cells = lines[i].split(/(?<!\\)\|/).slice(1, -1);
    const code = [...cells.at(-1).matchAll(/`([^`]+)`/g)].map(([, span]) => span.replaceAll('\\|', '|'));
    if (code.length > 0) put(program.lines, i, [`(async () => { ${code.join('; ')} })();`]);
  }
  programs.push(program);
  return i - 1;
}
