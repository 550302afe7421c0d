/**
 * Reads Zstandard (RFC 8878). Node's own decompressor ends with the first frame, and some versions take a
 * file that is cut off for a whole one; so where frames end is found here, and each gets a decompressor.
 */
import { pipeline, Readable, type Transform } from 'node:stream';

const FRAME = 0xfd2fb528;
/** Its last four bits are free. */
const SKIPPABLE = 0x184d2a5;
const CONTENT_SIZE_BYTES = [0, 2, 4, 8];
const DICTIONARY_BYTES = [0, 1, 2, 4];
const RUN_LENGTH_BLOCK = 1;
const CHECKSUM_BYTES = 4;

type Field = 'magic' | 'size' | 'descriptor' | 'block' | 'end';
const FIELD_BYTES = { magic: 4, size: 4, descriptor: 1, block: 3, end: 0 };

/** Finds where one frame ends. */
class FrameEnd {
  /** Holds nothing to decompress. */
  isSkippable = false;
  /** The field that follows the bytes to be passed over, and what has been read of it. */
  #field: Field = 'magic';
  #value = 0;
  #read = 0;
  #passOver = 0;
  #hasChecksum = false;

  get isReached(): boolean {
    return this.#field === 'end' && this.#passOver === 0;
  }

  /** @returns the index after the last byte that is the frame's. @throws it is no frame */
  scan(bytes: Uint8Array, from: number): number {
    let at = from;
    while (at < bytes.length && !this.isReached) {
      if (this.#passOver > 0) {
        const passed = Math.min(this.#passOver, bytes.length - at);
        this.#passOver -= passed;
        at += passed;
        continue;
      }
      // A shift would give negative numbers.
      this.#value += (bytes[at++] as number) * 2 ** (8 * this.#read++);
      if (this.#read === FIELD_BYTES[this.#field]) this.#take(this.#value);
    }
    return at;
  }

  #take(value: number): void {
    this.#value = 0;
    this.#read = 0;
    switch (this.#field) {
      case 'magic':
        this.isSkippable = Math.floor(value / 16) === SKIPPABLE;
        if (!this.isSkippable && value !== FRAME)
          throw invalid('Z_DATA_ERROR', 'there is no Zstandard frame here');
        this.#field = this.isSkippable ? 'size' : 'descriptor';
        return;
      case 'size':
        this.#passOver = value;
        this.#field = 'end';
        return;
      case 'descriptor': {
        const isSingleSegment = (value & 0x20) !== 0;
        this.#hasChecksum = (value & 0x04) !== 0;
        const contentSize = value >> 6 === 0 && isSingleSegment ? 1 : CONTENT_SIZE_BYTES[value >> 6]!;
        this.#passOver = (isSingleSegment ? 0 : 1) + DICTIONARY_BYTES[value & 3]! + contentSize;
        this.#field = 'block';
        return;
      }
      case 'block': {
        const isLast = (value & 1) !== 0;
        this.#passOver = ((value >> 1) & 3) === RUN_LENGTH_BLOCK ? 1 : value >> 3;
        if (!isLast) return;
        if (this.#hasChecksum) this.#passOver += CHECKSUM_BYTES;
        this.#field = 'end';
      }
    }
  }
}

/**
 * Decompresses all frames, one after the other.
 * @param make a decompressor of one frame
 * @throws the bytes are no frames, or end within one, or there are none
 */
export async function* decompressFrames(
  compressed: AsyncIterable<Uint8Array>,
  make: () => Transform,
): AsyncGenerator<Uint8Array> {
  const pieces = compressed[Symbol.asyncIterator]();
  let piece: Uint8Array = new Uint8Array(0);
  /** Whether there are bytes left. */
  const fill = async (): Promise<boolean> => {
    while (piece.length === 0) {
      const next = await pieces.next();
      if (next.done === true) return false;
      piece = next.value;
    }
    return true;
  };
  async function* bytesOf(frame: FrameEnd): AsyncGenerator<Uint8Array> {
    while (!frame.isReached) {
      if (!(await fill()))
        throw invalid('Z_BUF_ERROR', 'the file ends within a Zstandard frame: it is cut off');
      const end = frame.scan(piece, 0);
      const part = piece.subarray(0, end);
      piece = piece.subarray(end);
      yield part;
    }
  }
  if (!(await fill())) throw invalid('Z_BUF_ERROR', 'the file is empty: it is cut off');
  while (await fill()) {
    const frame = new FrameEnd();
    const bytes = bytesOf(frame);
    // What it holds is known from its first bytes, which may come in several pieces.
    const head: Uint8Array[] = [];
    for (let length = 0; length < FIELD_BYTES.magic; ) {
      const { value } = await bytes.next();
      length += (value as Uint8Array).length;
      head.push(value as Uint8Array);
    }
    const rest = Readable.from(joined(head, bytes), { objectMode: false });
    if (frame.isSkippable) {
      for await (const _ of rest);
      continue;
    }
    const decompressor = make();
    // Errors surface in the iteration.
    pipeline(rest, decompressor, () => {});
    yield* decompressor;
  }
}

async function* joined(
  first: Iterable<Uint8Array>,
  then: AsyncIterable<Uint8Array>,
): AsyncGenerator<Uint8Array> {
  yield* first;
  yield* then;
}

/** @param code as zlib gives it */
function invalid(code: string, message: string): Error {
  return Object.assign(new Error(message), { code });
}
