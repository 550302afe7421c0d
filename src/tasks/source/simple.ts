/**
 * Arrow functions that are so simple that what they use can be told without the parser, which takes the first
 * function of a program some 5 ms: `line => JSON.parse(line).id`, `(a, b) => a + b`. Of any other text the parser is asked,
 * also where something is wrong with it.
 */
import { isGlobalName } from './globals.js';

/** Plain parameters, and an expression. */
const ARROW = /^(?:\(([\w$,\s]*)\)|([\w$]+))\s*=>\s*(?!\{)(.*)$/s;

/**
 * Nothing that opens a scope, and nothing whose meaning depends on where it stands: no braces, templates, regular
 * expressions, comments, escapes, and no arrow.
 */
const TOKEN =
  /\s+|\d[\w.]*|'[^'\\\n\r]*'|"[^"\\\n\r]*"|\.{3}|\??\.\s*[A-Za-z_$][\w$]*|[A-Za-z_$][\w$]*|=(?!>)|[.()[\],+\-*%?:!<>&|^~]/y;
/** Comments of scripts, as browsers have them; and `new.target`. */
const OTHER = /<!--|-->|\bnew\s*\./;

const NAME = /^[A-Za-z_$][\w$]*$/;
const WORDS: ReadonlySet<string> = new Set([
  'true',
  'false',
  'null',
  'typeof',
  'void',
  'new',
  'in',
  'instanceof',
]);
/** Globals whose use depends on what is read of them: see `lacksMembers`. */
const SPECIAL: ReadonlySet<string> = new Set(['crypto']);

/** Longer texts are rarely simple, and the parser is soon worth its load. */
const MOST_LENGTH = 1_000;

/**
 * Whether a function's text is that of an arrow function, neither async nor a generator, that uses its parameters and
 * globals alone. False: the parser has to tell.
 *
 * O(length of the text).
 */
export function isSimple(text: string): boolean {
  if (text.length > MOST_LENGTH || OTHER.test(text)) return false;
  const [, several, one, body] = ARROW.exec(text) ?? [];
  if (body === undefined) return false;
  const parameters = one === undefined ? parametersIn(several as string) : [one];
  if (parameters === undefined || !parameters.every((name) => NAME.test(name))) return false;
  TOKEN.lastIndex = 0;
  while (TOKEN.lastIndex < body.length) {
    const [token] = TOKEN.exec(body) ?? [];
    if (token === undefined) return false;
    if (NAME.test(token) && !parameters.includes(token) && !isKnown(token)) return false;
  }
  return true;
}

/** @returns undefined: these are no plain names */
function parametersIn(list: string): string[] | undefined {
  if (list.trim() === '') return [];
  const names = list.split(',').map((name) => name.trim());
  // A comma may follow the last one.
  if (names.at(-1) === '') names.pop();
  return names;
}

function isKnown(name: string): boolean {
  return WORDS.has(name) || (isGlobalName(name) && !SPECIAL.has(name));
}
