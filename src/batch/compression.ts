/** Files that are compressed, by their names: gzip, and Zstandard where Node has it. */
import type { Transform } from 'node:stream';
import { BatchError } from './errors.js';
import { decompressFrames } from './input/zstd.js';

/** Size of the pieces that come out, in bytes. */
const PIECE = 256 * 1024;

type Make = (options: { readonly chunkSize: number }) => Transform;

interface Zlib {
  readonly createGzip: Make;
  readonly createGunzip: Make;
  /** Not in every Node that we run on. */
  readonly createZstdCompress?: Make;
  readonly createZstdDecompress?: Make;
}

/** Loaded for the files that need it: it takes half a millisecond of each start. */
const zlib = (): Zlib => process.getBuiltinModule('node:zlib') as unknown as Zlib;

export function isCompressed(path: string): boolean {
  return /\.(?:gz|zst)$/.test(path);
}

/** One for `pipeline`. */
export type Decompressor = Transform | ((compressed: AsyncIterable<Uint8Array>) => AsyncIterable<Uint8Array>);

/** @returns `undefined`: the file is not compressed. @throws BatchError this Node cannot read it */
export function decompressorFor(path: string): Decompressor | undefined {
  if (!isCompressed(path)) return undefined;
  if (path.endsWith('.gz')) return zlib().createGunzip({ chunkSize: PIECE });
  const make = known(zlib().createZstdDecompress, path, `zstd -dc ${path} | leastwork map …`);
  return (compressed) => decompressFrames(compressed, () => make({ chunkSize: PIECE }));
}

/** @returns `undefined`: the file is not to be compressed. @throws BatchError this Node cannot write it */
export function compressorFor(path: string): Transform | undefined {
  if (!isCompressed(path)) return undefined;
  const make = path.endsWith('.gz') ? zlib().createGzip : zlib().createZstdCompress;
  const otherwise = `leastwork map … | zstd -o ${path}`;
  return known(make, path, otherwise)({ chunkSize: PIECE });
}

function known(make: Make | undefined, path: string, otherwise: string): Make {
  if (make !== undefined) return make;
  throw new BatchError(
    `${path}: this Node (${process.version}) has no Zstandard, which takes 22.15 or later: ${otherwise}`,
  );
}
