/** Where records of CSV end, in bytes. */

const QUOTE = 34;
const COMMA = 44;
const NEWLINE = 10;
const BOM = [0xef, 0xbb, 0xbf];

/**
 * Calls `visit` with the position after each line end that is not in a quoted field, until it returns false.
 *
 * A quote opens only at the beginning of a field, as in RFC 4180: one elsewhere is an error of its record, and
 * takes no other records with it. In a quoted field, two quotes are an escaped one.
 * @param bytes begin at the beginning of a record, or of the file
 */
export function eachRecordEnd(bytes: Uint8Array, visit: (end: number) => boolean): void {
  const start = BOM.every((byte, i) => bytes[i] === byte) ? BOM.length : 0;
  const { length } = bytes;
  for (let i = start; i < length; i++) {
    const byte = bytes[i];
    if (byte === NEWLINE) {
      if (!visit(i + 1)) return;
    } else if (byte === QUOTE && (i === start || opensAfter(bytes[i - 1]))) {
      do {
        i++;
        while (i < length && bytes[i] !== QUOTE) i++;
        // Twice: an escaped one.
      } while (bytes[++i] === QUOTE);
      // What follows the closing one is looked at next.
      i--;
    }
  }
}

function opensAfter(byte: number | undefined): boolean {
  return byte === COMMA || byte === NEWLINE;
}
