import { mkdirSync, writeFileSync } from 'node:fs';

/** File names that tools stumble over, as bytes with one character each. */
export const ODD_NAMES = [
  'plain.txt',
  'with space',
  ' leading and trailing ',
  'new\nline',
  'back\\slash',
  'carriage\rreturn',
  'literal \\n and \\\\',
  '-dash',
  '--check',
  '*star',
  '#comment',
  "it's",
  'quote"d',
  '$HOME `x` !y',
  'tab\tescape\x1b[31m',
  'not utf-8 \xff\xfe',
  'caf\xc3\xa9',
  'SHA256 (x) = y',
  '~tilde',
  '{a,b}',
  'a)b',
  'x:y',
];

/** Makes `directory` with a file for each odd name, some of them empty, and the same again one level down. */
export function makeOddTree(directory: string): void {
  for (const folder of [directory, `${directory}/sub dir`]) {
    mkdirSync(folder, { recursive: true });
    ODD_NAMES.forEach((name, index) => {
      const path = Buffer.concat([Buffer.from(`${folder}/`), Buffer.from(name, 'latin1')]);
      writeFileSync(path, 'x'.repeat(index * 1000));
    });
  }
}
