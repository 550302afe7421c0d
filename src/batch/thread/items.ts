/** Decodes the items of a chunk. */
import type { ParseCsv } from '../csv-parser.js';
import { eachRecordEnd } from '../csv-records.js';
import type { Format, ThreadSetup } from '../layout.js';
import { type FilePart, FileSlices, MemorySlices, type Slices } from './slices.js';

/** A cursor over the items of a chunk. */
export interface Items {
  /** Goes to the next line; false at the end. */
  next(): boolean;
  /** The current line, without its end. */
  text(): string;
  /** The current item. Throws if the line cannot be parsed. */
  value(): unknown;
  /** The current line holds no item. */
  isBlank(): boolean;
  /** The end is not that of the chunk: the rest could not be read. */
  readonly isCutShort: boolean;
}

/** @param input bytes, or where the thread reads them, which CSV does not know */
export function itemsOf(setup: ThreadSetup, input: Buffer | FilePart, parseCsv: ParseCsv | undefined): Items {
  const { format, separator } = setup;
  if (!(input instanceof Uint8Array))
    return new LineItems(new FileSlices(input, separator), separator, format);
  if (format === 'csv') return new CsvItems(input, setup.columns ?? [], parseCsv as ParseCsv);
  return new LineItems(new MemorySlices(input, separator), separator, format);
}

class LineItems implements Items {
  readonly #slices: Slices;
  readonly #separator: number;
  readonly #end: string;
  readonly #isJson: boolean;
  #slice = '';
  #at = 0;
  #text = '';

  constructor(slices: Slices, separator: number, format: Format) {
    this.#slices = slices;
    this.#separator = separator;
    this.#end = String.fromCharCode(separator);
    this.#isJson = format === 'ndjson';
  }

  get isCutShort(): boolean {
    return this.#slices.isCutShort;
  }

  next(): boolean {
    if (this.#at >= this.#slice.length && !this.#nextSlice()) return false;
    const end = this.#slice.indexOf(this.#end, this.#at);
    // The last line may lack its end.
    let stop = end < 0 ? this.#slice.length : end;
    const next = stop + 1;
    if (this.#separator === 10 && stop > this.#at && this.#slice.charCodeAt(stop - 1) === 13) stop--;
    this.#text = this.#slice.slice(this.#at, stop);
    this.#at = next;
    return true;
  }

  text(): string {
    return this.#text;
  }

  value(): unknown {
    return this.#isJson ? JSON.parse(this.#text) : this.#text;
  }

  isBlank(): boolean {
    return this.#isJson && this.#text.trim() === '';
  }

  #nextSlice(): boolean {
    const slice = this.#slices.next();
    if (slice === undefined) return false;
    this.#slice = slice;
    this.#at = 0;
    return true;
  }
}

class CsvItems implements Items {
  readonly isCutShort = false;
  readonly #records: readonly (readonly [text: string, parse: () => unknown])[];
  #index = -1;

  constructor(bytes: Buffer, columns: readonly string[], parse: ParseCsv) {
    const texts = recordsOf(bytes);
    let parsed: readonly unknown[] | undefined;
    try {
      const all = parse(bytes.toString('utf8'), columns);
      if (all.length === texts.filter((text) => text.trim() !== '').length) parsed = all;
    } catch {
      // A record is malformed: parse each one by itself, so that only this one fails.
    }
    let next = 0;
    this.#records = texts.map((text) => {
      const place = text.trim() === '' ? -1 : next++;
      return [
        text,
        () => {
          if (parsed !== undefined) return parsed[place];
          const [only, ...more] = parseOne(text, columns, parse);
          if (only === undefined || more.length > 0) throw new Error('this is not one record of CSV');
          return only;
        },
      ];
    });
  }

  next(): boolean {
    return ++this.#index < this.#records.length;
  }

  text(): string {
    return this.#records[this.#index]![0].replace(/\r?\n$/, '');
  }

  value(): unknown {
    return this.#records[this.#index]![1]();
  }

  isBlank(): boolean {
    return this.#records[this.#index]![0].trim() === '';
  }
}

/** The parser counts lines from this record on, which says nothing about the file. */
function parseOne(text: string, columns: readonly string[], parse: ParseCsv): unknown[] {
  try {
    return parse(text, columns);
  } catch (error) {
    throw new Error((error as Error).message.replace(/ (?:on|at) line \d+/, ''));
  }
}

function recordsOf(bytes: Buffer): string[] {
  const texts: string[] = [];
  let from = 0;
  eachRecordEnd(bytes, (end) => {
    texts.push(bytes.toString('utf8', from, end));
    from = end;
    return true;
  });
  if (from < bytes.length) texts.push(bytes.toString('utf8', from));
  return texts;
}
