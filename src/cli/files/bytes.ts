/**
 * Bytes as a string: one character from U+0000 to U+00FF for each byte.
 *
 * File names need not be UTF-8, so they are bytes throughout this command. As such strings they compare bytewise
 * with `<`, and take a third of the memory of as many Buffers.
 */
export type ByteString = string;

/** The bytes themselves, for the file system and for output. */
export function toBytes(bytes: ByteString): Buffer {
  return Buffer.from(bytes, 'latin1');
}

/** As a path for the file system: the string itself where that means the same, since a Buffer costs more. */
export function toPath(bytes: ByteString): string | Buffer {
  return /^[\0-\x7f]*$/.test(bytes) ? bytes : toBytes(bytes);
}

/** The bytes of a text in UTF-8. */
export function fromText(text: string): ByteString {
  return Buffer.from(text, 'utf8').toString('latin1');
}
