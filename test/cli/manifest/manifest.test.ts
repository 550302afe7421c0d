import { describe, expect, it } from 'vitest';
import { formatLine, ManifestParser } from '../../../dist/src/cli/manifest/manifest.js';
import { coreutils } from '../../support/command.js';
import { makeOddTree, ODD_NAMES } from '../../support/odd-names.js';
import { scratch } from '../../support/scratch.js';

const DIGEST = '2d711642b726b04401627ca9fbac32f5c8530fb1903cc4db02258717921a4881';
const parse = (line: string) => new ManifestParser('sha256', 64).parse(line);

describe('a line', () => {
  it.each(ODD_NAMES)('for %j reads back as what it was made of', (path) => {
    const line = formatLine(DIGEST, path);
    expect(line.endsWith('\n')).toBe(true);
    expect(parse(line.slice(0, -1))).toEqual({ path, digest: DIGEST });
  });

  it('is written as sha256sum writes it', () => {
    const directory = scratch();
    makeOddTree(directory);
    for (const name of ODD_NAMES.filter((name) => !/[^\0-\x7f]/.test(name))) {
      const { stdout } = coreutils('sha256sum', ['--', name], { cwd: directory });
      const digest = /[0-9a-f]{64}/.exec(stdout)![0];
      expect(formatLine(digest, name)).toBe(stdout);
    }
  });
});

describe('forms that are understood', () => {
  it.each([
    ['text mode', `${DIGEST}  a`, 'a'],
    ['binary mode', `${DIGEST} *a`, 'a'],
    ['a name with a leading blank', `${DIGEST}   a`, ' a'],
    ['a name with a leading star', `${DIGEST} **a`, '*a'],
    ['one blank', `${DIGEST} a`, 'a'],
    ['a tab', `${DIGEST}\t a`, 'a'],
    ['leading blanks', ` \t${DIGEST}  a`, 'a'],
    ['upper case', `${DIGEST.toUpperCase()}  a`, 'a'],
    ['a carriage return at the end', `${DIGEST}  a\r`, 'a'],
    ['an escaped name', `\\${DIGEST}  a\\n\\r\\\\b`, 'a\n\r\\b'],
    ['a backslash in a name that is not escaped', `${DIGEST}  a\\b`, 'a\\b'],
    ['the BSD form', `SHA256 (a) = ${DIGEST}`, 'a'],
    ['the OpenSSL form', `SHA256(a)= ${DIGEST}`, 'a'],
    ['parentheses in the BSD form', `SHA256 (a) = (b)) = ${DIGEST}`, 'a) = (b)'],
    ['an escaped name in the BSD form', `\\SHA256 (a\\nb) = ${DIGEST}`, 'a\nb'],
  ])('%s', (_, line, path) => {
    expect(parse(line)).toEqual({ path, digest: DIGEST });
  });
});

describe('forms that are not', () => {
  it.each([
    ['words', 'hello'],
    ['a short digest', `${DIGEST.slice(1)}  a`],
    ['a long digest', `0${DIGEST}  a`],
    ['something else than hex', `${DIGEST.replace('2', 'g')}  a`],
    ['no name', `${DIGEST} `],
    ['an unknown escape', `\\${DIGEST}  a\\tb`],
    ['a backslash at the end', `\\${DIGEST}  a\\`],
    ['a NUL', `${DIGEST}  a\0b`],
    ["another algorithm's tag", `MD5 (a) = ${DIGEST}`],
    ['the tag in lower case', `sha256 (a) = ${DIGEST}`],
    ['a BSD form cut short', `SHA256 (a) = ${DIGEST.slice(1)}`],
    ['a BSD form without a name', `SHA256 = ${DIGEST}`],
  ])('%s', (_, line) => {
    expect(parse(line)).toBeUndefined();
  });
});

it('passes over comments and empty lines', () => {
  expect(['', '\r', '# words', `#${DIGEST}  a`].map(parse)).toEqual(['empty', 'empty', 'empty', 'empty']);
});

it('does not mix the two forms, so that no leading blank can be passed off as part of the form', () => {
  const two = new ManifestParser('sha256', 64);
  expect(two.parse(`${DIGEST}  a`)).toEqual({ path: 'a', digest: DIGEST });
  expect(two.parse(`${DIGEST} a`)).toBeUndefined();
  const one = new ManifestParser('sha256', 64);
  expect(one.parse(`${DIGEST} a`)).toEqual({ path: 'a', digest: DIGEST });
  expect(one.parse(`${DIGEST}  a`)).toEqual({ path: ' a', digest: DIGEST });
});
