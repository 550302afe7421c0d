import path from 'node:path';
import sharp from 'sharp';

/** Draws `count` images, so that there is something to do. @returns the folder */
export async function drawImages(folder, count) {
  for (let i = 0; i < count; i++) {
    const circle = `<svg width="1200" height="800"><circle cx="${100 + i * 40}" cy="400" r="300" fill="hsl(${i * 15} 70% 50%)"/></svg>`;
    const background = { width: 1200, height: 800, channels: 3, background: '#202020' };
    await sharp({ create: background })
      .composite([{ input: Buffer.from(circle) }])
      .jpeg()
      .toFile(path.join(folder, `image-${String(i).padStart(2, '0')}.jpg`));
  }
  return folder;
}
