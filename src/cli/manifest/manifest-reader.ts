import { createReadStream } from 'node:fs';
import { type ByteString, toBytes } from '../files/bytes.js';
import { errnoOf } from '../files/errno.js';
import { hexLengthOf } from '../hash/algorithm.js';
import { type ManifestEntry, ManifestParser } from './manifest.js';

/** Reads a manifest line by line and counts well-formed and malformed lines. */
export class ManifestReader {
  /** The name of the algorithm, for messages. */
  readonly tag: string;
  readonly #name: ByteString;
  readonly #parser: ManifestParser;
  wellFormed = 0;
  malformed = 0;
  /** The code of the system error that ended the reading. */
  failure: string | undefined;
  /** Called with the number of each malformed line. */
  onMalformed: (line: number) => void = () => {};

  constructor(name: ByteString, algorithm: string) {
    this.#name = name;
    this.#parser = new ManifestParser(algorithm, hexLengthOf(algorithm));
    this.tag = this.#parser.tag;
  }

  async *entries(): AsyncGenerator<ManifestEntry, void, undefined> {
    let number = 0;
    try {
      for await (const line of linesOf(this.#name)) {
        number++;
        const entry = this.#parser.parse(line);
        if (entry === 'empty') continue;
        // Standard input cannot be both the manifest and a file listed in it.
        if (!entry || (this.#name === '-' && entry.path === '-')) {
          this.malformed++;
          this.onMalformed(number);
        } else {
          this.wellFormed++;
          yield entry;
        }
      }
    } catch (error) {
      this.failure = errnoOf(error);
      if (this.failure === undefined) throw error;
    }
  }
}

async function* linesOf(name: ByteString): AsyncGenerator<ByteString, void, undefined> {
  const stream = name === '-' ? process.stdin : createReadStream(toBytes(name));
  stream.setEncoding('latin1');
  let rest = '';
  for await (const chunk of stream as AsyncIterable<string>) {
    const lines = (rest + chunk).split('\n');
    rest = lines.pop()!;
    yield* lines;
  }
  if (rest !== '') yield rest;
}
