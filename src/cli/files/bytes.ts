/**
 * Bytes as a string: one character from U+0000 to U+00FF for each byte.
 *
 * File names need not be UTF-8, so the command treats them as bytes. Strings of this kind compare bytewise
 * with `<` and take a third of the memory of Buffers.
 */
export type ByteString = string;

/** As a Buffer, for the file system and for output. */
export function toBytes(bytes: ByteString): Buffer {
  return Buffer.from(bytes, 'latin1');
}

/** As a path for the file system: the string itself where it is ASCII, since a Buffer costs more. */
export function toPath(bytes: ByteString): string | Buffer {
  return /^[\0-\x7f]*$/.test(bytes) ? bytes : toBytes(bytes);
}

/** The UTF-8 bytes of a text. */
export function fromText(text: string): ByteString {
  return Buffer.from(text, 'utf8').toString('latin1');
}
