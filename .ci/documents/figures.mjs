// Figures in the documents are those of bench/results/. A block (a paragraph, a list or a table) that quotes
// some is preceded by a comment which names the results that they come from:
//   <!-- figures: overhead granularity -->
// Each number of the block has to stand in one of these files.
import { readFileSync } from 'node:fs';

const NUMBER = /(?<![\w.,])\d[\d,]*(?:\.\d+)?/g;

/** What is wrong with the figures of `markdown`, one text for each. */
export function wrongFigures(markdown, document) {
  const wrong = [];
  const lines = markdown.split(/\r?\n/);
  for (let i = 0; i < lines.length; i++) {
    const named = /^<!-- figures: ([\w\s-]+) -->$/.exec(lines[i]);
    if (!named) continue;
    const names = named[1].trim().split(/\s+/);
    const known = new Set(
      names.flatMap((name) => numbersOf(readFileSync(`bench/results/${name}.md`, 'utf8'))),
    );
    while (lines[++i] === '');
    for (; lines[i] !== undefined && lines[i] !== ''; i++) {
      for (const number of numbersOf(textOf(lines[i]))) {
        if (!known.has(number))
          wrong.push(`${document}:${i + 1}: ${number} is not in the results of ${names.join(', ')}`);
      }
    }
  }
  return wrong;
}

/** The line without code, and without the targets of its links. */
function textOf(line) {
  return line.replaceAll(/`[^`]*`/g, '').replaceAll(/\]\([^)]*\)/g, ']');
}

function numbersOf(text) {
  return text.match(NUMBER)?.map((number) => number.replace(/,$/, '')) ?? [];
}
