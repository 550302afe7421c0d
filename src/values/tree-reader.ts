/** Reads what `tree-writer.ts` has written. No code of the user's runs meanwhile. */
import type { TextReader } from '../protocol/layout.js';
import {
  constants,
  doublesFrom,
  GROUP_WORDS,
  HEADER_WORDS,
  TAG_BITS,
  TAG_MASK,
  tags,
} from './tree-format.js';
import { readShapes, type Shape } from './tree-shapes.js';

/**
 * So many characters are read at once, and strings cut out of them. V8 has longer parts of a string refer to
 * the whole, so who keeps one of them keeps these.
 */
const STRETCH = 256;

const NO_SHAPES: readonly Shape[] = [];
const NO_WORDS = new Int32Array(0);
const NO_DOUBLES = new Float64Array(0);

let words: Int32Array = NO_WORDS;
let at = 0;
let doubles: Float64Array = NO_DOUBLES;
let shapes = NO_SHAPES;
/** Those that have been met. */
let strings: string[] = [];
let texts: Texts;

export function readTree(buffer: ArrayBuffer): unknown {
  const header = new Int32Array(buffer, 0, HEADER_WORDS);
  const length = header[0] as number;
  const doubleCount = header[1] as number;
  const stringCount = header[2] as number;
  const groupCount = header[3] as number;
  const endsFrom = HEADER_WORDS + length;
  const groupsFrom = endsFrom + stringCount;
  const head = groupsFrom + GROUP_WORDS * groupCount;
  words = new Int32Array(buffer, 4 * HEADER_WORDS, length);
  doubles = doubleCount === 0 ? NO_DOUBLES : new Float64Array(buffer, doublesFrom(head), doubleCount);
  at = 0;
  strings = [];
  texts = new Texts(buffer, endsFrom, groupsFrom, head);
  shapes = readShapes(texts.first(header[4] as number));
  try {
    return readAny();
  } finally {
    words = NO_WORDS;
    doubles = NO_DOUBLES;
    strings = [];
    shapes = NO_SHAPES;
  }
}

function readAny(): unknown {
  const word = words[at++] as number;
  const operand = word >> TAG_BITS;
  switch (word & TAG_MASK) {
    case tags.int:
      return operand;
    case tags.double:
      return doubles[operand];
    case tags.string:
      return operand < strings.length ? strings[operand] : readString(operand);
    case tags.array:
      return readArray(operand);
    case tags.object:
      return readObject(operand);
    default:
      return readConstant(operand);
  }
}

function readConstant(number: number): unknown {
  if (number === constants.undefined) return undefined;
  return number === constants.null ? null : number === constants.true;
}

function readString(number: number): string {
  const text = texts.read(number);
  strings.push(text);
  return text;
}

function readArray(length: number): unknown[] {
  const array: unknown[] = [];
  for (let i = 0; i < length; i++) array[i] = readAny();
  return array;
}

function readObject(number: number): object {
  const { keys, empty } = shapes[number] as Shape;
  const object = { ...empty };
  for (let i = 0; i < keys.length; i++) object[keys[i] as string] = readAny();
  return object;
}

/** The strings of one tree, which are read in their order. */
class Texts {
  readonly #bytes: TextReader;
  readonly #ends: Int32Array;
  readonly #groups: Int32Array;
  #group = 0;
  /** Of the current group: its first string, the string after its last, its place and its characters. */
  #first = 0;
  #upTo = 0;
  #from = 0;
  #isWide = false;
  /** A stretch of the group, and where it begins and ends. */
  #text = '';
  #start = 0;
  #end = 0;

  constructor(buffer: ArrayBuffer, endsFrom: number, groupsFrom: number, head: number) {
    this.#bytes = Buffer.from(buffer) as unknown as TextReader;
    this.#ends = new Int32Array(buffer, 4 * endsFrom, groupsFrom - endsFrom);
    this.#groups = new Int32Array(buffer, 4 * groupsFrom, head - groupsFrom);
  }

  /** The text of the first group, which has no strings. */
  first(length: number): string {
    this.#next();
    return this.#characters(0, length);
  }

  read(number: number): string {
    while (number >= this.#upTo) this.#next();
    const start = number === this.#first ? 0 : (this.#ends[number - 1] as number);
    const end = this.#ends[number] as number;
    if (end - start > STRETCH / 2) return this.#characters(start, end);
    if (end > this.#end) {
      this.#start = start;
      this.#end = Math.min(start + STRETCH, this.#ends[this.#upTo - 1] as number);
      this.#text = this.#characters(start, this.#end);
    }
    return this.#text.slice(start - this.#start, end - this.#start);
  }

  #next(): void {
    const groups = this.#groups;
    const at = GROUP_WORDS * this.#group++;
    this.#first = this.#upTo;
    this.#upTo = groups[at] as number;
    this.#from = groups[at + 1] as number;
    this.#isWide = groups[at + 2] === 1;
    this.#end = 0;
  }

  #characters(start: number, end: number): string {
    const from = this.#from;
    return this.#isWide
      ? this.#bytes.ucs2Slice(from + 2 * start, from + 2 * end)
      : this.#bytes.latin1Slice(from + start, from + end);
  }
}
