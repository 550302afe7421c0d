/** Finds line ends in bytes, without decoding. */
import { eachRecordEnd } from '../csv-records.js';
import type { Format } from '../layout.js';

/** `bytes` begins at the beginning of a line; positions are relative to it. */
export interface LineEnds {
  /**
   * Position after the last line end; 0 if there is none. The caller knows that there is none before `from`.
   */
  last(bytes: Buffer, from: number): number;
  /** First position after a line end that is `target` or later; the length of `bytes` if there is none. */
  firstFrom(bytes: Buffer, target: number): number;
  /** Position after that many lines; the last one may lack its line end. */
  after(bytes: Buffer, lines: number): number;
  count(bytes: Buffer): number;
}

export function lineEnds(format: Format, separator: number): LineEnds {
  return format === 'csv' ? new RecordEnds() : new PlainEnds(separator);
}

class PlainEnds implements LineEnds {
  readonly #separator: number;

  constructor(separator: number) {
    this.#separator = separator;
  }

  last(bytes: Buffer, from: number): number {
    const end = bytes.subarray(from).lastIndexOf(this.#separator);
    return end < 0 ? 0 : from + end + 1;
  }

  firstFrom(bytes: Buffer, target: number): number {
    const end = bytes.indexOf(this.#separator, Math.max(0, target - 1));
    return end < 0 ? bytes.length : end + 1;
  }

  after(bytes: Buffer, lines: number): number {
    let at = 0;
    for (let line = 0; line < lines; line++) {
      const end = bytes.indexOf(this.#separator, at);
      if (end < 0) return bytes.length;
      at = end + 1;
    }
    return at;
  }

  count(bytes: Buffer): number {
    let count = 0;
    let at = 0;
    for (;;) {
      const end = bytes.indexOf(this.#separator, at);
      if (end < 0) return at < bytes.length ? count + 1 : count;
      count++;
      at = end + 1;
    }
  }
}

/** CSV records. */
class RecordEnds implements LineEnds {
  last(bytes: Buffer): number {
    let last = 0;
    eachRecordEnd(bytes, (end) => {
      last = end;
      return true;
    });
    return last;
  }

  firstFrom(bytes: Buffer, target: number): number {
    let first = bytes.length;
    eachRecordEnd(bytes, (end) => {
      if (end < target) return true;
      first = end;
      return false;
    });
    return first;
  }

  after(bytes: Buffer, lines: number): number {
    if (lines === 0) return 0;
    let at = bytes.length;
    let left = lines;
    eachRecordEnd(bytes, (end) => {
      if (--left > 0) return true;
      at = end;
      return false;
    });
    return at;
  }

  count(bytes: Buffer): number {
    let count = 0;
    let last = 0;
    eachRecordEnd(bytes, (end) => {
      count++;
      last = end;
      return true;
    });
    return last < bytes.length ? count + 1 : count;
  }
}
