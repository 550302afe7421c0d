import { expect, it } from 'vitest';
import { fromText } from '../../../dist/src/cli/files/bytes.js';
import { quote } from '../../../dist/src/cli/files/quote.js';
import { coreutils } from '../../support/command.js';
import { ODD_NAMES } from '../../support/odd-names.js';

// Only names of valid UTF-8 can be passed as arguments.
const names = [
  ...ODD_NAMES.filter((name) => !name.includes('\xff')),
  'a\n\nb',
  '\n',
  "'",
  "''x",
  "it's $5",
  'x\x7f',
  'a#b',
  '\u2028',
  '\u202e',
  '\u0085x',
  '=',
  'a=b',
  '^x',
  'a~b',
  'a\u200bb',
  '😀',
  'a]b',
  '[',
  '%',
  '@x',
  '+',
  'a,b',
  '{',
  '}',
  'a{b',
  "\n'",
  "a'b\nc",
  '?',
  'a?b',
  '<',
  '|x',
  '(',
  '&',
  ';',
  'é"',
  "é'!",
  '!',
  "'!",
].map((name) => (ODD_NAMES.includes(name) ? Buffer.from(name, 'latin1').toString('utf8') : name));

it.each(names)('shows %j as GNU tools do', (name) => {
  const path = `nowhere/${name}`;
  const { stderr } = coreutils('sha256sum', ['--', path]);
  expect(`sha256sum: ${quote(fromText(path))}: No such file or directory\n`).toBe(stderr);
  const bare = coreutils('sha256sum', ['--', `${name}.nowhere`]).stderr;
  expect(`sha256sum: ${quote(fromText(`${name}.nowhere`))}: No such file or directory\n`).toBe(bare);
});

it('shows bytes that are not UTF-8 as octal numbers', () => {
  expect(quote('\xff\xfea')).toBe("''$'\\377\\376''a'");
  expect(quote('a\xc3')).toBe("'a'$'\\303'");
  expect(quote('\xe2\x82')).toBe("''$'\\342\\202'");
});
