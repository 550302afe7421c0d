import type { ByteString } from '../files/bytes.js';
import { errnoOf } from '../files/errno.js';
import { readRecords } from '../files/records.js';
import { hexLengthOf } from '../hash/algorithm.js';
import { messagesTaken } from '../terminal/messages.js';
import { type ManifestEntry, ManifestParser } from './manifest.js';

/**
 * The longest line that can be well-formed: Linux accepts paths of up to 4,096 bytes, twice as many when
 * escaped. Some room is left for other systems.
 */
const MAX_LINE = 64 * 1024;

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

  /** In groups; see `readRecords`. */
  async *entries(): AsyncGenerator<ManifestEntry[], void, undefined> {
    let number = 0;
    try {
      for await (const lines of readRecords(this.#name, '\n', MAX_LINE)) {
        const entries: ManifestEntry[] = [];
        for (const line of lines) {
          number++;
          const entry = this.#parse(line);
          if (entry === 'empty') continue;
          if (entry === undefined) {
            this.malformed++;
            this.onMalformed(number);
          } else {
            this.wellFormed++;
            entries.push(entry);
          }
        }
        yield entries;
        await messagesTaken();
      }
    } catch (error) {
      this.failure = errnoOf(error);
      if (this.failure === undefined) throw error;
    }
  }

  #parse(line: ByteString): ManifestEntry | 'empty' | undefined {
    // A comment may have any length.
    if (line.length > MAX_LINE && !line.startsWith('#')) return undefined;
    const entry = this.#parser.parse(line);
    // Standard input cannot be both the manifest and a file listed in it.
    if (this.#name === '-' && typeof entry === 'object' && entry.path === '-') return undefined;
    return entry;
  }
}
