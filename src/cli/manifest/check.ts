import { createReadStream } from 'node:fs';
import { type ByteString, toBytes } from '../files/bytes.js';
import { describeErrno, errnoOf } from '../files/errno.js';
import { quote } from '../files/quote.js';
import { hexLengthOf } from '../hash/algorithm.js';
import type { CheckOptions } from '../hash/options.js';
import { type Hasher, type HashingOptions, hashInOrder } from '../hash/pipeline.js';
import { escapePath, type ManifestEntry, ManifestParser } from './manifest.js';
import type { Writer } from './writer.js';

/** What verifying needs from the command around it. */
export interface CheckContext {
  readonly hasher: Hasher;
  readonly hashing: HashingOptions;
  readonly writer: Writer;
  /** One line of standard error. */
  report(message: string): void;
}

/** Verifies the files of one manifest, `-` being standard input, and reports as `sha256sum -c` does. True: all is well. */
export async function checkManifest(
  name: ByteString,
  context: CheckContext,
  options: CheckOptions,
): Promise<boolean> {
  const { writer, report } = context;
  const shown = name === '-' ? "'standard input'" : quote(name);
  const reader = new ManifestReader(name, context.hashing.algorithm);
  const count = { matched: 0, mismatched: 0, unread: 0 };
  reader.onMalformed = (line) => {
    if (options.warn) report(`${shown}: ${line}: improperly formatted ${reader.tag} checksum line`);
  };

  for await (const batch of hashInOrder(reader.entries(), context.hasher, context.hashing)) {
    let text = '';
    for (const { source, outcome } of batch) {
      if (typeof outcome !== 'string') {
        if (options.ignoreMissing && outcome.error === 'ENOENT') continue;
        count.unread++;
        report(`${quote(source.path)}: ${describeErrno(outcome.error)}`);
        text += verdict(source.path, 'FAILED open or read');
      } else if (outcome === source.digest) {
        count.matched++;
        if (!options.quiet) text += verdict(source.path, 'OK');
      } else {
        count.mismatched++;
        text += verdict(source.path, 'FAILED');
      }
    }
    if (!options.status) await writer.write(text);
  }
  await writer.flush();

  if (reader.failure !== undefined) {
    report(`${shown}: ${describeErrno(reader.failure)}`);
    return false;
  }
  if (reader.wellFormed === 0) {
    report(`${shown}: no properly formatted checksum lines found`);
    return false;
  }
  if (!options.status) warnings(reader.malformed, count.unread, count.mismatched).forEach(report);
  const nothing = options.ignoreMissing && count.matched === 0;
  if (nothing && !options.status) report(`${shown}: no file was verified`);
  return (
    count.mismatched === 0 && count.unread === 0 && !nothing && !(options.strict && reader.malformed > 0)
  );
}

/** As in `NAME: OK`. coreutils escapes a name here only where it has a newline. */
function verdict(path: ByteString, word: string): ByteString {
  return path.includes('\n') ? `\\${escapePath(path)}: ${word}\n` : `${path}: ${word}\n`;
}

function warnings(malformed: number, unread: number, mismatched: number): string[] {
  const all = [
    [malformed, 'line is improperly formatted', 'lines are improperly formatted'],
    [unread, 'listed file could not be read', 'listed files could not be read'],
    [mismatched, 'computed checksum did NOT match', 'computed checksums did NOT match'],
  ] as const;
  return all.filter(([n]) => n > 0).map(([n, one, several]) => `WARNING: ${n} ${n === 1 ? one : several}`);
}

/** Reads a manifest line by line, however long it is, and counts what it finds. */
export class ManifestReader {
  /** The tag of the algorithm, for messages. */
  readonly tag: string;
  readonly #name: ByteString;
  readonly #parser: ManifestParser;
  wellFormed = 0;
  malformed = 0;
  /** The system error's code, where the manifest could not be read to its end. */
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
        // Standard input cannot be both the manifest and a file in it.
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
