import { createReadStream } from 'node:fs';
import { streamOfStdin } from '../../batch/input/standard-input.js';
import { type ByteString, toBytes } from './bytes.js';

/**
 * The records of a file, `-` being standard input, each without the separator at its end. They come in
 * groups, one for each part that is read: awaiting each would take longer than finding it. Of a record longer
 * than `limit` only `limit + 1` bytes are kept, so memory stays bounded whatever the input is. O(n) in its
 * length.
 *
 * Opens and reads by libuv's threads: a pipe or a stalled disk does not block the main thread.
 */
export async function* readRecords(
  name: ByteString,
  separator: '\n' | '\0',
  limit: number,
): AsyncGenerator<ByteString[], void, undefined> {
  const stream = name === '-' ? streamOfStdin() : createReadStream(toBytes(name));
  stream.setEncoding('latin1');
  let begun = '';
  // Bounded by `limit` before anything is joined: joining an endless record again and again would be O(n²).
  const extended = (part: string) => {
    const room = limit + 1 - begun.length;
    return begun + (part.length > room ? part.slice(0, room) : part);
  };
  for await (const chunk of stream as AsyncIterable<string>) {
    const records = chunk.split(separator);
    const unfinished = records.pop()!;
    for (const [index, record] of records.entries()) {
      records[index] = extended(record);
      begun = '';
    }
    if (records.length > 0) yield records;
    begun = extended(unfinished);
  }
  if (begun !== '') yield [begun];
}
