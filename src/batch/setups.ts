/** Setups of threads as JSON: the same text for all chunks of an input. */

import { requireOptional } from '../errors/optional-package.js';
import { parseHeader } from './csv-parser.js';
import { BatchError } from './errors.js';
import type { ThreadSetup } from './layout.js';
import type { BatchSettings } from './options.js';

export class Setups {
  /** The setup without columns. */
  readonly plain: string;
  readonly #base: ThreadSetup;
  #header: Buffer | undefined;
  #current: string;

  constructor({ task, format, separator, tag }: BatchSettings) {
    this.#base = { task, format, separator, tag, columns: undefined };
    this.plain = JSON.stringify(this.#base);
    this.#current = this.plain;
  }

  /** @param header first record of a CSV input, that has been checked */
  of(header: Buffer | undefined): string {
    if (header === undefined) return this.plain;
    if (header !== this.#header) {
      this.#header = header;
      this.#current = JSON.stringify({ ...this.#base, columns: columnsOf(header) });
    }
    return this.#current;
  }
}

/** @throws BatchError this is no record of CSV */
export function checkHeader(header: Buffer, input: string): void {
  try {
    columnsOf(header);
  } catch (error) {
    throw new BatchError(
      `${input}: the header, its first record, cannot be read: ${(error as Error).message}`,
    );
  }
}

function columnsOf(header: Buffer): string[] {
  // Loaded lazily: it takes some ms.
  const { parse } = requireOptional('csv-parse/sync', 'CSV input') as typeof import('csv-parse/sync');
  return parseHeader(parse, header.toString('utf8'));
}
