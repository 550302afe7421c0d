// Runs in the threads.
import path from 'node:path';
import sharp from 'sharp';

// sharp would use all cores for each image. Here each thread has an image of its own.
sharp.concurrency(1);

/** Writes a thumbnail of `source` into `folder`. @returns its path and size */
export async function thumbnail({ source, folder, width }) {
  const target = path.join(folder, `${path.parse(source).name}.webp`);
  const { size, height } = await sharp(source).resize({ width }).webp().toFile(target);
  return { target, width, height, size };
}
