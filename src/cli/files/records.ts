import { createReadStream } from 'node:fs';
import { type ByteString, toBytes } from './bytes.js';

/**
 * The records of a file, `-` being standard input, each without the separator at its end. Of a record longer
 * than `limit` only `limit + 1` bytes are kept, so memory stays bounded whatever the input is. O(n) in its
 * length.
 *
 * Opens and reads by libuv's threads: a pipe or a stalled disk does not block the main thread.
 */
export async function* readRecords(
  name: ByteString,
  separator: '\n' | '\0',
  limit: number,
): AsyncGenerator<ByteString, void, undefined> {
  const stream = name === '-' ? process.stdin : createReadStream(toBytes(name));
  stream.setEncoding('latin1');
  let begun = '';
  // Bounded by `limit` before anything is joined: joining an endless record again and again would be O(n²).
  const extend = (part: string) => {
    const room = limit + 1 - begun.length;
    if (room > 0) begun += part.length > room ? part.slice(0, room) : part;
  };
  for await (const chunk of stream as AsyncIterable<string>) {
    const parts = chunk.split(separator);
    const unfinished = parts.pop()!;
    for (const part of parts) {
      extend(part);
      yield begun;
      begun = '';
    }
    extend(unfinished);
  }
  if (begun !== '') yield begun;
}
