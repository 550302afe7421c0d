/**
 * Cuts a file at line ends without reading it: bytes are looked at from each wanted cut up to the next line end.
 * The threads read what lies in between.
 */
import { BatchError } from '../errors.js';
import type { SharedFile } from './shared-file.js';

/** Bytes looked at behind a wanted cut: at first, and at most at once. */
const WINDOW_BYTES = 4 * 1024;
const MOST_WINDOW_BYTES = 1024 * 1024;

/** Parts below this size are cut from one large window: each look costs a turn of another thread. */
const SMALL_PART_BYTES = 256 * 1024;

export interface Cut {
  readonly from: number;
  readonly to: number;
}

export interface CutterOptions {
  readonly file: SharedFile;
  /** The byte that ends a line. */
  readonly separator: number;
  readonly mostLineBytes: number;
  /** Wanted bytes of the next part that begins at this position. */
  sizeAt(position: number): number;
}

/** Whole lines from one position up to another, or to the end of the file. */
export async function* cutFile(
  { file, separator, mostLineBytes, sizeAt }: CutterOptions,
  from: number,
  to: number,
): AsyncGenerator<Cut, void, undefined> {
  const end = new LineEndSearch(file, separator, mostLineBytes);
  for (let at = from; at < to; ) {
    const target = at + Math.max(1, Math.ceil(sizeAt(at)));
    // The end of a range is that of a line.
    const next = target >= to ? to : await end.after(at, target);
    if (next === at) return;
    yield { from: at, to: next };
    at = next;
  }
}

class LineEndSearch {
  readonly #file: SharedFile;
  readonly #separator: number;
  readonly #mostLineBytes: number;
  /** The bytes of the file from `#position` on. */
  #window = Buffer.alloc(0);
  #position = 0;

  constructor(file: SharedFile, separator: number, mostLineBytes: number) {
    this.#file = file;
    this.#separator = separator;
    this.#mostLineBytes = mostLineBytes;
  }

  /** The first position after a line end that is `target` or later, or the end of the file. */
  async after(from: number, target: number): Promise<number> {
    let lineStart: number | undefined;
    let size = target - from < SMALL_PART_BYTES ? MOST_WINDOW_BYTES : WINDOW_BYTES;
    for (let at = target - 1; ; ) {
      if (at < this.#position || at >= this.#position + this.#window.length) {
        if (!(await this.#look(at, size))) return Math.max(from, Math.min(at, this.#file.size));
        size = Math.min(size * 4, MOST_WINDOW_BYTES);
      }
      const found = this.#window.indexOf(this.#separator, at - this.#position);
      if (found >= 0) return this.#position + found + 1;
      at = this.#position + this.#window.length;
      if (at - from <= this.#mostLineBytes) continue;
      lineStart ??= await this.#lineStart(from, target);
      if (at - lineStart > this.#mostLineBytes) {
        throw new BatchError(
          `${this.#file.name}: the line that begins at byte ${lineStart} is longer than ${this.#mostLineBytes / 1024 / 1024} MB`,
        );
      }
    }
  }

  /** Reads a window. @returns false: the file ends before it */
  async #look(position: number, size: number): Promise<boolean> {
    const bytes = Buffer.allocUnsafeSlow(size);
    this.#window = bytes.subarray(0, await this.#file.read(bytes, position));
    this.#position = position;
    return this.#window.length > 0;
  }

  /** Where the line begins in which `target` lies. */
  async #lineStart(from: number, target: number): Promise<number> {
    const bytes = await this.#file.readAll(from, target - 1);
    return from + bytes.lastIndexOf(this.#separator) + 1;
  }
}
